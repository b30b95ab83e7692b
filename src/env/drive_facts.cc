#include "env/drive_facts.h"

#include <cmath>
#include <numbers>

#include "env/near_vehicles.h"
#include "env/route_ahead.h"

namespace volante {

void DescribeDrive(const World& world, const RouteProfile& profile, DriveFacts& facts) {
  const EgoState& ego = world.ego();
  const CurveProjection& on_route = world.on_route();
  const Curve& path = world.route().path();
  facts.position_m = ego.position_m;
  facts.heading_rad = ego.heading_rad;
  facts.speed_mps = ego.speed_mps;
  facts.yaw_rate_radps = ego.yaw_rate_radps;
  facts.steer_angle_rad = ego.steer_angle_rad;
  facts.accel_long_mps2 = ego.accel_long_mps2;
  facts.accel_lat_mps2 = ego.accel_lat_mps2;
  facts.route_s_m = on_route.s_m;
  facts.route_length_m = world.route().length_m();
  facts.lateral_offset_m = on_route.lateral_m;
  facts.heading_error_rad = WrapAngle(ego.heading_rad - on_route.heading_rad);
  facts.wrong_way = std::abs(facts.heading_error_rad) > 2.0 * std::numbers::pi / 3.0;
  facts.lane_half_width_m = path.At(on_route.s_m).half_width_m;
  facts.speed_limit_mps = world.route().SpeedLimitAt(on_route.s_m);
  facts.max_curvature_1pm = profile.MaxCurvature(on_route.s_m);
  facts.curve_speed_mps = profile.CurveSpeed(on_route.s_m);
  facts.front_overhang_m = 0.5 * world.ego_params().length_m;
  const Vec2 u = UnitFromHeading(ego.heading_rad);
  for (int k = 0; k < kRoutePoints; ++k) {
    const Vec2 d = path.PositionAt(on_route.s_m + kRoutePointSpacing_m * (k + 1)) - ego.position_m;
    facts.route_points_m[k] = {Dot(u, d), Cross(u, d)};
  }
  facts.lanes = world.near_lanes();
  const Obstacle obstacle = world.ObstacleAhead();
  facts.lead_gap_m = obstacle.gap_m;
  facts.lead_speed_mps = obstacle.speed_mps;
  facts.yield_distance_m = obstacle.yield_distance_m;
  facts.command = CommandAt(world.route(), on_route.s_m);
  const LightAhead light = world.LightBefore();
  facts.light =
      light.exists ? static_cast<NextLight>(1 + static_cast<int>(light.color)) : NextLight::kNone;
  facts.light_distance_m = light.exists ? light.distance_m : kFar;
  FillNearVehicles(world.npcs(), facts);
}

}  // namespace volante
