#include "run/behaviour.h"

#include <algorithm>
#include <cmath>

#include "base/random.h"

namespace volante {
namespace {

ExplorationConfig NoiseOf(const Config& config) {
  if (!config.imitation.on()) return config.exploration;
  ExplorationConfig noise;  // correlated, as that of demonstrations
  noise.sigma_start = noise.sigma_end = config.imitation.noise;
  return noise;
}

}  // namespace

Behaviour::Behaviour(const Config& config, bool begins_trained)
    : imitation_(config.imitation),
      seed_(config.train.seed),
      learning_starts_(config.train.learning_starts),
      begins_trained_(begins_trained),
      remembers_(config.learner.memory != Memory::kNone),
      noise_(NoiseOf(config), config.train.seed, config.train.num_worlds) {
  if (imitation_.on()) labels_.resize(static_cast<size_t>(config.train.num_worlds));
}

Phase Behaviour::PhaseAt(int64_t env_step) const {
  const bool learns = env_step >= learning_starts_;
  switch (imitation_.method) {
    case ImitationMethod::kNone:
      return Explores(env_step) ? Phase::kExploring : Phase::kLearning;
    case ImitationMethod::kBc:
      return learns ? Phase::kCloning : Phase::kTeacherDrives;
    case ImitationMethod::kDagger:
      return learns ? Phase::kDagger : Phase::kTeacherDrives;
  }
  return Phase::kLearning;
}

// Ross et al. 2011, section 3.1: beta_1 = 1, so that no student is needed to begin with, then any
// sequence whose mean falls to 0. Theirs is one value per round of a whole data set; here learning
// goes on at every tick, so it falls with the env steps since learning began.
double Behaviour::Beta(int64_t env_step) const {
  if (!imitation_.on()) return 0.0;
  if (imitation_.method == ImitationMethod::kBc) return 1.0;
  const double since = static_cast<double>(std::max<int64_t>(env_step - learning_starts_, 0));
  const double t = since / imitation_.beta_decay_steps;
  return imitation_.beta_decay == BetaDecay::kLinear ? std::max(1.0 - t, 0.0) : std::exp2(-t);
}

bool Behaviour::AsksPolicy(int64_t env_step) const {
  // What a policy remembers grows on every tick of an episode, whoever drives.
  return remembers_ || (imitation_.on() ? Beta(env_step) < 1.0 : !Explores(env_step));
}

void Behaviour::Choose(int64_t env_step, std::span<Action> actions) {
  const double beta = Beta(env_step);
  for (size_t i = 0; i < actions.size(); ++i) {
    const int world = static_cast<int>(i);
    if (Explores(env_step)) {
      actions[i] = noise_.RandomAction(world);
      continue;
    }
    // The mixture policy beta pi* + (1 - beta) pi of Ross et al.: a coin per tick and world, from a
    // stream of its own, so that nothing of it has to be kept.
    const uint64_t tick = static_cast<uint64_t>(env_step) + i;
    if (imitation_.on() && RandomStream(seed_, "teacher drives", tick).Uniform() < beta) {
      actions[i] = labels_[i];
    }
    actions[i] = noise_.Perturb(world, actions[i], env_step);
  }
}

}  // namespace volante
