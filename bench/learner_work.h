// What the learner's benchmarks share: a replay of driven frames, learners as the rows name them,
// the peer's rate and the machine's ceiling.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "bench/bench.h"
#include "learn/td3.h"
#include "replay/replay.h"

namespace volante {

struct Filled {
  std::unique_ptr<Replay> replay;
  int64_t transitions = 0;
  int episodes = 0;
};

// 50,000 transitions of the expert with 20 cars in the default town.
Filled FillReplay(bool with_image, const PriorityOptions& priority = {});

// What the peer computes: an encoder for each of actor and critic, features and vector
// concatenated.
Td3Options PeerOptions(Encoder encoder, ObservationMode mode, bool bf16 = false);

// Updates per second; with sampling each batch anew, or of one batch again and again.
double UpdateRate(const BenchOptions& options, const Replay& replay, const Td3Options& learner,
                  int batch_size, bool with_sampling = true);

// The oracle's plain PyTorch update, measured now, on as many threads. `tuned` gives it the process
// environment that our launcher made (BLAS core, wait policy); otherwise it has what a user's
// shell gives it. Nothing without a peer's interpreter.
std::optional<double> PeerRate(const BenchOptions& options, const char* kind, int batch_size,
                               bool tuned);

// Updates per second if every operation of the update ran at the rate of large matrix products,
// measured now on the learner's threads: convolutions in bf16 where the learner's are.
struct Ceiling {
  double updates_per_s = 0.0;
  std::string note;  // rates and operations behind it
};
Ceiling MeasureCeiling(const BenchOptions& options, const Td3Options& learner, int batch_size);

}  // namespace volante
