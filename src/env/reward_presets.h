// What each reward preset computes: values of its parts, in the order of their names. Internal to
// the reward's files; everyone else uses env/reward.h.
#pragma once

#include <array>

#include "env/reward.h"

namespace volante {

using RewardValues = std::array<double, kMaxRewardParts>;  // those beyond the preset's parts are 0

RewardValues DriveReward(const DriveFacts& facts);
RewardValues FivePartReward(const DriveFacts& facts, RewardPreset preset);
RewardValues RouteReward(const DriveFacts& facts);
RewardValues RaceReward(const DriveFacts& facts);

}  // namespace volante
