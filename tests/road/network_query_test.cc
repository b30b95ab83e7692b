// Where a point is: the grid against a search over all lanes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/random.h"
#include "road/route.h"

namespace volante {
namespace {

std::shared_ptr<const RoadNetwork> Town() {
  static const auto town = RoadNetwork::Parse(BuiltInTownText("volante_town"), "volante_town");
  return town;
}

// Distance to a lane's centre by walking over it in steps of 2 cm.
struct Nearest {
  double distance_m = 1e300, s_m = 0.0;
};
Nearest WalkOver(const Curve& curve, Vec2 point) {
  Nearest nearest;
  const int steps = static_cast<int>(curve.length_m() / 0.02) + 1;
  for (int i = 0; i <= steps; ++i) {
    const double s = curve.length_m() * i / steps;
    const double d = Distance(point, curve.PositionAt(s));
    if (d < nearest.distance_m) nearest = {d, s};
  }
  return nearest;
}

TEST(Grid, LanesAtEqualsASearchOverAllLanes) {
  const auto town = Town();
  RandomStream random(3, "test");
  std::vector<LaneIndex> found;
  int held = 0;
  for (int n = 0; n < 160; ++n) {
    // Half of the points around junctions, where lanes overlap.
    const Vec2 center = town->junctions()[random.Below(12)].center_m;
    const Vec2 point = n % 2 == 0 ? center + Vec2{random.Uniform(-14, 14), random.Uniform(-14, 14)}
                                  : Vec2{random.Uniform(-5, 475), random.Uniform(-5, 355)};
    town->LanesAt(point, found);
    for (size_t i = 0; i < town->lanes().size(); ++i) {
      const Curve& curve = town->lanes()[i].center;
      const Nearest nearest = WalkOver(curve, point);
      const double edge = nearest.distance_m - curve.At(nearest.s_m).half_width_m;
      const bool at_end = nearest.s_m < 0.1 || nearest.s_m > curve.length_m() - 0.1;
      if (at_end || std::abs(edge) < 0.01) continue;  // too close to call by walking
      const bool inside = std::count(found.begin(), found.end(), static_cast<LaneIndex>(i)) > 0;
      EXPECT_EQ(inside, edge < 0) << point.x << " " << point.y << " lane " << i;
      held += inside;
    }
    EXPECT_LE(
        std::count_if(found.begin(), found.end(),
                      [&](LaneIndex i) { return std::count(found.begin(), found.end(), i) != 1; }),
        0);
  }
  EXPECT_GT(held, 50);
}

TEST(Grid, NearestLaneEqualsASearchOverAllLanes) {
  const auto town = Town();
  RandomStream random(4, "test");
  for (int n = 0; n < 40; ++n) {
    const Pose2 pose{{random.Uniform(-20, 490), random.Uniform(-20, 370)},
                     random.Uniform(-std::numbers::pi, std::numbers::pi)};
    double best = 1e300;
    for (const Lane& lane : town->lanes()) {
      const Nearest nearest = WalkOver(lane.center, pose.position_m);
      const double heading = lane.center.At(nearest.s_m).heading_rad;
      if (std::abs(WrapAngle(heading - pose.heading_rad)) >= 0.5 * std::numbers::pi) continue;
      best = std::min(best, nearest.distance_m);
    }
    const auto found = town->NearestLane(pose, 30.0);
    if (best < 29.9) {
      ASSERT_TRUE(found) << pose.position_m.x << " " << pose.position_m.y;
      const double distance = Distance(
          pose.position_m, town->lane(found->lane).center.PositionAt(found->on_center.s_m));
      EXPECT_NEAR(distance, best, 0.02);
    } else if (best > 30.1) {
      EXPECT_FALSE(found);
    }
  }
}

TEST(Grid, FindLaneGivesEveryLaneBackFromItsOwnPoints) {
  const auto town = Town();
  for (size_t i = 0; i < town->lanes().size(); ++i) {
    const Lane& lane = town->lanes()[i];
    if (lane.junction >= 0) continue;  // those overlap
    for (const double share : {0.01, 0.3, 0.99}) {
      const CurvePoint p = lane.center.At(share * lane.center.length_m());
      const Vec2 beside = WorldFromLocal({p.position_m, p.heading_rad}, {0.0, 1.2});
      const auto found = town->FindLane(beside, p.heading_rad);
      ASSERT_TRUE(found);
      EXPECT_EQ(found->lane, static_cast<LaneIndex>(i));
      EXPECT_NEAR(found->on_center.s_m, share * lane.center.length_m(), 0.05);
      EXPECT_NEAR(found->on_center.lateral_m, 1.2, 0.01);
    }
  }
}

TEST(Grid, HeadingChoosesAmongTheLanesOfAJunction) {
  const auto town = Town();
  for (const Junction& junction : town->junctions()) {
    for (const LaneIndex i : junction.lanes) {
      const Lane& lane = town->lane(i);
      const CurvePoint p = lane.center.At(0.5 * lane.center.length_m());
      const auto found = town->FindLane(p.position_m, p.heading_rad);
      ASSERT_TRUE(found);
      EXPECT_LT(std::abs(WrapAngle(found->on_center.heading_rad - p.heading_rad)), 0.01);
    }
  }
}

TEST(Grid, MarginWidensLanesAndBeyondItThereIsNone) {
  const auto town = Town();
  const Lane& lane = town->lane(0);
  const CurvePoint p = lane.center.At(0.5 * lane.center.length_m());
  // To the right: only kerb and grass.
  const Vec2 outside =
      WorldFromLocal({p.position_m, p.heading_rad}, {0.0, -(p.half_width_m + 3.0)});
  EXPECT_FALSE(town->FindLane(outside, p.heading_rad));
  EXPECT_FALSE(town->FindLane(outside, p.heading_rad, 2.9));
  const auto found = town->FindLane(outside, p.heading_rad, 3.1);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->lane, 0);
  EXPECT_NEAR(found->on_center.lateral_m, -(p.half_width_m + 3.0), 0.05);
}

TEST(Grid, PointsFarAwayHoldNothing) {
  const auto town = Town();
  std::vector<LaneIndex> lanes;
  for (const double far : {1e3, -1e3, 1e9, -1e9, 1e300, 0.0 / 0.0}) {
    EXPECT_FALSE(town->FindLane({far, far}, std::nullopt));
    EXPECT_FALSE(town->NearestLane({{far, 0}, 0}, 50.0));
    town->LanesAt({0, far}, lanes);
    EXPECT_TRUE(lanes.empty());
  }
}

}  // namespace
}  // namespace volante
