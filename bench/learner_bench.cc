// update/* and replay/*: the learner on at least 50,000 driven frames.

#include <fmt/core.h>

#include <array>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "bench/bench.h"
#include "bench/driven_env.h"
#include "env/reward.h"
#include "learn/td3.h"
#include "learn/torch_runtime.h"
#include "replay/replay.h"

namespace volante {
namespace {

constexpr int kFrames = 50000;
constexpr int kBatch = 256;

struct Filled {
  std::unique_ptr<Replay> replay;
  int64_t transitions = 0;
  int episodes = 0;
};

// Drives the expert with 20 cars until the replay holds kFrames transitions.
Filled FillReplay(bool with_image) {
  Filled filled;
  ReplayOptions options;
  options.has_image = with_image;
  options.max_bytes = 1'000'000'000;
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

// The oracle's plain PyTorch update, measured now, on as many threads. `tuned` gives it the process
// environment that our launcher made (BLAS core, wait policy); otherwise it has what a user's
// shell gives it.
std::optional<double> PeerRate(const BenchOptions& options, const char* kind, bool tuned) {
  if (options.peer_python.empty()) return std::nullopt;
  const char* plain =
      "env -u OPENBLAS_CORETYPE -u OPENBLAS_NUM_THREADS -u OPENBLAS_THREAD_TIMEOUT "
      "-u OMP_NUM_THREADS -u OMP_WAIT_POLICY ";
  const std::string command =
      fmt::format("{}{} '{}' {} --batch {} --threads {} --seconds {} --repeats {} 2>/dev/null",
                  tuned ? "" : plain, options.peer_python, options.peer_script, kind, kBatch,
                  LearnerThreads(), options.seconds, options.runs);
  std::FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return std::nullopt;
  std::string output;
  std::array<char, 256> piece{};
  while (std::fgets(piece.data(), piece.size(), pipe) != nullptr) output += piece.data();
  if (::pclose(pipe) != 0) return std::nullopt;
  const auto json = nlohmann::json::parse(output, nullptr, false);
  if (!json.is_object() || !json.contains("value")) return std::nullopt;
  return json["value"].get<double>();
}

BenchResult BenchUpdate(const BenchOptions& options, const char* name, const char* kind,
                        bool with_image, std::optional<double> limit) {
  const Filled filled = FillReplay(with_image);
  Td3Options learner_options;
  learner_options.mode = with_image ? ObservationMode::kCameraVector : ObservationMode::kVector;
  // What the peer computes: an encoder for each of actor and critic, concatenated.
  learner_options.config.wiring = Wiring::kSeparate;
  learner_options.config.encoder = Encoder::kNature;
  learner_options.config.fusion = Fusion::kConcat;
  Td3Learner learner(learner_options);
  Batch batch;
  int64_t update = 0;
  const auto work = [&]() -> int64_t {
    RandomStream random(1, "bench update", static_cast<uint64_t>(update++));
    filled.replay->Sample(random, kBatch, batch);
    learner.Update(batch);
    return 1;
  };
  BenchResult result{
      .name = name, .value = Median(MeasureRates(options, work)), .unit = "updates/s"};
  result.n = options.runs;
  result.peer = PeerRate(options, kind, false);
  result.limit = limit;
  result.note = fmt::format("{} transitions of {} episodes, {} threads, BLAS {}",
                            filled.transitions, filled.episodes, LearnerThreads(), BlasCoreName());
  if (const std::optional<double> tuned = PeerRate(options, kind, true)) {
    result.note += fmt::format("; the peer in our process environment {:.2f} ({:.2f} x)", *tuned,
                               result.value / *tuned);
  }
  return result;
}

}  // namespace

BenchResult BenchUpdateNature(const BenchOptions& options) {
  BenchResult result = BenchUpdate(options, "update/nature/batch256", "nature", true, std::nullopt);
  if (result.peer) result.limit = 2.0 * *result.peer;
  return result;
}

BenchResult BenchUpdateState(const BenchOptions& options) {
  return BenchUpdate(options, "update/state/batch256", "state", false, 500.0);
}

// The recipe's networks with the small encoder, and in the same run those with nature's.
BenchResult BenchUpdateSmall(const BenchOptions& options) {
  constexpr int kSmallBatch = 128;
  const Filled filled = FillReplay(true);
  const auto rate = [&](Encoder encoder) {
    Td3Options learner_options;
    learner_options.config.encoder = encoder;
    Td3Learner learner(learner_options);
    Batch batch;
    int64_t update = 0;
    return Median(MeasureRates(options, [&]() -> int64_t {
      RandomStream random(1, "bench update", static_cast<uint64_t>(update++));
      filled.replay->Sample(random, kSmallBatch, batch);
      learner.Update(batch);
      return 1;
    }));
  };
  BenchResult result{
      .name = "update/small/batch128", .value = rate(Encoder::kSmall), .unit = "updates/s"};
  result.n = options.runs;
  const double nature = rate(Encoder::kNatureLayerNorm);
  result.note = fmt::format("nature_layernorm {:.2f} ({:.2f} x), {} threads, BLAS {}", nature,
                            result.value / nature, LearnerThreads(), BlasCoreName());
  return result;
}

BenchResult BenchReplaySample(const BenchOptions& options) {
  const Filled filled = FillReplay(true);
  Batch batch;
  int64_t index = 0;
  const auto work = [&]() -> int64_t {
    RandomStream random(1, "bench sample", static_cast<uint64_t>(index++));
    filled.replay->Sample(random, kBatch, batch);
    return 1;
  };
  BenchResult result{.name = "replay/sample256",
                     .value = Median(MeasureRates(options, work)),
                     .unit = "batches/s"};
  result.n = options.runs;
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
