// Lanes and links of tiny maps against hand calculations.
#include "road/road_network.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "tests/road/tiny_maps.h"

namespace volante {
namespace {

using testing::Document;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::LaneText;
using testing::TinyRoad;

constexpr double kPi = std::numbers::pi;

LaneIndex IndexOf(const RoadNetwork& network, const std::string& road, int lane, int section = 0) {
  for (size_t i = 0; i < network.lanes().size(); ++i) {
    const Lane& l = network.lanes()[i];
    if (l.road_id == road && l.opendrive_lane == lane && l.section == section) {
      return static_cast<LaneIndex>(i);
    }
  }
  return kNoLane;
}

TEST(RoadNetwork, StraightRoadHasOneLaneEachWay) {
  TinyRoad road;
  road.left = LaneText(1, "3");
  const auto network = RoadNetwork::Parse(Document(road.Text()), "test");
  ASSERT_EQ(network->lanes().size(), 2u);
  const Lane& right = network->lane(IndexOf(*network, "1", -1));
  const Lane& left = network->lane(IndexOf(*network, "1", 1));
  EXPECT_EQ(right.center.At(0).position_m, (Vec2{0, -2}));
  EXPECT_EQ(right.center.At(100).position_m, (Vec2{100, -2}));
  EXPECT_EQ(right.center.At(50).half_width_m, 2.0);
  // The left lane runs against the reference line.
  EXPECT_NEAR(left.center.At(0).position_m.x, 100.0, 1e-12);
  EXPECT_NEAR(left.center.At(100).position_m.x, 0.0, 1e-12);
  EXPECT_NEAR(left.center.At(30).position_m.y, 1.5, 1e-9);
  EXPECT_NEAR(std::abs(left.center.At(30).heading_rad), kPi, 1e-12);
  EXPECT_EQ(right.left, kNoLane);  // the other lane drives the other way
  EXPECT_DOUBLE_EQ(right.speed_limit_mps, 50.0 / 3.6);
}

TEST(RoadNetwork, LeftHandTrafficDrivesTheOtherWay) {
  TinyRoad road;
  road.attributes = "rule=\"LHT\"";
  road.left = LaneText(1, "3") + LaneText(2, "3");
  road.right = LaneText(-1, "3");
  const auto network = RoadNetwork::Parse(Document(road.Text()), "test");
  EXPECT_NEAR(network->lane(IndexOf(*network, "1", 1)).center.At(0).position_m.x, 0.0, 1e-12);
  EXPECT_NEAR(network->lane(IndexOf(*network, "1", -1)).center.At(0).position_m.x, 100.0, 1e-12);
  // Along the reference line, lane 2 lies to the left of lane 1.
  EXPECT_EQ(network->lane(IndexOf(*network, "1", 1)).left, IndexOf(*network, "1", 2));
  EXPECT_EQ(network->lane(IndexOf(*network, "1", 2)).right, IndexOf(*network, "1", 1));
}

TEST(RoadNetwork, NeighboursOfTheSameDirection) {
  TinyRoad road;
  road.left = LaneText(1, "3") + LaneText(2, "3");
  road.right = LaneText(-1, "3") + LaneText(-2, "3") + LaneText(-3, "1", "", "shoulder");
  const auto network = RoadNetwork::Parse(Document(road.Text()), "test");
  ASSERT_EQ(network->lanes().size(), 4u);
  const auto lane = [&](int id) { return IndexOf(*network, "1", id); };
  EXPECT_EQ(network->lane(lane(-2)).left, lane(-1));
  EXPECT_EQ(network->lane(lane(-1)).right, lane(-2));
  EXPECT_EQ(network->lane(lane(-2)).right, kNoLane);
  EXPECT_EQ(network->lane(lane(2)).left, lane(1));
  EXPECT_EQ(network->lane(lane(1)).right, lane(2));
}

// Lane -1 of width 4 on an arc of radius 20 to the left runs on radius 22; lane 1 on radius 18.
TEST(RoadNetwork, ArcLanesLieOnConcentricCircles) {
  TinyRoad road;
  road.hdg = "0";
  road.length = "31.41592653589793";  // 20 * pi / 2
  road.shape = "<arc curvature=\"0.05\"/>";
  road.left = LaneText(1, "4");
  const auto network = RoadNetwork::Parse(Document(road.Text()), "test");
  const Lane& outer = network->lane(IndexOf(*network, "1", -1));
  const Lane& inner = network->lane(IndexOf(*network, "1", 1));
  EXPECT_NEAR(outer.center.length_m(), 22.0 * kPi / 2, 1e-6);
  EXPECT_NEAR(inner.center.length_m(), 18.0 * kPi / 2, 1e-6);
  const CurvePoint end = outer.center.points().back();
  EXPECT_NEAR(end.position_m.x, 22.0, 1e-9);
  EXPECT_NEAR(end.position_m.y, 20.0, 1e-9);
  EXPECT_NEAR(end.heading_rad, kPi / 2, 1e-9);
  EXPECT_NEAR(end.curvature_1pm, 1.0 / 22.0, 1e-12);
  EXPECT_NEAR(inner.center.At(5).curvature_1pm, -1.0 / 18.0, 1e-12);  // driven the other way
  for (const CurvePoint& p : outer.center.points()) {
    EXPECT_NEAR(Distance(p.position_m, {0, 20}), 22.0, 1e-6);
  }
}

// Width 3 + 0.02 s: the centre at t = -(1.5 + 0.01 s) slopes by atan(-0.01).
TEST(RoadNetwork, WideningLaneHasASlopingCentre) {
  TinyRoad road;
  road.right =
      "<lane id=\"-1\" type=\"driving\"><width sOffset=\"0\" a=\"3\" b=\"0.02\" c=\"0\" d=\"0\"/>"
      "</lane>";
  const auto network = RoadNetwork::Parse(Document(road.Text()), "test");
  const Curve& center = network->lane(0).center;
  EXPECT_NEAR(center.At(0).heading_rad, std::atan(-0.01), 1e-12);
  EXPECT_NEAR(center.length_m(), std::hypot(100.0, 1.0), 1e-9);
  EXPECT_NEAR(center.points().back().position_m.y, -2.5, 1e-12);
  EXPECT_NEAR(center.points().back().half_width_m, 2.5, 1e-12);
}

// Cubic lane offset 0.03 s^2 - 0.0002 s^3 over 100 m: a shift by 100 m with slope 0 at both ends,
// and second derivative 0.06 at the start.
TEST(RoadNetwork, CubicLaneOffsetGivesExactHeadingAndCurvature) {
  TinyRoad road;
  road.lane_offset = "<laneOffset s=\"0\" a=\"0\" b=\"0\" c=\"0.03\" d=\"-0.0002\"/>";
  const auto network = RoadNetwork::Parse(Document(road.Text()), "test");
  const Curve& center = network->lane(0).center;
  EXPECT_NEAR(center.points().front().curvature_1pm, 0.06, 1e-12);
  EXPECT_NEAR(center.points().back().position_m.y, 100.0 - 2.0, 1e-9);
  EXPECT_NEAR(center.points().back().heading_rad, 0.0, 1e-9);
  // Arc length of y(s) by an independent trapezoid of 1e6 steps: 147.78 (slope 0.06 s - 0.0006
  // s^2).
  double length = 0.0;
  for (int i = 0; i < 1000000; ++i) {
    const double s = (i + 0.5) * 1e-4;
    length += 1e-4 * std::hypot(1.0, 0.06 * s - 0.0006 * s * s);
  }
  EXPECT_NEAR(center.length_m(), length, 1e-3);
}

// Road 1 runs east to (100, 0). Road 2 was drawn the other way: from (200, 0) west to (100, 0).
TEST(RoadNetwork, ContactPointsJoinRoadsThatRunAgainstEachOther) {
  TinyRoad first, second;
  first.link = "<successor elementType=\"road\" elementId=\"2\" contactPoint=\"end\"/>";
  first.left = LaneText(1, "4", "<successor id=\"-1\"/>");
  first.right = LaneText(-1, "4", "<successor id=\"1\"/>");
  second.id = "2";
  second.x = "200";
  second.hdg = "3.141592653589793";
  second.link = "<successor elementType=\"road\" elementId=\"1\" contactPoint=\"end\"/>";
  second.left = LaneText(1, "4", "<successor id=\"-1\"/>");
  second.right = LaneText(-1, "4", "<successor id=\"1\"/>");
  const auto network = RoadNetwork::Parse(Document(first.Text() + second.Text()), "test");
  const auto lane = [&](const char* road, int id) { return IndexOf(*network, road, id); };
  EXPECT_THAT(network->lane(lane("1", -1)).successors, ElementsAre(lane("2", 1)));
  EXPECT_THAT(network->lane(lane("2", -1)).successors, ElementsAre(lane("1", 1)));
  EXPECT_THAT(network->lane(lane("2", 1)).predecessors, ElementsAre(lane("1", -1)));
  EXPECT_THAT(network->lane(lane("1", 1)).successors, IsEmpty());
  EXPECT_THAT(network->defects(), IsEmpty());
}

TEST(RoadNetwork, OneSidedLinksAreEnough) {
  TinyRoad first, second;
  first.link = "<successor elementType=\"road\" elementId=\"2\"/>";  // no contact point either
  first.right = LaneText(-1, "4", "<successor id=\"-1\"/>");
  second.id = "2";
  second.x = "100";
  const auto network = RoadNetwork::Parse(Document(first.Text() + second.Text()), "test");
  EXPECT_THAT(network->lane(0).successors, ElementsAre(1));
  EXPECT_THAT(network->lane(1).predecessors, ElementsAre(0));
}

TEST(RoadNetwork, SectionsThatOnlyContinueAreOneLaneAndOthersAreLinked) {
  const std::string straight_on = "<predecessor id=\"-1\"/><successor id=\"-1\"/>";
  const auto section = [&](const char* s, const std::string& right) {
    return std::string("<laneSection s=\"") + s + "\"><center><lane id=\"0\" type=\"none\"/>" +
           "</center><right>" + right + "</right></laneSection>";
  };
  // Sections out of order; at 60 m a lane is added on the left of the old one.
  const std::string road =
      "<road id=\"1\" junction=\"-1\" length=\"100\"><planView><geometry s=\"0\" x=\"0\" y=\"0\" "
      "hdg=\"0\" length=\"100\"><line/></geometry></planView><lanes>"
      "<laneOffset s=\"0\" a=\"0\" b=\"0\" c=\"0\" d=\"0\"/>"
      "<laneOffset s=\"60\" a=\"3\" b=\"0\" c=\"0\" d=\"0\"/>" +
      section("60", LaneText(-1, "3") + LaneText(-2, "3", "<predecessor id=\"-1\"/>")) +
      section("0", LaneText(-1, "3", straight_on)) +
      section("20", LaneText(-1, "3", "<predecessor id=\"-1\"/><successor id=\"-2\"/>")) +
      "</lanes></road>";
  const auto network = RoadNetwork::Parse(Document(road), "test");
  ASSERT_EQ(network->lanes().size(), 3u);
  const LaneIndex before = IndexOf(*network, "1", -1, 0);
  const LaneIndex after = IndexOf(*network, "1", -2, 2);
  EXPECT_NEAR(network->lane(before).center.length_m(), 60.0, 1e-9);
  EXPECT_THAT(network->lane(before).successors, ElementsAre(after));
  EXPECT_THAT(network->lane(IndexOf(*network, "1", -1, 2)).predecessors, IsEmpty());
  EXPECT_NEAR(network->lane(before).center.points().back().position_m.y, -1.5, 1e-9);
}

// A crossing way, 8 m wide: road 1 arrives at (-10, 0); way 10 turns left to road 2 at (0, 10).
TEST(RoadNetwork, JunctionLaneTurnsLeftAndMissingLaneLinksAreFound) {
  TinyRoad arriving, leaving, way;
  arriving.x = "-110";
  arriving.link = "<successor elementType=\"junction\" elementId=\"9\"/>";
  leaving.id = "2";
  leaving.y = "10";
  leaving.hdg = "1.5707963267948966";
  leaving.link = "<predecessor elementType=\"junction\" elementId=\"9\"/>";
  way.id = "10";
  way.junction = "9";
  way.x = "-10";
  way.length = "15.707963267948966";
  way.shape = "<arc curvature=\"0.1\"/>";
  way.link =
      "<predecessor elementType=\"road\" elementId=\"1\" contactPoint=\"end\"/>"
      "<successor elementType=\"road\" elementId=\"2\" contactPoint=\"start\"/>";
  const std::string junction =
      "<junction id=\"9\"><connection id=\"0\" incomingRoad=\"1\" connectingRoad=\"10\" "
      "contactPoint=\"start\"><laneLink from=\"-1\" to=\"-1\"/></connection></junction>";
  const auto network = RoadNetwork::Parse(
      Document(arriving.Text() + leaving.Text() + way.Text() + junction), "test");
  const LaneIndex turn = IndexOf(*network, "10", -1);
  EXPECT_EQ(network->lane(turn).turn, Turn::kLeft);
  EXPECT_EQ(network->lane(turn).junction, 0);
  EXPECT_EQ(network->junctions()[0].id, "9");
  EXPECT_THAT(network->lane(turn).predecessors, ElementsAre(IndexOf(*network, "1", -1)));
  EXPECT_THAT(network->lane(turn).successors, ElementsAre(IndexOf(*network, "2", -1)));
  EXPECT_EQ(network->lane(IndexOf(*network, "1", -1)).turn, Turn::kNone);
}

TEST(RoadNetwork, SpeedLimitsComeFromLaneThenRoadInAnyUnit) {
  TinyRoad road;
  std::string text = road.Text();
  const std::string type = "<type s=\"0\" type=\"town\"><speed max=\"30\" unit=\"mph\"/></type>";
  text.insert(text.find("<planView>"), type);
  EXPECT_NEAR(RoadNetwork::Parse(Document(text), "t")->lane(0).speed_limit_mps, 13.4112, 1e-9);
  text.insert(text.find("</lane></right>"), "<speed sOffset=\"0\" max=\"36\" unit=\"km/h\"/>");
  EXPECT_NEAR(RoadNetwork::Parse(Document(text), "t")->lane(0).speed_limit_mps, 10.0, 1e-9);
}

TEST(RoadNetwork, MarksFollowTheEdgesInShortStraightPieces) {
  TinyRoad road;
  road.length = "62.83185307179586";  // a half circle of radius 20 to the left
  road.shape = "<arc curvature=\"0.05\"/>";
  std::string text = road.Text();
  text.insert(text.find("</lane></right>"),
              "<roadMark sOffset=\"0\" type=\"broken\" color=\"yellow\" width=\"0.2\"><type><line "
              "length=\"2\" space=\"4\" tOffset=\"0\" sOffset=\"0\"/></type></roadMark>");
  const auto network = RoadNetwork::Parse(Document(text), "test");
  ASSERT_EQ(network->marks().size(), 1u);
  const MarkLine& mark = network->marks()[0];
  EXPECT_EQ(mark.kind, MarkKind::kBroken);
  EXPECT_EQ(mark.color, MarkColor::kYellow);
  EXPECT_EQ(mark.width_m, 0.2);
  EXPECT_EQ(mark.dash_m, 2.0);
  EXPECT_EQ(mark.gap_m, 4.0);
  for (size_t i = 0; i < mark.points.size(); ++i) {
    EXPECT_NEAR(Distance(mark.points[i], {0, 20}), 24.0, 1e-9);
    if (i == 0) continue;
    EXPECT_LE(Distance(mark.points[i - 1], mark.points[i]), 5.0);
    EXPECT_GT(Distance((mark.points[i - 1] + mark.points[i]) * 0.5, {0, 20}), 24.0 - 0.05);
  }
  EXPECT_LT(mark.points.size(), 40u);
}

// Two ways cross at right angles; the line of the first is painted outside of the second only.
TEST(RoadNetwork, MarksInJunctionsAreKeptOnlyWhereNoOtherLaneRuns) {
  TinyRoad across, along;
  across.junction = along.junction = "9";
  across.x = "-20";
  across.length = along.length = "40";
  across.left = along.left = LaneText(1, "4");
  along.id = "2";
  along.y = "-20";
  along.hdg = "1.5707963267948966";
  std::string text = across.Text();
  const std::string center = "<lane id=\"0\" type=\"none\"/>";
  text.replace(text.find(center), center.size(),
               "<lane id=\"0\" type=\"none\"><roadMark sOffset=\"0\" type=\"solid\"/></lane>");
  const auto network = RoadNetwork::Parse(Document(text + along.Text()), "test");
  ASSERT_EQ(network->marks().size(), 2u);
  EXPECT_NEAR(network->marks()[0].points.front().x, -20.0, 1e-9);
  EXPECT_NEAR(network->marks()[0].points.back().x, -5.0, 1e-9);
  EXPECT_NEAR(network->marks()[1].points.front().x, 5.0, 1e-9);
  EXPECT_NEAR(network->marks()[1].points.back().x, 20.0, 1e-9);
}

}  // namespace
}  // namespace volante
