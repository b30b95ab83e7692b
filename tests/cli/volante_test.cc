// The built program as a user meets it: help, exit codes, what it links, how it starts
// volante-learn, and that the installed one works anywhere.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "cli/run_program.h"

namespace volante {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kLightCommands[] = {"map", "config", "curve"};
constexpr const char* kLearnCommands[] = {"train", "evaluate", "drive", "bench"};

TEST(Volante, HelpListsEveryCommandAndExitCode) {
  const Ran ran = Execute({VolantePath(), "--help"});
  EXPECT_EQ(ran.exit_code, 0);
  EXPECT_EQ(ran.err, "");
  for (const char* command : kLightCommands) EXPECT_THAT(ran.out, HasSubstr(command));
  for (const char* command : kLearnCommands) EXPECT_THAT(ran.out, HasSubstr(command));
  for (const char* code : {"0 ", "1 ", "2 ", "3 ", "4 ", "5 ", "6 ", "70 ", "85 ", "130 "}) {
    EXPECT_THAT(ran.out, HasSubstr(std::string("\n  ") + code));
  }
}

TEST(Volante, EveryLightCommandHasHelp) {
  for (const char* command : kLightCommands) {
    const Ran ran = Execute({VolantePath(), command, "--help"});
    EXPECT_EQ(ran.exit_code, 0) << command << ran.err;
    EXPECT_THAT(ran.out, HasSubstr(std::string("volante ") + command));
  }
}

TEST(Volante, MapCheckNamesEachDefectAndExitsWithOneWhenThereIsOne) {
  const Ran sound = Execute({VolantePath(), "map", "check", "volante_town"});
  EXPECT_EQ(sound.exit_code, 0) << sound.out;
  EXPECT_THAT(sound.out, HasSubstr("volante_town: 108 lanes, 0 defects"));
  const ScratchDirectory scratch;
  WriteText(scratch.path() + "/short.xodr",
            "<OpenDRIVE><road id=\"5\" junction=\"-1\" length=\"70\"><planView><geometry s=\"0\" "
            "x=\"0\" y=\"0\" hdg=\"0\" length=\"60\"><line/></geometry></planView><lanes>"
            "<laneSection s=\"0\"><right><lane id=\"-1\" type=\"driving\"><width a=\"3\"/></lane>"
            "</right></laneSection></lanes></road></OpenDRIVE>");
  const Ran checked = Execute({VolantePath(), "map", "check", scratch.path() + "/short.xodr"});
  EXPECT_EQ(checked.exit_code, 1);
  EXPECT_THAT(checked.out, HasSubstr("road 5 at s 0 m: its length attribute says 70.0"));
  EXPECT_THAT(checked.out, HasSubstr("1 lanes, 1 defects"));
}

TEST(Volante, PresetsAndHelpAreWholeSentencesIn80Columns) {
  const Ran presets = Execute({VolantePath(), "config", "presets"});
  EXPECT_EQ(presets.exit_code, 0);
  EXPECT_THAT(
      presets.out,
      HasSubstr("\nsmoke        For tests: a whole run in seconds. It does not learn to drive.\n"));
  EXPECT_THAT(presets.out,
              HasSubstr("\n             here has its default (docs/config_reference.md).\n"));
  const Ran help = Execute({VolantePath(), "config", "--help"});
  for (const Ran* ran : {&presets, &help}) {
    std::istringstream lines(ran->out);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80u) << line;
  }
}

TEST(Volante, MapCheckPrintsTheFirstHundredDefectsAndCountsAll) {
  std::string map = "<OpenDRIVE>";
  for (int road = 0; road < 130; ++road) {  // each 10 m longer than its geometry, far from the next
    map += "<road id=\"" + std::to_string(road) +
           "\" junction=\"-1\" length=\"70\"><planView><geometry s=\"0\" x=\"0\" y=\"" +
           std::to_string(50 * road) +
           "\" hdg=\"0\" length=\"60\"><line/></geometry></planView><lanes><laneSection s=\"0\">"
           "<right><lane id=\"-1\" type=\"driving\"><width a=\"3\"/></lane></right></laneSection>"
           "</lanes></road>";
  }
  const ScratchDirectory scratch;
  const std::string path = scratch.path() + "/long.xodr";
  WriteText(path, map + "</OpenDRIVE>");
  const auto lines = [](const Ran& ran) {
    return std::count(ran.out.begin(), ran.out.end(), '\n');
  };
  const Ran some = Execute({VolantePath(), "map", "check", path});
  EXPECT_EQ(some.exit_code, 1);
  EXPECT_EQ(lines(some), 100 + 2);
  EXPECT_THAT(some.out, HasSubstr("\n... and 30 more; --all prints them\n"));
  EXPECT_THAT(some.out, HasSubstr(": 130 lanes, 130 defects\n"));
  const Ran all = Execute({VolantePath(), "map", "check", "--all", path});
  EXPECT_EQ(all.exit_code, 1);
  EXPECT_EQ(lines(all), 130 + 1);
}

