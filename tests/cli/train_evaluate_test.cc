// train, evaluate and drive as a user meets them: a whole small run, and every kind of bad input
// with its one line and its documented exit code.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/files.h"
#include "cli/run_program.h"
#include "store/event_file.h"

namespace volante {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class Commands : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!LearnerIsBuilt()) GTEST_SKIP() << "volante-learn is not in this build";
  }
  Ran Volante(std::vector<std::string> arguments,
              std::map<std::string, std::string> environment = {}) {
    arguments.insert(arguments.begin(), VolantePath());
    return Execute(arguments,
                   {.directory = scratch_.path(), .environment = std::move(environment)});
  }
  // A run of some seconds on the scripted road.
  Ran Train(const std::string& run, std::vector<std::string> more = {}) {
    std::vector<std::string> words = {"train",         "--preset",  "smoke", "--set",
                                      "env.town=tiny", "--run-dir", run,     "--quiet"};
    words.insert(words.end(), more.begin(), more.end());
    return Volante(words);
  }
  std::string Path(const std::string& name) const { return scratch_.path() + "/" + name; }

  static void ExpectRefused(const Ran& ran, int exit_code, const std::string& says) {
    EXPECT_EQ(ran.exit_code, exit_code) << ran.err;
    EXPECT_THAT(ran.err, HasSubstr("error: "));
    EXPECT_THAT(ran.err, HasSubstr("next: "));
    EXPECT_THAT(ran.err, HasSubstr(says));
    // The error is the last line, and one line.
    const size_t at = ran.err.find("error: ");
    if (at != std::string::npos) {
      EXPECT_EQ(ran.err.find('\n', at), ran.err.size() - 1) << ran.err;
    }
  }

  ScratchDirectory scratch_;
};

TEST_F(Commands, TrainThenEvaluateThenLookAtTheRun) {
  const Ran train = Train("run");
  EXPECT_EQ(train.exit_code, 0) << train.err;
  EXPECT_THAT(train.out, HasSubstr("ended at 600 env steps with 100 updates"));
  EXPECT_THAT(train.out, HasSubstr("health:"));
  for (const char* name :
       {"config.yaml", "manifest.json", "log.txt", "run.lock", "checkpoints/step_600/manifest.json",
        "checkpoints/step_600/policy.safetensors"}) {
    EXPECT_TRUE(std::filesystem::exists(Path(std::string("run/") + name))) << name;
  }
  const Ran evaluate = Volante({"evaluate", "--checkpoint", "run", "--num-episodes", "4",
                                "--output-dir", "out", "--json", "-"});
  EXPECT_EQ(evaluate.exit_code, 0) << evaluate.err;
  EXPECT_THAT(evaluate.out, HasSubstr("\"success_rate\""));
  EXPECT_TRUE(std::filesystem::exists(Path("out/evaluation.json")));
  EXPECT_TRUE(std::filesystem::exists(Path("out/episodes.csv")));
}

TEST_F(Commands, ACarThatRemembersIsTrainedEvaluatedAndDrives) {
  for (const std::string mode : {"vector", "camera_vector"}) {
    const Ran train = Train(mode, {"--set", "learner.memory=gru", "--set",
                                   "train.max_timesteps=260", "--set", "observation.mode=" + mode});
    ASSERT_EQ(train.exit_code, 0) << train.err;
    const Ran evaluate = Volante({"evaluate", "--checkpoint", mode, "--num-episodes", "2"});
    EXPECT_EQ(evaluate.exit_code, 0) << evaluate.err;
  }
  const Ran drive =
      Volante({"drive", "--checkpoint", "camera_vector", "--set", "env.town=volante_town", "--set",
               "env.max_episode_steps=20", "--output", "drive.mp4"},
              {{"DISPLAY", ""}, {"WAYLAND_DISPLAY", ""}});
  EXPECT_EQ(drive.exit_code, 0) << drive.err;
}

