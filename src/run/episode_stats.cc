#include "run/episode_stats.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "run/driving_score.h"

namespace volante {
namespace {

constexpr double kShortTtc_s = 2.0;
constexpr double kMovingSpeed_mps = 0.1;  // CARLA's CollisionTest
constexpr double kOutsideMargin_m = 0.5;  // CARLA's OutsideRouteLanesTest

}  // namespace

// ---- time to collision ---------------------------------------------------------------------

void TtcHistogram::Add(double ttc_s, uint32_t count) {
  const double bin = ttc_s / kBin_s;
  if (bin >= 0.0 && bin < kBins) ticks[static_cast<size_t>(bin)] += count;
}

void TtcHistogram::Add(const TtcHistogram& other) {
  for (size_t i = 0; i < ticks.size(); ++i) ticks[i] += other.ticks[i];
}

uint64_t TtcHistogram::total() const {
  return std::accumulate(ticks.begin(), ticks.end(), uint64_t{0});
}

double TtcHistogram::Percentile(double share) const {
  const double rank = share * static_cast<double>(total());
  double below = 0.0;
  for (size_t i = 0; i < ticks.size(); ++i) {
    if (ticks[i] == 0) continue;
    if (below + ticks[i] >= rank) {
      return kBin_s * (static_cast<double>(i) + (rank - below) / ticks[i]);
    }
    below += ticks[i];
  }
  return EvaluationSummary::kNone;
}

// ---- one episode ---------------------------------------------------------------------------

double EpisodeStats::outside_lane_share() const {
  return route_driven_m > 0.0 ? std::clamp(outside_lane_m / route_driven_m, 0.0, 1.0) : 0.0;
}

void EpisodeAccumulator::Begin(uint64_t seed, int route_index, const DriveFacts& first) {
  *this = EpisodeAccumulator{};
  stats_.seed = seed;
  stats_.route_index = route_index;
  stats_.route_length_m = first.route_length_m;
  start_s_m_ = last_s_m_ = first.route_s_m;
}

void EpisodeAccumulator::Add(const DriveFacts& f, double reward) {
  const int ticks = std::max(f.tick - stats_.ticks, 1);  // 2 when actions are repeated
  stats_.ticks = f.tick;
  stats_.reward += reward;
  stats_.outcome = f.outcome;
  stats_.distance_m += f.speed_mps * ticks * kTickSeconds;
  stats_.markings_crossed += f.markings_crossed;
  for (int i = 0; i < f.markings_crossed && i < static_cast<int>(f.crossed_marks.size()); ++i) {
    stats_.solid_markings_crossed +=
        HasSolidLine(f.crossed_marks[static_cast<size_t>(i)].mark.type);
  }
  if (f.collision && !stats_.collision) {
    stats_.collision_kind = f.collision_kind;
    stats_.collision_speed_mps = f.collision_speed_mps;
    stats_.contact_in_car_m = f.contact_in_car_m;
    stats_.contact_m = f.contact_m;
    stats_.collision_impulse_newton_s = Norm(f.collision_impulse_newton_s);
  }
  stats_.collision |= f.collision;
  stats_.collision_at_fault |= f.collision && f.collision_at_fault;
  stats_.collision_while_moving |= f.collision && f.speed_mps >= kMovingSpeed_mps;
  stats_.off_lane_events += f.off_lane && !was_off_lane_;
  was_off_lane_ = f.off_lane;
  stats_.met_light |= f.light != NextLight::kNone;
  stats_.red_lights_run += f.ran_red_light;
  stats_.wait_behind_traffic_s = f.wait_behind_traffic_s;

  const double closing_mps = f.speed_mps - f.lead_speed_mps;
  if (f.lead_gap_m < kFar && closing_mps > 0.0) {
    const double ttc_s = std::max(f.lead_gap_m, 0.0) / closing_mps;
    stats_.min_ttc_s = std::min(stats_.min_ttc_s, ttc_s);
    stats_.ttc.Add(ttc_s, static_cast<uint32_t>(ticks));
    if (ttc_s < kShortTtc_s) stats_.ticks_ttc_below_2s += ticks;
  }

  const double gained_m = std::max(f.route_s_m - last_s_m_, 0.0);
  stats_.route_driven_m += gained_m;
  if (f.wrong_way || std::abs(f.lane_offset_m()) > f.half_width_in_use_m() + kOutsideMargin_m) {
    stats_.outside_lane_m += gained_m;
  }
  last_s_m_ = f.route_s_m;

  abs_lateral_m_ += ticks * std::abs(f.lane_offset_m());
  abs_heading_rad_ += ticks * std::abs(f.heading_error_rad);
  squared_jerk_ += ticks * f.jerk_long_mps3 * f.jerk_long_mps3;
  squared_accel_lat_ += ticks * f.accel_lat_mps2 * f.accel_lat_mps2;
  stats_.max_jerk_long_mps3 = std::max(stats_.max_jerk_long_mps3, f.jerk_long_mps3);
  stats_.min_jerk_long_mps3 = std::min(stats_.min_jerk_long_mps3, f.jerk_long_mps3);
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
  stats.rms_accel_lat_mps2 = std::sqrt(squared_accel_lat_ / n);
  return stats;
}

// ---- many ----------------------------------------------------------------------------------

namespace {

// Sums over episodes; Finish turns them into means and rates.
class Totals {
 public:
  void Add(const EpisodeStats& e) {
    ++episodes_;
    ++outcomes_[static_cast<size_t>(e.outcome)];
    if (e.outcome == Outcome::kSuccess) success_time_s_ += e.time_s();
    completion_ += e.route_completion;
    score20_ += DrivingScore20(e);
    score21_ += DrivingScore21(e);
    reward_ += e.reward;
    ticks_ += e.ticks;
    distance_m_ += e.distance_m;
    collisions_ += e.collision;
    at_fault_ += e.collision_at_fault;
    markings_ += e.markings_crossed;
    off_lane_ += e.off_lane_events;
    met_light_ |= e.met_light;
    red_lights_ += e.red_lights_run;
    ticks_ttc_below_2s_ += e.ticks_ttc_below_2s;
    min_ttc_s_ = std::min(min_ttc_s_, e.min_ttc_s);
    if (e.min_ttc_s < kFar) ttc_.Add(e.ttc);
    lateral_ += e.ticks * e.mean_abs_lateral_m;
    heading_ += e.ticks * e.mean_abs_heading_rad;
    squared_jerk_ += e.ticks * e.rms_jerk_long_mps3 * e.rms_jerk_long_mps3;
    squared_accel_lat_ += e.ticks * e.rms_accel_lat_mps2 * e.rms_accel_lat_mps2;
    max_jerk_ = std::max(max_jerk_, e.max_jerk_long_mps3);
    min_jerk_ = std::min(min_jerk_, e.min_jerk_long_mps3);
  }

