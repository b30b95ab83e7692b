#include "store/run_folder.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "support/temporary_directory.h"

namespace volante {
namespace {

Error ErrorOf(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "nothing was refused";
  return Error(ExitCode::kOk, "", "", "", "");
}

TEST(RunFolder, CreatesWhatTheSpecificationNames) {
  const TemporaryDirectory directory;
  const std::string path = directory / "runs/kite";
  RunFolder run = RunFolder::Create(RealFiles(), path, "seed: 4\n", {{"seed", "4"}});
  EXPECT_EQ(ReadText(RealFiles(), path + "/config.yaml"), "seed: 4\n");
  EXPECT_EQ(run.ReadFacts(), (RunFacts{{"seed", "4"}}));
  run.WriteFacts({{"outcome", "finished \"well\""}});
  EXPECT_EQ(run.ReadFacts(), (RunFacts{{"outcome", "finished \"well\""}}));
  for (const std::string& folder :
       {run.checkpoints(), run.replay(), run.evaluations(), run.videos()}) {
    EXPECT_TRUE(RealFiles().IsDirectory(folder)) << folder;
  }
  EXPECT_EQ(ReadText(RealFiles(), path + "/run.lock").find(" pid ") == std::string::npos, false);
  EXPECT_TRUE(IsRunFolder(RealFiles(), path));
}

TEST(RunFolder, AnExistingRunIsRefusedWithTheWayToResume) {
  const TemporaryDirectory directory;
  const std::string path = directory / "kite";
  {
    RunFolder::Create(RealFiles(), path, "a: 1\n", {});
  }
  const Error error = ErrorOf([&] { RunFolder::Create(RealFiles(), path, "a: 2\n", {}); });
  EXPECT_EQ(error.code(), ExitCode::kUsage);
  EXPECT_NE(error.hint().find("--resume " + path), std::string::npos);
  EXPECT_EQ(ReadText(RealFiles(), path + "/config.yaml"), "a: 1\n");
}

TEST(RunFolder, AFolderWithOtherFilesIsRefused) {
  const TemporaryDirectory directory;
  WriteFileAtomically(RealFiles(), directory / "thesis.tex", "x");
  EXPECT_EQ(ErrorOf([&] { RunFolder::Create(RealFiles(), directory.path(), "", {}); }).code(),
            ExitCode::kUsage);
  EXPECT_EQ(
      ErrorOf([&] { RunFolder::Create(RealFiles(), directory / "thesis.tex", "", {}); }).code(),
      ExitCode::kUsage);
}

TEST(RunFolder, AnEmptyFolderAndAnInterruptedStartAreUsed) {
  const TemporaryDirectory directory;
  RealFiles().MakeDirectories(directory / "checkpoints");
  WriteFileAtomically(RealFiles(), directory / "run.lock", "gone pid 1\n");
  RunFolder::Create(RealFiles(), directory.path(), "a: 1\n", {});
  EXPECT_TRUE(IsRunFolder(RealFiles(), directory.path()));
}

TEST(RunFolder, ALockedRunNamesItsOwner) {
  const TemporaryDirectory directory;
  const std::string path = directory / "kite";
  const RunFolder run = RunFolder::Create(RealFiles(), path, "a: 1\n", {});
  const Error error = ErrorOf([&] { RunFolder::Resume(RealFiles(), path); });
  EXPECT_EQ(error.code(), ExitCode::kEnvironment);
  EXPECT_NE(error.reason().find(" pid " + std::to_string(::getpid())), std::string::npos);
  EXPECT_EQ(error.OneLine().find('\n'), std::string::npos);
}

TEST(RunFolder, TheLockOfADeadProcessIsFree) {
  const TemporaryDirectory directory;
  const std::string path = directory / "kite";
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    RunFolder::Create(RealFiles(), path, "a: 1\n", {});
    RealFiles().MakeDirectories(path + "/checkpoints/step_5.tmp-1");
    ::_exit(0);  // no destructor runs: as after kill -9
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
  const RunFolder run = RunFolder::Resume(RealFiles(), path);
  EXPECT_TRUE(RealFiles().List(run.checkpoints()).empty());  // its rubbish is gone
}

TEST(RunFolder, ResumeNeedsARun) {
  const TemporaryDirectory directory;
  EXPECT_EQ(ErrorOf([&] { RunFolder::Resume(RealFiles(), directory / "none"); }).code(),
            ExitCode::kUsage);
  EXPECT_FALSE(RealFiles().Exists(directory / "none"));
}

}  // namespace
}  // namespace volante
