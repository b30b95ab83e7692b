// Worlds on ground that climbs, banks and lies in two levels: hand-built roads.
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "road/tiny_maps.h"
#include "sim/collision.h"
#include "sim_test_util.h"

namespace volante {
namespace {

using sim_test::WholeLane;
using testing::LaneText;
using testing::TinyRoad;

// A straight road with these profiles.
std::shared_ptr<const RoadNetwork> Road(double length_m, const std::string& elevation,
                                        const std::string& lateral = "") {
  TinyRoad road;
  road.length = std::to_string(length_m);
  std::string text = road.Text();
  text.insert(text.find("<lanes>"), "<elevationProfile>" + elevation +
                                        "</elevationProfile><lateralProfile>" + lateral +
                                        "</lateralProfile>");
  return RoadNetwork::Parse(testing::Document(text), "hills");
}

std::string Record(const std::string& name, double s, double a, double b) {
  return "<" + name + " s=\"" + std::to_string(s) + "\" a=\"" + std::to_string(a) + "\" b=\"" +
         std::to_string(b) + "\" c=\"0\" d=\"0\"/>";
}

WorldStart On(const std::shared_ptr<const RoadNetwork>& road, double route_s_m) {
  WorldStart start;
  start.route = WholeLane(road, 0);
  start.route_s_m = route_s_m;
  return start;
}

// Uphill at 8 %, from a height of 3 m.
TEST(Hills, TheEgoStandsOnTheRoadAndAlongIt) {
  const auto road = Road(400.0, Record("elevation", 0, 3, 0.08));
  World world(road, EgoConfig{}, NpcConfig{});
  world.Start(On(road, 50.0));
  const GroundPose& ground = world.ego_ground_pose();
  EXPECT_NEAR(ground.ground_m, 3.0 + 0.08 * 50.0, 1e-9);
  EXPECT_NEAR(ground.pitch_rad, std::atan(0.08), 1e-9);
  EXPECT_NEAR(ground.roll_rad, 0.0, 1e-12);
  EXPECT_EQ(ground.pose.position_m, world.ego().position_m);
  EXPECT_EQ(world.ego_vehicle().ground_m, ground.ground_m);
  EXPECT_EQ(world.ego_vehicle().pitch_rad, ground.pitch_rad);
}

// Turned to the left by 30 degrees the grade is met at its cosine, and its sine tilts the left side
// up.
TEST(Hills, AskewTheEgoPitchesLessAndRolls) {
  const auto road = Road(400.0, Record("elevation", 0, 0, 0.1));
  World world(road, EgoConfig{}, NpcConfig{});
  WorldStart start = On(road, 50.0);
  start.heading_error_rad = std::numbers::pi / 6.0;
  world.Start(start);
  EXPECT_NEAR(world.ego_ground_pose().pitch_rad, std::atan(0.1 * std::sqrt(0.75)), 1e-9);
  EXPECT_NEAR(world.ego_ground_pose().roll_rad, std::atan(-0.1 * 0.5), 1e-9);
}

// Banked by 0.1 rad, left side up: 1 m left of the centre the ground is tan(0.1) m higher.
TEST(Hills, TheBankCarriesTheEgoUpAndRollsIt) {
  const auto road = Road(400.0, Record("elevation", 0, 5, 0), Record("superelevation", 0, 0.1, 0));
  World world(road, EgoConfig{}, NpcConfig{});
  WorldStart start = On(road, 50.0);
  world.Start(start);
  const double center_m = world.ego_ground_pose().ground_m;
  EXPECT_NEAR(center_m, 5.0 - 2.0 * std::sin(0.1), 1e-9);
  EXPECT_NEAR(world.ego_ground_pose().roll_rad, 0.1, 1e-9);
  start.lateral_offset_m = 1.0;
  world.Start(start);
  EXPECT_NEAR(world.ego_ground_pose().ground_m, center_m + std::tan(0.1), 1e-9);
}

// v^2 / (2 (8.4 + g sin)): uphill the way to a stop is shorter, downhill longer.
TEST(Hills, BrakingUphillIsShorterThanDownhill) {
  const auto stop_m = [](double grade) {
    const auto road = Road(400.0, Record("elevation", 0, 50, grade));
    World world(road, EgoConfig{}, NpcConfig{});
    WorldStart start = On(road, 100.0);
    start.speed_mps = 15.0;
    world.Start(start);
    while (world.ego().speed_mps > 0.0) world.Step(0.0, -1.0);
    return world.on_route().s_m - 100.0;
  };
  const double pull = 9.81 * std::sin(std::atan(0.1));
  EXPECT_NEAR(stop_m(0.1), 225.0 / (2.0 * (8.4 + pull)), 0.1);
  EXPECT_NEAR(stop_m(-0.1), 225.0 / (2.0 * (8.4 - pull)), 0.1);
}

TEST(Hills, SaveThenLoadStandsOnTheSameGround) {
  const auto road =
      Road(400.0, Record("elevation", 0, 3, 0.08) + Record("elevation", 100, 11, -0.05));
  World world(road, EgoConfig{}, NpcConfig{}), copy(road, EgoConfig{}, NpcConfig{});
  const WorldStart start = On(road, 90.0);
  world.Start(start);
  for (int t = 0; t < 80; ++t) world.Step(0.0, 0.8);
  copy.Load(world.Save(), start.route);
  EXPECT_EQ(copy.ego_ground_pose().ground_m, world.ego_ground_pose().ground_m);
  EXPECT_LT(copy.ego_ground_pose().pitch_rad, 0.0) << "beyond the crest";
  for (int t = 0; t < 40; ++t) {
    world.Step(0.1, 0.5);
    copy.Step(0.1, 0.5);
    ASSERT_EQ(world.DifferenceFrom(copy), "");
  }
}

TEST(Hills, NpcsStandOnTheirLanes) {
  const auto road = Road(800.0, Record("elevation", 0, 3, 0.06));
  World world(road, EgoConfig{}, NpcConfig{});
  WorldStart start = On(road, 50.0);
  start.num_npcs = 6;
  world.Start(start);
  for (int t = 0; t < 60; ++t) world.Step(0.0, -1.0);
  for (const VehicleState& npc : world.npcs()) {
    EXPECT_NEAR(npc.ground_m, 3.0 + 0.06 * npc.position_m.x, 1e-6);
    EXPECT_NEAR(npc.pitch_rad, std::atan(0.06), 1e-9);
  }
}

// A road along x at height 0 and one along y on a bridge of 6 m, crossing at (100, -2): whoever
// drives over the bridge is no obstacle on the way below it.
TEST(Hills, CarsOnABridgeAreNotInTheWayBelowIt) {
  TinyRoad low, high;
  low.length = "200";
  low.right = LaneText(-1, "4");
  high.id = "2";
  high.x = "98";
  high.y = "-200";
  high.hdg = "1.5707963267948966";
  high.length = "400";
  std::string bridge = high.Text();
  bridge.insert(bridge.find("<lanes>"),
                "<elevationProfile>" + Record("elevation", 0, 6, 0) + "</elevationProfile>");
  const auto roads = RoadNetwork::Parse(testing::Document(low.Text() + bridge), "bridge");
  World world(roads, EgoConfig{}, NpcConfig{});
  ASSERT_EQ(roads->lane(0).road_id, "1");
  int passes = 0;
  for (uint64_t seed = 0; seed < 12; ++seed) {
    WorldStart start = On(roads, 60.0);
    start.seed = seed;
    start.num_npcs = 8;
    world.Start(start);
    for (int t = 0; t < 400; ++t) {
      world.Step(0.0, -1.0);
      ASSERT_FALSE(world.events().collision) << "seed " << seed << " tick " << t;
      double low_ahead_m = 1e9;
      bool passing = false;
      for (const VehicleState& npc : world.npcs()) {
        const bool above = npc.ground_m > 3.0;
        EXPECT_NEAR(npc.ground_m, above ? 6.0 : 0.0, 1e-9);
        passing |= above && std::abs(npc.position_m.y + 2.0) < 2.0;
        if (!above && npc.position_m.x > world.ego().position_m.x) {
          low_ahead_m = std::min(low_ahead_m, npc.position_m.x - world.ego().position_m.x);
        }
      }
      passes += passing;
      if (!passing || low_ahead_m < 70.0) continue;
      ASSERT_GT(world.ObstacleAhead().gap_m, 1e8);
    }
  }
  EXPECT_GT(passes, 30) << "nobody drove over the bridge: nothing was tested";
}

}  // namespace
}  // namespace volante
