// The cars of suite `contested` (docs/suites.md): a lead car that is slow or brakes to a stop on
// the ego's route, and traffic that crosses the ego's way at the first junction when the ego would
// be there. Decides only who stands where with which script; the ordinary traffic code drives them.
// Pure: the same route and seed give the same cars. Called by World when an episode starts.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "road/route.h"
#include "sim/traffic.h"

namespace volante {

// The lead car first where the route has room for one, then the crossing cars in the order of their
// arrival. Empty only on routes too short for a car ahead and without a junction.
// start_s_m: the ego's centre on its route; ego_length_m: its bumpers.
std::vector<ScriptedCar> ContestedCars(const Route& route, const TrafficMap& map, double start_s_m,
                                       double ego_length_m, uint64_t seed);

}  // namespace volante
