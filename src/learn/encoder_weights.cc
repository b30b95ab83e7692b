#include "learn/encoder_weights.h"

#include <c10/core/GradMode.h>

#include <algorithm>

#include "base/error.h"
#include "learn/td3_impl.h"

namespace volante {
namespace {

constexpr std::string_view kEncoder = "encoder/";

bool IsFinalLayer(const std::string& name) {
  return name.starts_with("fc/") || name.starts_with("norm4/");
}

const NamedTensor* Find(std::span<const NamedTensor> tensors, const std::string& name) {
  const auto at = std::find_if(tensors.begin(), tensors.end(),
                               [&](const NamedTensor& tensor) { return tensor.name == name; });
  return at == tensors.end() ? nullptr : &*at;
}

}  // namespace

void CheckEncoderWeights(const LearnerConfig& config, std::span<const NamedTensor> tensors,
                         const std::string& where) {
  const auto refuse = [&](const std::string& reason) {
    throw Error(ExitCode::kBadInput,
                std::string("the weights do not fit learner.encoder ") + NameOf(config.encoder),
                where, reason,
                "make the file with tools/mobilenet_weights.py, or choose its encoder");
  };
  std::vector<ParameterSpec> specs = EncoderSpecs(config, "");
  for (ParameterSpec& spec : EncoderStatistics(config, "")) specs.push_back(std::move(spec));
  size_t found = 0;
  for (const ParameterSpec& spec : specs) {
    const std::string name = spec.name.substr(kEncoder.size());
    const NamedTensor* tensor = Find(tensors, name);
    if (tensor == nullptr && IsFinalLayer(name)) continue;
    if (tensor == nullptr) refuse("tensor " + name + " is missing");
    if (tensor->shape != spec.shape) {
      refuse("tensor " + name + " has shape " + ShapeText(tensor->shape) + ", not " +
             ShapeText(spec.shape));
    }
    if (tensor->dtype != TensorDtype::kF32) {
      refuse("tensor " + name + " is " + std::string(DtypeName(tensor->dtype)) + ", not F32");
    }
    ++found;
  }
  if (found == tensors.size()) return;
  for (const NamedTensor& tensor : tensors) {
    const bool known = std::any_of(specs.begin(), specs.end(), [&](const ParameterSpec& spec) {
      return spec.name == std::string(kEncoder) + tensor.name;
    });
    if (!known) refuse("tensor " + tensor.name + " is none of that encoder's");
  }
  refuse("a tensor is in it twice");
}

void Td3Learner::LoadEncoder(std::span<const NamedTensor> tensors, const std::string& where) {
  CheckEncoderWeights(impl_->config, tensors, where);
  VOLANTE_CHECK(impl_->options.dtype == LearnerDtype::kF32, "a learner in float32");
  const std::pair<FlatParams*, std::string> places[] = {{&impl_->actor_params, "actor/"},
                                                        {&impl_->critic_params, "critic/"},
                                                        {&impl_->statistics, "actor/"},
                                                        {&impl_->statistics, "critic/"}};
  for (const auto& [params, role] : places) {
    std::vector<FlatSlice> given;  // under the file's names
    for (FlatSlice slice : params->slices()) {
      const std::string prefix = role + std::string(kEncoder);
      if (!slice.name.starts_with(prefix)) continue;
      slice.name = slice.name.substr(prefix.size());
      if (Find(tensors, slice.name) != nullptr) given.push_back(std::move(slice));
    }
    CopyTensors(tensors, "", given, params->values());
  }
  impl_->SetTargetsToNetworks();
}

}  // namespace volante
