// Contacts between the ego and the NPCs, and whose fault they are. Pure functions.
#pragma once

#include <span>

#include "sim/traffic.h"
#include "sim/vehicle_state.h"

namespace volante {

struct Contact {
  int other = -1;                   // NPC index, -1 no contact
  double relative_speed_mps = 0.0;  // norm of the difference of velocities
};

// The touched NPC with the lowest index.
Contact FindContact(const EgoView& ego, std::span<const VehicleState> npcs);

// The ego is at fault unless it had stood for at least a second, or was hit from behind by a car
// that had followed it for at least 2 s. (A car that cuts in and brakes is at fault.)
bool EgoAtFault(const EgoView& ego, const EgoRights& rights, const Npc& npc,
                const VehicleState& pose);

// Pairs of vehicles whose outlines overlap. O(n^2): for tests and checks.
int CountOverlaps(std::span<const VehicleState> vehicles);

}  // namespace volante
