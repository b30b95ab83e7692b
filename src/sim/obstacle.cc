// What stands or drives in the ego's way along its route.
#include <algorithm>
#include <cmath>

#include "sim/world.h"

namespace volante {
namespace {

constexpr double kLookAhead_m = 60.0;
constexpr double kCorridorMargin_m = 0.15;  // on either side: ego width + 0.3 m
constexpr int kCoarse = 8;                  // route points per step of the first look

}  // namespace

Obstacle World::ObstacleAhead() const {
  Obstacle obstacle;
  const Curve& path = route_->path();
  const double s = state_.on_route.s_m, half_ego = 0.5 * ego_params_.length_m;
  const double corridor = 0.5 * ego_params_.width_m + kCorridorMargin_m;
  const NearLane& in_use = near_lanes_[LaneInUse(near_lanes_, state_.on_route.lateral_m)];
  const double reach = kLookAhead_m + half_ego + 3.0;
  const double step = path.spacing_m() * kCoarse;
  const auto& points = path.points();
  const int last = static_cast<int>(points.size()) - 1;
  const int first = std::min(last, static_cast<int>(s / path.spacing_m()));
  for (const VehicleState& npc : npc_vehicles_) {
    const Vec2 d = npc.position_m - state_.ego.position_m;
    if (Dot(d, d) > reach * reach) continue;
    // Coarse look: the nearest of every eighth route point.
    const double near = std::abs(in_use.offset_m) + corridor + 0.5 * npc.length_m + 0.5 * step;
    const int end = std::min(last, first + static_cast<int>(reach / path.spacing_m()) + 1);
    double best2 = near * near;
    int best = -1;
    for (int k = first;; k = std::min(k + kCoarse, end)) {
      const Vec2 e = npc.position_m - points[static_cast<size_t>(k)].position_m;
      const double e2 = Dot(e, e);
      if (e2 < best2) best2 = e2, best = k;
      if (k == end) break;
    }
    if (best < 0) continue;
    const double at = best * path.spacing_m();
    const CurveProjection on = path.Project(npc.position_m, std::max(s, at - step), at + step);
    const double turn = npc.heading_rad - on.heading_rad;
    const double along = std::abs(std::cos(turn)), across = std::abs(std::sin(turn));
    const double half_length = 0.5 * npc.length_m, half_width = 0.5 * npc.width_m;
    // Beyond its end the ego is back on the route's lane.
    const double aside = on.s_m - s < in_use.room_m ? in_use.offset_m : 0.0;
    if (std::abs(on.lateral_m - aside) - half_length * across - half_width * along >= corridor) {
      continue;
    }
    if (on.s_m <= s) continue;
    if (!path.flat() &&
        std::abs(path.GroundAt(on.s_m).height_m - npc.ground_m) > RoadNetwork::kLevelHeightM) {
      continue;  // above or below the way
    }
    const double gap = on.s_m - half_length * along - half_width * across - s - half_ego;
    if (gap < obstacle.gap_m && gap <= kLookAhead_m) {
      obstacle.gap_m = gap;
      obstacle.speed_mps = npc.speed_mps * std::cos(turn);
    }
  }
  const EgoRights& rights = state_.traffic.ego_rights();
  if (rights.must_yield && rights.held_end < crossings_.size()) {
    obstacle.yield_distance_m = std::max(0.0, crossings_[rights.held_end].begin_m - s - half_ego);
  }
  const LightAhead light = state_.traffic.LightBefore(ego_view_);
  if (light.stop) obstacle.yield_distance_m = std::min(obstacle.yield_distance_m, light.distance_m);
  return obstacle;
}

}  // namespace volante