TEST_F(Commands, CurveDrawsWhatARunHasLearnt) {
  ASSERT_EQ(Train("run", {"--eval-freq", "700", "--max-timesteps", "1400"}).exit_code, 0);
  const Ran curve = Volante({"curve", "run", "--output", "curve.svg"});
  EXPECT_EQ(curve.exit_code, 0) << curve.err;
  const std::string svg = ReadText(RealFiles(), Path("curve.svg"));
  for (const char* text : {"Learning curve of run", "training: route completion",
                           "validation: success", "env steps (0.05 s of driving each)"}) {
    EXPECT_THAT(svg, HasSubstr(text));
  }
  std::filesystem::create_directory(Path("empty"));
  ExpectRefused(Volante({"curve", "empty", "--output", "x.svg"}), 3, "train/route_completion");
  ExpectRefused(Volante({"curve", "nowhere", "--output", "x.svg"}), 3, "nowhere");
  ExpectRefused(Volante({"curve", "run", "--output", "x.png"}), 2, "rsvg-convert");
  ExpectRefused(Volante({"curve", "run", "--output", "x"}), 2, "rsvg-convert");
  ExpectRefused(Volante({"curve", "run", "--output", "nowhere/x.svg"}), 3, "no folder nowhere");
  ExpectRefused(Volante({"curve", "run", "--log", "--output", "x.svg"}), 2, "--tag");
  ExpectRefused(Volante({"curve", "run", "--tag", "train/critic_los", "--output", "x.svg"}), 3,
                "did you mean train/critic_loss?");
}

TEST_F(Commands, ATrainingEndsWithItsMinutesAndSaysSo) {
  const Ran train = Train("run", {"--max-timesteps", "100000000", "--max-minutes", "0.02"});
  EXPECT_EQ(train.exit_code, 0) << train.err;
  EXPECT_THAT(train.out, HasSubstr("ended after 0.0 minutes, at "));
  EXPECT_THAT(ReadText(RealFiles(), Path("run/manifest.json")),
              HasSubstr("\"outcome\": \"ended after 0.0 min"));
}

TEST_F(Commands, ScriptedDriversAreEvaluatedWithoutACheckpoint) {
  const Ran ran = Volante({"evaluate", "--policy", "idm_mobil", "--num-episodes", "3"});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_THAT(ran.out, StartsWith("volante_town, scenario empty\n"));
  EXPECT_THAT(ran.out, HasSubstr("\nidm_mobil "));
  const Ran random = Volante({"evaluate", "--policy", "idm_mobil", "--num-episodes", "1", "--suite",
                              "new_town", "--json", "-"});
  EXPECT_THAT(random.out, HasSubstr("\"town\": \"random_1000000 to random_1000009\""));
}

// Short drives of nobody else: what is driven again is the same drive, unless the driver throws
// dice.
TEST_F(Commands, RoutesThatAreDrivenAgainAreNoted) {
  const auto evaluate = [&](const std::string& policy, const std::string& episodes) {
    return Volante({"evaluate", "--policy", policy, "--num-episodes", episodes, "--scenario",
                    "empty", "--set", "env.max_episode_steps=20"});
  };
  const std::string again = "note: volante_town has 200 test routes: 3 of 203 episodes drive one",
                    same = "note: 3 episodes were the same drive";
  const Ran ran = evaluate("straight", "203");
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_THAT(ran.err, HasSubstr(again));
  EXPECT_THAT(ran.err, HasSubstr(same));
  const Ran random = evaluate("random", "203");
  EXPECT_THAT(random.err, HasSubstr(again));
  EXPECT_THAT(random.err, ::testing::Not(HasSubstr("the same drive")));
  EXPECT_THAT(evaluate("straight", "200").err, ::testing::Not(HasSubstr("note:")));
}

