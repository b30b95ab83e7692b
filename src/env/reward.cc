#include "env/reward.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/error.h"
#include "config/nearest_name.h"
#include "env/reward_presets.h"

namespace volante {
namespace {

constexpr double kCruise_mps = 8.33;  // 30 km/h
constexpr double kComfortLateral_mps2 = 2.5;
constexpr double kStanding_mps = 0.1;

bool RoadIsFree(const DriveFacts& f) { return f.lead_gap_m > 10.0 && f.yield_distance_m > 10.0; }

bool StandsForNothing(const DriveFacts& f) { return f.speed_mps < kStanding_mps && RoadIsFree(f); }

}  // namespace

// ---- preset 1: drive -----------------------------------------------------------------------

RewardValues DriveReward(const DriveFacts& f) {
  const double v = f.speed_mps, target = TargetSpeed(f);
  const double full_tick_m = target * kTickSeconds;
  const double lateral = std::min(std::abs(f.lateral_offset_m) / f.lane_half_width_m, 1.0);
  const double jump = std::abs(f.action.steer - f.previous_action.steer) +
                      std::abs(f.action.throttle - f.previous_action.throttle);
  const double wanted_gap_m = 2.0 + 1.0 * v;
  double end = 0.0;
  if (f.outcome == Outcome::kCollision) end = -(20.0 + 2.0 * v);
  if (f.outcome == Outcome::kOffLane) end = -20.0;
  if (f.outcome == Outcome::kSuccess) end = 10.0;

  return {
      std::min(f.progress_m, full_tick_m) / full_tick_m,
      -4.0 * std::max(0.0, v / target - 1.1),
      -0.25 * lateral * std::min(v / target, 1.0),
      -0.05 * jump,
      v > 0.5 ? -0.5 * std::clamp(1.0 - f.lead_gap_m / wanted_gap_m, 0.0, 1.0) : 0.0,
      StandsForNothing(f) ? -0.02 : 0.0,
      end,
  };
}

// ---- presets 2 and 2b: five_part, five_part_capped, five_part_ordered ----------------------

namespace {

double Efficiency(const DriveFacts& f, bool capped) {
  const double v = f.speed_mps;
  const double along = v * std::cos(f.heading_error_rad) / kCruise_mps;
  const double base = std::clamp(along + (v > 0.5 ? 0.15 : 0.0), -1.0, 1.0);
  const double target = TargetSpeed(f);
  if (!capped || v <= target) return base;
  // min keeps it continuous where a curve's target lies below the cruising speed.
  return std::min(base, std::max(1.0 - (v - target) / 2.0, -2.0));
}

double LaneKeeping(const DriveFacts& f) {
  if (f.markings_crossed > 0) return -1.0;
  if (f.speed_mps < kStanding_mps) return 0.0;
  const double lateral =
      1.0 - 0.7 * std::min(std::abs(f.lateral_offset_m) / f.lane_half_width_m, 1.0);
  const double heading = 1.0 - 0.3 * std::min(std::abs(f.heading_error_rad) / 0.1, 1.0);
  const double speed = std::min((f.speed_mps - kStanding_mps) / 2.9, 1.0);
  return std::clamp(((lateral + heading) / 2.0 - 0.5) * speed, -1.0, 0.5);
}

double Comfort(const DriveFacts& f) {
  if (f.speed_mps < kStanding_mps) return 0.0;
  const double n = std::min(std::hypot(f.jerk_long_mps3, f.jerk_lat_mps3) / 5.0, 2.0);
  return n <= 1.0 ? 0.3 * (1.0 - n) : -0.3 * (n - 1.0) * (n - 1.0);
}

double Safety(const DriveFacts& f, bool capped) {
  const double closing_mps = f.speed_mps - f.lead_speed_mps;
  const bool closing = f.lead_gap_m < kFar && closing_mps > 0.0;
  double r = 0.0;
  if (f.lead_gap_m < 10.0 && (!capped || closing)) r -= 1.0 / std::max(f.lead_gap_m, 0.5);
  if (closing) {
    const double ttc_s = std::max(f.lead_gap_m, 0.0) / closing_mps;
    if (ttc_s < 3.0) r -= 0.5 / std::max(ttc_s, 0.1);
  }
  if (StandsForNothing(f)) r -= 0.05;
  if (f.outcome == Outcome::kCollision) {
    const double v = f.collision_speed_mps;
    r -= capped || v >= 5.0 ? 100.0 : v < 2.0 ? 5.0 : 25.0;
  }
  if (f.outcome == Outcome::kOffLane) r -= 20.0;
  if (f.markings_crossed > 0) r -= 10.0;
  if (f.wrong_way) {  // -1 at 120 degrees to -5 at 180
    const double beyond = std::abs(f.heading_error_rad) - 2.0 * std::numbers::pi / 3.0;
    r -= 1.0 + 4.0 * std::clamp(beyond / (std::numbers::pi / 3.0), 0.0, 1.0);
  }
  return r;
}

// A goal bonus below about 80 makes dawdling pay near the end: every tick of driving earns about 3,
// and arriving ends that income. The ordering test shows it; 90 passes.
double GoalBonus(RewardPreset preset) {
  switch (preset) {
    case RewardPreset::kFivePart:
      return 100.0;
    case RewardPreset::kFivePartCapped:
      return 10.0;
    case RewardPreset::kFivePartOrdered:
      return 90.0;
    case RewardPreset::kDrive:
    case RewardPreset::kRoute:
    case RewardPreset::kRace:
      break;
  }
  return 0.0;
}

double Progress(const DriveFacts& f, double goal_bonus) {
  double r = 0.5 * f.progress_m + 1.0 * f.waypoints_passed;
  if (f.outcome == Outcome::kSuccess) r += goal_bonus;
  return std::clamp(r, -10.0, 110.0);
}

}  // namespace

RewardValues FivePartReward(const DriveFacts& f, RewardPreset preset) {
  const bool capped = preset != RewardPreset::kFivePart;
  return {2.0 * Efficiency(f, capped), 2.0 * LaneKeeping(f), 1.0 * Comfort(f),
          1.0 * Safety(f, capped), 3.0 * Progress(f, GoalBonus(preset))};
}

// ---- all presets ---------------------------------------------------------------------------

namespace {

std::span<const char* const> NamesOf(RewardPreset preset) {
  static constexpr const char* kDrive[] = {"progress", "overspeed", "lateral", "smoothness",
                                           "headway",  "standing",  "end"};
  static constexpr const char* kFivePart[] = {"efficiency", "lane_keeping", "comfort", "safety",
                                              "progress"};
  static constexpr const char* kRoute[] = {"progress", "overspeed", "offset", "ttc", "jerk", "end"};
  static constexpr const char* kRace[] = {"along", "offset"};
  switch (preset) {
    case RewardPreset::kDrive:
      return kDrive;
    case RewardPreset::kFivePart:
    case RewardPreset::kFivePartCapped:
    case RewardPreset::kFivePartOrdered:
      return kFivePart;
    case RewardPreset::kRoute:
      return kRoute;
    case RewardPreset::kRace:
      return kRace;
  }
  return {};
}

RewardValues ValuesOf(RewardPreset preset, const DriveFacts& facts) {
  switch (preset) {
    case RewardPreset::kDrive:
      return DriveReward(facts);
    case RewardPreset::kFivePart:
    case RewardPreset::kFivePartCapped:
    case RewardPreset::kFivePartOrdered:
      return FivePartReward(facts, preset);
    case RewardPreset::kRoute:
      return RouteReward(facts);
    case RewardPreset::kRace:
      return RaceReward(facts);
  }
  return {};
}

}  // namespace

std::vector<std::string> RewardPartNames(RewardPreset preset) {
  const std::span<const char* const> names = NamesOf(preset);
  return {names.begin(), names.end()};
}

RewardPartSet RewardParts(RewardPreset preset, const std::vector<std::string>& names) {
  const std::vector<std::string> parts = RewardPartNames(preset);
  RewardPartSet set;
  for (const std::string& name : names) {
    const auto found = std::find(parts.begin(), parts.end(), name);
    if (found == parts.end()) {
      std::string list;
      for (const std::string& part : parts) list += (list.empty() ? "" : ", ") + part;
      const std::string nearest = NearestName(name, parts);
      throw Error(ExitCode::kUsage, "the reward has no part " + name.substr(0, 80),
                  "reward.without", std::string("the parts of ") + NameOf(preset) + " are " + list,
                  nearest.empty() ? "choose among them" : "did you mean " + nearest + "?");
    }
    set.set(static_cast<size_t>(found - parts.begin()));
  }
  return set;
}

double ComputeReward(RewardPreset preset, const DriveFacts& facts, std::span<float> parts,
                     RewardPartSet without) {
  VOLANTE_CHECK(parts.size() == NamesOf(preset).size(), "one slot per reward part");
  const RewardValues values = ValuesOf(preset, facts);
  double sum = 0.0;
  for (size_t i = 0; i < parts.size(); ++i) {
    parts[i] = static_cast<float>(values[i]);
    if (!without[i]) sum += values[i];
  }
  return sum;
}

double TargetSpeed(const DriveFacts& f) {
  double target = std::min(kCruise_mps, f.speed_limit_mps);
  if (f.max_curvature_1pm > 1e-6) {
    target = std::min(target, std::sqrt(kComfortLateral_mps2 / f.max_curvature_1pm));
  }
  return target;
}

}  // namespace volante
