// The shapes of a road's reference line in plan view: line, arc, spiral, poly3, paramPoly3, each as
// a function of arc length. Private to src/road/. Lines and arcs are closed forms; the others are
// exact to about 1e-9 m by Gauss-Legendre quadrature from knots that are made once.
#pragma once

#include <array>
#include <vector>

#include "base/geometry.h"

namespace volante::opendrive {

struct LineFrame {
  Pose2 pose;
  double curvature_1pm = 0.0;
  double curvature_rate_1pm2 = 0.0;  // change of curvature per metre
};

// One <geometry>: begins at `start`, s_m metres along the road.
struct Geometry {
  enum class Shape { kArc, kSpiral, kCubic };  // a line is an arc of curvature 0

  double s_m = 0.0;
  Pose2 start;
  double length_m = 0.0;
  Shape shape = Shape::kArc;
  double curvature_1pm = 0.0;                // kArc: everywhere; kSpiral: at the start
  double curvature_rate_1pm2 = 0.0;          // kSpiral
  std::vector<Pose2> knots;                  // kSpiral: local poses at equal steps of arc length
  std::array<double, 4> u_m = {}, v_m = {};  // kCubic: u(p), v(p) in the frame of `start`
  double end_p = 0.0;                        // kCubic: p runs over [0, end_p]
  std::vector<double> arc_m;                 // kCubic: arc length up to equal steps of p

  double end_s_m() const { return s_m + length_m; }
};

// The line at ds metres from the geometry's start; beyond the ends of spirals and cubics their
// tangent goes on.
LineFrame FrameOn(const Geometry& geometry, double ds_m);

// The sharpest bend within [from, to], metres from the geometry's start; by samples for cubics.
double LargestCurvature(const Geometry& geometry, double from_m, double to_m);

// Each gives the geometry, whose s, start and length are set, its shape. They return nullptr, or
// why the shape can't be a road; the geometry must not be used then. Work is bounded whatever the
// numbers are: `turning_rad` (>= 0) is how much a shape may turn.
const char* MakeArc(Geometry& geometry, double curvature_1pm);
const char* MakeSpiral(Geometry& geometry, double begin_1pm, double end_1pm, double turning_rad);
// v = a + b u + c u^2 + d u^3; u runs until the arc length is reached.
const char* MakePoly3(Geometry& geometry, const std::array<double, 4>& v);
// p runs from 0 to end_p: 1 when normalized, else the length. p need not be the arc length, and the
// curve's true length need not be the stated one: arc lengths are scaled to it.
const char* MakeParamPoly3(Geometry& geometry, const std::array<double, 4>& u,
                           const std::array<double, 4>& v, double end_p);

// A smooth curve from the geometry's start to `end`; sets its length too.
const char* MakeBridge(Geometry& geometry, const Pose2& end);

// No road bends tighter.
inline constexpr double kLargestCurvature = 10.0;  // 1/m

}  // namespace volante::opendrive
