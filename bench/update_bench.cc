// update/*: one TD3 update, sampling included, beside the peer and the machine's ceiling.

#include <fmt/core.h>

#include "bench/bench.h"
#include "bench/learner_work.h"
#include "learn/operator_times.h"
#include "learn/pair_product.h"
#include "learn/torch_runtime.h"

namespace volante {
namespace {

struct UpdateRow {
  const char* name;
  const char* summary;
  const char* peer_kind;
  Encoder encoder;
  int batch_size;
  double times_peer;  // what is asked, as a multiple of the peer's rate
  bool bf16 = false;
  ObservationMode mode = ObservationMode::kCameraVector;
  double updates_per_s = 0.0;  // asked in itself; 0: as a multiple
};

constexpr UpdateRow kRows[] = {
    {"update/nature/batch256", "one TD3 update from the camera: sampling to verified clipping",
     "nature", Encoder::kNature, 256, 3.5},
    {"update/nature/batch256/bf16", "the same with products in bf16", "nature", Encoder::kNature,
     256, 3.5, true},
    {"update/nature/batch100", "the same with 100 transitions", "nature", Encoder::kNature, 100,
     3.0},
    {"update/nature/batch100/bf16", "and products in bf16", "nature", Encoder::kNature, 100, 3.0,
     true},
    {"update/nature_layernorm/batch256", "normalised after each layer, the peer too",
     "nature_layernorm", Encoder::kNatureLayerNorm, 256, 3.0},
    {"update/nature_layernorm/batch256/bf16", "and products in bf16", "nature_layernorm",
     Encoder::kNatureLayerNorm, 256, 3.0, true},
    {"update/state/batch256", "one update from the 53 numbers", "state", Encoder::kNature, 256, 0.0,
     false, ObservationMode::kVector, 900.0},
    {"update/state/batch256/bf16", "the same with products in bf16", "state", Encoder::kNature, 256,
     0.0, true, ObservationMode::kVector, 900.0},
};

// Twenty updates of one batch, watched: an operator's share of an update, summed over threads.
std::vector<std::string> OperatorLines(const Td3Options& options, const Batch& batch) {
  constexpr int kUpdates = 20, kLines = 16;
  Td3Learner learner(options);
  for (int i = 0; i < 4; ++i) learner.Update(batch);  // both kinds of update, twice
  std::vector<std::string> lines;
  for (const OperatorTime& time : TimeOperators([&] {
         for (int i = 0; i < kUpdates; ++i) learner.Update(batch);
       })) {
    if (lines.size() == kLines) break;
    lines.push_back(fmt::format("{:9.3f} ms  {:5.1f} calls  {}", 1e3 * time.seconds / kUpdates,
                                static_cast<double>(time.calls) / kUpdates, time.name));
  }
  return lines;
}

std::vector<std::string> OperatorsOf(const BenchOptions& options, const Replay& replay,
                                     const Td3Options& learner, int batch_size) {
  if (!options.operators) return {};
  RandomStream random(1, "bench update", 0);
  Batch batch;
  replay.Sample(random, batch_size, batch);
  return OperatorLines(learner, batch);
}

BenchResult BenchUpdate(const BenchOptions& options, const UpdateRow& row) {
  BenchResult result{.name = row.name, .value = 0.0, .unit = "updates/s"};
  if (row.bf16 && !CpuHasPairProducts()) {
    result.note = "this CPU has no bf16 products";
    return result;
  }
  const Filled filled = FillReplay(row.mode == ObservationMode::kCameraVector);
  const Td3Options learner = PeerOptions(row.encoder, row.mode, row.bf16);
  result.value = UpdateRate(options, *filled.replay, learner, row.batch_size);
  result.n = options.runs;
  result.operators = OperatorsOf(options, *filled.replay, learner, row.batch_size);
  result.peer = PeerRate(options, row.peer_kind, row.batch_size, /*tuned=*/false);
  if (row.times_peer > 0.0 && result.peer) result.limit = row.times_peer * *result.peer;
  if (row.updates_per_s > 0.0) result.limit = row.updates_per_s;
  const Ceiling ceiling = MeasureCeiling(options, learner, row.batch_size);
  result.ceiling = ceiling.updates_per_s;
  result.note =
      fmt::format("{} threads, BLAS {}; {}", LearnerThreads(), BlasCoreName(), ceiling.note);
  if (const auto tuned = PeerRate(options, row.peer_kind, row.batch_size, /*tuned=*/true)) {
    result.note += fmt::format("; the peer in our process environment {:.2f} ({:.2f} x)", *tuned,
                               result.value / *tuned);
  }
  return result;
}

// The recipe's networks with the small encoder, and in the same run those with nature's.
BenchResult BenchSmall(const BenchOptions& options) {
  constexpr int kSmallBatch = 128;
  const Filled filled = FillReplay(true);
  Td3Options learner;
  learner.config.encoder = Encoder::kSmall;
  BenchResult result{.name = "update/small/batch128",
                     .value = UpdateRate(options, *filled.replay, learner, kSmallBatch),
                     .unit = "updates/s"};
  result.n = options.runs;
  result.operators = OperatorsOf(options, *filled.replay, learner, kSmallBatch);
  const Ceiling ceiling = MeasureCeiling(options, learner, kSmallBatch);
  result.ceiling = ceiling.updates_per_s;
  learner.config.encoder = Encoder::kNatureLayerNorm;
  const double nature = UpdateRate(options, *filled.replay, learner, kSmallBatch);
  result.note =
      fmt::format("{} threads, BLAS {}; {}; nature_layernorm {:.2f} ({:.2f} x)", LearnerThreads(),
                  BlasCoreName(), ceiling.note, nature, result.value / nature);
  return result;
}

}  // namespace

std::vector<Benchmark> UpdateBenchmarks() {
  std::vector<Benchmark> rows;
  for (const UpdateRow& row : kRows) {
    rows.push_back({row.name, row.summary,
                    [&row](const BenchOptions& options) { return BenchUpdate(options, row); }});
  }
  rows.push_back({"update/small/batch128",
                  "one update of the recipe with the small encoder, nature's beside it",
                  BenchSmall});
  return rows;
}

}  // namespace volante
