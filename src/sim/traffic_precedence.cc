// Cars that are granted a junction while others still drive through it: who goes first, and how the
// later car keeps clear until it may drive on.
//
// Grants have an order. A car is granted lanes across the way of earlier cars when these will have
// passed before it can be there, as they drive now. Whatever they do then, it can stop before each
// shared zone until they have left it, or drives behind them where the ways join: of any two cars
// the later one waits, so nobody waits in a circle.
#include <algorithm>
#include <cmath>

#include "sim/traffic.h"

namespace volante {
namespace {

constexpr int32_t kEgoAgent = -1;
constexpr double kStop_m = 0.5;             // front bumper to the zone
constexpr double kBraking_mps2 = 3.0;       // to the stop: begins here,
constexpr double kBrakingLeast_mps2 = 2.0;  // goes on down to this
constexpr double kMostBraking_mps2 = 9.0;
constexpr double kJoinGap_m = 2.0;     // to the car that it follows into the zone
constexpr double kHoldWithin_m = 0.3;  // of the stop it stays where it is
constexpr double kLeastSpeed_mps = 0.1;

// Where the earlier car's rear is, on its own lane, when the later one may go on: it has left the
// zone, or where the ways join there is room to stop behind it in the zone. Places on ways that
// join are compared by their distance to the common end.
double ClearFrom(const TrafficMap& map, const TrafficLane& lane, const TrafficConflict& c) {
  if (!c.merge) return c.other_end_s_m;
  const double beside_m = map.lane(c.other).length_m - lane.length_m + c.begin_s_m;
  return std::min(std::max(c.other_begin_s_m, beside_m - kStop_m + kJoinGap_m), c.other_end_s_m);
}

}  // namespace

// Whether everybody who holds lanes across these will be out of the way before this car can be
// there. The ego may do anything: never while it holds one.
bool Traffic::FreeOnArrival(std::span<const LaneIndex> lanes, int32_t agent) const {
  const Npc& npc = npcs_[static_cast<size_t>(agent)];
  const double v = npc.speed_mps, accel = npc.max_accel_mps2;
  double to_lane_m = npc.line_odometer_m - npc.front_m();
  for (const LaneIndex index : lanes) {
    for (const TrafficConflict& c : map_->crossings(map_->lane(index))) {
      if (!lane_active_[static_cast<size_t>(c.other)]) continue;
      const double way_m = std::max(0.0, to_lane_m + c.begin_s_m);
      const double seconds = (std::sqrt(v * v + 2.0 * accel * way_m) - v) / accel;
      for (const Active& a : active_) {
        if (a.lane != c.other || a.agent == agent || a.rear_s_m >= c.other_end_s_m) continue;
        if (a.agent == kEgoAgent) return false;
        const double until_s_m = ClearFrom(*map_, map_->lane(index), c);
        const double speed = npcs_[static_cast<size_t>(a.agent)].speed_mps;
        if (until_s_m - a.rear_s_m >= seconds * std::max(speed, kLeastSpeed_mps)) return false;
      }
    }
    to_lane_m += map_->lane(index).length_m;
  }
  return true;
}

void Traffic::UpdatePrecedence() {
  for (size_t i = 0; i < npcs_.size(); ++i) {
    Npc& npc = npcs_[i];
    if (!npc.first.any) continue;
    npc.first = {};
    for (const Holdings::Entry& mine : npc.held.lanes()) {
      const TrafficLane& lane = map_->lane(mine.lane);
      for (const TrafficConflict& c : map_->crossings(lane)) {
        if (!lane_active_[static_cast<size_t>(c.other)]) continue;
        for (const Active& a : active_) {
          if (a.lane != c.other || a.order >= mine.order || a.rear_s_m >= c.other_end_s_m ||
              a.agent == kEgoAgent || a.agent == static_cast<int32_t>(i)) {
            continue;
          }
          npc.first.any = true;
          if (a.rear_s_m >= ClearFrom(*map_, lane, c)) {
            const double rear_m =
                mine.begin_m + lane.length_m - (map_->lane(c.other).length_m - a.rear_s_m);
            if (npc.first.joins >= 0 && npc.first.rear_odometer_m <= rear_m) continue;
            npc.first.rear_odometer_m = rear_m;
            npc.first.joins = a.agent;
          } else {
            const double stop_m = mine.begin_m + c.begin_s_m - kStop_m;
            if (npc.first.crosses >= 0 && npc.first.stop_odometer_m <= stop_m) continue;
            npc.first.stop_odometer_m = stop_m;
            npc.first.crosses = a.agent;
          }
        }
      }
    }
  }
}

// Steady braking to the stop, once it takes the usual force.
void Traffic::BrakeForCrossing(Npc& npc, bool was_braking) const {
  const double way = npc.first.stop_odometer_m - npc.front_m();
  double braking = kBraking_mps2;
  if (way > kHoldWithin_m) {
    braking = std::min(npc.speed_mps * npc.speed_mps / (2.0 * way), kMostBraking_mps2);
    if (braking < (was_braking ? kBrakingLeast_mps2 : kBraking_mps2)) return;
  }
  if (npc.accel_mps2 <= -braking) return;
  npc.accel_mps2 = -braking;
  npc.cause = StandCause::kJunction;
  npc.behind_ego = npcs_[static_cast<size_t>(npc.first.crosses)].behind_ego;
}

}  // namespace volante
