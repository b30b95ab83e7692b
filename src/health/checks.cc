#include "health/checks.h"

#include <fmt/format.h>

#include <cmath>
#include <string_view>

#include "base/error.h"

namespace volante {
namespace {

using Reading = std::optional<HealthReading>;

Reading Above(std::optional<double> value, double limit) {
  if (!value) return std::nullopt;
  return HealthReading{*value, limit, *value > limit};
}

Reading Below(std::optional<double> value, double limit) {
  if (!value) return std::nullopt;
  return HealthReading{*value, limit, *value < limit};
}

Reading ReadNonFinite(const HealthWindow& window) {
  return Above(static_cast<double>(window.non_finite_values), 0.0);
}

// The gap at which the earlier implementation's divergence was already plain, 500 updates after
// learning began, while a sound run stays well inside (reference: halt rule (i)).
Reading ReadActorQGap(const HealthWindow& window) {
  if (!window.q_batch_mean || !window.q_batch_std || !window.q_actor_mean) return std::nullopt;
  return Above(std::abs(*window.q_actor_mean - *window.q_batch_mean),
               5.0 * *window.q_batch_std + 10.0);
}

Reading ReadSaturation(const HealthWindow& window) { return Above(window.action_saturation, 0.5); }

// With a step size of 3e-4, 500 actor updates move some action by far more than a thousandth.
Reading ReadFrozenPolicy(const HealthWindow& window) {
  return Below(window.probe_action_range, 1e-3);
}

Reading ReadFrozenCar(const HealthWindow& window) { return Below(window.mean_speed_mps, 0.5); }

constexpr std::array<HealthCheck, kNumHealthChecks> kChecks = {{
    {.name = "non_finite",
     .reads = "losses, gradients, parameters, Q",
     .fires_when = "any value is NaN or infinite, at any update",
     .severity = Severity::kHalt,
     .checks_in_a_row = 1,
     .unit = "values",
     .explanation = "A value is NaN or infinite; applying it would destroy the networks.",
     .remedy = "resume from the last checkpoint with a smaller learner.critic_lr or reward.scale, "
               "and look at the gradient norms before the stop",
     .read = ReadNonFinite},
    {.name = "actor_q_gap",
     .reads = "train/q_actor, train/q_batch, train/q_std",
     .fires_when = "|mean Q(s, pi(s)) - mean Q(s, a)| > 5 std(Q(s, a)) + 10 at 5 checks in a row",
     .severity = Severity::kCritical,
     .checks_in_a_row = 5,
     .unit = "",
     .explanation = "The actor climbs values that the critic never learned from data: Q of the "
                    "policy's actions runs away from Q of the batch.",
     .remedy = "stop; check learner.wiring and the optimizer audit, then lower learner.actor_lr or "
               "reward.scale",
     .read = ReadActorQGap},
    {.name = "action_saturation",
     .reads = "train/action_saturation",
     .fires_when = "more than half of the actions have |a| > 0.99, for 500 updates",
     .severity = Severity::kCritical,
     .checks_in_a_row = 5,
     .unit = "of actions",
     .explanation = "The actor's output is pressed against its bounds, where tanh passes almost no "
                    "gradient; such a policy seldom recovers.",
     .remedy = "start again with a larger learner.pre_tanh_penalty, learner.last_layer_init 0.003, "
               "or a smaller learner.actor_lr",
     .read = ReadSaturation},
    {.name = "frozen_policy",
     .reads = "deterministic actions on a fixed probe batch",
     .fires_when = "no action changed by 0.001 over 1,000 updates",
     .severity = Severity::kWarning,
     .checks_in_a_row = 1,
     .unit = "",
     .explanation = "Learning goes on but the policy stays the same: its gradient is zero or does "
                    "not reach it.",
     .remedy = "look at the actor's gradient norm and at train/action_saturation; check that "
               "learner.actor_lr is not 0",
     .read = ReadFrozenPolicy},
    {.name = "frozen_car",
     .reads = "mean speed of the egos after learning has begun",
     .fires_when = "the mean over 1,000 ticks is below 0.5 m/s",
     .severity = Severity::kWarning,
     .checks_in_a_row = 1,
     .unit = "m/s",
     .explanation = "The car has stood still for 50 simulated seconds while it learns: the policy "
                    "has found that standing pays, or can't move.",
     .remedy = "watch it with `volante drive`; check the reward's ordering test, "
               "start.spread_share and the exploration noise",
     .read = ReadFrozenCar},
}};

}  // namespace

std::span<const HealthCheck, kNumHealthChecks> HealthChecks() { return kChecks; }

const HealthCheck& FindHealthCheck(std::string_view name) {
  for (const HealthCheck& check : kChecks) {
    if (check.name == name) return check;
  }
  CheckFailed("known health check", __FILE__, __LINE__, name);
}

std::string HealthTableMarkdown() {
  std::string out =
      "| alarm | severity | fires when | reads | what it means | what to do |\n"
      "|---|---|---|---|---|---|\n";
  // A bar inside a cell would end it.
  const auto cell = [](std::string_view text) {
    std::string escaped;
    for (const char c : text) escaped += c == '|' ? std::string("\\|") : std::string(1, c);
    return escaped;
  };
  for (const HealthCheck& check : kChecks) {
    out += fmt::format("| `{}` | {} | {} | {} | {} | {} |\n", check.name,
                       kSeverityNames[static_cast<size_t>(check.severity)], cell(check.fires_when),
                       cell(check.reads), cell(check.explanation), cell(check.remedy));
  }
  return out;
}

}  // namespace volante
