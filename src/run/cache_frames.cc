#include "run/cache_frames.h"

#include <algorithm>
#include <vector>

#include "learn/torch_runtime.h"
#include "run/demonstrations.h"

namespace volante {
namespace {

// Frames that `rows` of a batch name: observations, or sequences, with what they bootstrap from.
int64_t FramesOf(const Config& config, int rows) {
  return 2 * int64_t{kFrameStack} * rows * (config.replay.n_step + 1);
}

}  // namespace

double CachedBytes(const Config& config) {
  if (!HasImage(config.observation.mode)) return 0.0;
  if (config.replay.device_gb >= 0.0) return config.replay.device_gb * 1e9;
  // On a CPU the replay itself is in the learner's memory.
  if (ResolveDevice(config.train.device) != Device::kCuda) return 0.0;
  return config.replay.max_gb * 1e9 + static_cast<double>(DemonstrationBytes(config));
}

uint64_t CacheFrames(const Config& config, Td3Learner& learner, const Replay& agents,
                     const Replay* experts) {
  const double bytes = CachedBytes(config);
  if (bytes <= 0.0) return 0;
  // No more than the replays can hold; both shrink alike where that is too much.
  const double of_experts =
      experts == nullptr ? 0.0 : static_cast<double>(DemonstrationBytes(config));
  const double of_agents =
      std::min(config.replay.max_gb * 1e9,
               1.1 * kImagePixels * (config.replay.capacity + 1000.0 * config.train.num_worlds));
  const double share = std::min(1.0, bytes / (of_agents + of_experts));
  const auto part = [share](double all) { return static_cast<uint64_t>(share * all); };
  std::vector<CachedReplay> sources = {
      {&agents, part(of_agents), FramesOf(config, config.learner.batch_size)}};
  if (experts != nullptr) {
    const int rows = DemonstrationRows(config) *
                     (config.learner.memory == Memory::kNone ? 1 : config.learner.sequence_length);
    sources.push_back({experts, part(of_experts), FramesOf(config, rows)});
  }
  return learner.CacheFrames(sources);
}

}  // namespace volante
