// Heights of a road: elevation along its reference line, superelevation, crossfall and shape across
// it. Private to src/road/.
#pragma once

#include <vector>

#include "road/cubic.h"

namespace volante::opendrive {

// The ground at a point of the road.
struct Ground {
  double height_m = 0.0;
  double along = 0.0;   // slope along the reference line at constant t, per metre of it
  double across = 0.0;  // slope to the left
};

// h(t) = a + b dt + c dt^2 + d dt^3 from t_m on.
struct ShapeCubic {
  double t_m = 0.0, a = 0.0, b = 0.0, c = 0.0, d = 0.0;
};
struct ShapeRecord {
  double s_m = 0.0;
  std::vector<ShapeCubic> parts;  // sorted by t
};

struct Relief {
  std::vector<Cubic> elevations;
  std::vector<Cubic> superelevations;                    // rad, + = the left side is higher
  std::vector<Cubic> left_crossfalls, right_crossfalls;  // rad, + = falls outwards
  std::vector<ShapeRecord> shapes;                       // sorted by s

  // No record says anything else than 0: the road lies at height 0.
  bool flat() const {
    return elevations.empty() && superelevations.empty() && left_crossfalls.empty() &&
           right_crossfalls.empty() && shapes.empty();
  }
  // The roll of the cross-section about the reference line, rad, with its derivatives.
  Lateral RollAt(double s_m) const { return Evaluate(superelevations, s_m); }
  // t_m is the horizontal distance from the reference line, + to the left.
  Ground At(double s_m, double t_m) const;
};

// A lateral position within the rolled cross-section, seen from above.
Lateral SeenFromAbove(Lateral t, Lateral roll);

}  // namespace volante::opendrive
