// The cars of suite `contested` against the numbers of docs/suites.md.
#include "sim/contested.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "sim/collision.h"
#include "sim/sim_test_util.h"

namespace volante {
namespace {

constexpr double kEgoLength_m = 4.792;  // Tesla Model 3
using sim_test::Town;

struct Routes {
  std::vector<std::shared_ptr<const Route>> list;
  Routes() {
    const TownRoutes town =
        ReadTownRoutes(*Town(), BuiltInTownRoutesText("volante_town"), "routes of volante_town");
    for (const RouteEnds& ends : town.test) {
      list.push_back(std::make_shared<const Route>(FindRoute(Town(), ends)));
    }
  }
};

const TrafficMap& Map() {
  static const TrafficMap map(Town());
  return map;
}

bool IsLead(const Route& route, const ScriptedCar& car) {
  return std::find(route.lanes().begin(), route.lanes().end(), car.npc.plan[0]) !=
         route.lanes().end();
}

double OnRoute(const Route& route, const ScriptedCar& car) {
  for (size_t k = 0; k < route.lanes().size(); ++k) {
    if (route.lanes()[k] == car.npc.plan[0]) return route.lane_begin_s_m(k) + car.npc.s_m;
  }
  return -1.0;
}

TEST(ContestedCars, EveryTestRouteHasALeadAndCrossingTraffic) {
  const Routes routes;
  ASSERT_EQ(routes.list.size(), 200u);
  int slow = 0, stopping = 0;
  for (size_t i = 0; i < routes.list.size(); ++i) {
    const Route& route = *routes.list[i];
    const auto cars = ContestedCars(route, Map(), 0.0, kEgoLength_m, i);
    const auto crossings = FindCrossings(route);
    ASSERT_GE(cars.size(), 2u) << i;
    ASSERT_TRUE(IsLead(route, cars[0])) << i;
    const Npc& lead = cars[0].npc;
    const NpcScript& script = cars[0].script;
    const double lead_s = OnRoute(route, cars[0]);
    const double gap = lead_s - 0.5 * lead.length_m - 0.5 * kEgoLength_m;
    EXPECT_GE(gap, 15.0 - 1e-9) << i;
    // Further away only where a junction lies in between.
    if (gap > 25.0) {
      EXPECT_NEAR(lead_s, crossings[0].end_m + 12.0, 1e-6) << i;
    }
    if (script.stop_odometer_m < 1e6) {
      ++stopping;
      const double stop_s = lead_s + script.stop_odometer_m;
      EXPECT_GE(stop_s, 30.0 - 1e-9) << i;
      EXPECT_LE(stop_s, 60.0 + 1e-9) << i;
      for (const RouteCrossing& c : crossings) {
        EXPECT_FALSE(stop_s + 0.5 * lead.length_m > c.begin_m && stop_s < c.end_m + 10.0) << i;
      }
    } else {
      ++slow;
      EXPECT_GE(script.speed_limit_mps, 3.0) << i;
      EXPECT_LE(script.speed_limit_mps, 5.0) << i;
    }
    EXPECT_LE(script.release_tick, 20 * 25) << i;
  }
  EXPECT_GE(slow, 40);
  EXPECT_GE(stopping, 40);
}

// By the geometry of the road alone: the crossing cars' way and the ego's come within a car's width
// in the first junction, and nobody starts within 20 m of the ego's outline.
TEST(ContestedCars, CrossingCarsMeetTheEgosWayInItsFirstJunction) {
  const Routes routes;
  for (size_t i = 0; i < routes.list.size(); ++i) {
    const Route& route = *routes.list[i];
    const RouteCrossing first = FindCrossings(route)[0];
    for (const ScriptedCar& car : ContestedCars(route, Map(), 0.0, kEgoLength_m, i)) {
      if (IsLead(route, car)) continue;
      const Vec2 start = Map().lane(car.npc.plan[0]).center->PositionAt(car.npc.s_m);
      EXPECT_GE(Distance(start, route.path().PositionAt(0.0)), 20.0 + 2.0 + 0.5 * kEgoLength_m);
      double nearest = 1e9;
      for (uint32_t k = 0; k < car.npc.plan_count; ++k) {
        const Curve& center = *Map().lane(car.npc.plan[k]).center;
        for (double s = first.begin_m; s <= first.end_m; s += 0.5) {
          const Vec2 p = route.path().PositionAt(s);
          nearest = std::min(nearest, Distance(p, center.PositionAt(center.Project(p).s_m)));
        }
      }
      EXPECT_LT(nearest, 2.2) << i;
    }
  }
}

TEST(ContestedCars, FollowFromTheSeed) {
  const Routes routes;
  const Route& route = *routes.list[0];
  const auto a = ContestedCars(route, Map(), 0.0, kEgoLength_m, 5);
  const auto b = ContestedCars(route, Map(), 0.0, kEgoLength_m, 5);
  const auto c = ContestedCars(route, Map(), 0.0, kEgoLength_m, 6);
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) EXPECT_EQ(a[i].npc.s_m, b[i].npc.s_m);
  EXPECT_NE(a[0].npc.s_m, c[0].npc.s_m);
}

// Without the lead: a body that follows the route with 7 m/s, slower in bends (2.5 m/s^2 sideways),
// and sees nobody is hit or hits on a good part of the routes, before it has left the junction.
TEST(ContestedCars, CrossingCarsAloneStandInTheWayOfABlindEgo) {
  const Routes routes;
  const auto map = std::make_shared<const TrafficMap>(Town());
  Traffic traffic(map, NpcConfig{});
  int met = 0;
  for (size_t i = 0; i < routes.list.size(); ++i) {
    const Route& route = *routes.list[i];
    const auto crossings = FindCrossings(route);
    auto cars = ContestedCars(route, *map, 0.0, kEgoLength_m, i);
    cars.erase(cars.begin());
    EgoView ego;
    ego.crossings = crossings;
    const auto place = [&] {
      const CurvePoint at = route.path().At(ego.route_s_m);
      ego.box = {at.position_m, at.heading_rad, kEgoLength_m, 2.163};
      ego.direction = UnitFromHeading(at.heading_rad);
    };
    place();
    traffic.Start(i, 0, ego, cars);
    std::vector<VehicleState> poses(cars.size());
    while (ego.route_s_m < crossings[0].end_m + 10.0) {
      traffic.Accelerate();
      double allowed = 7.0;
      for (double d = 0.0; d < 12.0; d += 1.0) {  // braking at 2 m/s^2 before bends
        const double bend = std::abs(route.path().At(ego.route_s_m + d).curvature_1pm);
        allowed = std::min(allowed, std::sqrt(2.5 / std::max(bend, 1e-6) + 4.0 * d));
      }
      ego.speed_mps = std::min(allowed, ego.speed_mps + 2.5 * kSimTickSeconds);
      ego.route_s_m += ego.speed_mps * kSimTickSeconds;
      traffic.Move(ego);
      place();
      traffic.Observe(ego);
      traffic.WritePoses(poses);
      if (FindContact(ego, poses).other >= 0) {
        ++met;
        break;
      }
    }
  }
  EXPECT_GE(met, 100);
  RecordProperty("met", met);
}

// At 5 m/s a car asks for the junction 20 m before the line; one that goes first, from 45 m, once.
TEST(ScriptedCars, WhoGoesFirstHasTheJunctionEarlyAndOnlyOnce) {
  const Routes routes;
  const auto map = std::make_shared<const TrafficMap>(Town());
  int tried = 0;
  for (const auto& route : routes.list) {
    ScriptedCar car = ContestedCars(*route, *map, 0.0, kEgoLength_m, 1).back();
    const double length_m = map->lane(car.npc.plan[0]).length_m;
    if (length_m < 60.0) continue;
    ++tried;
    car.npc.s_m = length_m - 35.0 - car.npc.half_length_m();
    car.npc.speed_mps = 5.0;
    EgoView ego;
    ego.box = {route->path().PositionAt(0.0), 0.0, kEgoLength_m, 2.163};
    ego.direction = {1.0, 0.0};
    for (const bool goes_first : {false, true}) {
      car.script = {.goes_first = goes_first};
      Traffic traffic(map, NpcConfig{});
      traffic.Start(1, 0, ego, {&car, 1});
      EXPECT_EQ(traffic.npcs()[0].held.count > 0, goes_first);
      EXPECT_FALSE(traffic.scripts()[0].goes_first);
    }
    if (tried == 10) break;
  }
  EXPECT_EQ(tried, 10);
}

// A straight road of 300 m without junctions. By hand: from 6 m/s braking at 3 m/s^2 takes 6 m and
// 2 s; the stop is reached, held until the release, and left.
TEST(ScriptedCars, BrakeToTheirStopStandAndDriveOn) {
  const auto road = sim_test::StraightRoad(300.0);
  const auto map = std::make_shared<const TrafficMap>(road);
  ScriptedCar car;
  car.npc.plan[0] = sim_test::EastLane(*road);
  car.npc.plan_count = 1;
  car.npc.s_m = 40.0;
  car.npc.speed_mps = 6.0;
  car.script = {.speed_limit_mps = 6.0, .stop_odometer_m = 30.0, .release_tick = 200};
  Traffic traffic(map, NpcConfig{});
  EgoView ego;
  ego.box = {{10.0, -1.75}, 0.0, kEgoLength_m, 2.163};
  ego.direction = {1.0, 0.0};
  traffic.Start(1, 0, ego, {&car, 1});
  double hardest = 0.0, at_10_s = 0.0;
  for (int tick = 1; tick <= 300; ++tick) {
    traffic.Accelerate();
    traffic.Move(ego);
    traffic.Observe(ego);
    const Npc& npc = traffic.npcs()[0];
    hardest = std::min(hardest, npc.speed_mps > 0.0 ? npc.accel_mps2 : 0.0);
    // 24 m at 6 m/s in 4 s, then 6 m in 2 s.
    if (tick == 70) {
      EXPECT_NEAR(npc.s_m, 61.0, 0.2);
    }
    if (tick >= 130 && tick <= 200) {
      EXPECT_EQ(npc.speed_mps, 0.0) << tick;
      EXPECT_NEAR(npc.s_m, 70.0, 0.35) << tick;
    }
    if (tick == 200) at_10_s = npc.s_m;
  }
  EXPECT_GE(hardest, -3.3);
  EXPECT_GT(traffic.npcs()[0].s_m, at_10_s + 10.0);
}

}  // namespace
}  // namespace volante
