// Any text as a map: refused by an Error, or a network whose lanes can be asked about and driven,
// whose ground can be drawn, and whose defects can be named.
#include <cmath>
#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "road/map_check.h"
#include "road/route.h"

namespace volante {
namespace {

void CheckFinite(const std::vector<Vec2>& points, const std::vector<double>& heights) {
  VOLANTE_CHECK(heights.empty() || heights.size() == points.size(), "a height to each point");
  for (const Vec2 p : points) {
    VOLANTE_CHECK(std::isfinite(p.x) && std::isfinite(p.y), "finite points");
  }
  for (const double height : heights) VOLANTE_CHECK(std::isfinite(height), "finite heights");
}

void Use(const std::shared_ptr<const RoadNetwork>& network) {
  for (const SurfaceStrip& strip : network->surfaces()) {
    CheckFinite(strip.left, strip.left_height_m);
    CheckFinite(strip.right, strip.right_height_m);
  }
  for (const MarkLine& mark : network->marks()) CheckFinite(mark.points, mark.height_m);
  for (const Lane& lane : network->lanes()) {
    const CurvePoint p = lane.center.At(0.5 * lane.center.length_m());
    VOLANTE_CHECK(std::isfinite(p.position_m.x) && std::isfinite(p.heading_rad) &&
                      std::isfinite(p.curvature_1pm),
                  "finite lanes");
    const CurveGround ground = lane.center.GroundAt(0.5 * lane.center.length_m());
    VOLANTE_CHECK(std::isfinite(ground.height_m) && std::isfinite(ground.grade) &&
                      std::isfinite(ground.bank_rad),
                  "finite ground");
    network->FindLane(p.position_m, p.heading_rad, 0.0, ground.height_m);
    network->NearestLane({p.position_m, p.heading_rad}, 5.0);
    for (const LaneIndex next : lane.successors) {
      Route(network, {static_cast<LaneIndex>(&lane - network->lanes().data()), next}, 0.0,
            network->lane(next).center.length_m());
    }
  }
  CheckMap(*network, {});
}

}  // namespace
}  // namespace volante

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace volante;
  // Small maps: the time goes into the reader, not into long lanes.
  RoadLimits limits;
  limits.max_bytes = 1 << 16;
  limits.max_roads = 50;
  limits.max_lanes = 200;
  limits.max_lane_length_m = 2000.0;
  limits.max_work = 1e6;
  try {
    Use(RoadNetwork::Parse({reinterpret_cast<const char*>(data), size}, "fuzz", limits));
  } catch (const Error& error) {
    VOLANTE_CHECK(error.code() == ExitCode::kBadInput, "a bad map is bad input");
  }
  return 0;
}
