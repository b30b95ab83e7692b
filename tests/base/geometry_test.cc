#include "base/geometry.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/random.h"

namespace volante {
namespace {

constexpr double kPi = std::numbers::pi;

TEST(Geometry, WrapAngleStaysWithinPi) {
  EXPECT_NEAR(WrapAngle(3 * kPi / 2), -kPi / 2, 1e-12);
  EXPECT_NEAR(WrapAngle(-7 * kPi / 2), kPi / 2, 1e-12);
  EXPECT_NEAR(WrapAngle(0.3 + 20 * kPi), 0.3, 1e-12);
}

TEST(Geometry, LocalFrameHasXForwardAndYLeft) {
  const Pose2 facing_north{{10, 20}, kPi / 2};
  const Vec2 ahead = WorldFromLocal(facing_north, {3, 0});
  EXPECT_NEAR(ahead.x, 10, 1e-12);
  EXPECT_NEAR(ahead.y, 23, 1e-12);
  const Vec2 left = WorldFromLocal(facing_north, {0, 2});
  EXPECT_NEAR(left.x, 8, 1e-12);
  const Vec2 back = LocalFromWorld(facing_north, left);
  EXPECT_NEAR(back.x, 0, 1e-12);
  EXPECT_NEAR(back.y, 2, 1e-12);
}

TEST(Geometry, OverlapOfHandPlacedBoxes) {
  const OrientedBox car{{0, 0}, 0, 4, 2};
  EXPECT_TRUE(Overlap(car, {{3.99, 0}, 0, 4, 2}));
  EXPECT_FALSE(Overlap(car, {{4.01, 0}, 0, 4, 2}));
  EXPECT_TRUE(Overlap(car, {{0, 1.99}, 0, 4, 2}));
  EXPECT_FALSE(Overlap(car, {{0, 2.01}, 0, 4, 2}));
  EXPECT_FALSE(Overlap(car, {{4, 0}, 0, 4, 2}));       // touching
  EXPECT_TRUE(Overlap(car, {{0, 0}, 1.0, 0.1, 0.1}));  // inside
  // A square of side 2 turned by 45 degrees reaches sqrt(2) to the left: 2 + sqrt(2) = 3.414.
  EXPECT_TRUE(Overlap(car, {{3.41, 0}, kPi / 4, 2, 2}));
  EXPECT_FALSE(Overlap(car, {{3.42, 0}, kPi / 4, 2, 2}));
  // Corner regions: boxes whose bounding circles meet and that are yet apart.
  EXPECT_FALSE(Overlap(car, {{2.9, 1.9}, kPi / 4, 2, 2}));
}

// Two convex polygons overlap when clipping one by the other (Sutherland and Hodgman 1974) leaves
// an area; another method than the separating axes of the code.
double ClippedArea(const OrientedBox& a, const OrientedBox& b) {
  const auto corners = a.Corners();
  std::vector<Vec2> polygon(corners.begin(), corners.end());
  const auto clip = b.Corners();  // clockwise: front left, front right, rear right, rear left
  for (size_t i = 0; i < 4 && !polygon.empty(); ++i) {
    const Vec2 p = clip[i], edge = clip[(i + 1) % 4] - p;
    std::vector<Vec2> kept;
    for (size_t j = 0; j < polygon.size(); ++j) {
      const Vec2 from = polygon[j], to = polygon[(j + 1) % polygon.size()];
      const double d0 = -Cross(edge, from - p), d1 = -Cross(edge, to - p);
      if (d0 >= 0) kept.push_back(from);
      if ((d0 >= 0) != (d1 >= 0)) kept.push_back(from + (to - from) * (d0 / (d0 - d1)));
    }
    polygon = kept;
  }
  double area = 0.0;
  for (size_t j = 0; j < polygon.size(); ++j) {
    area += 0.5 * Cross(polygon[j], polygon[(j + 1) % polygon.size()]);
  }
  return std::abs(area);
}

TEST(Geometry, OverlapAgreesWithPolygonClipping) {
  RandomStream random(1, "boxes");
  int overlapping = 0;
  for (int i = 0; i < 20000; ++i) {
    const auto box = [&] {
      return OrientedBox{{random.Uniform(-5, 5), random.Uniform(-5, 5)},
                         random.Uniform(-kPi, kPi),
                         random.Uniform(0.5, 6),
                         random.Uniform(0.5, 6)};
    };
    const OrientedBox a = box(), b = box();
    const double area = ClippedArea(a, b);
    if (area > 0 && area < 1e-9) continue;  // too close to call
    overlapping += area > 0;
    ASSERT_EQ(Overlap(a, b), area > 0) << i;
    ASSERT_EQ(Overlap(b, a), area > 0) << i;
  }
  EXPECT_GT(overlapping, 4000);
  EXPECT_LT(overlapping, 16000);
}

}  // namespace
}  // namespace volante
