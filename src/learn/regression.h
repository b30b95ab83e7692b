// How far the critics are from their target, and what that costs: the loss that belongs to each
// way of drawing transitions, and the errors that the replay's priorities are made of. Sees torch:
// td3_update.cc alone includes it.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "config/config.h"

namespace volante {

// Scalar loss of one critic's values q [B] against y [B].
//   uniform: mean (q - y)^2
//   per:     mean w (q - y)^2, w [B] the importance weights (Schaul et al. 2016, algorithm 1, in
//            the form of the TD3 with PER that Fujimoto et al. 2020 publish)
//   lap:     mean H(q - y), H(d) = d^2 / 2 up to |d| = 1 and |d| - 1/2 beyond: Huber, kappa 1
//            (Fujimoto et al. 2020, algorithm 1), no weights
at::Tensor RegressionLoss(ReplayPriority priority, const at::Tensor& q, const at::Tensor& y,
                          const at::Tensor& weight);

// |delta| [B] per row, of twin critics the larger of the two.
std::vector<float> TdErrors(const at::Tensor& q1, const at::Tensor& q2, const at::Tensor& y);

}  // namespace volante
