// From a path that a user gives to a policy that drives.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/files.h"
#include "config/config.h"
#include "learn/td3.h"

namespace volante {

struct LoadedPolicy {
  Config config;                       // as stored with the checkpoint, with the sets applied
  std::vector<std::string> overrides;  // "key: stored -> used", for the user to see
  std::unique_ptr<Td3Learner> learner;
  std::string path;   // of the checkpoint that was used
  std::string label;  // "trained, step 20000"
};

// `path` is a checkpoint folder, or a run folder: then its best by validation, else its newest.
// `sets` are applied to the stored configuration. Errors name what is damaged or does not fit.
LoadedPolicy LoadPolicy(Files& files, const std::string& path, const std::vector<std::string>& sets,
                        int acting_batch);

// Fresh networks of this configuration, from its seed.
std::unique_ptr<Td3Learner> NewLearner(const Config& config, int acting_batch);

}  // namespace volante
