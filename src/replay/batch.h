// A sampled batch: caller-owned memory that the replay fills and the learner reads. No torch here.
// Rows of single transitions, or, for a learner with memory, sequences: see SequenceLayout.
#pragma once

#include <cstdint>
#include <vector>

#include "env_api/env.h"

namespace volante {

// Sequences lie side by side, oldest observation first: observation t of sequence s is row
// t * count + s of image and vector, and a sequence that an episode's end cut is followed by zeros.
// Actions, rewards and discounts are those of the steps that carry a loss, sequence after sequence;
// `row` and `next_row` say which observations such a step goes from and to (n steps later).
struct SequenceLayout {
  int count = 0;   // 0: single transitions
  int steps = 0;   // observations that a step can start from, burn-in included
  int length = 0;  // observations stored of each: n_step more, to bootstrap from
  std::vector<int64_t> row, next_row;  // [size]

  friend bool operator==(const SequenceLayout&, const SequenceLayout&) = default;
};

// Where a frame stands: of the replay with that ReplayOptions::source the observation `seq` of a
// world's stream. Never another frame's.
struct FrameRef {
  uint64_t seq = UINT64_MAX;  // of none: a black frame, behind the end of a sequence
  uint16_t world = 0;
  uint8_t source = 0;

  bool exists() const { return seq != UINT64_MAX; }
  friend bool operator==(const FrameRef&, const FrameRef&) = default;
};

struct Batch {
  // Set before the batch is filled: image and next_image stay empty and frames and next_frames say
  // what would be in them, for a learner that has the frames (Td3Learner::CacheFrames).
  bool by_reference = false;
  int size = 0;
  int demonstrations = 0;  // the last rows are the expert's
  bool has_image = false;
  int vector_size = kVectorSize;
  std::vector<uint8_t> image;       // [B, 4, 84, 84], oldest frame first; empty without image
  std::vector<uint8_t> next_image;  // the same, n steps later
  std::vector<FrameRef> frames, next_frames;  // [B, 4] each, or empty: see by_reference
  std::vector<float> vector;                  // [B, vector_size]
  std::vector<float> next_vector;             // [B, vector_size]
  std::vector<float> action;                  // [B, 2]
  std::vector<float> label;          // [demonstrations, 2] the expert's actions without its noise
  std::vector<uint64_t> ordinal;     // [B] of the replay's record that holds action and reward
  std::vector<float> reward;         // [B] scaled, sum of gamma^i r_i over the n steps
  std::vector<float> discount;       // [B] gamma^n, or 0 where the episode terminated within them
  std::vector<float> weight;         // [B] in (0, 1], of the row's squared error; 1 but for PER
  std::vector<uint64_t> transition;  // [B] for Replay::UpdatePriorities of who filled the row

  SequenceLayout sequences;  // with them image and vector are [length * count, ...], and
                             // next_image and next_vector are empty

  void Resize(int batch_size, bool with_image, int vector_width = kVectorSize) {
    size = batch_size;
    demonstrations = 0;
    label.clear();
    has_image = with_image;
    vector_size = vector_width;
    const size_t b = static_cast<size_t>(batch_size);
    ResizeImages(image, frames, with_image ? b : 0);
    ResizeImages(next_image, next_frames, with_image ? b : 0);
    const size_t numbers = b * static_cast<size_t>(vector_width);
    vector.resize(numbers);
    next_vector.resize(numbers);
    action.resize(b * kActionSize);
    ordinal.resize(b);
    reward.resize(b);
    discount.resize(b);
    weight.assign(b, 1.0f);
    transition.assign(b, 0);
    sequences = {};
  }

  // Room for `count` sequences of `steps` steps each, still without any step to learn from.
  void ResizeSequences(int count, int steps, int n_step, bool with_image,
                       int vector_width = kVectorSize) {
    size = demonstrations = 0;
    label.clear();
    weight.clear();
    transition.clear();
    ordinal.clear();
    has_image = with_image;
    vector_size = vector_width;
    sequences = {count, steps, steps + n_step, {}, {}};
    for (std::vector<float>* values : {&next_vector, &action, &reward, &discount}) values->clear();
    const size_t rows = static_cast<size_t>(count) * static_cast<size_t>(sequences.length);
    vector.resize(rows * static_cast<size_t>(vector_width));
    ResizeImages(image, frames, with_image ? rows : 0);
    ResizeImages(next_image, next_frames, 0);
  }

 private:
  void ResizeImages(std::vector<uint8_t>& pixels, std::vector<FrameRef>& refs, size_t rows) const {
    pixels.resize(by_reference ? 0 : rows * kFrameStack * kImagePixels);
    refs.resize(by_reference ? rows * kFrameStack : 0);
  }
};

}  // namespace volante
