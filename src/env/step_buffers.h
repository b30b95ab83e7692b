// Memory behind a StepView, for callers that have no reason to lay it out themselves.
#pragma once

#include <vector>

#include "env_api/env.h"

namespace volante {

class StepBuffers {
 public:
  explicit StepBuffers(const EnvTraits& traits)
      : frame_(traits.has_image ? static_cast<size_t>(traits.num_worlds) * kImagePixels : 0),
        vector_(static_cast<size_t>(traits.num_worlds) * kVectorSize),
        reward_(static_cast<size_t>(traits.num_worlds)),
        reward_parts_(static_cast<size_t>(traits.num_worlds) * traits.reward_parts.size()),
        facts_(static_cast<size_t>(traits.num_worlds)) {}

  StepView view() {
    return {frame_.empty() ? nullptr : frame_.data(), vector_.data(), reward_.data(),
            reward_parts_.data(), facts_.data()};
  }

 private:
  std::vector<uint8_t> frame_;
  std::vector<float> vector_, reward_, reward_parts_;
  std::vector<DriveFacts> facts_;
};

}  // namespace volante
