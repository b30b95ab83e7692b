// What one episode amounts to, and a set of them: gathered from DriveFacts alone.
// Formulas: reference section 7 of the specification. No clock: times are simulated.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "env_api/env.h"

namespace volante {

struct EpisodeStats {
  uint64_t seed = 0;
  int route_index = 0;
  int num_npcs = 0;  // filled by the caller that knows it, -1 unknown
  Outcome outcome = Outcome::kNone;
  int ticks = 0;
  double reward = 0.0;      // unscaled sum
  double distance_m = 0.0;  // driven
  double route_length_m = 0.0;
  double route_completion = 0.0;  // share of the route behind the car at the end, [0, 1]
  double mean_speed_mps = 0.0;
  double mean_abs_lateral_m = 0.0;
  double mean_abs_heading_rad = 0.0;
  double rms_jerk_long_mps3 = 0.0;
  double min_ttc_s = kFar;  // gap over closing speed
  int markings_crossed = 0;
  bool collision = false;
  bool collision_at_fault = false;
  double wait_behind_traffic_s = 0.0;

  double time_s() const { return ticks * kTickSeconds; }

  template <class Archive>
  void VisitFields(Archive& ar) {
    ar("seed", seed);
    ar("route_index", route_index);
    ar("num_npcs", num_npcs);
    ar("outcome", outcome);
    ar("ticks", ticks);
    ar("reward", reward);
    ar("distance_m", distance_m);
    ar("route_length_m", route_length_m);
    ar("route_completion", route_completion);
    ar("mean_speed_mps", mean_speed_mps);
    ar("mean_abs_lateral_m", mean_abs_lateral_m);
    ar("mean_abs_heading_rad", mean_abs_heading_rad);
    ar("rms_jerk_long_mps3", rms_jerk_long_mps3);
    ar("min_ttc_s", min_ttc_s);
    ar("markings_crossed", markings_crossed);
    ar("collision", collision);
    ar("collision_at_fault", collision_at_fault);
    ar("wait_behind_traffic_s", wait_behind_traffic_s);
  }
};

// Sums over the ticks of a running episode; Finish turns them into the numbers above. Plain data,
// saved with the trainer.
class EpisodeAccumulator {
 public:
  void Begin(uint64_t seed, int route_index, const DriveFacts& first);
  void Add(const DriveFacts& facts, double reward);
  EpisodeStats Finish() const;

  template <class Archive>
  void VisitFields(Archive& ar) {
    ar("stats", stats_);
    ar("start_s_m", start_s_m_);
    ar("last_s_m", last_s_m_);
    ar("abs_lateral_m", abs_lateral_m_);
    ar("abs_heading_rad", abs_heading_rad_);
    ar("squared_jerk", squared_jerk_);
  }

 private:
  EpisodeStats stats_;  // counters already hold their final values
  double start_s_m_ = 0.0, last_s_m_ = 0.0;
  double abs_lateral_m_ = 0.0, abs_heading_rad_ = 0.0, squared_jerk_ = 0.0;  // sums
};

// Means and rates over episodes.
struct EvaluationSummary {
  int episodes = 0;
  double success_rate = 0.0;
  double collision_rate = 0.0, off_lane_rate = 0.0, timeout_rate = 0.0, blocked_rate = 0.0;
  double route_completion = 0.0;
  double mean_reward = 0.0;
  double mean_speed_mps = 0.0;  // distance over time, all episodes together
  double collisions_per_km = 0.0, at_fault_collisions_per_km = 0.0;
  double markings_per_km = 0.0;
  double mean_abs_lateral_m = 0.0;
  double mean_completion_time_s = 0.0;  // of the successful ones; 0 when there are none
  double distance_km = 0.0;
  // 95 % Wilson interval of the success rate over episodes.
  double success_low = 0.0, success_high = 1.0;
};

EvaluationSummary Summarize(const std::vector<EpisodeStats>& episodes);

}  // namespace volante
