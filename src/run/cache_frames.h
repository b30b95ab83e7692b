// The replay's frames on the learner's device: whether, and how much of it.
#pragma once

#include <cstdint>

#include "config/config.h"
#include "learn/td3.h"
#include "replay/replay.h"

namespace volante {

// What CacheFrames asks for at most; 0 where replay.device_gb asks for none.
double CachedBytes(const Config& config);

// Asks the learner to keep frames of the agent's replay, and of the expert's where there is one, as
// replay.device_gb says. Bytes taken; 0 where none are kept, because nobody asked or there is no
// room.
uint64_t CacheFrames(const Config& config, Td3Learner& learner, const Replay& agents,
                     const Replay* experts);

}  // namespace volante