TEST(Volante, EveryLearnerCommandHasHelp) {
  if (!LearnerIsBuilt()) GTEST_SKIP() << "volante-learn is not in this build";
  for (const char* command : kLearnCommands) {
    const Ran ran = Execute({VolantePath(), command, "--help"});
    EXPECT_EQ(ran.exit_code, 0) << command << ran.err;
    EXPECT_THAT(ran.out, HasSubstr(std::string("volante ") + command));
  }
}

TEST(Volante, WrongCommandLinesExitWithTwoAndOneLine) {
  const std::vector<std::vector<std::string>> wrong = {{"trian"},
                                                       {"config", "--prest", "td3"},
                                                       {"config", "show", "--set", "learner.tau"},
                                                       {"config", "nonsense"},
                                                       {"config", "show", "-x", "td3"},
                                                       {"config", "--preset", "td4"}};
  for (std::vector<std::string> arguments : wrong) {
    arguments.insert(arguments.begin(), VolantePath());
    const Ran ran = Execute(arguments);
    EXPECT_EQ(ran.exit_code, 2) << arguments[1];
    EXPECT_EQ(ran.out, "");
    EXPECT_EQ(std::count(ran.err.begin(), ran.err.end(), '\n'), 1) << ran.err;
    EXPECT_THAT(ran.err, AllOf(HasSubstr("error: "), HasSubstr("next: ")));
  }
  EXPECT_THAT(Execute({VolantePath(), "config", "-x", "td3"}).err,
              HasSubstr("there is no flag -x: volante config; next: volante config --help"));
  EXPECT_EQ(Execute({VolantePath()}).exit_code, 2);
}

TEST(Volante, ExitCodesTellWhatIsWrong) {
  EXPECT_EQ(Execute({VolantePath(), "config", "--config", "/no/such/file"}).exit_code, 3);
  const Ran full = Execute({"sh", "-c", "exec \"$0\" config > /dev/full", VolantePath()});
  EXPECT_EQ(full.exit_code, 4);
  EXPECT_THAT(full.err, HasSubstr("stdout"));
}

TEST(Volante, ConfigShowIsAFileThatConfigReadsBack) {
  const ScratchDirectory scratch;
  const Ran shown =
      Execute({VolantePath(), "config", "show", "--preset", "fidelity", "--set", "train.seed=7"});
  ASSERT_EQ(shown.exit_code, 0) << shown.err;
  WriteText(scratch.path() + "/c.yaml", shown.out);
  const Ran again = Execute({VolantePath(), "config", "show", "--config", "c.yaml"},
                            {.directory = scratch.path()});
  EXPECT_EQ(again.out, shown.out) << again.err;
  const Ran diff = Execute({VolantePath(), "config", "diff", "--config", "c.yaml"},
                           {.directory = scratch.path()});
  EXPECT_THAT(diff.out, AllOf(HasSubstr("train.seed"), Not(HasSubstr("learner"))));
}

// What keeps `volante --help` at a few milliseconds.
TEST(Volante, TheLightProgramLinksNeitherTorchNorOpenCv) {
  const Ran ran = Execute({"ldd", VolantePath()});
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("libc.so"));
  for (const char* library : {"libtorch", "libc10", "libopencv", "blas", "libgomp"}) {
    EXPECT_THAT(ran.out, Not(HasSubstr(library)));
  }
}

