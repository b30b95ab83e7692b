// What the critics are regressed to: y = r + discount V(o'). The variants of V stand here side by
// side; the rest of the update does not know which one it trains on.
#include <ATen/TensorOperators.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/maximum.h>
#include <ATen/ops/minimum.h>
#include <c10/core/GradMode.h>

#include <algorithm>

#include "learn/td3_impl.h"

namespace volante {

// Noise of the batch's row i, column j in the update after `updates` others: the number 2 i + j
// (from 0) of the normals of stream (seed, "target_policy_noise", updates), scaled and clipped.
// Stream and normal are those of base/random.h: key = XXH3(purpose, seed); the counter is (block,
// updates) as four 32-bit words; a normal takes one block w0..w3, u = 1 - ((w1 2^32 + w0) >> 11)
// 2^-53, v = ((w3 2^32 + w2) >> 11) 2^-53, n = sqrt(-2 ln u) cos(2 pi v).
at::Tensor Td3Learner::Impl::TargetNoise(int64_t rows, int64_t first_row) const {
  RandomStream random(counters.seed, "target_policy_noise",
                      static_cast<uint64_t>(counters.updates));
  random.SkipNormals(static_cast<uint64_t>(first_row) * kActionSize);
  const double sigma = config.target_policy_noise, bound = config.target_noise_clip;
  std::vector<double> noise(static_cast<size_t>(rows) * kActionSize);
  for (double& n : noise) n = std::clamp(sigma * random.Normal(), -bound, bound);
  return at::from_blob(noise.data(), {rows, kActionSize}, at::kDouble)
      .to(tensor_options, /*non_blocking=*/false, /*copy=*/true);
}

// Momentum policy gradient (Zhou et al., "Adaptive Leader-Follower Formation Control and Obstacle
// Avoidance via Deep Reinforcement Learning", IROS 2019), as secondary sources give it:
//   Delta_adj = (Delta_last + |Q1' - Q2'|) / 2,  V = max(Q1', Q2') - Delta_adj,
// Delta_last "the previous difference between Q1 and Q2". With Delta_last = |Q1' - Q2'| V is their
// minimum (TD3), with 0 their mean. Two things are left open, and each is a key:
//   momentum_delta: |Q1' - Q2'| is the batch's mean (batch_scalar) or that of each row
//     (per_sample_ema). Delta_last is one number either way: a transition is hardly ever drawn
//     again in the next update, so the difference that it had before is that of other transitions.
//   momentum_last: the next Delta_last is the batch's mean of |Q1' - Q2'| (raw) or of Delta_adj
//     (recursive), the latter an exponential moving average with weight 1/2.
MomentumValue ComputeMomentumValue(const LearnerConfig& config, const at::Tensor& q1,
                                   const at::Tensor& q2, const at::Tensor& delta_last) {
  const at::Tensor difference = (q1 - q2).abs();
  const at::Tensor mean = difference.mean().unsqueeze(0);
  const bool of_batch = config.momentum_delta == MomentumDelta::kBatchScalar;
  const at::Tensor adjusted = 0.5 * (delta_last + (of_batch ? mean : difference));
  const bool raw = config.momentum_last == MomentumLast::kRaw;
  return {at::maximum(q1, q2) - adjusted, raw ? mean : adjusted.mean().unsqueeze(0)};
}

// V(o') = min_i Q_i'(E_c'(o'), clip(pi'(E_a'(o')) + noise, -1, 1)), Q_1' alone without a twin, or
// MPG's value; the discount of a terminated transition is 0, of a truncated one gamma^n. In wiring
// legacy E_a' and E_c' are both the online E_c.
BellmanTarget Td3Learner::Impl::ComputeTarget(const BatchTensors& b) const {
  const c10::NoGradGuard no_grad;
  const Features next = target.Encode(b.next_image);
  const at::Tensor pi = target.actor.Forward(next.actor, b.next_vector, b.next_how).action;
  const at::Tensor noise = TargetNoise(b.reward.size(0), b.first_row);
  const at::Tensor next_action = (pi + noise).clamp_(-1.0, 1.0);
  const auto [q1, q2] = target.critic.Forward(next.critic, b.next_vector, next_action, b.next_how);
  if (!q2.defined()) return {b.reward + b.discount * q1, {}};
  if (config.target_value == TargetValue::kMin) {
    return {b.reward + b.discount * at::minimum(q1, q2), {}};
  }
  const MomentumValue next_value = ComputeMomentumValue(config, q1, q2, delta_last);
  return {b.reward + b.discount * next_value.value, next_value.delta_last};
}

}  // namespace volante
