// The older run from whose networks a new one begins (train --from): which checkpoint, by path and
// hash, and whether it fits. Recorded in the new run's manifest.json, so that a run that was
// stopped before its first checkpoint can begin again from the same bytes.
#pragma once

#include <optional>
#include <string>

#include "base/files.h"
#include "config/config.h"
#include "store/checkpoint.h"
#include "store/run_folder.h"

namespace volante {

struct ParentRun {
  std::string path;  // of the checkpoint, absolute
  std::string hash;  // ManifestHash of it
  bool keep_replay = false;
};

// `path` is a run folder (its newest checkpoint that verifies) or a checkpoint.
ParentRun FindParent(Files& files, const std::string& path, bool keep_replay);

// Its stored configuration.
Config ConfigOfParent(const CheckpointReader& parent);

// Refuses, before anything of the new run is written, networks that do not fit (tensor and shape),
// and a replay to keep whose transitions are not those of `config` (the keys that differ).
void RequireFits(Files& files, const ParentRun& parent, const Config& config);

// As facts of the new run, and back; nothing where a run has no parent.
void AddParent(RunFacts& facts, const ParentRun& parent);
std::optional<ParentRun> ReadParent(const RunFacts& facts);
// Error(kBadInput) where the path holds other bytes than were recorded.
void RequireUnchanged(Files& files, const ParentRun& parent);

}  // namespace volante
