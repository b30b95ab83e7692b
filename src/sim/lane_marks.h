// Lane markings that the ego's outline crosses, by the rule of CARLA's lane invasion sensor
// (LibCARLA Map::CalculateCrossedLanes). Pure functions.
#pragma once

#include <array>

#include "base/geometry.h"
#include "road/road_network.h"

namespace volante {

// Distinct markings that the four corners crossed on their way from `old_corners` to `corners`. A
// corner's way is ignored when either end lies in a junction, when both ends are off the road or in
// the same lane, and when the ends lie on different roads or sections.
int CountCrossedMarkings(const RoadNetwork& network, const std::array<Vec2, 4>& old_corners,
                         const std::array<Vec2, 4>& corners);

}  // namespace volante
