// CARLA's towns: counts that were made from the files by another program, and the reference route
// of the specification. The maps are not part of the repository.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <numbers>
#include <set>

#include "road/route.h"

namespace volante {
namespace {

std::shared_ptr<const RoadNetwork> LoadTown(const std::string& name) {
  const std::string path = std::string(VOLANTE_SOURCE_DIR) + "/../shared/maps/" + name + ".xodr";
  if (!std::filesystem::exists(path)) return nullptr;
  return RoadNetwork::LoadFile(path);
}

#define LOAD_OR_SKIP(variable, name)    \
  const auto variable = LoadTown(name); \
  if (!variable) GTEST_SKIP() << "the map " << name << " is not here"

TEST(Town01, HasTheCountedElements) {
  LOAD_OR_SKIP(town, "Town01");
  EXPECT_EQ(town->junctions().size(), 12u);
  std::set<std::string> roads, connecting;
  for (const Lane& lane : town->lanes()) {
    (lane.junction < 0 ? roads : connecting).insert(lane.road_id);
  }
  EXPECT_EQ(roads.size(), 26u);  // 98 roads less 72 in junctions
  EXPECT_EQ(connecting.size(), 72u);
  EXPECT_EQ(town->lanes().size(), 26u * 2 + 72u);  // every connecting road is one lane
}

TEST(Town01, ReferenceRouteIsFound) {
  LOAD_OR_SKIP(town, "Town01");
  // CARLA (x, y) is OpenDRIVE (x, -y); west is pi, and a right turn from west leads north.
  const auto start = town->NearestLane({{317.74, -129.49}, std::numbers::pi}, 3.0);
  const auto goal = town->NearestLane({{92.34, -86.73}, 0.5 * std::numbers::pi}, 3.0);
  ASSERT_TRUE(start && goal);
  EXPECT_LT(std::abs(start->on_center.lateral_m), 0.5);
  EXPECT_LT(std::abs(goal->on_center.lateral_m), 0.5);
  const Route route =
      FindRoute(town, {start->lane, start->on_center.s_m, goal->lane, goal->on_center.s_m});
  EXPECT_NEAR(route.length_m(), 265.0, 3.0);
  EXPECT_EQ(route.junction_turns(), 1);
  EXPECT_LT(route.path().points().back().heading_rad - route.path().points().front().heading_rad,
            -1.4);
}

TEST(Towns, EveryLaneMeetsItsSuccessors) {
  for (const char* name : {"Town01", "Town02", "Town04"}) {
    LOAD_OR_SKIP(town, name);
    EXPECT_THAT(town->defects(), testing::IsEmpty()) << name;
    for (const Lane& lane : town->lanes()) {
      EXPECT_FALSE(lane.successors.empty() && lane.predecessors.empty());
      const CurvePoint end = lane.center.points().back();
      for (const LaneIndex next : lane.successors) {
        const CurvePoint begin = town->lane(next).center.points().front();
        EXPECT_LT(Distance(end.position_m, begin.position_m), 0.1)
            << name << " road " << lane.road_id << " to " << town->lane(next).road_id;
        EXPECT_LT(std::abs(WrapAngle(end.heading_rad - begin.heading_rad)), 0.05);
      }
    }
  }
}

}  // namespace
}  // namespace volante
