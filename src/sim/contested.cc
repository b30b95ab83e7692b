#include "sim/contested.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/random.h"
#include "sim/idm.h"

namespace volante {
namespace {

// The lead car.
constexpr double kLeadGapLeast_m = 15.0, kLeadGapMost_m = 25.0;  // between bumpers at the start
constexpr double kStopLeast_m = 30.0, kStopMost_m = 60.0;        // from the ego's start, centres
constexpr double kStopRoom_m = 5.0;                              // at least this far before it
constexpr double kStopBraking_mps2 = 3.0;                        // as the traffic brakes to it
constexpr double kBeforeLine_m = 1.5;  // a standing car's front stays clear of a junction
constexpr double kBehindIt_m = 12.0;   // room after a junction for the ego behind a standing car
constexpr double kAfterJunction_m = 12.0;  // a lead beyond the junction: room to join behind it
constexpr double kRouteEnd_m = 15.0;       // no lead nearer to the end of the route

constexpr double kStandLeast_s = 6.0, kSlowLeast_s = 10.0;
// A patient driver still finishes in 1,000 ticks: on a long route, which leaves less than the drawn
// time after its free drive and a reserve for junctions and following, the lead goes on earlier.
constexpr double kEpisode_s = 50.0;
constexpr double kReserve_s = 11.0;

// The crossing cars.
constexpr double kLaneEnd_m = 5.0;      // centres, from the beginning of their lane
constexpr double kLineClear_m = 8.0;    // and from its end
constexpr double kSlot_m = 9.0;         // between cars that stand at their start
constexpr double kClearOfEgo_m = 20.0;  // between outlines
constexpr double kCarRadius_m = 2.7;    // half the diagonal of any car, at most
constexpr int kStream = 2;              // for an ego on a free road; these go first
constexpr int kMostCrossing = 3;        // and one for an ego that comes late, by the usual rules
constexpr double kLateSpare_s = 5.0;    // only where the route leaves this much time
constexpr int kMostApproachHops = 4;

// The ego whose arrival the crossing cars are timed for.
constexpr double kEgoLateral_mps2 = 2.5, kEgoBraking_mps2 = 2.0, kEgoAccel_mps2 = 2.5;

constexpr double kCell_m = 1.0;
constexpr double kDt_s = 0.1;
constexpr double kLongest_s = 120.0;

int64_t TickOf(double seconds) {
  return static_cast<int64_t>(std::lround(seconds / kSimTickSeconds));
}

// Squares of the speeds that a way allows, one per metre, lowered for what comes by this braking.
struct Way {
  std::vector<double> allowed2;

