// CARLA's towns: counts that were made from the files by another program, and the reference route
// of the specification. The maps are not part of the repository.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <numbers>
#include <set>

#include "base/files.h"
#include "road/opendrive.h"
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

// Elements of the files, counted by Python's ElementTree; lengths are those of OpenDRIVE's road
// attribute, summed by the same.
struct Counted {
  const char* name;
  size_t roads, connecting_roads, junctions;
  double length_km;
  int lines, specks, arcs;  // specks: lines shorter than 0.1 mm, which the reader bridges
  int slopes;               // elevation records that are not level
};
constexpr Counted kCounted[] = {{"Town01", 98, 72, 12, 3.923072, 240, 0, 112, 0},
                                {"Town02", 68, 48, 8, 1.757628, 329, 2, 81, 0},
                                {"Town04", 242, 189, 27, 9.749614, 917, 34, 298, 369}};

std::ostream& operator<<(std::ostream& out, const Counted& town) { return out << town.name; }

class Elements : public testing::TestWithParam<Counted> {};

TEST_P(Elements, AreReadWholeAndJoinWithoutGaps) {
  const Counted& counted = GetParam();
  const std::string path =
      std::string(VOLANTE_SOURCE_DIR) + "/../shared/maps/" + counted.name + ".xodr";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "the map " << counted.name << " is not here";
  const auto file = opendrive::Read(ReadText(RealFiles(), path), counted.name, {});
  EXPECT_EQ(file.roads.size(), counted.roads);
  EXPECT_EQ(file.junctions.size(), counted.junctions);
  size_t connecting = 0;
  int lines = 0, arcs = 0, slopes = 0;
  double length_m = 0.0;
  for (const opendrive::Road& road : file.roads) {
    connecting += !road.junction.empty();
    double sum_m = 0.0;
    for (size_t i = 0; i < road.geometries.size(); ++i) {
      const opendrive::Geometry& g = road.geometries[i];
      ASSERT_EQ(g.shape, opendrive::Geometry::Shape::kArc) << road.id;
      ++(g.curvature_1pm == 0.0 ? lines : arcs);
      sum_m += g.length_m;
      if (i + 1 == road.geometries.size()) continue;
      // The closed forms of line and arc end where the next one begins.
      const Pose2 &start = g.start, &next = road.geometries[i + 1].start;
      const double turn = g.curvature_1pm * g.length_m, heading = start.heading_rad;
      Vec2 end = start.position_m + UnitFromHeading(heading) * g.length_m;
      if (g.curvature_1pm != 0.0) {
        end = start.position_m + Vec2{std::sin(heading + turn) - std::sin(heading),
                                      std::cos(heading) - std::cos(heading + turn)} *
                                     (1.0 / g.curvature_1pm);
      }
      EXPECT_LT(Distance(end, next.position_m), 0.01) << road.id;
      const opendrive::LineFrame ours = road.FrameAt(g.end_s_m());
      EXPECT_LT(Distance(end, ours.pose.position_m), 0.01) << road.id;
    }
    EXPECT_NEAR(sum_m, road.stated_length_m, 1e-4) << road.id;
    EXPECT_NEAR(road.length_m, road.stated_length_m, 1e-4) << road.id;
    length_m += road.length_m;
    for (const auto& e : road.relief.elevations) slopes += e.b != 0.0 || e.c != 0.0 || e.d != 0.0;
  }
  EXPECT_EQ(connecting, counted.connecting_roads);
  EXPECT_EQ(lines, counted.lines - counted.specks);
  EXPECT_EQ(arcs, counted.arcs);
  EXPECT_EQ(slopes, counted.slopes);
  EXPECT_NEAR(length_m / 1000.0, counted.length_km, 2e-6);
}

INSTANTIATE_TEST_SUITE_P(Towns, Elements, testing::ValuesIn(kCounted),
                         [](const auto& town) { return std::string(town.param.name); });

// As netconvert 1.15 counts them (`--opendrive.curve-resolution 1`); sumo_test.cc compares one by
// one where SUMO is installed.
TEST(Towns, HaveAsManyEdgesAndConnectionsAsNetconvertCounts) {
  for (const auto& [name, edges, connections] :
       {std::tuple{"Town01", 52u, 88u}, {"Town02", 40u, 64u}, {"Town04", 99u, 293u}}) {
    LOAD_OR_SKIP(town, name);
    std::set<std::pair<std::string, bool>> roads;  // and direction
    std::set<std::pair<LaneIndex, LaneIndex>> pairs;
    for (size_t i = 0; i < town->lanes().size(); ++i) {
      const Lane& lane = town->lanes()[i];
      if (lane.junction >= 0) continue;
      const bool along = lane.opendrive_lane < 0;
      roads.emplace(lane.road_id, along);
      std::vector<LaneIndex> ways(lane.successors);
      while (!ways.empty()) {
        const LaneIndex to = ways.back();
        ways.pop_back();
        const Lane& next = town->lane(to);
        if (next.junction >= 0) {
          ways.insert(ways.end(), next.successors.begin(), next.successors.end());
        } else if (next.road_id != lane.road_id || (next.opendrive_lane < 0) != along) {
          pairs.emplace(static_cast<LaneIndex>(i), to);  // else: sections of one edge
        }
      }
    }
    EXPECT_EQ(roads.size(), edges) << name;
    EXPECT_EQ(pairs.size(), connections) << name;
  }
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
