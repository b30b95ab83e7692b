// One update of imitation, from a batch to a new actor: behaviour cloning and DAgger differ in who
// drove and in nothing here. Shares loading, finite checks, clipping and Adam with the TD3 update;
// neither critic nor targets are read or written.
#include <ATen/TensorOperators.h>
#include <ATen/ops/mse_loss.h>
#include <c10/core/GradMode.h>

#include <cmath>

#include "base/error.h"
#include "learn/non_finite.h"
#include "learn/td3_impl.h"

namespace volante {

// mean over rows and both components of (pi(E_a(o)) - a*)^2, a* the teacher's action in o, which
// stands in the batch in place of the executed one (run/behaviour.h). The squared loss is the
// surrogate of Ross et al. 2011, section 3; it trains pi and E_a.
UpdateMetrics Td3Learner::Impl::ImitationUpdate(const Batch& batch, bool with_feature_stats) {
  const OneThreadScope small_passes(SmallPasses());
  std::vector<Shard> shards = Split(Load(batch, /*with_next=*/false));
  next_statistics.values().copy_(statistics.values());
  UpdateMetrics metrics;
  metrics.update = counters.updates + 1;
  metrics.critic_updated = false;
  metrics.actor_updated = true;

  ForShards(shards, [&](Shard& shard) {
    const BatchTensors& b = shard.b;
    const AgentNets& nets = trainable[b.shard];
    actor_params.ZeroGrads(b.shard);
    at::Tensor features;
    if (nets.actor_encoder) {
      features = nets.actor_encoder->Forward(b.image, with_feature_stats ? &shard.stats : nullptr);
    }
    shard.actor.pi = nets.actor.Forward(features, b.vector, b.how);
    shard.actor.loss = b.share * at::mse_loss(shard.actor.pi.action, b.action);
    shard.actor.loss.backward();
  });
  SumGrads(actor_params, static_cast<int>(shards.size()));
  const auto [loss, q, cloning, pi] = JoinActor(shards);
  metrics.features = JoinStats(shards);
  metrics.actor_loss = loss.item<double>();
  metrics.bc_loss = metrics.actor_loss;
  if (!std::isfinite(metrics.actor_loss)) HaltNonFinite("loss", "", "of the actor");
  metrics.actor_grad = ClipGradients(actor_params, actor_params.Range("actor/encoder"),
                                     ClipFor(config.actor_grad_norm), "actor");
  Step(actor_params, actor_adam, counters.actor_updates + 1);

  const c10::NoGradGuard no_grad;
  statistics.values().copy_(next_statistics.values());
  metrics.action_saturation = pi.action.abs().gt(0.99).to(at::kFloat).mean().item<double>();
  metrics.pre_tanh_rms = std::sqrt(pi.pre_tanh.square().mean().item<double>());
  counters.updates = metrics.update;
  ++counters.actor_updates;
  counters.last_actor = metrics;
  return metrics;
}

}  // namespace volante
