// volante map make: a town's map and route lists as files.
#include <cstdio>

#include "base/error.h"
#include "base/files.h"
#include "cli/map_files.h"

namespace volante {

int MakeTown(const std::string& town, const std::string& directory) {
  const auto seed = RandomTownSeed(town);
  const std::string text = seed ? MakeRandomTown(*seed) : MakeBuiltInTown(town);
  const auto network = RoadNetwork::Parse(text, town);
  const std::string map = JoinPath(directory, town + ".xodr");
  const std::string routes = JoinPath(directory, town + ".routes.yaml");
  RealFiles().MakeDirectories(directory);
  WriteFileAtomically(RealFiles(), map, text);
  WriteFileAtomically(
      RealFiles(), routes,
      WriteTownRoutes(*network, MakeTownRoutes(network, seed.value_or(kTownRoutesSeed))));
  std::printf("%s\n%s\n", map.c_str(), routes.c_str());
  return static_cast<int>(ExitCode::kOk);
}

}  // namespace volante
