#include "run/finite_row.h"

#include <cmath>
#include <string>

namespace volante {

std::optional<Error> NonFiniteIn(std::span<const float> numbers, const float* reward, int world,
                                 int tick) {
  const auto error = [&](const char* what, const std::string& which, float value) {
    return Error(
        ExitCode::kHealthHalt, std::string("non-finite ") + what + "; it was not learnt from",
        "world " + std::to_string(world) + ", tick " + std::to_string(tick),
        which + " is " + std::to_string(value),
        "this is a defect of the environment; a run with the same train.seed shows it again");
  };
  for (size_t i = 0; i < numbers.size(); ++i) {
    if (!std::isfinite(numbers[i])) {
      return error("observation", "number " + std::to_string(i) + " of the vector", numbers[i]);
    }
  }
  if (reward != nullptr && !std::isfinite(*reward)) return error("reward", "the reward", *reward);
  return std::nullopt;
}

}  // namespace volante
