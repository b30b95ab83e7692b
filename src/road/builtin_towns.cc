// The towns embedded in the binary, and all towns by name.
#include <algorithm>
#include <charconv>

#include "base/error.h"
#include "config/nearest_name.h"
#include "road/embedded_towns.h"
#include "road/towns.h"

namespace volante {
namespace {

constexpr std::string_view kMapSuffix = ".xodr", kRoutesSuffix = ".routes.yaml";
constexpr std::string_view kRandomPrefix = "random_";

struct Maker {
  std::string_view town;
  std::string (*make)();
};
constexpr Maker kMakers[] = {{"country", MakeCountryTown},
                             {"highway", MakeHighwayTown},
                             {"multilane", MakeMultilaneTown},
                             {"volante_town", MakeVolanteTown}};

[[noreturn]] void RefuseTown(std::string_view town) {
  std::vector<std::string> towns;
  std::string names;
  for (const Maker& maker : kMakers) {
    towns.emplace_back(maker.town);
    names += std::string(maker.town) + ", ";
  }
  const std::string nearest = NearestName(town, towns);
  throw Error(
      ExitCode::kUsage, "no such town", std::string(town),
      nearest.empty() ? "there are " + names + "and random_N for every seed N"
                      : "did you mean '" + nearest + "'?",
      "give a town's name, or the path of an OpenDRIVE file (train, evaluate, drive: --map FILE)");
}

std::string_view FindFile(std::string_view town, std::string_view suffix) {
  for (const EmbeddedFile& file : EmbeddedTowns()) {
    if (file.name.ends_with(suffix) &&
        file.name.substr(0, file.name.size() - suffix.size()) == town) {
      return file.text;
    }
  }
  RefuseTown(town);
}

}  // namespace

bool IsBuiltInTown(std::string_view name) {
  const std::vector<std::string> names = BuiltInTownNames();
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::vector<std::string> BuiltInTownNames() {
  std::vector<std::string> names;
  for (const EmbeddedFile& file : EmbeddedTowns()) {
    if (!file.name.ends_with(kMapSuffix)) continue;
    names.emplace_back(file.name.substr(0, file.name.size() - kMapSuffix.size()));
  }
  return names;
}

std::string_view BuiltInTownText(std::string_view name) { return FindFile(name, kMapSuffix); }

std::string_view BuiltInTownRoutesText(std::string_view name) {
  return FindFile(name, kRoutesSuffix);
}

std::string MakeBuiltInTown(std::string_view name) {
  for (const auto& [town, make] : kMakers) {
    if (town == name) return make();
  }
  RefuseTown(name);
}

std::string RandomTownName(uint64_t seed) {
  return std::string(kRandomPrefix) + std::to_string(seed);
}

std::optional<uint64_t> RandomTownSeed(std::string_view name) {
  if (!name.starts_with(kRandomPrefix)) return std::nullopt;
  name.remove_prefix(kRandomPrefix.size());
  uint64_t seed = 0;
  const auto [end, status] = std::from_chars(name.data(), name.data() + name.size(), seed);
  if (name.empty() || status != std::errc() || end != name.data() + name.size()) {
    return std::nullopt;
  }
  return seed;
}

}  // namespace volante
