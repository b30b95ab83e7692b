// Radii measured from positions alone, beside the curvatures that the program computes.
#pragma once

#include <algorithm>
#include <cmath>

#include "road/road_network.h"

namespace volante {

// Of the circle through three points; 1e9 where they lie in a line.
inline double CircleRadius(Vec2 a, Vec2 b, Vec2 c) {
  const double doubled_area = std::abs(Cross(b - a, c - a));
  if (doubled_area < 1e-9) return 1e9;
  return Distance(a, b) * Distance(b, c) * Distance(c, a) / (2.0 * doubled_area);
}

// The tightest circle through three neighbouring points of the lane's centre.
inline double TightestRadius(const Lane& lane) {
  const auto& points = lane.center.points();
  double tightest = 1e9;
  for (size_t i = 2; i < points.size(); ++i) {
    tightest = std::min(tightest, CircleRadius(points[i - 2].position_m, points[i - 1].position_m,
                                               points[i].position_m));
  }
  return tightest;
}

}  // namespace volante
