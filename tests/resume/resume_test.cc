// run(k), kill -9, resume(T - k) equals run(T) in every state byte.

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>

#include "base/random.h"
#include "store/checkpoint.h"
#include "store/event_file.h"

namespace volante {
namespace {

constexpr int kSteps = 24;  // T; learning starts after 8

class Resume : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = std::filesystem::temp_directory_path() /
            ("volante_resume_" + std::to_string(::getpid()) + "_" +
             ::testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::remove_all(root_);
    std::filesystem::create_directories(root_);
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  std::string Dir(const std::string& name) const { return (root_ / name).string(); }

  static std::vector<std::string> Sets(const std::string& world, const std::string& mode) {
    std::vector<std::string> sets = {"train.max_timesteps=" + std::to_string(kSteps),
                                     "train.learning_starts=8",
                                     "train.num_worlds=1",
                                     "train.updates_per_env_step=1",
                                     "train.checkpoint_freq=1",
                                     "train.log_freq=1",
                                     "learner.batch_size=4",
                                     "observation.mode=" + mode,
                                     "replay.n_step=2",
                                     "env.max_episode_steps=11"};
    if (world == "tiny") {
      sets.push_back("env.town=tiny");
    } else {
      sets.push_back("env.npc_count=5");
    }
    if (mode == "camera_vector") {
      sets.push_back("learner.feature_width=16");
      sets.push_back("observation.frame_stride=2");
    }
    return sets;
  }

  static pid_t Start(const std::string& dir, bool resume, int64_t kill_at,
                     const std::vector<std::string>& sets) {
    std::vector<std::string> words = {std::string(VOLANTE_BINARY_DIR) + "/trainer_child", dir,
                                      resume ? "resume" : "new", std::to_string(kill_at)};
    words.insert(words.end(), sets.begin(), sets.end());
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    const pid_t pid = ::fork();
    if (pid == 0) {
      ::execv(argv[0], argv.data());
      ::_exit(127);
    }
    return pid;
  }
  static int Wait(pid_t pid) {
    int status = 0;
    ::waitpid(pid, &status, 0);
    return status;
  }
  static void Finish(const std::string& dir, bool resume, const std::vector<std::string>& sets) {
    const int status = Wait(Start(dir, resume, -1, sets));
    ASSERT_TRUE(WIFEXITED(status));
    ASSERT_EQ(WEXITSTATUS(status), 0);
  }
  static void FinishKilled(const std::string& dir, int64_t at,
                           const std::vector<std::string>& sets) {
    const int status = Wait(Start(dir, false, at, sets));
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child should have been killed";
  }

  // Parts of the final checkpoint: names, sizes and hashes of every state byte.
  static std::vector<FileRef> FinalParts(const std::string& dir, int steps = kSteps) {
    const CheckpointReader reader(RealFiles(),
                                  JoinPath(JoinPath(dir, "checkpoints"), StepName(steps)));
    return reader.manifest().parts;
  }

  // Bit-equality of metrics covers (tag, step, value) outside time/ and system/.
  static void ExpectSameEvents(const std::string& a, const std::string& b) {
    const EventData left = ReadScalars(RealFiles(), a), right = ReadScalars(RealFiles(), b);
    const auto outside = [](const std::string& tag) {
      return tag.starts_with("time/") || tag.starts_with("system/");
    };
    for (const auto& [tag, points] : left.scalars) {
      if (outside(tag)) continue;
      const auto found = right.scalars.find(tag);
      ASSERT_NE(found, right.scalars.end()) << tag;
      ASSERT_EQ(points.size(), found->second.size()) << tag;
      for (size_t i = 0; i < points.size(); ++i) {
        EXPECT_EQ(points[i].step, found->second[i].step) << tag;
        EXPECT_EQ(points[i].value, found->second[i].value) << tag << " at " << points[i].step;
      }
    }
    EXPECT_EQ(left.scalars.size(), right.scalars.size());
    EXPECT_GT(left.scalars.size(), 20u);
  }

  void KillThenResumeEquals(const std::string& world, const std::string& mode,
                            const std::vector<std::string>& more = {}) {
    std::vector<std::string> sets = Sets(world, mode);
    sets.insert(sets.end(), more.begin(), more.end());
    const bool imitates =
        std::find(more.begin(), more.end(), "imitation.method=dagger") != more.end();
    if (imitates) std::erase(sets, "replay.n_step=2");  // it has no effect there
    Finish(Dir("whole"), false, sets);
    const std::vector<FileRef> expected = FinalParts(Dir("whole"));
    ASSERT_GE(expected.size(), 5u);
    for (const int k : {1, 7, kSteps - 1}) {
      const std::string dir = Dir("killed_" + std::to_string(k));
      FinishKilled(dir, k, sets);
      Finish(dir, true, sets);
      EXPECT_EQ(FinalParts(dir), expected) << "killed after step " << k;
      ExpectSameEvents(Dir("whole"), dir);
    }
  }

  std::filesystem::path root_;
};

TEST_F(Resume, ScriptedWorldFromTheVector) { KillThenResumeEquals("tiny", "vector"); }
TEST_F(Resume, ScriptedWorldFromTheCamera) { KillThenResumeEquals("tiny", "camera_vector"); }
TEST_F(Resume, TownWithFiveCarsFromTheVector) { KillThenResumeEquals("town", "vector"); }
TEST_F(Resume, TownWithFiveCarsFromTheCamera) { KillThenResumeEquals("town", "camera_vector"); }

// What a resumed run makes again instead of finding it in the checkpoint: the expert's transitions,
// the augmentation's draws, the falling weight of the cloning term.
TEST_F(Resume, TownWithDemonstrationsAndAugmentation) {
  KillThenResumeEquals(
      "town", "camera_vector",
      {"demonstrations.share=0.5", "demonstrations.env_steps=40", "demonstrations.bc_weight=1",
       "demonstrations.bc_decay_updates=14", "augment.enabled=true", "learner.encoder=small"});
}

// The teacher's labels for the states in which the run was stopped, its noise, the mixture's coins.
TEST_F(Resume, TownWithDagger) {
  KillThenResumeEquals("town", "camera_vector",
                       {"imitation.method=dagger", "imitation.beta_decay_steps=12",
                        "learner.wiring=separate", "learner.encoder=small"});
}

// Priorities change long after their transition was written, so they stand in the checkpoint.
TEST_F(Resume, PrioritisedReplayFromTheVector) {
  KillThenResumeEquals("tiny", "vector", {"replay.priority=per", "replay.per_beta_updates=10"});
}
TEST_F(Resume, PrioritisedReplayFromTheCameraWithDemonstrations) {
  KillThenResumeEquals("tiny", "camera_vector",
                       {"replay.priority=lap", "learner.encoder=small", "demonstrations.share=0.5",
                        "demonstrations.env_steps=40"});
}
// What networks remember of the running episodes goes on where it was; sequences are drawn as they
// would have been, the expert's too.
TEST_F(Resume, ScriptedWorldRememberedByAGru) {
  KillThenResumeEquals("tiny", "camera_vector",
                       {"learner.memory=gru", "learner.memory_units=8", "learner.sequence_length=2",
                        "learner.burn_in=1"});
}
TEST_F(Resume, TownRememberedByAnLstmBesideTheExpert) {
  KillThenResumeEquals(
      "town", "vector",
      {"learner.memory=lstm", "learner.memory_units=8", "learner.sequence_length=2",
       "learner.burn_in=1", "demonstrations.share=0.5", "demonstrations.env_steps=40"});
}

// A comparison that can't fail proves nothing: another seed must give other bytes.
TEST_F(Resume, AnotherSeedGivesOtherBytes) {
  std::vector<std::string> sets = Sets("tiny", "vector");
  Finish(Dir("a"), false, sets);
  sets.push_back("train.seed=1");
  Finish(Dir("b"), false, sets);
  EXPECT_NE(FinalParts(Dir("a")), FinalParts(Dir("b")));
}

// Twenty kills at random instants, anywhere in a process's life: start-up, a step, a checkpoint.
TEST_F(Resume, TwentyKillsAtRandomInstants) {
  constexpr int kLong = 12000;
  std::vector<std::string> sets = Sets("tiny", "vector");
  for (std::string& set : sets) {
    if (set.starts_with("train.max_timesteps")) {
      set = "train.max_timesteps=" + std::to_string(kLong);
    }
    if (set.starts_with("train.checkpoint_freq")) set = "train.checkpoint_freq=50";
    if (set.starts_with("train.log_freq")) set = "train.log_freq=10";
  }
  Finish(Dir("whole"), false, sets);
  int runs = 1;  // on a fast machine a run is done before its twentieth kill: then the next begins
  std::string dir = Dir("killed_1");
  const auto expect_equal = [&] {
    EXPECT_EQ(FinalParts(dir, kLong), FinalParts(Dir("whole"), kLong));
    ExpectSameEvents(Dir("whole"), dir);
  };
  RandomStream random(20, "kill instants");
  int kills = 0;
  bool started = false;
  while (kills < 20) {
    const pid_t pid = Start(dir, started, -1, sets);
    std::this_thread::sleep_for(std::chrono::milliseconds(380 + random.Below(250)));
    ::kill(pid, SIGKILL);
    const int status = Wait(pid);
    started = std::filesystem::exists(dir + "/config.yaml");
    if (WIFSIGNALED(status)) {
      ++kills;
      continue;
    }
    ASSERT_EQ(WEXITSTATUS(status), 0);
    expect_equal();
    dir = Dir("killed_" + std::to_string(++runs));
    started = false;
  }
  Finish(dir, started, sets);
  expect_equal();
}

}  // namespace
}  // namespace volante
