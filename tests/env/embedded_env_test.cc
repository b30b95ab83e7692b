// The embedded environment against its contract: cars, outcomes, waypoints, limits.
#include "env/embedded_env.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "env/driver.h"
#include "env/one_world.h"
#include "env/vector_town.h"

namespace volante {
namespace {

struct Drive : OneWorld {
  explicit Drive(const Config& c) : OneWorld(DefaultTown(), c) {}
};

TEST(Scenarios, RunExactlyTheConfiguredNumberOfCars) {
  for (const auto& [scenario, count] : {std::pair{Scenario::kEmpty, 0},
                                        {Scenario::kLight, 20},
                                        {Scenario::kMedium, 50},
                                        {Scenario::kHeavy, 100}}) {
    Drive drive(VectorConfig());
    drive.Reset({.seed = 4, .scenario = scenario});
    EXPECT_EQ(drive.env.world(0).npcs().size(), static_cast<size_t>(count));
    for (const VehicleState& npc : drive.env.world(0).npcs()) {
      EXPECT_GE(Distance(npc.position_m, drive.facts().position_m), 20.0);
    }
  }
}

TEST(Scenarios, MixedDrawsEachOfThem) {
  Drive drive(VectorConfig());
  std::set<size_t> counts;
  for (uint64_t seed = 0; seed < 40; ++seed) {
    drive.Reset({.seed = seed, .scenario = Scenario::kMixed});
    counts.insert(drive.env.world(0).npcs().size());
  }
  EXPECT_EQ(counts, (std::set<size_t>{0, 20, 50, 100}));
}

TEST(Starts, EvaluationStandsAndSpreadTrainingDoesNot) {
  Drive drive(VectorConfig());
  int moving = 0, beyond_start = 0;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    drive.Reset({.seed = seed, .spread_start = true});
    EXPECT_LE(std::abs(drive.facts().lateral_offset_m), 0.51);
    EXPECT_LE(std::abs(drive.facts().heading_error_rad), 0.11);
    EXPECT_LE(drive.facts().speed_mps, 8.33);
    EXPECT_LE(drive.facts().route_s_m, 0.91 * drive.facts().route_length_m);
    moving += drive.facts().speed_mps > 1.0;
    beyond_start += drive.facts().route_s_m > 20.0;
    drive.Reset(
        {.seed = seed, .route_set = RouteSet::kTest, .route_index = static_cast<int>(seed)});
    EXPECT_EQ(drive.facts().speed_mps, 0.0);
    EXPECT_NEAR(drive.facts().route_s_m, 0.0, 0.1);
    EXPECT_NEAR(drive.facts().lateral_offset_m, 0.0, 1e-6);
  }
  EXPECT_GT(moving, 25);
  EXPECT_GT(beyond_start, 25);
}

TEST(TrainingRoutes, NeverDriveAHeldOutTurn) {
  Drive drive(VectorConfig());
  const std::vector<LaneIndex>& held_out = DefaultTown()->routes.held_out;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    drive.Reset({.seed = seed});
    const Route& route = drive.env.world(0).route();
    EXPECT_GE(route.length_m(), 120.0);
    EXPECT_LE(route.length_m(), 250.0);
    EXPECT_GE(route.junction_turns(), 1);
    for (const LaneIndex lane : route.lanes()) {
      EXPECT_FALSE(std::binary_search(held_out.begin(), held_out.end(), lane));
    }
  }
}

TEST(Waypoints, AreEachRewardedOnceAndTheNearOnesNot) {
  Drive drive(VectorConfig());
  drive.Reset({.route_set = RouteSet::kTest, .route_index = 1});
  const int total = static_cast<int>(drive.facts().route_length_m / 2.0);
  const auto expert = MakeDriver("idm_mobil", drive.config.ego);
  int passed = 0;
  while (drive.facts().status == Status::kRunning) {
    drive.Step(expert->Act(drive.facts()));
    EXPECT_LE(drive.facts().waypoints_passed, 2);
    EXPECT_LT(std::abs(drive.facts().progress_m), 1.0) << "progress never jumps";
    passed += drive.facts().waypoints_passed;
  }
  ASSERT_EQ(drive.facts().outcome, Outcome::kSuccess);
  // Those at 2 and 4 m lie within 5 m of the start. The car stops 3 m before the end, within 5 m
  // of the last.
  EXPECT_EQ(passed, total - 2);
}

TEST(Outcomes, StandingIsATimeoutAfterExactlyTheLimit) {
  Config config = VectorConfig();
  config.env.max_episode_steps = 120;
  Drive drive(config);
  drive.Reset({.route_set = RouteSet::kTest});
  int ticks = 0;
  while (drive.facts().status == Status::kRunning) {
    drive.Step({0.0f, -1.0f});
    ++ticks;
  }
  EXPECT_EQ(ticks, 120);
  EXPECT_EQ(drive.facts().outcome, Outcome::kTimeout);
  EXPECT_EQ(drive.facts().status, Status::kTruncated);
}

TEST(Outcomes, LeavingTheLaneEndsTheEpisodeBeyondTwoAndAHalfMetres) {
  Drive drive(VectorConfig());
  drive.Reset({.route_set = RouteSet::kTest});
  double last = 0.0;
  while (drive.facts().status == Status::kRunning) {
    last = std::abs(drive.facts().lateral_offset_m);
    drive.Step({1.0f, 0.6f});
  }
  EXPECT_EQ(drive.facts().outcome, Outcome::kOffLane);
  EXPECT_EQ(drive.facts().status, Status::kTerminated);
  EXPECT_LE(last, 2.5);
  EXPECT_GT(std::abs(drive.facts().lateral_offset_m), 2.5);
}

