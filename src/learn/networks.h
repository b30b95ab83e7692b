// Encoders, trunks and heads as plain functions over named parameters: no torch::nn, no module
// registry. A network is bound to trainable leaves, to the same memory frozen, or to a target
// copy; that choice alone decides where a gradient can go. Sees torch: learn/ alone.
//
// Names, under a prefix such as "critic/" ("weight" and "bias" each; a norm's weight is its gain):
//   encoder/conv1..3, encoder/norm1..3 (with layer norm), encoder/fc, encoder/norm4
//   trunk/image, trunk/image_norm, trunk/vector, trunk/vector_norm    (fusion trunk)
//   head/0, head/1, ... (actor)      q1/0, ..., q2/0, ... (critic)
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/config.h"
#include "learn/flat_params.h"
#include "learn/td3.h"

namespace volante {

class TwinWorker;

// The parameter of that name, in whichever role.
using ParameterLookup = std::function<at::Tensor(const std::string&)>;

// ---- encoders ----------------------------------------------------------------------------------

struct ConvShape {
  int64_t in, out, kernel, stride;  // square kernels, no padding
};

// Three convolutions, each followed by LeakyReLU 0.01, then a linear layer to feature_width without
// activation. With layer norm each convolution's output is normalised over (C, H, W) before the
// activation, and the features at the end.
struct EncoderShape {
  ConvShape conv[3];
  bool layernorm;
};
// nature is that of Mnih et al., Nature 518, 2015; small costs a fifth of it, for CPUs.
const EncoderShape& ShapeOf(Encoder encoder);

// ---- specifications: name, shape and initial values in the order of the flat buffer ----------

// 1,684,128 parameters for `nature`, 286,960 for `small` at feature width 512 (a test counts them).
std::vector<ParameterSpec> EncoderSpecs(const LearnerConfig& config, const std::string& prefix);
// Trunk and head of the actor; last layer U(-last_layer_init, last_layer_init) when that is > 0.
std::vector<ParameterSpec> ActorSpecs(const LearnerConfig& config, ObservationMode mode,
                                      const std::string& prefix);
// Trunk and the twin heads of the critic, or its one head.
std::vector<ParameterSpec> CriticSpecs(const LearnerConfig& config, ObservationMode mode,
                                       const std::string& prefix);

// ---- forward passes ----------------------------------------------------------------------------

struct Affine {
  at::Tensor weight, bias;
};

struct EncoderNet {
  EncoderNet(const LearnerConfig& config, const std::string& prefix, const ParameterLookup& lookup);
  // images [n, 4, 84, 84] in [-1, 1], channels_last; features [n, feature_width].
  at::Tensor Forward(const at::Tensor& images, std::vector<FeatureStats>* stats = nullptr) const;

  std::string name;  // "critic/encoder", for the statistics
  const EncoderShape& shape;
  bool bf16;
  Affine conv[3], fc;
  Affine norm[4];
};

// Image features and vector as one state: concatenated, or each through Linear, LayerNorm, tanh
// first (DrQ-v2's trunk). Without an image the state is the vector.
struct FusionNet {
  FusionNet(const LearnerConfig& config, ObservationMode mode, const std::string& prefix,
            const ParameterLookup& lookup);
  at::Tensor Forward(const at::Tensor& features, const at::Tensor& vector) const;

  bool has_image, has_trunk;
  Affine image, image_norm, vector_layer, vector_norm;
};

// Linear layers with ReLU between them.
struct Mlp {
  Mlp(size_t hidden_layers, const std::string& prefix, const ParameterLookup& lookup);
  // `action`, where there is one, is appended to the input of layer `action_layer`.
  at::Tensor Forward(at::Tensor x, const at::Tensor& action = {}, size_t action_layer = 0) const;

  std::vector<Affine> layers;
};

struct ActorOutput {
  at::Tensor action;    // [n, 2], tanh
  at::Tensor pre_tanh;  // [n, 2]
};

struct ActorNet {
  ActorNet(const LearnerConfig& config, ObservationMode mode, const std::string& prefix,
           const ParameterLookup& lookup);
  ActorOutput Forward(const at::Tensor& features, const at::Tensor& vector) const;

  FusionNet fusion;
  Mlp head;
};

struct CriticNet {
  CriticNet(const LearnerConfig& config, ObservationMode mode, const std::string& prefix,
            const ParameterLookup& lookup);
  // Q1 and Q2, [n] each, Q2 undefined without a twin; computed at the same time where there is a
  // worker.
  std::pair<at::Tensor, at::Tensor> Forward(const at::Tensor& features, const at::Tensor& vector,
                                            const at::Tensor& action,
                                            TwinWorker* twins = nullptr) const;
  at::Tensor Q1(const at::Tensor& features, const at::Tensor& vector,
                const at::Tensor& action) const;

  FusionNet fusion;
  size_t action_layer;
  Mlp q1;
  std::optional<Mlp> q2;
};

}  // namespace volante
