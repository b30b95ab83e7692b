// Who is let into a junction while others still drive through it, and that the later car keeps
// clear of the earlier whatever that one does. Two cars on the built-in town, each placed by hand;
// the ego stands far away.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include "sim/traffic.h"
#include "sim_test_util.h"

namespace volante {
namespace {

using sim_test::Town;

constexpr double kLength_m = 4.5;

// Two ways through a junction that share a zone: the first goes straight on, so that it is served
// first when both ask at once.
struct Pair {
  LaneIndex first_from = kNoLane, first = kNoLane, second_from = kNoLane, second = kNoLane;
  TrafficConflict zone;  // as the second sees it
};

LaneIndex LaneBefore(const TrafficMap& map, LaneIndex lane) {
  const auto& before = map.network().lane(lane).predecessors;
  if (before.size() != 1 || map.lane(before[0]).in_junction) return kNoLane;
  return map.lane(before[0]).length_m > 40.0 ? before[0] : kNoLane;
}

std::vector<Pair> Pairs(const TrafficMap& map, bool merge) {
  std::vector<Pair> pairs;
  for (size_t i = 0; i < map.size(); ++i) {
    const auto second = static_cast<LaneIndex>(i);
    if (!map.lane(second).in_junction || map.lane(second).turn_rank == 0) continue;
    for (const TrafficConflict& zone : map.crossings(map.lane(second))) {
      if (zone.merge != merge || map.lane(zone.other).turn_rank != 0) continue;
      const Pair pair{LaneBefore(map, zone.other), zone.other, LaneBefore(map, second), second,
                      zone};
      if (pair.first_from != kNoLane && pair.second_from != kNoLane) pairs.push_back(pair);
    }
  }
  return pairs;
}

// A car whose front is this far before the lane that follows `from`.
ScriptedCar CarBefore(const TrafficMap& map, LaneIndex from, LaneIndex to, double before_m,
                      double speed_mps) {
  ScriptedCar car;
  car.npc.length_m = kLength_m;
  car.npc.plan[0] = from;
  car.npc.plan[1] = to;
  car.npc.plan_count = 2;
  car.npc.s_m = map.lane(from).length_m - before_m - 0.5 * kLength_m;
  car.npc.speed_mps = speed_mps;
  return car;
}

EgoView FarEgo(const TrafficMap& map, const Pair& pair) {
  EgoView ego;
  const Vec2 junction = map.lane(pair.first).center->PositionAt(0.0);
  ego.direction = {1.0, 0.0};
  ego.box = {junction + Vec2{2000.0, 2000.0}, 0.0, 4.792, 2.163};
  return ego;
}

struct Drive {
  Drive(const std::shared_ptr<const TrafficMap>& map, const Pair& ways,
        std::span<const ScriptedCar> cars)
      : pair(ways), ego(FarEgo(*map, ways)), traffic(map, NpcConfig{}) {
    traffic.Start(1, 0, ego, cars);
  }
  void Step() {
    traffic.Accelerate();
    traffic.Move(ego);
    traffic.Observe(ego);
  }
  const Npc& first() const { return traffic.npcs()[0]; }
  const Npc& second() const { return traffic.npcs()[1]; }
  bool FirstHolds() const {
    return first().held.count > 0 && first().held.entries[0].lane == pair.first;
  }
  bool SecondHolds() const {
    return second().held.count > 0 && second().held.entries[0].lane == pair.second;
  }
  double FirstRear() const { return first().rear_m() - first().held.entries[0].begin_m; }
  double SecondFront() const { return second().front_m() - second().held.entries[0].begin_m; }

