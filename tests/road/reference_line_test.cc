// The shapes of reference lines against closed forms, series and independent quadrature.
#include "road/reference_line.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

namespace volante::opendrive {
namespace {

constexpr double kPi = std::numbers::pi;

Geometry At(double length_m, Pose2 start = {}) {
  Geometry g;
  g.start = start;
  g.length_m = length_m;
  return g;
}

// The end of a spiral from (0, 0) heading east, by the sums of Fresnel's type:
// integral of cos and sin of (k0 s + c s^2 / 2), each power series in s multiplied out term by
// term.
Vec2 SpiralBySeries(double k0, double rate, double s) {
  // exp(i k0 s + i c s^2 / 2) = sum over n of (i (k0 s + c s^2 / 2))^n / n!
  std::vector<double> power = {1.0};  // coefficients of (k0 s + c s^2 / 2)^n / n!, times s^n first
  Vec2 sum;
  for (int n = 0; n < 60; ++n) {
    double integral = 0.0;
    for (size_t k = 0; k < power.size(); ++k) {
      integral += power[k] * std::pow(s, n + static_cast<double>(k) + 1.0) /
                  (n + static_cast<double>(k) + 1.0);
    }
    (n % 2 == 0 ? sum.x : sum.y) += (n % 4 < 2 ? 1.0 : -1.0) * integral;
    std::vector<double> next(power.size() + 1, 0.0);
    for (size_t k = 0; k < power.size(); ++k) {
      next[k] += power[k] * k0 / (n + 1);
      next[k + 1] += power[k] * 0.5 * rate / (n + 1);
    }
    power = next;
  }
  return sum;
}

TEST(ReferenceLine, SpiralEndsWhereFresnelsSeriesSays) {
  const double cases[][3] = {{0.0, 0.1, 20.0},   {0.05, -0.05, 40.0},       {0.02, 0.08, 30.0},
                             {0.0, 0.02, 100.0}, {-0.1, 0.0, 25.0},         {0.05, 0.05, 30.0},
                             {0.0, 0.0, 50.0},   {0.03, 0.03 + 1e-13, 50.0}};
  for (const auto& [k0, k1, length] : cases) {
    Geometry g = At(length);
    ASSERT_EQ(MakeSpiral(g, k0, k1, 1e5), nullptr);
    for (const double share : {0.0, 0.2, 0.5, 0.77, 1.0}) {
      const double s = share * length, rate = (k1 - k0) / length;
      const LineFrame frame = FrameOn(g, s);
      const Vec2 expected = SpiralBySeries(k0, rate, s);
      EXPECT_NEAR(frame.pose.position_m.x, expected.x, 1e-9) << k0 << " " << k1 << " " << s;
      EXPECT_NEAR(frame.pose.position_m.y, expected.y, 1e-9) << k0 << " " << k1 << " " << s;
      EXPECT_NEAR(frame.pose.heading_rad, k0 * s + 0.5 * rate * s * s, 1e-12);
      EXPECT_NEAR(frame.curvature_1pm, k0 + rate * s, 1e-12);
      EXPECT_NEAR(frame.curvature_rate_1pm2, rate, 1e-15);
    }
  }
}

// Fresnel's integrals at 1: C = 0.7798934003768228, S = 0.4382591473903548 (Abramowitz and Stegun,
// table 7.7). Heading pi t^2 / 2, so curvature pi t.
TEST(ReferenceLine, SpiralHasFresnelsTabulatedEnd) {
  Geometry g = At(1.0);
  ASSERT_EQ(MakeSpiral(g, 0.0, kPi, 1e5), nullptr);
  EXPECT_NEAR(FrameOn(g, 1.0).pose.position_m.x, 0.7798934003768228, 1e-13);
  EXPECT_NEAR(FrameOn(g, 1.0).pose.position_m.y, 0.4382591473903548, 1e-13);
}

TEST(ReferenceLine, SpiralOfEqualCurvaturesIsAnArcAndOneWithoutIsALine) {
  Geometry spiral = At(31.0, {{5, -3}, 0.7}), arc = spiral;
  ASSERT_EQ(MakeSpiral(spiral, 0.04, 0.04, 1e5), nullptr);
  ASSERT_EQ(MakeArc(arc, 0.04), nullptr);
  for (double s = 0.0; s <= 31.0; s += 0.5) {
    EXPECT_LT(Distance(FrameOn(spiral, s).pose.position_m, FrameOn(arc, s).pose.position_m), 1e-12);
  }
  Geometry line = At(40.0, {{1, 2}, 0.5 * kPi});
  ASSERT_EQ(MakeSpiral(line, 0.0, 0.0, 1e5), nullptr);
  EXPECT_NEAR(FrameOn(line, 40.0).pose.position_m.x, 1.0, 1e-12);
  EXPECT_NEAR(FrameOn(line, 40.0).pose.position_m.y, 42.0, 1e-12);
}

TEST(ReferenceLine, SpiralsOfManyTurnsStayExact) {
  Geometry g = At(200.0);  // 50 rad of turning
  ASSERT_EQ(MakeSpiral(g, 0.0, 0.5, 1e5), nullptr);
  Vec2 sum;  // Simpson's rule with 4e5 pieces
  const int n = 400000;
  for (int i = 0; i <= n; ++i) {
    const double s = 200.0 * i / n, weight = i == 0 || i == n ? 1.0 : i % 2 == 1 ? 4.0 : 2.0;
    sum = sum + UnitFromHeading(0.5 * 0.0025 * s * s) * (weight * 200.0 / n / 3.0);
  }
  EXPECT_LT(Distance(FrameOn(g, 200.0).pose.position_m, sum), 1e-9);
}

// v = u^2 / 20: arc length (u/2) sqrt(1 + u^2/100) + 5 asinh(u / 10), curvature
// 0.1 / (1 + u^2/100)^1.5.
TEST(ReferenceLine, Poly3IsWalkedByArcLengthNotByItsParameter) {
  const auto length_to = [](double u) {
    return 0.5 * u * std::hypot(1.0, 0.1 * u) + 5.0 * std::asinh(0.1 * u);
  };
  Geometry g = At(length_to(12.0));
  ASSERT_EQ(MakePoly3(g, {0.0, 0.0, 0.05, 0.0}), nullptr);
  EXPECT_NEAR(g.end_p, 12.0, 1e-9);
  for (const double u : {0.0, 1.0, 3.7, 8.2, 12.0}) {
    const LineFrame frame = FrameOn(g, length_to(u));
    EXPECT_NEAR(frame.pose.position_m.x, u, 1e-9);
    EXPECT_NEAR(frame.pose.position_m.y, 0.05 * u * u, 1e-9);
    EXPECT_NEAR(frame.pose.heading_rad, std::atan(0.1 * u), 1e-10);
    EXPECT_NEAR(frame.curvature_1pm, 0.1 / std::pow(1.0 + 0.01 * u * u, 1.5), 1e-10);
    // d/du of the curvature, by du/ds = 1 / sqrt(1 + u^2/100).
    EXPECT_NEAR(frame.curvature_rate_1pm2, -0.003 * u / std::pow(1.0 + 0.01 * u * u, 3.0), 1e-10);
  }
}

// The same parabola as paramPoly3, in both ranges of the parameter and with a speed that changes:
// u = 3 p + 9 p^2 for p in [0, 1].
TEST(ReferenceLine, ParamPoly3IsWalkedByArcLengthInBothRanges) {
  const auto length_to = [](double u) {
    return 0.5 * u * std::hypot(1.0, 0.1 * u) + 5.0 * std::asinh(0.1 * u);
  };
  Geometry normalized = At(length_to(12.0), {{7, 8}, 0.5 * kPi});
  ASSERT_EQ(MakeParamPoly3(normalized, {0, 12, 0, 0}, {0, 0, 7.2, 0}, 1.0), nullptr);
  Geometry by_length = normalized;
  const double scale = 12.0 / by_length.length_m;
  ASSERT_EQ(MakeParamPoly3(by_length, {0, scale, 0, 0}, {0, 0, 0.05 * scale * scale, 0},
                           by_length.length_m),
            nullptr);
  for (const double u : {0.0, 1.0, 3.7, 8.2, 12.0}) {
    for (const Geometry* g : {&normalized, &by_length}) {
      const LineFrame frame = FrameOn(*g, length_to(u));
      EXPECT_NEAR(frame.pose.position_m.x, 7.0 - 0.05 * u * u, 1e-9);
      EXPECT_NEAR(frame.pose.position_m.y, 8.0 + u, 1e-9);
      EXPECT_NEAR(frame.pose.heading_rad, 0.5 * kPi + std::atan(0.1 * u), 1e-10);
    }
  }
}

// u = 10 p^2 + 5 p, v = 4 p^3: the arc length up to each p by Simpson's rule with 1e5 pieces.
TEST(ReferenceLine, ParamPoly3OfChangingSpeedIsFoundAtEveryArcLength) {
  const auto length_to = [](double p) {
    const int n = 100000;
    double sum = 0.0;
    for (int i = 0; i <= n; ++i) {
      const double x = p * i / n, weight = i == 0 || i == n ? 1.0 : i % 2 == 1 ? 4.0 : 2.0;
      sum += weight * std::hypot(5.0 + 20.0 * x, 12.0 * x * x) * p / n / 3.0;
    }
    return sum;
  };
  Geometry g = At(length_to(1.0));
  ASSERT_EQ(MakeParamPoly3(g, {0, 5, 10, 0}, {0, 0, 0, 4}, 1.0), nullptr);
  for (const double p : {0.1, 0.35, 0.6, 0.9}) {
    const Vec2 at = FrameOn(g, length_to(p)).pose.position_m;
    EXPECT_NEAR(at.x, 5.0 * p + 10.0 * p * p, 1e-8);
    EXPECT_NEAR(at.y, 4.0 * p * p * p, 1e-8);
  }
}

// Headings and curvatures are the derivatives of what stands beside them, on every shape.
TEST(ReferenceLine, FramesAreConsistentWithTheirDifferences) {
  Geometry spiral = At(60.0, {{3, 4}, 2.0}), poly = At(30.0), param = At(25.0);
  ASSERT_EQ(MakeSpiral(spiral, -0.02, 0.06, 1e5), nullptr);
  ASSERT_EQ(MakePoly3(poly, {0.5, 0.1, 0.01, -0.0004}), nullptr);
  ASSERT_EQ(MakeParamPoly3(param, {0, 20, 3, -1}, {0, 2, 9, -3}, 1.0), nullptr);
  constexpr double h = 1e-3;
  for (const Geometry* g : {&spiral, &poly, &param}) {
    const double scale = g->shape == Geometry::Shape::kCubic ? g->arc_m.back() / g->length_m : 1.0;
    for (double s = 1.0; s < g->length_m - 1.0; s += 0.7) {
      const LineFrame a = FrameOn(*g, s - h), b = FrameOn(*g, s), c = FrameOn(*g, s + h);
      const Vec2 moved = c.pose.position_m - a.pose.position_m;
      EXPECT_NEAR(Norm(moved), 2.0 * h * scale, 1e-8);
      EXPECT_NEAR(WrapAngle(std::atan2(moved.y, moved.x) - b.pose.heading_rad), 0.0, 1e-6);
      EXPECT_NEAR(b.curvature_1pm, (c.pose.heading_rad - a.pose.heading_rad) / (2 * h * scale),
                  1e-6);
      EXPECT_NEAR(b.curvature_rate_1pm2, (c.curvature_1pm - a.curvature_1pm) / (2 * h * scale),
                  1e-6);
    }
  }
}

TEST(ReferenceLine, ShapesThatNoRoadCanHaveSayWhy) {
  Geometry g = At(10.0);
  EXPECT_STREQ(MakeSpiral(g, 0.0, 20.0, 1e5), "a spiral's radius falls below 0.1 m");
  EXPECT_STREQ(MakeSpiral(g, 0.0, 9.0, 50.0), "a spiral turns too often");
  EXPECT_STREQ(MakeArc(g, -11.0), "an arc's radius is below 0.1 m");
  EXPECT_NE(MakeParamPoly3(g, {0, 0, 0, 0}, {0, 0, 0, 0}, 1.0), nullptr);
  EXPECT_NE(MakeParamPoly3(g, {0, 1e300, 1e300, 0}, {0, 1e300, 0, 1e300}, 10.0), nullptr);
  EXPECT_NE(MakeParamPoly3(g, {0, 25, 0, 0}, {0, 0, 0, 0}, 1.0), nullptr);  // 25 m, not 10
  // Turns back on itself in a cusp at p = 1/2.
  EXPECT_STREQ(MakeParamPoly3(g, {0, 20, -20, 0}, {0, 0, 1e-4, 0}, 1.0),
               "a bend's radius is below 0.1 m");
}

}  // namespace
}  // namespace volante::opendrive
