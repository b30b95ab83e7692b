// The training loop on the scripted world: it learns, counts, watches itself and keeps its files.
#include "run/trainer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <limits>

#include "base/archive.h"
#include "base/error.h"
#include "config/options.h"
#include "env/make_env.h"
#include "env/tiny_env.h"
#include "learn/torch_runtime.h"
#include "run/evaluation.h"
#include "run/load_policy.h"
#include "run/run_setup.h"
#include "run/tiny_run.h"
#include "run/watched_env.h"

namespace volante {
namespace {

std::vector<ResetRequest> AskedWithContestedShare(const std::string& share) {
  const Config config = TinyConfig(
      {"env.contested_share=" + share, "train.max_timesteps=8000", "train.learning_starts=7900"});
  std::vector<ResetRequest> asked;
  TinyRun run(config,
              std::make_unique<WatchedEnv>(MakeEnvironments(config).train, KeepResets(asked)));
  run.trainer->Run(run.stop);
  return asked;
}

// With the share, those episodes get the suite's cars, and nothing else of any episode changes.
TEST(Trainer, ContestedShareOfTheEpisodesIsContested) {
  const std::vector<ResetRequest> none = AskedWithContestedShare("0");
  const std::vector<ResetRequest> all = AskedWithContestedShare("1");
  const std::vector<ResetRequest> half = AskedWithContestedShare("0.5");
  ASSERT_GT(none.size(), 8u);
  ASSERT_EQ(all.size(), none.size());  // the scripted road has no other cars: the same drives
  ASSERT_EQ(half.size(), none.size());
  size_t contested = 0;
  for (size_t i = 0; i < none.size(); ++i) {
    EXPECT_EQ(none[i].suite, Suite::kStandard);
    EXPECT_EQ(all[i].suite, Suite::kContested);
    EXPECT_EQ(all[i].seed, none[i].seed);
    EXPECT_EQ(all[i].spread_start, none[i].spread_start);
    contested += half[i].suite == Suite::kContested;
  }
  EXPECT_GT(contested, 0u);
  EXPECT_LT(contested, half.size());
}

TEST(Trainer, LearnsTheScriptedRoad) {
  const Config config = TinyConfig(
      {"train.max_timesteps=16000", "train.learning_starts=2000", "train.num_worlds=8",
       "learner.batch_size=128", "learner.head_widths=128,128", "train.checkpoint_freq=0",
       "replay.n_step=3", "learner.tau=0.01", "replay.capacity=20000", "eval.num_episodes=20"});
  TinyRun run(config);
  const TrainResult result = run.trainer->Run(run.stop);
  EXPECT_EQ(result.env_steps, 16000);
  EXPECT_EQ(result.updates, 3500);  // a quarter of an update per env step after the first 2,000
  const LoadedPolicy loaded = LoadPolicy(RealFiles(), run.folder.path(), {}, 8);
  TinyEnv env(8, ObservationMode::kVector);
  const auto policy = MakeNetworkPolicy(*loaded.learner, loaded.config, 8, "trained");
  const EvaluationSummary s =
      Summarize(Evaluate(env, *policy, {.num_episodes = 20, .seed = 99, .on_episode = {}}));
  EXPECT_GE(s.success_rate, 0.8) << "completion " << s.route_completion;
}

TEST(Trainer, NeverLearnsBeforeLearningStarts) {
  TinyRun run(
      TinyConfig({"train.max_timesteps=200", "train.learning_starts=199", "train.num_worlds=1"}));
  EXPECT_EQ(run.trainer->Run(run.stop).updates, 0);
}

TEST(Trainer, StopsAtTheFlagWithACheckpoint) {
  TinyRun run(TinyConfig());
  run.stop = true;
  const TrainResult result = run.trainer->Run(run.stop);
  EXPECT_TRUE(result.stopped);
  EXPECT_EQ(result.env_steps, 0);
  const CheckpointReader checkpoint(RealFiles(), result.checkpoint);
  EXPECT_EQ(checkpoint.manifest().counters.at("env_step"), 0);
}

// The one line with which a run in this environment ends; the alarm must be in its events.
std::string HaltOf(const Config& config, std::unique_ptr<Env> env) {
  TinyRun run(config, std::move(env));
  std::string message;
  try {
    run.trainer->Run(run.stop);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::kHealthHalt);
    message = error.OneLine();
  }
  const EventData events = ReadScalars(RealFiles(), run.folder.path());
  EXPECT_EQ(events.texts.count("health/non_finite"), 1u) << "the alarm is in the events";
  EXPECT_EQ(events.scalars.count("health/non_finite"), 1u) << "and its tag survives its making";
  return message;
}

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

TEST(Trainer, ANonFiniteRewardOrObservationIsNamedWhereItCameOut) {
  const Config config = TinyConfig();
  const auto spoilt = [&](std::function<void(StepView&)> spoil) {
    return HaltOf(config,
                  std::make_unique<WatchedEnv>(
                      std::make_unique<TinyEnv>(config.train.num_worlds, ObservationMode::kVector),
                      WatchedEnv::Hooks{.on_step = [spoil](int step, StepView& out) {
                        if (step == 5) spoil(out);  // long before the first update
                      }}));
  };
  const std::string reward = spoilt([](StepView& out) { out.reward[1] = kNan; });
  EXPECT_NE(reward.find("non-finite reward"), std::string::npos) << reward;
  EXPECT_NE(reward.find("world 1, tick 5"), std::string::npos) << reward;
  const std::string observation =
      spoilt([](StepView& out) { out.vector[kVectorSize + 7] = -1.0f / 0.0f; });
  EXPECT_NE(observation.find("non-finite observation"), std::string::npos) << observation;
  EXPECT_NE(observation.find("world 1, tick 5: number 7 of the vector is -inf"), std::string::npos)
      << observation;
}

TEST(Trainer, ANonFiniteFirstObservationIsNamedToo) {
  class SpoiltStart : public WatchedEnv {
   public:
    using WatchedEnv::WatchedEnv;
    void Reset(std::span<const ResetRequest> requests, StepView out) override {
      WatchedEnv::Reset(requests, out);
      out.vector[static_cast<size_t>(requests[0].world) * kVectorSize] = kNan;
    }
  };
  const Config config = TinyConfig();
  const std::string message = HaltOf(
      config, std::make_unique<SpoiltStart>(
                  std::make_unique<TinyEnv>(config.train.num_worlds, ObservationMode::kVector),
                  WatchedEnv::Hooks{}));
  EXPECT_NE(message.find("non-finite observation"), std::string::npos) << message;
  EXPECT_NE(message.find("world 0, tick 0: number 0"), std::string::npos) << message;
}

// A simulator that failed gives out nothing that counts.
TEST(Trainer, WhatAFailedSimulatorGivesOutIsNotLookedAt) {
  const Config config = TinyConfig({"train.num_worlds=1", "train.max_timesteps=250"});
  TinyRun run(config, std::make_unique<WatchedEnv>(
                          std::make_unique<TinyEnv>(1, ObservationMode::kVector),
                          WatchedEnv::Hooks{.on_step = [](int step, StepView& out) {
                            if (step != 20) return;
                            out.facts[0].status = Status::kInvalid;
                            out.reward[0] = kNan;
                          }}));
  EXPECT_EQ(run.trainer->Run(run.stop).env_steps, 250);
}

TEST(Trainer, AFailedSimulatorIsNeitherStoredNorCounted) {
  const Config config = TinyConfig({"train.num_worlds=1", "train.max_timesteps=300"});
  int invalid = 0;
  TinyRun run(config, std::make_unique<WatchedEnv>(
                          std::make_unique<TinyEnv>(1, ObservationMode::kVector),
                          WatchedEnv::Hooks{.on_step = [&](int step, StepView& out) {
                            if (step % 10 != 0) return;
                            out.facts[0].status = Status::kInvalid;
                            ++invalid;
                          }}));
  EXPECT_EQ(run.trainer->Run(run.stop).env_steps, 300);
  EXPECT_GT(invalid, 20);
}

TEST(Trainer, KeepsTheLastCheckpointsAndTheBest) {
  for (const auto& [keep, expected] : {std::pair{"5", 5u}, std::pair{"7", 7u}}) {
    TinyRun run(TinyConfig({"train.checkpoint_freq=40", "train.eval_freq=200",
                            std::string("train.keep_checkpoints=") + keep}));
    run.trainer->Run(run.stop);
    EXPECT_EQ(ListCheckpoints(RealFiles(), run.folder.checkpoints()).size(), expected);
    EXPECT_EQ(ListCheckpoints(RealFiles(), run.folder.checkpoints(), "best_").size(), 1u);
  }
}

// Nothing is learned, so every validation is the same drive.
TEST(Trainer, OfEqualValidationsTheLatestIsTheBest) {
  TinyRun run(TinyConfig({"train.learning_starts=600", "train.eval_freq=200"}));
  run.trainer->Run(run.stop);
  const auto best = ListCheckpoints(RealFiles(), run.folder.checkpoints(), "best_");
  ASSERT_EQ(best.size(), 1u);
  EXPECT_EQ(best[0].env_step, 600);
}

TEST(Trainer, LogsWhatTheSpecificationNames) {
  TinyRun run(TinyConfig({"train.eval_freq=200", "train.max_timesteps=1600"}));
  run.trainer->Run(run.stop);
  const EventData events = ReadScalars(RealFiles(), run.folder.path());
  for (const char* tag :
       {"train/episode_reward", "train/critic_loss", "train/actor_loss", "train/q_batch",
        "train/q_actor", "train/twin_gap", "train/td_error", "train/action_saturation",
        "gradients/actor_before", "gradients/critic_after", "progress/speed_kmh", "progress/phase",
        "eval/success_rate"}) {
    EXPECT_EQ(events.scalars.count(tag), 1u) << tag;
  }
  EXPECT_EQ(events.texts.count("run/optimizer_audit"), 1u);
}

// Sums over each episode, unscaled; together they are its reward.
TEST(Trainer, LogsEveryRewardPartOfEveryEpisode) {
  TinyRun run(TinyConfig({"train.max_timesteps=2400"}));
  run.trainer->Run(run.stop);
  const EventData events = ReadScalars(RealFiles(), run.folder.path());
  const auto& reward = events.scalars.at("train/episode_reward");
  const auto& progress = events.scalars.at("reward/progress");
  const auto& lateral = events.scalars.at("reward/lateral");
  const auto& end = events.scalars.at("reward/end");
  ASSERT_GT(reward.size(), 8u);
  ASSERT_EQ(progress.size(), reward.size());
  for (size_t i = 0; i < reward.size(); ++i) {
    EXPECT_EQ(progress[i].step, reward[i].step);
    EXPECT_NEAR(progress[i].value + lateral[i].value + end[i].value, reward[i].value, 1e-3);
    EXPECT_LE(lateral[i].value, 0.0);
    EXPECT_TRUE(end[i].value == -20.0 || end[i].value == 10.0 || end[i].value == 0.0);
  }
}

// A clock that moves by a minute each time that the trainer looks whether the time is over.
std::function<double()> CountingMinutes() {
  return [minutes = -1.0]() mutable { return minutes += 1.0; };
}

TEST(Trainer, EndsWhenItsTimeIsOverWithTheCheckpointThatALongerRunPasses) {
  TinyRun limited(TinyConfig({"train.max_minutes=100", "train.eval_freq=500"}), nullptr,
                  CountingMinutes());
  const TrainResult result = limited.trainer->Run(limited.stop);
  EXPECT_TRUE(result.time_over);
  EXPECT_FALSE(result.stopped);
  EXPECT_EQ(result.env_steps, 400);  // a look before each round of 4 worlds; the 101st says 100
  EXPECT_GT(result.updates, 0);
  EXPECT_TRUE(result.validation.has_value());
  TinyRun longer(TinyConfig({"train.checkpoint_freq=400", "train.eval_freq=500"}));
  EXPECT_FALSE(longer.trainer->Run(longer.stop).time_over);
  const CheckpointReader a(RealFiles(), result.checkpoint),
      b(RealFiles(), JoinPath(longer.folder.checkpoints(), StepName(400)));
  for (const char* part :
       {"trainer.cbor", "worlds.cbor", "policy.safetensors", "learner.safetensors"}) {
    EXPECT_EQ(a.Part(part), b.Part(part)) << part;
  }
}

TEST(Trainer, ARunWhoseTimeWasOverGoesOn) {
  TinyRun run(TinyConfig({"train.max_minutes=100"}), nullptr, CountingMinutes());
  const TrainResult first = run.trainer->Run(run.stop);
  TinyRun rest(TinyConfig({"train.max_minutes=0"}), nullptr, CountingMinutes());
  // The replay's segments are the first run's.
  std::filesystem::copy(
      run.folder.replay(), rest.folder.replay(),
      std::filesystem::copy_options::recursive | std::filesystem::copy_options::overwrite_existing);
  rest.trainer->Restore(CheckpointReader(RealFiles(), first.checkpoint));
  const TrainResult second = rest.trainer->Run(rest.stop);
  EXPECT_EQ(second.env_steps, 600);
  EXPECT_FALSE(second.time_over);
}

TEST(Trainer, ValidatesAtItsEndWhenValidationIsOn) {
  const auto validations = [](TinyRun& run) {
    run.trainer->Run(run.stop);
    return ReadScalars(RealFiles(), run.folder.path()).scalars["eval/success_rate"];
  };
  TinyRun limited(TinyConfig({"train.max_minutes=100", "train.eval_freq=300"}), nullptr,
                  CountingMinutes());
  const std::vector<ScalarPoint> points = validations(limited);
  ASSERT_EQ(points.size(), 2u);
  EXPECT_EQ(points[0].step, 300);
  EXPECT_EQ(points[1].step, 400);
  TinyRun even(TinyConfig({"train.eval_freq=300"}));
  EXPECT_EQ(validations(even).size(), 2u) << "the last one is not made twice";
  TinyRun never(TinyConfig({"train.max_minutes=100"}), nullptr, CountingMinutes());
  EXPECT_EQ(validations(never).size(), 0u);
}

TEST(Trainer, SaysWhatEndedIt) {
  TrainResult result{.env_steps = 97312, .updates = 12345, .time_over = true, .minutes = 8.004};
  EXPECT_EQ(EndText(result), "ended after 8.0 minutes, at 97,312 env steps with 12,345 updates");
  result.time_over = false;
  EXPECT_EQ(EndText(result), "ended at 97,312 env steps with 12,345 updates");
  result.stopped = true;
  EXPECT_EQ(EndText(result), "stopped at 97,312 env steps with 12,345 updates");
}

TEST(Trainer, RefusesACheckpointOfAnotherArchitecture) {
  TinyRun run(TinyConfig());
  const TrainResult result = run.trainer->Run(run.stop);
  TinyRun other(TinyConfig({"learner.head_widths=16,16"}));
  try {
    other.trainer->Restore(CheckpointReader(RealFiles(), result.checkpoint));
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::kBadInput);
    EXPECT_NE(error.OneLine().find("tensor actor/head/0/weight has shape [32, 53], not [16, 53]"),
              std::string::npos)
        << error.OneLine();
  }
}