TEST(Outcomes, HittingACarFromBehindIsTheEgosFault) {
  Config config = VectorConfig();
  config.env.npc_count = 100;
  Drive drive(config);
  const auto blind = MakeDriver("pid_pursuit", config.ego);  // follows the route, sees nobody
  int collisions = 0, at_fault = 0;
  for (int route = 0; route < 80; ++route) {
    drive.Reset(
        {.seed = static_cast<uint64_t>(route), .route_set = RouteSet::kTest, .route_index = route});
    blind->Begin(0);
    while (drive.facts().status == Status::kRunning) drive.Step(blind->Act(drive.facts()));
    if (drive.facts().outcome != Outcome::kCollision) continue;
    ++collisions;
    at_fault += drive.facts().collision_at_fault;
    EXPECT_GE(drive.facts().collision_other, 0);
    // Told as it happened: on the ego's outline, at the other's, pushed away from the contact.
    const DriveFacts& f = drive.facts();
    const auto other = static_cast<size_t>(f.collision_other);
    EXPECT_EQ(f.collision_kind, drive.env.world(0).npcs()[other].kind);
    EXPECT_LE(std::abs(f.contact_in_car_m.x), 0.5 * 4.792 + 1e-6);
    EXPECT_LE(std::abs(f.contact_in_car_m.y), 0.5 * 2.163 + 1e-6);
    EXPECT_LT(Distance(f.contact_m, drive.env.world(0).npcs()[other].position_m), 4.0);
    EXPECT_GT(Norm(f.collision_impulse_newton_s), 0.0);
    EXPECT_LT(Dot(f.collision_impulse_newton_s, f.contact_in_car_m), 0.0);
  }
  EXPECT_GT(collisions, 10);
  EXPECT_EQ(at_fault, collisions) << "no collision is an NPC's fault";
}

// WetCloudyNoon, on which scenario rain stands, has half its surface wet and puddles: less grip
// than dry, and more than 0.6 of it.
TEST(Weather, ReachesTheTyres) {
  Drive drive(VectorConfig());
  drive.Reset({.seed = 4, .scenario = Scenario::kMedium});
  EXPECT_EQ(drive.env.world(0).ego_variation(), EgoVariation{});
  drive.Reset({.seed = 4, .scenario = Scenario::kRain});
  EXPECT_LT(drive.env.world(0).ego_variation().friction_scale, 0.95);
  EXPECT_GE(drive.env.world(0).ego_variation().friction_scale, 0.6);
  EXPECT_LT(drive.env.world(0).ego_params().track.friction, 0.95 * 1.0489);
}

TEST(Randomisation, GivesEachEpisodeACarOfItsOwnFromTheSeed) {
  Config config = VectorConfig();
  config.randomisation.enabled = true;
  Drive drive(config), again(config);
  std::set<double> masses;
  for (uint64_t seed = 0; seed < 10; ++seed) {
    drive.Reset({.seed = seed, .scenario = Scenario::kLight});
    again.Reset({.seed = seed, .scenario = Scenario::kLight});
    masses.insert(drive.env.world(0).ego_variation().mass_scale);
    EXPECT_EQ(drive.env.world(0).ego_variation(), again.env.world(0).ego_variation());
    EXPECT_EQ(drive.env.world(0).Hash(), again.env.world(0).Hash());
  }
  EXPECT_EQ(masses.size(), 10u);
}

TEST(ActionRepeat, TwoTicksAreOneStepAndLimitsCountTicks) {
  Config config = VectorConfig();
  config.env.action_repeat = 2;
  config.env.max_episode_steps = 100;
  Drive twice(config);
  config.env.action_repeat = 1;
  Drive once(config);
  for (Drive* drive : {&twice, &once}) drive->Reset({.seed = 3, .route_set = RouteSet::kTest});
  double sum = 0.0;
  for (int i = 0; i < 50; ++i) {
    twice.Step({0.0f, 0.1f});
    once.Step({0.0f, 0.1f});
    sum = once.view.reward[0];
    once.Step({0.0f, 0.1f});
    sum += once.view.reward[0];
    EXPECT_NEAR(twice.view.reward[0], sum, 1e-5);
    EXPECT_EQ(twice.facts().position_m, once.facts().position_m);
  }
  EXPECT_EQ(twice.facts().tick, 100);
  EXPECT_EQ(twice.facts().status, Status::kTruncated);
}

TEST(Facts, RoutePointsLieTwoMetresApartAheadOfAStandingCar) {
  Drive drive(VectorConfig());
  drive.Reset({.route_set = RouteSet::kTest});
  for (int k = 1; k < kRoutePoints; ++k) {
    const double gap =
        Distance(drive.facts().route_points_m[k], drive.facts().route_points_m[k - 1]);
    EXPECT_GT(gap, 1.9);
    EXPECT_LT(gap, 2.001);
  }
  EXPECT_NEAR(drive.facts().route_points_m[0].x, 2.0, 0.01);
  EXPECT_NEAR(drive.facts().route_points_m[0].y, 0.0, 0.01);
}

}  // namespace
}  // namespace volante
