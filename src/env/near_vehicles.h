// Which vehicles are near the ego: the 8 nearest within 100 m, in its own frame.
// The one rule for every simulator: each passes the poses that it knows, in an order that stays
// (the index breaks ties). Reads the ego's pose from the facts, writes near_vehicles alone. No
// allocation.
#pragma once

#include <span>

#include "env_api/env.h"
#include "sim/vehicle_state.h"

namespace volante {

inline constexpr double kNearVehicleRange_m = 100.0;  // between the centres

// Fills facts.near_vehicles from the others; position_m, heading_rad and speed_mps of `facts` are
// the ego's. The ego is taken to move along its heading.
void FillNearVehicles(std::span<const VehicleState> others, DriveFacts& facts);

}  // namespace volante
