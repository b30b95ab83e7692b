// Changes of lanes on roads of several lanes: cars pass what stands in their way, merge where their
// lane ends, move smoothly, and touch nobody.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <map>

#include "sim/collision.h"
#include "sim/traffic_census.h"
#include "sim_test_util.h"

namespace volante {
namespace {

using sim_test::Drive;
using sim_test::RandomRoute;
using sim_test::StraightRoad;

LaneIndex LaneNamed(const RoadNetwork& network, int section, int id) {
  for (size_t i = 0; i < network.lanes().size(); ++i) {
    const Lane& lane = network.lanes()[i];
    if (lane.section == section && lane.opendrive_lane == id) return static_cast<LaneIndex>(i);
  }
  return kNoLane;
}

WorldStart OnLane(const std::shared_ptr<const RoadNetwork>& road, int id, double s_m, int npcs) {
  WorldStart start;
  start.seed = 3;
  start.num_npcs = npcs;
  start.route = sim_test::WholeLane(road, LaneNamed(*road, 0, id));
  start.route_s_m = s_m;
  return start;
}

// The ego stands in the middle of three lanes for ten minutes. Nobody waits behind it for long.
TEST(LaneChanges, CarsPassAnEgoThatStandsInTheirLane) {
  const auto road = StraightRoad(1500.0, 3, 1);
  World world(road, EgoConfig{}, NpcConfig{});
  world.Start(OnLane(road, -2, 900.0, 24));
  TrafficCensus census;
  std::vector<double> last_x(24, 0.0);
  int passed = 0;
  for (int t = 0; t < 12000; ++t) {
    for (size_t i = 0; i < 24; ++i) last_x[i] = world.npcs()[i].position_m.x;
    world.Step(0.0, -1.0);
    census.Observe(world);
    ASSERT_FALSE(world.events().collision) << "tick " << t;
    for (size_t i = 0; i < 24; ++i) {
      const double x = world.npcs()[i].position_m.x;
      passed += last_x[i] < 900.0 && x >= 900.0 && x - last_x[i] < 2.0;
    }
  }
  EXPECT_EQ(census.figures().npc_contacts, 0u);
  EXPECT_GT(census.figures().counters.lane_changes, 20u);
  EXPECT_GT(passed, 30);
  EXPECT_EQ(census.figures().jumps_in_view, 0u);
}

// Who begins to change into a lane cuts into it for 3 s; who takes longer, behind a queue, is in
// the way of others like anybody else.
TEST(LaneChanges, CutIntoTheirNewLaneForThreeSeconds) {
  const auto road = StraightRoad(1500.0, 3, 1);
  World world(road, EgoConfig{}, NpcConfig{});
  world.Start(OnLane(road, -2, 900.0, 40));
  const Traffic& traffic = world.traffic();
  std::map<std::pair<size_t, LaneIndex>, int64_t> begun;  // by car and lane
  int cutting = 0, late = 0;
  for (int64_t t = 0; t < 6000; ++t) {
    world.Step(0.0, -1.0);
    for (size_t i = 0; i < traffic.npcs().size(); ++i) {
      const Npc& npc = traffic.npcs()[i];
      if (!npc.change.under_way()) {
        EXPECT_FALSE(traffic.CutsInto(npc.plan[0], i));
        for (LaneIndex lane = 0; lane < 4; ++lane) begun.erase({i, lane});
        continue;
      }
      begun.erase({i, npc.change.from});
      const int64_t ticks = t - begun.emplace(std::pair{i, npc.plan[0]}, t).first->second;
      if (std::abs(ticks - 60) > 2) {
        ASSERT_EQ(traffic.CutsInto(npc.plan[0], i), ticks < 60)
            << ticks << " car " << i << " tick " << t;
      }
      EXPECT_FALSE(traffic.CutsInto(npc.change.from, i));
      ++(ticks < 60 ? cutting : late);
    }
  }
  EXPECT_GT(cutting, 500);
  EXPECT_GT(late, 20);
}

// By the geometry of the change: at least 18 m long, a cubic step of 3.5 m, so the heading differs
// from the road's by at most atan(1.5 * 3.5 / 18) = 16.3 degrees and no tick moves a car further
// sideways than along; at 9.5 m/s it takes 3 s.
TEST(LaneChanges, MoveSmoothlyFromOneCentreLineToTheOther) {
  const auto road = StraightRoad(3000.0, 3, 1);
  World world(road, EgoConfig{}, NpcConfig{});
  WorldStart start = OnLane(road, -2, 1500.0, 40);
  start.speed_mps = 8.0;  // of an ego that rolls on: behind one that stands cars pull out sharper
  world.Start(start);
  const double most_rad = std::atan(1.5 * 3.5 / 18.0) + 1e-6;
  std::map<size_t, int> begun;
  int finished = 0;
  for (int t = 0; t < 4000; ++t) {
    std::vector<VehicleState> before(world.npcs().begin(), world.npcs().end());
    world.Step(0.0, world.ego().speed_mps < 0.3 ? 0.3 : 0.0);
    for (size_t i = 0; i < before.size(); ++i) {
      const VehicleState &a = before[i], &b = world.npcs()[i];
      if (std::abs(b.position_m.x - a.position_m.x) > 2.0) {
        begun.erase(i);
        continue;  // moved from an open end
      }
      const double turn = std::min(std::abs(WrapAngle(b.heading_rad)),
                                   std::abs(WrapAngle(b.heading_rad - std::numbers::pi)));
      ASSERT_LE(turn, most_rad);
      ASSERT_LE(std::abs(b.position_m.y - a.position_m.y),
                std::tan(most_rad) * std::abs(b.position_m.x - a.position_m.x) + 1e-6);
      const Npc& npc = world.traffic().npcs()[i];
      if (npc.change.under_way()) begun.emplace(i, t);
      if (!npc.change.under_way() && begun.count(i) > 0) {
        ++finished;
        // On a centre line of the lanes along +x: y = -1.75, -5.25, -8.75.
        const double lanes = (-b.position_m.y - 1.75) / 3.5;
        ASSERT_NEAR(lanes, std::round(lanes), 1e-6);
        const double seconds = (t - begun[i]) * kSimTickSeconds;
        ASSERT_GE(seconds, 1.9);  // 18 m at 9.5 m/s
        begun.erase(i);
      }
    }
  }
  EXPECT_GT(finished, 10);
}

// The right lane of two ends after 400 m: every car that comes along it changes before.
TEST(LaneChanges, CarsOnALaneThatEndsMergeBeforeItsEnd) {
  const auto road = StraightRoad(1200.0, 2, 1, 400.0);
  const TrafficMap map(road);
  const LaneIndex ending = LaneNamed(*road, 0, -2);
  ASSERT_TRUE(map.lane(ending).ends);
  World world(road, EgoConfig{}, NpcConfig{});
  int merged = 0;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    // Suite cars stand for a car that enters the ending lane: cars start there by hand.
    std::vector<ScriptedCar> cars(4);
    for (size_t k = 0; k < cars.size(); ++k) {
      cars[k].npc.plan[0] = k % 2 == 0 ? ending : LaneNamed(*road, 0, -1);
      cars[k].npc.plan_count = 1;
      cars[k].npc.s_m = 100.0 + 25.0 * static_cast<double>(k / 2) + static_cast<double>(seed);
      cars[k].npc.speed_mps = 8.0;
    }
    const auto shared = std::make_shared<const TrafficMap>(road);
    Traffic traffic(shared, NpcConfig{});
    EgoView ego;
    ego.box = {{1000.0, 1.75}, 3.14159, 4.8, 2.1};
    ego.direction = {-1.0, 0.0};
    traffic.Start(seed, 0, ego, cars);
    std::vector<VehicleState> poses(cars.size());
    for (int t = 0; t < 1600; ++t) {
      traffic.Accelerate();
      traffic.Move(ego);
      traffic.Observe(ego);
      traffic.WritePoses(poses);
      ASSERT_EQ(CountOverlaps(poses), 0) << "seed " << seed << " tick " << t;
      for (const Npc& npc : traffic.npcs()) {
        ASSERT_TRUE(npc.plan[0] != ending || npc.s_m < 390.0);
      }
    }
    merged += static_cast<int>(traffic.counters().lane_changes);
  }
  EXPECT_GE(merged, 40) << "two cars each time";
}

TEST(LaneChanges, AreSwitchedOffByTheirKey) {
  const auto road = StraightRoad(1500.0, 3, 1);
  NpcConfig config;
  config.lane_changes = false;
  World world(road, EgoConfig{}, config);
  world.Start(OnLane(road, -2, 900.0, 24));
  for (int t = 0; t < 2000; ++t) world.Step(0.0, -1.0);
  EXPECT_EQ(world.traffic().counters().lane_changes, 0u);
}

// In the middle of a change too.
TEST(LaneChanges, AreSavedAndContinued) {
  const auto road = StraightRoad(1500.0, 3, 1);
  World world(road, EgoConfig{}, NpcConfig{});
  const WorldStart start = OnLane(road, -2, 900.0, 24);
  world.Start(start);
  int saved = 0;
  for (int t = 0; t < 3000 && saved < 5; ++t) {
    world.Step(0.0, -1.0);
    const auto npcs = world.traffic().npcs();
    const bool changing = std::any_of(npcs.begin(), npcs.end(),
                                      [](const Npc& npc) { return npc.change.under_way(); });
    if (!changing || t % 50 != 0) continue;
    ++saved;
    World other(road, EgoConfig{}, NpcConfig{});
    other.Load(world.Save(), start.route);
    World going_on = world;
    for (int k = 0; k < 100; ++k) {
      other.Step(0.0, -1.0);
      going_on.Step(0.0, -1.0);
    }
    ASSERT_EQ(other.Save(), going_on.Save());
  }
  EXPECT_EQ(saved, 5);
}

}  // namespace
}  // namespace volante
