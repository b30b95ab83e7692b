// Requests that can't be met are refused before the work, in one line with what to do next.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "cli/run_program.h"

namespace volante {
namespace {

using ::testing::HasSubstr;

struct Refusal {
  std::vector<std::string> arguments;
  int exit_code;
  std::string says;
};

void ExpectRefused(const Refusal& refusal) {
  std::vector<std::string> command = {VolantePath()};
  command.insert(command.end(), refusal.arguments.begin(), refusal.arguments.end());
  const ScratchDirectory scratch;
  const Ran ran = Execute(command, {.directory = scratch.path(), .environment = {}});
  std::string shown;
  for (const std::string& argument : refusal.arguments) shown += argument + " ";
  EXPECT_EQ(ran.exit_code, refusal.exit_code) << shown;
  EXPECT_THAT(ran.err, HasSubstr(refusal.says)) << shown;
  EXPECT_THAT(ran.err, HasSubstr("next: ")) << shown;
  EXPECT_EQ(std::count(ran.err.begin(), ran.err.end(), '\n'), 1) << shown << ran.err;
  EXPECT_TRUE(std::filesystem::is_empty(scratch.path())) << shown << "left something behind";
}

TEST(Refused, PresetsMapsAndDrawingsThatAreNotThere) {
  ExpectRefused({{"map", "draw", "country", "-o", "town.jpg"}, 2, ".svg or .png"});
  ExpectRefused({{"map", "draw", "country", "-o", "nowhere/town.svg"}, 3, "there is no folder"});
  ExpectRefused({{"map", "draw", "country", "-o", "town.svg", "--route", "foo"},
                 2,
                 "there is no such route: --route 'foo'"});
  ExpectRefused({{"map", "check", "/"}, 3, "it is a folder"});
  ExpectRefused({{"config", "--preset", "nope"}, 2, "next: volante config presets"});
  ExpectRefused({{"config", "--algorithm", "nope"}, 2, "next: volante config algorithms"});
  ExpectRefused({{"map", "info"}, 2, "next: volante map info --help"});
}

TEST(Refused, DrivesWhoseFilesCouldNotBeWritten) {
  if (!LearnerIsBuilt()) GTEST_SKIP() << "volante-learn is not in this build";
  ExpectRefused({{"drive", "--output", "nowhere/drive.mp4"}, 3, "there is no folder nowhere"});
  ExpectRefused({{"drive", "--output", "."}, 3, "it is a folder"});
  ExpectRefused({{"drive", "-o", "d.avi"}, 2, "a video is an MP4: d.avi"});
  ExpectRefused({{"train", "--at", "5"}, 2, "--at requires --resume"});
  ExpectRefused({{"train", "--allow-inexact"}, 2, "--allow-inexact requires --resume"});
  ExpectRefused({{"drive", "--output", "d.mp4", "--frame", "d.jpg"}, 2, "a frame is a PNG: d.jpg"});
  ExpectRefused({{"drive", "--route", "200", "--output", "d.mp4"}, 2, "lists 200 test routes"});
  ExpectRefused({{"evaluate", "--policy", "straight", "--json", "nowhere/e.json"},
                 3,
                 "there is no folder nowhere"});
  ExpectRefused(
      {{"evaluate", "--policy", "straight", "--map", "random_17"}, 2, "--set env.town=random_17"});
}

TEST(Refused, BenchmarksThatAreNotThere) {
  if (!LearnerIsBuilt()) GTEST_SKIP() << "volante-learn is not in this build";
  ExpectRefused({{"bench", "nope"}, 2, "no such benchmark: nope; next: volante bench --list"});
  ExpectRefused({{"bench", "start/helb"}, 2, "did you mean start/help?"});
  ExpectRefused({{"bench", "wrld"}, 2, "did you mean world/?"});
  ExpectRefused({{"bench", "batch100"},
                 2,
                 "did you mean update/nature/batch100 or "
                 "update/nature/batch100/bf16?"});
  // None is measured beside one that is not there.
  ExpectRefused({{"bench", "start/help", "nope"}, 2, "no such benchmark: nope"});
  ExpectRefused({{"bench", "--exact", "start"}, 2, "did you mean start/help?"});
}

// A device would be gone.
TEST(Refused, ToPutAFileInPlaceOfADevice) {
  const ScratchDirectory scratch;
  const std::string pipe = scratch.path() + "/pipe";
  ASSERT_EQ(std::system(("mkfifo " + pipe).c_str()), 0);
  EXPECT_THROW(WriteFileAtomically(RealFiles(), pipe, std::string_view("text")), Error);
  EXPECT_TRUE(std::filesystem::is_fifo(pipe));
  EXPECT_THROW(RealFiles().Size(pipe), Error);
}

}  // namespace
}  // namespace volante
