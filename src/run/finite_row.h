// Whether what an environment gave out can be learnt from: a number that is not finite is named
// where it came out, not where it does harm later. Pure function; any thread.
#pragma once

#include <optional>
#include <span>

#include "base/error.h"

namespace volante {

// The numbers that one world's agent sees and, unless null, its reward: an Error(kHealthHalt) that
// names the first that is not finite, for the caller to throw. `world` and `tick` are for its text.
std::optional<Error> NonFiniteIn(std::span<const float> numbers, const float* reward, int world,
                                 int tick);

}  // namespace volante