// ---- prioritised replay ------------------------------------------------------------------------

struct Figures {
  EventData events;
  std::vector<uint8_t> policy, priorities;
};

Figures TrainedWith(std::vector<std::string> sets) {
  sets.insert(sets.end(), {"train.log_freq=1", "train.max_timesteps=1200",
                           "train.learning_starts=1000", "train.updates_per_env_step=0.1"});
  TinyRun run(TinyConfig(sets));
  const CheckpointReader checkpoint(RealFiles(), run.trainer->Run(run.stop).checkpoint);
  Figures figures{
      ReadScalars(RealFiles(), run.folder.path()), checkpoint.Part("policy.safetensors"), {}};
  if (checkpoint.Has("priorities.cbor")) figures.priorities = checkpoint.Part("priorities.cbor");
  return figures;
}

// Every key changes what is learned and nothing of what was driven before.
TEST(PrioritisedTraining, EachKeyChangesWhatIsLearnedAndNothingBefore) {
  const std::string per = "replay.priority=per", lap = "replay.priority=lap";
  const Figures uniform = TrainedWith({});
  const std::vector<Figures> others = {TrainedWith({per}),
                                       TrainedWith({per, "replay.priority_alpha=0.9"}),
                                       TrainedWith({per, "replay.per_beta_start=0.9"}),
                                       TrainedWith({per, "replay.per_beta_updates=5"}),
                                       TrainedWith({per, "replay.per_epsilon=0.5"}),
                                       TrainedWith({lap}),
                                       TrainedWith({lap, "replay.priority_alpha=0.9"})};
  std::vector<std::vector<uint8_t>> policies = {uniform.policy};
  for (const Figures& figures : others) {
    for (const std::vector<uint8_t>& policy : policies) EXPECT_FALSE(figures.policy == policy);
    policies.push_back(figures.policy);
    const auto& ours = figures.events.scalars.at("train/episode_reward");
    const auto& theirs = uniform.events.scalars.at("train/episode_reward");
    int compared = 0;
    for (size_t i = 0; i < ours.size() && ours[i].step <= 1000; ++i) {
      ASSERT_LT(i, theirs.size());
      EXPECT_EQ(ours[i].value, theirs[i].value);
      ++compared;
    }
    EXPECT_GT(compared, 0);
  }
  // The published exponents, written out, are the same run.
  EXPECT_TRUE(TrainedWith({per, "replay.priority_alpha=0.6"}).policy == others[0].policy);
  EXPECT_TRUE(TrainedWith({lap, "replay.priority_alpha=0.4"}).policy == others[5].policy);
}

