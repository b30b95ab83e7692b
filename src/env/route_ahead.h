// What the route asks for next: the command at the next junction, and the light before it.
// Reads the route, the network's signal plans and the world's clock; writes its facts alone.
#pragma once

#include "env_api/env.h"
#include "road/route.h"

namespace volante {

// A command is given from this far before a junction until the car is through it.
inline constexpr double kCommandFrom_m = 25.0;
// Lights further ahead are not told.
inline constexpr double kLightFrom_m = 50.0;

// The turn of the junction that the car is in, or of the next one within kCommandFrom_m; follow
// elsewhere.
RouteCommand CommandAt(const Route& route, double route_s_m);

// What a light shows at a time since the episode's start.
LightColor ColorAt(const SignalPlan& plan, int phase, double time_s);

// Fills facts.command, light and light_distance_m; route_s_m, tick and front_overhang_m of `facts`
// are read.
void DescribeRouteAhead(const Route& route, DriveFacts& facts);

}  // namespace volante
