#include "learn/flat_params.h"

#include <ATen/ops/isfinite.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/variable.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/error.h"
#include "base/random.h"
#include "learn/kernels.h"

namespace volante {
namespace {

constexpr int64_t kAlignBytes = 64;

std::vector<int64_t> StridesOf(const std::vector<int64_t>& shape) {
  if (shape.size() == 4) {  // channels_last: [N, C, H, W] in memory order N, H, W, C
    return {shape[1] * shape[2] * shape[3], 1, shape[3] * shape[1], shape[1]};
  }
  std::vector<int64_t> strides(shape.size(), 1);
  for (size_t i = shape.size(); i-- > 1;) strides[i - 1] = strides[i] * shape[i];
  return strides;
}

TensorDtype DtypeOf(const at::Tensor& flat) {
  return flat.scalar_type() == at::kDouble ? TensorDtype::kF64 : TensorDtype::kF32;
}

}  // namespace

FlatParams::FlatParams(std::span<const ParameterSpec> specs, at::TensorOptions options,
                       int shards) {
  const c10::NoGradGuard no_grad;
  const int64_t align = kAlignBytes / static_cast<int64_t>(options.dtype().itemsize());
  int64_t total = 0;
  for (const ParameterSpec& spec : specs) {
    FlatSlice slice{spec.name, spec.shape, StridesOf(spec.shape), total, 1};
    for (const int64_t extent : spec.shape) slice.size *= extent;
    total += (slice.size + align - 1) / align * align;
    slices_.push_back(std::move(slice));
  }
  values_ = at::zeros({total}, options);
  leaves_.resize(static_cast<size_t>(shards));
  for (std::vector<at::Tensor>& leaves : leaves_) {
    grads_.push_back(at::zeros({total}, options));
    for (const FlatSlice& slice : slices_) {
      // Detached, so that each is a leaf of its own and not a view in autograd's sense.
      at::Tensor leaf = SliceOf(values_, slice).detach();
      leaf.set_requires_grad(true);
      leaf.mutable_grad() = SliceOf(grads_.back(), slice).detach();
      leaves.push_back(std::move(leaf));
    }
  }
}

size_t FlatParams::Index(const std::string& name) const {
  const auto at = std::find_if(slices_.begin(), slices_.end(),
                               [&](const FlatSlice& slice) { return slice.name == name; });
  VOLANTE_CHECK(at != slices_.end(), "no parameter " + name);
  return static_cast<size_t>(at - slices_.begin());
}

int64_t FlatParams::NumParameters() const {
  int64_t n = 0;
  for (const FlatSlice& slice : slices_) n += slice.size;
  return n;
}

bool FlatParams::Has(const std::string& name) const {
  return std::any_of(slices_.begin(), slices_.end(),
                     [&](const FlatSlice& slice) { return slice.name == name; });
}

const at::Tensor& FlatParams::Leaf(const std::string& name, int shard) const {
  VOLANTE_CHECK(!leaves_.empty(), "a target network has no trainable leaves");
  return leaves_.at(static_cast<size_t>(shard))[Index(name)];
}

at::Tensor FlatParams::Frozen(const std::string& name) const {
  const c10::NoGradGuard no_grad;
  return SliceOf(values_, slices_[Index(name)]).detach();
}

std::pair<int64_t, int64_t> FlatParams::Range(const std::string& prefix) const {
  int64_t begin = 0, end = 0;
  bool found = false, closed = false;
  for (size_t i = 0; i < slices_.size(); ++i) {
    const bool member = slices_[i].name.starts_with(prefix);
    VOLANTE_CHECK(!(member && closed), "parameters of one part lie side by side");
    if (member && !found) begin = slices_[i].offset;
    if (member) end = i + 1 < slices_.size() ? slices_[i + 1].offset : values_.numel();
    closed = found && !member;
    found = found || member;
  }
  return {begin, end};
}

void FlatParams::ZeroGrads(int shard) {
  const c10::NoGradGuard no_grad;
  grads_.at(static_cast<size_t>(shard)).zero_();
}

void FlatParams::SumGrads(int shards, int64_t begin, int64_t end) {
  const c10::NoGradGuard no_grad;
  at::Tensor sum = grads_.front().slice(0, begin, end);
  for (size_t shard = 1; shard < static_cast<size_t>(shards); ++shard) {
    sum.add_(grads_.at(shard).slice(0, begin, end));
  }
}

void FlatParams::Follow(const FlatParams& online, double tau, int64_t begin, int64_t end) {
  const c10::NoGradGuard no_grad;
  at::Tensor target = values_.slice(0, begin, end);
  const at::Tensor towards = online.TailOf(*this).slice(0, begin, end);
  const int64_t size = end - begin;
  if (!target.device().is_cpu()) {
    target.lerp_(towards, tau);
  } else if (target.scalar_type() == at::kFloat) {
    MoveTowards(size, tau, towards.data_ptr<float>(), target.data_ptr<float>());
  } else {
    MoveTowards(size, tau, towards.data_ptr<double>(), target.data_ptr<double>());
  }
}

bool FlatParams::GradientsAlias() const {
  for (size_t shard = 0; shard < leaves_.size(); ++shard) {
    for (size_t i = 0; i < slices_.size(); ++i) {
      const at::Tensor value = SliceOf(values_, slices_[i]);
      const at::Tensor grad = SliceOf(grads_[shard], slices_[i]);
      const at::Tensor& leaf = leaves_[shard][i];
      if (leaf.data_ptr() != value.data_ptr() || !leaf.grad().defined() ||
          leaf.grad().data_ptr() != grad.data_ptr() || leaf.grad().strides() != grad.strides()) {
        return false;
      }
    }
  }
  return true;
}

std::string FlatParams::FirstNonFiniteGradient() const {
  const c10::NoGradGuard no_grad;
  for (const FlatSlice& slice : slices_) {
    if (!at::isfinite(SliceOf(grads_.front(), slice)).all().item<bool>()) return slice.name;
  }
  return "";
}

void FlatParams::Initialise(std::span<const ParameterSpec> specs, uint64_t seed) {
  const c10::NoGradGuard no_grad;
  for (size_t i = 0; i < specs.size(); ++i) {
    std::vector<double> values(static_cast<size_t>(slices_[i].size), specs[i].init_constant);
    if (specs[i].init_bound > 0.0) {
      RandomStream random(seed, "init/" + specs[i].name);
      for (double& value : values)
        value = random.Uniform(-specs[i].init_bound, specs[i].init_bound);
    }
    SliceOf(values_, slices_[i]).copy_(at::tensor(values, at::kDouble).view(slices_[i].shape));
  }
}

at::Tensor SliceOf(const at::Tensor& flat, const FlatSlice& slice) {
  return flat.as_strided(slice.shape, slice.strides, slice.offset);
}

void AppendTensors(const at::Tensor& flat, std::span<const FlatSlice> slices,
                   const std::string& prefix, std::vector<NamedTensor>& out) {
  const c10::NoGradGuard no_grad;
  for (const FlatSlice& slice : slices) {
    const at::Tensor row_major = SliceOf(flat, slice).to(at::kCPU).contiguous();
    NamedTensor tensor{prefix + slice.name, DtypeOf(flat), slice.shape, {}};
    const auto* bytes = static_cast<const uint8_t*>(row_major.data_ptr());
    tensor.bytes.assign(bytes, bytes + row_major.nbytes());
    out.push_back(std::move(tensor));
  }
}

namespace {

const NamedTensor* Find(std::span<const NamedTensor> tensors, const std::string& name) {
  for (const NamedTensor& tensor : tensors) {
    if (tensor.name == name) return &tensor;
  }
  return nullptr;
}

}  // namespace

std::string ShapeText(const std::vector<int64_t>& shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

void RefuseTensors(const std::string& where, const std::string& reason) {
  throw Error(ExitCode::kBadInput, "the networks in the file are not those of this configuration",
              where, reason,
              "use the configuration that the file was made with (config.yaml in its run folder)");
}

void CheckTensors(const at::Tensor& flat, std::span<const FlatSlice> slices,
                  const std::string& prefix, std::span<const NamedTensor> tensors,
                  const std::string& where) {
  const TensorDtype dtype = DtypeOf(flat);
  for (const FlatSlice& slice : slices) {
    const std::string name = prefix + slice.name;
    const NamedTensor* tensor = Find(tensors, name);
    if (tensor == nullptr) {
      RefuseTensors(where,
                    "tensor " + name + " of shape " + ShapeText(slice.shape) + " is missing");
    }
    if (tensor->shape != slice.shape) {
      RefuseTensors(where, "tensor " + name + " has shape " + ShapeText(tensor->shape) + ", not " +
                               ShapeText(slice.shape));
    }
    if (tensor->dtype != dtype) {
      RefuseTensors(where, "tensor " + name + " is " + std::string(DtypeName(tensor->dtype)) +
                               ", not " + std::string(DtypeName(dtype)));
    }
    if (tensor->bytes.size() != static_cast<size_t>(slice.size) * DtypeSize(dtype)) {
      RefuseTensors(where, "tensor " + name + " has " + std::to_string(tensor->bytes.size()) +
                               " bytes, too few or too many for its shape");
    }
  }
}

void CopyTensors(std::span<const NamedTensor> tensors, const std::string& prefix,
                 std::span<const FlatSlice> slices, at::Tensor& flat) {
  const c10::NoGradGuard no_grad;
  for (const FlatSlice& slice : slices) {
    const NamedTensor* tensor = Find(tensors, prefix + slice.name);
    VOLANTE_CHECK(tensor != nullptr, "CheckTensors comes first");
    at::Tensor row_major = at::zeros(slice.shape, at::TensorOptions(flat.scalar_type()));
    std::memcpy(row_major.data_ptr(), tensor->bytes.data(), tensor->bytes.size());
    SliceOf(flat, slice).copy_(row_major);
  }
}

FlatAdam::FlatAdam(const FlatParams& params, double rate, int64_t end, double of_encoder,
                   double decay)
    : first_moment(at::zeros_like(params.values())),
      second_moment(at::zeros_like(params.values())),
      learning_rate(rate),
      encoder_rate(of_encoder > 0.0 ? of_encoder : rate),
      weight_decay(decay),
      encoder_end(end) {}

void FlatAdam::Step(FlatParams& params, int64_t step, int64_t begin, int64_t end) {
  if (encoder_rate == learning_rate) return StepRange(params, step, begin, end, learning_rate);
  const int64_t heads = std::clamp(encoder_end, begin, end);
  StepRange(params, step, begin, heads, encoder_rate);
  StepRange(params, step, heads, end, learning_rate);
}

void FlatAdam::StepRange(FlatParams& params, int64_t step, int64_t begin, int64_t end,
                         double rate) {
  const c10::NoGradGuard no_grad;
  AdamStepSizes sizes;
  const double t = static_cast<double>(step);
  sizes.step_size = rate / (1.0 - std::pow(sizes.beta1, t));
  sizes.sqrt_bias_correction2 = std::sqrt(1.0 - std::pow(sizes.beta2, t));
  sizes.weight_decay = weight_decay;
  at::Tensor values = params.values().slice(0, begin, end);
  at::Tensor grads = params.grads().slice(0, begin, end);
  at::Tensor first = first_moment.slice(0, begin, end);
  at::Tensor second = second_moment.slice(0, begin, end);
  if (!values.device().is_cpu()) {
    if (weight_decay > 0.0) grads = grads.add(values, weight_decay);
    first.mul_(sizes.beta1).add_(grads, 1.0 - sizes.beta1);
    second.mul_(sizes.beta2).addcmul_(grads, grads, 1.0 - sizes.beta2);
    const at::Tensor denominator =
        second.sqrt().div_(sizes.sqrt_bias_correction2).add_(sizes.epsilon);
    values.addcdiv_(first, denominator, -sizes.step_size);
  } else if (values.scalar_type() == at::kFloat) {
    AdamStep(sizes, values.numel(), grads.data_ptr<float>(), values.data_ptr<float>(),
             first.data_ptr<float>(), second.data_ptr<float>());
  } else {
    AdamStep(sizes, values.numel(), grads.data_ptr<double>(), values.data_ptr<double>(),
             first.data_ptr<double>(), second.data_ptr<double>());
  }
}

}  // namespace volante