TEST(PrioritisedTraining, ErrorsComeBackAndAreLogged) {
  const Figures uniform = TrainedWith({}), per = TrainedWith({"replay.priority=per"});
  EXPECT_EQ(uniform.events.scalars.count("replay/ess"), 0u);
  EXPECT_TRUE(uniform.priorities.empty());
  const auto& ess = per.events.scalars.at("replay/ess");
  EXPECT_LT(ess.front().value, 1.0f);  // the first update's errors are back
  EXPECT_GT(ess.back().value, 0.0f);
  EXPECT_GE(per.events.scalars.at("replay/priority_max").front().value, 1.0f);
}

// The expert's rows are weighted 1 and their errors do not reach the agent's transitions.
TEST(PrioritisedTraining, DemonstrationsStayUniform) {
  const Figures figures = TrainedWith(
      {"replay.priority=per", "demonstrations.share=0.5", "demonstrations.env_steps=300"});
  SavedPriorities saved;
  LoadState(figures.priorities, saved, "priorities.cbor");
  const double rows = 0.5 * TinyConfig().learner.batch_size;
  // Of what was there before the first update; later ones begin with the largest priority.
  const auto changed = std::count_if(saved.values.begin(), saved.values.begin() + 900,
                                     [&](float value) { return value != 1.0f; });
  EXPECT_GT(changed, 0);
  EXPECT_LE(static_cast<double>(changed), 20.0 * rows);  // 20 updates
}

