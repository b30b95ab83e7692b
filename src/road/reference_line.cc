#include "road/reference_line.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace volante::opendrive {
namespace {

// Gauss-Legendre, 8 points on [-1, 1] (Abramowitz and Stegun, table 25.4).
constexpr double kNodes[] = {0.1834346424956498, 0.5255324099163290, 0.7966664774136267,
                             0.9602898564975363};
constexpr double kWeights[] = {0.3626837833783620, 0.3137066458778873, 0.2223810344533745,
                               0.1012285362903763};
// 8 points over a piece that turns by this much leave an error near 1e-16 of its length.
constexpr double kTurnPerKnot = std::numbers::pi / 4.0;
constexpr size_t kMostPieces = 256;   // of a cubic's table
constexpr double kShortCubic = 0.05;  // m; shorter ones are drawn straight when they bend absurdly

template <class Function>
auto Integrate(double from, double to, Function f) {
  const double middle = 0.5 * (from + to), half = 0.5 * (to - from);
  auto sum = (f(middle - half * kNodes[0]) + f(middle + half * kNodes[0])) * kWeights[0];
  for (int i = 1; i < 4; ++i) {
    sum = sum + (f(middle - half * kNodes[i]) + f(middle + half * kNodes[i])) * kWeights[i];
  }
  return sum * half;
}

// Headings and positions of a spiral relative to its start, from a pose on it.
double SpiralHeading(const Geometry& g, double ds) {
  return ds * (g.curvature_1pm + 0.5 * g.curvature_rate_1pm2 * ds);
}
Pose2 SpiralFrom(const Geometry& g, const Pose2& knot, double knot_ds, double ds) {
  const Vec2 moved =
      Integrate(knot_ds, ds, [&](double s) { return UnitFromHeading(SpiralHeading(g, s)); });
  return {knot.position_m + moved, SpiralHeading(g, ds)};
}

Pose2 SpiralAt(const Geometry& g, double ds) {
  const double step = g.length_m / static_cast<double>(g.knots.size());
  const size_t i = std::min(static_cast<size_t>(ds / step), g.knots.size() - 1);
  return SpiralFrom(g, g.knots[i], static_cast<double>(i) * step, ds);
}

struct CubicPoint {
  Vec2 position, first, second, third;  // derivatives by p

  double speed() const { return std::hypot(first.x, first.y); }
  double curvature() const {
    const double v = speed();
    return v > 1e-9 ? Cross(first, second) / (v * v * v) : 0.0;
  }
  // d curvature / d arc length.
  double curvature_rate() const {
    const double v = speed();
    if (!(v > 1e-9)) return 0.0;
    const double v2 = v * v;
    return (Cross(first, third) / v2 -
            3.0 * Cross(first, second) * Dot(first, second) / (v2 * v2)) /
           v2;
  }
};

CubicPoint CubicAt(const Geometry& g, double p) {
  const auto& u = g.u_m;
  const auto& v = g.v_m;
  return {{u[0] + p * (u[1] + p * (u[2] + p * u[3])), v[0] + p * (v[1] + p * (v[2] + p * v[3]))},
          {u[1] + p * (2.0 * u[2] + p * 3.0 * u[3]), v[1] + p * (2.0 * v[2] + p * 3.0 * v[3])},
          {2.0 * u[2] + 6.0 * u[3] * p, 2.0 * v[2] + 6.0 * v[3] * p},
          {6.0 * u[3], 6.0 * v[3]}};
}

double ArcLength(const Geometry& g, double from_p, double to_p) {
  return Integrate(from_p, to_p, [&](double p) { return CubicAt(g, p).speed(); });
}

double ArcLengthInPieces(const Geometry& g, double to_p, int pieces) {
  double sum = 0.0;
  for (int i = 0; i < pieces; ++i) sum += ArcLength(g, to_p * i / pieces, to_p * (i + 1) / pieces);
  return sum;
}

// The parameter at which the curve has run the share of its arc length: Newton's method from the
// table's knot below, kept within its piece.
double ParameterAt(const Geometry& g, double target_m) {
  const auto after = std::upper_bound(g.arc_m.begin() + 1, g.arc_m.end() - 1, target_m);
  const size_t i = static_cast<size_t>(after - g.arc_m.begin()) - 1;
  const double step = g.end_p / static_cast<double>(g.arc_m.size() - 1);
  const double low = step * static_cast<double>(i), high = low + step;
  const double piece = g.arc_m[i + 1] - g.arc_m[i];
  if (!(piece > 0.0)) return low;
  double p = low + step * std::clamp((target_m - g.arc_m[i]) / piece, 0.0, 1.0);
  for (int n = 0; n < 8; ++n) {
    const double error = g.arc_m[i] + ArcLength(g, low, p) - target_m;
    const double speed = CubicAt(g, p).speed();
    if (std::abs(error) < 1e-12 * g.arc_m.back() || !(speed > 1e-12)) break;
    p = std::clamp(p - error / speed, low, high);
  }
  return p;
}

// Makes the table of arc lengths, in pieces so short that halving them changes nothing.
void MakeTable(Geometry& g) {
  double length = -1.0;
  for (size_t pieces = 4; pieces <= kMostPieces; pieces *= 2) {
    g.arc_m.assign(1, 0.0);
    for (size_t i = 0; i < pieces; ++i) {
      const double n = static_cast<double>(pieces);
      g.arc_m.push_back(g.arc_m.back() + ArcLength(g, g.end_p * static_cast<double>(i) / n,
                                                   g.end_p * static_cast<double>(i + 1) / n));
    }
    const double before = length;
    length = g.arc_m.back();
    if (!(std::abs(length - before) > 1e-11 * length)) break;  // not finite neither
  }
}

// Makes the table of a cubic from a file, whose numbers may be anything.
const char* FinishCubic(Geometry& g) {
  MakeTable(g);
  const double length = g.arc_m.back();
  if (!std::isfinite(length)) return "its curve is not finite";
  if (!(length > 0.5 * g.length_m - 0.01 && length < 1.5 * g.length_m + 0.01) || !(length > 1e-9)) {
    return "its curve's length and its length attribute disagree";
  }
  if (LargestCurvature(g, 0.0, g.length_m) > kLargestCurvature) {
    if (g.length_m > kShortCubic) return "a bend's radius is below 0.1 m";
    const Vec2 begin = CubicAt(g, 0.0).position, end = CubicAt(g, g.end_p).position;
    if (Distance(begin, end) < 1e-6) return "it has no direction";
    g.start.position_m = WorldFromLocal(g.start, begin);
    g.start.heading_rad += std::atan2(end.y - begin.y, end.x - begin.x);
    g.shape = Geometry::Shape::kArc;
  }
  return nullptr;
}

}  // namespace

