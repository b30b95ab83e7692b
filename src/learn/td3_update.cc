// One TD3 update, from a batch to new networks. Read Update() from top to bottom; the three
// formulas stand above it. Notation of the paper: y the Bellman target, pi the policy, E_c and E_a
// the encoders of critic and actor (one and the same in wiring shared_critic), ' a target copy.
#include <ATen/TensorOperators.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/minimum.h>
#include <ATen/ops/mse_loss.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/variable.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "learn/td3_impl.h"

namespace volante {
namespace {

[[noreturn]] void HaltNonFinite(const std::string& what, const std::string& detail) {
  throw Error(ExitCode::kHealthHalt, "non-finite " + what + "; the update was not applied", "",
              detail,
              "look at the last records of train/critic_loss and gradients/; a smaller learning "
              "rate or reward.scale is the usual remedy");
}

// The batch is small beside the networks, so every number of it is looked at.
void RequireFinite(const std::vector<float>& values, const char* what, int row_size) {
  for (size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) {
      HaltNonFinite(what, "row " + std::to_string(i / row_size) + ", column " +
                              std::to_string(i % row_size) + " of the batch is " +
                              std::to_string(values[i]));
    }
  }
}

void RequireFiniteBatch(const Batch& batch) {
  RequireFinite(batch.reward, "reward", 1);
  RequireFinite(batch.vector, "observation", kVectorSize);
  RequireFinite(batch.next_vector, "next observation", kVectorSize);
  RequireFinite(batch.action, "action", kActionSize);
  RequireFinite(batch.discount, "discount", 1);
}

double Number(const at::Tensor& scalar) { return scalar.item<double>(); }

// Puts the critic back when the actor's step that follows it fails, so that a failed update leaves
// nothing behind. Active on updates that train the actor: on others nothing follows.
class CriticRollback {
 public:
  CriticRollback(bool active, FlatParams& params, FlatAdam& adam)
      : active_(active), params_(params), adam_(adam) {
    if (!active_) return;
    values_ = params.values().clone();
    first_ = adam.first_moment.clone();
    second_ = adam.second_moment.clone();
  }
  ~CriticRollback() {
    if (!active_) return;
    const c10::NoGradGuard no_grad;
    params_.values().copy_(values_);
    adam_.first_moment.copy_(first_);
    adam_.second_moment.copy_(second_);
  }
  void Commit() { active_ = false; }

 private:
  bool active_;
  FlatParams& params_;
  FlatAdam& adam_;
  at::Tensor values_, first_, second_;
};

// The share of the critic's gradient that the 53 numbers get where they meet the image.
double VectorGradientShare(const LearnerConfig& config, ObservationMode mode, FlatParams& params) {
  if (mode == ObservationMode::kVector) return 0.0;
  const c10::NoGradGuard no_grad;
  double image = 0.0, vector = 0.0;
  if (config.fusion == Fusion::kTrunk) {
    const auto squared = [&](const char* part) {
      const auto [begin, end] = params.Range(part);
      const double norm = Number(at::linalg_vector_norm(params.grads().slice(0, begin, end)));
      return norm * norm;
    };
    image = squared("critic/trunk/image");
    vector = squared("critic/trunk/vector");
  } else {
    for (const char* head : {"critic/q1/0/weight", "critic/q2/0/weight"}) {
      const at::Tensor grad = params.Leaf(head).grad();  // columns: features, vector, action
      image += std::pow(Number(at::linalg_vector_norm(grad.narrow(1, 0, config.feature_width))), 2);
      vector += std::pow(
          Number(at::linalg_vector_norm(grad.narrow(1, config.feature_width, kVectorSize))), 2);
    }
  }
  return image + vector > 0.0 ? vector / (image + vector) : 0.0;
}

}  // namespace

