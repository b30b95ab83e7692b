// What is wrong with a road network, in words: for `volante map check`.
#pragma once

#include <string>
#include <vector>

#include "road/road_network.h"

namespace volante {

struct MapCheckLimits {
  double smallest_radius_m = 4.3;                 // of a lane's centre: the ego's turning circle
  double largest_kink_rad = 0.17453292519943295;  // 10 degrees, between a lane and its successor
  double least_clearance_m = 4.0;                 // between a road and one that crosses above it
};

// One line for each defect, "road <id> at s <s> m: ..." where it has a place: those of the file
// (RoadNetwork::defects()), then kinks, connecting lanes that lead nowhere or come from nowhere,
// turns too tight, and roads that cross outside of junctions without room between them.
std::vector<std::string> CheckMap(const RoadNetwork& network, const MapCheckLimits& limits);

}  // namespace volante