TEST_F(Commands, SeveralSeedsAreARowEachAndTheirMeanWithTheWorst) {
  ASSERT_EQ(Train("a", {"--set", "train.eval_freq=300"}).exit_code, 0);
  ASSERT_EQ(Train("b", {"--set", "train.eval_freq=300", "--seed", "1"}).exit_code, 0);
  const Ran ran = Volante({"evaluate", "--checkpoint", "a", "--checkpoint", "b/", "--which", "both",
                           "--num-episodes", "4", "--details", "--json", "e.json"});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_THAT(ran.out, StartsWith("tiny, scenario empty\n"));
  for (const char* row : {"seed 0, final 600", "seed 1, final 600", "seed 0, best ",
                          "seed 1, best ", "mean of 2 seeds final, worst ",
                          "mean of 2 seeds best, worst ", "driving_score_lb21_percent"}) {
    EXPECT_THAT(ran.out, HasSubstr(row));
  }
  EXPECT_TRUE(std::filesystem::exists(Path("e.json")));
  ExpectRefused(Volante({"evaluate", "--checkpoint", "a", "--blind"}), 2, "without a picture");
  ExpectRefused(Volante({"evaluate", "--checkpoint", "a/checkpoints/step_600", "--which", "best"}),
                2, "run folders");
  ASSERT_EQ(Train("c").exit_code, 0);
  ExpectRefused(Volante({"evaluate", "--checkpoint", "c", "--which", "best"}), 3, "validation");
}

TEST_F(Commands, APrivilegedAgentTrainsAndIsEvaluated) {
  ASSERT_EQ(Train("run", {"--set", "observation.mode=privileged"}).exit_code, 0);
  const Ran ran = Volante({"evaluate", "--checkpoint", "run", "--num-episodes", "2"});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("trained, step 600"));
  // The network reads 101 numbers: that of another mode does not fit.
  ExpectRefused(Volante({"evaluate", "--checkpoint", "run", "--set", "observation.mode=vector"}), 3,
                "[32, 101], not [32, 53]");
  ExpectRefused(Volante({"evaluate", "--checkpoint", "run", "--blind"}), 2, "is privileged");
}

TEST_F(Commands, TheFieldThatPushesIsNamedBesideWhoDrives) {
  const std::vector<std::string> words = {"evaluate", "--policy", "straight", "--num-episodes",
                                          "1"};
  std::vector<std::string> pushed = words;
  pushed.insert(pushed.end(), {"--set", "shaping.action_gain=0.3"});
  const Ran ran = Volante(pushed), alone = Volante(words);
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("0.3 x by the field"));
  EXPECT_THAT(alone.out, ::testing::Not(HasSubstr("by the field")));
}

TEST_F(Commands, TheBlindControlDrivesAndSaysSo) {
  ASSERT_EQ(Train("run", {"--set", "observation.mode=camera_vector", "--max-timesteps", "220",
                          "--set", "train.learning_starts=200"})
                .exit_code,
            0);
  const Ran ran = Volante({"evaluate", "--checkpoint", "run", "--num-episodes", "2", "--blind"});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("blind (mean image)"));
  EXPECT_THAT(ran.err, HasSubstr("20 validation routes"));
}

TEST_F(Commands, TheWorstDriveIsShownAgain) {
  const Ran evaluate = Volante({"evaluate", "--policy", "straight", "--set",
                                "env.max_episode_steps=20", "--num-episodes", "2", "-o", "out"});
  ASSERT_EQ(evaluate.exit_code, 0) << evaluate.err;
  EXPECT_TRUE(std::filesystem::exists(Path("out/worst_2.replay")));
  EXPECT_FALSE(std::filesystem::exists(Path("out/worst_3.replay")));
  EXPECT_FALSE(std::filesystem::exists(Path("out/best_1.replay"))) << "no drive got there";
  const std::map<std::string, std::string> no_display = {{"DISPLAY", ""}, {"WAYLAND_DISPLAY", ""}};
  const Ran drive =
      Volante({"drive", "--replay", "out/worst_1.replay", "--output", "again.mp4"}, no_display);
  EXPECT_EQ(drive.exit_code, 0) << drive.err;
  EXPECT_THAT(drive.err, HasSubstr("bit for bit"));
  EXPECT_GT(std::filesystem::file_size(Path("again.mp4")), 10000u);
  // Another limit is another drive: said, and told by the exit code.
  const Ran other = Volante({"drive", "--replay", "out/worst_1.replay", "--output", "other.mp4",
                             "--set", "env.max_episode_steps=10"},
                            no_display);
  EXPECT_EQ(other.exit_code, 1) << other.err;
  EXPECT_THAT(other.err, HasSubstr("NOT the recorded drive"));
  ExpectRefused(Volante({"drive", "--replay", "out/episodes.csv"}), 3, "not a replay file");
}

