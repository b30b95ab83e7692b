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
// (TrafficLane::left, right). Empty beyond the route's own lane within junctions.
void World::FindNearLanes() {
  near_lanes_ = {};
  const double route_s_m = state_.on_route.s_m;
  const size_t k = route_->LaneIndexAt(route_s_m);
  const LaneIndex here = route_->lanes()[k];
  NearLane& own = near_lanes_[kRouteLane];
  own.half_width_m = route_->path().At(route_s_m).half_width_m;
  own.room_m = route_->length_m() - route_s_m;
  const TrafficLane& lane = traffic_map_->lane(here);
  if (!lane.has_neighbours()) return;
  const double s_m = std::clamp(route_s_m - route_->lane_begin_s_m(k), 0.0, lane.length_m);
  const auto see = [&](NearLane& near, LaneIndex index, double at_m) {
    const Traffic::Around around =
        state_.traffic.AroundEgo(index, at_m, 0.5 * ego_params_.length_m);
    near.lead_gap_m = around.lead_gap_m;
    near.lead_speed_mps = around.lead_speed_mps;
    near.follower_gap_m = around.follower_gap_m;
    near.follower_speed_mps = around.follower_speed_mps;
  };
  const Vec2 place = lane.center->PositionAt(s_m);
  const Vec2 ahead = UnitFromHeading(lane.center->At(s_m).heading_rad);
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
    if (apart_m < kNearest_m || apart_m > kFurthest_m || on.s_m < other.usable_begin_m) continue;
    near.room_m = std::min(own.room_m, RoomOn(k, side == kLeftLane, beside, on.s_m));
    if (near.open()) see(near, beside, on.s_m);
  }
  if (near_lanes_[kLeftLane].open() || near_lanes_[kRightLane].open()) see(own, here, s_m);
}

// From s_m on a lane beside lane k of the route: as far as it runs beside the route's lanes.
double World::RoomOn(size_t k, bool left, LaneIndex beside, double s_m) const {
  const TrafficLane* lane = &traffic_map_->lane(beside);
  double room_m = lane->usable_end_m - s_m;
  while (lane->usable_end_m > lane->length_m - kWholeWay_m && ++k < route_->lanes().size()) {
    const TrafficLane& next = traffic_map_->lane(route_->lanes()[k]);
    const LaneIndex goes_on = left ? next.left : next.right;
    const std::vector<LaneIndex>& successors = network_->lane(beside).successors;
    if (goes_on == kNoLane ||
        std::find(successors.begin(), successors.end(), goes_on) == successors.end()) {
      break;
    }
    beside = goes_on;
    lane = &traffic_map_->lane(beside);
    if (lane->usable_begin_m > kWholeWay_m) break;
    room_m += lane->usable_end_m;
  }
  return std::max(room_m, 0.0);
}

}  // namespace volante
