// train/steps: what a training costs beyond its updates and its worlds: sampling, remembering,
// metrics, health checks, progress, the checkpoint at the end.

#include <fmt/core.h>
#include <stdlib.h>

#include <algorithm>
#include <atomic>
#include <filesystem>

#include "base/error.h"
#include "bench/bench.h"
#include "bench/learner_work.h"
#include "config/options.h"
#include "learn/torch_runtime.h"
#include "run/run_setup.h"
#include "run/trainer.h"

namespace volante {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kLearningSteps = 10000;  // env steps after learning_starts

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Adds up the time that an environment takes.
class TimedEnv : public Env {
 public:
  TimedEnv(std::unique_ptr<Env> env, double& seconds) : env_(std::move(env)), seconds_(seconds) {}
  const EnvTraits& traits() const override { return env_->traits(); }
  void Reset(std::span<const ResetRequest> requests, StepView out) override {
    const Clock::time_point start = Clock::now();
    env_->Reset(requests, out);
    seconds_ += SecondsSince(start);
  }
  void Step(std::span<const Action> actions, StepView out) override {
    const Clock::time_point start = Clock::now();
    env_->Step(actions, out);
    seconds_ += SecondsSince(start);
  }
  std::vector<uint8_t> Save(int world) override { return env_->Save(world); }
  void Load(int world, std::span<const uint8_t> bytes) override { env_->Load(world, bytes); }

 private:
  std::unique_ptr<Env> env_;
  double& seconds_;
};

class TemporaryFolder {
 public:
  TemporaryFolder() {
    path_ = (std::filesystem::temp_directory_path() / "volante_bench_XXXXXX").string();
    if (::mkdtemp(path_.data()) == nullptr) {
      throw Error(ExitCode::kEnvironment, "no temporary folder can be made", path_, "",
                  "set TMPDIR to a folder that can be written");
    }
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

struct Alone {
  double update_s = 0.0, act_s = 0.0;
};

// One update of a batch that lies there, and one tick's actions.
Alone MeasureAlone(const BenchOptions& options, const Config& config, const Replay& replay) {
  Td3Options learner;
  learner.config = config.learner;
  learner.augment = config.augment;
  learner.mode = config.observation;
  learner.acting_batch = config.train.num_worlds;
  Alone alone;
  alone.update_s = 1.0 / UpdateRate(options, replay, learner, config.learner.batch_size,
                                    /*with_sampling=*/false);
  const int n = config.train.num_worlds;
  RandomStream random(1, "bench act");
  Batch batch;
  replay.Sample(random, n, batch);
  Td3Learner actor(learner);
  std::vector<float> actions(static_cast<size_t>(n) * kActionSize);
  alone.act_s = 1.0 / Median(MeasureRates(options, [&]() -> int64_t {
                  actor.Act(batch.image.data(), batch.vector.data(), n, actions.data());
                  return 1;
                }));
  return alone;
}

}  // namespace

// The run's own time is set against the time that its environment took in it, and its updates and
// actions as they are measured just before and just after it.
BenchResult BenchTrainSteps(const BenchOptions& options) {
  const TemporaryFolder temporary;
  Config config = LoadConfig(RealFiles(), {});
  config.train.threads = LearnerThreads();
  config.train.max_timesteps = config.train.learning_starts + kLearningSteps;
  const Filled filled = FillReplay(/*with_image=*/true);
  const Alone before = MeasureAlone(options, config, *filled.replay);

  double env_s = 0.0;
  RunFolder folder = RunFolder::Create(RealFiles(), temporary.path() + "/run", ToYaml(config), {});
  const auto log = RealFiles().OpenAppend(folder.log());
  ProgressLine progress(nullptr, log.get());
  Trainer trainer(config, {.env = std::make_unique<TimedEnv>(MakeEnvironments(config).train, env_s),
                           .validation_env = nullptr,
                           .folder = &folder,
                           .files = &RealFiles(),
                           .progress = &progress,
                           .build = "bench",
                           .fingerprint = {},
                           .on_checkpoint = {}});
  const std::atomic<bool> stop = false;
  const Clock::time_point start = Clock::now();
  const TrainResult trained = trainer.Run(stop);
  const double run_s = SecondsSince(start);

  const Alone after = MeasureAlone(options, config, *filled.replay);
  const double update_s = 0.5 * (before.update_s + after.update_s);
  const double act_s = 0.5 * (before.act_s + after.act_s);
  const double ticks = static_cast<double>(kLearningSteps) / config.train.num_worlds;
  const double updates_s = update_s * static_cast<double>(trained.updates);
  const double alone_s = env_s + act_s * ticks + updates_s;
  BenchResult result{
      .name = "train/steps", .value = 100.0 * (run_s / alone_s - 1.0), .unit = "% overhead"};
  result.higher_is_better = false;
  result.n = 1;
  result.limit = 10.0;
  result.note = fmt::format(
      "{} env steps and {} updates in {:.1f} s; worlds {:.1f} s, updates {:.1f} s ({:.2f} ms each, "
      "before {:.2f}, after {:.2f}), actions {:.1f} s, {:.1f} % on top where they count as "
      "overhead; {} threads",
      trained.env_steps, trained.updates, run_s, env_s, updates_s, 1e3 * update_s,
      1e3 * before.update_s, 1e3 * after.update_s, act_s * ticks,
      100.0 * (run_s / (env_s + updates_s) - 1.0), LearnerThreads());
  return result;
}

}  // namespace volante
