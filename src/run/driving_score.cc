#include "run/driving_score.h"

namespace volante {
namespace {

// A collision ends an episode, so there is at most one, and always with a vehicle.
constexpr double kVehicleFactor20 = 0.60;
constexpr double kVehicleWeight21 = 0.7;

}  // namespace

double DrivingScore20(const EpisodeStats& e) {
  const double factor = e.collision_while_moving ? kVehicleFactor20 : 1.0;
  return 100.0 * e.route_completion * factor * (1.0 - e.outside_lane_share());
}

double DrivingScore21(const EpisodeStats& e) {
  const double weights = e.collision_while_moving ? kVehicleWeight21 : 0.0;
  return 100.0 * e.route_completion / (1.0 + weights) * (1.0 - e.outside_lane_share());
}

std::span<const NotApplicable> InfractionsNotApplicable() {
  static constexpr NotApplicable kList[] = {
      {"collision_with_pedestrian", "the world has no pedestrians"},
      {"collision_with_static", "nothing beside the road can be hit"},
      {"red_light", "the towns have no traffic lights"},
      {"stop_sign", "junctions have rules of way but no stop signs"},
      {"scenario_timeout", "the world has no scripted scenarios of the leaderboard's kind"},
      {"yield_to_emergency_vehicle", "the world has no emergency vehicles"},
      {"minimum_speed", "the mean speed of the surrounding traffic is not measured"},
  };
  return kList;
}

}  // namespace volante
