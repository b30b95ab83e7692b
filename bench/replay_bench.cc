// replay/*: what the memory costs, in time beside the update that it feeds and in bytes.

#include <fmt/core.h>

#include <algorithm>

#include "bench/bench.h"
#include "bench/learner_work.h"
#include "learn/pair_product.h"

namespace volante {

// At most 5 % of the time of the fastest update from the camera that this machine has: sampling
// must be at least 20 times as fast.
BenchResult BenchReplaySample(const BenchOptions& options) {
  constexpr int kBatch = 256;
  constexpr double kShare = 0.05;
  const Filled filled = FillReplay(true);
  Batch batch;
  int64_t index = 0;
  BenchResult result{.name = "replay/sample256",
                     .value = Median(MeasureRates(
                         options,
                         [&]() -> int64_t {
                           RandomStream random(1, "bench sample", static_cast<uint64_t>(index++));
                           filled.replay->Sample(random, kBatch, batch);
                           return 1;
                         })),
                     .unit = "batches/s"};
  result.n = options.runs;
  const bool bf16 = CpuHasPairProducts();
  const double updates_per_s =
      UpdateRate(options, *filled.replay,
                 PeerOptions(Encoder::kNature, ObservationMode::kCameraVector, bf16), kBatch,
                 /*with_sampling=*/false);
  result.limit = updates_per_s / kShare;
  result.note =
      fmt::format("{:.2f} % of an update's time, nature{} without sampling {:.2f}/s",
                  100.0 * updates_per_s / result.value, bf16 ? " in bf16" : "", updates_per_s);
  return result;
}

BenchResult BenchReplayBytes(const BenchOptions&) {
  const Filled filled = FillReplay(true);
  // 7,400 bytes per transition and 7,300 per episode (specification, section 4).
  const double allowed =
      7400.0 * static_cast<double>(filled.transitions) + 7300.0 * filled.episodes;
  BenchResult result{.name = "replay/bytes",
                     .value = static_cast<double>(filled.replay->bytes()) /
                              static_cast<double>(filled.transitions),
                     .unit = "bytes/transition"};
  result.higher_is_better = false;
  result.n = 1;
  result.limit = allowed / static_cast<double>(filled.transitions);
  result.note = fmt::format("{} transitions of {} episodes", filled.transitions, filled.episodes);
  return result;
}

}  // namespace volante
