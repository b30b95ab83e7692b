#include "sim/lane_marks.h"

#include <algorithm>
#include <utility>

namespace volante {
namespace {

// A side of a lane: which mark it is, wherever along it.
using Edge = std::pair<LaneIndex, bool>;

}  // namespace

CrossedMarks FindCrossedMarks(const RoadNetwork& network, const std::array<Vec2, 4>& old_corners,
                              const std::array<Vec2, 4>& corners, std::optional<double> height_m) {
  CrossedMarks crossed;
  std::array<Edge, 4> edges;
  size_t count = 0;
  for (size_t i = 0; i < corners.size(); ++i) {
    const auto from = network.FindLane(old_corners[i], std::nullopt, 0.0, height_m);
    const auto to = network.FindLane(corners[i], std::nullopt, 0.0, height_m);
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
    // The mark belongs to the lane that was left, or to the one entered from off the road.
    const LanePosition& on = from ? *from : *to;
    const Vec2 beyond = from ? corners[i] : old_corners[i];
    const Curve& center = network.lane(on.lane).center;
    const Vec2 along = UnitFromHeading(on.on_center.heading_rad);
    const bool left = Cross(along, beyond - center.PositionAt(on.on_center.s_m)) > 0.0;
    const Edge edge{on.lane, left};
    if (std::find(edges.begin(), edges.begin() + count, edge) != edges.begin() + count) continue;
    edges[count++] = edge;
    crossed.marks[static_cast<size_t>(crossed.count++)] = {
        network.edges(on.lane).At(left, on.on_center.s_m), left};
  }
  return crossed;
}

}  // namespace volante
