// Evaluation: a policy drives listed routes from a standing start, and what happened is counted.
// Owns its environment, never touches the training one; the same episode limit as training.
#pragma once

#include <functional>
#include <vector>

#include "env/replay_file.h"
#include "env_api/env.h"
#include "run/episode_stats.h"
#include "run/policy.h"

namespace volante {

struct EvaluationRequest {
  RouteSet route_set = RouteSet::kTest;
  Scenario scenario = Scenario::kEmpty;
  Suite suite = Suite::kStandard;
  int num_episodes = 20;  // episode i drives route i of the list, with its own seed
  uint64_t seed = 0;
  // Called after every finished episode; may be empty.
  std::function<void(int finished, const EpisodeStats&)> on_episode;
  // Called after on_episode with what is needed to drive the episode again; the caller fills in
  // configuration and label. Empty: nothing is recorded.
  std::function<void(const EpisodeStats&, EpisodeRecord)> on_record = {};
};

// Episodes in the order of the list; independent of the number of worlds. An episode whose
// simulator fails is run again once, then left out.
std::vector<EpisodeStats> Evaluate(Env& env, Policy& policy, const EvaluationRequest& request);

// The seed of episode i of an evaluation.
uint64_t EpisodeSeed(uint64_t seed, int episode);

}  // namespace volante
