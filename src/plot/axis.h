// Axis ticks at round numbers, shared by every chart. Pure functions.
#pragma once

#include <string>
#include <vector>

namespace volante {

struct Axis {
  double low = 0.0, high = 1.0;  // of the plotted range; both are ticks
  double step = 0.2;             // between ticks: 1, 2 or 5 times a power of ten
  std::vector<double> ticks;     // increasing, from low to high
};

// The axis that holds [low, high] with about `wanted` intervals: steps of 1, 2 or 5 times a power
// of ten, ends rounded outwards to whole steps (after Heckbert, "Nice numbers for graph labels",
// Graphics Gems, 1990). Equal, swapped and non-finite ends give a usable axis around what is there.
Axis MakeAxis(double low, double high, int wanted);

// "0.25", "-3", "12k", "1.5M": as many digits as the axis' step needs and no more, all labels of an
// axis in the same unit.
std::string TickLabel(const Axis& axis, double value);

}  // namespace volante
