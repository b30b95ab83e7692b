#include "env/route_ahead.h"

namespace volante {
namespace {

RouteCommand CommandOf(Turn turn) {
  switch (turn) {
    case Turn::kLeft:
      return RouteCommand::kLeft;
    case Turn::kRight:
      return RouteCommand::kRight;
    case Turn::kStraight:
      return RouteCommand::kStraight;
    case Turn::kNone:
      break;
  }
  return RouteCommand::kFollow;
}

}  // namespace

RouteCommand CommandAt(const Route& route, double route_s_m) {
  const auto lanes = route.lanes();
  for (size_t k = route.LaneIndexAt(route_s_m); k < lanes.size(); ++k) {
    if (route.lane_begin_s_m(k) > route_s_m + kCommandFrom_m) break;
    const Lane& lane = route.network().lane(lanes[k]);
    if (lane.junction >= 0) return CommandOf(lane.turn);
  }
  return RouteCommand::kFollow;
}

}  // namespace volante
