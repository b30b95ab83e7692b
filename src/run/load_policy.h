// From a path that a user gives to a policy that drives.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/files.h"
#include "config/config.h"
#include "learn/td3.h"

namespace volante {

// Which checkpoint of a run folder: the last one, or the one that validation chose.
enum class Which : uint8_t { kFinal, kBest };
inline constexpr std::array kWhichNames = {"final", "best"};

struct LoadedPolicy {
  Config config;                       // as stored with the checkpoint, with the sets applied
  std::vector<std::string> overrides;  // "key: stored -> used", for the user to see
  std::unique_ptr<Td3Learner> learner;
  std::string path;       // of the checkpoint that was used
  std::string hash;       // ManifestHash of it
  std::string label;      // "trained, step 20000"
  int64_t env_step = -1;  // -1: not stored
};

// `path` is a checkpoint folder, used as it is, or a run folder: then its newest checkpoint that
// verifies, or the best by validation. `sets` are applied to the stored configuration. Errors name
// what is missing, damaged or does not fit.
LoadedPolicy LoadPolicy(Files& files, const std::string& path, const std::vector<std::string>& sets,
                        int acting_batch, Which which = Which::kFinal);

// The folder of the checkpoint that LoadPolicy takes from `path`.
std::string CheckpointIn(Files& files, const std::string& path, Which which = Which::kFinal);

// Whether `path` holds checkpoints (a run folder), among which `which` chooses.
bool HasCheckpoints(Files& files, const std::string& path);

// The tensors of learner.encoder_weights, read and checked; none where the key is empty.
std::vector<NamedTensor> ReadEncoderWeights(Files& files, const LearnerConfig& config);

// Fresh networks of this configuration, from its seed.
std::unique_ptr<Td3Learner> NewLearner(const Config& config, int acting_batch);

}  // namespace volante
