// Suite `contested`: who sees arrives, who does not collides, and every episode follows its seed.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "env/driver.h"
#include "env/embedded_env.h"
#include "env/step_buffers.h"
#include "env/vector_town.h"
#include "sim/collision.h"

namespace volante {
namespace {

struct Drive {
  EmbeddedEnv env;
  StepBuffers buffers;
  StepView view;
  std::unique_ptr<Driver> driver;

  explicit Drive(const std::string& name)
      : env(DefaultTown(), VectorConfig(), 1),
        buffers(env.traits()),
        view(buffers.view()),
        driver(MakeDriver(name, Config{}.ego)) {}
  void Reset(int route, Scenario scenario = Scenario::kEmpty, Suite suite = Suite::kContested) {
    const ResetRequest request{.seed = 700 + static_cast<uint64_t>(route),
                               .scenario = scenario,
                               .suite = suite,
                               .route_set = RouteSet::kTest,
                               .route_index = route};
    env.Reset({&request, 1}, view);
    driver->Begin(request.seed);
  }
  void Step() {
    const Action action = driver->Act(view.facts[0]);
    env.Step({&action, 1}, view);
  }
  const DriveFacts& facts() const { return view.facts[0]; }
  const World& world() const { return env.world(0); }
  bool running() const { return facts().status == Status::kRunning; }
};

constexpr int kRoutes = 20;

TEST(Contested, ExpertTouchesNobodyAndArrives) {
  Drive drive("idm_mobil");
  int arrived = 0;
  for (int route = 0; route < kRoutes; ++route) {
    drive.Reset(route);
    while (drive.running()) {
      drive.Step();
      ASSERT_EQ(CountOverlaps(drive.world().npcs()), 0) << "route " << route;
    }
    EXPECT_FALSE(drive.facts().collision) << "route " << route;
    arrived += drive.facts().outcome == Outcome::kSuccess;
  }
  EXPECT_GE(arrived, 19);
}

TEST(Contested, WhoIgnoresCarsCollidesAndIsAtFault) {
  Drive drive("pid_pursuit");
  int collided = 0;
  for (int route = 0; route < kRoutes; ++route) {
    drive.Reset(route);
    while (drive.running()) drive.Step();
    collided += drive.facts().collision;
    EXPECT_EQ(drive.facts().collision, drive.facts().collision_at_fault) << "route " << route;
  }
  EXPECT_GE(collided, 12);
}

// The town is empty otherwise: what stops the blind driver is the suite.
TEST(Contested, WithoutTheSuiteTheSameBlindDriverArrives) {
  Drive drive("pid_pursuit");
  for (int route = 0; route < 5; ++route) {
    drive.Reset(route, Scenario::kEmpty, Suite::kStandard);
    EXPECT_TRUE(drive.world().npcs().empty());
    while (drive.running()) drive.Step();
    EXPECT_EQ(drive.facts().outcome, Outcome::kSuccess);
  }
}

TEST(Contested, NobodyRunsIntoAnEgoThatStandsWhereItStarted) {
  Drive drive("idm_mobil");
  const Action brake{0.0f, -1.0f};
  for (int route = 0; route < 10; ++route) {
    drive.Reset(route, Scenario::kLight);
    while (drive.running()) drive.env.Step({&brake, 1}, drive.view);
    EXPECT_FALSE(drive.facts().collision) << "route " << route;
    EXPECT_EQ(drive.world().traffic().counters().npc_fault_collisions, 0u);
  }
}

TEST(Contested, TheCarsOfTheScenarioDriveBesideThoseOfTheSuite) {
  Drive drive("idm_mobil");
  drive.Reset(3, Scenario::kLight);
  const size_t suite_cars = drive.world().traffic().scripts().size();
  EXPECT_GE(suite_cars, 2u);
  EXPECT_EQ(drive.world().npcs().size(), suite_cars + 20u);
  EXPECT_EQ(drive.env.num_npcs(0), 20);
}

TEST(Contested, AnEpisodeFollowsFromItsSeedAndContinuesFromASnapshot) {
  Drive drive("idm_mobil"), again("idm_mobil"), resumed("idm_mobil");
  drive.Reset(7);
  again.Reset(7);
  resumed.Reset(8, Scenario::kLight, Suite::kStandard);  // another episode, another number of cars
  for (int tick = 0; tick < 150; ++tick) drive.Step(), again.Step();
  ASSERT_TRUE(drive.running());
  EXPECT_EQ(drive.env.Save(0), again.env.Save(0));
  resumed.env.Load(0, drive.env.Save(0));
  resumed.view.facts[0] = drive.facts();
  while (drive.running()) {
    ASSERT_TRUE(resumed.running()) << "tick " << drive.facts().tick;
    drive.Step(), resumed.Step();
  }
  EXPECT_EQ(drive.facts().outcome, resumed.facts().outcome);
  EXPECT_EQ(drive.env.Save(0), resumed.env.Save(0));
}

}  // namespace
}  // namespace volante
