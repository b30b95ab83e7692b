// A town ready to drive: its roads, its committed routes and what the camera draws of it.
// Immutable, shared by every world and every environment of the process.
#pragma once

#include <memory>
#include <string>

#include "config/config.h"
#include "render/camera.h"
#include "road/route.h"

namespace volante {

struct Town {
  std::string name;
  std::shared_ptr<const RoadNetwork> network;
  TownRoutes routes;
  std::shared_ptr<const Scene> scene;  // null unless asked for
};

// Loads env.town (built in, with committed routes) or env.map (routes are drawn from the map's own
// hash, so the same file always gives the same lists). Errors: kUsage for an unknown town,
// kBadInput for a map that can't be used.
std::shared_ptr<const Town> LoadTown(const EnvConfig& config, bool with_scene);

}  // namespace volante
