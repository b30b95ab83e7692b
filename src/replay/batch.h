// A sampled batch: caller-owned memory that the replay fills and the learner reads. No torch here.
#pragma once

#include <cstdint>
#include <vector>

#include "env_api/env.h"

namespace volante {

struct Batch {
  int size = 0;
  int demonstrations = 0;  // the last rows are the expert's
  bool has_image = false;
  int vector_size = kVectorSize;
  std::vector<uint8_t> image;        // [B, 4, 84, 84], oldest frame first; empty without image
  std::vector<uint8_t> next_image;   // the same, n steps later
  std::vector<float> vector;         // [B, vector_size]
  std::vector<float> next_vector;    // [B, vector_size]
  std::vector<float> action;         // [B, 2]
  std::vector<float> label;          // [demonstrations, 2] the expert's actions without its noise
  std::vector<uint64_t> ordinal;     // [B] of the replay's record that holds action and reward
  std::vector<float> reward;         // [B] scaled, sum of gamma^i r_i over the n steps
  std::vector<float> discount;       // [B] gamma^n, or 0 where the episode terminated within them
  std::vector<float> weight;         // [B] in (0, 1], of the row's squared error; 1 but for PER
  std::vector<uint64_t> transition;  // [B] for Replay::UpdatePriorities of who filled the row

  void Resize(int batch_size, bool with_image, int vector_width = kVectorSize) {
    size = batch_size;
    demonstrations = 0;
    label.clear();
    has_image = with_image;
    vector_size = vector_width;
    const size_t b = static_cast<size_t>(batch_size);
    const size_t pixels = with_image ? b * kFrameStack * kImagePixels : 0;
    image.resize(pixels);
    next_image.resize(pixels);
    const size_t numbers = b * static_cast<size_t>(vector_width);
    vector.resize(numbers);
    next_vector.resize(numbers);
    action.resize(b * kActionSize);
    ordinal.resize(b);
    reward.resize(b);
    discount.resize(b);
    weight.assign(b, 1.0f);
    transition.assign(b, 0);
  }
};

}  // namespace volante