TEST(Volante, VersionNamesCommitCompilerAndLearner) {
  const Ran ran = Execute({VolantePath(), "--version"});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_THAT(ran.out, AllOf(HasSubstr("volante   0."), HasSubstr("commit    "),
                             HasSubstr("compiler  "), HasSubstr("cpu       x86-64-v")));
  const Ran git = Execute({"git", "-C", VOLANTE_SOURCE_DIR, "rev-parse", "--short=12", "HEAD"});
  if (git.exit_code == 0) {
    // The commit of the build: an ancestor of HEAD, named in full.
    const size_t at = ran.out.find("commit    ") + 10;
    const std::string commit = ran.out.substr(at, 12);
    EXPECT_EQ(Execute({"git", "-C", VOLANTE_SOURCE_DIR, "cat-file", "-e", commit}).exit_code, 0);
  }
  if (!LearnerIsBuilt()) return;
  EXPECT_THAT(ran.out, AllOf(HasSubstr("torch     "), HasSubstr("kernels "), HasSubstr("blas ")));
}

// The launcher, watched through a stand-in for volante-learn that prints what it was given.
class Launcher : public ::testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::copy_file(VolantePath(), scratch_.path() + "/volante");
    WriteText(scratch_.path() + "/volante-learn",
              "#!/usr/bin/python3\n"
              "import os, signal, sys\n"
              "for name in ('OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'OMP_WAIT_POLICY',\n"
              "             'OPENBLAS_CORETYPE'):\n"
              "    print(name + '=' + os.environ.get(name, '-'))\n"
              "blocked = sorted(int(s) for s in signal.pthread_sigmask(signal.SIG_BLOCK, []))\n"
              "print('blocked=' + ','.join(map(str, blocked)))\n"
              "print('argv=' + ' '.join(sys.argv[1:]))\n"
              "sys.exit(6)\n");
    std::filesystem::permissions(scratch_.path() + "/volante-learn",
                                 std::filesystem::perms::owner_all);
    for (const char* name :
         {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OMP_WAIT_POLICY", "OPENBLAS_CORETYPE"}) {
      unsetenv(name);
    }
  }

  Ran Start(std::vector<std::string> arguments, std::map<std::string, std::string> env = {}) {
    arguments.insert(arguments.begin(), scratch_.path() + "/volante");
    return Execute(arguments, {.directory = scratch_.path(), .environment = std::move(env)});
  }

  ScratchDirectory scratch_;
};

TEST_F(Launcher, PassesArgumentsAndTheExitCodeOn) {
  const Ran ran = Start({"train", "--scenario", "a b"});
  EXPECT_EQ(ran.exit_code, 6);
  EXPECT_THAT(ran.out, HasSubstr("argv=train --scenario a b\n"));
}

TEST_F(Launcher, GivesAsManyThreadsAsTheProcessHasCores) {
  cpu_set_t cpus;
  ASSERT_EQ(sched_getaffinity(0, sizeof(cpus), &cpus), 0);
  const std::string cores = std::to_string(CPU_COUNT(&cpus));
  const Ran ran = Start({"train"});
  EXPECT_THAT(ran.out, AllOf(HasSubstr("\nOPENBLAS_NUM_THREADS=" + cores + "\n"),
                             HasSubstr("OMP_NUM_THREADS=" + cores + "\n"),
                             HasSubstr("OMP_WAIT_POLICY=passive\n")));
}

TEST_F(Launcher, TakesTheThreadsOfTheConfiguration) {
  EXPECT_THAT(Start({"train", "--set", "train.threads=3"}).out,
              AllOf(HasSubstr("OMP_NUM_THREADS=3\n"), HasSubstr("OPENBLAS_NUM_THREADS=3\n")));
  EXPECT_THAT(Start({"train", "--set=train.threads=4"}).out, HasSubstr("OMP_NUM_THREADS=4\n"));
  EXPECT_THAT(Start({"train", "--preset", "smoke"}).out, HasSubstr("OMP_NUM_THREADS=1\n"));
  WriteText(scratch_.path() + "/c.yaml", "train: {threads: 5}\n");
  EXPECT_THAT(Start({"train", "--config", "c.yaml"}).out, HasSubstr("OMP_NUM_THREADS=5\n"));
  std::filesystem::create_directory(scratch_.path() + "/run");
  WriteText(scratch_.path() + "/run/config.yaml", "train: {threads: 6}\n");
  EXPECT_THAT(Start({"train", "--resume", "run"}).out, HasSubstr("OMP_NUM_THREADS=6\n"));
  EXPECT_THAT(Start({"evaluate", "--threads", "2"}).out, HasSubstr("OMP_NUM_THREADS=2\n"));
  // An explicit key wins over the environment; a wrong one is left to the command.
  EXPECT_THAT(Start({"train", "--set", "train.threads=3"}, {{"OMP_NUM_THREADS", "7"}}).out,
              HasSubstr("OMP_NUM_THREADS=3\n"));
  EXPECT_EQ(Start({"train", "--set", "train.threads=many"}).exit_code, 6);
}

