// A run that imitates: it learns the teacher, logs what it computes and nothing that it does not,
// and its teacher may be another run.
#include <gtest/gtest.h>

#include <filesystem>

#include "base/error.h"
#include "config/options.h"
#include "env/driver.h"
#include "env/tiny_env.h"
#include "learn/torch_runtime.h"
#include "run/evaluation.h"
#include "run/load_policy.h"
#include "run/run_setup.h"
#include "run/teacher.h"
#include "run/tiny_run.h"
#include "run/trainer.h"
#include "run/watched_env.h"
#include "support/temporary_directory.h"

namespace volante {
namespace {

Config TinyImitation(const std::string& method, std::vector<std::string> sets = {}) {
  sets.push_back("imitation.method=" + method);
  return TinyConfig(std::move(sets));
}

struct ImitationRun : TinyRun {
  explicit ImitationRun(const Config& c, WatchedEnv::Hooks hooks = {})
      : TinyRun(c, std::make_unique<WatchedEnv>(MakeEnvironments(c).train, std::move(hooks))) {}
};

// Enough for the scripted road.
const std::vector<std::string> kSomeLearning = {"train.max_timesteps=6000",
                                                "train.learning_starts=400",
                                                "replay.capacity=20000", "learner.actor_lr=0.003"};

// On the states of an episode that the teacher drives.
double DistanceFrom(Teacher& teacher, Td3Learner& learner) {
  TinyEnv env(1, ObservationMode::kVector);
  std::vector<float> vector(kVectorSize), reward(1), parts(env.traits().reward_parts.size());
  DriveFacts facts;
  const StepView view{nullptr, vector.data(), reward.data(), parts.data(), &facts};
  const ResetRequest request{.world = 0, .seed = 77};
  env.Reset({&request, 1}, view);
  double squares = 0.0;
  int n = 0;
  while (facts.status == Status::kRunning) {
    Action wanted, student;
    teacher.Act({&facts, 1}, {&wanted, 1});
    learner.Act(nullptr, vector.data(), 1, &student.steer);
    squares +=
        std::pow(wanted.steer - student.steer, 2) + std::pow(wanted.throttle - student.throttle, 2);
    ++n;
    env.Step({&wanted, 1}, view);
  }
  return squares / (2 * n);
}

TEST(Imitation, TheStudentComesCloseToItsTeacher) {
  for (const char* method : {"bc", "dagger"}) {
    ImitationRun run(TinyImitation(method, kSomeLearning));
    const auto teacher = MakeTeacher(RealFiles(), run.config);
    const double before = DistanceFrom(*teacher, *NewLearner(run.config, 4));
    run.trainer->Run(run.stop);
    const LoadedPolicy loaded = LoadPolicy(RealFiles(), run.folder.path(), {}, 1);
    EXPECT_LT(DistanceFrom(*teacher, *loaded.learner), 0.1 * before) << method;
    TinyEnv env(4, ObservationMode::kVector);
    const auto policy = MakeNetworkPolicy(*loaded.learner, loaded.config, 4, "student");
    const EvaluationSummary s =
        Summarize(Evaluate(env, *policy, {.num_episodes = 12, .seed = 99, .on_episode = {}}));
    EXPECT_EQ(s.success_rate, 1.0) << method;
    // Its critic was never trained: there is no Q to show.
    std::vector<Action> actions(4);
    EXPECT_TRUE(policy->Q(StepView{}, actions).empty());
  }
}

TEST(Imitation, LogsItsLossAndNoCritic) {
  ImitationRun run(TinyImitation("dagger", {"train.max_timesteps=1200"}));
  const TrainResult result = run.trainer->Run(run.stop);
  EXPECT_EQ(result.updates, 250);
  EXPECT_EQ(result.health, "health: no alarm in 250 updates");
  const EventData events = run.Events();
  for (const char* tag : {"train/bc_loss", "train/beta", "train/action_saturation",
                          "gradients/actor_before", "gradients/actor_after", "progress/phase"}) {
    EXPECT_EQ(events.scalars.count(tag), 1u) << tag;
  }
  for (const auto& [tag, points] : events.scalars) {
    for (const char* part : {"q_", "twin", "td_error", "target", "critic", "train/actor_loss"}) {
      EXPECT_EQ(tag.find(part), std::string::npos) << tag;
    }
  }
  EXPECT_EQ(events.scalars.at("train/beta").front().value > 0.9f, true);
  EXPECT_EQ(events.texts.at("run/teacher").front().text,
            "the expert idm_mobil, on its route's lane");
}

// Most of what is driven comes from the student once beta is 0: other episodes than the teacher's.
TEST(Imitation, DecayAndNoiseChangeWhatIsDriven) {
  const auto driven = [](const std::string& method, std::vector<std::string> sets = {}) {
    std::vector<Action> actions;
    ImitationRun run(TinyImitation(method, std::move(sets)), {.on_step = [&](int, StepView& out) {
                       actions.push_back(out.facts[0].action);
                     }});
    run.trainer->Run(run.stop);
    return actions;
  };
  const std::vector<Action> bc = driven("bc"), dagger = driven("dagger");
  ASSERT_EQ(bc.size(), dagger.size());
  EXPECT_TRUE(std::equal(bc.begin(), bc.begin() + 50, dagger.begin()));  // before learning starts
  // Only whether: the sequences are long.
  EXPECT_FALSE(bc == dagger);
  EXPECT_TRUE(bc == driven("bc"));
  EXPECT_FALSE(bc == driven("bc", {"imitation.noise=0.2"}));
  const std::string fast = "imitation.beta_decay_steps=100";
  EXPECT_FALSE(dagger == driven("dagger", {fast}));
  EXPECT_FALSE(driven("dagger", {fast}) ==
               driven("dagger", {fast, "imitation.beta_decay=exponential"}));
}

TEST(Imitation, ATeacherMayBeAnotherRun) {
  std::vector<std::string> privileged = kSomeLearning;
  privileged.push_back("observation.mode=privileged");  // it sees more than its student
  ImitationRun first(TinyImitation("bc", privileged));
  first.trainer->Run(first.stop);
  std::vector<std::string> sets = kSomeLearning;
  sets.push_back("imitation.teacher=" + first.folder.path());
  sets.push_back("train.seed=5");
  ImitationRun second(TinyImitation("dagger", sets));
  const auto teacher = MakeTeacher(RealFiles(), second.config);
  EXPECT_NE(teacher->description().find("step_6000"), std::string::npos) << teacher->description();
  const std::string checkpoint = second.trainer->Run(second.stop).checkpoint;
  EXPECT_LT(DistanceFrom(*teacher, *LoadPolicy(RealFiles(), checkpoint, {}, 1).learner), 0.01);

  // Resumed with another teacher in its place, it is not the same run.
  EXPECT_EQ(CheckpointReader(RealFiles(), checkpoint).manifest().fingerprint.at("teacher"),
            teacher->identity());
  ImitationRun other(TinyImitation("bc", {"train.seed=9"}));
  const std::string another = other.trainer->Run(other.stop).checkpoint;
  std::filesystem::copy(another, first.folder.checkpoints() + "/step_6001",
                        std::filesystem::copy_options::recursive);
  ImitationRun again(second.config);
  try {
    again.trainer->Restore(CheckpointReader(RealFiles(), checkpoint));
    FAIL() << "it went on";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::kEnvironment);
    EXPECT_NE(error.OneLine().find("teacher"), std::string::npos) << error.OneLine();
  }
}

TEST(Imitation, TeachersThatCannotTeachAreRefused) {
  const auto refused = [](const std::string& teacher) -> std::string {
    try {
      MakeTeacher(RealFiles(), TinyImitation("bc", {"imitation.teacher=" + teacher}));
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::kUsage) << error.OneLine();
      return error.OneLine();
    }
    return "";
  };
  EXPECT_NE(refused("nobody").find("neither idm_mobil nor"), std::string::npos);
  EXPECT_NE(refused("pid_pursuit"), "");
  ImitationRun camera(
      TinyImitation("bc", {"observation.mode=camera_vector", "learner.wiring=separate",
                           "train.max_timesteps=202", "learner.feature_width=16"}));
  camera.trainer->Run(camera.stop);
  EXPECT_NE(refused(camera.folder.path()).find("numbers"), std::string::npos);
  ImitationRun remembering(TinyImitation(
      "bc", {"learner.memory=gru", "learner.memory_units=4", "learner.sequence_length=8",
             "learner.burn_in=2", "train.max_timesteps=240"}));
  remembering.trainer->Run(remembering.stop);
  EXPECT_NE(refused(remembering.folder.path()).find("memory is gru"), std::string::npos);
}

}  // namespace
}  // namespace volante
