// A line on the ground sampled at equal arc-length steps: lane centres and routes.
// Immutable after construction; O(1) lookup by arc length because it stands in every hot loop.
#pragma once

#include <vector>

#include "base/geometry.h"

namespace volante {

struct CurvePoint {
  Vec2 position_m;
  double heading_rad = 0.0;    // continuous along the curve (not wrapped)
  double curvature_1pm = 0.0;  // + = to the left
  double half_width_m = 1.75;  // of the lane there
};

// How the ground lies along a curve; all zero on flat ground.
struct CurveGround {
  double height_m = 0.0;  // of the curve's point
  double grade = 0.0;     // dz/ds along the curve, + = uphill
  double bank_rad = 0.0;  // + = the left side is higher
};

struct CurveProjection {
  double s_m = 0.0;          // arc length of the nearest point
  double lateral_m = 0.0;    // signed distance, + = left of the curve
  double heading_rad = 0.0;  // of the curve there
};

// Arc length of a polyline whose points carry exact headings; exact for lines and circular arcs.
double DenseLength(const std::vector<CurvePoint>& dense);

class Curve {
 public:
  Curve() = default;
  // Resamples a polyline whose points carry exact headings, curvatures and widths.
  // `dense` holds at least two points with increasing arc length, at most 0.25 m apart; `length_m`
  // is the true arc length. The sampling step is length / ceil(length / 0.5).
  Curve(const std::vector<CurvePoint>& dense, double length_m);
  // The same over ground that is not flat: one entry of `ground` per point of `dense`.
  Curve(const std::vector<CurvePoint>& dense, const std::vector<CurveGround>& ground,
        double length_m);

  double length_m() const { return length_m_; }
  double spacing_m() const { return spacing_m_; }
  const std::vector<CurvePoint>& points() const { return points_; }

  // Linear interpolation; s is clamped to [0, length].
  CurvePoint At(double s_m) const;
  // The same without heading, curvature and width: the cheap lookup.
  Vec2 PositionAt(double s_m) const;
  // Linear interpolation; s is clamped to [0, length]. O(1), and free of cost on flat ground.
  CurveGround GroundAt(double s_m) const;
  bool flat() const { return ground_.empty(); }
  // The nearest point within [low, high] (clamped to the curve). Beyond either end the lateral
  // deviation is measured from the end's tangent.
  CurveProjection Project(Vec2 point, double low_s_m, double high_s_m) const;
  CurveProjection Project(Vec2 point) const { return Project(point, 0.0, length_m_); }

 private:
  double length_m_ = 0.0;
  double spacing_m_ = 1.0;
  double inverse_spacing_1pm_ = 1.0;
  std::vector<CurvePoint> points_;
  std::vector<CurveGround> ground_;  // like points_; empty on flat ground
};

}  // namespace volante
