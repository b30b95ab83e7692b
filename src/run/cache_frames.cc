#include "run/cache_frames.h"

#include <vector>

#include "learn/torch_runtime.h"
#include "run/demonstrations.h"

namespace volante {

uint64_t CacheFrames(const Config& config, Td3Learner& learner, const Replay& agents,
                     const Replay* experts) {
  double gb = config.replay.device_gb;
  if (gb < 0.0) {  // on a CPU the replay itself is in the learner's memory
    gb = ResolveDevice(config.train.device) == Device::kCuda ? config.replay.max_gb : 0.0;
  }
  if (!HasImage(config.observation.mode) || gb == 0.0) return 0;
  std::vector<CachedReplay> sources = {{&agents, static_cast<uint64_t>(gb * 1e9)}};
  if (experts != nullptr) sources.push_back({experts, DemonstrationBytes(config)});
  // Rows or sequences, each with what it bootstraps from.
  const int64_t least =
      2 * int64_t{kFrameStack} * config.learner.batch_size * (config.replay.n_step + 1);
  return learner.CacheFrames(sources, least);
}

}  // namespace volante
