// The lanes that a car on its route could drive on: the route's own and those beside it.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>

namespace volante {

// A lane of the route's direction at the car's place. Distances along the route, gaps from bumper
// to bumper.
struct NearLane {
  double offset_m = 0.0;      // from the centre of the route's lane to its own, + = left
  double half_width_m = 0.0;  // of the lane
  double room_m = 0.0;  // until it ends, or leads elsewhere than the route; 0: not to be driven on
  double lead_gap_m = 1e9, lead_speed_mps = 0.0;          // the next vehicle ahead on it
  double follower_gap_m = 1e9, follower_speed_mps = 0.0;  // and behind

  bool open() const { return room_m > 0.0; }
};

// On the left, the route's own, on the right.
using NearLanes = std::array<NearLane, 3>;
inline constexpr size_t kLeftLane = 0, kRouteLane = 1, kRightLane = 2;

// The one whose centre is nearest to a car that is lateral_m left of the route's lane centre; the
// route's own unless another is open.
inline size_t LaneInUse(const NearLanes& lanes, double lateral_m) {
  size_t best = kRouteLane;
  for (const size_t side : {kLeftLane, kRightLane}) {
    if (!lanes[side].open()) continue;
    if (std::abs(lateral_m - lanes[side].offset_m) < std::abs(lateral_m - lanes[best].offset_m)) {
      best = side;
    }
  }
  return best;
}

}  // namespace volante
