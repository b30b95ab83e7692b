// Every kind of defect that `volante map check` names, on a map that has it and nothing else.
#include "road/map_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/road/tiny_maps.h"

namespace volante {
namespace {

using testing::Document;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::LaneText;
using testing::TinyRoad;

std::vector<std::string> Check(const std::string& roads) {
  return CheckMap(*RoadNetwork::Parse(Document(roads), "test"), {});
}

std::string With(std::string text, const std::string& before, const std::string& insertion) {
  return text.insert(text.find(before), insertion);
}

// Two roads in a row; the second begins at (100, 0) unless the test moves it.
struct TwoRoads {
  TinyRoad first, second;

  TwoRoads() {
    first.link = "<successor elementType=\"road\" elementId=\"2\" contactPoint=\"start\"/>";
    first.right = LaneText(-1, "4", "<successor id=\"-1\"/>");
    second.id = "2";
    second.x = "100";
  }
  std::string Text() const { return first.Text() + second.Text(); }
};

TEST(MapCheck, ASoundMapHasNoDefects) { EXPECT_THAT(Check(TwoRoads{}.Text()), IsEmpty()); }

TEST(MapCheck, LengthsThatDisagree) {
  std::string text = TinyRoad{}.Text();
  text.replace(text.find("length=\"100\""), 12, "length=\"101\"");
  EXPECT_THAT(Check(text),
              ElementsAre(HasSubstr("road 1 at s 0 m: its length attribute says 101.0")));
  TinyRoad curve;  // 100 m by its attribute, 102 m by its shape
  curve.shape = "<paramPoly3 pRange=\"normalized\" bU=\"102\"/>";
  EXPECT_THAT(Check(curve.Text()),
              ElementsAre(HasSubstr("road 1 at s 0 m: a curve's length attribute says 100.0")));
}

TEST(MapCheck, JumpsAndKinksOfAReferenceLine) {
  TinyRoad road;
  const auto after = [&](const char* x, const char* y, const char* hdg) {
    return std::string("<line/></geometry><geometry s=\"100\" x=\"") + x + "\" y=\"" + y +
           "\" hdg=\"" + hdg + "\" length=\"100\"><line/>";
  };
  const auto check = [&](const std::string& shape) {
    road.shape = shape;
    std::string text = road.Text();
    return Check(text.replace(text.find("length=\"100\""), 12, "length=\"200\""));
  };
  EXPECT_THAT(check(after("100", "0.005", "0")), IsEmpty());  // half a centimetre is rounding
  EXPECT_THAT(check(after("100", "0.1", "0")),
              ElementsAre(HasSubstr("road 1 at s 100 m: the reference line jumps by 0.1")));
  const std::vector<std::string> kink = check(after("100", "0", "0.2"));
  ASSERT_FALSE(kink.empty());
  EXPECT_THAT(kink[0], HasSubstr("road 1 at s 100 m: the reference line has a kink of 11.45"));
}

TEST(MapCheck, LinksToWhatDoesNotExist) {
  TinyRoad road;
  road.link =
      "<predecessor elementType=\"junction\" elementId=\"8\"/>"
      "<successor elementType=\"road\" elementId=\"7\"/>";
  EXPECT_THAT(Check(road.Text()),
              ElementsAre(HasSubstr("road 1 at s 0 m: links to junction 8, which does not exist"),
                          HasSubstr("road 1 at s 100 m: links to road 7, which does not exist")));
  TwoRoads roads;
  roads.first.right = LaneText(-1, "4", "<successor id=\"-3\"/>");
  EXPECT_THAT(Check(roads.Text()),
              ElementsAre(HasSubstr("road 1 at s 100 m: lane -1 links to lane -3 of road 2")));
  EXPECT_THAT(Check(TinyRoad{}.Text() +
                    "<junction id=\"9\"><connection incomingRoad=\"1\" connectingRoad=\"4\"/>"
                    "</junction>"),
              ElementsAre(HasSubstr("junction 9: connects road 1 by road 4, of which road 4")));
}

TEST(MapCheck, LinksOverGaps) {
  TwoRoads roads;
  roads.second.x = "100.5";
  EXPECT_THAT(Check(roads.Text()),
              ElementsAre(HasSubstr(
                  "road 1 at s 100 m: lane -1 leads to road 2 lane -1 over a gap of 0.5")));
  roads.second.x = "103";
  EXPECT_THAT(Check(roads.Text()), ElementsAre(HasSubstr("; the link is not used")));
}

TEST(MapCheck, KinksBetweenLanes) {
  TwoRoads roads;
  roads.second.hdg = "0.2";
  roads.second.y = "-1.96013316";  // so that the lanes' ends meet: -2 + 2 cos(0.2)
  roads.second.y = "-0.03986684";
  roads.second.x = "99.60266134";  // 100 - 2 sin(0.2)
  EXPECT_THAT(Check(roads.Text()), ElementsAre(HasSubstr("road 1 at s 100 m: lane -1 meets road 2 "
                                                         "lane -1 with a kink of 11.46 degrees")));
}

TEST(MapCheck, NegativeWidths) {
  TinyRoad road;
  road.right = "<lane id=\"-1\" type=\"driving\"><width sOffset=\"0\" a=\"3\" b=\"-0.04\"/></lane>";
  EXPECT_THAT(Check(road.Text()),
              ElementsAre(HasSubstr("road 1 at s 81.25 m: lane -1 has the width -0.25")));
}

TEST(MapCheck, TurnsTighterThanTheEgoCanTake) {
  TinyRoad road;  // the lane lies 2 m inside a left turn of radius 6
  road.length = "9";
  road.shape = "<arc curvature=\"-0.16666666666666666\"/>";
  EXPECT_THAT(Check(road.Text()),
              ElementsAre(HasSubstr("road 1 at s 0 m: lane -1 has a radius of 4 m, tighter")));
  road.shape = "<arc curvature=\"-0.15\"/>";  // 6.67 m less 2 m
  EXPECT_THAT(Check(road.Text()), IsEmpty());
}

TEST(MapCheck, LanesThatFoldOver) {
  TinyRoad road, sound;
  road.length = "6";
  road.shape = "<arc curvature=\"-0.6\"/>";
  sound.id = "2";
  sound.y = "50";
  EXPECT_THAT(Check(road.Text() + sound.Text()),
              ElementsAre(HasSubstr("road 1 at s 0 m: lane -1 lies inside the centre")));
}

TEST(MapCheck, ConnectingLanesThatLeadNowhere) {
  TinyRoad way;
  way.junction = "9";
  EXPECT_THAT(
      Check(way.Text() + "<junction id=\"9\"/>"),
      ElementsAre(HasSubstr("road 1 at s 0 m: lane -1 lies in a junction and comes from nowhere"),
                  HasSubstr("road 1 at s 100 m: lane -1 lies in a junction and leads nowhere")));
}

std::string Elevation(double s, double a) {
  return "<elevation s=\"" + std::to_string(s) + "\" a=\"" + std::to_string(a) + "\"/>";
}

TEST(MapCheck, JumpsOfHeight) {
  EXPECT_THAT(Check(With(TinyRoad{}.Text(), "<lanes>",
                         "<elevationProfile>" + Elevation(0, 1) + Elevation(40, 1.7) +
                             "</elevationProfile>")),
              ElementsAre(HasSubstr("road 1 at s 40 m: lane -1: its height jumps by 0.")));
  const TwoRoads roads;
  EXPECT_THAT(
      Check(roads.first.Text() +
            With(roads.second.Text(), "<lanes>",
                 "<elevationProfile>" + Elevation(0, 0.5) + "</elevationProfile>")),
      ElementsAre(HasSubstr("road 1 at s 100 m: lane -1 leads to road 2 lane -1 over a step "
                            "of 0.5")));
}

TEST(MapCheck, RoadsThatCrossWithoutRoomBetweenThem) {
  TinyRoad below, above;
  below.x = "-50";
  above.id = "2";
  above.y = "-50";
  above.hdg = "1.5707963267948966";
  const auto at_height = [&](double height) {
    return Check(below.Text() +
                 With(above.Text(), "<lanes>",
                      "<elevationProfile>" + Elevation(0, height) + "</elevationProfile>"));
  };
  EXPECT_THAT(at_height(0), ElementsAre(HasSubstr("lane -1 crosses road 2 lane -1 on its level")));
  EXPECT_THAT(at_height(1.5), ElementsAre(HasSubstr("road 2 at s 48 m: lane -1 crosses road 1")));
  EXPECT_THAT(at_height(3), ElementsAre(HasSubstr("passes only 3 m above road 1 lane -1")));
  EXPECT_THAT(at_height(5), IsEmpty());
}

TEST(MapCheck, RoadsThatAreLeftOut) {
  std::string bare = TinyRoad{}.Text();
  const size_t lanes = bare.find("<lanes>");
  bare.erase(lanes, bare.find("</lanes>") + 8 - lanes);
  TinyRoad empty, sound;
  empty.id = "3";
  empty.length = "0";
  sound.id = "2";
  EXPECT_THAT(Check(bare + empty.Text() + sound.Text()),
              ElementsAre(HasSubstr("road 1 at s 0 m: the road has no lanes"),
                          HasSubstr("road 3 at s 0 m: the road has no geometry with a length")));
}

}  // namespace
}  // namespace volante
