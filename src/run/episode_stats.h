// What one episode amounts to, and a set of them: gathered from DriveFacts alone.
// Formulas: section 7 of the specification; sources stand beside the fields. No clock: times are
// simulated. Plain data, saved with the trainer.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "env_api/env.h"

namespace volante {

// Time to collision by closing speed: gap / (v - v_lead) while the ego closes on what is ahead in
// its path. Kept as a histogram of ticks, so that the state of an episode stays small: only times
// below 20 s matter for a 5th percentile, and a bin of 0.1 s is finer than anything it is used for.
struct TtcHistogram {
  static constexpr double kBin_s = 0.1;
  static constexpr int kBins = 200;  // to 20 s

  std::array<uint32_t, kBins> ticks{};

  void Add(double ttc_s, uint32_t count);
  void Add(const TtcHistogram& other);
  uint64_t total() const;
  // The value below which `share` of the counted ticks lie, linear within its bin (so exact to
  // kBin_s); NaN when nothing was counted.
  double Percentile(double share) const;

  template <class Archive>
  void VisitFields(Archive& ar) {
    ar("ticks", ticks);
  }
};

struct EpisodeStats {
  uint64_t seed = 0;
  int route_index = 0;
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
  double max_jerk_long_mps3 = 0.0;  // largest and smallest, with sign; 0 before the first tick
  double min_jerk_long_mps3 = 0.0;
  double rms_accel_lat_mps2 = 0.0;
  double min_ttc_s = kFar;     // kFar: never closed on anything
  int ticks_ttc_below_2s = 0;  // of `ticks`
  TtcHistogram ttc;
  int markings_crossed = 0;
  int solid_markings_crossed = 0;  // of those, with an unbroken line
  bool collision = false;
  bool collision_at_fault = false;
  // CARLA's criterion: a collision while the ego is slower than 0.1 m/s is not its infraction.
  bool collision_while_moving = false;
  // Of the first collision, zero without one: with what, how fast towards each other, where on the
  // car (x forward, y left of its centre) and in the world, and the impulse that it received.
  VehicleKind collision_kind = VehicleKind::kCar;
  double collision_speed_mps = 0.0;
  Vec2 contact_in_car_m, contact_m;
  double collision_impulse_newton_s = 0.0;
  int off_lane_events = 0;
  bool met_light = false;  // a traffic light within 100 m on its route
  int red_lights_run = 0;
  // Driven metres of route more than half a lane + 0.5 m from the centre of the route's lane and of
  // those of its direction beside it, or the wrong way (CARLA's OutsideRouteLanesTest).
  double outside_lane_m = 0.0;
  double route_driven_m = 0.0;  // metres of route gained, the share's denominator
  double wait_behind_traffic_s = 0.0;

  double time_s() const { return ticks * kTickSeconds; }
  double outside_lane_share() const;

  template <class Archive>
  void VisitFields(Archive& ar) {
    ar("seed", seed);
    ar("route_index", route_index);
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
    ar("max_jerk_long_mps3", max_jerk_long_mps3);
    ar("min_jerk_long_mps3", min_jerk_long_mps3);
    ar("rms_accel_lat_mps2", rms_accel_lat_mps2);
    ar("min_ttc_s", min_ttc_s);
    ar("ticks_ttc_below_2s", ticks_ttc_below_2s);
    ar("ttc", ttc);
    ar("markings_crossed", markings_crossed);
    ar("solid_markings_crossed", solid_markings_crossed);
    ar("collision", collision);
    ar("collision_at_fault", collision_at_fault);
    ar("collision_while_moving", collision_while_moving);
    ar("collision_kind", collision_kind);
    ar("collision_speed_mps", collision_speed_mps);
    ar("contact_ahead_m", contact_in_car_m.x);
    ar("contact_left_m", contact_in_car_m.y);
    ar("contact_x_m", contact_m.x);
    ar("contact_y_m", contact_m.y);
    ar("collision_impulse_newton_s", collision_impulse_newton_s);
    ar("off_lane_events", off_lane_events);
    ar("met_light", met_light);
    ar("red_lights_run", red_lights_run);
    ar("outside_lane_m", outside_lane_m);
    ar("route_driven_m", route_driven_m);
    ar("wait_behind_traffic_s", wait_behind_traffic_s);
  }
};

// Sums over the ticks of a running episode; Finish turns them into the numbers above. Plain data,
// saved with the trainer. Each Add stands for all ticks since the last one (action_repeat).
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
    ar("squared_accel_lat", squared_accel_lat_);
    ar("was_off_lane", was_off_lane_);
  }

 private:
  EpisodeStats stats_;  // counters already hold their final values
  double start_s_m_ = 0.0, last_s_m_ = 0.0;
  // Sums over ticks.
  double abs_lateral_m_ = 0.0, abs_heading_rad_ = 0.0, squared_jerk_ = 0.0, squared_accel_lat_ = 0;
  bool was_off_lane_ = false;
};

// Means and rates over episodes. NaN where nothing was there to be measured.
struct EvaluationSummary {
  static constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

  int episodes = 0;
  double success_rate = 0.0;
  double collision_rate = 0.0, off_lane_rate = 0.0, timeout_rate = 0.0, blocked_rate = 0.0;
  double route_completion = 0.0;
  double driving_score_lb20 = 0.0, driving_score_lb21 = 0.0;  // percent (run/driving_score.h)
  double mean_reward = 0.0;
  double mean_speed_mps = 0.0;  // distance over time, all episodes together
  double collisions_per_km = 0.0, at_fault_collisions_per_km = 0.0;
  double collisions_per_episode = 0.0, at_fault_collisions_per_episode = 0.0;
  double markings_per_km = 0.0, off_lane_per_km = 0.0;
  double red_lights_per_km = kNone;  // none where no episode met a light
  double min_ttc_s = kNone;          // of all episodes
  double p5_ttc_s = kNone;           // over the ticks that close on a car with a TTC below 20 s
  double ttc_below_2s_share = 0.0;   // of all ticks
  double mean_abs_lateral_m = 0.0, mean_abs_heading_rad = 0.0;  // over all ticks
  double rms_jerk_long_mps3 = 0.0, max_jerk_long_mps3 = 0.0, min_jerk_long_mps3 = 0.0;
  double rms_accel_lat_mps2 = 0.0;
  double mean_completion_time_s = kNone;  // of the successful ones
  double distance_km = 0.0;
  // 95 % Wilson interval of the success rate over episodes.
  double success_low = 0.0, success_high = 1.0;
};

EvaluationSummary Summarize(std::span<const EpisodeStats> episodes);
// Of the episodes with these indices, repeats counted: a resampled set.
EvaluationSummary Summarize(std::span<const EpisodeStats> episodes, std::span<const int> drawn);

// One number of a summary, as reports list them.
enum class Better : uint8_t { kHigher, kLower, kNeither };
struct Metric {
  const char* name;  // with its unit
  Better better;
  double EvaluationSummary::* value;
};
std::span<const Metric> Metrics();

}  // namespace volante
