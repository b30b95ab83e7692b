// update/*: one TD3 update, sampling included, beside the peer and the machine's ceiling.

#include <fmt/core.h>

#include "bench/bench.h"
#include "bench/learner_work.h"
#include "learn/machine_rate.h"
#include "learn/torch_runtime.h"

namespace volante {
namespace {

struct UpdateRow {
  const char* name;
  const char* peer_kind;
  ObservationMode mode;
  Encoder encoder;
  int batch_size;
  bool bf16 = false;
  double times_peer = 0.0;     // what is asked, as a multiple of the peer's rate; 0: not so
  double updates_per_s = 0.0;  // or in itself
};

BenchResult BenchUpdate(const BenchOptions& options, const UpdateRow& row) {
  BenchResult result{.name = row.name, .value = 0.0, .unit = "updates/s"};
  if (row.bf16 && !CpuHasBf16()) {
    result.note = "this CPU has no bf16 products";
    return result;
  }
  const Filled filled = FillReplay(row.mode == ObservationMode::kCameraVector);
  const Td3Options learner = PeerOptions(row.encoder, row.mode, row.bf16);
  result.value = UpdateRate(options, *filled.replay, learner, row.batch_size);
  result.n = options.runs;
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

constexpr auto kCamera = ObservationMode::kCameraVector;

}  // namespace

BenchResult BenchUpdateNature(const BenchOptions& options) {
  return BenchUpdate(options, {.name = "update/nature/batch256",
                               .peer_kind = "nature",
                               .mode = kCamera,
                               .encoder = Encoder::kNature,
                               .batch_size = 256,
                               .times_peer = 3.5});
}

BenchResult BenchUpdateNatureBf16(const BenchOptions& options) {
  return BenchUpdate(options, {.name = "update/nature/batch256/bf16",
                               .peer_kind = "nature",
                               .mode = kCamera,
                               .encoder = Encoder::kNature,
                               .batch_size = 256,
                               .bf16 = true,
                               .times_peer = 3.5});
}

BenchResult BenchUpdateNature100(const BenchOptions& options) {
  return BenchUpdate(options, {.name = "update/nature/batch100",
                               .peer_kind = "nature",
                               .mode = kCamera,
                               .encoder = Encoder::kNature,
                               .batch_size = 100,
                               .times_peer = 3.0});
}

BenchResult BenchUpdateNature100Bf16(const BenchOptions& options) {
  return BenchUpdate(options, {.name = "update/nature/batch100/bf16",
                               .peer_kind = "nature",
                               .mode = kCamera,
                               .encoder = Encoder::kNature,
                               .batch_size = 100,
                               .bf16 = true,
                               .times_peer = 3.0});
}

BenchResult BenchUpdateLayerNorm(const BenchOptions& options) {
  return BenchUpdate(options, {.name = "update/nature_layernorm/batch256",
                               .peer_kind = "nature_layernorm",
                               .mode = kCamera,
                               .encoder = Encoder::kNatureLayerNorm,
                               .batch_size = 256,
                               .times_peer = 3.0});
}

BenchResult BenchUpdateLayerNormBf16(const BenchOptions& options) {
  return BenchUpdate(options, {.name = "update/nature_layernorm/batch256/bf16",
                               .peer_kind = "nature_layernorm",
                               .mode = kCamera,
                               .encoder = Encoder::kNatureLayerNorm,
                               .batch_size = 256,
                               .bf16 = true,
                               .times_peer = 3.0});
}

BenchResult BenchUpdateState(const BenchOptions& options) {
  return BenchUpdate(options, {.name = "update/state/batch256",
                               .peer_kind = "state",
                               .mode = ObservationMode::kVector,
                               .encoder = Encoder::kNature,
                               .batch_size = 256,
                               .updates_per_s = 900.0});
}

// The recipe's networks with the small encoder, and in the same run those with nature's.
BenchResult BenchUpdateSmall(const BenchOptions& options) {
  constexpr int kSmallBatch = 128;
  const Filled filled = FillReplay(true);
  Td3Options learner;
  learner.config.encoder = Encoder::kSmall;
  BenchResult result{.name = "update/small/batch128",
                     .value = UpdateRate(options, *filled.replay, learner, kSmallBatch),
                     .unit = "updates/s"};
  result.n = options.runs;
  const Ceiling ceiling = MeasureCeiling(options, learner, kSmallBatch);
  result.ceiling = ceiling.updates_per_s;
  learner.config.encoder = Encoder::kNatureLayerNorm;
  const double nature = UpdateRate(options, *filled.replay, learner, kSmallBatch);
  result.note =
      fmt::format("{} threads, BLAS {}; {}; nature_layernorm {:.2f} ({:.2f} x)", LearnerThreads(),
                  BlasCoreName(), ceiling.note, nature, result.value / nature);
  return result;
}

}  // namespace volante
