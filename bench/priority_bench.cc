// replay/per_sample256: what drawing by priorities costs over drawing uniformly.

#include <fmt/core.h>

#include <cmath>

#include "bench/bench.h"
#include "bench/learner_work.h"

namespace volante {
namespace {

constexpr int kBatch = 256;

// Batches per second: drawn and, with priorities, their errors (log-normal, since TD errors are
// many small ones and few large) written back.
double SampleRate(const BenchOptions& options, bool with_image, const PriorityOptions& priority) {
  const Filled filled = FillReplay(with_image, priority);
  Batch batch;
  std::vector<float> errors(kBatch);
  int64_t index = 0;
  return Median(MeasureRates(options, [&]() -> int64_t {
    RandomStream random(1, "bench sample", static_cast<uint64_t>(index++));
    filled.replay->Sample(random, kBatch, batch);
    if (filled.replay->priorities() != nullptr) {
      for (float& error : errors) error = static_cast<float>(std::exp(random.Normal()));
      filled.replay->UpdatePriorities(batch, 0, errors);
    }
    return 1;
  }));
}

}  // namespace

BenchResult BenchReplayPerSample(const BenchOptions& options) {
  const PriorityOptions per = {.kind = ReplayPriority::kPer};
  BenchResult result{
      .name = "replay/per_sample256", .value = SampleRate(options, true, per), .unit = "batches/s"};
  result.n = options.runs;
  const double uniform = SampleRate(options, true, {});
  const double added_us =
      1e6 / SampleRate(options, false, per) - 1e6 / SampleRate(options, false, {});
  result.note = fmt::format(
      "uniform in the same run {:.0f} ({:.2f} x); without images priorities add {:.0f} us a batch",
      uniform, result.value / uniform, added_us);
  return result;
}

}  // namespace volante
