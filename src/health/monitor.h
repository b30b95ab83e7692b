// The live monitor: is fed with metrics while a run learns, evaluates the table of health/checks.h
// every 100 updates, and says which alarms are active, since when, and what to do.
// Its state is part of an exact resume: SaveState/LoadState (base/archive.h) walk VisitFields.
// It never stops anything itself: the trainer asks halted() before it applies an update.
// Used by the trainer's one thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "health/checks.h"

namespace volante {

// Metrics of one update. Fields that this update did not compute stay empty (the actor's on updates
// that train the critic alone; anything that is only computed when metrics are logged).
struct HealthSample {
  int64_t update = 0;    // counts from 1
  int64_t env_step = 0;  // for the messages only
  std::optional<double> q_batch_mean = {};
  std::optional<double> q_batch_std = {};
  std::optional<double> q_actor_mean = {};
  std::optional<double> action_saturation = {};
  bool finite = true;                 // losses, gradients and parameters
  std::string non_finite_where = {};  // the tensor or loss that was not finite
};

// An alarm that began or ended.
struct HealthEvent {
  std::string check;
  Severity severity = Severity::kWarning;
  bool active = false;  // true: it began; false: it ended
  int64_t update = 0;
  int64_t env_step = 0;
  std::string text;  // one line with value, limit and remedy
};

// One row of the exit summary: a check that fired at least once.
struct HealthSummaryRow {
  const HealthCheck* check = nullptr;
  int64_t first_update = 0;
  int64_t first_env_step = 0;
  int64_t times = 0;          // how often it began
  int64_t checks_active = 0;  // at how many checks it was active
  bool active = false;        // now
};

class HealthMonitor {
 public:
  // After every update, in order. A non-finite value fires at once; the rest at every 100th update.
  void AddUpdate(const HealthSample& sample);
  // After every control tick of all worlds: the mean speed of the egos. Outside the learning phase
  // (random actions) nothing is counted and the window starts afresh.
  void AddTick(double mean_speed_mps, bool learning);
  // True at the updates at which AddProbe is wanted, before AddUpdate of the same update.
  static bool WantsProbe(int64_t update) { return update % kHealthCheckUpdates == 0; }
  // Deterministic actions pi(s) on the run's fixed probe batch, always in the same order.
  void AddProbe(std::span<const float> actions);

  bool halted() const;  // an alarm of severity halt is active
  bool IsActive(std::string_view check) const;
  // "critical: actor_q_gap 97.9 > 65.5; ..." of the active alarms, gravest first; "" when healthy.
  std::string ProgressText() const;
  // One line per active alarm with explanation and remedy.
  std::vector<std::string> ActiveTexts() const;
  // What began or ended since the last call.
  std::vector<HealthEvent> TakeEvents();
  std::vector<HealthSummaryRow> Summary() const;
  // The summary as text, one line per check that fired; "health: no alarm in N updates".
  std::string SummaryText() const;

  template <class Archive>
  void VisitFields(Archive& ar) {
    ar("updates", updates_);
    ar("sums", sums_);
    ar("non_finite_values", non_finite_values_);
    ar("non_finite_where", non_finite_where_);
    ar("probes", probes_);
    ar("speed_blocks_mps", speed_blocks_mps_);
    ar("speed_sum_mps", speed_sum_mps_);
    ar("speed_ticks", speed_ticks_);
    ar("checks", states_);
  }

 private:
  // A mean over the updates since the last check.
  struct Mean {
    double sum = 0.0;
    int64_t count = 0;
    void Add(std::optional<double> value) {
      if (value) sum += *value, ++count;
    }
    std::optional<double> Value() const {
      return count > 0 ? std::optional(sum / static_cast<double>(count)) : std::nullopt;
    }
    template <class Archive>
    void VisitFields(Archive& ar) {
      ar("sum", sum);
      ar("count", count);
    }
  };
  struct Sums {
    Mean q_batch_mean, q_batch_std, q_actor_mean, action_saturation;
    template <class Archive>
    void VisitFields(Archive& ar) {
      ar("q_batch_mean", q_batch_mean);
      ar("q_batch_std", q_batch_std);
      ar("q_actor_mean", q_actor_mean);
      ar("action_saturation", action_saturation);
    }
  };
  struct Probe {
    std::vector<float> actions;
    template <class Archive>
    void VisitFields(Archive& ar) {
      ar("actions", actions);
    }
  };
  struct CheckState {
    bool active = false;
    int64_t bad_in_a_row = 0;
    int64_t first_update = 0;  // 0: never fired
    int64_t first_env_step = 0;
    int64_t since_update = 0;  // of the present or last alarm
    int64_t times = 0;
    int64_t checks_active = 0;
    double value = 0.0;  // last reading
    double limit = 0.0;
    template <class Archive>
    void VisitFields(Archive& ar) {
      ar("active", active);
      ar("bad_in_a_row", bad_in_a_row);
      ar("first_update", first_update);
      ar("first_env_step", first_env_step);
      ar("since_update", since_update);
      ar("times", times);
      ar("checks_active", checks_active);
      ar("value", value);
      ar("limit", limit);
    }
  };

  HealthWindow Window() const;
  void Evaluate(const HealthSample& sample);
  void Judge(size_t index, std::optional<HealthReading> reading, const HealthSample& sample);
  std::string ReadingText(size_t index) const;
  std::string AlarmText(size_t index) const;

  int64_t updates_ = 0;  // the last one seen
  Sums sums_;
  int64_t non_finite_values_ = 0;
  std::string non_finite_where_;          // of the first one
  std::vector<Probe> probes_;             // oldest first, one per 100 updates
  std::vector<double> speed_blocks_mps_;  // means of the last full blocks of 100 ticks
  double speed_sum_mps_ = 0.0;            // of the block that is being filled
  int64_t speed_ticks_ = 0;
  std::array<CheckState, kNumHealthChecks> states_{};
  std::vector<HealthEvent> events_;  // not part of the state: taken after every update
};

}  // namespace volante
