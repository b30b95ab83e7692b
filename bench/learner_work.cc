#include "bench/learner_work.h"

#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "bench/child_process.h"
#include "bench/driven_env.h"
#include "env/reward.h"
#include "learn/machine_rate.h"
#include "learn/torch_runtime.h"
#include "learn/update_operations.h"

namespace volante {
namespace {

constexpr int kFrames = 50000;

}  // namespace

Filled FillReplay(bool with_image, const PriorityOptions& priority) {
  Filled filled;
  ReplayOptions options;
  options.has_image = with_image;
  options.max_bytes = 1'000'000'000;
  options.priority = priority;
  filled.replay = std::make_unique<Replay>(options);
  DrivenEnv driven(20, with_image);
  const StepView& view = driven.view();
  filled.replay->Begin(0, view.frame, view.vector);
  while (filled.transitions < kFrames) {
    driven.Step();
    if (driven.just_reset()) {
      filled.replay->Begin(0, view.frame, view.vector);
      continue;
    }
    const Status status = view.facts[0].status;
    filled.replay->Add(0, driven.action(), 0.1f * view.reward[0], status == Status::kTerminated,
                       status == Status::kTruncated, view.frame, view.vector);
    ++filled.transitions;
  }
  filled.episodes = driven.episodes();
  return filled;
}

Td3Options PeerOptions(Encoder encoder, ObservationMode mode, bool bf16) {
  Td3Options options;
  options.mode = mode;
  options.config.wiring = Wiring::kSeparate;
  options.config.encoder = encoder;
  options.config.fusion = Fusion::kConcat;
  options.config.bf16_encoder = bf16;
  options.config.bf16_linear = bf16;
  return options;
}

double UpdateRate(const BenchOptions& options, const Replay& replay, const Td3Options& learner,
                  int batch_size, bool with_sampling) {
  Td3Learner measured(learner);
  Batch batch;
  int64_t update = 0;
  return Median(MeasureRates(options, [&]() -> int64_t {
    if (with_sampling || update == 0) {
      RandomStream random(1, "bench update", static_cast<uint64_t>(update));
      replay.Sample(random, batch_size, batch);
    }
    ++update;
    measured.Update(batch);
    return 1;
  }));
}

std::optional<double> PeerRate(const BenchOptions& options, const char* kind, int batch_size,
                               bool tuned) {
  if (options.peer_python.empty()) return std::nullopt;
  const char* plain =
      "env -u OPENBLAS_CORETYPE -u OPENBLAS_NUM_THREADS -u OPENBLAS_THREAD_TIMEOUT "
      "-u OMP_NUM_THREADS -u OMP_WAIT_POLICY ";
  const std::optional<std::string> output = OutputOf(
      fmt::format("{}{} '{}' {} --batch {} --threads {} --seconds {} --repeats {} 2>/dev/null",
                  tuned ? "" : plain, options.peer_python, options.peer_script, kind, batch_size,
                  LearnerThreads(), options.seconds, options.runs));
  if (!output) return std::nullopt;
  const auto json = nlohmann::json::parse(*output, nullptr, false);
  if (!json.is_object() || !json.contains("value")) return std::nullopt;
  return json["value"].get<double>();
}

Ceiling MeasureCeiling(const BenchOptions& options, const Td3Options& learner, int batch_size) {
  const UpdateOperations operations = CountUpdateOperations(learner, batch_size);
  const LearnerConfig& config = learner.config;
  const double full = MatrixProductRate(/*bf16=*/false, options.seconds);
  const double half = config.bf16_encoder || config.bf16_linear
                          ? MatrixProductRate(/*bf16=*/true, options.seconds)
                          : full;
  const double of_convolutions = config.bf16_encoder ? half : full;
  const double of_linear = config.bf16_linear ? half : full;
  Ceiling ceiling;
  ceiling.updates_per_s =
      1.0 / (operations.convolutions / of_convolutions + operations.linear / of_linear);
  ceiling.note = fmt::format("{:.3g} billion operations at {:.0f} GFLOP/s",
                             1e-9 * operations.total(), 1e-9 * full);
  const double in_bf16 = (config.bf16_encoder ? operations.convolutions : 0.0) +
                         (config.bf16_linear ? operations.linear : 0.0);
  if (in_bf16 > 0.0) {
    ceiling.note += fmt::format(", {:.0f} % of them in bf16 at {:.0f}",
                                100.0 * in_bf16 / operations.total(), 1e-9 * half);
  }
  return ceiling;
}

}  // namespace volante
