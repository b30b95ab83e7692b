#include "run/parent_run.h"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "config/options.h"
#include "run/load_policy.h"

namespace volante {
namespace {

constexpr const char* kPath = "parent";
constexpr const char* kHash = "parent_hash";
constexpr const char* kReplay = "parent_replay";

// Keys that decide what a remembered transition is.
constexpr std::string_view kReplayKeys[] = {
    "train.num_worlds",         "env.action_repeat", "ego.steer_lock_low_deg",
    "ego.steer_lock_high_deg",  "observation.mode",  "observation.extra",
    "observation.frame_stride", "reward.preset",     "reward.scale",
    "learner.discount",         "replay.n_step",     "imitation.method",
    "imitation.teacher",        "reward.without",    "shaping.reward_weight",
    "shaping.action_gain",      "shaping.k_a",       "shaping.k_r",
    "shaping.rho0_m",           "shaping.d_star_m"};

// Refuses a parent whose transitions are not those of `config`.
void RequireSameReplay(const CheckpointReader& parent, const Config& config) {
  const std::string& where = parent.path();
  if (parent.manifest().kind != CheckpointKind::kResumable) {
    throw Error(ExitCode::kUsage, "the replay can't be kept", where,
                "this checkpoint holds a policy alone",
                "name a step_N checkpoint, or --from-replay drop");
  }
  const Config old = ConfigOfParent(parent);
  std::string differing;
  // A tree of priorities has room for what its own replay may hold.
  const bool smaller =
      config.replay.capacity < old.replay.capacity || config.replay.max_gb < old.replay.max_gb;
  if (smaller && config.replay.priority != ReplayPriority::kUniform) {
    differing = "replay.capacity or replay.max_gb is smaller, beside replay.priority";
  }
  for (const ConfigDifference& d : Differences(old, config)) {
    if (std::find(std::begin(kReplayKeys), std::end(kReplayKeys), d.key) == std::end(kReplayKeys)) {
      continue;
    }
    // Labels are labels, whoever drove.
    if (d.key == "imitation.method" && old.imitation.on() && config.imitation.on()) continue;
    differing += fmt::format("{}{} was {}, is {}", differing.empty() ? "" : "; ", d.key,
                             d.preset_value, d.value);
  }
  if (differing.empty()) return;
  throw Error(ExitCode::kUsage, "the replay can't be kept", where, differing,
              "leave these keys as they were, or --from-replay drop");
}

}  // namespace

ParentRun FindParent(Files& files, const std::string& path, bool keep_replay) {
  const std::string checkpoint = CheckpointIn(files, path);
  return {std::filesystem::absolute(checkpoint).lexically_normal().string(),
          ManifestHash(CheckpointReader(files, checkpoint).manifest()), keep_replay};
}

Config ConfigOfParent(const CheckpointReader& parent) {
  const std::vector<uint8_t> yaml = parent.Part("config.yaml");
  return ParseConfig({reinterpret_cast<const char*>(yaml.data()), yaml.size()},
                     parent.path() + "/config.yaml");
}

void RequireFits(Files& files, const ParentRun& parent, const Config& config) {
  const CheckpointReader checkpoint(files, parent.path);
  if (parent.keep_replay) RequireSameReplay(checkpoint, config);
  NewLearner(config, /*acting_batch=*/1)
      ->LoadTensors(checkpoint.Tensors("policy"), TensorScope::kPolicy, parent.path);
}

void AddParent(RunFacts& facts, const ParentRun& parent) {
  facts[kPath] = parent.path;
  facts[kHash] = parent.hash;
  facts[kReplay] = parent.keep_replay ? "keep" : "drop";
}

std::optional<ParentRun> ReadParent(const RunFacts& facts) {
  const auto path = facts.find(kPath), hash = facts.find(kHash), replay = facts.find(kReplay);
  if (path == facts.end() || hash == facts.end() || replay == facts.end()) return std::nullopt;
  return ParentRun{path->second, hash->second, replay->second == "keep"};
}

void RequireUnchanged(Files& files, const ParentRun& parent) {
  const std::string now = ManifestHash(CheckpointReader(files, parent.path).manifest());
  if (now == parent.hash) return;
  throw Error(ExitCode::kBadInput, "the parent's checkpoint is another one now", parent.path,
              "its manifest has hash " + now + ", the run began from " + parent.hash,
              "start a new run with --from");
}

}  // namespace volante
