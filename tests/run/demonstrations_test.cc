// The expert's transitions: that they are the expert's, follow from the seed, reach the batch, and
// change nothing of what the agent does before it learns.
#include "run/demonstrations.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "config/options.h"
#include "env/make_env.h"
#include "env/tiny_env.h"
#include "learn/torch_runtime.h"
#include "run/run_setup.h"
#include "run/trainer.h"
#include "run/watched_env.h"
#include "support/temporary_directory.h"

namespace volante {
namespace {

Config SmokeConfig(std::vector<std::string> sets) {
  return LoadConfig(RealFiles(), {.preset = "smoke", .file = "", .sets = std::move(sets)});
}

Demonstrations Collect(const Config& config, Env& env) {
  const std::atomic<bool> stop{false};
  return CollectDemonstrations(env, config,
                               {.num_worlds = config.train.num_worlds, .has_image = false}, stop,
                               [](int64_t) {});
}

TEST(Demonstrations, AreOfAnExpertThatArrivesAndOfTheConfiguredLength) {
  const Config config =
      SmokeConfig({"demonstrations.share=0.5", "demonstrations.env_steps=4001",
                   "demonstrations.noise=0.05", "env.npc_count=0", "replay.capacity=100"});
  const auto env = MakeEnvironments(config).train;
  const Demonstrations done = Collect(config, *env);
  EXPECT_EQ(done.env_steps, 4004);  // whole rounds of 4 worlds
  EXPECT_EQ(done.replay->total_added(), 4004);
  EXPECT_GE(done.replay->size(), 4000);  // whatever the agent's own capacity
  EXPECT_GT(done.episodes, 4);
  EXPECT_EQ(done.successes, done.episodes);
  EXPECT_LE(done.replay->bytes(), DemonstrationBytes(config));
}

// The critic needs what was executed, the cloning term what the expert wanted.
TEST(Demonstrations, LabelsAreTheExpertsActionsWithoutTheNoise) {
  const auto sampled = [](const std::string& noise) {
    const Config config =
        SmokeConfig({"env.town=tiny", "demonstrations.share=0.5", "demonstrations.env_steps=400",
                     "demonstrations.noise=" + noise});
    TinyEnv env(config.train.num_worlds, ObservationMode::kVector);
    const Demonstrations done = Collect(config, env);
    Batch batch;
    batch.Resize(64, false);
    RandomStream random(3, "test");
    done.SampleRows(random, 32, 32, batch);
    EXPECT_EQ(batch.demonstrations, 32);
    return batch;
  };
  const auto distance = [](const Batch& batch) {
    double sum = 0.0;
    for (size_t i = 0; i < batch.label.size(); ++i) {
      sum += std::pow(batch.label[i] - batch.action[64 + i], 2);
    }
    return std::sqrt(sum / static_cast<double>(batch.label.size()));
  };
  const Batch clean = sampled("0"), noisy = sampled("0.1");
  ASSERT_EQ(clean.label.size(), 64u);
  EXPECT_EQ(distance(clean), 0.0);
  EXPECT_NEAR(distance(noisy), 0.1, 0.05);  // the noise's deviation
}

TEST(Demonstrations, FollowFromTheSeedAlone) {
  const auto hash = [](std::vector<std::string> sets) {
    sets.insert(sets.end(),
                {"env.town=tiny", "demonstrations.share=0.5", "demonstrations.env_steps=300"});
    const Config config = SmokeConfig(sets);
    TinyEnv env(config.train.num_worlds, ObservationMode::kVector);
    return Collect(config, env).replay->LogicalHash();
  };
  EXPECT_EQ(hash({}), hash({}));
  EXPECT_NE(hash({}), hash({"train.seed=1"}));
  EXPECT_NE(hash({}), hash({"demonstrations.noise=0.2"}));
}

// The expert meets what the agent will meet: contested episodes by the same share.
TEST(Demonstrations, AreDrivenInContestedTrafficToo) {
  const auto resets = [](const std::string& share) {
    const Config config =
        SmokeConfig({"env.town=tiny", "env.contested_share=" + share, "demonstrations.share=0.5",
                     "demonstrations.env_steps=8000"});
    std::vector<ResetRequest> asked;
    WatchedEnv env(std::make_unique<TinyEnv>(config.train.num_worlds, ObservationMode::kVector),
                   KeepResets(asked));
    Collect(config, env);
    return asked;
  };
  const std::vector<ResetRequest> none = resets("0"), half = resets("0.5");
  ASSERT_GT(none.size(), 15u);
  ASSERT_EQ(half.size(), none.size());
  size_t contested = 0;
  for (size_t i = 0; i < none.size(); ++i) {
    EXPECT_EQ(none[i].suite, Suite::kStandard);
    EXPECT_EQ(half[i].seed, none[i].seed);
    contested += half[i].suite == Suite::kContested;
  }
  EXPECT_GT(contested, half.size() / 4);
  EXPECT_LT(contested, half.size() * 3 / 4);
}

TEST(Demonstrations, RowsAreTheShareOfTheBatch) {
  Config config;
  config.learner.batch_size = 128;
  EXPECT_EQ(DemonstrationRows(config), 0);
  EXPECT_EQ(DemonstrationBytes(config), 0u);
  config.demonstrations.share = 0.25;
  EXPECT_EQ(DemonstrationRows(config), 32);
  EXPECT_GT(DemonstrationBytes(config), 20000u * kImagePixels);
}

// ---- in a run ----------------------------------------------------------------------------------

struct DemonstrationRun {
  TemporaryDirectory directory;
  Config config;
  RunFolder folder;
  std::unique_ptr<Trainer> trainer;
  std::atomic<bool> stop{false};

