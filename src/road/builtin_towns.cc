// The towns embedded in the binary, by name.
#include "base/error.h"
#include "config/nearest_name.h"
#include "road/embedded_towns.h"
#include "road/route.h"

namespace volante {
namespace {

const EmbeddedTown& FindTown(std::string_view name) {
  for (const EmbeddedTown& town : EmbeddedTowns()) {
    if (town.name == name) return town;
  }
  const std::string nearest = NearestName(name, BuiltInTownNames());
  std::string names;
  for (const std::string& known : BuiltInTownNames()) names += (names.empty() ? "" : ", ") + known;
  throw Error(
      ExitCode::kUsage, "no such town", std::string(name),
      nearest.empty() ? "the built-in towns are: " + names : "did you mean '" + nearest + "'?",
      "give a built-in town's name, or an OpenDRIVE file by --map FILE.xodr");
}

}  // namespace

std::vector<std::string> BuiltInTownNames() {
  std::vector<std::string> names;
  for (const EmbeddedTown& town : EmbeddedTowns()) names.emplace_back(town.name);
  return names;
}

std::string_view BuiltInTownText(std::string_view name) { return FindTown(name).map; }

std::string_view BuiltInTownRoutesText(std::string_view name) { return FindTown(name).routes; }

}  // namespace volante
