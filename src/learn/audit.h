// The optimizer audit: before the first update it is checked, and printed, which optimizer trains
// which tensor. An earlier implementation trained for weeks with a tensor in the wrong place.
// Reads only; sees torch: learn/ alone.
#pragma once

#include <ATen/core/Tensor.h>

#include <span>
#include <string>

#include "learn/flat_params.h"

namespace volante {

// A tensor that a network really uses, under the name by which it asked for it.
struct BoundTensor {
  std::string name;
  at::Tensor tensor;
};

struct AuditedOptimizer {
  std::string name;
  FlatParams* params;
  double learning_rate;
  double encoder_learning_rate = 0.0;  // 0: as the others
};

// The report, one tensor per line. Error(kInternal) unless there are exactly two optimizers, every
// trainable tensor lies in exactly one of them with its gradient beside it, every slice of an
// optimizer is used by a network, and no target tensor and no running statistic lies in one.
std::string AuditOptimizers(std::span<const AuditedOptimizer> optimizers,
                            std::span<const BoundTensor> trainable,
                            std::span<const BoundTensor> targets,
                            std::span<const BoundTensor> statistics = {});

}  // namespace volante
