// What the route asks for next: the command at the next junction.
#pragma once

#include "env_api/env.h"
#include "road/route.h"

namespace volante {

// A command is given from this far before a junction until the car is through it.
inline constexpr double kCommandFrom_m = 25.0;

// The turn of the junction that the car is in, or of the next one within kCommandFrom_m; follow
// elsewhere.
RouteCommand CommandAt(const Route& route, double route_s_m);

}  // namespace volante
