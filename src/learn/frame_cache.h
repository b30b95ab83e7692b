// Frames of the replay kept on the learner's device, so that a batch costs references instead of
// pixels: each frame crosses once, not once per stack that shows it. A cache, so any amount of
// memory will do; what it lacks is fetched from the replay, which has everything. Never changes a
// byte of a batch. Sees torch: learn/ alone. The learner's thread calls it.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

#include "learn/td3.h"
#include "replay/batch.h"

namespace volante {

class FrameCache {
 public:
  // Room for the frames of `sources` (of ReplayOptions::source 0, 1, ...) in at most their bytes
  // each, halved until the device has it; empty() when there is no room for the least of each.
  FrameCache(std::span<const CachedReplay> sources, at::Device device);

  bool empty() const { return !frames_.defined(); }
  uint64_t bytes() const { return empty() ? 0 : static_cast<uint64_t>(frames_.numel()); }
  // Frames fetched from the replays so far.
  int64_t fetched() const { return fetched_; }

  // [frames / 4, 4, 84, 84] uint8 on the device.
  at::Tensor Stacks(std::span<const FrameRef> frames);

 private:
  struct Source {
    const Replay* replay;
    int64_t begin, size;  // its slots
  };
  bool Allocate(std::span<const CachedReplay> sources, double share);
  int64_t SlotOf(const FrameRef& frame);

  at::Device device_;
  std::vector<Source> sources_;
  at::Tensor frames_;            // [slots + 1, 84 * 84] uint8; the last one is black
  std::vector<FrameRef> held_;   // [slots]
  std::vector<int64_t> used_;    // [slots], the last batch that named it
  std::vector<int64_t> fetch_;   // slots to be filled, with their frames one after the other in
  std::vector<uint8_t> pixels_;  // the caller's memory
  int64_t batch_ = 0, fetched_ = 0;
};

}  // namespace volante
