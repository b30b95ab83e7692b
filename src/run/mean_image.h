// The picture of the blind control: what a camera sees on average while the task is driven well.
// Deterministic from the request; owns no environment.
#pragma once

#include <cstdint>
#include <vector>

#include "config/config.h"
#include "env_api/env.h"

namespace volante {

inline constexpr int kMeanImageRoutes = 20;

// [84, 84]: the mean, rounded, over every frame that the expert (idm_mobil) sees while it drives
// the first 20 validation routes in this scenario from a standing start. `env` must have an image.
std::vector<uint8_t> MeanImage(Env& env, const Config& config, Scenario scenario, uint64_t seed);

}  // namespace volante