// Whole sequences of the agent and of the expert, of which 2 of 4 are asked for.
TEST(Trainer, WithMemoryDrivesLearnsAndKeepsWhatItRemembers) {
  for (const char* mode : {"vector", "camera_vector"}) {
    const Config config = TinyConfig(
        {std::string("observation.mode=") + mode, "learner.memory=gru", "learner.memory_units=6",
         "learner.sequence_length=8", "demonstrations.share=0.5", "demonstrations.env_steps=200",
         "demonstrations.bc_weight=1", "train.max_timesteps=260", "train.eval_freq=260"});
    TinyRun run(config);
    const TrainResult result = run.trainer->Run(run.stop);
    EXPECT_EQ(result.updates, 15);
    const CheckpointReader checkpoint(RealFiles(), result.checkpoint);
    EXPECT_NE(checkpoint.manifest().architecture.find("memory gru 6"), std::string::npos);
    ActingMemory memory;
    LoadState(checkpoint.Part("memory.cbor"), memory, "test");
    EXPECT_EQ(memory.size, 6);
    ASSERT_EQ(memory.actor.size(), 24u);  // of 4 worlds, which are in the middle of their roads
    EXPECT_TRUE(std::all_of(memory.actor.begin(), memory.actor.end(),
                            [](float value) { return value != 0.0f; }));
    const EventData events = ReadScalars(RealFiles(), run.folder.path());
    EXPECT_EQ(events.scalars.count("eval/success_rate"), 1u);
  }
  // Without memory a checkpoint has no such part.
  TinyRun plain(TinyConfig({"train.max_timesteps=204"}));
  const CheckpointReader checkpoint(RealFiles(), plain.trainer->Run(plain.stop).checkpoint);
  for (const FileRef& part : checkpoint.manifest().parts) EXPECT_NE(part.name, "memory.cbor");
}

