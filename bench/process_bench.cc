// Whole processes: how long a user waits for the program to answer, and for an evaluation.

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>

#include "bench/bench.h"
#include "bench/child_process.h"

namespace volante {

BenchResult BenchHelp(const BenchOptions& options) {
  const std::vector<std::string> words = {LightProgram(), "--help"};
  const char* hint = "build or install volante beside volante-learn";
  std::vector<double> milliseconds;
  SecondsOf(words, hint);  // warm-up
  for (int i = 0; i < 4 * options.runs; ++i) milliseconds.push_back(1e3 * SecondsOf(words, hint));
  BenchResult result{.name = "start/help", .value = Median(milliseconds), .unit = "ms"};
  result.higher_is_better = false;
  result.n = static_cast<int>(milliseconds.size());
  result.limit = 50.0;
  return result;
}

BenchResult BenchEvaluate(const BenchOptions& options) {
  BenchResult result{.name = "evaluate/scenario0", .value = 0.0, .unit = "s"};
  result.higher_is_better = false;
  result.limit = 20.0;
  if (!std::filesystem::exists(options.actor)) {
    result.note = "no " + options.actor + " here";
    return result;
  }
  std::vector<double> seconds;
  for (int i = 0; i < std::min(options.runs, 3); ++i) {
    seconds.push_back(SecondsOf({LightProgram(), "evaluate", "--checkpoint", options.actor,
                                 "--scenario", "0", "--num-episodes", "20"},
                                "volante evaluate --checkpoint " + options.actor));
  }
  result.value = Median(seconds);
  result.n = static_cast<int>(seconds.size());
  result.note = fmt::format("20 test episodes of {}, a whole process", options.actor);
  return result;
}

}  // namespace volante
