#include "run/evaluation.h"

#include <gtest/gtest.h>

#include "env/embedded_env.h"
#include "env/tiny_env.h"

namespace volante {
namespace {

Config VectorConfig() {
  Config config;
  config.observation.mode = ObservationMode::kVector;
  return config;
}

std::vector<EpisodeStats> ExpertIn(int num_worlds, int episodes, Scenario scenario,
                                   const char* driver = "idm_mobil") {
  static const auto town = LoadTown(EnvConfig{}, false);
  const Config config = VectorConfig();
  EmbeddedEnv env(town, config, num_worlds);
  const auto policy = MakeDriverPolicy(driver, config, num_worlds);
  return Evaluate(env, *policy,
                  {.scenario = scenario, .num_episodes = episodes, .seed = 5, .on_episode = {}});
}

TEST(Evaluation, DoesNotDependOnTheNumberOfWorlds) {
  const std::vector<EpisodeStats> one = ExpertIn(1, 10, Scenario::kLight);
  const std::vector<EpisodeStats> three = ExpertIn(3, 10, Scenario::kLight);
  ASSERT_EQ(one.size(), three.size());
  for (size_t i = 0; i < one.size(); ++i) {
    EXPECT_EQ(one[i].seed, three[i].seed);
    EXPECT_EQ(one[i].route_index, static_cast<int>(i));
    EXPECT_EQ(one[i].outcome, three[i].outcome);
    EXPECT_EQ(one[i].ticks, three[i].ticks);
    EXPECT_EQ(one[i].reward, three[i].reward);
    EXPECT_EQ(one[i].distance_m, three[i].distance_m);
  }
}

TEST(Evaluation, EveryEpisodeHasASeedOfItsOwn) {
  const std::vector<EpisodeStats> episodes = ExpertIn(4, 12, Scenario::kEmpty);
  for (size_t i = 0; i < episodes.size(); ++i) {
    for (size_t k = 0; k < i; ++k) EXPECT_NE(episodes[i].seed, episodes[k].seed);
  }
}

// If the expert can't, no learner can (issue, item 3): 200 test routes.
TEST(Expert, SucceedsInTheEmptyTown) {
  EXPECT_GE(Summarize(ExpertIn(8, 200, Scenario::kEmpty)).success_rate, 0.98);
}

TEST(Expert, SucceedsInScenario0) {
  const EvaluationSummary s = Summarize(ExpertIn(8, 200, Scenario::kLight));
  EXPECT_GE(s.success_rate, 0.95);
  EXPECT_EQ(s.at_fault_collisions_per_km, 0.0);
}

// The test routes can't be driven by going straight or by luck.
TEST(Baselines, FailWhereTheExpertSucceeds) {
  EXPECT_LE(Summarize(ExpertIn(8, 40, Scenario::kEmpty, "straight")).success_rate, 0.05);
  EXPECT_EQ(Summarize(ExpertIn(8, 40, Scenario::kEmpty, "random")).success_rate, 0.0);
}

}  // namespace
}  // namespace volante
