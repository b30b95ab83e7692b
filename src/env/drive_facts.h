// What a World says of a drive, in the words of the environment interface.
#pragma once

#include "env/route_profile.h"
#include "env_api/env.h"
#include "sim/world.h"

namespace volante {

// Fills what follows from the world's present state: the ego, its place on its route, others around
// it. Leaves what an episode adds (actions, progress, waiting, judgement). `profile` is the
// route's.
void DescribeDrive(const World& world, const RouteProfile& profile, DriveFacts& facts);

}  // namespace volante
