// How a trainer becomes a checkpoint and comes back: see docs/checkpoint_format.md.
#include <fmt/core.h>

#include <algorithm>

#include "base/archive.h"
#include "base/error.h"
#include "config/options.h"
#include "run/trainer.h"

namespace volante {
namespace {

constexpr const char* kMemoryPart = "memory.cbor";  // what the networks remember of their episodes
// In the fingerprint: the demonstrations' hash, the teacher's identity.
constexpr const char* kDemonstrations = "demonstrations";
constexpr const char* kTeacher = "teacher";
constexpr const char* kPriorities = "priorities.cbor";  // a part, of a prioritised replay alone

struct WorldStates {
  struct One {
    std::vector<uint8_t> bytes;
    template <class Archive>
    void VisitFields(Archive& ar) {
      ar("bytes", bytes);
    }
  };
  std::vector<One> worlds;
  std::string replay_hash;  // logical content, so that two runs can be compared byte by byte
  template <class Archive>
  void VisitFields(Archive& ar) {
    ar("worlds", worlds);
    ar("replay_hash", replay_hash);
  }
};

std::span<const uint8_t> AsBytes(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

// The tensors of `all` that `some` does not hold: targets and optimizers.
std::vector<NamedTensor> Without(std::vector<NamedTensor> all,
                                 const std::vector<NamedTensor>& some) {
  std::erase_if(all, [&](const NamedTensor& tensor) {
    return std::any_of(some.begin(), some.end(),
                       [&](const NamedTensor& other) { return other.name == tensor.name; });
  });
  return all;
}

}  // namespace

std::string ArchitectureOf(const Config& config) {
  const LearnerConfig& c = config.learner;
  std::string heads;
  for (const int width : c.head_widths)
    heads += fmt::format("{}{}", heads.empty() ? "" : "-", width);
  if (!c.twin_critics) heads += " one critic";
  if (c.critic_action_layer > 0) heads += fmt::format(" action at layer {}", c.critic_action_layer);
  if (c.head_layernorm) heads += " layernorm";
  if (c.memory != Memory::kNone) {
    heads += fmt::format(" memory {} {}", NameOf(c.memory), MemoryUnits(c));
  }
  if (config.observation.mode == ObservationMode::kVision) heads += " vision";
  if (config.observation.extra) heads += " extra";
  if (!HasImage(config.observation.mode)) {
    return fmt::format("td3 {} heads {}", NameOf(config.observation.mode), heads);
  }
  return fmt::format(
      "td3 {} {} {} features {} trunk {} heads {}{}", NameOf(c.wiring), NameOf(c.encoder),
      NameOf(c.fusion), c.feature_width, c.fusion == Fusion::kTrunk ? c.trunk_width : 0, heads,
      c.wiring == Wiring::kSharedCritic && !c.target_encoder ? " no-target-encoder" : "");
}

std::string Trainer::WriteCheckpoint() {
  Files& files = *parts_.files;
  const RunFolder& folder = *parts_.folder;
  events_->Sync();  // metrics first: the checkpoint must not be ahead of them

  CheckpointManifest manifest;
  manifest.kind = CheckpointKind::kResumable;
  manifest.build = parts_.build;
  manifest.architecture = ArchitectureOf(config_);
  manifest.fingerprint = parts_.fingerprint;
  if (demonstrations_ != nullptr) manifest.fingerprint[kDemonstrations] = demonstrations_hash_;
  if (teacher_ != nullptr) manifest.fingerprint[kTeacher] = teacher_->identity();
  state_.learner = learner_->counters();
  manifest.counters = {{"env_step", state_.env_steps},
                       {"update", state_.learner.updates},
                       {"episode", state_.episodes}};
  manifest.replay_segments = replay_.Seal(files, folder.replay());

  WorldStates worlds;
  for (int w = 0; w < traits_.num_worlds; ++w) worlds.worlds.push_back({parts_.env->Save(w)});
  worlds.replay_hash = replay_.LogicalHash();

  CheckpointWriter writer(files, folder.checkpoints(), StepName(state_.env_steps));
  writer.AddPart("config.yaml", AsBytes(ToYaml(config_)));
  writer.AddPart("trainer.cbor", SaveState(state_));
  writer.AddPart("worlds.cbor", SaveState(worlds));
  if (const Priorities* priorities = replay_.priorities()) {
    SavedPriorities saved = priorities->Save();
    writer.AddPart(kPriorities, SaveState(saved));
  }
  if (memory_.size > 0) writer.AddPart(kMemoryPart, SaveState(memory_));
  const std::vector<NamedTensor> policy = learner_->SaveTensors(TensorScope::kPolicy);
  writer.AddTensors("policy", policy);
  writer.AddTensors("learner", Without(learner_->SaveTensors(TensorScope::kEverything), policy));
  last_checkpoint_ = writer.Commit(manifest);
  last_checkpoint_step_ = state_.env_steps;

  PruneCheckpoints(files, folder.checkpoints(), "step_", config_.train.keep_checkpoints);
  RemoveUnusedSegments(files, folder.checkpoints(), folder.replay(), manifest.replay_segments);
  if (parts_.on_checkpoint) parts_.on_checkpoint(state_.env_steps);
  return last_checkpoint_;
}

// The best by validation, policy only: success first, then route completion; of equals the latest,
// which has seen more than these routes ask for.
void Trainer::WriteBest(const EvaluationSummary& summary) {
  const double score = summary.success_rate + 1e-3 * summary.route_completion;
  if (score < state_.best_validation) return;
  state_.best_validation = score;
  Files& files = *parts_.files;
  const std::string directory = parts_.folder->checkpoints();
  const std::string name = fmt::format("best_{}", state_.env_steps);
  if (!files.Exists(JoinPath(directory, name))) {  // a resumed run may pass here again
    CheckpointManifest manifest;
    manifest.kind = CheckpointKind::kPolicy;
    manifest.build = parts_.build;
    manifest.architecture = ArchitectureOf(config_);
    manifest.fingerprint = parts_.fingerprint;
    manifest.counters = {{"env_step", state_.env_steps}, {"update", learner_->counters().updates}};
    CheckpointWriter writer(files, directory, name);
    writer.AddPart("config.yaml", AsBytes(ToYaml(config_)));
    writer.AddTensors("policy", learner_->SaveTensors(TensorScope::kPolicy));
    writer.Commit(manifest);
  }
  PruneCheckpoints(files, directory, "best_", 1);
}

void Trainer::Restore(const CheckpointReader& checkpoint, bool allow_inexact) {
  const CheckpointManifest& manifest = checkpoint.manifest();
  const std::string& where = checkpoint.path();
  if (manifest.kind != CheckpointKind::kResumable) {
    throw Error(ExitCode::kUsage, "checkpoint can't be resumed", where,
                "it holds a policy alone, without optimizers and replay",
                "resume from a step_N checkpoint");
  }
  // First of all, for it names the layer that does not fit, and nothing is touched yet.
  std::vector<NamedTensor> tensors = checkpoint.Tensors("policy");
  for (NamedTensor& tensor : checkpoint.Tensors("learner")) tensors.push_back(std::move(tensor));
  learner_->LoadTensors(tensors, TensorScope::kEverything, where);
  if (manifest.architecture != ArchitectureOf(config_)) {
    throw Error(ExitCode::kBadInput, "checkpoint is of another architecture", where,
                "it holds " + manifest.architecture + ", the configuration makes " +
                    ArchitectureOf(config_),
                "use the configuration that is stored with it");
  }
  if (const auto was = manifest.fingerprint.find(kTeacher);
      teacher_ != nullptr && was != manifest.fingerprint.end() && !allow_inexact &&
      was->second != teacher_->identity()) {
    throw Error(
        ExitCode::kEnvironment, "the run would not continue bit for bit", where,
        "its teacher was " + was->second + ", now it is " + teacher_->identity(),
        "bring that checkpoint back to " + config_.imitation.teacher + ", or pass --allow-inexact");
  }
  State state = state_;  // keeps what is configuration, not state
  LoadState(checkpoint.Part("trainer.cbor"), state, where + "/trainer.cbor");
  WorldStates worlds;
  LoadState(checkpoint.Part("worlds.cbor"), worlds, where + "/worlds.cbor");
  if (static_cast<int>(worlds.worlds.size()) != traits_.num_worlds ||
      static_cast<int>(state.running.size()) != traits_.num_worlds ||
      state.part_sums.size() != reward_parts_.size()) {
    throw Error(ExitCode::kBadInput, "saved state does not fit", where,
                fmt::format("it holds {} worlds and {} sums of reward parts, the configuration has "
                            "{} and {}",
                            worlds.worlds.size(), state.part_sums.size(), traits_.num_worlds,
                            reward_parts_.size()),
                "use the configuration that is stored with it");
  }
  if (memory_.size > 0) {
    ActingMemory memory;
    LoadState(checkpoint.Part(kMemoryPart), memory, where + "/" + kMemoryPart);
    if (memory.size != memory_.size || memory.actor.size() != memory_.actor.size() ||
        memory.critic.size() != memory_.critic.size()) {
      throw Error(ExitCode::kBadInput, "saved state does not fit", where + "/" + kMemoryPart,
                  "it is not of these networks and worlds",
                  "use the configuration that is stored with it");
    }
    memory_ = std::move(memory);
  }
  SetAsideNewer(*parts_.files, parts_.folder->checkpoints(), state.env_steps);
  replay_.Restore(*parts_.files, parts_.folder->replay(), manifest.replay_segments);
  if (replay_.priorities() != nullptr) {
    SavedPriorities saved;
    LoadState(checkpoint.Part(kPriorities), saved, where + "/" + kPriorities);
    replay_.RestorePriorities(saved, where + "/" + kPriorities);
  }
  for (WorldStates::One& world : worlds.worlds) restored_worlds_.push_back(std::move(world.bytes));
  learner_->set_counters(state.learner);
  state_ = std::move(state);
  if (const auto hash = manifest.fingerprint.find(kDemonstrations);
      hash != manifest.fingerprint.end()) {
    demonstrations_hash_ = hash->second;
  }
  allow_inexact_ = allow_inexact;
  last_checkpoint_ = where;
  last_checkpoint_step_ = state_.env_steps;
  restored_ = true;
}

void Trainer::StartFrom(const CheckpointReader& parent, bool keep_replay) {
  VOLANTE_CHECK(parts_.begins_trained, "a run from an older one's networks");
  learner_->LoadTensors(parent.Tensors("policy"), TensorScope::kPolicy, parent.path());
  if (!keep_replay) return;
  // RUN/checkpoints/step_N beside RUN/replay
  const std::string run = JoinPath(JoinPath(parent.path(), ".."), "..");
  replay_.Restore(*parts_.files, JoinPath(run, "replay"), parent.manifest().replay_segments);
}

}  // namespace volante
