// volante map as a user meets it: pictures and towns as files.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "base/files.h"
#include "cli/run_program.h"

namespace volante {
namespace {

using ::testing::HasSubstr;

size_t Count(const std::string& text, const std::string& wanted) {
  size_t count = 0;
  for (size_t at = text.find(wanted); at != std::string::npos; at = text.find(wanted, at + 1)) {
    ++count;
  }
  return count;
}

TEST(MapDraw, ShowsRoadsJunctionsAndTheRoutesThatAreAskedFor) {
  const ScratchDirectory scratch;
  const std::string plain = scratch.path() + "/plain.svg", routes = scratch.path() + "/routes.svg";
  EXPECT_EQ(Execute({VolantePath(), "map", "draw", "volante_town", "-o", plain}).exit_code, 0);
  EXPECT_EQ(
      Execute({VolantePath(), "map", "draw", "volante_town", "-o", routes, "--routes", "test"})
          .exit_code,
      0);
  const std::string without = ReadText(RealFiles(), plain), with = ReadText(RealFiles(), routes);
  EXPECT_THAT(without, HasSubstr("<svg"));
  EXPECT_EQ(Count(without, "<text"), 12u + 1u);  // junctions, and the scale
  EXPECT_GT(Count(without, "<polygon"), 200u);
  // A line, a start and a goal for each of 40 routes.
  EXPECT_EQ(Count(with, "<polyline") - Count(without, "<polyline"), 40u);
  EXPECT_EQ(Count(with, "<circle") - Count(without, "<circle"), 80u);
  EXPECT_EQ(Execute({VolantePath(), "map", "draw", "volante_town", "-o", plain, "--routes", "some"})
                .exit_code,
            2);
}

TEST(MapDraw, WithoutAConverterAPngIsRefusedWithWhatToInstall) {
  const ScratchDirectory scratch;
  const std::string png = scratch.path() + "/town.png";
  const Ran ran = Execute({VolantePath(), "map", "draw", "volante_town", "-o", png},
                          {.directory = "", .environment = {{"PATH", scratch.path()}}});
  EXPECT_EQ(ran.exit_code, 4);
  EXPECT_THAT(ran.err, HasSubstr("librsvg2-bin"));
  EXPECT_EQ(Count(ran.err, "\n"), 1u);
  EXPECT_TRUE(std::filesystem::is_empty(scratch.path())) << "something is left behind";
}

TEST(MapDraw, WritesAPng) {
  if (std::system("rsvg-convert --version > /dev/null 2>&1") != 0) {
    GTEST_SKIP() << "rsvg-convert (package librsvg2-bin) is not installed";
  }
  const ScratchDirectory scratch;
  const std::string png = scratch.path() + "/town.png";
  EXPECT_EQ(Execute({VolantePath(), "map", "draw", "random_4", "-o", png}).exit_code, 0);
  EXPECT_EQ(ReadText(RealFiles(), png).substr(0, 4), "\x89PNG");
  EXPECT_EQ(Execute({"ls", scratch.path()}).out, "town.png\n");
}

TEST(MapMake, WritesATownThatCanBeChecked) {
  const ScratchDirectory scratch;
  const Ran made = Execute({VolantePath(), "map", "make", "random_12", "-o", scratch.path()});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  const std::string map = scratch.path() + "/random_12.xodr";
  EXPECT_EQ(Execute({VolantePath(), "map", "check", map}).exit_code, 0);
  EXPECT_EQ(Count(ReadText(RealFiles(), scratch.path() + "/random_12.routes.yaml"), " -> "), 240u);
  const Ran unknown = Execute({VolantePath(), "map", "make", "multilain", "-o", scratch.path()});
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("did you mean 'multilane'?"));
}

}  // namespace
}  // namespace volante