  void Anticipate(double braking_mps2) {
    for (size_t k = allowed2.size(); k-- > 1;) {
      allowed2[k - 1] = std::min(allowed2[k - 1], allowed2[k] + 2.0 * braking_mps2 * kCell_m);
    }
  }
  double SpeedAt(double s_m) const {
    const auto cell = static_cast<size_t>(std::max(0.0, s_m / kCell_m));
    return std::sqrt(allowed2[std::min(cell, allowed2.size() - 1)]);
  }
  // From s to s, with this speed at first and IDM's acceleration on a free road.
  double Seconds(double from_s_m, double to_s_m, double speed_mps, double accel_mps2) const {
    double t = 0.0;
    for (double s = from_s_m; s < to_s_m && t < kLongest_s; t += kDt_s) {
      const double allowed = SpeedAt(s);
      if (speed_mps > allowed) {
        speed_mps = allowed;
      } else {
        speed_mps += accel_mps2 * IdmFreeRoad(speed_mps, allowed) * kDt_s;
      }
      s += std::max(speed_mps, 0.1) * kDt_s;
    }
    return t;
  }
};

Way EgoWay(const Route& route, double cruise_mps) {
  Way way;
  for (double s = 0.0; s <= route.length_m(); s += kCell_m) {
    const double bend = std::abs(route.path().At(s).curvature_1pm);
    const double limit = std::min(cruise_mps, route.SpeedLimitAt(s));
    way.allowed2.push_back(std::min(limit * limit, kEgoLateral_mps2 / std::max(bend, 1e-9)));
  }
  way.Anticipate(kEgoBraking_mps2);
  return way;
}

// An NPC's along these lanes.
Way NpcWay(const TrafficMap& map, std::span<const LaneIndex> lanes, double speed_factor) {
  Way way;
  for (const LaneIndex index : lanes) {
    const TrafficLane& lane = map.lane(index);
    const double cruise = speed_factor * lane.cruise_mps;
    for (double s = 0.0; s < lane.length_m; s += kCell_m) {
      way.allowed2.push_back(std::min(cruise * cruise, map.AllowedSpeed2(lane, s)));
    }
  }
  way.Anticipate(kNpcCurveBraking_mps2);
  return way;
}

Npc DrawBody(RandomStream& random) {
  Npc npc;
  npc.length_m = random.Uniform(3.9, 4.9);
  npc.width_m = random.Uniform(1.75, 2.0);
  npc.height_m = random.Uniform(1.4, 1.7);
  npc.speed_factor = random.Uniform(0.95, 1.05);
  npc.time_gap_s = random.Uniform(1.0, 1.2);
  npc.color = static_cast<uint8_t>(random.Below(8));
  return npc;
}

// ---- The lead car.

// exists is false when the route has no room for it.
struct Lead {
  bool exists = false;
  double s_m = 0.0;      // on the route
  double delay_s = 0.0;  // by which a follower comes later to what lies beyond the lead
  ScriptedCar car;
};

// Whether a car's centre at s would stand in a junction, its front beyond the line, or its follower
// in the junction behind it.
bool StandsClear(std::span<const RouteCrossing> crossings, double s_m, double half_length_m) {
  return std::none_of(crossings.begin(), crossings.end(), [&](const RouteCrossing& c) {
    return s_m > c.begin_m - half_length_m - kBeforeLine_m && s_m < c.end_m + kBehindIt_m;
  });
}

// The wanted place, or the first one beyond the junction that lies there.
double LeadPlace(std::span<const RouteCrossing> crossings, double wanted_s_m, double half_m) {
  double s_m = wanted_s_m;
  for (const RouteCrossing& c : crossings) {
    if (s_m > c.begin_m - half_m - kBeforeLine_m && s_m < c.end_m + kAfterJunction_m) {
      s_m = c.end_m + kAfterJunction_m;
    }
  }
  return s_m;
}

Lead MakeLead(const Route& route, const TrafficMap& map, std::span<const RouteCrossing> crossings,
              double start_s_m, double ego_length_m, double spare_s, RandomStream& random) {
  Lead lead;
  Npc& npc = lead.car.npc;
  NpcScript& script = lead.car.script;
  npc = DrawBody(random);
  const double half = npc.half_length_m();
  const double gap = random.Uniform(kLeadGapLeast_m, kLeadGapMost_m);
  const bool stops = random.Below(2) == 0;
  const double slow_mps = random.Uniform(3.0, 5.0), drawn_slow_s = random.Uniform(12.0, 18.0);
  const double quick_mps = random.Uniform(5.0, 7.0), drawn_stand_s = random.Uniform(8.0, 15.0);
  const double share = random.Uniform();
  lead.s_m = LeadPlace(crossings, start_s_m + 0.5 * ego_length_m + gap + half, half);
  if (lead.s_m > route.length_m() - kRouteEnd_m) return lead;
  lead.exists = true;

  const size_t first = route.LaneIndexAt(lead.s_m);
  npc.s_m = lead.s_m - route.lane_begin_s_m(first);
  for (size_t k = first; k < route.lanes().size() && npc.plan_count < Npc::kPlan; ++k) {
    npc.plan[npc.plan_count++] = route.lanes()[k];
  }
  const double allowed_mps = std::sqrt(map.AllowedSpeed2(map.lane(npc.plan[0]), npc.s_m));

  // Where it may stop, metre by metre.
  std::vector<double> stops_m;
  for (double s = kStopLeast_m; stops && s <= kStopMost_m; s += 1.0) {
    const double at = start_s_m + s;
    if (at >= lead.s_m + kStopRoom_m && at <= route.length_m() - kRouteEnd_m &&
        StandsClear(crossings, at, half)) {
      stops_m.push_back(at);
    }
  }
  if (stops_m.empty()) {
    const double slow_s = std::clamp(spare_s / (1.0 - slow_mps / 8.0), kSlowLeast_s, drawn_slow_s);
    script.speed_limit_mps = slow_mps;
    npc.speed_mps = std::min(slow_mps, allowed_mps);
    script.release_tick = TickOf(slow_s);
    lead.delay_s = slow_s * (1.0 - slow_mps / 8.0);
    return lead;
  }
  const auto pick = static_cast<size_t>(share * static_cast<double>(stops_m.size()));
  const double way_m = stops_m[pick] - lead.s_m;
  npc.speed_mps = std::min({quick_mps, allowed_mps, std::sqrt(2.0 * kStopBraking_mps2 * way_m)});
  script.speed_limit_mps = npc.speed_mps;
  script.stop_odometer_m = way_m;
  const double stands_at_s = way_m / npc.speed_mps + npc.speed_mps / (2.0 * kStopBraking_mps2);
  const double stand_s = std::clamp(spare_s, kStandLeast_s, drawn_stand_s);
  script.release_tick = TickOf(stands_at_s + stand_s);
  const double free_s = (stops_m[pick] - start_s_m) / 7.0;
  lead.delay_s = std::max(0.0, stands_at_s + stand_s - free_s);
  return lead;
}

// ---- Crossing traffic.

// A way of others through the ego's junction: the lane that leads to it and the conflict.
struct Conflicting {
  std::array<LaneIndex, kMostApproachHops + 1> lanes{};  // approach first, the lane last
  size_t count = 0;
  double zone_s_m = 0.0;      // middle of the shared zone, from the beginning of the approach
  double ego_zone_s_m = 0.0;  // on the ego's route
};

std::vector<Conflicting> FindConflicting(const Route& route, const TrafficMap& map,
                                         const RouteCrossing& crossing) {
  std::vector<Conflicting> found;
  const std::span<const LaneIndex> on_route = route.lanes();
  const auto driven = [&](LaneIndex lane) {
    return std::find(on_route.begin(), on_route.end(), lane) != on_route.end();
  };
  for (uint32_t k = 0; k < crossing.count; ++k) {
    for (const TrafficConflict& c : map.crossings(map.lane(crossing.lanes[k]))) {
      if (driven(c.other) || !map.lane(c.other).endless) continue;
      Conflicting way;
      std::vector<LaneIndex> back{c.other};
      double begin_m = 0.0;
      while (map.lane(back.back()).in_junction &&
             back.size() <= static_cast<size_t>(kMostApproachHops)) {
        const auto& before = map.network().lane(back.back()).predecessors;
        if (before.empty()) break;
        back.push_back(before.front());
        begin_m += map.lane(before.front()).length_m;
      }
      const LaneIndex approach = back.back();
      if (map.lane(approach).in_junction || driven(approach) ||
          map.lane(approach).length_m < kLaneEnd_m + kLineClear_m) {
        continue;
      }
      std::copy(back.rbegin(), back.rend(), way.lanes.begin());
      way.count = back.size();
      way.zone_s_m = begin_m + 0.5 * (c.other_begin_s_m + c.other_end_s_m);
      way.ego_zone_s_m = crossing.lane_begin_m[k] + 0.5 * (c.begin_s_m + c.end_s_m);
      found.push_back(way);
    }
  }
  return found;
}

// The car that is in the zone at arrival_s, on its lane at most at most_s_m and at least at
// least_s_m; it waits there if that is too near. False when there is no room.
bool PlaceCrossing(const TrafficMap& map, const Conflicting& way, double arrival_s,
                   double least_s_m, double most_s_m, Vec2 ego_m, double ego_radius_m,
                   ScriptedCar& car) {
  Npc& npc = car.npc;
  const Way speeds = NpcWay(map, {way.lanes.data(), way.count}, npc.speed_factor);
  const TrafficLane& approach = map.lane(way.lanes[0]);
  for (size_t k = 0; k < way.count; ++k) npc.plan[npc.plan_count++] = way.lanes[k];
  const double clear_m = kClearOfEgo_m + ego_radius_m + kCarRadius_m;
  double wait_s = -1.0;
  for (double s = most_s_m; s >= least_s_m; s -= 1.0) {
    if (Distance(approach.center->PositionAt(s), ego_m) < clear_m) continue;
    // Fast enough to be moving, slow enough to stop if the junction is not free.
    const double to_line = approach.length_m - s - npc.half_length_m() - 2.5;
    npc.s_m = s;
    npc.speed_mps = std::min(speeds.SpeedAt(s), std::sqrt(2.0 * 4.0 * std::max(0.0, to_line)));
    const double seconds = speeds.Seconds(s, way.zone_s_m, npc.speed_mps, 1.5);
    wait_s = arrival_s - speeds.Seconds(s, way.zone_s_m, 0.0, 1.5);
    if (seconds >= arrival_s) return true;
  }
  if (npc.s_m == 0.0) return false;
  if (wait_s > 0.0) {
    npc.speed_mps = 0.0;
    car.script.stop_odometer_m = 0.0;
    car.script.release_tick = TickOf(wait_s);
  }
  return true;
}

void AddCrossing(const Route& route, const TrafficMap& map, const RouteCrossing& crossing,
                 const Lead& lead, double start_s_m, double ego_length_m, double spare_s,
                 RandomStream& random, std::vector<ScriptedCar>& cars) {
  const std::vector<Conflicting> ways = FindConflicting(route, map, crossing);
  const double cruise_mps = random.Uniform(6.5, 8.0), headway_s = random.Uniform(1.4, 1.8);
  if (ways.empty()) return;
  const Conflicting& way = ways[random.Below(ways.size())];
  const double free_s =
      EgoWay(route, cruise_mps).Seconds(start_s_m, way.ego_zone_s_m, 0.0, kEgoAccel_mps2);
  // Two when an ego on a free road comes, one when it has waited behind the lead. A car that comes
  // a little later than the ego can still brake for it, one that comes a little earlier is hit.
  const double delay_s = lead.exists && lead.s_m < crossing.begin_m ? lead.delay_s : 0.0;
  const std::array<double, kMostCrossing> arrivals_s = {
      free_s - 0.4 * headway_s, free_s + 0.6 * headway_s,
      free_s + std::max(2.0 * headway_s, delay_s)};
  const double most_s_m = map.lane(way.lanes[0]).length_m - kLineClear_m;
  const double room_m = most_s_m - kLaneEnd_m;
  const int wanted = spare_s >= kLateSpare_s ? kMostCrossing : kStream;
  const int count = std::min(wanted, 1 + static_cast<int>(room_m / kSlot_m));
  const Vec2 ego_m = route.path().PositionAt(start_s_m);
  double limit_m = most_s_m;
  for (int i = 0; i < count; ++i) {
    ScriptedCar car;
    car.npc = DrawBody(random);
    const double least_m = kLaneEnd_m + kSlot_m * (count - 1 - i);
    if (limit_m < least_m || !PlaceCrossing(map, way, arrivals_s[static_cast<size_t>(i)], least_m,
                                            limit_m, ego_m, 0.5 * ego_length_m + 0.6, car)) {
      continue;
    }
    car.script.goes_first = i < kStream;
    limit_m = car.npc.s_m - kSlot_m;
    cars.push_back(car);
  }
}

}  // namespace

std::vector<ScriptedCar> ContestedCars(const Route& route, const TrafficMap& map, double start_s_m,
                                       double ego_length_m, uint64_t seed) {
  std::vector<ScriptedCar> cars;
  const std::vector<RouteCrossing> crossings = FindCrossings(route);
  const double spare_s =
      kEpisode_s - kReserve_s -
      EgoWay(route, 8.0).Seconds(start_s_m, route.length_m(), 0.0, kEgoAccel_mps2);
  RandomStream lead_random(seed, "contested lead"), crossing_random(seed, "contested crossing");
  const Lead lead = MakeLead(route, map, crossings, start_s_m, ego_length_m, spare_s, lead_random);
  if (lead.exists) cars.push_back(lead.car);
  const auto first = std::find_if(crossings.begin(), crossings.end(), [&](const RouteCrossing& c) {
    return c.begin_m > start_s_m + 0.5 * ego_length_m;
  });
  if (first != crossings.end()) {
    AddCrossing(route, map, *first, lead, start_s_m, ego_length_m, spare_s, crossing_random, cars);
  }
  return cars;
}

}  // namespace volante
