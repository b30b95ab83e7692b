// Traffic lights: who comes asks for its phase (sim/signal_control.h) and stops at the line, by the
// amber decision v^2 / 2b <= d; the right to enter that can't be used any more is given back.
#include <algorithm>
#include <cmath>
#include <utility>

#include "sim/traffic.h"

namespace volante {
namespace {

constexpr double kAmberBraking_mps2 = 3.0;  // whoever can stop by this does
constexpr double kRedBraking_mps2 = 9.0;    // and at red whoever can stop at all
constexpr double kSeenFrom_m = 60.0;        // NPCs mind a light from here on,
constexpr double kEgoSeenFrom_m = 100.0;    // the ego from here
constexpr double kEgoWaitsWithin_m = 60.0;  // at a red light, or in the queue before it
constexpr double kPast_m = 0.3;             // beyond the line by this much a car has passed it
constexpr double kQueue_m = 250.0;          // a queue before a red light is not longer

}  // namespace

void Traffic::DrawLights(uint64_t seed) {
  RandomStream random(seed, "traffic lights");
  lights_.clear();
  for (const SignalPlan& plan : map_->network().signal_plans()) {
    SignalMoment light;
    light.phase = static_cast<int32_t>(random.Below(plan.phases.size()));
    light.ticks = static_cast<int32_t>(
        random.Uniform(0.0, plan.phases[static_cast<size_t>(light.phase)].green_s) /
        kSimTickSeconds);
    lights_.push_back(light);
  }
}

LightColor Traffic::PhaseColor(size_t plan, int phase) const {
  return lights_[plan].ColorOf(phase);
}

void Traffic::WriteLightColors(std::vector<LightColor>& out) const {
  out.clear();
  for (size_t k = 0; k < lights_.size(); ++k) {
    const size_t first = out.size();
    out.resize(first + map_->network().signal_plans()[k].phases.size(), LightColor::kRed);
    out[first + static_cast<size_t>(lights_[k].phase)] = lights_[k].color;
  }
}

LightColor Traffic::LightOf(LaneIndex index) const {
  const TrafficLane& lane = map_->lane(index);
  if (lane.signal_plan < 0) return LightColor::kGreen;
  return lights_[static_cast<size_t>(lane.signal_plan)].ColorFor(lane.signal_phases);
}

void Traffic::ObeyLight(Npc& npc) {
  npc.red_ahead = false;
  // The next lane on its way that a light holds.
  double begin_m = npc.odometer_m - npc.s_m;
  uint32_t gate = 0;
  for (uint32_t k = 1; k < npc.plan_count && gate == 0; ++k) {
    begin_m += map_->lane(npc.plan[k - 1]).length_m;
    if (begin_m - npc.front_m() > kQueue_m) break;
    const TrafficLane& lane = map_->lane(npc.plan[k]);
    // Within a junction only its first lane has a line.
    if (lane.signal_plan >= 0 && !map_->lane(npc.plan[k - 1]).in_junction) gate = k;
  }
  const bool waited = std::exchange(npc.waits_at_light, false);
  if (gate == 0) return;
  const double line_m = begin_m - map_->lane(npc.plan[gate]).stop_before_m;
  const double distance = line_m - npc.front_m();
  AskForLight(npc.plan[gate], distance);
  const LightColor color = LightOf(npc.plan[gate]);
  if (color == LightColor::kGreen) return;
  npc.red_ahead = true;
  if (distance > kSeenFrom_m) return;
  if (distance < -kPast_m) {
    npc.red_ahead = false;
    return;
  }
  const double v = npc.speed_mps;
  const double old_v = std::max(0.0, v - npc.accel_mps2 * kSimTickSeconds);
  const double driven = 0.5 * (v + old_v) * kSimTickSeconds;
  if (!waited && color == LightColor::kRed && distance <= 0.0 && distance + driven > 0.0 &&
      v > 0.5) {
    ++counters_.red_lights_run;
  }
  const double braking =
      waited || color == LightColor::kRed ? kRedBraking_mps2 : kAmberBraking_mps2;
  if (v * v / (2.0 * braking) > std::max(distance, 0.0) && v > 0.1) return;
  npc.waits_at_light = true;
  npc.light_odometer_m = line_m;
  npc.arrival_tick = -1;
  if (gate >= npc.granted_end) return;
  // Gives back the lanes from the gate on.
  Holdings kept;
  for (const Holdings::Entry& entry : npc.held.lanes()) {
    if (entry.begin_m < begin_m - 0.01) kept.Add(entry.lane, entry.begin_m, entry.order);
  }
  if (kept.count > 0) kept.exit = npc.plan[gate - 1];
  npc.held = kept;
  npc.granted_end = gate;
  FindLine(npc);
}

void Traffic::AskForLight(LaneIndex index, double distance_m) {
  const TrafficLane& lane = map_->lane(index);
  if (distance_m < -kPast_m) return;
  lights_[static_cast<size_t>(lane.signal_plan)].Ask(lane.signal_phases, distance_m);
}

void Traffic::ObeyLights(const EgoView& ego) {
  const std::span<const SignalPlan> plans = map_->network().signal_plans();
  for (size_t k = 0; k < lights_.size(); ++k) lights_[k].Advance(plans[k]);
  for (Npc& npc : npcs_) ObeyLight(npc);
  const LightAhead light = LightBefore(ego);
  if (light.exists) AskForLight(light.lane, light.distance_m);
  ego_.waits_at_red = light.stop && ego_.standing_s > 0.0 && light.distance_m < kEgoWaitsWithin_m;
}

LightAhead Traffic::LightBefore(const EgoView& ego) const {
  LightAhead light;
  if (!map_->has_lights()) return light;
  const double front = ego.route_s_m + 0.5 * ego.box.length_m;
  for (size_t k = ego_.crossing; k < ego.crossings.size(); ++k) {
    const RouteCrossing& crossing = ego.crossings[k];
    const TrafficLane& lane = map_->lane(crossing.lanes[0]);
    const double distance = crossing.begin_m - lane.stop_before_m - front;
    if (distance > kEgoSeenFrom_m) break;
    if (lane.signal_plan < 0 || distance < -kPast_m) continue;
    light.exists = true;
    light.lane = crossing.lanes[0];
    light.color = LightOf(crossing.lanes[0]);
    light.distance_m = std::max(distance, 0.0);
    light.stop = light.color == LightColor::kRed ||
                 (light.color == LightColor::kAmber &&
                  ego.speed_mps * ego.speed_mps <= 2.0 * kAmberBraking_mps2 * light.distance_m);
    break;
  }
  return light;
}

bool Traffic::RanRed(const EgoView& ego, double from_route_s_m) const {
  if (!map_->has_lights()) return false;
  const double half = 0.5 * ego.box.length_m;
  // The crossing that was passed in this tick may be behind already.
  const size_t first = ego_.crossing > 0 ? ego_.crossing - 1 : 0;
  for (const RouteCrossing& crossing : ego.crossings.subspan(first)) {
    const TrafficLane& lane = map_->lane(crossing.lanes[0]);
    const double line = crossing.begin_m - lane.stop_before_m;
    if (line > ego.route_s_m + half) break;
    if (line > from_route_s_m + half && LightOf(crossing.lanes[0]) == LightColor::kRed) return true;
  }
  return false;
}

// An ego that waits at a light does not keep the junction from others.
void Traffic::RevokeAtRed(const EgoView& ego) {
  if (ego_.held_end == 0 || ego_.held.count == 0) return;
  const RouteCrossing& crossing = ego.crossings[ego_.held_end - 1];
  const double to_line = crossing.begin_m - map_->lane(crossing.lanes[0]).stop_before_m -
                         ego.route_s_m - 0.5 * ego.box.length_m;
  if (to_line < 0.0 || LightOf(crossing.lanes[0]) == LightColor::kGreen ||
      ego.speed_mps * ego.speed_mps > 2.0 * kAmberBraking_mps2 * to_line) {
    return;
  }
  Holdings kept;
  for (const Holdings::Entry& entry : ego_.held.lanes()) {
    if (entry.begin_m < crossing.begin_m - 0.01) {
      kept.Add(entry.lane, entry.begin_m, entry.order);
    }
  }
  if (kept.count > 0 && ego_.held_end >= 2) kept.exit = ego.crossings[ego_.held_end - 2].exit;
  ego_.held = kept;
  --ego_.held_end;
  ego_.arrival_tick = -1;
}

}  // namespace volante
