// The lanes beside the route: found by hand on straight roads, and the gaps on them by the poses.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/near_lane.h"
#include "sim_test_util.h"

namespace volante {
namespace {

using sim_test::StraightRoad;
using sim_test::WholeLane;

LaneIndex LaneOf(const RoadNetwork& network, int id, double at_x_m = 0.0) {
  for (size_t i = 0; i < network.lanes().size(); ++i) {
    const Lane& lane = network.lanes()[i];
    if (lane.opendrive_lane == id && lane.center.PositionAt(0.0).x >= at_x_m) {
      return static_cast<LaneIndex>(i);
    }
  }
  return kNoLane;
}

World Started(const std::shared_ptr<const RoadNetwork>& road, LaneIndex lane, double at_m,
              int npcs = 0, uint64_t seed = 0) {
  World world(road, EgoConfig{}, NpcConfig{});
  WorldStart start;
  start.seed = seed;
  start.num_npcs = npcs;
  start.route = WholeLane(road, lane);
  start.route_s_m = at_m;
  world.Start(start);
  return world;
}

TEST(NearLanes, AreThoseOfTheSameDirection) {
  const auto road = StraightRoad(300.0, 3, 1);
  const World middle = Started(road, LaneOf(*road, -2), 100.0);
  EXPECT_NEAR(middle.near_lanes()[kLeftLane].offset_m, 3.5, 1e-9);
  EXPECT_NEAR(middle.near_lanes()[kRightLane].offset_m, -3.5, 1e-9);
  for (const NearLane& lane : middle.near_lanes()) {
    EXPECT_NEAR(lane.room_m, 200.0, 0.5);
    EXPECT_NEAR(lane.half_width_m, 1.75, 1e-9);
  }
  const World inner = Started(road, LaneOf(*road, -1), 100.0);
  EXPECT_FALSE(inner.near_lanes()[kLeftLane].open()) << "the other direction";
  EXPECT_TRUE(inner.near_lanes()[kRightLane].open());
  const auto single = StraightRoad(300.0, 1, 1);
  const World alone = Started(single, LaneOf(*single, -1), 100.0);
  EXPECT_FALSE(alone.near_lanes()[kLeftLane].open());
  EXPECT_FALSE(alone.near_lanes()[kRightLane].open());
}

TEST(NearLanes, HaveRoomUntilTheyEnd) {
  const auto road = StraightRoad(400.0, 2, 1, 250.0);  // the outer lane ends at 250 m
  const LaneIndex first = LaneOf(*road, -1), second = LaneOf(*road, -1, 200.0);
  ASSERT_NE(first, second);
  World world(road, EgoConfig{}, NpcConfig{});
  WorldStart start;
  start.route = std::make_shared<const Route>(road, std::vector<LaneIndex>{first, second}, 0.0,
                                              road->lane(second).center.length_m());
  start.route_s_m = 100.0;
  world.Start(start);
  EXPECT_NEAR(world.near_lanes()[kRightLane].room_m, 150.0, 0.5);
  EXPECT_NEAR(world.near_lanes()[kRouteLane].room_m, 300.0, 0.5);
  start.route_s_m = 300.0;
  world.Start(start);
  EXPECT_FALSE(world.near_lanes()[kRightLane].open());
}

TEST(NearLanes, GapsAreThoseOfThePoses) {
  NpcConfig npc_config;
  npc_config.lane_changes = false;  // cars between lanes count for both
  // One lane section, then two: the gaps go on across the border, where the right lane ends.
  for (const double ends_m : {0.0, 290.0}) {
    const auto road = StraightRoad(600.0, 3, 1, ends_m);
    std::vector<LaneIndex> lanes = {LaneOf(*road, -2)};
    if (ends_m > 0.0) lanes.push_back(LaneOf(*road, -2, 200.0));
    int compared = 0, across = 0;
    for (uint64_t seed = 0; seed < 20; ++seed) {
      World world(road, EgoConfig{}, npc_config);
      WorldStart start;
      start.seed = seed;
      start.num_npcs = 20;
      start.route = std::make_shared<const Route>(road, lanes, 0.0,
                                                  road->lane(lanes.back()).center.length_m());
      start.route_s_m = 250.0;
      world.Start(start);
      for (int t = 0; t < 60; ++t) world.Step(0.0, 0.0);
      for (const NearLane& lane : world.near_lanes()) {
        if (!lane.open()) continue;
        const double y_m = world.on_route().lateral_m - lane.offset_m;
        double lead_m = 1e9, follower_m = 1e9;
        for (const VehicleState& npc : world.npcs()) {
          const Vec2 d = npc.position_m - world.ego().position_m;
          if (std::abs(d.y + y_m) > 1.0) continue;
          const double gap_m =
              std::abs(d.x) - 0.5 * npc.length_m - 0.5 * world.ego_params().length_m;
          double& nearest_m = d.x > 0.0 ? lead_m : follower_m;
          nearest_m = std::min(nearest_m, gap_m);
        }
        ++compared;
        across += ends_m > 0.0 && lead_m < 90.0 && lead_m > ends_m - 250.0;
        EXPECT_NEAR(std::min(lane.lead_gap_m, 90.0), std::min(lead_m, 90.0), 0.05);
        EXPECT_NEAR(std::min(lane.follower_gap_m, 150.0), std::min(follower_m, 150.0), 0.05);
      }
    }
    EXPECT_GT(compared, 8);
    EXPECT_TRUE(ends_m == 0.0 || across > 3);
  }
}

// Along a motorway in bends, of several sections: a metre of the route takes a metre of the room,
// and what is saved beside the route goes on as it would have.
TEST(NearLanes, RoomIsCountedAlongTheRoute) {
  const auto highway = RoadNetwork::Parse(BuiltInTownText("highway"), "highway");
  World world(highway, EgoConfig{}, NpcConfig{});
  WorldStart start;
  int compared = 0;
  for (uint64_t seed = 0; seed < 6; ++seed) {
    start.route = sim_test::RandomRoute(highway, seed, 1200.0);
    double last_m[2] = {0.0, 0.0};
    for (double s_m = 5.0; s_m < 1100.0; s_m += 5.0) {
      start.route_s_m = s_m;
      world.Start(start);
      for (const size_t side : {kLeftLane, kRightLane}) {
        const double room_m = world.near_lanes()[side].room_m;
        double& last = last_m[side == kLeftLane ? 0 : 1];
        if (room_m > 0.0 && last > 0.0 && room_m < last) {
          EXPECT_NEAR(last - room_m, 5.0, 0.3) << "seed " << seed << " at " << s_m;
          ++compared;
        }
        last = room_m;
      }
    }
  }
  EXPECT_GT(compared, 100);
}

TEST(NearLanes, AWorldIsSavedBesideItsRoute) {
  const auto road = StraightRoad(600.0, 2, 1);
  World world(road, EgoConfig{}, NpcConfig{});
  WorldStart start;
  start.seed = 5;
  start.num_npcs = 12;
  start.route = WholeLane(road, LaneOf(*road, -1));
  start.route_s_m = 150.0;
  start.lateral_offset_m = -3.5;
  start.speed_mps = 6.0;
  world.Start(start);
  EXPECT_EQ(LaneInUse(world.near_lanes(), world.on_route().lateral_m), kRightLane);
  for (int t = 0; t < 40; ++t) world.Step(0.0, 0.3);
  World other(road, EgoConfig{}, NpcConfig{});
  other.Load(world.Save(), start.route);
  for (int t = 0; t < 100; ++t) {
    world.Step(0.0, 0.3);
    other.Step(0.0, 0.3);
    ASSERT_EQ(other.DifferenceFrom(world), "");
    ASSERT_EQ(other.ObstacleAhead().gap_m, world.ObstacleAhead().gap_m);
  }
}

// The ego beside its route on the right lane: the cars ahead of it there are in its way, and where
// that lane ends those of its route's lane.
TEST(NearLanes, TheWayAheadIsThatOfTheLaneInUseAsFarAsItGoes) {
  for (const double end_m : {500.0, 250.0}) {
    const auto road = StraightRoad(500.0, 2, 1, end_m < 500.0 ? end_m : 0.0);
    std::vector<LaneIndex> lanes = {LaneOf(*road, -1)};
    if (end_m < 500.0) lanes.push_back(LaneOf(*road, -1, 200.0));
    int in_the_way = 0;
    for (uint64_t seed = 0; seed < 60; ++seed) {
      World world(road, EgoConfig{}, NpcConfig{});
      WorldStart start;
      start.seed = seed;
      start.num_npcs = 12;
      start.route = std::make_shared<const Route>(road, lanes, 0.0,
                                                  road->lane(lanes.back()).center.length_m());
      start.route_s_m = 200.0;
      start.lateral_offset_m = -3.5;
      world.Start(start);
      double gap_m = 1e9;
      for (const VehicleState& npc : world.npcs()) {
        const Vec2 d = npc.position_m - world.ego().position_m;
        const double in_use_y_m = npc.position_m.x < end_m ? 0.0 : 3.5;
        const double g = d.x - 0.5 * npc.length_m - 0.5 * world.ego_params().length_m;
        if (d.x > 0.0 && std::abs(d.y - in_use_y_m) < 1.0 && g < 60.0) gap_m = std::min(gap_m, g);
      }
      in_the_way += gap_m < 60.0;
      EXPECT_NEAR(std::min(world.ObstacleAhead().gap_m, 1e3), std::min(gap_m, 1e3), 0.01) << seed;
    }
    EXPECT_GT(in_the_way, 5) << end_m;
  }
}

TEST(NearLanes, TheLaneInUseIsTheNearestOpenOne) {
  NearLanes lanes;
  lanes[kRouteLane].room_m = 100.0;
  lanes[kLeftLane] = {.offset_m = 3.5};
  EXPECT_EQ(LaneInUse(lanes, 3.0), kRouteLane) << "the left one is not open";
  lanes[kLeftLane].room_m = 50.0;
  EXPECT_EQ(LaneInUse(lanes, 1.7), kRouteLane);
  EXPECT_EQ(LaneInUse(lanes, 1.8), kLeftLane);
  EXPECT_EQ(LaneInUse(lanes, -3.0), kRouteLane);
}

}  // namespace
}  // namespace volante
