// The built-in towns beside the default one: what each of them is for, and that its lists fit it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>

#include "road/circle.h"
#include "road/route.h"

namespace volante {
namespace {

std::shared_ptr<const RoadNetwork> Load(const std::string& name) {
  static std::map<std::string, std::shared_ptr<const RoadNetwork>> loaded;
  auto& town = loaded[name];
  if (town == nullptr) town = RoadNetwork::Parse(BuiltInTownText(name), name);
  return town;
}

class BuiltInTown : public ::testing::TestWithParam<const char*> {};

TEST_P(BuiltInTown, IsTheCommittedTextByteForByte) {
  EXPECT_EQ(MakeBuiltInTown(GetParam()), BuiltInTownText(GetParam()));
}

TEST_P(BuiltInTown, HasTheListsThatItsMakerGives) {
  const auto town = Load(GetParam());
  const TownRoutes made = MakeTownRoutes(town, kTownRoutesSeed);
  EXPECT_EQ(WriteTownRoutes(*town, made), BuiltInTownRoutesText(GetParam()));
  const TownRoutes read = ReadTownRoutes(*town, BuiltInTownRoutesText(GetParam()), GetParam());
  EXPECT_EQ(read.validation.size(), 40u);
  EXPECT_EQ(read.test.size(), 200u);
  size_t ways = 0;
  for (const Lane& lane : town->lanes()) ways += lane.junction >= 0;
  EXPECT_NEAR(static_cast<double>(read.held_out.size()), 0.2 * static_cast<double>(ways),
              0.05 * static_cast<double>(ways));
}

TEST_P(BuiltInTown, EveryLaneCanBeDrivenIntoItsSuccessors) {
  const auto town = Load(GetParam());
  EXPECT_THAT(town->defects(), ::testing::IsEmpty());
  for (const Lane& lane : town->lanes()) {
    EXPECT_FALSE(lane.successors.empty()) << lane.road_id;
    EXPECT_FALSE(lane.predecessors.empty()) << lane.road_id;
    EXPECT_GE(TightestRadius(lane), 9.0) << lane.road_id;
    const CurvePoint end = lane.center.points().back();
    const CurveGround below = lane.center.GroundAt(lane.center.length_m());
    for (const LaneIndex next : lane.successors) {
      const Lane& successor = town->lane(next);
      const CurvePoint begin = successor.center.points().front();
      EXPECT_LT(Distance(end.position_m, begin.position_m), 0.01);
      EXPECT_LT(std::abs(WrapAngle(end.heading_rad - begin.heading_rad)), 1e-4);
      EXPECT_NEAR(end.half_width_m, begin.half_width_m, 1e-9);
      const CurveGround above = successor.center.GroundAt(0.0);
      EXPECT_NEAR(below.height_m, above.height_m, 0.01) << lane.road_id;
      EXPECT_NEAR(below.grade, above.grade, 0.01) << lane.road_id;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Towns, BuiltInTown,
                         ::testing::Values("volante_town", "multilane", "country", "highway"),
                         [](const auto& param_info) { return std::string(param_info.param); });

TEST(Multilane, HasTwoLanesEachWayAndLightsAtItsFourCrossings) {
  const auto town = Load("multilane");
  int inner = 0, outer = 0, single = 0;
  for (const Lane& lane : town->lanes()) {
    if (lane.junction >= 0) continue;
    inner += lane.right != kNoLane;
    outer += lane.left != kNoLane;
    single += lane.left == kNoLane && lane.right == kNoLane;
  }
  EXPECT_EQ(inner, 2 * 14);  // 14 stretches of arterials
  EXPECT_EQ(outer, 2 * 14);
  EXPECT_EQ(single, 2 * 12);
  // Of a crossing of two times two lanes: 4 approaches x (left + 2 straight + right).
  int crossings = 0;
  for (const Junction& junction : town->junctions()) crossings += junction.lanes.size() == 16;
  EXPECT_EQ(crossings, 4);
  // In the text: each crossing has 4 lamps in 2 groups.
  const std::string text = MakeMultilaneTown();
  const auto count = [&](const std::string& wanted) {
    int found = 0;
    for (size_t at = text.find(wanted); at != std::string::npos; at = text.find(wanted, at + 1)) {
      ++found;
    }
    return found;
  };
  EXPECT_EQ(count("type=\"1000001\""), 16);
  EXPECT_EQ(count("type=\"294\""), 16);
  EXPECT_EQ(count("<control signalId"), 16);
  EXPECT_EQ(count("  <controller id"), 2 * 8);  // of the file, and named by their junctions
}

TEST(Country, RisesFallsAndBanks) {
  const auto town = Load("country");
  EXPECT_FALSE(town->flat());
  double low = 1e9, high = -1e9, steepest = 0.0, bank = 0.0;
  for (const Lane& lane : town->lanes()) {
    for (double s = 0.0; s <= lane.center.length_m(); s += 1.0) {
      const CurveGround ground = lane.center.GroundAt(s);
      low = std::min(low, ground.height_m);
      high = std::max(high, ground.height_m);
      steepest = std::max(steepest, std::abs(ground.grade));
      bank = std::max(bank, std::abs(ground.bank_rad));
    }
  }
  EXPECT_GT(high - low, 15.0);
  EXPECT_GT(steepest, 0.05);
  EXPECT_LT(steepest, 0.13);
  EXPECT_NEAR(bank, 0.06, 0.005);
}

// A banked bend is higher on its outside: on the left in a right-hand bend.
TEST(Country, BendsAreBankedInwards) {
  for (const Lane& lane : Load("country")->lanes()) {
    for (double s = 0.0; s <= lane.center.length_m(); s += 1.0) {
      const CurveGround ground = lane.center.GroundAt(s);
      if (std::abs(ground.bank_rad) < 0.02) continue;
      EXPECT_LT(ground.bank_rad * lane.center.At(s).curvature_1pm, 0.0) << lane.road_id << " " << s;
    }
  }
}

TEST(Highway, CrossesBelowItsBridges) {
  const auto town = Load("highway");
  for (const double y : {0.0, 220.0}) {  // the middles of the highway's two sides
    std::vector<LaneIndex> below, above;
    for (const double x : {-1.8, 1.8}) {
      for (const double across : {-6.9, -3.3, 3.3, 6.9}) {
        town->LanesAt({x, y + across}, below, 0.0);
        town->LanesAt({x, y + across}, above, 6.5);
      }
    }
    std::set<std::string> below_roads, above_roads;
    for (const LaneIndex i : below) below_roads.insert(town->lane(i).road_id);
    for (const LaneIndex i : above) above_roads.insert(town->lane(i).road_id);
    EXPECT_EQ(below_roads, (std::set<std::string>{y == 0.0 ? "3" : "4"}));
    EXPECT_EQ(above_roads, (std::set<std::string>{y == 0.0 ? "10" : "12"}));
  }
}

TEST(Highway, HasTwoAndThreeLanesAndEightRamps) {
  const auto town = Load("highway");
  std::map<std::string, int> lanes;
  for (const Lane& lane : town->lanes()) {
    if (lane.junction < 0) ++lanes[lane.road_id];
  }
  EXPECT_EQ(lanes["1"], 6);
  EXPECT_EQ(lanes["2"], 6);
  EXPECT_EQ(lanes["3"], 4);
  EXPECT_EQ(lanes["4"], 4);
  int ramps = 0;
  for (const auto& [road, count] : lanes) ramps += road.size() == 2 && road[0] == '2';
  EXPECT_EQ(ramps, 8);
}

}  // namespace
}  // namespace volante
