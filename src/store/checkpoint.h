// A checkpoint: a folder that appears whole or not at all, and that proves its own integrity.
// Written as NAME.tmp-<pid>/, every part synced, then manifest.json with sizes and XXH3-128 of all
// parts, then renamed to NAME (docs/checkpoint_format.md). Readers verify before anything is used.
// Knows bytes, not networks: what the parts mean is the trainer's business. Called by the one
// thread that owns the run (under run.lock) and, for reading, by anyone.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "store/named_tensor.h"

namespace volante {

// One file that a manifest vouches for.
struct FileRef {
  std::string name;  // file name without a folder
  uint64_t bytes = 0;
  std::string xxh3_128;  // of the whole file, 32 lower-case hex digits
  friend bool operator==(const FileRef&, const FileRef&) = default;
};

enum class CheckpointKind : uint8_t {
  kResumable,  // everything that a run needs to go on bit for bit, with its replay segments
  kPolicy,     // networks alone: best by validation, milestones, exports
};

struct CheckpointManifest {
  static constexpr int kFormatVersion = 1;

  CheckpointKind kind = CheckpointKind::kResumable;
  std::string build;                        // program version that wrote it
  std::string architecture;                 // of the networks; a reader with another one refuses
  std::map<std::string, int64_t> counters;  // "env_step", "update", "episode", ...
  std::map<std::string, std::string> fingerprint;  // torch, BLAS core, ISA, threads, ...
  std::vector<FileRef> parts;                      // filled by CheckpointWriter
  std::vector<FileRef> replay_segments;            // files of ../../replay/, in order
  friend bool operator==(const CheckpointManifest&, const CheckpointManifest&) = default;
};

// "step_120000"
std::string StepName(int64_t env_step);

// Builds one checkpoint. Anything that throws, and destruction without Commit, removes the
// temporary folder; older checkpoints are never touched.
class CheckpointWriter {
 public:
  // `name` is the final folder's name in `checkpoints_dir` (which is made when missing): StepName()
  // for resumable ones, "best_N" and "final_N" for policies. It must not exist yet.
  CheckpointWriter(Files& files, std::string checkpoints_dir, std::string name);
  ~CheckpointWriter();
  CheckpointWriter(const CheckpointWriter&) = delete;
  CheckpointWriter& operator=(const CheckpointWriter&) = delete;

  // Writes and syncs one file. `name` is a plain file name: "state.cbor".
  void AddPart(std::string_view name, std::span<const uint8_t> bytes);
  // The same as a safetensors file; `name` without its extension becomes name + ".safetensors".
  void AddTensors(std::string_view name, std::span<const NamedTensor> tensors);
  // Writes the manifest (its `parts` are replaced by what was added) and renames the folder. When
  // it returns, the checkpoint survives a power loss; returns its path.
  std::string Commit(CheckpointManifest manifest);

 private:
  void Abandon() noexcept;

  Files& files_;
  std::string directory_, name_, temporary_;
  std::vector<FileRef> parts_;
  bool open_ = false;
};

// Opens a committed checkpoint; the constructor reads every part once and compares sizes and
// hashes, so damage anywhere is reported before any of it is used.
class CheckpointReader {
 public:
  CheckpointReader(Files& files, std::string path);

  const std::string& path() const { return path_; }
  const CheckpointManifest& manifest() const { return manifest_; }
  bool Has(std::string_view part) const;
  // A part's bytes, checked once more against the manifest.
  std::vector<uint8_t> Part(std::string_view name) const;
  // The tensors of name + ".safetensors".
  std::vector<NamedTensor> Tensors(std::string_view name) const;

 private:
  Files& files_;
  std::string path_;
  CheckpointManifest manifest_;
};

// The manifest as text with its own hash inside, and back; every changed byte is refused.
std::string EncodeManifest(const CheckpointManifest& manifest);
CheckpointManifest DecodeManifest(std::string_view text, const std::string& where);
// XXH3-128 of that text: names a checkpoint by every byte of every part.
std::string ManifestHash(const CheckpointManifest& manifest);

// Reads a file piece by piece and refuses it when size or hash differ from `ref`.
void VerifyFile(Files& files, const std::string& path, const FileRef& ref);

struct CheckpointEntry {
  std::string name;  // "step_120000"
  std::string path;
  int64_t env_step = 0;  // from the name
};

// Committed checkpoints whose name is prefix + number ("step_", "best_", "final_"), oldest first;
// not verified. Empty when the folder is missing.
std::vector<CheckpointEntry> ListCheckpoints(Files& files, const std::string& checkpoints_dir,
                                             std::string_view prefix = "step_");

// The newest checkpoint whose parts and replay segments all verify, and why newer ones do not
// (one line each). `replay_dir` may be empty: then segments are not looked at.
struct NewestCheckpoint {
  std::optional<CheckpointEntry> entry;
  std::vector<std::string> refused;
};
NewestCheckpoint FindNewestValid(Files& files, const std::string& checkpoints_dir,
                                 const std::string& replay_dir, std::string_view prefix = "step_");

// Removes all but the newest `keep` checkpoints with this prefix.
void PruneCheckpoints(Files& files, const std::string& checkpoints_dir, std::string_view prefix,
                      int keep);

// Renames resumable checkpoints newer than `env_step` to NAME.aside. Called on resuming at
// `env_step`: what was saved later is damaged or given up, and its names will be needed again.
void SetAsideNewer(Files& files, const std::string& checkpoints_dir, int64_t env_step);

// Removes replay segments that neither a committed resumable checkpoint nor `also_keep` names.
// Call after Commit and PruneCheckpoints.
void RemoveUnusedSegments(Files& files, const std::string& checkpoints_dir,
                          const std::string& replay_dir, std::span<const FileRef> also_keep);

// Removes what a killed process left behind (*.tmp-*). Only under the run's lock.
void RemoveStaleTemporaries(Files& files, const std::string& directory);

}  // namespace volante
