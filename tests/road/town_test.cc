// The built-in town: shape, geometry, what the camera sees of it, and where ways conflict.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <set>

#include "base/error.h"
#include "road/circle.h"
#include "road/route.h"

namespace volante {
namespace {

std::shared_ptr<const RoadNetwork> Town() {
  static const auto town = RoadNetwork::Parse(BuiltInTownText("volante_town"), "volante_town");
  return town;
}

TEST(Town, IsTheCommittedTextByteForByte) {
  EXPECT_EQ(MakeVolanteTown(), BuiltInTownText("volante_town"));
  EXPECT_THAT(BuiltInTownNames(), ::testing::Contains("volante_town"));
}

TEST(Town, UnknownNameIsAUsageErrorWithTheNearestName) {
  try {
    BuiltInTownText("volante_twon");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::kUsage);
    EXPECT_THAT(error.OneLine(), ::testing::HasSubstr("did you mean 'volante_town'"));
  }
}

TEST(Town, HasTheShapeOfTown01) {
  const auto town = Town();
  EXPECT_EQ(town->junctions().size(), 12u);
  const RoadTotals totals = town->totals();
  EXPECT_NEAR(totals.streets_m + totals.connecting_m, 3920.0, 200.0);
  EXPECT_EQ(totals.connecting_roads, 72);
  int turns[4] = {};
  for (const Lane& lane : town->lanes()) ++turns[static_cast<int>(lane.turn)];
  // A T-junction has two ways of each kind.
  EXPECT_EQ(turns[static_cast<int>(Turn::kLeft)], 24);
  EXPECT_EQ(turns[static_cast<int>(Turn::kRight)], 24);
  EXPECT_EQ(turns[static_cast<int>(Turn::kStraight)], 24);
  EXPECT_THAT(town->defects(), ::testing::IsEmpty());
}

// Radii from the sampled positions alone: the circle through three neighbouring points.
TEST(Town, NoTurnIsTighterThanNineMetres) {
  for (const Lane& lane : Town()->lanes()) {
    const auto& points = lane.center.points();
    for (size_t i = 2; i < points.size(); ++i) {
      const Vec2 a = points[i - 2].position_m, b = points[i - 1].position_m,
                 c = points[i].position_m;
      const double radius = CircleRadius(a, b, c);
      if (radius == 1e9) continue;
      EXPECT_GE(radius, 9.0) << lane.road_id;
      EXPECT_LT(std::abs(std::abs(points[i - 1].curvature_1pm) - 1.0 / radius), 0.06);
    }
  }
}

TEST(Town, EveryLaneMeetsItsSuccessorsWithinACentimetre) {
  const auto town = Town();
  for (const Lane& lane : town->lanes()) {
    EXPECT_EQ(lane.successors.size(), lane.junction < 0 ? 2u : 1u);
    EXPECT_EQ(lane.predecessors.size(), lane.junction < 0 ? 2u : 1u);
    const CurvePoint end = lane.center.points().back();
    for (const LaneIndex next : lane.successors) {
      const CurvePoint begin = town->lane(next).center.points().front();
      EXPECT_LT(Distance(end.position_m, begin.position_m), 0.01);
      EXPECT_LT(std::abs(WrapAngle(end.heading_rad - begin.heading_rad)), 1e-4);
      EXPECT_NEAR(end.half_width_m, begin.half_width_m, 1e-9);
    }
  }
}

bool InQuad(Vec2 p, Vec2 a, Vec2 b, Vec2 c, Vec2 d) {
  const Vec2 corners[] = {a, b, c, d};
  int left = 0, right = 0;
  for (int i = 0; i < 4; ++i) {
    const double side = Cross(corners[(i + 1) % 4] - corners[i], p - corners[i]);
    left += side > -1e-9;
    right += side < 1e-9;
  }
  return left == 4 || right == 4;
}

bool OnSurface(const RoadNetwork& network, Vec2 point, Surface surface) {
  for (const SurfaceStrip& strip : network.surfaces()) {
    if (strip.surface != surface) continue;
    for (size_t i = 1; i < strip.left.size(); ++i) {
      if (InQuad(point, strip.left[i - 1], strip.left[i], strip.right[i], strip.right[i - 1])) {
        return true;
      }
    }
  }
  return false;
}

TEST(Town, RoadSurfaceHasNoHolesUnderLanesAndSidewalksRunAlongThem) {
  const auto town = Town();
  for (const Lane& lane : town->lanes()) {
    for (double s = 0.3; s < lane.center.length_m(); s += 7.7) {
      const CurvePoint p = lane.center.At(s);
      const Pose2 pose{p.position_m, p.heading_rad};
      for (const double lateral : {-1.7, 0.0, 1.7}) {
        EXPECT_TRUE(OnSurface(*town, WorldFromLocal(pose, {0, lateral}), Surface::kRoad))
            << lane.road_id << " at " << s << " and " << lateral;
      }
      if (lane.junction >= 0) continue;
      // Lane edge 1.875, shoulder 0.5, sidewalk 2.75.
      EXPECT_TRUE(OnSurface(*town, WorldFromLocal(pose, {0, -2.1}), Surface::kShoulder));
      EXPECT_TRUE(OnSurface(*town, WorldFromLocal(pose, {0, -3.7}), Surface::kSidewalk));
      EXPECT_FALSE(OnSurface(*town, WorldFromLocal(pose, {0, -3.7}), Surface::kRoad));
    }
  }
}

// A town without the filled pieces has open ground in no place that lanes enclose either: here the
// ways of a T cover its middle.
TEST(Town, JunctionsArePavedThroughout) {
  const auto town = Town();
  for (const Junction& junction : town->junctions()) {
    for (double r = 0.0; r < 3.0; r += 0.35) {
      for (double a = 0.0; a < 6.28; a += 0.5) {
        const Vec2 p = junction.center_m + UnitFromHeading(a) * r;
        EXPECT_TRUE(OnSurface(*town, p, Surface::kRoad)) << junction.id << " " << r << " " << a;
      }
    }
  }
}

TEST(Town, MarksStayOnStreets) {
  const auto town = Town();
  std::vector<LaneIndex> lanes;
  int solid = 0, broken = 0;
  for (const MarkLine& mark : town->marks()) {
    (mark.kind == MarkKind::kSolid ? solid : broken) += 1;
    for (size_t i = 1; i < mark.points.size(); ++i) {
      EXPECT_LE(Distance(mark.points[i - 1], mark.points[i]), 5.0 + 1e-9);
      const Vec2 middle = (mark.points[i - 1] + mark.points[i]) * 0.5;
      const auto lane = town->FindLane(middle, std::nullopt, 0.1);
      ASSERT_TRUE(lane);
      EXPECT_LT(town->lane(lane->lane).junction, 0);
    }
  }
  EXPECT_EQ(broken, 18);     // a centre line for each street
  EXPECT_EQ(solid, 2 * 18);  // and its two edges
}

TEST(Town, ConflictsAreSymmetricAndOnlyWhereCarsWouldTouch) {
  const auto town = Town();
  int merges = 0, crossings = 0;
  for (const Junction& junction : town->junctions()) {
    for (const LaneIndex i : junction.lanes) {
      for (const LaneConflict& c : town->conflicts(i)) {
        const Lane &lane = town->lane(i), &other = town->lane(c.other);
        EXPECT_EQ(lane.junction, other.junction);
        const auto back = town->conflicts(c.other);
        const auto mirror = std::find_if(back.begin(), back.end(),
                                         [&](const LaneConflict& m) { return m.other == i; });
        ASSERT_NE(mirror, back.end());
        EXPECT_EQ(c.begin_s_m, mirror->other_begin_s_m);
        EXPECT_EQ(c.end_s_m, mirror->other_end_s_m);
        EXPECT_EQ(c.merge, mirror->merge);
        EXPECT_EQ(c.merge, lane.successors == other.successors);
        EXPECT_EQ(c.diverge, lane.predecessors == other.predecessors);
        EXPECT_EQ(c.merge, c.end_s_m > lane.center.length_m() - 1e-9);
        EXPECT_EQ(c.diverge, c.begin_s_m == 0.0);
        EXPECT_LT(c.begin_s_m, c.end_s_m);
        merges += c.merge;
        crossings += !c.merge && !c.diverge;
      }
    }
  }
  // Of the six ways of a T, each exit is the end of two (3 merging pairs), and the two lefts and
  // the far straight way cross each other (3 crossing pairs); each pair is listed on both lanes.
  EXPECT_EQ(merges, 12 * 3 * 2);
  EXPECT_EQ(crossings, 12 * 3 * 2);
}

}  // namespace
}  // namespace volante
