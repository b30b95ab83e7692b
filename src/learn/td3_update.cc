// One TD3 update, from a batch to new networks. Read Update() from top to bottom; the formulas of
// the two losses stand above it, that of the target in bellman_target.cc. Notation of the paper: y
// the Bellman target, pi the policy, E_c and E_a the encoders of critic and actor (one and the same
// in wiring shared_critic), ' a target copy. DDPG and MPG are this update with other switches
// (configs/algorithms/).
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/mse_loss.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/variable.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "learn/non_finite.h"
#include "learn/regression.h"
#include "learn/td3_impl.h"

namespace volante {
namespace {

double Number(const at::Tensor& scalar) { return scalar.item<double>(); }

// Puts the critic back when the actor's step that follows it fails, so that a failed update leaves
// nothing behind. Active on updates that train the actor: on others nothing follows.
class CriticRollback {
 public:
  // What an update changes of a critic.
  using Content = std::array<at::Tensor, 3>;
  // `kept`: memory for a copy, made when it is undefined.
  CriticRollback(bool active, const Content& content, Content& kept, Td3Learner::Impl& impl)
      : active_(active), content_(content), kept_(kept) {
    if (!active_) return;
    for (size_t i = 0; i < kept_.size(); ++i) {
      if (!kept_[i].defined()) kept_[i] = at::empty_like(content_[i]);
    }
    impl.ForRanges(content_[0].numel(), [this](int64_t begin, int64_t end) {
      const c10::NoGradGuard no_grad;
      for (size_t i = 0; i < kept_.size(); ++i) {
        kept_[i].slice(0, begin, end).copy_(content_[i].slice(0, begin, end));
      }
    });
  }
  ~CriticRollback() {
    if (!active_) return;
    const c10::NoGradGuard no_grad;
    for (size_t i = 0; i < kept_.size(); ++i) content_[i].copy_(kept_[i]);
  }
  void Commit() { active_ = false; }

 private:
  bool active_;
  Content content_;
  Content& kept_;
};

// The share of the critic's gradient that the numbers get where they meet the image.
double VectorGradientShare(const LearnerConfig& config, ObservationShape mode, FlatParams& params) {
  if (!HasImage(mode)) return 0.0;
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
    const auto layers = config.memory == Memory::kNone
                            ? std::vector<const char*>{"critic/q1/0/weight", "critic/q2/0/weight"}
                            : std::vector<const char*>{"critic/memory/weight_ih"};
    for (const char* layer : layers) {
      if (!params.Has(layer)) continue;
      const at::Tensor grad = params.Leaf(layer).grad();  // columns: features, vector, (action)
      image += std::pow(Number(at::linalg_vector_norm(grad.narrow(1, 0, config.feature_width))), 2);
      vector += std::pow(
          Number(at::linalg_vector_norm(grad.narrow(1, config.feature_width, VectorSize(mode)))),
          2);
    }
  }
  return image + vector > 0.0 ? vector / (image + vector) : 0.0;
}

}  // namespace

// MSE(Q1(E_c(o), a), y) + MSE(Q2(E_c(o), a), y), with priorities their own losses
// (learn/regression.h): trains Q1, Q2 and E_c. One critic: the first alone.
CriticLoss Td3Learner::Impl::ComputeCriticLoss(const BatchTensors& b,
                                               std::vector<FeatureStats>* stats) const {
  const AgentNets& nets = trainable[b.shard];
  BellmanTarget bellman = ComputeTarget(b);
  const at::Tensor features = nets.CriticFeatures(b.image, stats);
  auto [q1, q2] = nets.critic.Forward(features, b.vector, b.action, b.how);
  at::Tensor loss = RegressionLoss(options.priority, q1, bellman.y, b.weight);
  if (q2.defined()) loss = loss + RegressionLoss(options.priority, q2, bellman.y, b.weight);
  return {b.share * loss, q1, q2, std::move(bellman), features};
}

Clip Td3Learner::Impl::ClipFor(double norm_limit) const {
  return {config.grad_clip, config.grad_clip == GradClip::kValue ? config.grad_value : norm_limit};
}

double Td3Learner::Impl::CloningWeight() const {
  const DemonstrationsConfig& d = options.demonstrations;
  const double left = 1.0 - static_cast<double>(counters.updates) / d.bc_decay_updates;
  return d.share > 0.0 ? d.bc_weight * std::max(left, 0.0) : 0.0;
}

// -mean Q1(stop_grad E_c(o), pi(E_a(o))) + penalty mean(pre_tanh^2): trains pi and E_a alone. The
// critic is frozen, so a gradient can reach pi through the action only. E_c(o) is that of the
// critic's step just before, cut off from its graph, as in DrQ-v2's published code. Over the rows
// of demonstrations + w mean((pi - a*)^2), a* what the expert would have done without its noise:
// behaviour cloning (Fujimoto and Gu, "A Minimalist Approach to Offline Reinforcement Learning",
// NeurIPS 2021, eq. 3).
ActorLoss Td3Learner::Impl::ComputeActorLoss(const BatchTensors& b,
                                             const at::Tensor& critic_step_features,
                                             std::vector<FeatureStats>* stats) const {
  const AgentNets& nets = trainable[b.shard];
  Features features;
  if (critic_step_features.defined()) features.critic = critic_step_features.detach();
  features.actor =
      nets.actor_encoder ? nets.actor_encoder->Forward(b.image, stats) : features.critic;
  // The mistake that wiring legacy keeps: a state that the critic's head never was trained on, and
  // through which the actor's encoder is trained to inflate Q.
  if (config.wiring == Wiring::kLegacy) features.critic = features.actor;
  ActorOutput pi = nets.actor.Forward(features.actor, b.vector, b.how);
  at::Tensor q = frozen.critic.Q1(features.critic, b.vector, pi.action, b.how);
  at::Tensor loss = b.share * (-q.mean() + config.pre_tanh_penalty * pi.pre_tanh.square().mean());
  at::Tensor cloning;
  if (const double weight = CloningWeight(); weight > 0.0 && b.demonstrations > 0) {
    const int64_t first = b.action.size(0) - b.demonstrations;
    cloning = b.demonstrations_share *
              at::mse_loss(pi.action.narrow(0, first, b.demonstrations), b.label);
    loss = loss + weight * cloning;
  }
  return {loss, q, cloning, pi};
}

