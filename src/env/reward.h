// The reward: every sign and scale in one place (spec.md section 3).
// A preset is a list of named parts; each part is logged by itself, unscaled, and the sum of those
// that are not switched off is the reward of the tick. Reads DriveFacts alone, so it is the same in
// every simulator. Stateless. Formulas: reward.cc (drive, five_part and its variants),
// reward_route_race.cc.
#pragma once

#include <bitset>
#include <span>
#include <string>
#include <vector>

#include "env_api/env.h"

namespace volante {

inline constexpr size_t kMaxRewardParts = 8;
// Bit i stands for part i of a preset.
using RewardPartSet = std::bitset<kMaxRewardParts>;

// Names of a preset's parts, in the order in which ComputeReward writes them.
std::vector<std::string> RewardPartNames(RewardPreset preset);

// The parts that `names` (reward.without) names; Error(kUsage) with the nearest name for one that
// the preset does not have.
RewardPartSet RewardParts(RewardPreset preset, const std::vector<std::string>& names);

// Reward of the tick that led to `facts`; parts.size() must be RewardPartNames(preset).size(). The
// parts of `without` are written as the others are, but do not count.
double ComputeReward(RewardPreset preset, const DriveFacts& facts, std::span<float> parts,
                     RewardPartSet without = {});

// The speed the presets drive at: 8.33 m/s, the limit, and 2.5 m/s^2 lateral over the next 10 m.
double TargetSpeed(const DriveFacts& facts);

}  // namespace volante
