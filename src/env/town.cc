#include "env/town.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/error.h"
#include "base/files.h"
#include "base/hash.h"

namespace volante {
namespace {

constexpr RouteCounts kRandomTownRoutes = {.validation = 20, .test = 20};

std::shared_ptr<const Town> Finish(std::shared_ptr<Town> town, bool with_scene) {
  if (with_scene) town->scene = Scene::Make(*town->network);
  return town;
}

}  // namespace

std::shared_ptr<const Town> LoadRandomTown(uint64_t seed, bool with_scene, TrafficLights lights) {
  auto town = std::make_shared<Town>();
  town->name = RandomTownName(seed);
  town->network = RoadNetwork::Parse(MakeRandomTown(seed), town->name);
  town->routes = MakeTownRoutes(town->network, seed, kRandomTownRoutes);
  town->network = WithLights(town->network, lights);
  return Finish(std::move(town), with_scene);
}

std::shared_ptr<const Town> LoadTown(const EnvConfig& config, bool with_scene) {
  auto town = std::make_shared<Town>();
  if (config.map.empty()) {
    if (const auto seed = RandomTownSeed(config.town)) {
      return LoadRandomTown(*seed, with_scene, config.traffic_lights);
    }
    town->name = config.town;
    town->network = RoadNetwork::Parse(BuiltInTownText(config.town), config.town);
    town->routes = ReadTownRoutes(*town->network, BuiltInTownRoutesText(config.town),
                                  "routes of " + config.town);
  } else {
    town->name = config.map;
    const bool is_town = IsBuiltInTown(config.map) || RandomTownSeed(config.map);
    if (is_town && !RealFiles().Exists(config.map)) {
      throw Error(ExitCode::kUsage, "there is no such map file", config.map,
                  "it is the name of a town", "--set env.town=" + config.map);
    }
    town->network = RoadNetwork::LoadFile(config.map);
    const std::string& hash = town->network->text_hash();
    town->routes = MakeTownRoutes(town->network, HashBytes(hash.data(), hash.size()));
  }
  town->network = WithLights(town->network, config.traffic_lights);
  return Finish(std::move(town), with_scene);
}

std::shared_ptr<const RoadNetwork> WithLights(std::shared_ptr<const RoadNetwork> network,
                                              TrafficLights lights) {
  if (lights == TrafficLights::kFile) return network;
  if (lights == TrafficLights::kNone) return RoadNetwork::WithSignals(*network, {});
  std::vector<SignalPlan> plans(network->signal_plans().begin(), network->signal_plans().end());
  for (SignalPlan& plan : MakeUpSignals(*network)) plans.push_back(std::move(plan));
  return RoadNetwork::WithSignals(*network, std::move(plans));
}

Towns::Towns(std::shared_ptr<const Town> only)
    : only_(std::move(only)), with_scene_(only_->scene != nullptr) {}

Towns::Towns(const EnvConfig& config, bool with_scene)
    : with_scene_(with_scene), lights_(config.traffic_lights) {
  if (config.map.empty() && config.town == kRandomTowns) {
    first_seed_ = static_cast<uint64_t>(config.first_town);
    num_towns_ = config.num_towns;
    VOLANTE_CHECK(first_seed_ + static_cast<uint64_t>(num_towns_) <= kFirstNewTown,
                  "training never drives in a town of suite new_town");
  } else {
    only_ = LoadTown(config, with_scene);
  }
}

Towns::Listed Towns::ListedTowns(Suite suite) const {
  if (suite == Suite::kNewTown) return {kFirstNewTown, kTownsOfLists};
  return {first_seed_, std::min(num_towns_, kTownsOfLists)};
}

std::vector<int> Towns::FirstWithRoute(RouteSet set, Suite suite, int count) {
  std::map<std::pair<std::string, size_t>, int> known;
  std::vector<int> first;
  for (int i = 0; i < count; ++i) {
    const Place place = PlaceOf({.suite = suite, .route_set = set, .route_index = i});
    const TownRoutes& routes = place.town->routes;
    const size_t listed = set == RouteSet::kTest ? routes.test.size() : routes.validation.size();
    auto index = static_cast<size_t>(place.route_index);
    if (listed > 0) index %= listed;  // a map without routes is refused when it is driven
    first.push_back(known.emplace(std::pair(place.town->name, index), i).first->second);
  }
  return first;
}

std::string Towns::NamesOf(Suite suite) const {
  if (only_ != nullptr && suite != Suite::kNewTown) return only_->name;
  const auto [first, count] = ListedTowns(suite);
  if (count == 1) return RandomTownName(first);
  return RandomTownName(first) + " to " + RandomTownName(first + static_cast<uint64_t>(count) - 1);
}

Towns::Place Towns::PlaceOf(const ResetRequest& request) {
  const bool new_town = request.suite == Suite::kNewTown;
  if (only_ != nullptr && !new_town) return {only_, request.route_index};
  const auto [first, listed] = ListedTowns(request.suite);
  if (request.route_set == RouteSet::kTrain) {
    const int count = new_town ? kTownsOfLists : num_towns_;
    RandomStream random(request.seed, "town");
    return {Random(first + random.Below(static_cast<uint64_t>(count))), request.route_index};
  }
  return {Random(first + static_cast<uint64_t>(request.route_index % listed)),
          request.route_index / listed};
}

std::shared_ptr<const Town> Towns::Named(const std::string& name) {
  if (only_ != nullptr && only_->name == name) return only_;
  if (const auto seed = RandomTownSeed(name)) return Random(*seed);
  if (only_ != nullptr) return only_;  // a map can be found under another path
  throw Error(ExitCode::kBadInput, "saved state does not fit", name,
              "its town is not a random one, as env.town=random asks for",
              "resume with the town that it was saved with");
}

std::shared_ptr<const Town> Towns::Random(uint64_t seed) {
  const std::lock_guard lock(mutex_);
  ++uses_;
  for (Kept& kept : kept_) {
    if (kept.seed != seed) continue;
    kept.last_used = uses_;
    return kept.town;
  }
  if (kept_.size() == kMostKept) {
    kept_.erase(std::min_element(kept_.begin(), kept_.end(), [](const Kept& a, const Kept& b) {
      return a.last_used < b.last_used;
    }));
  }
  kept_.push_back({seed, uses_, LoadRandomTown(seed, with_scene_, lights_)});
  return kept_.back().town;
}

}  // namespace volante
