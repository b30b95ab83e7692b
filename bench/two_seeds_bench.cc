// two_seeds/*: two trainings at once with one thread each, against one with two threads. Both sides
// are processes of their own, as users start them, that run the row of one update.

#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "bench/bench.h"
#include "bench/child_process.h"

namespace volante {
namespace {

// The row in a process of its own.
std::string Command(const BenchOptions& options, const std::string& row, int threads) {
  return fmt::format(
      "env -u OMP_NUM_THREADS -u OPENBLAS_NUM_THREADS '{}' bench {} --exact --threads {} "
      "--peer-python '' --runs {} --seconds {} --json - 2>/dev/null",
      LightProgram(), row, threads, options.runs, options.seconds);
}

double RateIn(const std::optional<std::string>& output, const std::string& row) {
  const auto json = nlohmann::json::parse(output.value_or(""), nullptr, false);
  if (!json.is_array() || json.empty() || !json[0].contains("value")) {
    throw Error(ExitCode::kEnvironment, "a measured program failed", "volante bench " + row, "",
                "volante bench " + row);
  }
  return json[0]["value"].get<double>();
}

BenchResult BenchTwoSeeds(const BenchOptions& options, const char* name, const std::string& row) {
  const auto both = OutputsOf({Command(options, row, 1), Command(options, row, 1)});
  const double one_with_two = RateIn(OutputOf(Command(options, row, 2)), row);
  BenchResult result{
      .name = name, .value = RateIn(both[0], row) + RateIn(both[1], row), .unit = "updates/s"};
  result.n = options.runs;
  result.note =
      fmt::format("two processes together; one process with two threads {:.2f} ({:.2f} x)",
                  one_with_two, result.value / one_with_two);
  return result;
}

}  // namespace

BenchResult BenchTwoSeedsSmall(const BenchOptions& options) {
  return BenchTwoSeeds(options, "two_seeds/small/batch128", "update/small/batch128");
}

BenchResult BenchTwoSeedsNature(const BenchOptions& options) {
  return BenchTwoSeeds(options, "two_seeds/nature/batch256", "update/nature/batch256");
}

}  // namespace volante
