// A town ready to drive: its roads, its routes and what the camera draws of it.
// Immutable, shared by every world and every environment of the process.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "config/config.h"
#include "env_api/env.h"
#include "render/camera.h"
#include "road/route.h"

namespace volante {

struct Town {
  std::string name;
  std::shared_ptr<const RoadNetwork> network;
  TownRoutes routes;
  std::shared_ptr<const Scene> scene;  // null unless asked for
};

// Loads env.town (built in, with committed routes; or random_N) or env.map (routes are drawn from
// the map's own hash, so the same file always gives the same lists). Errors: kUsage for an unknown
// town, kBadInput for a map that can't be used.
std::shared_ptr<const Town> LoadTown(const EnvConfig& config, bool with_scene);

// The network with the lights that the key env.traffic_lights asks for.
std::shared_ptr<const RoadNetwork> WithLights(std::shared_ptr<const RoadNetwork> network,
                                              TrafficLights lights);

// The random town of a seed, with routes of its own: 20 for validation and 20 to test.
std::shared_ptr<const Town> LoadRandomTown(uint64_t seed, bool with_scene, TrafficLights lights);

// Towns that an environment drives in: one, or with env.town=random a range of random towns; and
// for suite new_town those that no training sees. Random towns are made when they are first asked
// for, some 0.1 s each; the last used stay. Shared by the environments of a process, from any
// thread.
class Towns {
 public:
  static constexpr size_t kMostKept = 64;
  // Routes of validation and test lie in so many towns: route i in town i % kTownsOfLists.
  static constexpr int kTownsOfLists = 10;
  static constexpr uint64_t kFirstNewTown = 1000000;  // the largest env.first_town lies below

  explicit Towns(std::shared_ptr<const Town> only);
  Towns(const EnvConfig& config, bool with_scene);

  // The one town; null where there are several.
  const std::shared_ptr<const Town>& only() const { return only_; }

  struct Place {
    std::shared_ptr<const Town> town;
    int route_index = 0;  // into the town's own list
  };
  // Where an episode takes place: follows from the request alone. In training the town is drawn
  // from the episode's seed.
  Place PlaceOf(const ResetRequest& request);
  // For each of the first `count` routes of a list, which of them is the same route: itself, or an
  // earlier one where the list begins again.
  std::vector<int> FirstWithRoute(RouteSet set, Suite suite, int count);
  // Where the routes of validation and test lie: "country"; "random_0 to random_9".
  std::string NamesOf(Suite suite) const;
  // The town that a saved episode names: a random one, or the only one.
  std::shared_ptr<const Town> Named(const std::string& name);

 private:
  // The random towns of the lists: the first one's seed, and how many.
  struct Listed {
    uint64_t first_seed = 0;
    int count = 0;
  };
  Listed ListedTowns(Suite suite) const;
  std::shared_ptr<const Town> Random(uint64_t seed);

  std::shared_ptr<const Town> only_;
  uint64_t first_seed_ = 0;
  int num_towns_ = 0;
  bool with_scene_ = false;
  TrafficLights lights_ = TrafficLights::kFile;  // of random towns
  struct Kept {
    uint64_t seed = 0, last_used = 0;
    std::shared_ptr<const Town> town;
  };
  std::mutex mutex_;  // of what follows
  std::vector<Kept> kept_;
  uint64_t uses_ = 0;
};

}  // namespace volante
