// The replay memory: every frame stored once, one stream of observations per world.
// Stacks and n-step returns are assembled on sampling, straight into the batch. What may be
// sampled, its order and what is evicted follow from the sequence of Begin and Add calls alone,
// never from where segments were cut, so a resumed run samples the same bytes. Saved as immutable
// segment files beside the checkpoints; saving costs what is new. Owned and called by the trainer's
// thread; Sample is const and may run on several threads while nothing is added.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/random.h"
#include "env_api/env.h"
#include "replay/batch.h"
#include "replay/priorities.h"
#include "store/checkpoint.h"

namespace volante {

struct ReplayOptions {
  int num_worlds = 1;                  // 1..65535
  bool has_image = true;               // false stores no frames
  int vector_size = kVectorSize;       // numbers per observation, odd
  int frame_stride = 1;                // ticks between the frames of a stack
  int frame_stack = kFrameStack;       // different frames in it, 1..4; kept is what 4 need
  int n_step = 1;                      // rewards per transition
  double discount = 0.99;              // gamma, per step
  int64_t capacity = 1000000;          // most transitions that can be sampled; the oldest go first
  uint64_t max_bytes = 2'000'000'000;  // most memory; the oldest go first
  PriorityOptions priority = {};       // how transitions are drawn
  uint8_t source = 0;                  // tells replays apart whose rows share a batch (FrameRef)
};

class Replay {
 public:
  // An Error(kUsage) when max_bytes does not hold a few transitions per world.
  explicit Replay(const ReplayOptions& options);
  ~Replay();
  Replay(Replay&&) noexcept;
  Replay& operator=(Replay&&) noexcept;

  // ---- filling ----
  // The first observation of an episode. `frame` [84, 84] may be null without images; `vector` is
  // [vector_size]. Beginning while an episode is open (its simulator failed) closes that one as
  // truncated at its last observation.
  void Begin(int world, const uint8_t* frame, const float* vector);
  // The calls of Begin and Add are numbered together from 0: a record's ordinal, as in the batch.
  // One step of the open episode: `reward` as the learner shall see it (scaled), and the true next
  // observation, of the last step too. terminated or truncated closes the episode.
  void Add(int world, Action action, float reward, bool terminated, bool truncated,
           const uint8_t* next_frame, const float* next_vector);

  // ---- reading ----
  // Transitions that can be sampled. With n_step > 1 the newest of an open episode wait for their
  // rewards.
  int64_t size() const;
  // Steps ever added, also those evicted.
  int64_t total_added() const;
  // Memory held, in bytes, with indices; at most max_bytes.
  uint64_t bytes() const;
  bool IsOpen(int world) const;
  int num_worlds() const;
  // The newest observation of the open episode: frame stack [4, 84, 84] oldest first (may be null
  // without images) and vector [vector_size], as acting needs it; also right after Restore.
  void Observe(int world, uint8_t* stack, float* vector) const;
  // `batch_size` transitions drawn with replacement, uniformly or by their priorities; size() must
  // be positive. discount is gamma^m for the m <= n_step rewards that were summed, 0 where the
  // episode terminated within them; a truncated episode bootstraps from its true last observation.
  // weight is PER's, of exponent `beta` (1 takes all of the bias away), relative to the largest of
  // these rows; 1 for the others.
  void Sample(RandomStream& random, int batch_size, Batch& batch, double beta = 1.0) const;
  // The same for rows [first, first + count) of a batch that has its size; count may be 0.
  void SampleRows(RandomStream& random, int first, int count, Batch& batch,
                  double beta = 1.0) const;
  // The priorities that follow from the TD errors of rows [first, first + td_errors.size()) of a
  // batch that this replay filled there; of equal rows the last counts, evicted ones are passed
  // over. Does nothing where transitions are drawn uniformly.
  void UpdatePriorities(const Batch& batch, int first, std::span<const float> td_errors);
  // Null where transitions are drawn uniformly.
  const Priorities* priorities() const;
  // Fills sequences [first, first + count) of a batch that has their room (ResizeSequences with
  // this n_step) and appends their steps, so call it with rising `first`; count may be 0. Each lies
  // inside one episode of one world. Its first step that carries a loss is drawn uniformly from the
  // transitions, with replacement. Up to burn_in steps before it only fill the memory: fewer where
  // the episode begins (there the memory is empty anyway) or older records are gone. So many steps
  // follow that the sequence has its length, fewer where the episode ends. Returns and discounts
  // are those of Sample. size() must be positive, 0 <= burn_in < steps.
  void SampleSequences(RandomStream& random, int first, int count, int burn_in, Batch& batch) const;
  // The frame [84, 84] that a batch of this replay names, while the batch's transitions are kept.
  const uint8_t* FrameAt(const FrameRef& ref) const;
  // XXH3-128 of everything that influences later samples, independent of segment cuts.
  std::string LogicalHash() const;

  // ---- keeping ----
  // Writes what is new since the last Seal as segment files in `directory` (made when missing),
  // synced, and returns the segments that hold everything still needed, for the manifest. A
  // segment that no longer matters is left out. On an error nothing that existed is changed, and
  // a later Seal continues.
  std::vector<FileRef> Seal(Files& files, const std::string& directory);
  // Replaces the content by that of `refs`; the options must equal those of the writer. Sizes and
  // hashes are verified first; on an error the content is unchanged.
  void Restore(Files& files, const std::string& directory, const std::vector<FileRef>& refs);
  // Priorities change after a segment was written, so they are kept beside it: those of
  // priorities()->Save(), set after Restore. Error(kBadInput) naming `where` when they are not of
  // this content.
  void RestorePriorities(const SavedPriorities& saved, const std::string& where);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace volante
