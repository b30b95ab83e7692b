#include "env/shaping.h"

#include <algorithm>
#include <cmath>

namespace volante {
namespace {

constexpr size_t kAheadPoint = 3;  // route_points_m[3] is 8 m ahead
constexpr double kAhead_m = kRoutePointSpacing_m * (kAheadPoint + 1);
constexpr double kNearest_m = 1.0;  // what is nearer counts as this far

double GapAhead(const DriveFacts& f) {
  return std::max(kNearest_m, std::min(f.lead_gap_m, f.yield_distance_m));
}

}  // namespace

double PotentialField::WayLeft(const DriveFacts& f) const {
  const Vec2 ahead = f.route_points_m[kAheadPoint];
  const double beyond_m = std::max(0.0, f.route_length_m - f.route_s_m - kAhead_m);
  return std::sqrt(Dot(ahead, ahead)) + beyond_m;
}

double PotentialField::AttractionEnergy(double d) const {
  const double d_star = shaping_.d_star_m;
  return d <= d_star ? 0.5 * shaping_.k_a * d * d
                     : shaping_.k_a * d_star * d - 0.5 * shaping_.k_a * d_star * d_star;
}

double PotentialField::RepulsionEnergy(double rho) const {
  if (rho >= shaping_.rho0_m) return 0.0;
  const double excess = 1.0 / rho - 1.0 / shaping_.rho0_m;
  return 0.5 * shaping_.k_r * excess * excess;
}

double PotentialField::Potential(const DriveFacts& f) const {
  const double energy = AttractionEnergy(WayLeft(f)) + RepulsionEnergy(GapAhead(f));
  const double most = AttractionEnergy(f.route_length_m) + RepulsionEnergy(kNearest_m);
  // Beside the start the way left is a little longer than the route.
  return -std::clamp(energy / most, 0.0, 1.0);
}

double PotentialField::Reward(double potential_before, const DriveFacts& after) const {
  return shaping_.reward_weight * PotentialDifference(discount_, potential_before, Potential(after),
                                                      after.status == Status::kTerminated);
}

Action PotentialField::Push(const DriveFacts& f) const {
  const Vec2 ahead = f.route_points_m[kAheadPoint];
  const double distance_m = std::sqrt(Dot(ahead, ahead));
  const double pull = std::min(WayLeft(f), shaping_.d_star_m) / shaping_.d_star_m;
  const Vec2 attraction = distance_m > 0.0 ? ahead * (pull / distance_m) : Vec2{};
  const double rho = GapAhead(f);
  double repulsion = 0.0;
  if (rho < shaping_.rho0_m) {
    repulsion = shaping_.k_r * (1.0 / rho - 1.0 / shaping_.rho0_m) / (rho * rho) /
                (shaping_.k_a * shaping_.d_star_m);
  }
  return {static_cast<float>(std::clamp(attraction.y, -1.0, 1.0)),
          static_cast<float>(std::clamp(attraction.x - repulsion, -1.0, 1.0))};
}

Action PotentialField::Apply(const Action& action, const DriveFacts& f) const {
  const Action push = Push(f);
  const auto gain = static_cast<float>(shaping_.action_gain);
  return {std::clamp(action.steer + gain * push.steer, -1.0f, 1.0f),
          std::clamp(action.throttle + gain * push.throttle, -1.0f, 1.0f)};
}

}  // namespace volante
