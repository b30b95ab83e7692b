// Who may enter a junction: requests, grants, and NPCs that give way to an ego that took its way.
#include <algorithm>
#include <cmath>

#include "sim/traffic.h"

namespace volante {
namespace {

constexpr int32_t kEgoAgent = -1;
constexpr double kStoodMoving_mps = 0.5;  // faster than this the ego drives on
constexpr double kEgoStanding_mps = 0.1;
constexpr double kEgoRightLapses_s = 3.0;     // standing this long, NPCs go
constexpr double kYieldBraking_mps2 = 4.0;    // NPCs that can stop by this give way
constexpr double kRoom_m = 2.5;               // left behind a car that has cleared the junction
constexpr double kRoomBraking_mps2 = 4.0;     // by which the car in the exit might stop
constexpr double kShortLane_m = 8.0;          // too short to wait on between two junctions
constexpr double kPatience_s = 50.0;          // a car that stood this long for room is next
constexpr double kForceAfter_s = 75.0;        // deadlock guard
constexpr double kDueAfter_s = 8.0;           // a request that waited so long is next
constexpr double kRedrawEvery_s = 3.0;        // waiting for room: another turn, so often
constexpr double kGoesFirstRequest_m = 45.0;  // before the line: earlier than any other car asks

}  // namespace

std::vector<RouteCrossing> FindCrossings(const Route& route) {
  std::vector<RouteCrossing> crossings;
  const std::span<const LaneIndex> lanes = route.lanes();
  const RoadNetwork& network = route.network();
  for (size_t k = 0; k < lanes.size();) {
    if (network.lane(lanes[k]).junction < 0) {
      ++k;
      continue;
    }
    RouteCrossing crossing;
    crossing.begin_m = route.lane_begin_s_m(k);
    crossing.end_m = crossing.begin_m;
    while (k < lanes.size() && network.lane(lanes[k]).junction >= 0 &&
           crossing.count < RouteCrossing::kMostLanes) {
      crossing.lanes[crossing.count] = lanes[k];
      crossing.lane_begin_m[crossing.count++] = route.lane_begin_s_m(k);
      crossing.end_m = route.lane_begin_s_m(k) + network.lane(lanes[k]).center.length_m();
      ++k;
    }
    if (k < lanes.size() && network.lane(lanes[k]).junction < 0) crossing.exit = lanes[k];
    crossings.push_back(crossing);
  }
  return crossings;
}

// ---- Who holds what.

void Traffic::AddActive(const Holdings& held, int32_t agent, double rear_m) {
  for (const Holdings::Entry& entry : held.lanes()) {
    active_.push_back({entry.lane, agent, rear_m - entry.begin_m, entry.order});
    lane_active_[static_cast<size_t>(entry.lane)] = 1;
  }
}

void Traffic::GatherActive(const EgoView& ego) {
  for (const Active& a : active_) lane_active_[static_cast<size_t>(a.lane)] = 0;
  active_.clear();
  AddActive(ego_.held, kEgoAgent, ego.route_s_m - 0.5 * ego.box.length_m);
  for (size_t i = 0; i < npcs_.size(); ++i) {
    Npc& npc = npcs_[i];
    if (npc.held.count == 0) continue;
    npc.held.Release(npc.rear_m(), *map_);
    AddActive(npc.held, static_cast<int32_t>(i), npc.rear_m());
  }
}

// Does another agent hold a lane that crosses one of these, its rear not yet past the zone?
bool Traffic::Taken(std::span<const LaneIndex> lanes, int32_t agent) const {
  for (const LaneIndex index : lanes) {
    for (const TrafficConflict& c : map_->crossings(map_->lane(index))) {
      if (!lane_active_[static_cast<size_t>(c.other)]) continue;
      for (const Active& a : active_) {
        if (a.lane == c.other && a.agent != agent && a.rear_s_m < c.other_end_s_m) return true;
      }
    }
  }
  return false;
}

// Whether nobody may cross the way of this NPC any more. Until then whoever finds the way free
// goes, so that cars follow each other through instead of taking turns one by one. Cars that go
// first are due at once, and so is the ego, which is never let in before its way is free.
bool Traffic::IsDue(const Request& request) const {
  return request.arrival_tick < 0 ||
         static_cast<double>(tick_ - request.arrival_tick) * kSimTickSeconds >= kDueAfter_s;
}

// Does an earlier request that is due wait for a lane that crosses one of these?
bool Traffic::Claimed(std::span<const LaneIndex> lanes) const {
  if (claims_.empty()) return false;
  for (const LaneIndex index : lanes) {
    for (const TrafficConflict& c : map_->crossings(map_->lane(index))) {
      if (std::find(claims_.begin(), claims_.end(), c.other) != claims_.end()) return true;
    }
  }
  return false;
}

// ---- The ego.

void Traffic::UpdateEgoRights(const EgoView& ego) {
  const double front = ego.route_s_m + 0.5 * ego.box.length_m;
  const double rear = ego.route_s_m - 0.5 * ego.box.length_m;
  ego_.must_yield = false;
  ego_.standing_s = ego.speed_mps < kEgoStanding_mps ? ego_.standing_s + kSimTickSeconds : 0.0;
  if (ego.speed_mps > kStoodMoving_mps) ego_.lapsed = false;
  ego_.held.Release(rear, *map_);
  while (ego_.crossing < ego.crossings.size() &&
         rear > ego.crossings[ego_.crossing].end_m + kZoneMargin_m) {
    ++ego_.crossing;
  }
  ego_.held_end = std::max(ego_.held_end, ego_.crossing);
  if (ego_.held.count > 0 && ego_.standing_s >= kEgoRightLapses_s) {
    ego_.held.Clear();
    ego_.held_end = ego_.crossing;
    ego_.arrival_tick = -1;
    ego_.lapsed = true;
  }
  if (ego_.held_end >= ego.crossings.size() || ego_.lapsed || !YieldsToEgo()) return;
  // An ego that can't stop any more, or has passed the line, takes its way.
  const RouteCrossing& next = ego.crossings[ego_.held_end];
  const double distance = next.begin_m - front;
  const double braking = ego.speed_mps * ego.speed_mps / (2.0 * kYieldBraking_mps2);
  if (distance <= 0.0 || braking > distance) {
    GrantEgo(next);
    ego_.licensed = false;
  }
}

void Traffic::GrantEgo(const RouteCrossing& crossing) {
  if (ego_.held.count + crossing.count > Holdings::kMost) return;
  ++grants_;
  for (uint32_t k = 0; k < crossing.count; ++k) {
    ego_.held.Add(crossing.lanes[k], crossing.lane_begin_m[k], grants_);
  }
  ego_.held.exit = crossing.exit;
  ego_.arrival_tick = -1;
  ++ego_.held_end;
}

void Traffic::DecideForEgo(const Request& request, const EgoView& ego) {
  const RouteCrossing& next = ego.crossings[ego_.held_end];
  const std::span<const LaneIndex> lanes(next.lanes.data(), next.count);
  if (Taken(lanes, kEgoAgent) || Claimed(lanes)) {
    ego_.must_yield = true;
    if (!request.lapsed) claims_.insert(claims_.end(), lanes.begin(), lanes.end());
    return;
  }
  if (request.lapsed) return;
  const uint32_t before = ego_.held.count;
  GrantEgo(next);
  ego_.licensed = true;
  Holdings added;
  for (uint32_t k = before; k < ego_.held.count; ++k) {
    added.Add(ego_.held.entries[k].lane, ego_.held.entries[k].begin_m, grants_);
  }
  AddActive(added, kEgoAgent, ego.route_s_m - 0.5 * ego.box.length_m);
}

// ---- NPCs.

// Whether a car between this one and its line has no right to go on yet (then this one asks later).
bool Traffic::LeaderWaitsAtLine(const Npc& npc) const {
  const double to_line = npc.line_odometer_m - npc.odometer_m;
  double begin = -npc.s_m;
  for (uint32_t k = 0; k < npc.line_plan; ++k) {
    if (const EgoOnLane* on = EgoOn(npc.plan[k]); on != nullptr && begin + on->mid_s_m > 0.0) {
      if (ego_.held.count == 0) return true;
    }
    const int32_t j = k == 0 ? npc.ahead : last_[static_cast<size_t>(npc.plan[k])];
    if (j >= 0) {
      const Npc& lead = npcs_[static_cast<size_t>(j)];
      return lead.line_odometer_m - lead.odometer_m < to_line - (begin + lead.s_m) + 0.5;
    }
    begin += map_->lane(npc.plan[k]).length_m;
  }
  return false;
}

void Traffic::GatherRequests(const EgoView& ego) {
  requests_.clear();
  claims_.clear();
  if (ego_.held_end < ego.crossings.size()) {
    const RouteCrossing& next = ego.crossings[ego_.held_end];
    const double distance = next.begin_m - (ego.route_s_m + 0.5 * ego.box.length_m);
    const bool held_by_light = LightOf(next.lanes[0]) != LightColor::kGreen;
    if (distance > 0.0 && distance <= RequestDistance(ego.speed_mps) && !held_by_light) {
      if (ego_.lapsed) {
        requests_.push_back({INT64_MAX, 0, true, kEgoAgent});
      } else {
        if (ego_.arrival_tick < 0) ego_.arrival_tick = tick_;
        requests_.push_back(
            {ego_.arrival_tick, map_->lane(next.lanes[0]).turn_rank, false, kEgoAgent});
      }
    } else {
      ego_.arrival_tick = -1;
    }
  }
  for (size_t i = 0; i < npcs_.size(); ++i) {
    Npc& npc = npcs_[i];
    const NpcScript* script = ScriptOf(i);
    const bool goes_first = script != nullptr && script->goes_first;
    const double ask_within = goes_first ? kGoesFirstRequest_m : RequestDistance(npc.speed_mps);
    if (npc.line_odometer_m - npc.front_m() > ask_within) continue;
    // Whoever stops before the line by a script needs no right yet.
    if (script != nullptr && tick_ < script->release_tick &&
        script->stop_odometer_m < npc.line_odometer_m) {
      continue;
    }
    if (npc.waits_at_light) continue;
    if (LeaderWaitsAtLine(npc)) continue;
    if (npc.arrival_tick < 0) npc.arrival_tick = tick_;
    requests_.push_back({goes_first ? -1 : npc.arrival_tick,
                         map_->lane(npc.plan[npc.line_plan]).turn_rank, false,
                         static_cast<int32_t>(i)});
  }
  std::sort(requests_.begin(), requests_.end(), [](const Request& a, const Request& b) {
    if (a.arrival_tick != b.arrival_tick) return a.arrival_tick < b.arrival_tick;
    if (a.turn_rank != b.turn_rank) return a.turn_rank < b.turn_rank;
    return a.agent < b.agent;
  });
}

// Room behind the last car in the exit, less what other cars on their way there will fill.
bool Traffic::ExitHasRoom(const Npc& npc, uint32_t exit_plan, const EgoView& ego) const {
  if (exit_plan >= npc.plan_count) return true;
  const LaneIndex exit = npc.plan[exit_plan];
  double needed = npc.length_m + kRoom_m;
  for (const Npc& other : npcs_) {
    if (other.held.exit == exit && other.plan[0] != exit && &other != &npc) {
      needed += other.length_m + kRoom_m;
    }
  }
  if (ego_.held.exit == exit && EgoOn(exit) == nullptr) needed += ego.box.length_m + kRoom_m;
  double begin = 0.0;
  for (uint32_t k = exit_plan; k < npc.plan_count && begin < needed; ++k) {
    const TrafficLane& lane = map_->lane(npc.plan[k]);
    if (lane.in_junction) break;
    double free = lane.length_m;
    const int32_t j = last_[static_cast<size_t>(npc.plan[k])];
    if (j >= 0) {
      const Npc& last = npcs_[static_cast<size_t>(j)];
      free = last.s_m - last.half_length_m() +
             last.speed_mps * last.speed_mps / (2.0 * kRoomBraking_mps2);
    }
    if (const EgoOnLane* on = EgoOn(npc.plan[k])) {
      free = std::min(free, on->rear_s_m + on->speed_mps * on->speed_mps / (2.0 * 8.0));
    }
    if (free < lane.length_m) return begin + free >= needed;
    begin += lane.length_m;
  }
  return begin >= std::min(needed, kShortLane_m);
}

void Traffic::DecideForNpc(const Request& request, const EgoView& ego) {
  Npc& npc = npcs_[static_cast<size_t>(request.agent)];
  // Behind an ego that stands in the exit nobody needs to wait if there is another way.
  if (EgoBlocks(npc.plan[npc.line_plan])) RedrawTurn(npc);
  std::array<LaneIndex, Npc::kPlan> way{};
  uint32_t count = 0, k = npc.line_plan;
  for (; k < npc.plan_count; ++k) {
    const TrafficLane& lane = map_->lane(npc.plan[k]);
    const bool bridge = lane.length_m < kShortLane_m && k + 1 < npc.plan_count &&
                        map_->lane(npc.plan[k + 1]).in_junction;
    if (!lane.in_junction && !bridge) break;
    way[count++] = npc.plan[k];
  }
  const std::span<const LaneIndex> lanes(way.data(), count);
  if (npc.held.count + count > Holdings::kMost) return;
  npc.cause = StandCause::kJunction;
  const bool taken = Taken(lanes, request.agent);
  const bool force = npc.standing_s > kForceAfter_s && !taken && ego_.standing_s == 0.0;
  if (!force) {
    if (!ExitHasRoom(npc, k, ego)) {
      npc.cause = StandCause::kExitFull;
      const double phase = std::fmod(npc.standing_s, kRedrawEvery_s);
      if (npc.standing_s > kRedrawEvery_s && phase < kSimTickSeconds) RedrawTurn(npc);
      // Shorter cars that come later would take every gap that opens.
      if (npc.standing_s > kPatience_s) claims_.insert(claims_.end(), lanes.begin(), lanes.end());
      return;
    }
    if (Claimed(lanes) || (taken && !FreeOnArrival(lanes, request.agent))) {
      if (IsDue(request)) claims_.insert(claims_.end(), lanes.begin(), lanes.end());
      return;
    }
  } else {
    ++counters_.forced_grants;
  }
  ++grants_;
  npc.first.any |= taken;
  double begin_m = npc.line_odometer_m;
  Holdings added;
  for (const LaneIndex lane : lanes) {
    npc.held.Add(lane, begin_m, grants_);
    added.Add(lane, begin_m, grants_);
    begin_m += map_->lane(lane).length_m;
  }
  npc.held.exit = k < npc.plan_count ? npc.plan[k] : kNoLane;
  npc.granted_end = k;
  npc.arrival_tick = -1;
  // Precedence holds for one junction.
  if (ScriptOf(static_cast<size_t>(request.agent)) != nullptr) {
    scripts_[static_cast<size_t>(request.agent)].goes_first = false;
  }
  FindLine(npc);
  AddActive(added, request.agent, npc.rear_m());
}

void Traffic::RedrawTurn(Npc& npc) {
  npc.plan_count = npc.line_plan;
  ExtendPlan(npc);
  FindLine(npc);
}

// NPCs that were granted a lane across the ego's way give way when the ego takes it and they can
// still stop; once decided, until the ego has cleared the zone or given up.
void Traffic::UpdateYielding(const EgoView& ego) {
  const bool taking = YieldsToEgo() && ego_.held.count > 0 && !ego_.licensed;
  const double ego_rear = ego.route_s_m - 0.5 * ego.box.length_m;
  for (Npc& npc : npcs_) {
    if (!taking || npc.held.count == 0) {
      npc.yields_to_ego = false;
      continue;
    }
    const double braking = npc.speed_mps * npc.speed_mps / (2.0 * kYieldBraking_mps2);
    bool yields = false;
    double wait_odometer = 0.0;
    for (const Holdings::Entry& mine : npc.held.lanes()) {
      for (const TrafficConflict& c : map_->crossings(map_->lane(mine.lane))) {
        for (const Holdings::Entry& taken : ego_.held.lanes()) {
          if (taken.lane != c.other || ego_rear - taken.begin_m >= c.other_end_s_m) continue;
          const double zone_m = mine.begin_m + c.begin_s_m;
          const double distance = zone_m - kYieldStop_m - npc.front_m();
          if (npc.yields_to_ego ? zone_m <= npc.front_m() : braking >= distance) continue;
          wait_odometer = yields ? std::min(wait_odometer, zone_m) : zone_m;
          yields = true;
        }
      }
    }
    npc.yields_to_ego = yields;
    npc.yield_odometer_m = wait_odometer;
  }
}

void Traffic::Observe(const EgoView& ego) {
  FindEgoLanes(ego);
  UpdateEgoRights(ego);
  if (map_->has_lights()) {
    ObeyLights(ego);
    RevokeAtRed(ego);
  }
  GatherActive(ego);
  GatherRequests(ego);
  for (const Request& request : requests_) {
    if (request.agent == kEgoAgent) {
      DecideForEgo(request, ego);
    } else {
      DecideForNpc(request, ego);
    }
  }
  UpdatePrecedence();
  UpdateYielding(ego);
  ChangeLanes();
}

}  // namespace volante
