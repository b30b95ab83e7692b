#include "run/evaluation.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/random.h"
#include "env/embedded_env.h"
#include "env/step_buffers.h"
#include "run/load_policy.h"
#include "run/mean_image.h"
#include "run/notable_episodes.h"
#include "support/temporary_directory.h"

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

// If the expert can't, no learner can: 200 test routes.
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

// ---- replays -------------------------------------------------------------------------------

TEST(Replay, ARecordedEpisodeIsDrivenAgainBitForBit) {
  const auto town = LoadTown(EnvConfig{}, false);
  Config config = VectorConfig();
  config.env.scenario = Scenario::kHeavy;
  NotableEpisodes notable;
  const TemporaryDirectory directory;
  const std::string folder = directory.path() + "/collisions";
  CollisionEpisodes(RealFiles(), folder);
  WriteFileAtomically(RealFiles(), folder + "/row_9_route_9.replay", "of an earlier evaluation");
  CollisionEpisodes collisions(RealFiles(), folder);
  EmbeddedEnv env(town, config, 3);
  const auto policy = MakeDriverPolicy("pid_pursuit", config, 3);  // blind to others: it collides
  std::vector<EpisodeStats> episodes =
      Evaluate(env, *policy,
               {.scenario = Scenario::kHeavy,
                .num_episodes = 12,
                .seed = 5,
                .on_episode = {},
                .on_record = [&](const EpisodeStats& stats, EpisodeRecord record) {
                  record.config = WorldYaml(config);
                  collisions.Add(0, stats, record);
                  notable.Add(stats, std::move(record));
                }});
  // Each collision is there, alone, and is the drive that it says.
  size_t collided = 0;
  for (const EpisodeStats& e : episodes) {
    if (!e.collision) continue;
    ++collided;
    const std::string name = "row_1_route_" + std::to_string(e.route_index) + ".replay";
    const EpisodeRecord record = ReadReplayFile(RealFiles(), JoinPath(folder, name));
    EXPECT_EQ(record.request.seed, e.seed);
    EXPECT_EQ(record.impact.x_m, e.contact_m.x);
    EXPECT_EQ(record.impact.impulse_newton_s, e.collision_impulse_newton_s);
  }
  EXPECT_GE(collided, 1u);
  EXPECT_EQ(RealFiles().List(folder).size(), collided);
  ASSERT_EQ(notable.worst().size(), 5u);
  ASSERT_EQ(notable.best().size(), 1u);
  EXPECT_EQ(notable.worst()[0].stats.outcome, Outcome::kCollision);

  for (const NotableEpisodes::Entry& entry :
       {notable.worst()[0], notable.worst()[4], notable.best()[0]}) {
    const EpisodeRecord record = DecodeReplay(EncodeReplay(entry.record), "test");
    const Config stored = ConfigOf(record, "test");
    EmbeddedEnv again(town, stored, 1);
    StepBuffers buffers(again.traits());
    const StepView view = buffers.view();
    const auto replay = MakeReplayPolicy(record);
    again.Reset({&record.request, 1}, view);
    replay->Begin(0, record.request.seed, view);
    ReplayCheck check(record);
    Action action;
    while (view.facts[0].status == Status::kRunning) {
      replay->Act(view, {&action, 1});
      again.Step({&action, 1}, view);
      check.Add(view.facts[0]);
    }
    EXPECT_EQ(check.Divergence(), "");
    EXPECT_TRUE(check.Over());
    EXPECT_EQ(view.facts[0].outcome, entry.stats.outcome);
    EXPECT_EQ(view.facts[0].tick, entry.stats.ticks);
    EXPECT_EQ(view.facts[0].position_m.x, record.trail.back().x_m);
    EXPECT_EQ(view.facts[0].heading_rad, record.trail.back().heading_rad);
  }

  // The five are those that a full sort puts first.
  std::sort(episodes.begin(), episodes.end(), IsWorse);
  for (size_t i = 0; i < 5; ++i) EXPECT_EQ(notable.worst()[i].stats.seed, episodes[i].seed);
  EXPECT_EQ(notable.best()[0].stats.seed, episodes.back().seed);
}

TEST(Replay, TheBestIsASuccessOrNone) {
  NotableEpisodes notable;
  const TemporaryDirectory directory;
  const std::string best = directory.path() + "/best_1.replay";
  WriteFileAtomically(RealFiles(), best, "of an earlier evaluation");
  EpisodeStats failure, success;
  failure.outcome = Outcome::kTimeout;
  failure.route_completion = 0.99;
  success.outcome = Outcome::kSuccess;
  success.route_completion = 1.0;
  notable.Add(failure, {});
  EXPECT_TRUE(notable.best().empty());
  notable.Write(RealFiles(), directory.path());
  EXPECT_FALSE(RealFiles().Exists(best));
  EXPECT_TRUE(RealFiles().Exists(directory.path() + "/worst_1.replay"));
  notable.Add(success, {});
  notable.Add(failure, {});
  ASSERT_EQ(notable.best().size(), 1u);
  EXPECT_EQ(notable.best()[0].stats.outcome, Outcome::kSuccess);
}

