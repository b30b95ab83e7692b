// Maps and routes that can't be used: one line, exit code 3, nothing else.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "road/route.h"
#include "tests/road/tiny_maps.h"

namespace volante {
namespace {

using testing::Document;
using ::testing::HasSubstr;
using testing::LaneText;
using ::testing::Not;
using testing::TinyRoad;

template <class Action>
std::string ErrorOf(Action action) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::kBadInput);
    EXPECT_THAT(error.OneLine(), Not(HasSubstr("\n")));
    EXPECT_FALSE(error.hint().empty());
    return error.OneLine();
  }
  ADD_FAILURE() << "no error";
  return "";
}

std::string ParseError(const std::string& text) {
  return ErrorOf([&] { RoadNetwork::Parse(text, "bad.xodr"); });
}

std::string RoadError(const TinyRoad& road) { return ParseError(Document(road.Text())); }

TEST(BadMap, Missing) {
  EXPECT_THAT(ErrorOf([] { RoadNetwork::LoadFile("/nonexistent/town.xodr"); }),
              HasSubstr("/nonexistent/town.xodr"));
}

TEST(BadMap, TruncatedAnywhere) {
  const std::string town(BuiltInTownText("volante_town"));
  for (const size_t size : {size_t{0}, size_t{1}, size_t{40}, town.size() / 2, town.size() - 12}) {
    EXPECT_THAT(ParseError(town.substr(0, size)), HasSubstr("not XML, or truncated")) << size;
  }
}

TEST(BadMap, XmlOfAnotherKind) {
  EXPECT_THAT(ParseError("<?xml version=\"1.0\"?><net><edge id=\"1\"/></net>"),
              HasSubstr("not OpenDRIVE"));
}

TEST(BadMap, WithoutDrivableLanes) {
  TinyRoad road;
  road.right = LaneText(-1, "2", "", "sidewalk");
  EXPECT_THAT(RoadError(road), HasSubstr("no drivable lane"));
  EXPECT_THAT(ParseError(Document("")), HasSubstr("no drivable lane"));
  road.right = LaneText(-1, "0");  // drivable by name, but nothing can stand on it
  EXPECT_THAT(RoadError(road), HasSubstr("no drivable lane"));
}

TEST(BadMap, NumbersThatAreNone) {
  for (const char* number : {"nan", "inf", "-inf", "1e999", "", "1,5", "0x10", "1.0abc"}) {
    TinyRoad road;
    road.x = number;
    EXPECT_THAT(RoadError(road), HasSubstr("x of <geometry>")) << number;
    road = {};
    road.right = LaneText(-1, number);
    EXPECT_THAT(RoadError(road), HasSubstr("a of <width>")) << number;
  }
  TinyRoad road;
  road.y = "1e8";
  EXPECT_THAT(RoadError(road), HasSubstr("beyond 10,000 km"));
}

TEST(BadMap, NegativeWidth) {
  TinyRoad road;
  road.right = LaneText(-1, "-3");
  EXPECT_THAT(RoadError(road), HasSubstr("road 1 at s 0 m: lane -1 has the width -3"));
  // Negative in the middle only: 3 - 0.1 s + 0.0005 s^2 is -2 at 100 m. The lane ends where it
  // begins to be.
  road.right =
      "<lane id=\"-1\" type=\"driving\"><width sOffset=\"0\" a=\"3\" b=\"-0.1\" c=\"0.0005\" "
      "d=\"0\"/></lane>";
  const auto network = RoadNetwork::Parse(Document(road.Text()), "test");
  ASSERT_EQ(network->defects().size(), 1u);
  EXPECT_THAT(network->defects()[0], HasSubstr("road 1 at s 37.5 m: lane -1 has the width -0.04"));
  EXPECT_EQ(network->lane(0).center.At(60.0).half_width_m, 0.0);
  road.right = LaneText(-1, "101");
  EXPECT_THAT(RoadError(road), HasSubstr("road 1 at s 0 m: lane -1 has the width 101"));
}

TEST(BadMap, RoadsWithoutLength) {
  TinyRoad road;
  road.length = "0";
  EXPECT_THAT(RoadError(road), HasSubstr("no geometry with a length"));
  road.length = "-5";
  EXPECT_THAT(RoadError(road), HasSubstr("out of range"));
}

TEST(BadMap, ShapesThatNoRoadCanHaveAreNamedWithTheirPlace) {
  TinyRoad road;
  road.id = "17";
  road.shape = "<spiral curvStart=\"0\" curvEnd=\"100\"/>";
  EXPECT_THAT(RoadError(road), HasSubstr("road 17 at s 0 m: a spiral's radius falls below 0.1 m"));
  road.shape = "<paramPoly3 pRange=\"normalized\" bU=\"1e300\" dU=\"1e308\" dV=\"-1e308\"/>";
  EXPECT_THAT(RoadError(road), HasSubstr("road 17 at s 0 m: its curve is not finite"));
  road.shape = "<poly3 a=\"0\" b=\"0\" c=\"0\" d=\"1e200\"/>";
  EXPECT_THAT(RoadError(road), HasSubstr("road 17 at s 0 m: "));
  road.shape = "<circle/>";
  EXPECT_THAT(RoadError(road), HasSubstr("a geometry without a shape"));
}

