#include "learn/non_finite.h"

#include <ATen/ops/isfinite.h>
#include <c10/core/GradMode.h>

#include <cmath>
#include <cstring>
#include <optional>
#include <vector>

#include "base/error.h"

namespace volante {
namespace {

void RequireFinite(const std::vector<float>& values, const char* what, size_t row_size) {
  for (size_t i = 0; i < values.size(); ++i) {
    if (std::isfinite(values[i])) continue;
    HaltNonFinite(what, "",
                  "row " + std::to_string(i / row_size) + ", column " +
                      std::to_string(i % row_size) + " of the batch is " +
                      std::to_string(values[i]));
  }
}

// "element 7 of 256 is nan" of the first one that is not finite, row-major.
template <class T>
std::optional<std::string> FirstNonFinite(const void* bytes, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    T value;
    std::memcpy(&value, static_cast<const T*>(bytes) + i, sizeof(T));
    if (!std::isfinite(value)) {
      return "element " + std::to_string(i) + " of " + std::to_string(count) + " is " +
             std::to_string(value);
    }
  }
  return std::nullopt;
}

}  // namespace

void HaltNonFinite(const std::string& what, const std::string& where, const std::string& detail) {
  throw Error(ExitCode::kHealthHalt, "non-finite " + what + "; the update was not applied", where,
              detail,
              "look at the last records of train/critic_loss and gradients/; a smaller learning "
              "rate or reward.scale is the usual remedy");
}

void RequireFiniteBatch(const Batch& batch) {
  RequireFinite(batch.reward, "reward", 1);
  RequireFinite(batch.vector, "observation", batch.vector_size);
  RequireFinite(batch.next_vector, "next observation", batch.vector_size);
  RequireFinite(batch.action, "action", kActionSize);
  RequireFinite(batch.label, "label", kActionSize);
  RequireFinite(batch.discount, "discount", 1);
  RequireFinite(batch.weight, "weight", 1);
}

void RequireFiniteParameters(const at::Tensor& flat, std::span<const FlatSlice> slices,
                             const std::string& prefix) {
  const c10::NoGradGuard no_grad;
  if (at::isfinite(flat).all().item<bool>()) return;  // the padding between slices is 0
  for (const FlatSlice& slice : slices) {
    const at::Tensor row_major = SliceOf(flat, slice).to(at::kCPU, at::kDouble).contiguous();
    if (const auto found = FirstNonFinite<double>(row_major.data_ptr(), slice.size)) {
      HaltNonFinite("parameter", prefix + slice.name, *found);
    }
  }
}

void RequireFiniteTensors(std::span<const NamedTensor> tensors, const std::string& where) {
  for (const NamedTensor& tensor : tensors) {
    const void* bytes = tensor.bytes.data();
    const size_t count = tensor.bytes.size() / DtypeSize(tensor.dtype);
    const auto found = tensor.dtype == TensorDtype::kF32   ? FirstNonFinite<float>(bytes, count)
                       : tensor.dtype == TensorDtype::kF64 ? FirstNonFinite<double>(bytes, count)
                                                           : std::nullopt;
    if (!found) continue;
    throw Error(ExitCode::kBadInput, "the networks in the file hold a number that is not finite",
                where, "tensor " + tensor.name + ": " + *found, "use an older checkpoint");
  }
}

}  // namespace volante