TEST_F(Commands, DriveWritesAVideoWithoutADisplay) {
  const Ran ran = Volante({"drive", "--policy", "straight", "--set", "env.max_episode_steps=20",
                           "--output", "drive.mp4", "--frame", "frame.png", "--frame-tick", "5"},
                          {{"DISPLAY", ""}, {"WAYLAND_DISPLAY", ""}});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_GT(std::filesystem::file_size(Path("drive.mp4")), 10000u);
  EXPECT_GT(std::filesystem::file_size(Path("frame.png")), 10000u);
}

TEST_F(Commands, AnInterruptedDriveLeavesTheVideoSoFar) {
  // Interrupted when the video has begun, hours before the routes end.
  const std::string script =
      "\"$0\" drive --policy straight --episodes 1000 -o d.mp4 & "
      "while ! ls d.mp4.part-* > /dev/null 2>&1; do sleep 0.05; done; "
      "kill -INT $!; wait $!";
  const Ran ran = Execute(
      {"bash", "-c", script, VolantePath()},
      {.directory = scratch_.path(), .environment = {{"DISPLAY", ""}, {"WAYLAND_DISPLAY", ""}}});
  EXPECT_EQ(ran.exit_code, 130) << ran.err;
  EXPECT_THAT(ran.err, HasSubstr("interrupted: the drive so far is in d.mp4\n"));
  EXPECT_EQ(ran.out, "d.mp4\n");
  EXPECT_EQ(Execute({"ls", scratch_.path()}).out, "d.mp4\n");
  EXPECT_GT(std::filesystem::file_size(Path("d.mp4")), 1000u);
}

TEST_F(Commands, ATerminatedRunExitsWith85AndResumesToItsEnd) {
  std::vector<std::string> words = {VolantePath(), "train",         "--preset",        "smoke",
                                    "--set",       "env.town=tiny", "--max-timesteps", "100000",
                                    "--run-dir",   Path("run"),     "--quiet"};
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  // Until it has begun to train, that is, has written its first checkpoint.
  for (int i = 0; i < 200 && !std::filesystem::exists(Path("run/checkpoints/step_200")); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  ::kill(pid, SIGTERM);
  int status = 0;
  ::waitpid(pid, &status, 0);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 85);
  const Ran resumed = Volante({"train", "--resume", "run", "--max-timesteps", "3000", "--quiet"});
  // The run may have been beyond 3,000 steps already; then there is nothing left to do.
  EXPECT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_THAT(resumed.out, HasSubstr("ended at"));
}

// ---- from an older run ---------------------------------------------------------------------

