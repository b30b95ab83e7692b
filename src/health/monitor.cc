#include "health/monitor.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/error.h"

namespace volante {
namespace {

constexpr size_t kNonFinite = 0;  // its row in the table
constexpr int64_t kSpeedBlockTicks = 100;
constexpr size_t kSpeedBlocks = kFrozenCarTicks / kSpeedBlockTicks;
// Snapshots that span 1,000 updates: both ends count.
constexpr size_t kProbes = kFrozenPolicyUpdates / kHealthCheckUpdates + 1;

bool Finite(std::optional<double> value) { return !value || std::isfinite(*value); }

// Where a sample is not finite, "" when it is finite everywhere.
std::string NonFiniteWhere(const HealthSample& sample) {
  if (!sample.finite) {
    return sample.non_finite_where.empty() ? "unnamed value" : sample.non_finite_where;
  }
  if (!Finite(sample.q_batch_mean)) return "q_batch_mean";
  if (!Finite(sample.q_batch_std)) return "q_batch_std";
  if (!Finite(sample.q_actor_mean)) return "q_actor_mean";
  if (!Finite(sample.action_saturation)) return "action_saturation";
  return "";
}

const char* SeverityName(const HealthCheck& check) {
  return kSeverityNames[static_cast<size_t>(check.severity)];
}

// 1234567 -> "1,234,567"
std::string Grouped(int64_t value) {
  const std::string digits = std::to_string(value);
  const size_t sign = digits[0] == '-' ? 1 : 0;
  std::string out;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > sign && (digits.size() - i) % 3 == 0) out += ',';
    out += digits[i];
  }
  return out;
}

}  // namespace

void HealthMonitor::AddUpdate(const HealthSample& sample) {
  VOLANTE_CHECK(sample.update > updates_, "updates come in order, each once");
  updates_ = sample.update;
  if (const std::string where = NonFiniteWhere(sample); !where.empty()) {
    if (non_finite_values_++ == 0) non_finite_where_ = where;
    HealthWindow window;
    window.non_finite_values = non_finite_values_;
    Judge(kNonFinite, HealthChecks()[kNonFinite].read(window), sample);
  } else {
    sums_.q_batch_mean.Add(sample.q_batch_mean);
    sums_.q_batch_std.Add(sample.q_batch_std);
    sums_.q_actor_mean.Add(sample.q_actor_mean);
    sums_.action_saturation.Add(sample.action_saturation);
  }
  if (sample.update % kHealthCheckUpdates == 0) Evaluate(sample);
}

void HealthMonitor::AddTick(double mean_speed_mps, bool learning) {
  if (!learning) {
    speed_blocks_mps_.clear();
    speed_sum_mps_ = 0.0;
    speed_ticks_ = 0;
    return;
  }
  speed_sum_mps_ += mean_speed_mps;
  if (++speed_ticks_ < kSpeedBlockTicks) return;
  if (speed_blocks_mps_.size() == kSpeedBlocks) speed_blocks_mps_.erase(speed_blocks_mps_.begin());
  speed_blocks_mps_.push_back(speed_sum_mps_ / static_cast<double>(kSpeedBlockTicks));
  speed_sum_mps_ = 0.0;
  speed_ticks_ = 0;
}

void HealthMonitor::AddProbe(std::span<const float> actions) {
  VOLANTE_CHECK(probes_.empty() || probes_[0].actions.size() == actions.size(),
                "the probe batch never changes");
  if (probes_.size() == kProbes) probes_.erase(probes_.begin());
  probes_.push_back({{actions.begin(), actions.end()}});
}

HealthWindow HealthMonitor::Window() const {
  HealthWindow window;
  window.non_finite_values = non_finite_values_;
  window.q_batch_mean = sums_.q_batch_mean.Value();
  window.q_batch_std = sums_.q_batch_std.Value();
  window.q_actor_mean = sums_.q_actor_mean.Value();
  window.action_saturation = sums_.action_saturation.Value();
  if (probes_.size() == kProbes) {
    float range = 0.0f;
    for (size_t i = 0; i < probes_[0].actions.size(); ++i) {
      float low = probes_[0].actions[i], high = low;
      for (const Probe& probe : probes_) {
        low = std::min(low, probe.actions[i]);
        high = std::max(high, probe.actions[i]);
      }
      range = std::max(range, high - low);
    }
    window.probe_action_range = range;
  }
  if (speed_blocks_mps_.size() == kSpeedBlocks) {
    double sum = 0.0;
    for (const double block : speed_blocks_mps_) sum += block;
    window.mean_speed_mps = sum / static_cast<double>(kSpeedBlocks);
  }
  return window;
}

