// Bands of ground before they become pieces: what a map says twice or in crumbs is put right here.
// Private to src/render/, used while a scene is built.
#pragma once

#include <span>
#include <vector>

#include "render/scene_impl.h"
#include "road/road_network.h"

namespace volante {

struct GroundPoint {
  Vec2 at_m;
  double height_m = 0.0;  // 0 on flat ground
};
using GroundLine = std::vector<GroundPoint>;

// What lies between two lines of equal point count.
struct GroundBand {
  GroundLayer layer = GroundLayer::kRoad;
  GroundLine left, right;
  const MarkLine* dashes = nullptr;  // painted in these; whole without
};

// Connecting lanes of a junction have edges and marks in common, and maps cut roads into sections
// of a few centimetres: each would be a piece of its own, painted again along edges that are there
// already, or too small to show.
// Of bands of one layer between the same two lines only the first is kept. One that is shorter than
// kShortBand_m is added to a whole band of its layer that goes on where it ends, if there is one;
// dashed ones that are shorter than a dash count as whole. The order stays.
inline constexpr double kShortBand_m = 0.5;
void TidyBands(std::vector<GroundBand>& bands);

}  // namespace volante