TEST_F(Commands, ARunFromAnOlderOnesNetworksRecordsItsParent) {
  ASSERT_EQ(Train("old").exit_code, 0);
  const Ran ran = Volante(
      {"train", "--from", "old", "--set", "learner.tau=0.02", "--run-dir", "new", "--quiet"});
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_THAT(ran.err, HasSubstr("learner.tau"));
  EXPECT_THAT(ran.err, HasSubstr("old/checkpoints/step_600"));
  EXPECT_THAT(ran.out, HasSubstr("ended at 600 env steps with 100 updates"));
  const std::string facts = ReadText(RealFiles(), Path("new/manifest.json"));
  EXPECT_THAT(facts, HasSubstr(Path("old/checkpoints/step_600")));
  EXPECT_THAT(facts, HasSubstr("\"parent_hash\""));
  EXPECT_THAT(facts, HasSubstr("\"parent_replay\": \"drop\""));
  const std::string log = ReadText(RealFiles(), Path("new/log.txt"));
  EXPECT_THAT(log, HasSubstr("old/checkpoints/step_600"));
  EXPECT_THAT(log, HasSubstr("replay dropped"));
  // The configuration is the parent's with the sets over it.
  const std::string config = ReadText(RealFiles(), Path("new/config.yaml"));
  EXPECT_THAT(config, HasSubstr("\n  tau: 0.02\n"));
  EXPECT_THAT(config, HasSubstr("\n  town: tiny\n"));
  EXPECT_THAT(config, HasSubstr("\n  head_widths: [32, 32]\n"));
}

TEST_F(Commands, AParentThatDoesNotFitIsRefusedByLayerAndShape) {
  ASSERT_EQ(Train("old").exit_code, 0);
  ExpectRefused(
      Volante({"train", "--from", "old", "--set", "learner.head_widths=16,16", "--run-dir", "new"}),
      3, "actor/head/0/weight has shape [32, 53], not [16, 53]");
  EXPECT_FALSE(std::filesystem::exists(Path("new"))) << "nothing was begun";
  ExpectRefused(Volante({"train", "--from", "nowhere", "--run-dir", "new"}), 3, "nowhere");
  ExpectRefused(Volante({"train", "--from", "old", "--preset", "td3", "--run-dir", "new"}), 2,
                "smoke");
  ExpectRefused(Volante({"train", "--from-replay", "keep", "--run-dir", "new"}), 2, "--from");
  ExpectRefused(Volante({"train", "--from", "old", "--resume", "old"}), 2, "--resume");
}

TEST_F(Commands, TheReplayOfTheParentIsKeptWhereItIsTheSame) {
  ASSERT_EQ(Train("old").exit_code, 0);
  const auto transitions = [&](const std::string& run, std::vector<std::string> more) {
    std::vector<std::string> words = {"train", "--from", "old", "--run-dir", run, "--quiet"};
    words.insert(words.end(), more.begin(), more.end());
    const Ran ran = Volante(words);
    EXPECT_EQ(ran.exit_code, 0) << ran.err;
    const EventData events = ReadScalars(RealFiles(), Path(run));
    return events.scalars.at("train/replay_transitions").front().value;
  };
  EXPECT_GT(transitions("kept", {"--from-replay", "keep"}), 600);
  EXPECT_LT(transitions("dropped", {}), 400);
  ExpectRefused(Volante({"train", "--from", "old", "--from-replay", "keep", "--set",
                         "reward.scale=0.7", "--set", "replay.n_step=5", "--run-dir", "new"}),
                2, "reward.scale was 0.3, is 0.7; replay.n_step was 3, is 5");
  // What changes the stored rewards or the world they were driven in.
  ExpectRefused(
      Volante({"train", "--from", "old", "--from-replay", "keep", "--set", "reward.without=comfort",
               "--set", "shaping.action_gain=0.3", "--run-dir", "new"}),
      2, "shaping.action_gain was 0, is 0.3");
  EXPECT_FALSE(std::filesystem::exists(Path("new"))) << "nothing was begun";
}

