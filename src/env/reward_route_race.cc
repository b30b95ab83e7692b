// Two rewards of one idea each, beside the default ones of reward.cc.
#include <algorithm>
#include <cmath>

#include "env/reward_presets.h"

namespace volante {
namespace {

// 1 where nothing is wrong, falling to 0.5 where `wrong` reaches 1.
double Factor(double wrong) { return 1.0 - 0.5 * std::clamp(wrong, 0.0, 1.0); }

// Seconds until the car meets what is ahead at the present speeds.
double TimeToCollision(const DriveFacts& f) {
  const double closing_mps = f.speed_mps - f.lead_speed_mps;
  if (f.lead_gap_m >= kFar || closing_mps <= 0.0) return kFar;
  return std::max(f.lead_gap_m, 0.0) / closing_mps;
}

}  // namespace

// Preset 3, route: per cent of the route driven in this tick, 100 ds/L, times a factor in [0.5, 1]
// for each of: speed, from the target's to half above it; offset, from the lane's centre to its
// edge; time to collision, from 2 s to 0; jerk, from 0 to 10 m/s^3. A collision and leaving the
// lane cost 50, half of the route. The part of a factor is what it takes from the product of those
// before it, so that the parts are the reward. Driving back pays what driving there paid.
RewardValues RouteReward(const DriveFacts& f) {
  const double factors[] = {
      Factor((f.speed_mps / TargetSpeed(f) - 1.0) / 0.5),
      Factor(std::abs(f.lateral_offset_m) / f.lane_half_width_m),
      Factor((2.0 - TimeToCollision(f)) / 2.0),
      Factor(std::hypot(f.jerk_long_mps3, f.jerk_lat_mps3) / 10.0),
  };
  RewardValues values{};
  double left = 100.0 * f.progress_m / std::max(f.route_length_m, 1.0);
  size_t part = 0;
  values[part++] = left;
  for (const double factor : factors) {
    values[part++] = left * (factor - 1.0);
    left *= factor;
  }
  const bool infraction = f.outcome == Outcome::kCollision || f.outcome == Outcome::kOffLane;
  values[part] = infraction ? -50.0 : 0.0;
  return values;
}

// Preset 4, race: v (cos(phi) - |d| / w_half) / v_target, as driving games are learned. Nothing
// ends badly in it and nothing is too fast.
RewardValues RaceReward(const DriveFacts& f) {
  const double speed = f.speed_mps / TargetSpeed(f);
  return {speed * std::cos(f.heading_error_rad),
          -speed * std::abs(f.lateral_offset_m) / f.lane_half_width_m};
}

}  // namespace volante
