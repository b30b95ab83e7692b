// Exploration: the random phase and the noise added to the policy's actions. Plain state.
#pragma once

#include <cstdint>
#include <vector>

#include "base/random.h"
#include "config/config.h"
#include "env_api/env.h"

namespace volante {

class Exploration {
 public:
  Exploration() = default;
  Exploration(const ExplorationConfig& config, uint64_t seed, int num_worlds);

  // A new episode began: correlated noise starts from its stationary distribution.
  void Begin(int world, int64_t env_step);
  // Uniform steering; throttle biased forward, so that the random phase covers ground.
  Action RandomAction(int world);
  // The policy's action with noise, clipped to [-1, 1]. The noise falls linearly with env_step.
  Action Perturb(int world, Action action, int64_t env_step);
  double Sigma(int64_t env_step) const;

  template <class Archive>
  void VisitFields(Archive& ar) {
    ar("random", random_);
    ar("state", state_);
  }

 private:
  ExplorationConfig config_;
  std::vector<RandomStream> random_;  // one per world
  std::vector<double> state_;         // [worlds, 2] of the correlated noise
};

}  // namespace volante