void HealthMonitor::Evaluate(const HealthSample& sample) {
  const HealthWindow window = Window();
  const auto checks = HealthChecks();
  for (size_t i = 0; i < checks.size(); ++i) {
    Judge(i, checks[i].read(window), sample);
    if (states_[i].active) ++states_[i].checks_active;
  }
  sums_ = {};
}

void HealthMonitor::Judge(size_t index, std::optional<HealthReading> reading,
                          const HealthSample& sample) {
  if (!reading) return;  // nothing known: neither better nor worse than before
  const HealthCheck& check = HealthChecks()[index];
  CheckState& state = states_[index];
  state.value = reading->value;
  state.limit = reading->limit;
  state.bad_in_a_row = reading->bad ? state.bad_in_a_row + 1 : 0;
  const bool active = state.bad_in_a_row >= check.checks_in_a_row;
  if (active == state.active) return;
  state.active = active;
  if (active) {
    if (state.times++ == 0) {
      state.first_update = sample.update;
      state.first_env_step = sample.env_step;
    }
    state.since_update = sample.update;
  }
  events_.push_back(
      {check.name, check.severity, active, sample.update, sample.env_step,
       active ? AlarmText(index) : fmt::format("{} is over: {}", check.name, ReadingText(index))});
}

std::string HealthMonitor::ReadingText(size_t index) const {
  const HealthCheck& check = HealthChecks()[index];
  const CheckState& state = states_[index];
  if (index == kNonFinite) {
    return fmt::format("{} non-finite, first in {}", state.value, non_finite_where_);
  }
  return fmt::format("{:.4g}{}{} (limit {:.4g})", state.value, *check.unit ? " " : "", check.unit,
                     state.limit);
}

std::string HealthMonitor::AlarmText(size_t index) const {
  const HealthCheck& check = HealthChecks()[index];
  return fmt::format("{}: {} {} since update {}. {} Next: {}", SeverityName(check), check.name,
                     ReadingText(index), Grouped(states_[index].since_update), check.explanation,
                     check.remedy);
}

bool HealthMonitor::halted() const {
  const auto checks = HealthChecks();
  for (size_t i = 0; i < checks.size(); ++i) {
    if (states_[i].active && checks[i].severity == Severity::kHalt) return true;
  }
  return false;
}

bool HealthMonitor::IsActive(std::string_view check) const {
  const auto index = &FindHealthCheck(check) - HealthChecks().data();
  return states_[static_cast<size_t>(index)].active;
}

std::string HealthMonitor::ProgressText() const {
  std::string text;
  const auto checks = HealthChecks();
  for (size_t i = 0; i < checks.size(); ++i) {
    if (!states_[i].active) continue;
    text += fmt::format("{}{}: {} {}", text.empty() ? "" : "; ", SeverityName(checks[i]),
                        checks[i].name, ReadingText(i));
  }
  return text;
}

std::vector<std::string> HealthMonitor::ActiveTexts() const {
  std::vector<std::string> texts;
  for (size_t i = 0; i < states_.size(); ++i) {
    if (states_[i].active) texts.push_back(AlarmText(i));
  }
  return texts;
}

std::vector<HealthEvent> HealthMonitor::TakeEvents() { return std::exchange(events_, {}); }

std::vector<HealthSummaryRow> HealthMonitor::Summary() const {
  std::vector<HealthSummaryRow> rows;
  const auto checks = HealthChecks();
  for (size_t i = 0; i < checks.size(); ++i) {
    const CheckState& state = states_[i];
    if (state.times == 0) continue;
    rows.push_back({&checks[i], state.first_update, state.first_env_step, state.times,
                    state.checks_active, state.active});
  }
  return rows;
}

std::string HealthMonitor::SummaryText() const {
  const std::vector<HealthSummaryRow> rows = Summary();
  if (rows.empty()) return fmt::format("health: no alarm in {} updates", Grouped(updates_));
  std::string text = fmt::format("health: {} alarm{} in {} updates", rows.size(),
                                 rows.size() == 1 ? "" : "s", Grouped(updates_));
  for (const HealthSummaryRow& row : rows) {
    text +=
        fmt::format("\n  {} ({}): first at update {} (env step {}), {} time{}, {} of the checks{}",
                    row.check->name, SeverityName(*row.check), Grouped(row.first_update),
                    Grouped(row.first_env_step), row.times, row.times == 1 ? "" : "s",
                    row.checks_active, row.active ? ", active at the end" : "");
    text += fmt::format("\n    next: {}", row.check->remedy);
  }
  return text;
}

}  // namespace volante
