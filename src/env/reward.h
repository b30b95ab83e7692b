// The reward: one module, every sign and scale in one place (spec.md section 3).
// A preset is a list of named parts; each part is logged by itself, unscaled, and their sum is the
// reward of the tick. Reads DriveFacts alone, so it is the same in every simulator. Stateless.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "env_api/env.h"

namespace volante {

// Names of a preset's parts, in the order in which ComputeReward writes them.
std::vector<std::string> RewardPartNames(RewardPreset preset);

// Reward of the tick that led to `facts`; parts.size() must be RewardPartNames(preset).size().
double ComputeReward(RewardPreset preset, const DriveFacts& facts, std::span<float> parts);

// The speed the presets drive at: 8.33 m/s, the limit, and 2.5 m/s^2 lateral over the next 10 m.
double TargetSpeed(const DriveFacts& facts);

}  // namespace volante
