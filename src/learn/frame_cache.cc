#include "learn/frame_cache.h"

#include <ATen/ops/from_blob.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>
#include <c10/util/Exception.h>

#include <algorithm>

#include "base/error.h"
#include "replay/replay.h"

namespace volante {
namespace {

constexpr int64_t kProbes = 4;  // slots in which a frame is looked for
// What networks and activations of an update may still need of a GPU: 2 GB.
constexpr int64_t kSpareBytes = 2'000'000'000;

}  // namespace

FrameCache::FrameCache(std::span<const CachedReplay> sources, at::Device device) : device_(device) {
  for (double share = 1.0; share > 0.01 && !Allocate(sources, share); share *= 0.5) {
  }
}

bool FrameCache::Allocate(std::span<const CachedReplay> sources, double share) {
  std::vector<Source> ranges;
  int64_t slots = 0;
  for (const CachedReplay& source : sources) {
    const double bytes = share * static_cast<double>(source.max_bytes);
    const int64_t worlds = source.replay->num_worlds();
    const auto size = static_cast<int64_t>(bytes / kImagePixels) / worlds * worlds;
    if (size < std::max(source.least, worlds)) return false;
    ranges.push_back({source.replay, slots, size});
    slots += size;
  }
  const auto options = at::TensorOptions(at::kByte).device(device_);
  try {
    at::Tensor spare;
    if (!device_.is_cpu()) spare = at::zeros({kSpareBytes}, options);
    frames_ = at::zeros({slots + 1, kImagePixels}, options);
  } catch (const c10::Error&) {  // no room
    return false;
  }
  sources_ = std::move(ranges);
  held_.assign(static_cast<size_t>(slots), {});
  used_.assign(static_cast<size_t>(slots), 0);
  return true;
}

// Frames of a world lie side by side, those of the other worlds between them: worlds step together,
// so what the replay keeps falls on different slots while there is room for all of it. A slot that
// this batch names already keeps its frame.
int64_t FrameCache::SlotOf(const FrameRef& frame) {
  if (!frame.exists()) return static_cast<int64_t>(held_.size());
  VOLANTE_CHECK(frame.source < sources_.size(), "no such replay");
  const Source& source = sources_[frame.source];
  const auto worlds = static_cast<uint64_t>(source.replay->num_worlds());
  const auto size = static_cast<uint64_t>(source.size);
  int64_t free = -1;
  for (uint64_t probe = 0; probe < size && (probe < kProbes || free < 0); ++probe) {
    const auto slot = static_cast<size_t>(
        source.begin + static_cast<int64_t>((frame.seq * worlds + frame.world + probe) % size));
    if (held_[slot] == frame) {
      used_[slot] = batch_;
      return static_cast<int64_t>(slot);
    }
    if (free < 0 && used_[slot] != batch_) free = static_cast<int64_t>(slot);
  }
  VOLANTE_CHECK(free >= 0, "a batch names more frames than the cache holds");
  const auto slot = static_cast<size_t>(free);
  held_[slot] = frame;
  used_[slot] = batch_;
  fetch_.push_back(free);
  const uint8_t* pixels = source.replay->FrameAt(frame);
  pixels_.insert(pixels_.end(), pixels, pixels + kImagePixels);
  return free;
}

at::Tensor FrameCache::Stacks(std::span<const FrameRef> frames) {
  VOLANTE_CHECK(!empty() && frames.size() % kFrameStack == 0, "whole stacks of a cache with room");
  const c10::NoGradGuard no_grad;
  ++batch_;
  fetch_.clear();
  pixels_.clear();
  std::vector<int64_t> slots(frames.size());
  std::ranges::transform(frames, slots.begin(), [this](const FrameRef& f) { return SlotOf(f); });
  const auto on_device = [this](const std::vector<int64_t>& index) {
    return at::from_blob(const_cast<int64_t*>(index.data()), {static_cast<int64_t>(index.size())},
                         at::kLong)
        .to(device_);
  };
  if (!fetch_.empty()) {
    const auto count = static_cast<int64_t>(fetch_.size());
    fetched_ += count;
    const at::Tensor pixels = at::from_blob(pixels_.data(), {count, kImagePixels}, at::kByte);
    try {
      frames_.index_copy_(0, on_device(fetch_), pixels.to(device_));
    } catch (...) {  // what was to come is not there
      for (const int64_t slot : fetch_) held_[static_cast<size_t>(slot)] = {};
      throw;
    }
  }
  const auto stacks = static_cast<int64_t>(frames.size()) / kFrameStack;
  return frames_.index_select(0, on_device(slots))
      .view({stacks, kFrameStack, kImageSide, kImageSide});
}

}  // namespace volante
