// The convolutional part of MobileNetV3-Small (Howard et al., "Searching for MobileNetV3", ICCV
// 2019, table 2): layers, names and constants of torchvision.models.mobilenet_v3_small().features,
// so that its weights fit one to one ("features.0.0.weight" is "features/0/0/weight").
// Owns no memory; knows neither roles nor losses. Sees torch: learn/ alone.
//
// Names, under a prefix: features/0 and features/12 are convolutions with norm: 0/weight,
// 1/{weight,bias,running_mean,running_var}. features/1..11 are blocks: block/0.. in the order
// expansion (if any), depthwise, squeeze-excite (if any: fc1, fc2), projection.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "learn/flat_params.h"
#include "learn/layers.h"

namespace volante {

inline constexpr int64_t kMobileNetChannels = 576;  // out of the last convolution

// 927,008 parameters for 3 input channels, 927,152 for 4.
std::vector<ParameterSpec> MobileNetSpecs(const std::string& prefix, int64_t in_channels);
// The norms' running mean (0 at first) and variance (1), two times 6,056 numbers: saved, copied to
// targets, never trained.
std::vector<ParameterSpec> MobileNetStatistics(const std::string& prefix);

// A convolution without bias, its BatchNorm, and an activation.
struct ConvNorm {
  enum class Activation { kNone, kRelu, kHardswish };

  at::Tensor weight;
  Affine norm;
  at::Tensor running_mean, running_var;
  int64_t stride = 1, groups = 1;
  Activation activation = Activation::kNone;
};

struct InvertedResidual {
  std::vector<ConvNorm> before;  // expansion, depthwise
  bool squeeze = false;
  Affine squeeze_fc1, squeeze_fc2;  // 1x1 convolutions
  ConvNorm project;
  bool residual = false;
};

struct MobileNet {
  // With batch_statistics a forward pass normalises by the batch's mean and variance and moves the
  // running ones towards them in place; without, it uses the running ones.
  MobileNet(const std::string& prefix, const ParameterLookup& lookup, bool batch_statistics);
  // images [n, C, 84, 84], channels_last; [n, 576], the mean over the last map's 3 x 3 places. The
  // statistics are of the 13 parts, named "<name>/features/0" and so on.
  at::Tensor Forward(const at::Tensor& images, const std::string& name,
                     std::vector<FeatureStats>* stats) const;

  bool batch_statistics;
  ConvNorm first, last;
  std::vector<InvertedResidual> blocks;
};

}  // namespace volante
