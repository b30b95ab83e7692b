// The lanes beside the ego's route, and who drives on them.
#include <algorithm>
#include <cmath>

#include "sim/world.h"

namespace volante {
namespace {

constexpr double kNearest_m = 2.0, kFurthest_m = 6.0;  // between the centres of neighbours
constexpr double kSearch_m = 15.0;                     // along a lane for the place beside the ego
constexpr double kWholeWay_m = 1.0;                    // a lane that is usable up to here goes on

}  // namespace

// Lanes of the route's direction only: those of the other direction are no neighbours
// (TrafficLane::left, right). Within junctions there is the route's own alone.
void World::FindNearLanes() {
  near_lanes_ = {};
  const double route_s_m = state_.on_route.s_m;
  const size_t k = route_->LaneIndexAt(route_s_m);
  NearLane& own = near_lanes_[kRouteLane];
  own.half_width_m = route_->path().At(route_s_m).half_width_m;
  own.room_m = route_->length_m() - route_s_m;
  const TrafficLane& lane = traffic_map_->lane(route_->lanes()[k]);
  if (!lane.has_neighbours()) return;
  const double s_m = std::clamp(route_s_m - route_->lane_begin_s_m(k), 0.0, lane.length_m);
  const Vec2 place = lane.center->PositionAt(s_m);
  const Vec2 ahead = UnitFromHeading(lane.center->At(s_m).heading_rad);
  bool any = false;
  for (const size_t side : {kLeftLane, kRightLane}) {
    const LaneIndex beside = side == kLeftLane ? lane.left : lane.right;
    if (beside == kNoLane) continue;
    const TrafficLane& other = traffic_map_->lane(beside);
    const double guess_m = s_m * other.length_m / lane.length_m;
    const CurveProjection on =
        other.center->Project(place, guess_m - kSearch_m, guess_m + kSearch_m);
    NearLane& near = near_lanes_[side];
    near.offset_m = Cross(ahead, other.center->PositionAt(on.s_m) - place);
    near.half_width_m = other.center->At(on.s_m).half_width_m;
    const double apart_m = std::abs(near.offset_m);
    if (apart_m < kNearest_m || apart_m > kFurthest_m) continue;
    if (on.s_m < other.usable_begin_m - kWholeWay_m) continue;
    Traffic::Way way;
    near.room_m = std::min(own.room_m, FollowBeside(k, side, beside, on.s_m, way));
    if (!near.open()) continue;
    FindGaps(way, on.s_m, near);
    any = true;
  }
  if (!any) return;
  Traffic::Way way;
  for (size_t next = k; next < route_->lanes().size() && !way.full(); ++next) {
    way.Add(route_->lanes()[next]);
  }
  FindGaps(way, s_m, own);
}

void World::FindGaps(const Traffic::Way& way, double s_m, NearLane& near) const {
  const Traffic::Around around = state_.traffic.AroundEgo(way, s_m, 0.5 * ego_params_.length_m);
  near.lead_gap_m = around.lead_gap_m;
  near.lead_speed_mps = around.lead_speed_mps;
  near.follower_gap_m = around.follower_gap_m;
  near.follower_speed_mps = around.follower_speed_mps;
}

// From s_m on a lane beside lane k of the route: the lanes that run on beside the route's, and for
// how far along the route.
double World::FollowBeside(size_t k, size_t side, LaneIndex beside, double s_m,
                           Traffic::Way& way) const {
  double room_m = 0.0;
  for (;;) {
    const TrafficLane& own = traffic_map_->lane(route_->lanes()[k]);
    const TrafficLane& lane = traffic_map_->lane(beside);
    way.Add(beside);
    room_m += (lane.usable_end_m - s_m) * own.length_m / lane.length_m;
    if (lane.usable_end_m < lane.length_m - kWholeWay_m) break;  // it narrows
    if (++k == route_->lanes().size() || way.full()) break;
    const TrafficLane& next = traffic_map_->lane(route_->lanes()[k]);
    const LaneIndex goes_on = side == kLeftLane ? next.left : next.right;
    const std::vector<LaneIndex>& after = network_->lane(beside).successors;
    if (goes_on == kNoLane || std::find(after.begin(), after.end(), goes_on) == after.end() ||
        traffic_map_->lane(goes_on).usable_begin_m > kWholeWay_m) {
      break;
    }
    beside = goes_on;
    s_m = 0.0;
  }
  return std::max(room_m, 0.0);
}

}  // namespace volante
