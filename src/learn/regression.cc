#include "learn/regression.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/huber_loss.h>
#include <ATen/ops/maximum.h>
#include <ATen/ops/mse_loss.h>
#include <c10/core/GradMode.h>

namespace volante {

at::Tensor RegressionLoss(ReplayPriority priority, const at::Tensor& q, const at::Tensor& y,
                          const at::Tensor& weight) {
  switch (priority) {
    case ReplayPriority::kPer:
      return (weight * (q - y).square()).mean();
    case ReplayPriority::kLap:
      return at::huber_loss(q, y, at::Reduction::Mean, /*delta=*/1.0);
    case ReplayPriority::kUniform:
      break;
  }
  return at::mse_loss(q, y);
}

std::vector<float> TdErrors(const at::Tensor& q1, const at::Tensor& q2, const at::Tensor& y) {
  const c10::NoGradGuard no_grad;
  const at::Tensor errors =
      at::maximum((q1 - y).abs(), (q2 - y).abs()).to(at::kCPU, at::kFloat).contiguous();
  const float* values = errors.data_ptr<float>();
  return {values, values + errors.numel()};
}

}  // namespace volante
