// main(): how errors become one line and an exit code. The table below stands in for the real one.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/error.h"
#include "cli/command.h"
#include "cli/launcher.h"

namespace volante {
namespace {

using ::testing::HasSubstr;

std::vector<std::string> seen_arguments;
bool seen_sigint_blocked = false;

int Keep(int argc, char** argv) {
  seen_arguments.assign(argv, argv + argc);
  sigset_t blocked;
  pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
  seen_sigint_blocked = sigismember(&blocked, SIGINT) == 1;
  return 1;
}
int FailWithError(int, char**) {
  throw Error(ExitCode::kBadInput, "the map\ncan't be read", "a.xodr", "it is empty", "try b.xodr");
}
int FailWithException(int, char**) { throw std::runtime_error("lost\n#0 frame\n#1 frame"); }
int FailCheck(int, char**) { VOLANTE_CHECK(1 + 1 == 3, "arithmetic"); }

struct Outcome {
  int code;
  std::string err;
};

int CodeOf(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "volante");
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  const Program program{.is_light = false, .learner_version = nullptr};
  return RunProgram(program, static_cast<int>(argv.size()), argv.data());
}

Outcome RunWith(const std::vector<std::string>& arguments) {
  ::testing::internal::CaptureStderr();
  const int code = CodeOf(arguments);
  return {code, ::testing::internal::GetCapturedStderr()};
}

TEST(RunProgram, PassesArgumentsAfterTheCommandsNameAndReturnsItsCode) {
  EXPECT_EQ(RunWith({"keep", "--a", "b"}).code, 1);
  EXPECT_THAT(seen_arguments, ::testing::ElementsAre("keep", "--a", "b"));
  EXPECT_FALSE(seen_sigint_blocked);
}

TEST(RunProgram, BlocksStopSignalsForTheRowsThatWaitForThem) {
  EXPECT_EQ(RunWith({"keep_blocked"}).code, 1);
  EXPECT_TRUE(seen_sigint_blocked);
  EXPECT_EQ(RunWith({"keep"}).code, 1);
  EXPECT_FALSE(seen_sigint_blocked);
}

TEST(RunProgram, PrintsAnErrorAsOneLineAndReturnsItsCode) {
  const Outcome outcome = RunWith({"error"});
  EXPECT_EQ(outcome.code, 3);
  EXPECT_EQ(outcome.err, "error: the map can't be read: a.xodr: it is empty; next: try b.xodr\n");
}

TEST(RunProgram, AnyOtherExceptionIsAnInternalErrorWithoutItsStackTrace) {
  const Outcome outcome = RunWith({"exception"});
  EXPECT_EQ(outcome.code, 70);
  EXPECT_EQ(outcome.err, "internal error: lost; please report this\n");
}

TEST(RunProgram, ARowThatThisBuildLacksIsAUsageError) {
  const Outcome outcome = RunWith({"absent"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("not in this build"));
}

TEST(RunProgram, AnUnknownCommandNamesTheNearest) {
  const Outcome outcome = RunWith({"eror"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("did you mean volante error?"));
}

#ifdef NDEBUG
TEST(RunProgramDeathTest, AFailedCheckEndsAsAnInternalError) {
  EXPECT_EXIT(CodeOf({"check"}), ::testing::ExitedWithCode(70), "arithmetic");
}
#endif

}  // namespace

std::span<const Command> Commands() {
  static const Command kCommands[] = {
      {"keep", "", Needs::kLight, StopSignals::kDefault, Keep},
      {"keep_blocked", "", Needs::kNetwork, StopSignals::kBlocked, Keep},
      {"error", "", Needs::kLight, StopSignals::kDefault, FailWithError},
      {"exception", "", Needs::kLight, StopSignals::kDefault, FailWithException},
      {"check", "", Needs::kLight, StopSignals::kDefault, FailCheck},
      {"absent", "", Needs::kNetwork, StopSignals::kDefault, nullptr},
  };
  return kCommands;
}

}  // namespace volante
