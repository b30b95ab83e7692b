#include "env/route_ahead.h"

#include <algorithm>
#include <cmath>

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

NextLight Shown(LightColor color) {
  return color == LightColor::kGreen   ? NextLight::kGreen
         : color == LightColor::kAmber ? NextLight::kAmber
                                       : NextLight::kRed;
}

// The head that holds cars on their way from one lane into the next; null without a light there.
const SignalHead* HeadBetween(const RoadNetwork& network, LaneIndex approach, LaneIndex into,
                              const SignalPlan*& of_plan) {
  for (const SignalPlan& plan : network.signal_plans()) {
    if (plan.junction != network.lane(into).junction) continue;
    for (const SignalHead& head : plan.heads) {
      if (head.approach != approach) continue;
      const auto& lanes = plan.phases[static_cast<size_t>(head.phase)].lanes;
      if (!std::binary_search(lanes.begin(), lanes.end(), into)) continue;
      of_plan = &plan;
      return &head;
    }
  }
  return nullptr;
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

LightColor ColorAt(const SignalPlan& plan, int phase, double time_s) {
  const double cycle_s = plan.cycle_s();
  double t = std::fmod(time_s - plan.offset_s, cycle_s);
  if (t < 0.0) t += cycle_s;
  for (int p = 0; p < phase; ++p) t -= plan.phases[static_cast<size_t>(p)].duration_s();
  const SignalPhase& own = plan.phases[static_cast<size_t>(phase)];
  if (t < 0.0 || t >= own.green_s + own.amber_s) return LightColor::kRed;
  return t < own.green_s ? LightColor::kGreen : LightColor::kAmber;
}

void DescribeRouteAhead(const Route& route, DriveFacts& facts) {
  facts.command = CommandAt(route, facts.route_s_m);
  facts.light = NextLight::kNone;
  facts.light_distance_m = kFar;
  const RoadNetwork& network = route.network();
  if (network.signal_plans().empty()) return;
  const double front_s_m = facts.route_s_m + facts.front_overhang_m;
  const auto lanes = route.lanes();
  for (size_t k = route.LaneIndexAt(facts.route_s_m); k + 1 < lanes.size(); ++k) {
    if (route.lane_begin_s_m(k) > front_s_m + kLightFrom_m) return;
    if (network.lane(lanes[k + 1]).junction < 0 || network.lane(lanes[k]).junction >= 0) continue;
    const SignalPlan* plan = nullptr;
    const SignalHead* head = HeadBetween(network, lanes[k], lanes[k + 1], plan);
    if (head == nullptr) continue;
    // lane_begin_s_m of the first lane is where it would begin before the route does.
    const double distance_m = route.lane_begin_s_m(k) + head->stop_s_m - front_s_m;
    if (distance_m < 0.0) continue;  // over the line
    if (distance_m > kLightFrom_m) return;
    facts.light = Shown(ColorAt(*plan, head->phase, facts.tick * kTickSeconds));
    facts.light_distance_m = distance_m;
    return;
  }
}

}  // namespace volante
