#include "run/episode_stats.h"

#include <algorithm>
#include <cmath>

namespace volante {

void EpisodeAccumulator::Begin(uint64_t seed, int route_index, const DriveFacts& first) {
  *this = EpisodeAccumulator{};
  stats_.seed = seed;
  stats_.route_index = route_index;
  stats_.num_npcs = -1;
  stats_.route_length_m = first.route_length_m;
  start_s_m_ = last_s_m_ = first.route_s_m;
}

void EpisodeAccumulator::Add(const DriveFacts& f, double reward) {
  stats_.ticks = f.tick;
  stats_.reward += reward;
  stats_.outcome = f.outcome;
  stats_.distance_m += f.speed_mps * kTickSeconds;
  stats_.markings_crossed += f.markings_crossed;
  stats_.collision |= f.collision;
  stats_.collision_at_fault |= f.collision_at_fault;
  stats_.wait_behind_traffic_s = f.wait_behind_traffic_s;
  const double closing_mps = f.speed_mps - f.lead_speed_mps;
  if (f.lead_gap_m < kFar && closing_mps > 0.0) {
    stats_.min_ttc_s = std::min(stats_.min_ttc_s, std::max(f.lead_gap_m, 0.0) / closing_mps);
  }
  last_s_m_ = f.route_s_m;
  abs_lateral_m_ += std::abs(f.lateral_offset_m);
  abs_heading_rad_ += std::abs(f.heading_error_rad);
  squared_jerk_ += f.jerk_long_mps3 * f.jerk_long_mps3;
}

EpisodeStats EpisodeAccumulator::Finish() const {
  EpisodeStats stats = stats_;
  const double n = std::max(stats.ticks, 1);
  const double to_drive_m = stats.route_length_m - start_s_m_;
  stats.route_completion = stats.outcome == Outcome::kSuccess ? 1.0
                           : to_drive_m > 0.0
                               ? std::clamp((last_s_m_ - start_s_m_) / to_drive_m, 0.0, 1.0)
                               : 0.0;
  stats.mean_speed_mps = stats.distance_m / (n * kTickSeconds);
  stats.mean_abs_lateral_m = abs_lateral_m_ / n;
  stats.mean_abs_heading_rad = abs_heading_rad_ / n;
  stats.rms_jerk_long_mps3 = std::sqrt(squared_jerk_ / n);
  return stats;
}

EvaluationSummary Summarize(const std::vector<EpisodeStats>& episodes) {
  EvaluationSummary s;
  s.episodes = static_cast<int>(episodes.size());
  if (episodes.empty()) return s;
  const double n = s.episodes;
  double time_s = 0.0, distance_m = 0.0, success_time_s = 0.0;
  int successes = 0, collisions = 0, at_fault = 0, markings = 0;
  for (const EpisodeStats& e : episodes) {
    const double share = 1.0 / n;
    if (e.outcome == Outcome::kSuccess) {
      ++successes;
      success_time_s += e.time_s();
    }
    if (e.outcome == Outcome::kCollision) s.collision_rate += share;
    if (e.outcome == Outcome::kOffLane) s.off_lane_rate += share;
    if (e.outcome == Outcome::kTimeout) s.timeout_rate += share;
    if (e.outcome == Outcome::kBlocked) s.blocked_rate += share;
    s.route_completion += e.route_completion * share;
    s.mean_reward += e.reward * share;
    s.mean_abs_lateral_m += e.mean_abs_lateral_m * share;
    time_s += e.time_s();
    distance_m += e.distance_m;
    collisions += e.collision;
    at_fault += e.collision_at_fault;
    markings += e.markings_crossed;
  }
  s.success_rate = successes / n;
  s.mean_speed_mps = time_s > 0.0 ? distance_m / time_s : 0.0;
  s.distance_km = distance_m / 1000.0;
  if (s.distance_km > 0.0) {
    s.collisions_per_km = collisions / s.distance_km;
    s.at_fault_collisions_per_km = at_fault / s.distance_km;
    s.markings_per_km = markings / s.distance_km;
  }
  if (successes > 0) s.mean_completion_time_s = success_time_s / successes;

  // Wilson score interval (Wilson 1927), z = 1.96.
  const double z = 1.959964, p = s.success_rate, z2 = z * z;
  const double center = (p + z2 / (2 * n)) / (1 + z2 / n);
  const double half = z * std::sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n);
  s.success_low = std::max(0.0, center - half);
  s.success_high = std::min(1.0, center + half);
  return s;
}

}  // namespace volante
