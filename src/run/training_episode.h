// What a training episode is asked to be: route, start, traffic, all from the run's seed. One
// definition for the agent's episodes and for the expert's demonstrations.
#pragma once

#include <string_view>

#include "config/config.h"
#include "env_api/env.h"

namespace volante {

// Episode `index` of the stream (train.seed, purpose, index), to be driven in `world`.
ResetRequest TrainingEpisode(const Config& config, std::string_view purpose, uint64_t index,
                             int world);

}  // namespace volante
