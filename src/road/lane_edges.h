// What is painted on the two edges of a lane, along its centre line.
// Made with the network from the file's road marks, immutable; for lookups, not for drawing (that
// is MarkLine).
#pragma once

#include <string_view>
#include <vector>

#include "base/lane_mark.h"

namespace volante {

struct LaneEdges {
  // From begin_s_m of the lane's centre to the next stretch's.
  struct Stretch {
    double begin_s_m = 0.0;
    LaneMark mark;
  };
  std::vector<Stretch> left, right;  // ascending; empty: nothing is painted

  // The mark beside the centre's point at s; before the first stretch there is none.
  LaneMark At(bool on_left, double s_m) const {
    LaneMark mark;
    for (const Stretch& stretch : on_left ? left : right) {
      if (stretch.begin_s_m > s_m) break;
      mark = stretch.mark;
    }
    return mark;
  }
};

// By the attributes type, color and laneChange of <roadMark>, as a lane along the road's reference
// line sees them: the file permits changes to lanes of higher id ("increase"), which lie to the
// left, of lower id, "both" (its default) or "none".
LaneMark LaneMarkOf(std::string_view type, std::string_view color, std::string_view lane_change);

// The same mark as a lane against the reference line sees it.
LaneMark SeenFromOpposite(LaneMark mark);

}  // namespace volante