TEST(Replay, FailuresComeFirstThenTheLeastDriven) {
  EpisodeStats success, far, near, close_call;
  success.outcome = close_call.outcome = Outcome::kSuccess;
  success.route_completion = close_call.route_completion = 1.0;
  close_call.min_ttc_s = 0.3;
  far.outcome = near.outcome = Outcome::kCollision;
  far.route_completion = 0.9;
  near.route_completion = 0.1;
  EXPECT_TRUE(IsWorse(near, far));
  EXPECT_TRUE(IsWorse(far, close_call));
  EXPECT_TRUE(IsWorse(close_call, success));
  far.route_completion = 1.0;  // beside the goal, and never near another car
  EXPECT_TRUE(IsWorse(far, close_call));
  EXPECT_FALSE(IsWorse(success, success));
}

// ---- memory ----------------------------------------------------------------------------------

TEST(NetworkPolicy, WithMemoryRemembersWithinAnEpisodeAndForgetsWithTheNext) {
  Config config;
  config.observation.mode = ObservationMode::kVector;
  config.learner.memory = Memory::kLstm;
  config.learner.last_layer_init = 0.5;
  const auto learner = NewLearner(config, 2);
  EnvTraits traits;
  traits.num_worlds = 2;
  traits.reward_parts = {"none"};
  StepBuffers buffers(traits);
  const StepView view = buffers.view();
  std::fill_n(view.vector, 2 * kVectorSize, 0.5f);
  const auto policy = MakeNetworkPolicy(*learner, config, 2, "remembers");
  std::vector<Action> first(2), second(2), third(2);
  const auto step = [&](std::vector<Action>& actions) {
    policy->Act(view, actions);
    const std::vector<float> q = policy->Q(view, actions);
    policy->Observe(view);
    return q;
  };
  for (int w = 0; w < 2; ++w) policy->Begin(w, 1, view);
  const std::vector<float> first_q = step(first), second_q = step(second);
  EXPECT_NE(second[0], first[0]);
  EXPECT_NE(second_q[0], first_q[0]);
  EXPECT_EQ(second[0], second[1]);
  policy->Begin(0, 2, view);  // in the other world the episode goes on
  const std::vector<float> third_q = step(third);
  EXPECT_EQ(third[0], first[0]);
  EXPECT_EQ(third_q[0], first_q[0]);
  EXPECT_NE(third[1], first[1]);
  EXPECT_NE(third[1], second[1]);
}

// ---- the blind control ---------------------------------------------------------------------

TEST(Blind, TheMeanImageDoesNotDependOnTheNumberOfWorlds) {
  const Config config;
  const auto town = LoadTown(config.env, true);
  // With 24 worlds, some drive the first route again while others drive it: it counts once.
  EmbeddedEnv three(town, config, 3), many(town, config, kMeanImageRoutes + 4);
  const std::vector<uint8_t> a = MeanImage(three, config, Scenario::kEmpty, 5);
  const std::vector<uint8_t> b = MeanImage(many, config, Scenario::kEmpty, 5);
  EXPECT_EQ(a, b);
  // The sky is brighter than the road, in the mean too.
  EXPECT_GT(a[5 * kImageSide + 42], a[75 * kImageSide + 42]);
}

TEST(Blind, TheActionNoLongerDependsOnThePicture) {
  const Config config;  // from the camera
  const auto learner = NewLearner(config, 2);
  EnvTraits traits;
  traits.num_worlds = 2;
  traits.has_image = true;
  traits.reward_parts = {"none"};
  StepBuffers buffers(traits);
  const StepView view = buffers.view();
  std::fill_n(view.vector, 2 * kVectorSize, 0.1f);
  std::fill_n(view.frame, kImagePixels, uint8_t{10});  // two worlds, two pictures
  RandomStream random(1, "pictures");
  for (int i = 0; i < kImagePixels; ++i) {
    view.frame[kImagePixels + i] = static_cast<uint8_t>(random.Below(256));
  }
  const std::vector<uint8_t> mean(kImagePixels, 120);
  const auto actions_of = [&](Policy& policy) {
    std::vector<Action> actions(2);
    for (int w = 0; w < 2; ++w) policy.Begin(w, 1, view);
    policy.Observe(view);
    policy.Act(view, actions);
    return actions;
  };
  const auto seeing = actions_of(*MakeNetworkPolicy(*learner, config, 2, "seeing"));
  const auto blind = actions_of(*MakeBlindPolicy(*learner, config, 2, "blind", mean));
  EXPECT_NE(seeing[0], seeing[1]);
  EXPECT_EQ(blind[0], blind[1]);
  // And it is the action that the mean image gives.
  std::fill_n(view.frame, 2 * kImagePixels, uint8_t{120});
  EXPECT_EQ(actions_of(*MakeNetworkPolicy(*learner, config, 2, "seeing"))[0], blind[0]);
}

}  // namespace
}  // namespace volante
