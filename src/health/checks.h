// The table of health checks: one row per alarm, with what it reads, when it fires and what to do.
// The live monitor, the documentation and every verdict on a run read this one table.
// Pure functions over a window of metrics: no state (that is health/monitor.h), no output.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace volante {

enum class Severity : uint8_t {
  kWarning,   // look at it when convenient
  kCritical,  // the run is very probably lost unless something changes
  kHalt,      // the run stops before the bad value is applied (exit code 6)
};
inline constexpr std::array kSeverityNames = {"warning", "critical", "halt"};

// Updates between two evaluations of the table.
inline constexpr int64_t kHealthCheckUpdates = 100;
// How far back the frozen checks look.
inline constexpr int64_t kFrozenPolicyUpdates = 1000;
inline constexpr int64_t kFrozenCarTicks = 1000;

// What a check may read: means over the updates since the last check, and the longer windows of
// the two frozen checks. Empty = not known (yet); a check that lacks an input says nothing.
struct HealthWindow {
  int64_t non_finite_values = 0;             // since the last check
  std::optional<double> q_batch_mean;        // mean Q1(s, a) over the batch
  std::optional<double> q_batch_std;         // its spread over the batch
  std::optional<double> q_actor_mean;        // mean Q1(s, pi(s)), on updates that train the actor
  std::optional<double> action_saturation;   // share of |a| > 0.99 in pi(s), 0..1
  std::optional<double> probe_action_range;  // largest (max - min) of any deterministic action on
                                             // the probe batch over the last 1,000 updates
  std::optional<double> mean_speed_mps;      // of the egos over the last 1,000 ticks of learning
};

// What a check saw: bad when `value` is on the wrong side of `limit`.
struct HealthReading {
  double value = 0.0;
  double limit = 0.0;
  bool bad = false;
};

struct HealthCheck {
  const char* name;        // stable: event tags and summaries use it
  const char* reads;       // metric tags
  const char* fires_when;  // for people; the code is `read`
  Severity severity;
  int checks_in_a_row;      // bad readings in a row (one per 100 updates) before it fires
  const char* unit;         // of value and limit, "" when they have none
  const char* explanation;  // what it means when it fires
  const char* remedy;       // what to do next
  std::optional<HealthReading> (*read)(const HealthWindow& window);
};

inline constexpr size_t kNumHealthChecks = 5;

// All checks, the gravest first. The order is part of the saved state of a monitor.
std::span<const HealthCheck, kNumHealthChecks> HealthChecks();

// The row of that name; a programmer error when there is none.
const HealthCheck& FindHealthCheck(std::string_view name);

// The table as Markdown, for docs/.
std::string HealthTableMarkdown();

}  // namespace volante
