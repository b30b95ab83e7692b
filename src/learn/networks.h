// Encoders, trunks and heads as plain functions over named parameters: no torch::nn, no module
// registry. A network is bound to trainable leaves, to the same memory frozen, or to a target
// copy; that choice alone decides where a gradient can go. Sees torch: learn/ alone.
//
// Names, under a prefix such as "critic/" ("weight" and "bias" each; a norm's weight is its gain):
//   encoder/conv1..3, encoder/norm1..3 (with layer norm), encoder/fc, encoder/norm4
//   encoder/features/... (mobilenet_v3_small: learn/mobilenet.h), encoder/fc
//   trunk/image, trunk/image_norm, trunk/vector, trunk/vector_norm    (fusion trunk)
//   memory/weight_ih, ...                                             (learn/memory.h)
//   head/0, head/1, ... (actor)      q1/0, ..., q2/0, ... (critic)      with head_layernorm also
//   head/norm0, ...: behind head/0, ...
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/config.h"
#include "learn/flat_params.h"
#include "learn/layers.h"
#include "learn/memory.h"
#include "learn/mobilenet.h"
#include "learn/td3.h"

namespace volante {

// ---- encoders ----------------------------------------------------------------------------------

struct ConvShape {
  int64_t in, out, kernel, stride;  // square kernels, no padding
};

// Three convolutions, each followed by LeakyReLU 0.01, then a linear layer to feature_width without
// activation. With layer norm each convolution's output is normalised over (C, H, W) before the
// activation, and the features at the end. With max pooling each is halved by a 2x2 maximum.
struct EncoderShape {
  ConvShape conv[3];
  bool layernorm = false;
  bool max_pool = false;
};
// nature is that of Mnih et al., Nature 518, 2015; small costs a fifth of it, for CPUs;
// nature_maxpool has nature's channels and kernels at stride 1. Null for mobilenet_v3_small.
const EncoderShape* ShapeOf(Encoder encoder);

// ---- specifications: name, shape and initial values in the order of the flat buffer ----------

// 1,684,128 parameters for `nature` and `nature_maxpool`, 286,960 for `small`, 1,222,576 for
// `mobilenet_v3_small` at feature width 512 (tests count them).
std::vector<ParameterSpec> EncoderSpecs(const LearnerConfig& config, const std::string& prefix);
// What an encoder remembers without being trained: running statistics of BatchNorm. Mostly none.
std::vector<ParameterSpec> EncoderStatistics(const LearnerConfig& config,
                                             const std::string& prefix);
// Trunk, memory and head of the actor; last layer U(-last_layer_init, last_layer_init) when that is
// > 0.
std::vector<ParameterSpec> ActorSpecs(const LearnerConfig& config, ObservationShape mode,
                                      const std::string& prefix);
// Trunk, memory and the twin heads of the critic, or its one head.
std::vector<ParameterSpec> CriticSpecs(const LearnerConfig& config, ObservationShape mode,
                                       const std::string& prefix);

// ---- forward passes ----------------------------------------------------------------------------

struct EncoderNet {
  // With batch_statistics BatchNorm normalises by the batch and moves its running statistics.
  EncoderNet(const LearnerConfig& config, const std::string& prefix, const ParameterLookup& lookup,
             bool batch_statistics = false);
  // images [n, 4, 84, 84] in [-1, 1], channels_last; features [n, feature_width].
  at::Tensor Forward(const at::Tensor& images, std::vector<FeatureStats>* stats = nullptr) const;

  std::string name;  // "critic/encoder", for the statistics
  bool bf16;         // convolutions
  bool bf16_linear;  // fc
  Affine fc;
  // Either three convolutions or a MobileNet.
  const EncoderShape* shape;
  Affine conv[3];
  Affine norm[4];
  std::optional<MobileNet> mobilenet;

 private:
  at::Tensor Convolutions(at::Tensor x, std::vector<FeatureStats>* stats) const;
};

// Image features and vector as one state: concatenated, or each through Linear, LayerNorm, tanh
// first (DrQ-v2's trunk). Without an image the state is the vector.
struct FusionNet {
  FusionNet(const LearnerConfig& config, ObservationShape mode, const std::string& prefix,
            const ParameterLookup& lookup);
  at::Tensor Forward(const at::Tensor& features, const at::Tensor& vector) const;

  bool has_image, has_trunk, bf16;
  Affine image, image_norm, vector_layer, vector_norm;
};

// What the heads see: image and vector as one state, remembered where there is a memory.
struct StateNet {
  StateNet(const LearnerConfig& config, ObservationShape mode, const std::string& prefix,
           const ParameterLookup& lookup);
  // [n, width of the heads' input]; `how` is read only where there is a memory.
  at::Tensor Forward(const at::Tensor& features, const at::Tensor& vector,
                     const Recurrence& how) const;

  FusionNet fusion;
  std::optional<MemoryNet> memory;
};

// Linear layers with ReLU between them, and with head_layernorm a LayerNorm before each ReLU.
struct Mlp {
  Mlp(const LearnerConfig& config, const std::string& prefix, const ParameterLookup& lookup);
  // `action`, where there is one, is appended to the input of layer `action_layer`.
  at::Tensor Forward(at::Tensor x, const at::Tensor& action = {}, size_t action_layer = 0) const;

  bool bf16;
  std::vector<Affine> layers;
  std::vector<Affine> norms;  // empty, or one per hidden layer
};

struct ActorOutput {
  at::Tensor action;    // [n, 2], tanh
  at::Tensor pre_tanh;  // [n, 2]
};

struct ActorNet {
  ActorNet(const LearnerConfig& config, ObservationShape mode, const std::string& prefix,
           const ParameterLookup& lookup);
  ActorOutput Forward(const at::Tensor& features, const at::Tensor& vector,
                      const Recurrence& how = {}) const;

  StateNet state;
  Mlp head;
};

struct CriticNet {
  CriticNet(const LearnerConfig& config, ObservationShape mode, const std::string& prefix,
            const ParameterLookup& lookup);
  // Q1 and Q2, [n] each, Q2 undefined without a twin.
  std::pair<at::Tensor, at::Tensor> Forward(const at::Tensor& features, const at::Tensor& vector,
                                            const at::Tensor& action,
                                            const Recurrence& how = {}) const;
  at::Tensor Q1(const at::Tensor& features, const at::Tensor& vector, const at::Tensor& action,
                const Recurrence& how = {}) const;

  StateNet state;
  size_t action_layer;
  Mlp q1;
  std::optional<Mlp> q2;
};

}  // namespace volante
