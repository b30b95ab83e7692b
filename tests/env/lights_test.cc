// Traffic lights in the environment: a policy sees them, random towns have them when asked, and a
// red light that is run is told.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "config/options.h"
#include "env/driver.h"
#include "env/embedded_env.h"
#include "env/make_env.h"
#include "env/one_world.h"

namespace volante {
namespace {

struct Drive : OneWorld {
  explicit Drive(const Config& c) : OneWorld(LoadTownsFor(c), c) {}
  explicit Drive(const std::vector<std::string>& sets) : Drive(WithSets(Config(), sets)) {}
  void Begin(int route) { Reset({.seed = 3, .route_set = RouteSet::kTest, .route_index = route}); }
};

// The expert drives in an empty town until a red light is near and the car stops there: the picture
// changes with the light and is the same in the tick after.
TEST(Lights, WhoWaitsAtARedLightSeesItTurnGreen) {
  Drive drive({"env.town=multilane"});
  const auto expert = MakeDriver("idm_mobil", drive.config.ego);
  int waited = 0;
  for (int route = 0; route < 24 && waited < 3; ++route) {
    drive.Begin(route);
    expert->Begin(0);
    bool waits = false;
    while (!waits && drive.running()) {
      const bool near = drive.facts().light == NextLight::kRed &&
                        drive.facts().light_distance_m > 3.0 &&
                        drive.facts().light_distance_m < 25.0;
      drive.Step(near ? Action{0.0f, -1.0f} : expert->Act(drive.facts()));
      waits = near && drive.facts().light == NextLight::kRed && drive.facts().speed_mps == 0.0;
    }
    if (!waits) continue;
    std::vector<uint8_t> before;
    const auto differ = [&] {
      int largest = 0;
      for (size_t i = 0; i < before.size(); ++i) {
        largest = std::max(largest, std::abs(drive.view.frame[i] - before[i]));
      }
      return largest;
    };
    for (int tick = 0; tick < 3; ++tick) drive.Step({0.0f, -1.0f});  // the nose has come up
    while (drive.running() && drive.facts().light == NextLight::kRed) {
      before = drive.Frame();
      drive.Step({0.0f, -1.0f});
    }
    if (!drive.running()) continue;
    EXPECT_EQ(drive.facts().light, NextLight::kGreen);
    EXPECT_GT(differ(), 30) << "gray levels, route " << route;
    before = drive.Frame();
    drive.Step({0.0f, -1.0f});
    EXPECT_EQ(differ(), 0) << "and stays so";
    ++waited;
  }
  EXPECT_EQ(waited, 3);
}

TEST(Lights, RandomTownsHaveThemWhenAskedFor) {
  const std::vector<std::string> random = {"env.town=random", "observation.mode=vector"};
  Drive without(random), with({random[0], random[1], "env.traffic_lights=all"});
  int met_without = 0, met_with = 0;
  for (int route = 0; route < 4; ++route) {
    for (Drive* drive : {&without, &with}) {
      const auto expert = MakeDriver("idm_mobil", drive->config.ego);
      drive->Begin(route);
      expert->Begin(0);
      while (drive->running()) {
        drive->Step(expert->Act(drive->facts()));
        (drive == &with ? met_with : met_without) += drive->facts().light != NextLight::kNone;
        EXPECT_FALSE(drive->facts().ran_red_light);
      }
    }
  }
  EXPECT_EQ(met_without, 0);
  EXPECT_GT(met_with, 100);
}

// pid_pursuit minds no light: what it runs is told once each, also when an action lasts two ticks.
TEST(Lights, EveryRedLightThatIsRunIsToldOnce) {
  int told[2] = {0, 0};
  for (const int repeat : {1, 2}) {
    Drive drive({"env.town=multilane", "observation.mode=vector",
                 repeat == 2 ? "env.action_repeat=2" : "env.action_repeat=1"});
    const auto blind = MakeDriver("pid_pursuit", drive.config.ego);
    for (int route = 0; route < 80; ++route) {
      drive.Begin(route);
      blind->Begin(0);
      double since_m = 1e9;
      while (drive.running()) {
        drive.Step(blind->Act(drive.facts()));
        since_m += drive.facts().progress_m;
        if (!drive.facts().ran_red_light) continue;
        EXPECT_GT(since_m, 5.0) << "the same line twice";
        since_m = 0.0;
        ++told[repeat - 1];
      }
    }
  }
  EXPECT_GT(told[0], 4);
  EXPECT_NEAR(told[0], told[1], 2) << "drives differ a little";
}

}  // namespace
}  // namespace volante
