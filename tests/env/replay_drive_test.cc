// A recorded drive that ended in a collision is driven again from its file: it ends with the same
// collision and the same world, bit for bit.
#include <gtest/gtest.h>

#include "env/driver.h"
#include "env/replay_file.h"
#include "env/step_buffers.h"
#include "env/vector_town.h"

namespace volante {
namespace {

struct Ending {
  EpisodeRecord record;
  DriveFacts facts;
  uint64_t hash = 0;
};

// A driver that sees nobody, in dense traffic.
Ending Record(const Config& config, uint64_t seed) {
  EmbeddedEnv env(DefaultTown(), config, 1);
  StepBuffers buffers(env.traits());
  const StepView view = buffers.view();
  const ResetRequest request{.seed = seed,
                             .scenario = Scenario::kHeavy,
                             .route_set = RouteSet::kTest,
                             .route_index = static_cast<int>(seed)};
  const auto blind = MakeDriver("pid_pursuit", config.ego);
  blind->Begin(seed);
  env.Reset({&request, 1}, view);
  Ending ending;
  ending.record.Begin(request);
  while (view.facts[0].status == Status::kRunning) {
    const Action action = blind->Act(view.facts[0]);
    env.Step({&action, 1}, view);
    ending.record.Add(action, view.facts[0]);
  }
  ending.record.config = WorldYaml(config);
  ending.facts = view.facts[0];
  ending.hash = env.world(0).Hash();
  return ending;
}

void ExpectTheSameEnd(const Ending& ending) {
  const EpisodeRecord record = DecodeReplay(EncodeReplay(ending.record), "test");
  EmbeddedEnv env(DefaultTown(), ConfigOf(record, "test"), 1);
  StepBuffers buffers(env.traits());
  const StepView view = buffers.view();
  env.Reset({&record.request, 1}, view);
  ReplayCheck check(record);
  for (int i = 0; i < record.num_actions(); ++i) {
    ASSERT_EQ(view.facts[0].status, Status::kRunning) << "tick " << i;
    const Action action = record.action(i);
    env.Step({&action, 1}, view);
    check.Add(view.facts[0]);
  }
  const DriveFacts& f = view.facts[0];
  EXPECT_EQ(check.Divergence(), "");
  EXPECT_EQ(f.collision_other, ending.facts.collision_other);
  EXPECT_EQ(f.collision_at_fault, ending.facts.collision_at_fault);
  EXPECT_EQ(f.collision_kind, ending.facts.collision_kind);
  EXPECT_EQ(f.contact_m, ending.facts.contact_m);
  EXPECT_EQ(f.collision_impulse_newton_s, ending.facts.collision_impulse_newton_s);
  EXPECT_EQ(env.world(0).Hash(), ending.hash);
}

int CollisionsDrivenAgain(const Config& config) {
  int collisions = 0;
  for (uint64_t seed = 0; seed < 60; ++seed) {
    const Ending ending = Record(config, seed);
    if (!ending.facts.collision) continue;
    ++collisions;
    ExpectTheSameEnd(ending);
  }
  return collisions;
}

TEST(ReplayDrive, EveryCollisionHappensAgain) {
  EXPECT_GT(CollisionsDrivenAgain(VectorConfig()), 5);
}

// With another car, other drivers and rain in every episode, from the same small file.
TEST(ReplayDrive, EveryCollisionOfRandomisedEpisodesHappensAgain) {
  Config config = VectorConfig();
  config.randomisation.enabled = true;
  config.weather.preset = WeatherPreset::kHardRainNoon;
  EXPECT_GT(CollisionsDrivenAgain(config), 5);
}

}  // namespace
}  // namespace volante
