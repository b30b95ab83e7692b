#include "env/town.h"

#include "base/hash.h"

namespace volante {

std::shared_ptr<const Town> LoadTown(const EnvConfig& config, bool with_scene) {
  auto town = std::make_shared<Town>();
  if (config.map.empty()) {
    town->name = config.town;
    town->network = RoadNetwork::Parse(BuiltInTownText(config.town), config.town);
    town->routes = ReadTownRoutes(*town->network, BuiltInTownRoutesText(config.town),
                                  "routes of " + config.town);
  } else {
    town->name = config.map;
    town->network = RoadNetwork::LoadFile(config.map);
    const std::string& hash = town->network->text_hash();
    town->routes = MakeTownRoutes(town->network, HashBytes(hash.data(), hash.size()));
  }
  if (with_scene) town->scene = Scene::Make(*town->network);
  return town;
}

}  // namespace volante
