// Domain randomisation of an episode's dynamics and traffic: which car the ego is, how much grip
// its road has and who else drives. Follows from the configuration and the episode's seed alone;
// the ranges stand in RandomisationConfig, their source is the project's list of what differs
// between simulators and real cars (mass, friction, actuators, drivers).
#pragma once

#include <cstdint>

#include "config/config.h"
#include "sim/ego.h"
#include "sim/npc.h"

namespace volante {

// The nominal car unless randomisation is enabled.
EgoVariation DrawEgo(const RandomisationConfig& config, uint64_t seed);

// Ranges for the drivers and shares of the kinds, of one episode; those of the configuration unless
// randomisation is enabled.
NpcRanges DrawDrivers(const NpcConfig& npc, const RandomisationConfig& config, uint64_t seed);

// What worlds must be made with, so that every share that DrawDrivers can give is possible.
NpcConfig WidestTraffic(const NpcConfig& npc, const RandomisationConfig& config);

}  // namespace volante
