#include "run/training_episode.h"

#include "base/random.h"

namespace volante {

ResetRequest TrainingEpisode(const Config& config, std::string_view purpose, uint64_t index,
                             int world) {
  RandomStream random(config.train.seed, purpose, index);
  ResetRequest request{.world = world,
                       .seed = random.NextUint64(),
                       .scenario = config.env.scenario,
                       .route_set = RouteSet::kTrain,
                       .spread_start = random.Uniform() < config.start.spread_share};
  if (random.Uniform() < config.env.contested_share) request.suite = Suite::kContested;
  return request;
}

}  // namespace volante
