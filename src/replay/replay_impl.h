// The state behind Replay, shared by replay.cc (filling and sampling) and segment.cc (files).
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "replay/replay.h"
#include "replay/world_stream.h"

namespace volante {

// One world: its stream, and which part of it still matters.
//   first_needed <= first_valid <= next_start <= stream.end()
// Records from first_needed on are kept (they hold the older frames of the stack at first_valid);
// [first_valid, next_start) are starts that can be sampled, last records of episodes left out;
// from next_start on starts wait for their n rewards.
struct ReplayWorld {
  WorldStream stream;
  uint64_t first_needed = 0;
  uint64_t first_valid = 0;
  uint64_t next_start = 0;
  uint64_t sealed_end = 0;  // records before it are in a segment file
  bool open = false;

  ReplayWorld(const RecordLayout& layout, uint64_t begin)
      : stream(layout, begin),
        first_needed(begin),
        first_valid(begin),
        next_start(begin),
        sealed_end(begin) {}
};

// Where the start of a sampleable transition is.
struct StartRef {
  uint64_t world : 16;
  uint64_t seq : 48;
};
static_assert(sizeof(StartRef) == 8);

struct SealedSegment {
  FileRef ref;
  std::vector<uint64_t> begin_seq, end_seq;  // per world
};

// What the steps from one start on are worth.
struct NStepReturn {
  float reward = 0.0f;    // sum of gamma^i r_i
  float discount = 0.0f;  // gamma^m for the m rewards summed, 0 where the episode terminated
  uint64_t last = 0;      // the observation to bootstrap from
};

struct Replay::Impl {
  explicit Impl(const ReplayOptions& options);

  // Called after a record was appended to `world`: moves starts whose rewards are complete into
  // the log. Trim comes next.
  void OnAppended(size_t world);
  // Drops the oldest starts until capacity and memory hold.
  void Evict();
  // Brings first_valid and first_needed up to date and frees what nothing needs.
  void Trim(ReplayWorld& world);
  void PushStart(size_t world, uint64_t seq);
  // Records of history that a stack needs before its newest frame.
  uint64_t HistoryTicks() const;
  // Which record holds frame k of the stack at `seq`.
  uint64_t FrameSeq(const WorldStream& stream, uint64_t seq, int k) const;
  void CopyStack(const WorldStream& stream, uint64_t seq, uint8_t* out) const;
  // Row `row` of a batch's images: the stack at `seq`, or where its frames stand.
  void PutStack(uint64_t world, uint64_t seq, size_t row, bool by_reference,
                std::vector<uint8_t>& images, std::vector<FrameRef>& frames) const;
  // R = sum of gamma^i r_(t+i+1), i < m; m = n, or less where the episode ends.
  NStepReturn ReturnFrom(const WorldStream& stream, uint64_t start) const;
  uint64_t LogicalBytes() const;
  RecordLayout layout() const { return {options.has_image, options.vector_size}; }
  // Behind the head of a new record: its vector, and its frame when there is one.
  void WriteObservation(uint8_t* record, const uint8_t* frame, const float* vector) const;
  // Fills `transition` and `weight` of these rows.
  void DrawRows(RandomStream& random, size_t first, size_t count, double beta, Batch& batch) const;
  // More starts than can ever be in the log at a time.
  uint64_t MostStarts() const;

  ReplayOptions options;
  std::deque<ReplayWorld> worlds;
  std::deque<StartRef> log;              // starts in the order in which they became complete
  std::optional<Priorities> priorities;  // of the starts in the log, in its order
  uint64_t live_records = 0;
  uint64_t budget_bytes = 0;  // max_bytes less what partly filled blocks may take
  uint64_t next_ordinal = 0;
  int64_t total_added = 0;

  std::string sealed_directory;
  std::deque<SealedSegment> sealed;
};

}  // namespace volante