  explicit DemonstrationRun(std::vector<std::string> sets)
      : config(WithTinyTown(std::move(sets))),
        folder(RunFolder::Create(RealFiles(), directory / "run", ToYaml(config), {})) {
    SetLearnerThreads(1);
    StartProcess(std::make_unique<TinyEnv>(config.train.num_worlds, ObservationMode::kVector));
  }
  // A new trainer in the same folder.
  void StartProcess(std::unique_ptr<Env> env) {
    trainer = std::make_unique<Trainer>(config, Trainer::Parts{.env = std::move(env),
                                                               .validation_env = nullptr,
                                                               .folder = &folder,
                                                               .files = &RealFiles(),
                                                               .progress = nullptr,
                                                               .build = "test",
                                                               .fingerprint = {},
                                                               .on_checkpoint = {}});
  }
  static Config WithTinyTown(std::vector<std::string> sets) {
    sets.push_back("env.town=tiny");
    return SmokeConfig(std::move(sets));
  }
  EventData Events() const { return ReadScalars(RealFiles(), folder.path()); }
};

const std::vector<std::string> kQuarter = {"demonstrations.share=0.25",
                                           "demonstrations.env_steps=300"};

TEST(Demonstrations, AreReportedApartAndNotCountedInTheBudget) {
  const std::vector<std::string> some_episodes = {"train.num_worlds=1", "train.max_timesteps=1000",
                                                  "train.learning_starts=600"};
  std::vector<std::string> sets = kQuarter;
  sets.insert(sets.end(), some_episodes.begin(), some_episodes.end());
  DemonstrationRun with(sets), without(some_episodes);
  const TrainResult a = with.trainer->Run(with.stop), b = without.trainer->Run(without.stop);
  EXPECT_EQ(a.env_steps, 1000);
  EXPECT_EQ(a.updates, b.updates);
  const EventData events = with.Events(), plain = without.Events();
  ASSERT_EQ(events.scalars.count("train/demonstration_steps"), 1u);
  EXPECT_EQ(events.scalars.at("train/demonstration_steps").front().value, 300.0f);
  EXPECT_EQ(events.scalars.at("train/demonstration_steps").front().step, 0);
  EXPECT_EQ(events.scalars.at("progress/phase").front().value,
            static_cast<float>(Phase::kDemonstrating));
  EXPECT_EQ(plain.scalars.count("train/demonstration_steps"), 0u);

  // Before learning the agent drives what it would have driven; from the first update on it
  // differs.
  const auto& ours = events.scalars.at("train/episode_reward");
  const auto& theirs = plain.scalars.at("train/episode_reward");
  int compared = 0;
  for (size_t i = 0; i < ours.size() && ours[i].step <= with.config.train.learning_starts; ++i) {
    ASSERT_LT(i, theirs.size());
    EXPECT_EQ(ours[i].step, theirs[i].step);
    EXPECT_EQ(ours[i].value, theirs[i].value);
    ++compared;
  }
  EXPECT_GT(compared, 0);
  EXPECT_NE(events.scalars.at("train/critic_loss").front().value,
            plain.scalars.at("train/critic_loss").front().value);
}

TEST(Demonstrations, StopWhileTheyAreDrivenLeavesARunThatBeginsAgain) {
  DemonstrationRun run(kQuarter);
  run.stop = true;
  const TrainResult result = run.trainer->Run(run.stop);
  EXPECT_TRUE(result.stopped);
  EXPECT_EQ(result.checkpoint, "");
}

// A simulator that differs a little from the one that made the run.
class OtherEnv : public TinyEnv {
 public:
  using TinyEnv::TinyEnv;
  void Step(std::span<const Action> actions, StepView out) override {
    TinyEnv::Step(actions, out);
    out.vector[0] += 1e-6f;
  }
};

TEST(Demonstrations, ThatComeOutOtherwiseAreRefusedOnResuming) {
  DemonstrationRun run(kQuarter);
  const std::string checkpoint = run.trainer->Run(run.stop).checkpoint;
  const auto resume = [&](std::unique_ptr<Env> env, bool allow_inexact) {
    run.StartProcess(std::move(env));
    run.trainer->Restore(CheckpointReader(RealFiles(), checkpoint), allow_inexact);
    return run.trainer->Run(run.stop).env_steps;
  };
  EXPECT_EQ(resume(std::make_unique<TinyEnv>(4, ObservationMode::kVector), false), 600);
  try {
    resume(std::make_unique<OtherEnv>(4, ObservationMode::kVector), false);
    FAIL() << "it went on";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::kEnvironment);
    EXPECT_NE(error.OneLine().find("demonstrations"), std::string::npos) << error.OneLine();
  }
  EXPECT_EQ(resume(std::make_unique<OtherEnv>(4, ObservationMode::kVector), true), 600);
}

}  // namespace
}  // namespace volante
