#include "run/load_policy.h"

#include <fmt/core.h>

#include "base/error.h"
#include "config/options.h"
#include "run/trainer.h"
#include "store/checkpoint.h"

namespace volante {
namespace {

std::string CheckpointIn(Files& files, const std::string& path) {
  const std::string directory = JoinPath(path, "checkpoints");
  if (!files.IsDirectory(directory)) return path;  // a checkpoint itself
  for (const char* prefix : {"best_", "step_"}) {
    const NewestCheckpoint newest = FindNewestValid(files, directory, "", prefix);
    if (newest.entry) return newest.entry->path;
  }
  throw Error(ExitCode::kBadInput, "run holds no checkpoint", path, "nothing was saved there yet",
              "volante train --resume " + path);
}

}  // namespace

std::unique_ptr<Td3Learner> NewLearner(const Config& config, int acting_batch) {
  return std::make_unique<Td3Learner>(Td3Options{.config = config.learner,
                                                 .mode = config.observation.mode,
                                                 .seed = config.train.seed,
                                                 .device = config.train.device,
                                                 .acting_batch = acting_batch});
}

LoadedPolicy LoadPolicy(Files& files, const std::string& path, const std::vector<std::string>& sets,
                        int acting_batch) {
  LoadedPolicy loaded;
  loaded.path = CheckpointIn(files, path);
  const CheckpointReader checkpoint(files, loaded.path);
  const std::vector<uint8_t> yaml = checkpoint.Part("config.yaml");
  const Config stored = ParseConfig({reinterpret_cast<const char*>(yaml.data()), yaml.size()},
                                    loaded.path + "/config.yaml");
  loaded.config = WithSets(stored, sets);
  loaded.overrides = sets;
  if (ArchitectureOf(loaded.config) != checkpoint.manifest().architecture) {
    throw Error(ExitCode::kBadInput, "checkpoint is of another architecture", loaded.path,
                "it holds " + checkpoint.manifest().architecture + ", the settings ask for " +
                    ArchitectureOf(loaded.config),
                "leave out the settings that change the network");
  }
  loaded.learner = NewLearner(loaded.config, acting_batch);
  loaded.learner->LoadTensors(checkpoint.Tensors("policy"), TensorScope::kPolicy, loaded.path);
  const auto step = checkpoint.manifest().counters.find("env_step");
  loaded.label = step == checkpoint.manifest().counters.end()
                     ? "trained"
                     : fmt::format("trained, step {}", step->second);
  return loaded;
}

}  // namespace volante
