// Heights of lanes, strips and marks, and roads above roads, against hand calculations.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "road/road_network.h"
#include "tests/road/tiny_maps.h"

namespace volante {
namespace {

using testing::Document;
using ::testing::IsEmpty;
using testing::LaneText;
using testing::TinyRoad;

std::string Record(const std::string& name, double s, double a, double b = 0, double c = 0,
                   double d = 0, const std::string& more = "") {
  return "<" + name + " s=\"" + std::to_string(s) + "\" " + more + " a=\"" + std::to_string(a) +
         "\" b=\"" + std::to_string(b) + "\" c=\"" + std::to_string(c) + "\" d=\"" +
         std::to_string(d) + "\"/>";
}

std::shared_ptr<const RoadNetwork> Parse(const TinyRoad& road, const std::string& elevation,
                                         const std::string& lateral = "") {
  std::string text = road.Text();
  text.insert(text.find("<lanes>"), "<elevationProfile>" + elevation +
                                        "</elevationProfile><lateralProfile>" + lateral +
                                        "</lateralProfile>");
  return RoadNetwork::Parse(Document(text), "test");
}

const Lane& LaneOf(const RoadNetwork& network, int id) {
  for (const Lane& lane : network.lanes()) {
    if (lane.opendrive_lane == id) return lane;
  }
  throw std::runtime_error("no such lane");
}

TEST(Relief, ProfilesOfZerosLeaveAMapFlat) {
  const auto network = Parse({}, Record("elevation", 0, 0) + Record("elevation", 40, 0),
                             Record("superelevation", 0, 0));
  EXPECT_TRUE(network->flat());
  EXPECT_TRUE(network->lane(0).center.flat());
  EXPECT_THAT(network->surfaces()[0].left_height_m, IsEmpty());
}

TEST(Relief, GradesPointUphillInDrivingDirection) {
  TinyRoad road;
  road.left = LaneText(1, "3");
  const auto network = Parse(road, Record("elevation", 0, 2, 0.05));
  EXPECT_FALSE(network->flat());
  const CurveGround up = LaneOf(*network, -1).center.GroundAt(30.0);
  EXPECT_NEAR(up.height_m, 3.5, 1e-12);
  EXPECT_NEAR(up.grade, 0.05, 1e-12);
  EXPECT_NEAR(up.bank_rad, 0.0, 1e-12);
  const CurveGround down = LaneOf(*network, 1).center.GroundAt(30.0);  // at s = 70
  EXPECT_NEAR(down.height_m, 5.5, 1e-12);
  EXPECT_NEAR(down.grade, -0.05, 1e-12);
}

// z = 0.0005 s^3 - 0.05 s^2 over 60 m: pieces of strips bend by at most 4 cm.
TEST(Relief, StripsFollowTheElevation) {
  TinyRoad road;
  road.length = "60";
  const auto network = Parse(road, Record("elevation", 0, 0, 0, -0.05, 0.0005));
  const auto height = [](double s) { return 0.0005 * s * s * s - 0.05 * s * s; };
  ASSERT_EQ(network->surfaces().size(), 1u);
  const SurfaceStrip& strip = network->surfaces()[0];
  ASSERT_EQ(strip.left_height_m.size(), strip.left.size());
  for (size_t i = 0; i < strip.left.size(); ++i) {
    EXPECT_NEAR(strip.left_height_m[i], height(strip.left[i].x), 1e-9);
    EXPECT_NEAR(strip.right_height_m[i], height(strip.right[i].x), 1e-9);
    if (i == 0) continue;
    const double middle = 0.5 * (strip.left_height_m[i] + strip.left_height_m[i - 1]);
    EXPECT_NEAR(middle, height(0.5 * (strip.left[i].x + strip.left[i - 1].x)), 0.05);
  }
  EXPECT_LT(strip.left.size(), 60u);
}

// A roll of 0.2 rad about the reference line: the left side is higher.
TEST(Relief, SuperelevationRollsTheRoadAboutItsReferenceLine) {
  TinyRoad road;
  road.left = LaneText(1, "4");
  const auto network = Parse(road, Record("elevation", 0, 10), Record("superelevation", 0, 0.2));
  const Curve& right = LaneOf(*network, -1).center;
  EXPECT_NEAR(right.At(50).position_m.y, -2.0 * std::cos(0.2), 1e-9);
  EXPECT_NEAR(right.At(50).half_width_m, 2.0 * std::cos(0.2), 1e-12);
  EXPECT_NEAR(right.GroundAt(50).height_m, 10.0 - 2.0 * std::sin(0.2), 1e-9);
  EXPECT_NEAR(right.GroundAt(50).bank_rad, 0.2, 1e-12);
  const Curve& left = LaneOf(*network, 1).center;
  EXPECT_NEAR(left.GroundAt(50).height_m, 10.0 + 2.0 * std::sin(0.2), 1e-9);
  EXPECT_NEAR(left.GroundAt(50).bank_rad, -0.2, 1e-12);  // driven the other way
  const SurfaceStrip& strip = network->surfaces()[0];
  EXPECT_NEAR(strip.left[0].y, 4.0 * std::cos(0.2), 1e-12);
  EXPECT_NEAR(strip.left_height_m[0], 10.0 + 4.0 * std::sin(0.2), 1e-9);
  EXPECT_NEAR(strip.right_height_m[0], 10.0, 1e-12);
}

// On an arc of radius 20 to the left, lane -1 runs on radius 22: 1 m of road is 1.1 m of lane.
TEST(Relief, OuterLanesClimbLessSteeply) {
  TinyRoad road;
  road.length = "30";
  road.shape = "<arc curvature=\"0.05\"/>";
  const auto network = Parse(road, Record("elevation", 0, 0, 0.11));
  EXPECT_NEAR(network->lane(0).center.GroundAt(5.0).grade, 0.1, 1e-12);
  EXPECT_NEAR(network->lane(0).center.GroundAt(33.0).height_m, 3.3, 1e-6);
}

TEST(Relief, CrossfallDropsBothSidesAndShapeIsBlendedAlongTheRoad) {
  TinyRoad road;
  road.left = LaneText(1, "4");
  const auto crowned = Parse(road, "", Record("crossfall", 0, 0.03, 0, 0, 0, "side=\"both\""));
  for (const int id : {1, -1}) {
    const CurveGround ground = LaneOf(*crowned, id).center.GroundAt(20.0);
    EXPECT_NEAR(ground.height_m, -2.0 * std::tan(0.03), 1e-12);
    EXPECT_NEAR(ground.bank_rad, 0.03, 1e-12);  // either lane falls to its right
  }
  const auto one = Parse(road, "", Record("crossfall", 0, 0.03, 0, 0, 0, "side=\"left\""));
  EXPECT_EQ(LaneOf(*one, -1).center.GroundAt(20.0).height_m, 0.0);
  // Flat at s = 0; at s = 100 it rises by 0.1 per metre to the right of the reference line.
  const auto shaped = Parse(road, "",
                            Record("shape", 0, 0, 0, 0, 0, "t=\"-10\"") +
                                Record("shape", 100, 1, -0.1, 0, 0, "t=\"-10\"") +
                                Record("shape", 100, 0, 0, 0, 0, "t=\"0\""));
  const CurveGround ground = LaneOf(*shaped, -1).center.GroundAt(50.0);
  EXPECT_NEAR(ground.height_m, 0.1, 1e-12);
  EXPECT_NEAR(ground.grade, 0.002, 1e-12);
  EXPECT_NEAR(ground.bank_rad, std::atan(-0.05), 1e-12);
  EXPECT_EQ(LaneOf(*shaped, 1).center.GroundAt(50.0).height_m, 0.0);
}

// A spiral with everything at once: position, height, heading, curvature and grade of the lane must
// be one another's differences.
TEST(Relief, LaneOnASpiralWithEverythingIsConsistent) {
  TinyRoad road;
  road.length = "80";
  road.shape = "<spiral curvStart=\"-0.01\" curvEnd=\"0.05\"/>";
  road.lane_offset = "<laneOffset s=\"0\" a=\"0.5\" b=\"0\" c=\"0.001\" d=\"-0.00001\"/>";
  road.right =
      "<lane id=\"-1\" type=\"driving\"><width sOffset=\"0\" a=\"3\" b=\"0.01\" c=\"0.0002\" "
      "d=\"0\"/></lane>";
  const auto network = Parse(road, Record("elevation", 0, 3, 0.04, -0.0005),
                             Record("superelevation", 0, 0, 0.002, 0.00001));
  const Curve& lane = network->lane(0).center;
  const double h = lane.spacing_m();
  for (size_t i = 1; i + 1 < lane.points().size(); ++i) {
    const CurvePoint &a = lane.points()[i - 1], &b = lane.points()[i], &c = lane.points()[i + 1];
    const Vec2 moved = c.position_m - a.position_m;
    EXPECT_NEAR(std::atan2(moved.y, moved.x), WrapAngle(b.heading_rad), 2e-4);
    EXPECT_NEAR((c.heading_rad - a.heading_rad) / (2.0 * h), b.curvature_1pm, 2e-5) << i;
    const double s = static_cast<double>(i) * h;
    const double rise = lane.GroundAt(s + h).height_m - lane.GroundAt(s - h).height_m;
    EXPECT_NEAR(rise / (2.0 * h), lane.GroundAt(s).grade, 2e-5) << i;
  }
}

TEST(Relief, KerbsRaiseSidewalksOnFlatGround) {
  TinyRoad road;
  road.right = LaneText(-1, "3") +
               "<lane id=\"-2\" type=\"sidewalk\"><width sOffset=\"0\" a=\"2\"/>"
               "<height sOffset=\"0\" inner=\"0.12\" outer=\"0.15\"/></lane>";
  const auto network = RoadNetwork::Parse(Document(road.Text()), "test");
  EXPECT_TRUE(network->flat());
  ASSERT_EQ(network->surfaces().size(), 2u);
  EXPECT_THAT(network->surfaces()[0].left_height_m, IsEmpty());
  EXPECT_THAT(network->surfaces()[1].left_height_m, ::testing::Each(0.12));
  EXPECT_THAT(network->surfaces()[1].right_height_m, ::testing::Each(0.15));
}

// Road 2 crosses 6 m above road 1, both in one junction.
TEST(Relief, BridgesAreToldApartFromTheRoadsBelow) {
  TinyRoad below, above;
  below.junction = above.junction = "9";
  below.x = "-20";
  below.length = above.length = "40";
  above.id = "2";
  above.y = "-20";
  above.hdg = "1.5707963267948966";
  std::string text = above.Text();
  text.insert(text.find("<lanes>"),
              "<elevationProfile>" + Record("elevation", 0, 6) + "</elevationProfile>");
  const auto network = RoadNetwork::Parse(Document(below.Text() + text), "test");
  const Vec2 crossing{2.0, -2.0};
  EXPECT_EQ(network->FindLane(crossing, {}, 0.0, 0.0)->lane, 0);
  EXPECT_EQ(network->FindLane(crossing, {}, 0.0, 6.0)->lane, 1);
  EXPECT_FALSE(network->FindLane(crossing, {}, 0.0, 3.0));
  std::vector<LaneIndex> at;
  network->LanesAt(crossing, at);
  EXPECT_EQ(at.size(), 2u);
  network->LanesAt(crossing, at, 5.0);
  EXPECT_THAT(at, ::testing::ElementsAre(1));
  EXPECT_THAT(network->conflicts(0), IsEmpty());
  EXPECT_THAT(network->conflicts(1), IsEmpty());
  // On one level they meet.
  EXPECT_EQ(RoadNetwork::Parse(Document(below.Text() + above.Text()), "test")->conflicts(0).size(),
            1u);
}

}  // namespace
}  // namespace volante
