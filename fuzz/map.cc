// Any text as a map: refused by an Error, or a network whose lanes can be asked about and driven.
#include <cmath>
#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "road/route.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace volante;
  // Small maps: the time goes into the reader, not into long lanes.
  RoadLimits limits;
  limits.max_bytes = 1 << 16;
  limits.max_roads = 50;
  limits.max_lanes = 200;
  limits.max_lane_length_m = 20000.0;
  try {
    const auto network =
        RoadNetwork::Parse({reinterpret_cast<const char*>(data), size}, "fuzz", limits);
    for (const Lane& lane : network->lanes()) {
      const CurvePoint p = lane.center.At(0.5 * lane.center.length_m());
      VOLANTE_CHECK(std::isfinite(p.position_m.x) && std::isfinite(p.heading_rad), "finite lanes");
      network->FindLane(p.position_m, p.heading_rad);
      network->NearestLane({p.position_m, p.heading_rad}, 5.0);
      for (const LaneIndex next : lane.successors) {
        Route(network, {static_cast<LaneIndex>(&lane - network->lanes().data()), next}, 0.0,
              network->lane(next).center.length_m());
      }
    }
  } catch (const Error& error) {
    VOLANTE_CHECK(error.code() == ExitCode::kBadInput, "a bad map is bad input");
  }
  return 0;
}
