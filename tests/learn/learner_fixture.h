// Options and batches for the learner's tests: random, but the same every time.
#pragma once

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

#include "base/random.h"
#include "learn/td3.h"

namespace volante {

inline Td3Options TestOptions(ObservationMode mode, Wiring wiring = Wiring::kSharedCritic,
                              Fusion fusion = Fusion::kTrunk,
                              Encoder encoder = Encoder::kNatureLayerNorm) {
  Td3Options options;
  options.config.wiring = wiring;
  options.config.fusion = fusion;
  options.config.encoder = encoder;
  options.config.batch_size = 8;
  options.mode = mode;
  options.seed = 7;
  return options;
}

// Images with structure (a gradient, a block and noise), numbers in the range of observations;
// every fifth transition ends its episode.
inline Batch RandomBatch(int size, ObservationShape mode, uint64_t index) {
  RandomStream random(11, "test batch", index);
  Batch batch;
  batch.Resize(size, HasImage(mode), VectorSize(mode));
  for (auto* images : {&batch.image, &batch.next_image}) {
    for (size_t i = 0; i < images->size(); i += kImagePixels) {
      const auto brightness = static_cast<uint32_t>(random.Below(128));
      const auto left = static_cast<size_t>(random.Below(60)),
                 top = static_cast<size_t>(random.Below(60));
      uint32_t noise = random.NextUint32();
      for (size_t y = 0; y < kImageSide; ++y) {
        for (size_t x = 0; x < kImageSide; ++x) {
          noise = noise * 1664525u + 1013904223u;
          const bool block = x >= left && x < left + 20 && y >= top && y < top + 20;
          (*images)[i + y * kImageSide + x] =
              static_cast<uint8_t>((brightness + y + (block ? 90 : 0) + (noise >> 28)) & 255);
        }
      }
    }
  }
  for (auto* values : {&batch.vector, &batch.next_vector}) {
    for (float& value : *values) value = static_cast<float>(random.Uniform(-1.0, 1.0));
  }
  for (float& value : batch.action) value = static_cast<float>(random.Uniform(-1.0, 1.0));
  for (float& value : batch.reward) value = static_cast<float>(random.Uniform(-1.0, 1.0));
  for (size_t i = 0; i < batch.discount.size(); ++i) batch.discount[i] = i % 5 == 4 ? 0.0f : 0.99f;
  return batch;
}

inline std::string CaseName(const Td3Options& options) {
  const LearnerConfig& c = options.config;
  const bool camera = HasImage(options.mode);
  std::string name = camera ? "" : NameOf(options.mode.mode) + std::string("_");
  name += c.wiring == Wiring::kSharedCritic ? "shared" : NameOf(c.wiring);
  if (camera) {
    name +=
        (c.fusion == Fusion::kTrunk ? "_trunk" : "_concat") + std::string("_") + NameOf(c.encoder);
    if (c.wiring == Wiring::kSharedCritic && !c.target_encoder) name += "_no_target_encoder";
    if (c.batchnorm == BatchNorm::kTrain) name += "_train";
  }
  if (c.head_layernorm) name += "_head_layernorm";
  if (c.memory != Memory::kNone) name += std::string("_") + NameOf(c.memory);
  if (options.demonstrations.bc_weight > 0.0) name += "_cloning";
  if (!c.twin_critics) name += "_one_critic";
  if (c.target_value == TargetValue::kMomentum) {
    name += std::string("_mpg_") + NameOf(c.momentum_delta) + "_" + NameOf(c.momentum_last);
  }
  if (c.critic_action_layer > 0) name += "_late_action";
  if (c.grad_clip != GradClip::kNorm) name += std::string("_clip_") + NameOf(c.grad_clip);
  if (options.priority != ReplayPriority::kUniform) {
    name += std::string("_") + NameOf(options.priority);
  }
  return name;
}

// What gtest prints of a parameter.
inline void PrintTo(const Td3Options& options, std::ostream* out) { *out << CaseName(options); }

}  // namespace volante