// Stopped before its first checkpoint, or after: it goes on as the run that began from that parent.
TEST_F(Commands, ARunFromAnOlderOneIsResumed) {
  ASSERT_EQ(Train("old").exit_code, 0);
  const auto from_old = [&](const std::string& run) {
    return Volante(
        {"train", "--from", "old", "--from-replay", "keep", "--run-dir", run, "--quiet"});
  };
  const auto final_policy = [&](const std::string& run) {
    return ReadText(RealFiles(), Path(run + "/checkpoints/step_600/policy.safetensors"));
  };
  ASSERT_EQ(from_old("whole").exit_code, 0);
  ASSERT_EQ(from_old("again").exit_code, 0);
  std::filesystem::remove_all(Path("again/checkpoints/step_600"));
  std::filesystem::remove_all(Path("again/checkpoints/step_400"));
  ASSERT_EQ(Volante({"train", "--resume", "again", "--quiet"}).exit_code, 0);  // from step_200
  EXPECT_EQ(final_policy("again"), final_policy("whole"));
  std::filesystem::remove_all(Path("again/checkpoints"));
  std::filesystem::remove_all(Path("again/replay"));
  const Ran begun_again = Volante({"train", "--resume", "again", "--quiet"});
  ASSERT_EQ(begun_again.exit_code, 0) << begun_again.err;
  EXPECT_EQ(final_policy("again"), final_policy("whole"));
}

// ---- imitation -----------------------------------------------------------------------------

TEST_F(Commands, AnImitationIsTrainedEvaluatedAndDriven) {
  for (const char* algorithm : {"bc", "dagger"}) {
    const Ran train = Train(algorithm, {"--algorithm", algorithm});
    ASSERT_EQ(train.exit_code, 0) << train.err;
    EXPECT_THAT(train.out, HasSubstr("health: no alarm"));
    const Ran evaluate = Volante({"evaluate", "--checkpoint", algorithm, "--num-episodes", "4"});
    EXPECT_EQ(evaluate.exit_code, 0) << evaluate.err;
  }
  const Ran student = Train("student", {"--algorithm", "dagger", "--set", "imitation.teacher=bc"});
  EXPECT_EQ(student.exit_code, 0) << student.err;
  ASSERT_EQ(
      Volante({"train", "--preset", "smoke", "--algorithm", "bc", "--run-dir", "town", "--quiet"})
          .exit_code,
      0);
  const Ran drive = Volante({"drive", "--checkpoint", "town", "--set", "env.max_episode_steps=20",
                             "--output", "drive.mp4"},
                            {{"DISPLAY", ""}, {"WAYLAND_DISPLAY", ""}});
  EXPECT_EQ(drive.exit_code, 0) << drive.err;
  ExpectRefused(Train("no", {"--algorithm", "bc", "--set", "imitation.teacher=nobody"}), 2,
                "nobody");
}

// ---- bad input -----------------------------------------------------------------------------

TEST_F(Commands, MapsThatCannotBeUsedAreBadInput) {
  ExpectRefused(Volante({"evaluate", "--policy", "idm_mobil", "--map", "nowhere.xodr"}), 3,
                "nowhere.xodr");
  WriteText(Path("page.xodr"), "<html><body>not a map</body></html>");
  ExpectRefused(Volante({"train", "--set", "env.map=page.xodr", "--run-dir", "run"}), 3,
                "page.xodr");
  WriteText(Path("cut.xodr"), "<OpenDRIVE><header revMajor=\"1\"/><road id=\"1\" len");
  ExpectRefused(Volante({"drive", "--set", "env.map=cut.xodr", "--output", "x.mp4"}), 3,
                "cut.xodr");
  EXPECT_FALSE(std::filesystem::exists(Path("run"))) << "nothing was begun";
}

TEST_F(Commands, UnknownNamesAreUsageErrorsWithTheChoices) {
  ExpectRefused(Train("run", {"--scenario", "7"}), 2, "env.scenario");
  ExpectRefused(Train("run", {"--set", "learner.taw=1"}), 2, "learner.tau");
  ExpectRefused(Volante({"evaluate", "--policy", "idm_mobile"}), 2, "idm_mobil");
  ExpectRefused(Train("run", {"--set", "learner.trunk_width=8"}), 2, "learner.trunk_width");
  EXPECT_FALSE(std::filesystem::exists(Path("run")));
}