LineFrame FrameOn(const Geometry& g, double ds_m) {
  LineFrame frame;
  if (g.shape == Geometry::Shape::kArc) {
    // Chord form: one formula for lines and arcs, without a division by the curvature.
    const double half = 0.5 * g.curvature_1pm * ds_m;
    const double chord = std::abs(half) < 1e-9 ? ds_m : ds_m * std::sin(half) / half;
    frame.pose.position_m =
        g.start.position_m + UnitFromHeading(g.start.heading_rad + half) * chord;
    frame.pose.heading_rad = g.start.heading_rad + 2.0 * half;
    frame.curvature_1pm = g.curvature_1pm;
    return frame;
  }
  const double ds = std::clamp(ds_m, 0.0, g.length_m);
  Pose2 local;
  if (g.shape == Geometry::Shape::kSpiral) {
    local = SpiralAt(g, ds);
    frame.curvature_1pm = g.curvature_1pm + g.curvature_rate_1pm2 * ds;
    frame.curvature_rate_1pm2 = g.curvature_rate_1pm2;
  } else {
    const double share = g.length_m > 0.0 ? ds / g.length_m : 0.0;
    const CubicPoint point = CubicAt(g, ParameterAt(g, share * g.arc_m.back()));
    local = {point.position, std::atan2(point.first.y, point.first.x)};
    frame.curvature_1pm = point.curvature();
    frame.curvature_rate_1pm2 = point.curvature_rate();
  }
  frame.pose = {WorldFromLocal(g.start, local.position_m), g.start.heading_rad + local.heading_rad};
  if (ds != ds_m) {
    frame.pose.position_m =
        frame.pose.position_m + UnitFromHeading(frame.pose.heading_rad) * (ds_m - ds);
    frame.curvature_1pm = frame.curvature_rate_1pm2 = 0.0;
  }
  return frame;
}

