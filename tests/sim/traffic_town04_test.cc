// Traffic on CARLA's Town04: a motorway of four lanes a direction, ramps, and roads that pass under
// other roads.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "sim/collision.h"
#include "sim/traffic_census.h"
#include "sim_test_util.h"

namespace volante {
namespace {

class Town04 : public testing::Test {
 protected:
  void SetUp() override {
    const std::string path = std::string(VOLANTE_SOURCE_DIR) + "/../shared/maps/Town04.xodr";
    if (!std::filesystem::exists(path)) GTEST_SKIP() << "needs " << path;
    network_ = RoadNetwork::LoadFile(path);
  }
  std::shared_ptr<const RoadNetwork> network_;
};

// The ego drives: one that stands in a lane of the motorway makes a jam of its own.
TEST_F(Town04, HundredCarsChangeLanesForTenMinutesAndNobodyTouchesAnybody) {
  World world(network_, EgoConfig{}, NpcConfig{});
  WorldStart start;
  start.seed = 5;
  start.num_npcs = 100;
  start.route = sim_test::RandomRoute(network_, 3, 8000.0);
  start.route_s_m = 20.0;
  world.Start(start);
  TrafficCensus census;
  int one_above_the_other = 0;  // outlines that cross on the map, on two levels
  for (int t = 0; t < 12000; ++t) {
    const sim_test::Controls c = sim_test::Drive(world);
    world.Step(c.steer, c.pedal);
    census.Observe(world);
    if (t % 20 != 0) continue;
    for (size_t i = 0; i < 100; ++i) {
      for (size_t k = i + 1; k < 100; ++k) {
        const VehicleState &a = world.npcs()[i], &b = world.npcs()[k];
        one_above_the_other += std::abs(a.ground_m - b.ground_m) > 4.0 && Overlap(a.Box(), b.Box());
      }
    }
  }
  const TrafficFigures& f = census.figures();
  EXPECT_GT(one_above_the_other, 0) << "the town has bridges";
  EXPECT_EQ(f.npc_contacts, 0u);
  EXPECT_GT(f.counters.lane_changes, 500u);
  EXPECT_LT(f.longest_stand_s, 90.0);
  EXPECT_EQ(f.counters.forced_grants, 0u);
  EXPECT_EQ(f.jumps_in_view, 0u);
  EXPECT_GT(f.SpeedShare(), 0.4);
}

// Height by the lane's ground, nose up where the road climbs.
TEST_F(Town04, CarsStandOnTheGroundOfTheirRoad) {
  World world(network_, EgoConfig{}, NpcConfig{});
  WorldStart start;
  start.seed = 6;
  start.num_npcs = 100;
  start.route = sim_test::RandomRoute(network_, 3, 300.0);
  start.route_s_m = 20.0;
  world.Start(start);
  int climbing = 0, steps = 0, off = 0;
  for (int t = 0; t < 1200; ++t) {
    std::vector<VehicleState> before(world.npcs().begin(), world.npcs().end());
    world.Step(0.0, -1.0);
    for (size_t i = 0; i < before.size(); ++i) {
      const VehicleState& now = world.npcs()[i];
      const double driven = Distance(before[i].position_m, now.position_m);
      if (driven < 0.2 || driven > 2.0) continue;
      const double grade = (now.ground_m - before[i].ground_m) / driven;
      ++steps;
      off += std::abs(grade - std::tan(0.5 * (now.pitch_rad + before[i].pitch_rad))) > 0.01;
      climbing += std::abs(grade) > 0.02;
    }
  }
  EXPECT_GT(climbing, 100);
  EXPECT_LT(off, steps / 200) << "but for small steps between the roads of the file";
}

}  // namespace
}  // namespace volante
