// The task can be won: idm_mobil drives the towns' test routes among others, in its lane.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>
#include <string>

#include "env/driver.h"
#include "env/embedded_env.h"
#include "env/step_buffers.h"
#include "env/vector_town.h"

namespace volante {
namespace {

struct Driven {
  int arrived = 0, collisions = 0;
  double offset_in_turns_m = 0.0;  // largest
};

// Every (200 / count)-th route of the test list; in new towns the first ones, which lie in ten.
Driven DriveRoutes(const Config& config, Scenario scenario, Suite suite, int count) {
  EmbeddedEnv env(std::make_shared<Towns>(config.env, false), config, 1);
  StepBuffers buffers(env.traits());
  const StepView view = buffers.view();
  const DriveFacts& facts = view.facts[0];
  const auto expert = MakeDriver("idm_mobil", config.ego);
  const int stride = suite == Suite::kNewTown ? 1 : 200 / count;
  Driven driven;
  for (int i = 0; i < count; ++i) {
    const ResetRequest request{.seed = 900 + static_cast<uint64_t>(i),
                               .scenario = scenario,
                               .suite = suite,
                               .route_set = RouteSet::kTest,
                               .route_index = i * stride};
    env.Reset({&request, 1}, view);
    expert->Begin(request.seed);
    const Route& route = env.world(0).route();
    while (facts.status == Status::kRunning) {
      const Action action = expert->Act(facts);
      env.Step({&action, 1}, view);
      const Lane& lane = route.network().lane(route.lanes()[route.LaneIndexAt(facts.route_s_m)]);
      if (lane.turn != Turn::kLeft && lane.turn != Turn::kRight) continue;
      driven.offset_in_turns_m =
          std::max(driven.offset_in_turns_m, std::abs(facts.lateral_offset_m));
    }
    driven.arrived += facts.outcome == Outcome::kSuccess;
    driven.collisions += facts.collision;
    EXPECT_FALSE(facts.collision) << "route " << request.route_index << ", at fault "
                                  << facts.collision_at_fault;
  }
  return driven;
}

class ExpertInTown : public ::testing::TestWithParam<const char*> {};

TEST_P(ExpertInTown, ArrivesAmongTwentyCarsAndKeepsItsLaneInTurns) {
  Config config = VectorConfig();
  config.env.town = GetParam();
  const Driven driven = DriveRoutes(config, Scenario::kLight, Suite::kStandard, 20);
  EXPECT_GE(driven.arrived, 19);
  EXPECT_EQ(driven.collisions, 0);
  EXPECT_LE(driven.offset_in_turns_m, 0.6);
}

INSTANTIATE_TEST_SUITE_P(Towns, ExpertInTown,
                         ::testing::Values("volante_town", "multilane", "country", "highway"),
                         [](const auto& param_info) { return std::string(param_info.param); });

TEST(ExpertInNewTowns, Arrives) {
  const Driven driven = DriveRoutes(VectorConfig(), Scenario::kLight, Suite::kNewTown, 20);
  EXPECT_GE(driven.arrived, 19);
  EXPECT_EQ(driven.collisions, 0);
  EXPECT_LE(driven.offset_in_turns_m, 0.6);
}

TEST(ExpertAmongAssertiveCars, Arrives) {
  const Driven driven = DriveRoutes(VectorConfig(), Scenario::kMedium, Suite::kAssertive, 20);
  EXPECT_GE(driven.arrived, 18);
  EXPECT_EQ(driven.collisions, 0);
}

class ExpertOnSharedMap : public ::testing::TestWithParam<const char*> {};

// Their turns have radii down to 4.6 m.
TEST_P(ExpertOnSharedMap, ArrivesAndKeepsItsLaneInTurns) {
  Config config = VectorConfig();
  config.env.map = std::string(VOLANTE_SOURCE_DIR) + "/../shared/maps/" + GetParam() + ".xodr";
  if (!std::filesystem::exists(config.env.map)) {
    GTEST_SKIP() << "the map " << config.env.map << " is not here";
  }
  const Driven driven = DriveRoutes(config, Scenario::kEmpty, Suite::kStandard, 20);
  EXPECT_EQ(driven.arrived, 20);
  EXPECT_LE(driven.offset_in_turns_m, 1.2);
}

INSTANTIATE_TEST_SUITE_P(Maps, ExpertOnSharedMap, ::testing::Values("Town01", "Town02"),
                         [](const auto& param_info) { return std::string(param_info.param); });

}  // namespace
}  // namespace volante
