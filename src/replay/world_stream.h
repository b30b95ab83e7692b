// The stored observations of one world, in order, in blocks of fixed-size records.
// A record is one observation with what led to it; blocks are allocated as the stream grows and
// freed from its front. Knows nothing about sampling. Used by Replay alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <memory>

#include "base/error.h"
#include "env_api/env.h"

namespace volante {

// The head of a record, as in memory and in segment files (little-endian). The vector follows at
// kHeadBytes, then the frame of kImagePixels bytes when there is one: RecordLayout says where.
struct ReplayRecord {
  static constexpr size_t kHeadBytes = 28;  // the 4 that pad a lone head belong to the vector
  enum Flags : uint32_t { kTerminatedFlag = 1, kTruncatedFlag = 2 };

  uint64_t ordinal = 0;  // of the Begin or Add call, over all worlds
  uint32_t tick = 0;     // steps since the episode's first observation; 0 starts an episode
  uint32_t flags = 0;    // of the step that led here
  float action[kActionSize] = {};
  float reward = 0.0f;

  bool EndsEpisode() const { return flags != 0; }
};
static_assert(offsetof(ReplayRecord, reward) + sizeof(float) == ReplayRecord::kHeadBytes);

// What every record of a replay is made of.
struct RecordLayout {
  bool has_image = true;
  int vector_size = kVectorSize;  // odd, so that records stay aligned without padding

  constexpr size_t vector_bytes() const { return static_cast<size_t>(vector_size) * sizeof(float); }
  constexpr size_t bytes() const {
    return ReplayRecord::kHeadBytes + vector_bytes() + (has_image ? kImagePixels : 0);
  }
  static const uint8_t* VectorOf(const ReplayRecord& record) {
    return reinterpret_cast<const uint8_t*>(&record) + ReplayRecord::kHeadBytes;
  }
  const uint8_t* FrameOf(const ReplayRecord& record) const {
    return VectorOf(record) + vector_bytes();
  }
};
static_assert(RecordLayout{true, kVectorSize}.bytes() == 240 + kImagePixels);
static_assert(RecordLayout{true, kVectorSize}.bytes() % alignof(ReplayRecord) == 0);
static_assert(RecordLayout{false, kPrivilegedSize}.bytes() % alignof(ReplayRecord) == 0);

class WorldStream {
 public:
  static constexpr uint64_t kRecordsPerBlock = 8;
  static constexpr size_t kPrefetchBytes = 256;  // head and numbers, mostly
  // What the allocator and the block table take per block beside the records.
  static constexpr size_t kBlockOverhead = 16 + sizeof(void*);

  // An empty stream whose first record will have number `begin`.
  WorldStream(const RecordLayout& layout, uint64_t begin)
      : record_bytes_(layout.bytes()), end_(begin), first_block_(begin / kRecordsPerBlock) {}

  uint64_t end() const { return end_; }
  uint64_t bytes() const {
    return blocks_.size() * (kRecordsPerBlock * record_bytes_ + kBlockOverhead);
  }
  // Record `seq`, which must be kept still; valid until it is dropped.
  const ReplayRecord& At(uint64_t seq) const {
    const uint8_t* block = blocks_[seq / kRecordsPerBlock - first_block_].get();
    return *reinterpret_cast<const ReplayRecord*>(block + seq % kRecordsPerBlock * record_bytes_);
  }
  // Asks for the head and the numbers of record `seq`, and the head of the next, which mostly lies
  // behind it.
  void Prefetch(uint64_t seq) const {
    const auto* record = reinterpret_cast<const uint8_t*>(&At(seq));
    for (size_t offset = 0; offset < kPrefetchBytes; offset += 64) {
      __builtin_prefetch(record + offset);
    }
    __builtin_prefetch(record + record_bytes_);
  }
  // Room for the next record; the caller fills all of it.
  uint8_t* Append() {
    if (end_ / kRecordsPerBlock == first_block_ + blocks_.size()) {
      blocks_.push_back(
          std::make_unique_for_overwrite<uint8_t[]>(kRecordsPerBlock * record_bytes_));
    }
    uint8_t* block = blocks_.back().get();
    return block + end_++ % kRecordsPerBlock * record_bytes_;
  }
  // Frees the blocks that hold only records before `seq`.
  void DropBefore(uint64_t seq) {
    while (!blocks_.empty() && (first_block_ + 1) * kRecordsPerBlock <= seq) {
      blocks_.pop_front();
      ++first_block_;
    }
  }

 private:
  size_t record_bytes_;
  uint64_t end_;
  uint64_t first_block_;  // number of blocks_.front()
  std::deque<std::unique_ptr<uint8_t[]>> blocks_;
};

}  // namespace volante