TEST(BadMap, LaneThatWouldFoldOver) {
  TinyRoad road;
  road.length = "6";
  road.shape = "<arc curvature=\"-0.6\"/>";  // radius 1.67 m, lane centre 2 m inside
  EXPECT_THAT(RoadError(road), HasSubstr("fold over"));
}

TEST(BadMap, SameIdTwice) {
  const TinyRoad road;
  EXPECT_THAT(ParseError(Document(road.Text() + road.Text())), HasSubstr("same id"));
  TinyRoad lanes;
  lanes.right = LaneText(-1, "3") + LaneText(-1, "3");
  EXPECT_THAT(RoadError(lanes), HasSubstr("lane -1 occurs twice"));
}

TEST(BadMap, BeyondTheLimits) {
  RoadLimits limits;
  limits.max_lanes = 3;
  TinyRoad road;
  road.right = LaneText(-1, "3") + LaneText(-2, "3") + LaneText(-3, "3");
  EXPECT_NO_THROW(RoadNetwork::Parse(Document(road.Text()), "test", limits));
  road.right += LaneText(-4, "3");
  const auto parse = [&] { RoadNetwork::Parse(Document(road.Text()), "test", limits); };
  EXPECT_THAT(ErrorOf(parse), HasSubstr("more than 3 lanes"));
  limits = {};
  limits.max_lane_length_m = 350.0;
  EXPECT_THAT(ErrorOf(parse), HasSubstr("longer than"));
  limits = {};
  limits.max_bytes = 100;
  EXPECT_THAT(ErrorOf(parse), HasSubstr("longer than the limit"));
}

TEST(BadMap, MoreThanAHundredThousandLanesAreRefused) {
  std::string lanes;
  for (int i = 1; i <= 1000; ++i)
    lanes += "<lane id=\"-" + std::to_string(i) + "\" type=\"none\"/>";
  TinyRoad road;
  road.right = lanes;
  std::string roads;
  for (int i = 0; i < 101; ++i) {
    road.id = std::to_string(i);
    roads += road.Text();
  }
  EXPECT_THAT(ParseError(Document(roads)), HasSubstr("more than 100000 lanes"));
}

TEST(BadRoute, GoalThatCannotBeReached) {
  TinyRoad road;
  road.left = LaneText(1, "3");
  const auto network = RoadNetwork::Parse(Document(road.Text()), "test");
  EXPECT_THAT(ErrorOf([&] { FindRoute(network, {0, 10, 1, 10}); }), HasSubstr("can't be reached"));
  // Behind the start on the same lane, without a way round.
  EXPECT_THAT(ErrorOf([&] { FindRoute(network, {0, 50, 0, 10}); }), HasSubstr("can't be reached"));
}

TEST(BadRoute, ShorterThanTenMetres) {
  const auto network = RoadNetwork::Parse(Document(TinyRoad{}.Text()), "test");
  EXPECT_THAT(ErrorOf([&] { FindRoute(network, {0, 10, 0, 19}); }), HasSubstr("less than 10 m"));
  EXPECT_NEAR(FindRoute(network, {0, 10, 0, 20}).length_m(), 10.0, 1e-9);
}

TEST(BadRoute, EndsThatDoNotExist) {
  const auto network = RoadNetwork::Parse(Document(TinyRoad{}.Text()), "test");
  EXPECT_THAT(ErrorOf([&] { FindRoute(network, {0, 10, 7, 20}); }), HasSubstr("no lane 7"));
  EXPECT_THAT(ErrorOf([&] { FindRoute(network, {0, 10, 0, 101}); }), HasSubstr("lies beyond"));
  EXPECT_THAT(ErrorOf([&] { FindRoute(network, {0, 0.0 / 0.0, 0, 50}); }),
              HasSubstr("lies beyond"));
}

TEST(BadRoute, MapTooSmallForTrainingRoutes) {
  const auto network = RoadNetwork::Parse(Document(TinyRoad{}.Text()), "test");
  const RouteSampler sampler(network, {}, 120, 250);
  RandomStream random(1, "test");
  EXPECT_THAT(ErrorOf([&] { sampler.Draw(random); }), HasSubstr("no training route"));
}

TEST(BadRouteList, EachDefectIsNamedWithItsLine) {
  const auto network = RoadNetwork::Parse(Document(TinyRoad{}.Text()), "test");
  const auto read = [&](const std::string& text) {
    return ErrorOf([&] { ReadTownRoutes(*network, text, "list"); });
  };
  EXPECT_THAT(read(""), HasSubstr("lists nothing"));
  EXPECT_THAT(read("test:\n  - 1/0/-1 5 -> 2/0/-1 5\n"), HasSubstr("list, line 2"));
  EXPECT_THAT(read("test:\n  - 1/0/-1 5 -> 1/0/-1 500\n"), HasSubstr("no distance"));
  EXPECT_THAT(read("test:\n  - 1/0/-1 5 1/0/-1 50\n"), HasSubstr("START -> GOAL"));
  EXPECT_THAT(read("  - 1/0/-1 5 -> 1/0/-1 50\n"), HasSubstr("expected"));
  EXPECT_THAT(read("held_out:\n  - 1/0/-1\n"), HasSubstr("no junction"));
}

}  // namespace
}  // namespace volante