TEST_F(Launcher, LeavesWhatTheUserSet) {
  const Ran ran = Start(
      {"train"},
      {{"OMP_NUM_THREADS", "7"}, {"OMP_WAIT_POLICY", "active"}, {"OPENBLAS_CORETYPE", "Haswell"}});
  EXPECT_THAT(ran.out, AllOf(HasSubstr("OMP_NUM_THREADS=7\n"), HasSubstr("OMP_WAIT_POLICY=active"),
                             HasSubstr("OPENBLAS_CORETYPE=Haswell\n")));
}

TEST_F(Launcher, NamesTheBlasCoreWhereTheCpuHasAvx512) {
  const Ran flags = Execute({"grep", "-m1", "^flags", "/proc/cpuinfo"});
  bool avx512 = true;
  for (const char* flag : {" avx512f", " avx512dq", " avx512bw", " avx512vl"}) {
    avx512 = avx512 && flags.out.find(flag) != std::string::npos;
  }
  EXPECT_THAT(Start({"train"}).out,
              HasSubstr(std::string("OPENBLAS_CORETYPE=") + (avx512 ? "SKYLAKEX" : "-") + "\n"));
}

// SIGINT 2, SIGUSR1 10, SIGTERM 15 on Linux x86-64.
TEST_F(Launcher, BlocksStopSignalsForWhatEndsInOrder) {
  EXPECT_THAT(Start({"train"}).out, HasSubstr("blocked=2,10,15\n"));
  EXPECT_THAT(Start({"drive"}).out, HasSubstr("blocked=2,10,15\n"));
  EXPECT_THAT(Start({"evaluate"}).out, HasSubstr("blocked=\n"));
}

TEST_F(Launcher, SaysHowToMendAMissingLearner) {
  std::filesystem::remove(scratch_.path() + "/volante-learn");
  const Ran ran = Start({"train"});
  EXPECT_EQ(ran.exit_code, 4);
  EXPECT_THAT(ran.err, AllOf(HasSubstr("volante-learn"), HasSubstr("./dev build")));
  EXPECT_EQ(Start({"--version"}).exit_code, 0);
}

// With OMP_PROC_BIND=true libgomp pins the main thread, and every later one, to one core.
TEST(Learner, RunsOnEveryCoreWhateverOpenMpBinds) {
  if (!LearnerIsBuilt()) GTEST_SKIP() << "volante-learn is not in this build";
  cpu_set_t cpus;
  ASSERT_EQ(sched_getaffinity(0, sizeof(cpus), &cpus), 0);
  const std::string cores = std::to_string(CPU_COUNT(&cpus)) + " cores usable";
  EXPECT_THAT(
      Execute({VolantePath(), "--version"}, {.environment = {{"OMP_PROC_BIND", "true"}}}).out,
      HasSubstr(cores));
}

TEST(Learner, IsNotStartedByHand) {
  if (!LearnerIsBuilt()) GTEST_SKIP() << "volante-learn is not in this build";
  const Ran ran = Execute({VolantePath() + "-learn", "--version"});
  EXPECT_EQ(ran.exit_code, 2);
  EXPECT_THAT(ran.err, HasSubstr("started by volante"));
}

TEST(Installed, ProgramRunsInAnEmptyDirectory) {
  const ScratchDirectory prefix, empty;
  const Ran install =
      Execute({"cmake", "--install", VOLANTE_BINARY_DIR, "--prefix", prefix.path()});
  ASSERT_EQ(install.exit_code, 0) << install.err;
  const std::string program = prefix.path() + "/bin/volante";
  const Ran version = Execute({program, "--version"}, {.directory = empty.path()});
  EXPECT_EQ(version.exit_code, 0) << version.err;
  EXPECT_EQ(version.out.find("blas ") != std::string::npos, LearnerIsBuilt());
  const Ran map = Execute({program, "map", "info", "volante_town"}, {.directory = empty.path()});
  EXPECT_EQ(map.exit_code, 0) << map.err;
  EXPECT_THAT(map.out, HasSubstr("volante_town"));
  EXPECT_EQ(Execute({program, "config", "show", "--preset", "demo"}).exit_code, 0);
  EXPECT_TRUE(std::filesystem::is_empty(empty.path()));
}

}  // namespace
}  // namespace volante
