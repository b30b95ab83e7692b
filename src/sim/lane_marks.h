// Lane marks that the ego's outline crosses, by the rule of CARLA's lane invasion sensor (LibCARLA
// Map::CalculateCrossedLanes). Pure functions.
#pragma once

#include <array>
#include <optional>
#include <span>

#include "base/geometry.h"
#include "base/lane_mark.h"
#include "road/road_network.h"

namespace volante {

// One event: every mark of one tick, each once.
struct CrossedMarks {
  std::array<CrossedMark, 4> marks{};  // one per corner at most
  int count = 0;

  std::span<const CrossedMark> list() const { return {marks.data(), static_cast<size_t>(count)}; }

  template <class Archive>
  void VisitFields(Archive& ar) {
    ar("marks", marks);
    ar("count", count);
  }
};

// The marks that the four corners crossed on their way from `old_corners` to `corners`. A corner's
// way is ignored when either end lies in a junction, when both ends are off the road or in the same
// lane, and when the ends lie on different roads or sections. On ground that is not flat, only
// lanes at `height_m` are looked at.
CrossedMarks FindCrossedMarks(const RoadNetwork& network, const std::array<Vec2, 4>& old_corners,
                              const std::array<Vec2, 4>& corners,
                              std::optional<double> height_m = {});

}  // namespace volante