  Pair pair;
  EgoView ego;
  Traffic traffic;
};

// By hand: at 1.5 m/s^2 the second is at the zone, w away, after (sqrt(v^2 + 3 w) - v) / 1.5 s; the
// first has left it when its rear has driven to the zone's end at the speed that it has.
TEST(Precedence, ACarIsLetInWhenTheEarlierOneWillHavePassed) {
  const auto map = std::make_shared<const TrafficMap>(Town());
  const std::vector<Pair> pairs = Pairs(*map, false);
  ASSERT_GT(pairs.size(), 5u);
  for (const Pair& pair : pairs) {
    const ScriptedCar cars[] = {CarBefore(*map, pair.first_from, pair.first, 20.0, 8.0),
                                CarBefore(*map, pair.second_from, pair.second, 1.0, 0.0)};
    Drive drive(map, pair, cars);
    ASSERT_TRUE(drive.FirstHolds()) << "it asks at the same time and goes straight on";
    for (int tick = 0; tick < 200; ++tick) {
      drive.Step();
      ASSERT_TRUE(drive.FirstHolds());
      const Npc& second = drive.second();
      const double v = second.speed_mps;
      const double way_m = second.line_odometer_m - second.front_m() + pair.zone.begin_s_m;
      if (drive.SecondHolds()) {
        const double granted_way_m = pair.zone.begin_s_m - drive.SecondFront();
        const double seconds = (std::sqrt(v * v + 3.0 * granted_way_m) - v) / 1.5;
        EXPECT_LT(pair.zone.other_end_s_m - drive.FirstRear(), seconds * drive.first().speed_mps);
        EXPECT_LT(drive.FirstRear(), pair.zone.other_end_s_m) << "before it has left the zone";
        EXPECT_EQ(second.first.crosses, 0);
        break;
      }
      const double seconds = (std::sqrt(v * v + 3.0 * way_m) - v) / 1.5;
      ASSERT_GE(pair.zone.other_end_s_m - drive.FirstRear(), seconds * drive.first().speed_mps);
    }
    EXPECT_TRUE(drive.SecondHolds());
    EXPECT_FALSE(drive.first().first.any) << "nobody goes before it";
  }
}

// The first car stops in the middle of the zone for some seconds after the second was let in.
TEST(Precedence, TheLaterCarWaitsBeforeTheZoneUntilTheEarlierHasLeftIt) {
  const auto map = std::make_shared<const TrafficMap>(Town());
  int waited = 0;
  for (const Pair& pair : Pairs(*map, false)) {
    ScriptedCar cars[] = {CarBefore(*map, pair.first_from, pair.first, 20.0, 8.0),
                          CarBefore(*map, pair.second_from, pair.second, 1.0, 0.0)};
    const double middle_m = 0.5 * (pair.zone.other_begin_s_m + pair.zone.other_end_s_m);
    cars[0].script = {.stop_odometer_m = 20.0 + 0.5 * kLength_m + middle_m, .release_tick = 300};
    Drive drive(map, pair, cars);
    bool through = false, let_in = false;
    for (int tick = 0; tick < 700 && !through; ++tick) {
      drive.Step();
      through = let_in && !drive.SecondHolds();
      let_in |= drive.SecondHolds();
      if (through || !let_in || !drive.FirstHolds()) continue;
      if (drive.FirstRear() >= pair.zone.other_end_s_m) continue;
      ASSERT_LT(drive.SecondFront(), pair.zone.begin_s_m) << "tick " << tick;
      if (tick == 290) {
        EXPECT_LT(drive.second().speed_mps, 0.1);
        EXPECT_EQ(drive.second().cause, StandCause::kJunction);
        ++waited;
      }
    }
    EXPECT_TRUE(through) << "it drives on when the way is free";
  }
  EXPECT_GT(waited, 3);
}

// The ways join: as soon as the first is on the common stretch the second may follow it.
TEST(Precedence, WhereWaysJoinTheLaterCarFollowsTheEarlier) {
  const auto map = std::make_shared<const TrafficMap>(Town());
  const std::vector<Pair> pairs = Pairs(*map, true);
  ASSERT_GT(pairs.size(), 5u);
  for (const Pair& pair : pairs) {
    ScriptedCar cars[] = {CarBefore(*map, pair.first_from, pair.first, 0.5, 5.0),
                          CarBefore(*map, pair.second_from, pair.second, 1.0, 0.0)};
    Drive drive(map, pair, cars);
    int followed = 0;
    for (int tick = 0; tick < 400; ++tick) {
      drive.Step();
      if (!drive.FirstHolds() || !drive.SecondHolds()) continue;
      if (drive.FirstRear() >= pair.zone.other_end_s_m) continue;
      if (drive.second().first.joins != 0) {
        EXPECT_LT(drive.SecondFront(), pair.zone.begin_s_m);
        continue;
      }
      ++followed;
      EXPECT_GT(drive.FirstRear(), pair.zone.other_begin_s_m);
      // As far from the end of both ways: bumper to bumper at least 1.5 m.
      EXPECT_GT((map->lane(pair.second).length_m - drive.SecondFront()) -
                    (map->lane(pair.first).length_m - drive.FirstRear()),
                1.5);
    }
    EXPECT_GT(followed, 5) << "it need not wait until the other has left the junction";
  }
}

// The first stops with its rear 6 m into the common stretch: the second stops 2 m behind it, IDM's
// standstill gap, or before the zone.
TEST(Precedence, WhereWaysJoinTheLaterCarStopsBehindTheEarlier) {
  const auto map = std::make_shared<const TrafficMap>(Town());
  int behind = 0;
  for (const Pair& pair : Pairs(*map, true)) {
    const double stop_m = pair.zone.other_begin_s_m + 6.0 + 0.5 * kLength_m;
    if (stop_m > map->lane(pair.first).length_m) continue;
    ScriptedCar cars[] = {CarBefore(*map, pair.first_from, pair.first, 0.5, 5.0),
                          CarBefore(*map, pair.second_from, pair.second, 1.0, 0.0)};
    cars[0].script = {.stop_odometer_m = 0.5 + 0.5 * kLength_m + stop_m, .release_tick = 400};
    Drive drive(map, pair, cars);
    for (int tick = 0; tick < 399; ++tick) drive.Step();
    ASSERT_TRUE(drive.FirstHolds());
    if (!drive.SecondHolds()) continue;
    EXPECT_LT(drive.second().speed_mps, 0.1);
    if (drive.SecondFront() < pair.zone.begin_s_m) continue;
    ++behind;
    EXPECT_EQ(drive.second().first.joins, 0);
    EXPECT_EQ(drive.second().cause, StandCause::kLeader);
    EXPECT_NEAR((map->lane(pair.second).length_m - drive.SecondFront()) -
                    (map->lane(pair.first).length_m - drive.FirstRear()),
                2.0, 0.3);
  }
  EXPECT_GT(behind, 3);
}

// Cars on the first way one behind the other, 14 m apart, at 5 m/s; none if they don't fit.
std::vector<ScriptedCar> Stream(const TrafficMap& map, const Pair& pair, int count) {
  std::vector<ScriptedCar> cars;
  if (map.lane(pair.first_from).length_m < 20.0 + 14.0 * count) return cars;
  for (int k = 0; k < count; ++k) {
    cars.push_back(CarBefore(map, pair.first_from, pair.first, 10.0 + 14.0 * k, 5.0));
  }
  return cars;
}

// Ten cars come one after the other; another waits from the beginning. It lets some pass, for its
// way is never free when it could be there, but after 8 s it is due: it has its right before the
// tenth, and within the 6 s that those who have theirs take.
TEST(Turns, CarsFollowEachOtherThroughUntilAnotherIsDue) {
  const auto map = std::make_shared<const TrafficMap>(Town());
  int tried = 0;
  for (const Pair& pair : Pairs(*map, false)) {
    std::vector<ScriptedCar> cars = Stream(*map, pair, 10);
    if (cars.empty()) continue;
    ++tried;
    cars.push_back(CarBefore(*map, pair.second_from, pair.second, 1.0, 0.0));
    Drive drive(map, pair, cars);
    const auto npcs = drive.traffic.npcs();
    std::vector<bool> passed(cars.size(), false);
    int tick = 0;
    for (; tick < 600 && npcs[10].held.count == 0; ++tick) {
      drive.Step();
      for (size_t k = 0; k < 10; ++k) passed[k] = passed[k] || npcs[k].held.count > 0;
    }
    const auto before = std::count(passed.begin(), passed.end(), true);
    EXPECT_GE(before, 3);
    EXPECT_LT(before, 10);
    EXPECT_LT(tick, (8 + 6) * 20);
  }
  EXPECT_GT(tried, 1);
}

// The same with the ego in place of the other: it is due at once, so the second car lets it go.
TEST(Turns, TheEgoIsDueAtOnce) {
  const auto map = std::make_shared<const TrafficMap>(Town());
  int tried = 0;
  for (const Pair& pair : Pairs(*map, false)) {
    std::vector<ScriptedCar> cars = Stream(*map, pair, 4);
    if (cars.empty()) continue;
    ++tried;
    const auto exit = map->next(map->lane(pair.second))[0];
    const Route route(map->shared_network(), {pair.second_from, pair.second, exit}, 0.0, 5.0);
    const std::vector<RouteCrossing> crossings = FindCrossings(route);
    Drive drive(map, pair, {});
    drive.ego.crossings = crossings;
    drive.ego.route_s_m = crossings[0].begin_m - 1.0 - 0.5 * drive.ego.box.length_m;
    drive.traffic.Start(1, 0, drive.ego, cars);
    const auto npcs = drive.traffic.npcs();
    ASSERT_GT(npcs[0].held.count, 0u) << "goes straight on";
    for (int tick = 0; tick < 300 && drive.traffic.ego_rights().held.count == 0; ++tick) {
      drive.Step();
      ASSERT_TRUE(npcs[1].held.count == 0 || drive.traffic.ego_rights().held.count > 0) << tick;
    }
    EXPECT_TRUE(drive.traffic.ego_rights().licensed);
    EXPECT_GT(drive.traffic.ego_rights().held.count, 0u);
  }
  EXPECT_GT(tried, 1);
}

// A car stands at the beginning of the exit, for ever. Whoever would follow it turns elsewhere:
// after 3 s at the line and no earlier, each 3 s with an even chance.
TEST(Turns, WhoFindsTheExitFullTakesAnotherTurnAfterThreeSeconds) {
  const auto map = std::make_shared<const TrafficMap>(Town());
  int turned = 0, tried = 0;
  for (const Pair& pair : Pairs(*map, false)) {
    if (map->next(map->lane(pair.second_from)).size() != 2) continue;
    ++tried;
    ScriptedCar cars[] = {CarBefore(*map, pair.second_from, pair.second, 1.0, 0.0),
                          CarBefore(*map, pair.second_from, pair.second, 1.0, 0.0)};
    const LaneIndex exit = map->lane(pair.second).exit;
    cars[1].npc.plan[0] = exit;
    cars[1].npc.plan_count = 1;
    cars[1].npc.s_m = 3.0;
    cars[1].script = {.stop_odometer_m = 0.0, .release_tick = 1000000};
    Drive drive(map, pair, cars);
    for (int tick = 1; tick < 60; ++tick) {
      drive.Step();
      ASSERT_EQ(drive.first().plan[1], pair.second) << "tick " << tick;
      ASSERT_EQ(drive.first().cause, StandCause::kExitFull);
    }
    for (int tick = 60; tick < 600 && drive.first().plan[1] == pair.second; ++tick) drive.Step();
    turned += drive.first().plan[1] != pair.second;
  }
  EXPECT_GT(tried, 3);
  EXPECT_EQ(turned, tried) << "of ten draws one differs, but once in a thousand";
}

}  // namespace
}  // namespace volante