// Noise of row i, column j in the update after `updates` others: the number 2 i + j (from 0) of
// the normals of stream (seed, "target_policy_noise", updates), scaled and clipped. Stream and
// normal are those of base/random.h: key = XXH3(purpose, seed); the counter is (block, updates)
// as four 32-bit words; a normal takes one block w0..w3, u = 1 - ((w1 2^32 + w0) >> 11) 2^-53,
// v = ((w3 2^32 + w2) >> 11) 2^-53, n = sqrt(-2 ln u) cos(2 pi v).
at::Tensor Td3Learner::Impl::TargetNoise(int64_t batch_size) const {
  RandomStream random(counters.seed, "target_policy_noise",
                      static_cast<uint64_t>(counters.updates));
  const double sigma = config.target_policy_noise, bound = config.target_noise_clip;
  std::vector<double> noise(static_cast<size_t>(batch_size) * kActionSize);
  for (double& n : noise) n = std::clamp(sigma * random.Normal(), -bound, bound);
  return at::from_blob(noise.data(), {batch_size, kActionSize}, at::kDouble)
      .to(tensor_options, /*non_blocking=*/false, /*copy=*/true);
}

// y = r + discount min_i Q_i'(E_c'(o'), clip(pi'(E_a'(o')) + noise, -1, 1)); the discount of a
// terminated transition is 0, of a truncated one gamma^n.
at::Tensor Td3Learner::Impl::BellmanTarget(const BatchTensors& b) const {
  const c10::NoGradGuard no_grad;
  const Features next = target.Encode(b.next_image);
  at::Tensor pi, noise;
  RunBoth(
      twins.get(), [&] { pi = target.actor.Forward(next.actor, b.next_vector).action; },
      [&] { noise = TargetNoise(b.reward.size(0)); });
  const at::Tensor next_action = (pi + noise).clamp_(-1.0, 1.0);
  const auto [q1, q2] = target.critic.Forward(next.critic, b.next_vector, next_action, twins.get());
  return b.reward + b.discount * at::minimum(q1, q2);
}

// MSE(Q1(E_c(o), a), y) + MSE(Q2(E_c(o), a), y): trains Q1, Q2 and E_c.
CriticLoss Td3Learner::Impl::ComputeCriticLoss(const BatchTensors& b,
                                               std::vector<FeatureStats>* stats) const {
  const at::Tensor y = BellmanTarget(b);
  const at::Tensor features = trainable.CriticFeatures(b.image, stats);
  auto [q1, q2] = trainable.critic.Forward(features, b.vector, b.action, twins.get());
  const at::Tensor loss1 = at::mse_loss(q1, y), loss2 = at::mse_loss(q2, y);
  return {loss1 + loss2, loss1, loss2, q1, q2, y, features};
}

void Td3Learner::Impl::BackwardCritic(const CriticLoss& critic) const {
  if (twins == nullptr) {
    critic.loss.backward();
  } else {
    twins->Run([&] { critic.loss1.backward(); }, [&] { critic.loss2.backward(); });
  }
}

double Td3Learner::Impl::CloningWeight() const {
  const DemonstrationsConfig& d = options.demonstrations;
  const double left = 1.0 - static_cast<double>(counters.updates) / d.bc_decay_updates;
  return d.share > 0.0 ? d.bc_weight * std::max(left, 0.0) : 0.0;
}

// -mean Q1(stop_grad E_c(o), pi(E_a(o))) + penalty mean(pre_tanh^2): trains pi and E_a alone. The
// critic is frozen, so a gradient can reach pi through the action only. E_c(o) is that of the
// critic's step just before, cut off from its graph, as in DrQ-v2's published code. Over the rows
// of demonstrations + w mean((pi - a)^2), a the expert's action: behaviour cloning (Fujimoto and
// Gu, "A Minimalist Approach to Offline Reinforcement Learning", NeurIPS 2021, eq. 3).
ActorLoss Td3Learner::Impl::ComputeActorLoss(const BatchTensors& b,
                                             const at::Tensor& critic_step_features,
                                             std::vector<FeatureStats>* stats) const {
  Features features;
  if (critic_step_features.defined()) features.critic = critic_step_features.detach();
  features.actor =
      trainable.actor_encoder ? trainable.actor_encoder->Forward(b.image, stats) : features.critic;
  ActorOutput pi = trainable.actor.Forward(features.actor, b.vector);
  at::Tensor q = frozen.critic.Q1(features.critic, b.vector, pi.action);
  at::Tensor loss = -q.mean() + config.pre_tanh_penalty * pi.pre_tanh.square().mean();
  if (const double weight = CloningWeight(); weight > 0.0 && b.demonstrations > 0) {
    const int64_t first = b.action.size(0) - b.demonstrations;
    loss = loss + weight * at::mse_loss(pi.action.narrow(0, first, b.demonstrations),
                                        b.action.narrow(0, first, b.demonstrations));
  }
  return {loss, q, pi};
}

