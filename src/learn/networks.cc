#include "learn/networks.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/group_norm.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/leaky_relu.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/tanh.h>

#include <cmath>
#include <iterator>

#include "base/error.h"
#include "learn/linear.h"

namespace volante {
namespace {

constexpr double kLeakySlope = 0.01;
constexpr double kNormEpsilon = 1e-5;  // PyTorch's default

// By Encoder, the first four. nature: 84 -> 20 -> 9 -> 7; small: 84 -> 21 -> 9 -> 4, every pixel
// used, 1.90 million multiply-adds a picture with the FC at 512 where nature takes 9.34 and
// nature_maxpool (84 -> 77 -> 38 -> 35 -> 17 -> 15 -> 7) takes 98.6.
constexpr EncoderShape kEncoders[] = {
    {.conv = {{kFrameStack, 32, 8, 4}, {32, 64, 4, 2}, {64, 64, 3, 1}}},
    {.conv = {{kFrameStack, 32, 8, 4}, {32, 64, 4, 2}, {64, 64, 3, 1}}, .layernorm = true},
    {.conv = {{kFrameStack, 16, 4, 4}, {16, 32, 5, 2}, {32, 32, 3, 2}}, .layernorm = true},
    {.conv = {{kFrameStack, 32, 8, 1}, {32, 64, 4, 1}, {64, 64, 3, 1}}, .max_pool = true},
};
static_assert(std::size(kEncoders) == static_cast<size_t>(Encoder::kMobileNetV3Small));

int64_t FlattenedSize(const EncoderShape& shape) {
  int64_t side = kImageSide;
  for (const ConvShape& c : shape.conv) {
    side = (side - c.kernel) / c.stride + 1;
    if (shape.max_pool) side /= 2;
  }
  return shape.conv[2].out * side * side;
}

// PyTorch's default for Linear and Conv2d, kaiming_uniform_(a = sqrt(5)): weight and bias are
// U(-1/sqrt(fan_in), 1/sqrt(fan_in)).
void AddAffine(std::vector<ParameterSpec>& specs, const std::string& name,
               std::vector<int64_t> shape, double bound = 0.0) {
  int64_t fan_in = 1;
  for (size_t i = 1; i < shape.size(); ++i) fan_in *= shape[i];
  if (bound <= 0.0) bound = 1.0 / std::sqrt(static_cast<double>(fan_in));
  const int64_t out = shape[0];
  specs.push_back({name + "/weight", std::move(shape), bound, 0.0});
  specs.push_back({name + "/bias", {out}, bound, 0.0});
}

void AddNorm(std::vector<ParameterSpec>& specs, const std::string& name, int64_t width,
             double gain = 1.0) {
  specs.push_back({name + "/weight", {width}, 0.0, gain});
  specs.push_back({name + "/bias", {width}, 0.0, 0.0});
}

bool HasTrunk(const LearnerConfig& config, ObservationShape mode) {
  return HasImage(mode) && config.fusion == Fusion::kTrunk;
}

int64_t FusedWidth(const LearnerConfig& config, ObservationShape mode) {
  if (!HasImage(mode)) return VectorSize(mode);
  return HasTrunk(config, mode) ? 2 * config.trunk_width : config.feature_width + VectorSize(mode);
}

void AddTrunk(std::vector<ParameterSpec>& specs, const LearnerConfig& config, ObservationShape mode,
              const std::string& prefix) {
  AddAffine(specs, prefix + "trunk/image", {config.trunk_width, config.feature_width});
  AddNorm(specs, prefix + "trunk/image_norm", config.trunk_width, config.image_gain_init);
  AddAffine(specs, prefix + "trunk/vector", {config.trunk_width, VectorSize(mode)});
  AddNorm(specs, prefix + "trunk/vector_norm", config.trunk_width);
}

// Trunk and memory; the width of what they make.
int64_t AddState(std::vector<ParameterSpec>& specs, const LearnerConfig& config,
                 ObservationShape mode, const std::string& prefix) {
  if (HasTrunk(config, mode)) AddTrunk(specs, config, mode, prefix);
  const int64_t fused = FusedWidth(config, mode);
  if (config.memory == Memory::kNone) return fused;
  AddMemory(specs, config, fused, prefix);
  return MemoryUnits(config);
}

// `action` more inputs at layer `action_layer`.
void AddMlp(std::vector<ParameterSpec>& specs, const LearnerConfig& config, int64_t in, int64_t out,
            const std::string& prefix, double last_bound, int64_t action = 0,
            size_t action_layer = 0) {
  const size_t hidden = config.head_widths.size();
  for (size_t layer = 0; layer <= hidden; ++layer) {
    const int64_t width = layer < hidden ? config.head_widths[layer] : out;
    AddAffine(specs, prefix + std::to_string(layer),
              {width, in + (layer == action_layer ? action : 0)},
              layer < hidden ? 0.0 : last_bound);
    if (config.head_layernorm && layer < hidden) {
      AddNorm(specs, prefix + "norm" + std::to_string(layer), width);
    }
    in = width;
  }
}

size_t ActionLayer(const LearnerConfig& config) {
  VOLANTE_CHECK(static_cast<size_t>(config.critic_action_layer) <= config.head_widths.size(),
                "the action enters a layer that exists");
  return static_cast<size_t>(config.critic_action_layer);
}

at::Tensor LayerNorm(const at::Tensor& x, const Affine& norm) {
  return at::layer_norm(x, {x.size(-1)}, norm.weight, norm.bias, kNormEpsilon);
}

}  // namespace

const EncoderShape* ShapeOf(Encoder encoder) {
  return encoder == Encoder::kMobileNetV3Small ? nullptr : &kEncoders[static_cast<size_t>(encoder)];
}

std::vector<ParameterSpec> EncoderSpecs(const LearnerConfig& config, const std::string& prefix) {
  const EncoderShape* shape = ShapeOf(config.encoder);
  std::vector<ParameterSpec> specs;
  if (shape == nullptr) {
    specs = MobileNetSpecs(prefix + "encoder/", kFrameStack);
    AddAffine(specs, prefix + "encoder/fc", {config.feature_width, kMobileNetChannels});
    return specs;
  }
  for (int i = 0; i < 3; ++i) {
    const ConvShape& c = shape->conv[i];
    const std::string number = std::to_string(i + 1);
    AddAffine(specs, prefix + "encoder/conv" + number, {c.out, c.in, c.kernel, c.kernel});
    if (shape->layernorm) AddNorm(specs, prefix + "encoder/norm" + number, c.out);
  }
  AddAffine(specs, prefix + "encoder/fc", {config.feature_width, FlattenedSize(*shape)});
  if (shape->layernorm) AddNorm(specs, prefix + "encoder/norm4", config.feature_width);
  return specs;
}

std::vector<ParameterSpec> EncoderStatistics(const LearnerConfig& config,
                                             const std::string& prefix) {
  if (config.encoder != Encoder::kMobileNetV3Small) return {};
  return MobileNetStatistics(prefix + "encoder/");
}

std::vector<ParameterSpec> ActorSpecs(const LearnerConfig& config, ObservationShape mode,
                                      const std::string& prefix) {
  std::vector<ParameterSpec> specs;
  const int64_t in = AddState(specs, config, mode, prefix);
  AddMlp(specs, config, in, kActionSize, prefix + "head/", config.last_layer_init);
  return specs;
}

std::vector<ParameterSpec> CriticSpecs(const LearnerConfig& config, ObservationShape mode,
                                       const std::string& prefix) {
  std::vector<ParameterSpec> specs;
  const int64_t in = AddState(specs, config, mode, prefix);
  for (const char* head : {"q1/", "q2/"}) {
    if (head[1] == '2' && !config.twin_critics) break;
    AddMlp(specs, config, in, 1, prefix + head, config.critic_last_layer_init, kActionSize,
           ActionLayer(config));
  }
  return specs;
}

EncoderNet::EncoderNet(const LearnerConfig& config, const std::string& prefix,
                       const ParameterLookup& lookup, bool batch_statistics)
    : name(prefix + "encoder"),
      bf16(config.bf16_encoder),
      bf16_linear(config.bf16_linear),
      fc(Bind(lookup, name + "/fc")),
      shape(ShapeOf(config.encoder)) {
  if (shape == nullptr) {
    mobilenet.emplace(name + "/", lookup, batch_statistics);
    return;
  }
  for (int i = 0; i < 3; ++i) {
    conv[i] = Bind(lookup, name + "/conv" + std::to_string(i + 1));
    if (shape->layernorm) norm[i] = Bind(lookup, name + "/norm" + std::to_string(i + 1));
  }
  if (shape->layernorm) norm[3] = Bind(lookup, name + "/norm4");
}

at::Tensor EncoderNet::Convolutions(at::Tensor x, std::vector<FeatureStats>* stats) const {
  const at::ScalarType dtype = x.scalar_type();
  for (int i = 0; i < 3; ++i) {
    x = at::conv2d(x, conv[i].weight.to(dtype), conv[i].bias.to(dtype), shape->conv[i].stride);
    if (shape->layernorm) {  // one group: over (C, H, W), and channels_last is kept
      x = at::group_norm(x, 1, norm[i].weight.to(dtype), norm[i].bias.to(dtype), kNormEpsilon);
    }
    // The activation rises with its input, so the maximum may come first: a quarter of the work.
    if (shape->max_pool) x = at::max_pool2d(x, 2);
    x = at::leaky_relu_(x, kLeakySlope);
    if (stats != nullptr) stats->push_back(StatsOf(x, name + "/conv" + std::to_string(i + 1)));
  }
  return x.flatten(1);
}

at::Tensor EncoderNet::Forward(const at::Tensor& images, std::vector<FeatureStats>* stats) const {
  const at::ScalarType full = fc.weight.scalar_type();
  at::Tensor x = images.to(bf16 ? at::kBFloat16 : full);  // the dtype of the convolutions
  x = mobilenet ? mobilenet->Forward(x, name, stats) : Convolutions(x, stats);
  x = Linear(x.to(full), fc, bf16_linear);
  if (shape != nullptr && shape->layernorm) x = LayerNorm(x, norm[3]);
  if (stats != nullptr) stats->push_back(StatsOf(x, name + "/fc"));
  return x;
}

FusionNet::FusionNet(const LearnerConfig& config, ObservationShape mode, const std::string& prefix,
                     const ParameterLookup& lookup)
    : has_image(HasImage(mode)), has_trunk(HasTrunk(config, mode)), bf16(config.bf16_linear) {
  if (!has_trunk) return;
  image = Bind(lookup, prefix + "trunk/image");
  image_norm = Bind(lookup, prefix + "trunk/image_norm");
  vector_layer = Bind(lookup, prefix + "trunk/vector");
  vector_norm = Bind(lookup, prefix + "trunk/vector_norm");
}

at::Tensor FusionNet::Forward(const at::Tensor& features, const at::Tensor& vector) const {
  if (!has_image) return vector;
  if (!has_trunk) return at::cat({features, vector}, 1);
  const auto trunk = [this](const at::Tensor& x, const Affine& layer, const Affine& norm) {
    return at::tanh(LayerNorm(Linear(x, layer, bf16), norm));
  };
  return at::cat({trunk(features, image, image_norm), trunk(vector, vector_layer, vector_norm)}, 1);
}

StateNet::StateNet(const LearnerConfig& config, ObservationShape mode, const std::string& prefix,
                   const ParameterLookup& lookup)
    : fusion(config, mode, prefix, lookup) {
  if (config.memory != Memory::kNone) memory.emplace(config, prefix, lookup);
}

at::Tensor StateNet::Forward(const at::Tensor& features, const at::Tensor& vector,
                             const Recurrence& how) const {
  at::Tensor fused = fusion.Forward(features, vector);
  return memory ? memory->Forward(fused, how) : fused;
}

Mlp::Mlp(const LearnerConfig& config, const std::string& prefix, const ParameterLookup& lookup)
    : bf16(config.bf16_linear) {
  const size_t hidden_layers = config.head_widths.size();
  for (size_t i = 0; i <= hidden_layers; ++i) {
    layers.push_back(Bind(lookup, prefix + std::to_string(i)));
    if (config.head_layernorm && i < hidden_layers) {
      norms.push_back(Bind(lookup, prefix + "norm" + std::to_string(i)));
    }
  }
}

at::Tensor Mlp::Forward(at::Tensor x, const at::Tensor& action, size_t action_layer) const {
  for (size_t i = 0; i < layers.size(); ++i) {
    if (action.defined() && i == action_layer) x = at::cat({x, action}, 1);
    const bool hidden = i + 1 < layers.size(), normalised = i < norms.size();
    x = Linear(x, layers[i], bf16, /*relu=*/hidden && !normalised);
    if (normalised) x = at::relu(LayerNorm(x, norms[i]));
  }
  return x;
}

ActorNet::ActorNet(const LearnerConfig& config, ObservationShape mode, const std::string& prefix,
                   const ParameterLookup& lookup)
    : state(config, mode, prefix, lookup), head(config, prefix + "head/", lookup) {}

ActorOutput ActorNet::Forward(const at::Tensor& features, const at::Tensor& vector,
                              const Recurrence& how) const {
  at::Tensor pre_tanh = head.Forward(state.Forward(features, vector, how));
  at::Tensor action = at::tanh(pre_tanh);
  return {std::move(action), std::move(pre_tanh)};
}

CriticNet::CriticNet(const LearnerConfig& config, ObservationShape mode, const std::string& prefix,
                     const ParameterLookup& lookup)
    : state(config, mode, prefix, lookup),
      action_layer(ActionLayer(config)),
      q1(config, prefix + "q1/", lookup) {
  if (config.twin_critics) q2.emplace(config, prefix + "q2/", lookup);
}

std::pair<at::Tensor, at::Tensor> CriticNet::Forward(const at::Tensor& features,
                                                     const at::Tensor& vector,
                                                     const at::Tensor& action,
                                                     const Recurrence& how) const {
  at::Tensor input = state.Forward(features, vector, how), beside;
  if (action_layer == 0) {
    input = at::cat({input, action}, 1);  // once for both twins
  } else {
    beside = action;
  }
  const auto value = [&](const Mlp& head) {
    return head.Forward(input, beside, action_layer).squeeze(1);
  };
  return {value(q1), q2 ? value(*q2) : at::Tensor()};
}

at::Tensor CriticNet::Q1(const at::Tensor& features, const at::Tensor& vector,
                         const at::Tensor& action, const Recurrence& how) const {
  return q1.Forward(state.Forward(features, vector, how), action, action_layer).squeeze(1);
}

}  // namespace volante
