// Memory behind a StepView, for callers that have no reason to lay it out themselves.
#pragma once

#include <vector>

#include "env_api/env.h"

namespace volante {

class StepBuffers {
 public:
  explicit StepBuffers(const EnvTraits& traits, bool with_privileged = false)
      : frame_(traits.has_image ? static_cast<size_t>(traits.num_worlds) * kImagePixels : 0),
        vector_(static_cast<size_t>(traits.num_worlds) * static_cast<size_t>(traits.vector_size)),
        reward_(static_cast<size_t>(traits.num_worlds)),
        reward_parts_(static_cast<size_t>(traits.num_worlds) * traits.reward_parts.size()),
        privileged_(with_privileged ? static_cast<size_t>(traits.num_worlds) * kPrivilegedSize : 0),
        facts_(static_cast<size_t>(traits.num_worlds)) {}

  StepView view() {
    return {frame_.empty() ? nullptr : frame_.data(),
            vector_.data(),
            reward_.data(),
            reward_parts_.data(),
            facts_.data(),
            privileged_.empty() ? nullptr : privileged_.data()};
  }

 private:
  std::vector<uint8_t> frame_;
  std::vector<float> vector_, reward_, reward_parts_, privileged_;
  std::vector<DriveFacts> facts_;
};

}  // namespace volante
