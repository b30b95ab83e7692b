#include "sim/lane_marks.h"

#include <algorithm>
#include <utility>

namespace volante {
namespace {

// A side of a lane: which marking.
using Marking = std::pair<LaneIndex, bool>;

}  // namespace

int CountCrossedMarkings(const RoadNetwork& network, const std::array<Vec2, 4>& old_corners,
                         const std::array<Vec2, 4>& corners) {
  std::array<Marking, 4> crossed;
  size_t count = 0;
  for (size_t i = 0; i < corners.size(); ++i) {
    const auto from = network.FindLane(old_corners[i], std::nullopt);
    const auto to = network.FindLane(corners[i], std::nullopt);
    if (!from && !to) continue;
    if (from && to) {
      if (from->lane == to->lane) continue;
      const Lane &a = network.lane(from->lane), &b = network.lane(to->lane);
      if (a.road_id != b.road_id || a.section != b.section) continue;
    }
    if ((from && network.lane(from->lane).junction >= 0) ||
        (to && network.lane(to->lane).junction >= 0)) {
      continue;
    }
    // The marking belongs to the lane that was left, or to the one entered from off the road.
    const LanePosition& on = from ? *from : *to;
    const Vec2 beyond = from ? corners[i] : old_corners[i];
    const Curve& center = network.lane(on.lane).center;
    const Vec2 along = UnitFromHeading(on.on_center.heading_rad);
    const bool left = Cross(along, beyond - center.PositionAt(on.on_center.s_m)) > 0.0;
    const Marking marking{on.lane, left};
    if (std::find(crossed.begin(), crossed.begin() + count, marking) == crossed.begin() + count) {
      crossed[count++] = marking;
    }
  }
  return static_cast<int>(count);
}

}  // namespace volante