  EvaluationSummary Finish() const {
    EvaluationSummary s;
    s.episodes = episodes_;
    if (episodes_ == 0) return s;
    const double n = episodes_, ticks = std::max<double>(static_cast<double>(ticks_), 1.0);
    const auto share = [&](Outcome o) { return outcomes_[static_cast<size_t>(o)] / n; };
    s.success_rate = share(Outcome::kSuccess);
    s.collision_rate = share(Outcome::kCollision);
    s.off_lane_rate = share(Outcome::kOffLane);
    s.timeout_rate = share(Outcome::kTimeout);
    s.blocked_rate = share(Outcome::kBlocked);
    s.route_completion = completion_ / n;
    s.driving_score_lb20 = score20_ / n;
    s.driving_score_lb21 = score21_ / n;
    s.mean_reward = reward_ / n;
    s.mean_speed_mps = distance_m_ / (ticks * kTickSeconds);
    s.collisions_per_episode = collisions_ / n;
    s.at_fault_collisions_per_episode = at_fault_ / n;
    s.distance_km = distance_m_ / 1000.0;
    if (s.distance_km > 0.0) {
      s.collisions_per_km = collisions_ / s.distance_km;
      s.at_fault_collisions_per_km = at_fault_ / s.distance_km;
      s.markings_per_km = markings_ / s.distance_km;
      s.off_lane_per_km = off_lane_ / s.distance_km;
      if (met_light_) s.red_lights_per_km = red_lights_ / s.distance_km;
    }
    if (min_ttc_s_ < kFar) s.min_ttc_s = min_ttc_s_;
    s.p5_ttc_s = ttc_.Percentile(0.05);
    s.ttc_below_2s_share = static_cast<double>(ticks_ttc_below_2s_) / ticks;
    s.mean_abs_lateral_m = lateral_ / ticks;
    s.mean_abs_heading_rad = heading_ / ticks;
    s.rms_jerk_long_mps3 = std::sqrt(squared_jerk_ / ticks);
    s.max_jerk_long_mps3 = max_jerk_;
    s.min_jerk_long_mps3 = min_jerk_;
    s.rms_accel_lat_mps2 = std::sqrt(squared_accel_lat_ / ticks);
    const int successes = outcomes_[static_cast<size_t>(Outcome::kSuccess)];
    if (successes > 0) s.mean_completion_time_s = success_time_s_ / successes;

    // Wilson score interval (Wilson 1927), z = 1.96.
    const double z = 1.959964, p = s.success_rate, z2 = z * z;
    const double center = (p + z2 / (2 * n)) / (1 + z2 / n);
    const double half = z * std::sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n);
    s.success_low = std::max(0.0, center - half);
    s.success_high = std::min(1.0, center + half);
    return s;
  }