// theta' <- theta' + tau (theta - theta'). Without a target encoder the critic's target begins
// after the encoder.
void Td3Learner::Impl::UpdateTargets() {
  const c10::NoGradGuard no_grad;
  target_actor_params.values().lerp_(actor_params.values(), config.tau);
  at::Tensor& critic_target = target_critic_params.values();
  const int64_t skipped = critic_params.values().numel() - critic_target.numel();
  critic_target.lerp_(critic_params.values().slice(0, skipped), config.tau);
}

UpdateMetrics Td3Learner::Impl::Update(const Batch& batch, bool with_feature_stats) {
  RequireFiniteBatch(batch);
  const OneThreadScope one_thread(twins != nullptr);
  const BatchTensors b = Load(batch);
  UpdateMetrics metrics;
  metrics.update = counters.updates + 1;
  metrics.actor_updated = metrics.update % config.policy_delay == 0;

  // The critic, on every update.
  std::vector<FeatureStats>* stats = with_feature_stats ? &metrics.features : nullptr;
  const CriticLoss critic = ComputeCriticLoss(b, stats);
  metrics.critic_loss = Number(critic.loss);
  metrics.target_mean = Number(critic.target.mean());
  if (!std::isfinite(metrics.target_mean)) HaltNonFinite("target", "of the critics' regression");
  if (!std::isfinite(metrics.critic_loss)) HaltNonFinite("loss", "of the critic");
  critic_params.ZeroGrads();
  BackwardCritic(critic);
  metrics.critic_grad = ClipGradients(critic_params, critic_params.Range("critic/encoder"),
                                      config.critic_grad_norm, "critic");
  CriticRollback rollback(metrics.actor_updated, critic_params, critic_adam);
  critic_adam.Step(critic_params, metrics.update);

  // The actor and all targets, on every policy_delay-th.
  ActorMetrics actor_metrics = counters.last_actor;
  if (metrics.actor_updated) {
    const ActorLoss actor = ComputeActorLoss(b, critic.features, stats);
    actor_metrics.actor_loss = Number(actor.loss);
    if (!std::isfinite(actor_metrics.actor_loss)) HaltNonFinite("loss", "of the actor");
    actor_params.ZeroGrads();
    actor.loss.backward();
    actor_metrics.actor_grad = ClipGradients(actor_params, actor_params.Range("actor/encoder"),
                                             config.actor_grad_norm, "actor");
    actor_adam.Step(actor_params, counters.actor_updates + 1);
    UpdateTargets();

    const c10::NoGradGuard no_grad;
    actor_metrics.q_actor_mean = Number(actor.q.mean());
    actor_metrics.action_saturation = Number(actor.pi.action.abs().gt(0.99).to(at::kFloat).mean());
    actor_metrics.pre_tanh_rms = std::sqrt(Number(actor.pi.pre_tanh.square().mean()));
  }
  rollback.Commit();
  counters.updates = metrics.update;
  counters.actor_updates += metrics.actor_updated;
  counters.last_actor = actor_metrics;
  static_cast<ActorMetrics&>(metrics) = actor_metrics;

  const c10::NoGradGuard no_grad;
  const at::Tensor q1 = critic.q1.detach(), q2 = critic.q2.detach();
  metrics.q_batch_mean = Number(q1.mean());
  metrics.q_mean = 0.5 * (metrics.q_batch_mean + Number(q2.mean()));
  metrics.q_std = Number(q1.std(/*unbiased=*/false));
  metrics.twin_gap = Number((q1 - q2).abs_().mean());
  metrics.td_error_mean = Number((q1 - critic.target).abs_().mean());
  metrics.vector_gradient_share = VectorGradientShare(config, options.mode, critic_params);
  return metrics;
}

}  // namespace volante
