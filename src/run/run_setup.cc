#include "run/run_setup.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>

#include "base/error.h"
#include "config/options.h"
#include "env/make_env.h"
#include "learn/pair_product.h"
#include "learn/torch_runtime.h"
#include "run/cache_frames.h"
#include "run/demonstrations.h"

namespace volante {
namespace {

constexpr int kValidationWorlds = 8;

double RamBytes() {
  return static_cast<double>(::sysconf(_SC_PHYS_PAGES)) *
         static_cast<double>(::sysconf(_SC_PAGE_SIZE));
}

std::string DtypeText(const LearnerConfig& config) {
  if (!config.bf16_encoder && !config.bf16_linear) return "fp32";
  return std::string("bf16") + (config.bf16_encoder ? " encoder" : "") +
         (config.bf16_linear ? " linear" : "") +
         (CpuHasPairProducts() ? "" : " without AVX512_BF16");
}

}  // namespace

void CheckMachine(const Config& config, bool allow_slow_blas) {
  ValidateForTraining(config);
  if (!BlasIsOpenBlas() && !allow_slow_blas) {
    throw Error(ExitCode::kEnvironment, "the BLAS behind torch is the slow reference one", "",
                "updates would take about 25 times as long",
                "apt-get install libopenblas0-pthread, or pass --slow-blas");
  }
  const double demonstrations = static_cast<double>(DemonstrationBytes(config));
  const bool on_cpu = ResolveDevice(config.train.device) == Device::kCpu;
  const double wanted = config.replay.max_gb * 1e9 + demonstrations +
                        (on_cpu ? CachedBytes(config) : 0.0),
               ram = RamBytes();
  if (wanted > 0.5 * ram) {
    throw Error(ExitCode::kUsage, "the replay may take more than half of the memory",
                "replay.max_gb", fmt::format("{:.1f} GB of {:.1f} GB", wanted / 1e9, ram / 1e9),
                fmt::format("--set replay.max_gb={:.1f}",
                            std::max(0.001, (0.4 * ram - demonstrations) / 1e9)));
  }
  if (config.train.device == Device::kCuda && !CudaIsAvailable()) {
    throw Error(ExitCode::kEnvironment, "no CUDA device", "train.device", "this torch sees none",
                "--device cpu");
  }
}

std::map<std::string, std::string> Fingerprint(const Config& config, const std::string& build) {
  return {{"build", build},
          {"torch", TorchVersion()},
          {"blas_core", BlasCoreName()},
          {"isa", TorchCpuCapability()},
          {"threads", std::to_string(LearnerThreads())},
          {"dtype", DtypeText(config.learner)},
          {"device", NameOf(ResolveDevice(config.train.device))},
          {"acting_batch", std::to_string(config.train.num_worlds)}};
}

void CheckFingerprint(const std::map<std::string, std::string>& saved,
                      const std::map<std::string, std::string>& now, bool allow_inexact) {
  if (allow_inexact) return;
  for (const auto& [key, value] : now) {
    const auto found = saved.find(key);
    const std::string was = found == saved.end() ? "unknown" : found->second;
    if (was == value) continue;
    throw Error(ExitCode::kUsage, "the run would not continue bit for bit", key,
                "it was " + was + ", now it is " + value,
                "restore that, or pass --allow-inexact to continue statistically");
  }
}

Environments MakeEnvironments(const Config& config) {
  const auto towns = LoadTownsFor(config);
  Environments environments;
  environments.train = MakeEnv(towns, config, config.train.num_worlds);
  if (config.train.eval_freq > 0) {
    environments.validation =
        MakeEnv(towns, config, std::min(kValidationWorlds, config.eval.num_episodes));
  }
  return environments;
}

}  // namespace volante
