#include "run/update_log.h"

#include <ctime>
#include <string>
#include <utility>
#include <vector>

namespace volante {
namespace {

void AddCritic(const UpdateMetrics& m, std::vector<ScalarValue>& values) {
  values.insert(values.end(), {{"train/critic_loss", m.critic_loss},
                               {"train/actor_loss", m.actor_loss},
                               {"train/q_mean", m.q_mean},
                               {"train/q_std", m.q_std},
                               {"train/q_batch", m.q_batch_mean},
                               {"train/q_actor", m.q_actor_mean},
                               {"train/twin_gap", m.twin_gap},
                               {"train/td_error", m.td_error_mean},
                               {"train/target_mean", m.target_mean},
                               {"gradients/critic_before", m.critic_grad.before},
                               {"gradients/critic_after", m.critic_grad.after},
                               {"gradients/critic_encoder_before", m.critic_grad.encoder_before},
                               {"gradients/critic_head_before", m.critic_grad.head_before},
                               {"gradients/vector_share", m.vector_gradient_share}});
}

// Of all threads since the process began: what a training costs, also where others share the cores.
double CpuMinutes() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC / 60.0; }

}  // namespace

void LogUpdate(EventWriter& events, const UpdateMetrics& m, const UpdateContext& context) {
  std::vector<ScalarValue> values;
  if (m.critic_updated) {
    AddCritic(m, values);
  } else {
    values.push_back({"train/beta", context.beta});
  }
  if (m.bc_loss) values.push_back({"train/bc_loss", *m.bc_loss});
  values.insert(values.end(),
                {{"train/action_saturation", m.action_saturation},
                 {"train/pre_tanh_rms", m.pre_tanh_rms},
                 {"train/exploration_sigma", context.exploration_sigma},
                 {"train/updates", static_cast<double>(m.update)},
                 {"train/replay_transitions", static_cast<double>(context.replay_transitions)},
                 {"gradients/actor_before", m.actor_grad.before},
                 {"gradients/actor_after", m.actor_grad.after},
                 {"gradients/actor_encoder_before", m.actor_grad.encoder_before},
                 {"gradients/actor_head_before", m.actor_grad.head_before}});
  if (context.priorities != nullptr) {
    values.push_back({"replay/ess", context.priorities->EffectiveShare()});
    values.push_back({"replay/priority_max", context.priorities->largest()});
  }
  values.push_back({"time/minutes", context.minutes});
  values.push_back({"time/cpu_minutes", CpuMinutes()});
  std::vector<std::string> tags;
  tags.reserve(m.features.size() * 3);
  for (const FeatureStats& f : m.features) {
    for (const auto& [suffix, value] :
         {std::pair{"_mean", f.mean}, {"_std", f.std}, {"_norm", f.norm}}) {
      tags.push_back("features/" + f.layer + suffix);
      values.push_back({tags.back(), value});
    }
  }
  events.Scalars(context.env_step, values);
}

}  // namespace volante