// theta' <- theta' + tau (theta - theta'), for the parameters that have a target copy. Running
// statistics are copied as they are (so does Stable-Baselines3): they follow the batches slowly
// already.
void Td3Learner::Impl::UpdateTargets() {
  const c10::NoGradGuard no_grad;
  const auto follow = [this](FlatParams& slow, const FlatParams& online) {
    ForRanges(slow.values().numel(),
              [&](int64_t begin, int64_t end) { slow.Follow(online, config.tau, begin, end); });
  };
  follow(target_actor_params, actor_params);
  follow(target_critic_params, critic_params);
  if (!specs.target_statistics.empty()) target_statistics.values().copy_(next_statistics.values());
}

UpdateMetrics Td3Learner::Impl::Update(const Batch& batch, bool with_feature_stats) {
  const OneThreadScope small_passes(SmallPasses());
  std::vector<Shard> shards = Split(Load(batch));
  const int num = static_cast<int>(shards.size());
  next_statistics.values().copy_(statistics.values());
  UpdateMetrics metrics;
  metrics.update = counters.updates + 1;
  metrics.actor_updated = metrics.update % config.policy_delay == 0;

  // The critic, on every update.
  ForShards(shards, [&](Shard& shard) {
    critic_params.ZeroGrads(shard.b.shard);
    shard.critic = ComputeCriticLoss(shard.b, with_feature_stats ? &shard.stats : nullptr);
    shard.critic.loss.backward();
  });
  SumGrads(critic_params, num);
  const CriticLoss critic = JoinCritic(shards);
  metrics.critic_loss = Number(critic.loss);
  metrics.target_mean = Number(critic.target.y.mean());
  if (!std::isfinite(metrics.target_mean)) HaltNonFinite("target", "", "of the critics");
  if (!std::isfinite(metrics.critic_loss)) HaltNonFinite("loss", "", "of the critics");
  metrics.critic_grad = ClipGradients(critic_params, critic_params.Range("critic/encoder"),
                                      ClipFor(config.critic_grad_norm), "critic");
  CriticRollback rollback(
      metrics.actor_updated,
      {critic_params.values(), critic_adam.first_moment, critic_adam.second_moment}, kept_critic,
      *this);
  Step(critic_params, critic_adam, metrics.update);

  // The actor and all targets, on every policy_delay-th.
  ActorMetrics actor_metrics = counters.last_actor;
  if (metrics.actor_updated) {
    ForShards(shards, [&](Shard& shard) {
      actor_params.ZeroGrads(shard.b.shard);
      shard.actor = ComputeActorLoss(shard.b, shard.critic.features,
                                     with_feature_stats ? &shard.stats : nullptr);
      shard.actor.loss.backward();
    });
    SumGrads(actor_params, num);
    const ActorLoss actor = JoinActor(shards);
    actor_metrics.actor_loss = Number(actor.loss);
    if (actor.cloning.defined()) metrics.bc_loss = Number(actor.cloning);
    if (!std::isfinite(actor_metrics.actor_loss)) HaltNonFinite("loss", "", "of the actor");
    actor_metrics.actor_grad = ClipGradients(actor_params, actor_params.Range("actor/encoder"),
                                             ClipFor(config.actor_grad_norm), "actor");
    Step(actor_params, actor_adam, counters.actor_updates + 1);
    UpdateTargets();

    const c10::NoGradGuard no_grad;
    actor_metrics.q_actor_mean = Number(actor.q.mean());
    actor_metrics.action_saturation = Number(actor.pi.action.abs().gt(0.99).to(at::kFloat).mean());
    actor_metrics.pre_tanh_rms = std::sqrt(Number(actor.pi.pre_tanh.square().mean()));
  }
  rollback.Commit();
  if (critic.target.delta_last.defined()) delta_last = critic.target.delta_last;
  statistics.values().copy_(next_statistics.values());
  counters.updates = metrics.update;
  counters.actor_updates += metrics.actor_updated;
  counters.last_actor = actor_metrics;
  static_cast<ActorMetrics&>(metrics) = actor_metrics;

  const c10::NoGradGuard no_grad;
  const at::Tensor &q1 = critic.q1, &q2 = critic.q2.defined() ? critic.q2 : q1;
  metrics.q_batch_mean = Number(q1.mean());
  metrics.q_mean = 0.5 * (metrics.q_batch_mean + Number(q2.mean()));
  metrics.q_std = Number(q1.std(/*unbiased=*/false));
  metrics.twin_gap = Number((q1 - q2).abs_().mean());
  metrics.td_error_mean = Number((q1 - critic.target.y).abs_().mean());
  if (options.priority != ReplayPriority::kUniform) {
    metrics.td_errors = TdErrors(q1, q2, critic.target.y);
  }
  metrics.features = JoinStats(shards);
  metrics.vector_gradient_share = VectorGradientShare(config, options.mode, critic_params);
  return metrics;
}

}  // namespace volante
