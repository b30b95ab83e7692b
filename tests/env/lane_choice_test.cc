// The expert's choice of lanes: by hand on facts, and on a road among slow cars.
#include "env/lane_choice.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "../sim/sim_test_util.h"
#include "env/drive_facts.h"
#include "env/driver.h"
#include "env/embedded_env.h"
#include "env/step_buffers.h"
#include "env/vector_town.h"

namespace volante {
namespace {

const IdmParams kIdm{.desired_speed_mps = 8.33,
                     .time_gap_s = 1.2,
                     .standstill_gap_m = 2.5,
                     .max_accel_mps2 = 2.5,
                     .comfortable_decel_mps2 = 2.5};

// 8 m/s on the route's lane with a free lane on the left, 200 m of both.
DriveFacts Facts() {
  DriveFacts f;
  f.speed_mps = 8.0;
  f.route_s_m = 50.0;
  f.lanes[kRouteLane].room_m = 200.0;
  f.lanes[kLeftLane] = {.offset_m = 3.5, .half_width_m = 1.75, .room_m = 200.0};
  return f;
}

// The same behind a slow leader.
DriveFacts Behind(double lead_gap_m, double lead_speed_mps) {
  DriveFacts f = Facts();
  f.lanes[kRouteLane].lead_gap_m = lead_gap_m;
  f.lanes[kRouteLane].lead_speed_mps = lead_speed_mps;
  return f;
}

size_t Chosen(const DriveFacts& f) {
  LaneChoice choice;
  choice.Decide(f, kIdm);
  return choice.lane();
}

TEST(LaneChoice, OvertakesASlowLeaderWhereThereIsRoom) {
  DriveFacts f = Facts();
  EXPECT_EQ(Chosen(f), kRouteLane) << "nobody to overtake";
  f.lanes[kRouteLane].lead_gap_m = 40.0;
  f.lanes[kRouteLane].lead_speed_mps = 3.0;
  EXPECT_EQ(Chosen(f), kLeftLane);
  // (40 + 2 * 4.8 + 8) m are closed at 5.33 m/s on 90 m of way; 25 m back, 4 and 10 m to spare.
  f.lanes[kLeftLane].room_m = 128.0;
  EXPECT_EQ(Chosen(f), kRouteLane) << "too little room";
  f.lanes[kLeftLane].room_m = 130.0;
  EXPECT_EQ(Chosen(f), kLeftLane);
  f.lanes[kRouteLane].lead_gap_m = 15.0;  // 15 + 3 * 19.2 / 8 < 19.2 + 4
  EXPECT_EQ(Chosen(f), kRouteLane) << "too near to get past its rear";
  f.lanes[kRouteLane].lead_gap_m = 16.5;
  EXPECT_EQ(Chosen(f), kLeftLane);
}

// (s*/s)^2 by hand: behind 5 m/s at 40 m, s* = 2.5 + 8 * 1.2 + 8 * 3 / 5 = 16.9, so the leader
// costs 2.5 * 0.1785 = 0.446 m/s^2; the route's lane is worth 0.3 and a change 0.2. At 50 m it
// costs 0.286.
TEST(LaneChoice, ChangesWhenMobilSaysThatItPays) {
  DriveFacts f = Facts();
  f.lanes[kRouteLane].lead_speed_mps = 5.0;
  f.lanes[kRouteLane].lead_gap_m = 50.0;
  EXPECT_EQ(Chosen(f), kRouteLane);
  f.lanes[kRouteLane].lead_gap_m = 16.9 / std::sqrt(0.5 / 2.5) + 0.1;
  EXPECT_EQ(Chosen(f), kRouteLane);
  f.lanes[kRouteLane].lead_gap_m -= 0.2;
  EXPECT_EQ(Chosen(f), kLeftLane);
}

TEST(LaneChoice, BrakesNobodyBehindOnTheOtherLane) {
  DriveFacts f = Behind(30.0, 2.0);
  NearLane& left = f.lanes[kLeftLane];
  left.follower_speed_mps = 8.0;
  left.follower_gap_m = 10.0;
  EXPECT_EQ(Chosen(f), kRouteLane) << "beside it";
  // Who drives 12 m/s would need s* = 2 + 14.4 + 12 * 4 / (2 sqrt 3) = 30.3 m, and brakes by
  // 1.5 (30.3/s)^2: more than 2 m/s^2 nearer than 26.2 m.
  left.follower_speed_mps = 12.0;
  left.follower_gap_m = 25.9;
  EXPECT_EQ(Chosen(f), kRouteLane);
  left.follower_gap_m = 26.4;
  EXPECT_EQ(Chosen(f), kLeftLane);
}

TEST(LaneChoice, ComesBackBeforeTheLanesPart) {
  DriveFacts f = Behind(30.0, 2.0);
  LaneChoice choice;
  choice.Decide(f, kIdm);
  ASSERT_EQ(choice.lane(), kLeftLane);
  EXPECT_NEAR(choice.OffsetAhead_m(f, 12.0), 1.75, 1e-9) << "half of 24 m";
  EXPECT_NEAR(choice.OffsetAhead_m(f, 30.0), 3.5, 1e-9);
  EXPECT_GT(choice.LargestShare(f, kIdm), 0.5) << "it is still behind the old leader";
  // Across: the slow one is passed 20 m further on, and 60 m of the lane are left.
  f.route_s_m += 60.0;
  f.lateral_offset_m = 3.5;
  f.lanes[kRouteLane].lead_gap_m = 1e9;
  f.lanes[kRouteLane].follower_gap_m = 15.0;
  f.lanes[kRouteLane].follower_speed_mps = 2.0;
  f.lanes[kLeftLane].room_m = 60.0;
  choice.Decide(f, kIdm);
  EXPECT_EQ(choice.lane(), kRouteLane);
  EXPECT_NEAR(choice.OffsetAhead_m(f, 0.0), 3.5, 1e-9);
  EXPECT_NEAR(choice.OffsetAhead_m(f, 24.0), 0.0, 1e-9);
}

TEST(LaneChoice, WaitsAtTheEndOfALaneForAGap) {
  DriveFacts f = Behind(30.0, 2.0);
  LaneChoice choice;
  choice.Decide(f, kIdm);
  f.route_s_m += 60.0;
  f.lateral_offset_m = 3.5;
  f.lanes[kLeftLane].room_m = 30.0;
  f.lanes[kRouteLane].lead_gap_m = f.lanes[kRouteLane].follower_gap_m = -1.0;  // beside it
  choice.Decide(f, kIdm);
  EXPECT_EQ(choice.lane(), kLeftLane);
  EXPECT_LT(IdmFreeRoad(8.0, 8.33) - choice.LargestShare(f, kIdm), -0.5) << "it brakes for the end";
}

TEST(LaneChoice, StaysBehindAQueue) {
  DriveFacts f = Behind(40.0, 0.5);
  EXPECT_EQ(Chosen(f), kRouteLane);
}

TEST(LaneChoice, GoesOnFromWhereItFindsItself) {
  DriveFacts f = Facts();
  f.lateral_offset_m = 3.4;
  f.lanes[kRouteLane].follower_gap_m = f.lanes[kRouteLane].lead_gap_m = -2.0;
  LaneChoice choice;
  choice.Decide(f, kIdm);
  EXPECT_EQ(choice.lane(), kLeftLane) << "no way back beside somebody";
  EXPECT_NEAR(choice.OffsetAhead_m(f, 5.0), 3.5, 1e-9);
  f.lanes[kRouteLane].follower_gap_m = f.lanes[kRouteLane].lead_gap_m = 1e9;
  choice.Decide(f, kIdm);
  EXPECT_EQ(choice.lane(), kRouteLane);
}

TEST(LaneChoice, TurnsBackWhileItCanWhenSomebodyTakesTheGap) {
  DriveFacts f = Behind(40.0, 3.0);
  for (const double lateral_m : {0.5, 1.5}) {
    LaneChoice choice;
    choice.Decide(f, kIdm);
    ASSERT_EQ(choice.lane(), kLeftLane);
    DriveFacts later = f;
    later.route_s_m += 4.0;
    later.lateral_offset_m = lateral_m;
    later.lanes[kLeftLane].follower_gap_m = 1.0;
    choice.Decide(later, kIdm);
    EXPECT_EQ(choice.lane(), lateral_m < 1.0 ? kRouteLane : kLeftLane);
  }
}

// In a queue gaps are small; who stands beside it takes one as soon as nobody moves.
TEST(LaneChoice, ComesBackIntoAStandingQueue) {
  DriveFacts f = Facts();
  f.lateral_offset_m = 3.5;
  f.speed_mps = 0.0;
  f.lanes[kLeftLane].room_m = 18.0;
  NearLane& own = f.lanes[kRouteLane];
  own.lead_gap_m = own.follower_gap_m = 1.7;
  own.lead_speed_mps = own.follower_speed_mps = 0.0;
  EXPECT_EQ(Chosen(f), kRouteLane);
  own.follower_speed_mps = 3.0;
  EXPECT_EQ(Chosen(f), kLeftLane) << "somebody comes";
}

// One drive on the middle one of three lanes, 12 cars at 2.5 to 4 m/s about it that keep their
// lanes.
struct Drive {
  double seconds = 0.0;
  int changes = 0;
  bool collided = false, arrived = false;
};

enum class Who { kExpert, kRouteKeeper };

Drive DriveAmongSlowCars(uint64_t seed, Who who, bool others_change = false) {
  const auto road = sim_test::StraightRoad(900.0, 3, 1);
  LaneIndex lane = kNoLane;
  for (size_t i = 0; i < road->lanes().size(); ++i) {
    if (road->lanes()[i].opendrive_lane == -2) lane = static_cast<LaneIndex>(i);
  }
  NpcConfig npc;
  npc.lane_changes = others_change;
  World world(road, EgoConfig{}, npc);
  WorldStart start;
  start.seed = seed;
  start.num_npcs = 12;
  start.route = std::make_shared<const Route>(road, std::vector<LaneIndex>{lane}, 10.0, 700.0);
  start.drivers = NpcRanges::Of(NpcConfig{});
  start.drivers->speed_factor_min = 0.25;
  start.drivers->speed_factor_max = 0.4;
  world.Start(start);
  RouteProfile profile;
  profile.Build(*start.route);
  const auto expert =
      who == Who::kExpert ? MakeDriver("idm_mobil", EgoConfig{}) : MakeRouteKeeper(EgoConfig{});
  expert->Begin(seed);
  DriveFacts facts;
  Drive drive;
  size_t on = kRouteLane;
  while (facts.route_s_m < world.route().length_m() - 3.0 && drive.seconds < 400.0) {
    DescribeDrive(world, profile, facts);
    const Action action = expert->Act(facts);
    world.Step(action.steer, action.throttle);
    drive.seconds += kTickSeconds;
    drive.collided |= world.events().collision;
    EXPECT_LE(std::abs(facts.lane_offset_m()), 2.0);
    const size_t now = LaneInUse(facts.lanes, facts.lateral_offset_m);
    drive.changes += now != on;
    on = now;
  }
  drive.arrived = drive.seconds < 400.0 && std::abs(facts.lateral_offset_m) < 1.0;
  return drive;
}

TEST(LaneChoice, TheExpertOvertakesAndEndsOnItsLane) {
  double with_s = 0.0, without_s = 0.0;
  int changes = 0;
  for (uint64_t seed = 0; seed < 10; ++seed) {
    const Drive with = DriveAmongSlowCars(seed, Who::kExpert);
    const Drive without = DriveAmongSlowCars(seed, Who::kRouteKeeper);
    EXPECT_TRUE(with.arrived) << seed;
    EXPECT_FALSE(with.collided) << seed;
    EXPECT_FALSE(without.collided) << seed;
    EXPECT_EQ(without.changes, 0);
    EXPECT_EQ(with.changes % 2, 0) << "it comes back";
    changes += with.changes;
    with_s += with.seconds;
    without_s += without.seconds;
  }
  EXPECT_GE(changes, 10);
  EXPECT_LT(with_s, 0.6 * without_s);
}

TEST(LaneChoice, TheExpertOvertakesAmongCarsThatChangeLanesToo) {
  int changes = 0;
  for (uint64_t seed = 0; seed < 40; ++seed) {
    const Drive drive = DriveAmongSlowCars(seed, Who::kExpert, true);
    EXPECT_TRUE(drive.arrived) << seed;
    EXPECT_FALSE(drive.collided) << seed;
    changes += drive.changes;
  }
  EXPECT_GE(changes, 40);
}

// A car that left its lane for the one beside it has not left the road.
TEST(LaneChoice, TheLaneBesideTheRouteIsNotOffLane) {
  DriveFacts f = Facts();
  f.lateral_offset_m = 3.4;
  EXPECT_NEAR(f.lane_offset_m(), -0.1, 1e-9);
  f.lateral_offset_m = 6.2;
  EXPECT_NEAR(f.lane_offset_m(), 2.7, 1e-9);
  f.lateral_offset_m = -2.7;
  EXPECT_NEAR(f.lane_offset_m(), -2.7, 1e-9);
}

}  // namespace
}  // namespace volante
