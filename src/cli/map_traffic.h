// `volante map traffic`: hours of traffic on a map, and what came of them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "config/config.h"
#include "road/road_network.h"

namespace volante {

struct MapTrafficOptions {
  int npcs = 100;
  double hours = 2.0;
  std::string ego = "standing";  // standing, expert or slow
  uint64_t seed = 1;
  Config config;
};

// Drives, and prints one line per figure. Returns the exit code: kDefectsFound when a figure is one
// that must not be (contacts by an NPC's fault, stands of more than 90 s without a red light,
// forced grants, cars moved in the ego's view, NPCs at less than 40 % of the speed that they want).
int RunMapTraffic(const std::shared_ptr<const RoadNetwork>& network,
                  const MapTrafficOptions& options);

}  // namespace volante
