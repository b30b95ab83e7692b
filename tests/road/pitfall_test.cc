// What readers of OpenDRIVE are known to get wrong, each on a small map of its own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "road/opendrive.h"
#include "road/route.h"
#include "tests/road/tiny_maps.h"

namespace volante {
namespace {

using testing::Document;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::LaneText;
using testing::TinyRoad;

std::shared_ptr<const RoadNetwork> Parse(const std::string& roads) {
  return RoadNetwork::Parse(Document(roads), "test");
}

LaneIndex IndexOf(const RoadNetwork& network, const std::string& road, int lane, int section = 0) {
  for (size_t i = 0; i < network.lanes().size(); ++i) {
    const Lane& l = network.lanes()[i];
    if (l.road_id == road && l.opendrive_lane == lane && l.section == section) {
      return static_cast<LaneIndex>(i);
    }
  }
  return kNoLane;
}

std::string SectionText(double s, const std::string& right, const std::string& left = "") {
  return "<laneSection s=\"" + std::to_string(s) + "\"><left>" + left +
         "</left><center><lane id=\"0\" type=\"none\"/></center><right>" + right +
         "</right></laneSection>";
}

// A road whose sections (and lane offsets) are given as text.
std::string WithSections(const TinyRoad& road, const std::string& sections) {
  std::string text = road.Text();
  const size_t begin = text.find("<lanes>") + 7, end = text.find("</lanes>");
  return text.replace(begin, end - begin, sections);
}

// 3.2, row 1: exactly at a border or at the road's end.
TEST(Pitfall, TheRoadsEndAndEachBorderBelongToAValidSection) {
  const std::string text =
      WithSections({}, SectionText(0, LaneText(-1, "3")) + SectionText(60, LaneText(-1, "4")));
  const RoadLimits limits;
  const opendrive::Document document = opendrive::Read(Document(text), "test", limits);
  const opendrive::Road& road = document.roads[0];
  EXPECT_EQ(road.FrameAt(road.length_m).pose.position_m, (Vec2{100, 0}));
  std::vector<opendrive::Lateral> edges;
  road.EdgesAt(road.sections[0], 60.0, edges);
  EXPECT_EQ(edges.back().value_m, -3.0);
  road.EdgesAt(road.sections[1], 60.0, edges);
  EXPECT_EQ(edges.back().value_m, -4.0);
  road.EdgesAt(road.sections[1], 100.0, edges);
  EXPECT_EQ(edges.back().value_m, -4.0);
  const auto network = Parse(text);
  EXPECT_TRUE(network->FindLane({100.0, -1.0}, {}));
  EXPECT_TRUE(network->FindLane({60.0, -1.0}, {}));
}

// Row 2.
TEST(Pitfall, RecordsInAnyOrderMakeTheSameRoad) {
  const std::string first = SectionText(0, LaneText(-1, "3"));
  const std::string second =
      SectionText(40,
                  "<lane id=\"-1\" type=\"driving\"><width sOffset=\"30\" a=\"4\"/>"
                  "<width sOffset=\"0\" a=\"3\"/></lane>");
  const std::string offsets[] = {"<laneOffset s=\"0\" a=\"0\"/>", "<laneOffset s=\"40\" a=\"1\"/>"};
  const auto ordered = Parse(WithSections({}, offsets[0] + offsets[1] + first + second));
  const auto mixed = Parse(WithSections({}, second + offsets[1] + first + offsets[0]));
  ASSERT_EQ(ordered->lanes().size(), mixed->lanes().size());
  for (size_t i = 0; i < ordered->lanes().size(); ++i) {
    const auto& a = ordered->lanes()[i].center.points();
    const auto& b = mixed->lanes()[i].center.points();
    ASSERT_EQ(a.size(), b.size());
    for (size_t k = 0; k < a.size(); ++k) EXPECT_EQ(a[k].position_m, b[k].position_m);
  }
}

// Row 3: the offset shifts the centre line and with it both sides, from where it begins.
TEST(Pitfall, LaneOffsetsShiftBothSidesAndBeginWhereTheySay) {
  TinyRoad road;
  road.left = LaneText(1, "3");
  road.lane_offset = "<laneOffset s=\"50\" a=\"0\" b=\"0.1\"/>";
  const auto network = Parse(road.Text());
  const Curve& right = network->lane(IndexOf(*network, "1", -1)).center;
  const Curve& left = network->lane(IndexOf(*network, "1", 1)).center;
  EXPECT_NEAR(right.At(49.0).position_m.y, -2.0, 1e-9);  // nothing before its beginning
  EXPECT_NEAR(right.points().back().position_m.y, -2.0 + 5.0, 1e-9);
  EXPECT_NEAR(left.points().front().position_m.y, 1.5 + 5.0, 1e-9);
}

// Row 4: road 1 arrives at (-10, 0), the way of two sections turns left to road 2 at (0, 10).
TEST(Pitfall, ConnectingRoadsMayHaveSeveralLaneSections) {
  TinyRoad arriving, leaving, way;
  arriving.x = "-110";
  arriving.link = "<successor elementType=\"junction\" elementId=\"0\"/>";
  leaving.id = "2";
  leaving.y = "10";
  leaving.hdg = "1.5707963267948966";
  leaving.link = "<predecessor elementType=\"junction\" elementId=\"0\"/>";
  way.id = "10";
  way.junction = "0";  // an id like others, not "none"
  way.x = "-10";
  way.length = "15.707963267948966";
  way.shape = "<arc curvature=\"0.1\"/>";
  way.link =
      "<predecessor elementType=\"road\" elementId=\"1\" contactPoint=\"end\"/>"
      "<successor elementType=\"road\" elementId=\"2\" contactPoint=\"start\"/>";
  const std::string sections =
      SectionText(0, LaneText(-1, "4", "<predecessor id=\"-1\"/><successor id=\"-2\"/>")) +
      SectionText(8, LaneText(-1, "0.01", "", "shoulder") +
                         LaneText(-2, "3.99", "<predecessor id=\"-1\"/><successor id=\"-1\"/>"));
  const auto network =
      Parse(arriving.Text() + leaving.Text() + WithSections(way, sections) +
            "<junction id=\"0\"><connection incomingRoad=\"1\" connectingRoad=\"10\" "
            "contactPoint=\"start\"><laneLink from=\"-1\" to=\"-1\"/></connection></junction>");
  const LaneIndex first = IndexOf(*network, "10", -1), last = IndexOf(*network, "10", -2, 1);
  EXPECT_THAT(network->lane(IndexOf(*network, "1", -1)).successors, ElementsAre(first));
  EXPECT_THAT(network->lane(first).successors, ElementsAre(last));
  EXPECT_THAT(network->lane(last).successors, ElementsAre(IndexOf(*network, "2", -1)));
  EXPECT_EQ(network->lane(first).turn, Turn::kLeft);  // 46 and 44 degrees: 90 together
  EXPECT_EQ(network->lane(last).turn, Turn::kLeft);
  EXPECT_EQ(network->junctions().size(), 1u);
  EXPECT_THAT(network->defects(), IsEmpty());
}

// Row 5: a lane that is not there yet, a section of 1 mm, geometries of 1 cm and of 1/100 mm.
TEST(Pitfall, ThinLanesAndShortPiecesDoNotBreakARoad) {
  TinyRoad road;
  road.shape =
      "<line/></geometry><geometry s=\"100\" x=\"100\" y=\"0\" hdg=\"0\" length=\"0.01\"><line/>"
      "</geometry><geometry s=\"100.01\" x=\"100.01\" y=\"0\" hdg=\"0\" length=\"0.00001\"><line/>";
  const std::string on = "<predecessor id=\"-1\"/><successor id=\"-1\"/>";
  const auto network =
      Parse(WithSections(road, SectionText(0, LaneText(-1, "3", on) + LaneText(-2, "0")) +
                                   SectionText(40, LaneText(-1, "3", on) + LaneText(-2, "0")) +
                                   SectionText(40.001, LaneText(-1, "3", on) + LaneText(-2, "0"))));
  const Lane& lane = network->lane(IndexOf(*network, "1", -1));
  EXPECT_EQ(lane.right, kNoLane);  // nobody can drive on the lane without width
  double length = 0.0;
  for (const Lane& piece : network->lanes()) {
    EXPECT_NEAR(piece.center.points().front().position_m.y, -1.5, 1e-9);
    length += piece.center.length_m();
  }
  EXPECT_NEAR(length, 100.01, 2e-3);
}

// Row 6.
TEST(Pitfall, MarksWithNegativeOffsetsBeginAtTheSection) {
  TinyRoad road;
  std::string text = road.Text();
  text.insert(text.find("</lane></right>"),
              "<roadMark sOffset=\"-3\" type=\"solid\"/><roadMark sOffset=\"40\" type=\"none\"/>");
  const auto network = Parse(text);
  ASSERT_EQ(network->marks().size(), 1u);
  EXPECT_NEAR(network->marks()[0].points.front().x, 0.0, 1e-12);
  EXPECT_NEAR(network->marks()[0].points.back().x, 40.0, 1e-12);
}

// Row 7: heading 1e-7 s^2 / 2 by s = 100 m is 5e-4 rad, the offset 1e-7 s^3 / 6 = 1.67 cm.
TEST(Pitfall, SpiralsOfLowCurvatureAreNotTakenForLines) {
  TinyRoad road;
  road.shape = "<spiral curvStart=\"0\" curvEnd=\"0.00001\"/>";
  road.lane_offset = "<laneOffset s=\"0\" a=\"2\"/>";  // the lane's centre is the reference line
  const auto network = Parse(road.Text());
  EXPECT_NEAR(network->lane(0).center.points().back().position_m.y, 1.0 / 60.0, 1e-8);
  EXPECT_NEAR(network->lane(0).center.points().back().heading_rad, 5e-4, 1e-12);
}

// Row 8: looked up where a lane is, a lane is found, and not the one beside it.
TEST(Pitfall, LookupsOnSpiralsFindTheLaneItself) {
  TinyRoad road;
  road.shape = "<spiral curvStart=\"-0.02\" curvEnd=\"0.06\"/>";
  road.right = LaneText(-1, "3") + LaneText(-2, "3.5");
  road.left = LaneText(1, "3");
  const auto network = Parse(road.Text());
  for (LaneIndex i = 0; i < 3; ++i) {
    const Curve& center = network->lane(i).center;
    for (double s = 0.1; s < center.length_m(); s += 0.9) {
      for (const double side : {-1.3, 0.0, 1.3}) {
        const CurvePoint p = center.At(s);
        const Vec2 at = WorldFromLocal({p.position_m, p.heading_rad}, {0.0, side});
        const auto found = network->FindLane(at, p.heading_rad);
        ASSERT_TRUE(found);
        EXPECT_EQ(found->lane, i) << s << " " << side;
        EXPECT_NEAR(found->on_center.s_m, s, 0.05);  // beside chords of half a metre
        EXPECT_NEAR(found->on_center.lateral_m, side, 0.02);
      }
    }
  }
}

// Row 9: 9 mm are rounding, 5 cm are reported; both are driven.
TEST(Pitfall, SmallGapsBetweenGeometriesAreNoErrors) {
  for (const auto& [gap, defects] : {std::pair("0.009", 0u), std::pair("0.05", 1u)}) {
    TinyRoad road;
    road.shape = std::string("<line/></geometry><geometry s=\"100\" x=\"100\" y=\"") + gap +
                 "\" hdg=\"0\" length=\"50\"><spiral curvStart=\"0\" curvEnd=\"0.01\"/>";
    const auto network = Parse(road.Text());
    // The lane runs 2 m outside of a bend by 0.25 rad.
    EXPECT_NEAR(network->lane(0).center.length_m(), 150.5, 0.01);
    size_t jumps = 0;
    for (const std::string& defect : network->defects()) {
      jumps += defect.find("jumps") != std::string::npos;
    }
    EXPECT_EQ(jumps, defects) << gap;
  }
}

// Row 10.
TEST(Pitfall, TheGeometryDecidesNotTheRoadsLengthAttribute) {
  std::string text = TinyRoad{}.Text();
  text.replace(text.find("length=\"100\""), 12, "length=\"300\"");
  EXPECT_NEAR(Parse(text)->lane(0).center.length_m(), 100.0, 1e-9);
}

// Rows 11 and 12.
TEST(Pitfall, CommentsBeforeThePrologAndOddHeadersAreNoHindrance) {
  const std::string text =
      "<!-- a licence -->\n<?xml version=\"1.0\"?><OpenDRIVE><header><geoReference><![CDATA["
      "+lat_0=4.9e1 +geoidgrids=egm96.gtx]]></geoReference></header>" +
      TinyRoad{}.Text() + "</OpenDRIVE>";
  EXPECT_EQ(RoadNetwork::Parse(text, "test")->lanes().size(), 1u);
}

// Row 13: no lane links at all, and a contact point that names the wrong end.
TEST(Pitfall, LanesThatMeetAreJoinedWithoutLinksAndAgainstWrongContactPoints) {
  for (const char* contact : {"start", "end"}) {
    TinyRoad first, second;
    first.left = LaneText(1, "3");
    first.link = std::string("<successor elementType=\"road\" elementId=\"2\" contactPoint=\"") +
                 contact + "\"/>";
    second.id = "2";
    second.x = "100";
    second.left = LaneText(1, "3");
    const auto network = Parse(first.Text() + second.Text());
    const auto lane = [&](const char* road, int id) { return IndexOf(*network, road, id); };
    EXPECT_THAT(network->lane(lane("1", -1)).successors, ElementsAre(lane("2", -1))) << contact;
    EXPECT_THAT(network->lane(lane("2", 1)).successors, ElementsAre(lane("1", 1))) << contact;
  }
}

// Row 14: the way is drawn against its driving direction; its lane 1 is driven from end to start.
TEST(Pitfall, LanesMayChangeTheirSideInAJunction) {
  TinyRoad arriving, leaving, way;
  arriving.x = "-100";
  arriving.link = "<successor elementType=\"junction\" elementId=\"9\"/>";
  leaving.id = "2";
  leaving.x = "20";
  way.id = "way";  // ids are words
  way.junction = "9";
  way.x = "20";
  way.hdg = "3.141592653589793";
  way.length = "20";
  way.right = "";
  way.left = LaneText(1, "4", "<predecessor id=\"-1\"/><successor id=\"-1\"/>");
  way.link =
      "<predecessor elementType=\"road\" elementId=\"2\" contactPoint=\"start\"/>"
      "<successor elementType=\"road\" elementId=\"1\" contactPoint=\"end\"/>";
  const auto network =
      Parse(arriving.Text() + leaving.Text() + way.Text() +
            "<junction id=\"9\"><connection incomingRoad=\"1\" connectingRoad=\"way\" "
            "contactPoint=\"end\"><laneLink from=\"-1\" to=\"1\"/></connection></junction>");
  const LaneIndex turn = IndexOf(*network, "way", 1);
  EXPECT_THAT(network->lane(turn).predecessors, ElementsAre(IndexOf(*network, "1", -1)));
  EXPECT_THAT(network->lane(turn).successors, ElementsAre(IndexOf(*network, "2", -1)));
}

// Row 15: the strip has its corners where the arc becomes a line.
TEST(Pitfall, StripsHaveTheirCornersWhereGeometriesMeet) {
  TinyRoad road;
  road.length = "15.707963267948966";  // a quarter of radius 10, then north
  road.shape =
      "<arc curvature=\"0.1\"/></geometry><geometry s=\"15.707963267948966\" x=\"10\" y=\"10\" "
      "hdg=\"1.5707963267948966\" length=\"50\"><line/>";
  const auto network = Parse(road.Text());
  const SurfaceStrip& strip = network->surfaces()[0];
  const auto holds = [](const std::vector<Vec2>& side, Vec2 point) {
    return std::any_of(side.begin(), side.end(), [&](Vec2 p) { return Distance(p, point) < 1e-9; });
  };
  EXPECT_TRUE(holds(strip.left, {10, 10}));
  EXPECT_TRUE(holds(strip.right, {14, 10}));
}

// 3.1: junctions without ways of their own (1.7), and lanes for both directions.
TEST(Pitfall, DirectJunctionsJoinRoadsThemselves) {
  TinyRoad arriving, straight, exit;
  arriving.right = LaneText(-1, "4") + LaneText(-2, "4");
  arriving.link = "<successor elementType=\"junction\" elementId=\"9\"/>";
  straight.id = "2";
  straight.x = exit.x = "100";
  straight.link = exit.link = "<predecessor elementType=\"junction\" elementId=\"9\"/>";
  exit.id = "3";
  exit.y = "-4";
  const auto network =
      Parse(arriving.Text() + straight.Text() + exit.Text() +
            "<junction id=\"9\" type=\"direct\"><connection incomingRoad=\"1\" linkedRoad=\"2\" "
            "contactPoint=\"start\"><laneLink from=\"-1\" to=\"-1\"/></connection><connection "
            "incomingRoad=\"1\" linkedRoad=\"3\" contactPoint=\"start\"><laneLink from=\"-2\" "
            "to=\"-1\"/></connection></junction>");
  EXPECT_THAT(network->lane(IndexOf(*network, "1", -1)).successors,
              ElementsAre(IndexOf(*network, "2", -1)));
  EXPECT_THAT(network->lane(IndexOf(*network, "1", -2)).successors,
              ElementsAre(IndexOf(*network, "3", -1)));
  EXPECT_THAT(network->defects(), IsEmpty());
}

TEST(Pitfall, BidirectionalLanesAreDrivenWhereThereAreNoOthers) {
  TinyRoad road;
  road.right = LaneText(-1, "4", "", "bidirectional");
  EXPECT_EQ(Parse(road.Text())->lanes().size(), 1u);
  road.right += LaneText(-2, "3");  // beside a lane to drive on it is a turning lane
  const auto network = Parse(road.Text());
  ASSERT_EQ(network->lanes().size(), 1u);
  EXPECT_EQ(network->lane(0).opendrive_lane, -2);
}

TEST(Pitfall, BordersAreLanesToo) {
  TinyRoad road;
  road.right =
      "<lane id=\"-1\" type=\"driving\"><border sOffset=\"0\" a=\"-3\"/></lane>"
      "<lane id=\"-2\" type=\"driving\"><border sOffset=\"0\" a=\"-7\" b=\"-0.01\"/></lane>";
  const auto network = Parse(road.Text());
  EXPECT_NEAR(network->lane(0).center.At(0).position_m.y, -1.5, 1e-12);
  EXPECT_NEAR(network->lane(1).center.At(0).half_width_m, 2.0, 1e-12);
  EXPECT_NEAR(network->lane(1).center.points().back().position_m.y, -5.5, 1e-12);
}

}  // namespace
}  // namespace volante
