// What stands between a configuration and a running trainer: checks of the machine, the
// fingerprint of what bit-equality depends on, and the parts put together.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "config/config.h"
#include "run/trainer.h"

namespace volante {

// Refuses what would fail later: the reference BLAS (unless allowed), a replay beyond half of RAM,
// a device that is not there, budgets that end before learning starts. Error(kEnvironment/kUsage).
void CheckMachine(const Config& config, bool allow_slow_blas);

// Build, torch, BLAS core, ISA, threads, dtype, acting batch (docs/determinism.md).
std::map<std::string, std::string> Fingerprint(const Config& config, const std::string& build);

// Error(kUsage) naming the first difference that makes a resumed run inexact.
void CheckFingerprint(const std::map<std::string, std::string>& saved,
                      const std::map<std::string, std::string>& now, bool allow_inexact);

// Environments for training and validation; the town is loaded once and shared.
struct Environments {
  std::unique_ptr<Env> train;
  std::unique_ptr<Env> validation;  // null when eval_freq is 0
};
Environments MakeEnvironments(const Config& config);

}  // namespace volante