TEST_F(Commands, ABudgetBelowLearningStartsIsRefusedWithTheFix) {
  ExpectRefused(Train("run", {"--max-timesteps", "100"}), 2, "learning_starts");
}

TEST_F(Commands, DeviceAutoTakesWhatIsThereAndSaysSo) {
  const Ran cuda = Train("cuda", {"--device", "cuda"});
  const bool has_cuda = cuda.exit_code == 0;
  if (!has_cuda) ExpectRefused(cuda, 4, "train.device");
  const Ran chosen = Volante({"train", "--preset", "smoke", "--set", "env.town=tiny", "--device",
                              "auto", "--run-dir", "run"});
  EXPECT_EQ(chosen.exit_code, 0) << chosen.err;
  EXPECT_THAT(chosen.err, HasSubstr(has_cuda ? "device auto: cuda" : "device auto: cpu"));
  // The same run as with the device named, but for what config.yaml says of it.
  ASSERT_EQ(Train("named", {"--device", has_cuda ? "cuda" : "cpu"}).exit_code, 0);
  for (const char* part : {"policy.safetensors", "learner.safetensors"}) {
    const std::string path = std::string("/checkpoints/step_600/") + part;
    EXPECT_EQ(ReadText(RealFiles(), Path("run" + path)),
              ReadText(RealFiles(), Path("named" + path)))
        << part;
  }
}

TEST_F(Commands, AnExistingRunIsRefusedAndKept) {
  ASSERT_EQ(Train("run").exit_code, 0);
  const auto before = std::filesystem::last_write_time(Path("run/config.yaml"));
  ExpectRefused(Train("run"), 2, "--resume");
  EXPECT_EQ(std::filesystem::last_write_time(Path("run/config.yaml")), before);
}

TEST_F(Commands, ADamagedCheckpointIsNamedAndTheOneBeforeIsUsed) {
  ASSERT_EQ(Train("run").exit_code, 0);
  const std::string newest = "run/checkpoints/step_600";
  const std::string part = newest + "/policy.safetensors";
  {
    std::fstream file(Path(part), std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(5000);
    const char byte = static_cast<char>(file.get());
    file.seekp(5000);
    file.put(static_cast<char>(byte ^ 0x10));
  }
  ExpectRefused(Volante({"evaluate", "--checkpoint", newest}), 3, "policy.safetensors");
  std::filesystem::resize_file(Path(part), 4000);
  ExpectRefused(Volante({"evaluate", "--checkpoint", newest}), 3, "policy.safetensors");
  // The run's own folder falls back to the newest that verifies, and says so.
  const Ran resumed = Volante({"train", "--resume", "run"});
  EXPECT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_THAT(resumed.err, HasSubstr("step_600"));
  EXPECT_THAT(resumed.err, HasSubstr("step_400"));
  EXPECT_THAT(resumed.out, HasSubstr("ended at 600 env steps"));
}

TEST_F(Commands, ACheckpointOfAnotherArchitectureIsRefused) {
  ASSERT_EQ(Train("run").exit_code, 0);
  ExpectRefused(Volante({"evaluate", "--checkpoint", "run", "--set", "learner.head_widths=16,16"}),
                3, "tensor actor/head/0/weight has shape [32, 53], not [16, 53]");
}

TEST_F(Commands, TheReferenceBlasIsRefusedWithTheRemedy) {
  const std::string folder = "/usr/lib/x86_64-linux-gnu/blas";
  if (!std::filesystem::exists(folder + "/libblas.so.3")) {
    GTEST_SKIP() << "the reference BLAS (package libblas3) is not installed";
  }
  const std::string path = folder + ":/usr/lib/x86_64-linux-gnu/lapack";
  const Ran ran = Volante(
      {"train", "--preset", "smoke", "--set", "env.town=tiny", "--run-dir", "run", "--quiet"},
      {{"LD_LIBRARY_PATH", path}});
  ExpectRefused(ran, 4, "libopenblas0-pthread");
}

}  // namespace
}  // namespace volante
