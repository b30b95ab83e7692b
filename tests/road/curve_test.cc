// Curves against closed forms and against brute force.
#include "road/curve.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "base/random.h"

namespace volante {
namespace {

// A left arc of radius r from (0, 0) heading east: centre (0, r).
std::vector<CurvePoint> Arc(double radius_m, double angle_rad, int pieces) {
  std::vector<CurvePoint> dense;
  for (int i = 0; i <= pieces; ++i) {
    const double a = angle_rad * i / pieces;
    dense.push_back({{radius_m * std::sin(a), radius_m * (1.0 - std::cos(a))},
                     WrapAngle(a),
                     1.0 / radius_m,
                     1.75});
  }
  return dense;
}

TEST(Curve, ArcIsSampledOnTheCircle) {
  const double radius = 9.0, angle = 4.0;  // more than half a turn: headings must be unwrapped
  const Curve curve(Arc(radius, angle, 150), radius * angle);
  EXPECT_NEAR(curve.length_m(), 36.0, 1e-12);
  EXPECT_LE(curve.spacing_m(), 0.5);
  EXPECT_EQ(curve.points().size(), 73u);
  for (size_t i = 0; i < curve.points().size(); ++i) {
    const double a = static_cast<double>(i) * curve.spacing_m() / radius;
    const CurvePoint& p = curve.points()[i];
    EXPECT_NEAR(p.position_m.x, radius * std::sin(a), 1e-6);
    EXPECT_NEAR(p.position_m.y, radius * (1.0 - std::cos(a)), 1e-6);
    EXPECT_NEAR(p.heading_rad, a, 1e-9);
    EXPECT_NEAR(p.curvature_1pm, 1.0 / radius, 1e-12);
  }
}

TEST(Curve, DenseLengthIsExactOnArcsAndLines) {
  EXPECT_NEAR(DenseLength(Arc(7.0, 1.5, 11)), 10.5, 1e-12);
  EXPECT_NEAR(DenseLength({{{0, 0}, 0.6435011087932844}, {{3, 0.0}, 0}, {{3, 4}, 0}}),
              3.0 * 0.32175055439664213 / std::sin(0.32175055439664213) + 4.0, 1e-9);
}

TEST(Curve, AtInterpolatesAndClamps) {
  const Curve curve({{{0, 0}, 0, 0, 1.0}, {{10, 0}, 0, 0, 2.0}}, 10.0);
  EXPECT_NEAR(curve.At(3.3).position_m.x, 3.3, 1e-12);
  EXPECT_NEAR(curve.At(3.3).half_width_m, 1.33, 1e-12);
  EXPECT_EQ(curve.At(-5).position_m, (Vec2{0, 0}));
  EXPECT_EQ(curve.At(50).position_m, (Vec2{10, 0}));
  EXPECT_EQ(curve.PositionAt(50), (Vec2{10, 0}));
}

TEST(Curve, ProjectionGivesSidesAndMeasuresBeyondTheEndsFromTheTangent) {
  const Curve curve({{{0, 0}, 0}, {{10, 0}, 0}}, 10.0);
  const CurveProjection left = curve.Project({4.2, 1.5});
  EXPECT_NEAR(left.s_m, 4.2, 1e-12);
  EXPECT_NEAR(left.lateral_m, 1.5, 1e-12);
  EXPECT_NEAR(curve.Project({4.2, -1.5}).lateral_m, -1.5, 1e-12);
  const CurveProjection beyond = curve.Project({14.0, 3.0});
  EXPECT_EQ(beyond.s_m, 10.0);
  EXPECT_NEAR(beyond.lateral_m, 3.0, 1e-12);
  const CurveProjection window = curve.Project({9.0, -2.0}, 2.0, 5.0);
  EXPECT_EQ(window.s_m, 5.0);
  EXPECT_NEAR(window.lateral_m, -2.0, 1e-12);
}

TEST(Curve, ProjectionEqualsBruteForceOverTheWholeCurve) {
  // A wavy line of 230 m; the oracle walks every segment.
  std::vector<CurvePoint> dense;
  for (int i = 0; i <= 1000; ++i) {
    const double x = 0.2 * i;
    dense.push_back({{x, 12.0 * std::sin(x / 15.0)}, std::atan(0.8 * std::cos(x / 15.0)), 0, 2});
  }
  const Curve curve(dense, DenseLength(dense));
  RandomStream random(1, "test");
  for (int n = 0; n < 2000; ++n) {
    const Vec2 p{random.Uniform(-10, 210), random.Uniform(-40, 40)};
    double best = 1e300;
    for (size_t i = 1; i < curve.points().size(); ++i) {
      const Vec2 a = curve.points()[i - 1].position_m, ab = curve.points()[i].position_m - a;
      const double u = std::min(1.0, std::max(0.0, Dot(p - a, ab) / Dot(ab, ab)));
      best = std::min(best, Distance(p, a + ab * u));
    }
    const CurveProjection found = curve.Project(p);
    ASSERT_NEAR(Distance(p, curve.PositionAt(found.s_m)), best, 1e-6) << p.x << " " << p.y;
    if (found.s_m > 0 && found.s_m < curve.length_m()) {
      ASSERT_NEAR(std::abs(found.lateral_m), best, 1e-6);
    }
  }
}

TEST(Curve, ProjectionOfItsOwnPointsReturnsTheirArcLength) {
  const Curve curve(Arc(20.0, 3.0, 600), 60.0);
  for (double s = 0.05; s < 60.0; s += 0.37) {
    EXPECT_NEAR(curve.Project(curve.PositionAt(s)).s_m, s, 1e-9);
    EXPECT_NEAR(curve.Project(curve.PositionAt(s), s - 1, s + 3).s_m, s, 1e-9);
  }
}

}  // namespace
}  // namespace volante
