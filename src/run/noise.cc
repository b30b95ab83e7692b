#include "run/noise.h"

#include <algorithm>
#include <cmath>

namespace volante {

Exploration::Exploration(const ExplorationConfig& config, uint64_t seed, int num_worlds)
    : config_(config), state_(static_cast<size_t>(num_worlds) * kActionSize, 0.0) {
  for (int w = 0; w < num_worlds; ++w) {
    random_.emplace_back(seed, "exploration", static_cast<uint64_t>(w));
  }
}

double Exploration::Sigma(int64_t env_step) const {
  const double t = std::clamp(static_cast<double>(env_step) / config_.decay_steps, 0.0, 1.0);
  return config_.sigma_start + (config_.sigma_end - config_.sigma_start) * t;
}

void Exploration::Begin(int world, int64_t env_step) {
  if (config_.noise != NoiseKind::kOrnsteinUhlenbeck) return;
  for (int i = 0; i < kActionSize; ++i) {
    state_[static_cast<size_t>(world * kActionSize + i)] =
        Sigma(env_step) * random_[world].Normal();
  }
}

Action Exploration::RandomAction(int world) {
  RandomStream& random = random_[static_cast<size_t>(world)];
  const double steer = random.Uniform(-1.0, 1.0);
  const double throttle = random.Uniform(config_.random_throttle_min, config_.random_throttle_max);
  return {static_cast<float>(steer), static_cast<float>(throttle)};
}

Action Exploration::Perturb(int world, Action action, int64_t env_step) {
  RandomStream& random = random_[static_cast<size_t>(world)];
  const double sigma = Sigma(env_step);
  double noise[kActionSize];
  for (int i = 0; i < kActionSize; ++i) {
    double& x = state_[static_cast<size_t>(world * kActionSize + i)];
    if (config_.noise == NoiseKind::kOrnsteinUhlenbeck) {
      // Exact discretisation with stationary deviation sigma.
      const double keep = 1.0 - config_.ou_theta;
      x = keep * x + sigma * std::sqrt(1.0 - keep * keep) * random.Normal();
    } else {
      x = sigma * random.Normal();
    }
    noise[i] = x;
  }
  return {std::clamp(action.steer + static_cast<float>(noise[0]), -1.0f, 1.0f),
          std::clamp(action.throttle + static_cast<float>(noise[1]), -1.0f, 1.0f)};
}

}  // namespace volante
