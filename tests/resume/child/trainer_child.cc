// A training process for the resume tests: what `volante train` does, and it can kill itself.
//   trainer_child RUN_DIR new|resume KILL_AFTER_CHECKPOINT_AT [key=value...]
// KILL_AFTER_CHECKPOINT_AT is an env step, or -1 for never. Preset smoke.

#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/error.h"
#include "config/options.h"
#include "learn/torch_runtime.h"
#include "run/run_setup.h"
#include "run/trainer.h"

namespace volante {
namespace {

int Run(int argc, char** argv) {
  const std::string path = argv[1];
  const bool resume = std::string(argv[2]) == "resume";
  const int64_t kill_at = std::atoll(argv[3]);
  Files& files = RealFiles();
  const Config config =
      LoadConfig(files, {.preset = "smoke", .file = "", .sets = {argv + 4, argv + argc}});
  SetLearnerThreads(1);
  RunFolder folder =
      resume ? RunFolder::Resume(files, path) : RunFolder::Create(files, path, ToYaml(config), {});
  Environments environments = MakeEnvironments(config);
  Trainer trainer(config, {.env = std::move(environments.train),
                           .validation_env = std::move(environments.validation),
                           .folder = &folder,
                           .files = &files,
                           .progress = nullptr,
                           .build = "test",
                           .fingerprint = {},
                           .on_checkpoint = [&](int64_t env_step) {
                             if (env_step == kill_at) ::kill(::getpid(), SIGKILL);
                           }});
  if (resume) {
    const NewestCheckpoint newest = FindNewestValid(files, folder.checkpoints(), folder.replay());
    if (newest.entry) trainer.Restore(CheckpointReader(files, newest.entry->path));
  }
  const std::atomic<bool> stop{false};
  trainer.Run(stop);
  return 0;
}

}  // namespace
}  // namespace volante

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  try {
    return volante::Run(argc, argv);
  } catch (const volante::Error& error) {
    std::fprintf(stderr, "%s\n", error.OneLine().c_str());
    return static_cast<int>(error.code());
  }
}
