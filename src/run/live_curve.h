// The small curve under a running training: route completion of the last episodes over env steps.
// Owns the points of this process and makes text of them; never writes anything, and nothing of it
// is in a checkpoint. The trainer adds to it, on its own thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "plot/terminal_chart.h"

namespace volante {

class LiveCurve {
 public:
  // Means over the last training episodes, in [0, 1], at the end of each episode; env steps never
  // fall.
  void Add(int64_t env_step, double completion, double success);
  // A terminal chart with axis 0 to 1, rows + 2 lines; "" before there are two env steps to draw
  // between, or with no room.
  std::string Text(int columns, int rows) const;

 private:
  struct Point {
    int64_t env_step;
    float completion, success;
  };
  std::vector<Point> points_;
};

}  // namespace volante