 private:
  int episodes_ = 0;
  std::array<int, kOutcomeNames.size()> outcomes_{};
  int64_t ticks_ = 0, ticks_ttc_below_2s_ = 0;
  int collisions_ = 0, at_fault_ = 0, markings_ = 0, off_lane_ = 0, red_lights_ = 0;
  bool met_light_ = false;
  double success_time_s_ = 0.0, completion_ = 0.0, score20_ = 0.0, score21_ = 0.0, reward_ = 0.0;
  double distance_m_ = 0.0, lateral_ = 0.0, heading_ = 0.0;
  double squared_jerk_ = 0.0, squared_accel_lat_ = 0.0, max_jerk_ = 0.0, min_jerk_ = 0.0;
  double min_ttc_s_ = kFar;
  TtcHistogram ttc_;
};

}  // namespace

EvaluationSummary Summarize(std::span<const EpisodeStats> episodes) {
  Totals totals;
  for (const EpisodeStats& e : episodes) totals.Add(e);
  return totals.Finish();
}

EvaluationSummary Summarize(std::span<const EpisodeStats> episodes, std::span<const int> drawn) {
  Totals totals;
  for (const int i : drawn) totals.Add(episodes[static_cast<size_t>(i)]);
  return totals.Finish();
}

std::span<const Metric> Metrics() {
  using S = EvaluationSummary;
  using enum Better;
  static constexpr Metric kMetrics[] = {
      {"success_rate", kHigher, &S::success_rate},
      {"collision_rate", kLower, &S::collision_rate},
      {"off_lane_rate", kLower, &S::off_lane_rate},
      {"timeout_rate", kLower, &S::timeout_rate},
      {"blocked_rate", kLower, &S::blocked_rate},
      {"route_completion", kHigher, &S::route_completion},
      {"driving_score_lb20_percent", kHigher, &S::driving_score_lb20},
      {"driving_score_lb21_percent", kHigher, &S::driving_score_lb21},
      {"collisions_per_km", kLower, &S::collisions_per_km},
      {"at_fault_collisions_per_km", kLower, &S::at_fault_collisions_per_km},
      {"collisions_per_episode", kLower, &S::collisions_per_episode},
      {"at_fault_collisions_per_episode", kLower, &S::at_fault_collisions_per_episode},
      {"markings_per_km", kLower, &S::markings_per_km},
      {"off_lane_per_km", kLower, &S::off_lane_per_km},
      {"red_lights_per_km", kLower, &S::red_lights_per_km},
      {"min_ttc_s", kHigher, &S::min_ttc_s},
      {"p5_ttc_s", kHigher, &S::p5_ttc_s},
      {"ttc_below_2s_share", kLower, &S::ttc_below_2s_share},
      {"mean_speed_mps", kHigher, &S::mean_speed_mps},
      {"mean_completion_time_s", kLower, &S::mean_completion_time_s},
      {"mean_abs_lateral_m", kLower, &S::mean_abs_lateral_m},
      {"mean_abs_heading_rad", kLower, &S::mean_abs_heading_rad},
      {"rms_jerk_long_mps3", kLower, &S::rms_jerk_long_mps3},
      {"max_jerk_long_mps3", kLower, &S::max_jerk_long_mps3},
      {"min_jerk_long_mps3", kHigher, &S::min_jerk_long_mps3},
      {"rms_accel_lat_mps2", kLower, &S::rms_accel_lat_mps2},
      {"mean_reward", kHigher, &S::mean_reward},
      {"distance_km", kNeither, &S::distance_km},
  };
  return kMetrics;
}

}  // namespace volante
