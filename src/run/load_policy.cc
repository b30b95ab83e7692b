#include "run/load_policy.h"

#include <fmt/core.h>

#include "base/error.h"
#include "config/options.h"
#include "learn/encoder_weights.h"
#include "learn/torch_runtime.h"
#include "run/trainer.h"
#include "store/checkpoint.h"
#include "store/safetensors.h"

namespace volante {

std::string CheckpointIn(Files& files, const std::string& path, Which which) {
  if (!HasCheckpoints(files, path)) return path;  // a checkpoint itself
  const std::string directory = JoinPath(path, "checkpoints");
  const NewestCheckpoint newest =
      FindNewestValid(files, directory, "", which == Which::kBest ? "best_" : "step_");
  if (newest.entry) return newest.entry->path;
  const std::string damaged = newest.refused.empty() ? "" : "; " + newest.refused.front();
  if (which == Which::kBest) {
    throw Error(ExitCode::kBadInput, "run holds no checkpoint chosen by validation", path,
                "it was trained with train.eval_freq 0, or no validation came yet" + damaged,
                "--which final");
  }
  throw Error(ExitCode::kBadInput, "run holds no checkpoint", path,
              "nothing was saved there yet" + damaged, "volante train --resume " + path);
}

bool HasCheckpoints(Files& files, const std::string& path) {
  return files.IsDirectory(JoinPath(path, "checkpoints"));
}

std::vector<NamedTensor> ReadEncoderWeights(Files& files, const LearnerConfig& config) {
  if (config.encoder_weights.empty()) return {};
  SafetensorsFile file = ReadSafetensors(files, config.encoder_weights);
  CheckEncoderWeights(config, file.tensors, config.encoder_weights);
  return std::move(file.tensors);
}

std::unique_ptr<Td3Learner> NewLearner(const Config& config, int acting_batch) {
  return std::make_unique<Td3Learner>(Td3Options{.config = config.learner,
                                                 .augment = config.augment,
                                                 .demonstrations = config.demonstrations,
                                                 .imitation = config.imitation,
                                                 .priority = config.replay.priority,
                                                 .mode = config.observation,
                                                 .seed = config.train.seed,
                                                 .device = ResolveDevice(config.train.device),
                                                 .acting_batch = acting_batch});
}

LoadedPolicy LoadPolicy(Files& files, const std::string& path, const std::vector<std::string>& sets,
                        int acting_batch, Which which) {
  LoadedPolicy loaded;
  loaded.path = CheckpointIn(files, path, which);
  const CheckpointReader checkpoint(files, loaded.path);
  loaded.hash = ManifestHash(checkpoint.manifest());
  const std::vector<uint8_t> yaml = checkpoint.Part("config.yaml");
  const Config stored = ParseConfig({reinterpret_cast<const char*>(yaml.data()), yaml.size()},
                                    loaded.path + "/config.yaml");
  loaded.config = WithSets(stored, sets);
  loaded.overrides = sets;
  loaded.learner = NewLearner(loaded.config, acting_batch);
  // First, for it names the layer that does not fit.
  loaded.learner->LoadTensors(checkpoint.Tensors("policy"), TensorScope::kPolicy, loaded.path);
  if (ArchitectureOf(loaded.config) != checkpoint.manifest().architecture) {
    throw Error(ExitCode::kBadInput, "checkpoint is of another architecture", loaded.path,
                "it holds " + checkpoint.manifest().architecture + ", the settings ask for " +
                    ArchitectureOf(loaded.config),
                "leave out the settings that change the network");
  }
  const auto step = checkpoint.manifest().counters.find("env_step");
  if (step != checkpoint.manifest().counters.end()) loaded.env_step = step->second;
  loaded.label = loaded.env_step < 0 ? "trained" : fmt::format("trained, step {}", loaded.env_step);
  return loaded;
}

}  // namespace volante
