// A training in the scripted town, in a folder of its own: what tests of run/ begin with.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/files.h"
#include "config/options.h"
#include "learn/torch_runtime.h"
#include "run/run_setup.h"
#include "run/trainer.h"
#include "store/event_file.h"
#include "store/run_folder.h"
#include "support/temporary_directory.h"

namespace volante {

inline Config TinyConfig(std::vector<std::string> sets = {}) {
  sets.push_back("env.town=tiny");
  return LoadConfig(RealFiles(), {.preset = "smoke", .file = "", .sets = sets});
}

struct TinyRun {
  TemporaryDirectory directory;
  Config config;
  RunFolder folder;
  std::unique_ptr<Trainer> trainer;
  std::atomic<bool> stop{false};

  explicit TinyRun(const Config& c, std::unique_ptr<Env> env = nullptr,
                   std::function<double()> minutes = {})
      : config(c), folder(RunFolder::Create(RealFiles(), directory / "run", ToYaml(c), {})) {
    SetLearnerThreads(config.train.threads);
    Environments environments = MakeEnvironments(config);
    trainer = std::make_unique<Trainer>(
        config, Trainer::Parts{.env = env ? std::move(env) : std::move(environments.train),
                               .validation_env = std::move(environments.validation),
                               .folder = &folder,
                               .files = &RealFiles(),
                               .progress = nullptr,
                               .build = "test",
                               .fingerprint = {},
                               .on_checkpoint = {},
                               .minutes = std::move(minutes)});
  }
  EventData Events() const { return ReadScalars(RealFiles(), folder.path()); }
};

}  // namespace volante