TEST(LoadPolicy, RefusesSettingsThatChangeTheNetwork) {
  TinyRun run(TinyConfig());
  run.trainer->Run(run.stop);
  EXPECT_THROW(LoadPolicy(RealFiles(), run.folder.path(), {"learner.head_widths=16,16"}, 1), Error);
  EXPECT_NO_THROW(LoadPolicy(RealFiles(), run.folder.path(), {"env.scenario=0"}, 1));
}

TEST(Fingerprint, NamesWhatDiffers) {
  const std::map<std::string, std::string> saved = {{"threads", "2"}, {"torch", "1.13.1"}};
  EXPECT_NO_THROW(CheckFingerprint(saved, saved, false));
  const std::map<std::string, std::string> now = {{"threads", "4"}, {"torch", "1.13.1"}};
  try {
    CheckFingerprint(saved, now, false);
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_NE(error.OneLine().find("threads: it was 2, now it is 4"), std::string::npos);
  }
  EXPECT_NO_THROW(CheckFingerprint(saved, now, true));
}

TEST(CheckMachine, RefusesAReplayBeyondHalfOfTheMemory) {
  Config config = TinyConfig();
  config.replay.max_gb = 9000.0;
  EXPECT_THROW(CheckMachine(config, true), Error);
}

}  // namespace
}  // namespace volante
