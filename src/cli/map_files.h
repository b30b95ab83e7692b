// What the subcommands of `volante map` share, and those that have files of their own.
#pragma once

#include <memory>
#include <string>

#include "road/route.h"

namespace volante {

// A file when there is one of that name or the name looks like one, else a built-in town or a
// random one (random_N).
std::shared_ptr<const RoadNetwork> LoadMap(const std::string& map);

struct DrawFlags {
  std::string map, output;
  std::string route;   // one route to draw, as a line of a route list
  std::string routes;  // validation, test or train: some of the town's; empty: none
};
// An SVG, or where the output's name ends in .png, a PNG by rsvg-convert; Error(kEnvironment) where
// that program is missing.
int DrawMap(const DrawFlags& flags);

// Writes NAME.xodr and NAME.routes.yaml of a built-in or random town into the folder.
int MakeTown(const std::string& town, const std::string& directory);

}  // namespace volante