double LargestCurvature(const Geometry& g, double from_m, double to_m) {
  if (g.shape == Geometry::Shape::kArc) return std::abs(g.curvature_1pm);
  const double from = std::clamp(from_m, 0.0, g.length_m), to = std::clamp(to_m, 0.0, g.length_m);
  const auto at = [&](double ds) { return g.curvature_1pm + g.curvature_rate_1pm2 * ds; };
  if (g.shape == Geometry::Shape::kSpiral) return std::max(std::abs(at(from)), std::abs(at(to)));
  const double share = g.arc_m.back() / g.length_m;
  const double low = ParameterAt(g, from * share), high = ParameterAt(g, to * share);
  const int samples = std::clamp(static_cast<int>(32.0 * (high - low) / g.end_p), 4, 32);
  double largest = 0.0;
  for (int i = 0; i <= samples; ++i) {
    const double p = low + (high - low) * i / samples;
    largest = std::max(largest, std::abs(CubicAt(g, p).curvature()));
  }
  return largest;
}

const char* MakeArc(Geometry& g, double curvature_1pm) {
  g.shape = Geometry::Shape::kArc;
  g.curvature_1pm = std::abs(curvature_1pm) < 1e-12 ? 0.0 : curvature_1pm;
  return std::abs(curvature_1pm) > kLargestCurvature ? "an arc's radius is below 0.1 m" : nullptr;
}

const char* MakeSpiral(Geometry& g, double begin_1pm, double end_1pm, double turning_rad) {
  if (!(g.length_m > 0.0)) return "it has no length";
  const double sharpest = std::max(std::abs(begin_1pm), std::abs(end_1pm));
  if (sharpest > kLargestCurvature) return "a spiral's radius falls below 0.1 m";
  if (sharpest * g.length_m > turning_rad) return "a spiral turns too often";
  g.shape = Geometry::Shape::kSpiral;
  g.curvature_1pm = begin_1pm;
  g.curvature_rate_1pm2 = (end_1pm - begin_1pm) / g.length_m;
  if (!std::isfinite(g.curvature_rate_1pm2)) return "a spiral is too short for its bend";
  const size_t pieces = 1 + static_cast<size_t>(sharpest * g.length_m / kTurnPerKnot);
  const double step = g.length_m / static_cast<double>(pieces);
  g.knots.assign(1, {});
  while (g.knots.size() < pieces) {
    const double ds = step * static_cast<double>(g.knots.size());
    g.knots.push_back(SpiralFrom(g, g.knots.back(), ds - step, ds));
  }
  return nullptr;
}

const char* MakePoly3(Geometry& g, const std::array<double, 4>& v) {
  g.shape = Geometry::Shape::kCubic;
  g.u_m = {0.0, 1.0, 0.0, 0.0};
  g.v_m = v;
  // The arc length grows at least as fast as u: its end lies between 0 and the length. Newton's
  // method, and bisection where it leaves that interval or has overflowed.
  constexpr int kPieces = 16;
  double low = 0.0, high = g.length_m;
  g.end_p = 0.5 * high;
  for (int i = 0; i < 100; ++i) {
    const double error = ArcLengthInPieces(g, g.end_p, kPieces) - g.length_m;
    if (std::abs(error) <= 1e-13 * g.length_m) break;
    (error < 0.0 ? low : high) = g.end_p;
    const double next = g.end_p - error / CubicAt(g, g.end_p).speed();
    g.end_p = next > low && next < high ? next : 0.5 * (low + high);
  }
  if (!(g.end_p > 0.0)) return "its curve is not finite";
  return FinishCubic(g);
}

const char* MakeParamPoly3(Geometry& g, const std::array<double, 4>& u,
                           const std::array<double, 4>& v, double end_p) {
  g.shape = Geometry::Shape::kCubic;
  g.u_m = u;
  g.v_m = v;
  g.end_p = end_p;
  if (!(g.end_p > 0.0) || !(g.length_m > 0.0)) return "it has no length";
  return FinishCubic(g);
}

// Hermite's cubic with tangents as long as the chord.
const char* MakeBridge(Geometry& g, const Pose2& end) {
  const Vec2 to = LocalFromWorld(g.start, end.position_m);
  const Vec2 direction = UnitFromHeading(end.heading_rad - g.start.heading_rad);
  const double chord = Norm(to);
  if (!(chord > 1.0) || !(to.x > 0.0) || !(Dot(to, direction) > 0.0)) {
    return "one end lies behind the other";
  }
  const Vec2 begin_tangent{chord, 0.0}, end_tangent = direction * chord;
  const Vec2 second = to * 3.0 - begin_tangent * 2.0 - end_tangent;
  const Vec2 third = begin_tangent + end_tangent - to * 2.0;
  g.shape = Geometry::Shape::kCubic;
  g.u_m = {0.0, chord, second.x, third.x};
  g.v_m = {0.0, 0.0, second.y, third.y};
  g.end_p = 1.0;
  MakeTable(g);
  g.length_m = g.arc_m.back();
  return nullptr;
}

}  // namespace volante::opendrive
