#include "run/driving_score.h"

namespace volante {
namespace {

// A collision ends an episode, so there is at most one, and always with a vehicle.
constexpr double kVehicleFactor20 = 0.60;
constexpr double kVehicleWeight21 = 0.7;
constexpr double kRedLightFactor20 = 0.70;  // for each
constexpr double kRedLightWeight21 = 0.4;

}  // namespace

double DrivingScore20(const EpisodeStats& e) {
  double factor = e.collision_while_moving ? kVehicleFactor20 : 1.0;
  for (int k = 0; k < e.red_lights_run; ++k) factor *= kRedLightFactor20;
  return 100.0 * e.route_completion * factor * (1.0 - e.outside_lane_share());
}

double DrivingScore21(const EpisodeStats& e) {
  const double weights =
      (e.collision_while_moving ? kVehicleWeight21 : 0.0) + kRedLightWeight21 * e.red_lights_run;
  return 100.0 * e.route_completion / (1.0 + weights) * (1.0 - e.outside_lane_share());
}

std::span<const NotApplicable> InfractionsNotApplicable(bool met_light) {
  static constexpr NotApplicable kList[] = {
      {"red_light", "no route met a traffic light"},  // first: left out when one did
      {"collision_with_pedestrian", "the world has no pedestrians"},
      {"collision_with_static", "nothing beside the road can be hit"},
      {"stop_sign", "junctions have rules of way but no stop signs"},
      {"scenario_timeout", "the world has no scripted scenarios of the leaderboard's kind"},
      {"yield_to_emergency_vehicle", "the world has no emergency vehicles"},
      {"minimum_speed", "the mean speed of the surrounding traffic is not measured"},
  };
  const std::span<const NotApplicable> list = kList;
  return met_light ? list.subspan(1) : list;
}

}  // namespace volante
