#include "store/checkpoint.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/hash.h"
#include "store/safetensors.h"

namespace volante {
namespace {

constexpr std::string_view kManifestName = "manifest.json";
constexpr std::string_view kTensorSuffix = ".safetensors";
constexpr std::string_view kTemporaryMark = ".tmp-";
constexpr uint64_t kMaxManifestBytes = 16 << 20;

std::string Temporary(const std::string& path) {
  return path + std::string(kTemporaryMark) + std::to_string(::getpid());
}

[[noreturn]] void Damaged(const std::string& where, const std::string& reason) {
  throw Error(ExitCode::kBadInput, "checkpoint part is damaged", where, reason,
              "use an older checkpoint: volante train --resume RUN --at STEP");
}

void WriteNewFile(Files& files, const std::string& path, std::span<const uint8_t> bytes) {
  const auto file = files.Create(path);
  file->Append(bytes);
  file->Sync();
  file->Close();
}

std::span<const uint8_t> AsBytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

// The number behind the prefix, or -1.
int64_t NumberAfter(std::string_view name, std::string_view prefix) {
  if (!name.starts_with(prefix)) return -1;
  name.remove_prefix(prefix.size());
  if (name.empty() || name.find_first_not_of("0123456789") != std::string_view::npos) return -1;
  int64_t number = -1;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  return error == std::errc() ? number : -1;
}

CheckpointManifest ReadManifest(Files& files, const std::string& checkpoint_path) {
  const std::string path = JoinPath(checkpoint_path, kManifestName);
  if (!files.Exists(path)) {
    throw Error(ExitCode::kBadInput, "not a checkpoint", checkpoint_path, "it has no manifest.json",
                "name a folder like RUN/checkpoints/step_N");
  }
  return DecodeManifest(ReadText(files, path, kMaxManifestBytes), path);
}

}  // namespace

std::string StepName(int64_t env_step) { return "step_" + std::to_string(env_step); }

CheckpointWriter::CheckpointWriter(Files& files, std::string checkpoints_dir, std::string name)
    : files_(files), directory_(std::move(checkpoints_dir)), name_(std::move(name)) {
  MakeDirectoriesDurably(files_, directory_);
  const std::string path = JoinPath(directory_, name_);
  if (files_.Exists(path)) {
    throw Error(ExitCode::kEnvironment, "checkpoint exists already", path,
                "a checkpoint is never overwritten", "remove it or use another run folder");
  }
  temporary_ = Temporary(path);
  if (files_.Exists(temporary_)) files_.RemoveAll(temporary_);
  open_ = true;
  try {
    files_.MakeDirectories(temporary_);
  } catch (const Error&) {
    Abandon();
    throw;
  }
}

CheckpointWriter::~CheckpointWriter() { Abandon(); }

void CheckpointWriter::Abandon() noexcept {
  if (!std::exchange(open_, false)) return;
  try {
    if (files_.Exists(temporary_)) files_.RemoveAll(temporary_);
  } catch (const Error&) {  // a later start removes it by its name
  }
}

void CheckpointWriter::AddPart(std::string_view name, std::span<const uint8_t> bytes) {
  VOLANTE_CHECK(open_, "the checkpoint is closed");
  VOLANTE_CHECK(name != kManifestName, "the manifest is not a part");
  for (const FileRef& part : parts_) VOLANTE_CHECK(part.name != name, "a part is added twice");
  try {
    WriteNewFile(files_, JoinPath(temporary_, name), bytes);
  } catch (const Error&) {
    Abandon();
    throw;
  }
  parts_.push_back({std::string(name), bytes.size(), Hash128Hex(bytes.data(), bytes.size())});
}

void CheckpointWriter::AddTensors(std::string_view name, std::span<const NamedTensor> tensors) {
  AddPart(std::string(name) + std::string(kTensorSuffix), EncodeSafetensors(tensors));
}

std::string CheckpointWriter::Commit(CheckpointManifest manifest) {
  VOLANTE_CHECK(open_, "the checkpoint is closed");
  const std::string path = JoinPath(directory_, name_);
  try {
    manifest.parts = parts_;
    WriteNewFile(files_, JoinPath(temporary_, kManifestName), AsBytes(EncodeManifest(manifest)));
    files_.SyncDirectory(temporary_);  // the parts' names, before the folder gets its own
    files_.Rename(temporary_, path);
  } catch (const Error&) {
    Abandon();
    throw;
  }
  open_ = false;
  files_.SyncDirectory(directory_);
  return path;
}

CheckpointReader::CheckpointReader(Files& files, std::string path)
    : files_(files), path_(std::move(path)), manifest_(ReadManifest(files_, path_)) {
  for (const FileRef& part : manifest_.parts) VerifyFile(files_, JoinPath(path_, part.name), part);
}

bool CheckpointReader::Has(std::string_view part) const {
  return std::ranges::any_of(manifest_.parts, [&](const FileRef& p) { return p.name == part; });
}

std::vector<uint8_t> CheckpointReader::Part(std::string_view name) const {
  const std::string path = JoinPath(path_, name);
  const auto part =
      std::ranges::find_if(manifest_.parts, [&](const FileRef& p) { return p.name == name; });
  if (part == manifest_.parts.end()) {
    throw Error(ExitCode::kBadInput, "checkpoint lacks a part", path,
                "its manifest does not list it", "use a checkpoint of this kind of run");
  }
  std::vector<uint8_t> bytes = files_.ReadAll(path, part->bytes);
  if (bytes.size() != part->bytes || Hash128Hex(bytes.data(), bytes.size()) != part->xxh3_128) {
    Damaged(path, "it changed while it was read");
  }
  return bytes;
}

std::vector<NamedTensor> CheckpointReader::Tensors(std::string_view name) const {
  const std::string part = std::string(name) + std::string(kTensorSuffix);
  return DecodeSafetensors(Part(part), JoinPath(path_, part)).tensors;
}

void VerifyFile(Files& files, const std::string& path, const FileRef& ref) {
  if (!files.Exists(path)) Damaged(path, "the file is missing");
  const uint64_t size = files.Size(path);
  if (size != ref.bytes) {
    Damaged(path + ", offset " + std::to_string(std::min(size, ref.bytes)),
            "it has " + std::to_string(size) + " bytes, the manifest says " +
                std::to_string(ref.bytes));
  }
  Hasher128 hasher;
  std::vector<uint8_t> piece;
  for (uint64_t at = 0; at < size; at += piece.size()) {
    piece.resize(static_cast<size_t>(std::min<uint64_t>(size - at, 4 << 20)));
    files.ReadAt(path, at, piece);
    hasher.Update(piece.data(), piece.size());
  }
  if (const std::string hash = hasher.Hex(); hash != ref.xxh3_128) {
    Damaged(path + ", offset 0 to " + std::to_string(size),
            "its XXH3-128 is " + hash + ", the manifest says " + ref.xxh3_128);
  }
}

std::vector<CheckpointEntry> ListCheckpoints(Files& files, const std::string& checkpoints_dir,
                                             std::string_view prefix) {
  std::vector<CheckpointEntry> entries;
  if (!files.Exists(checkpoints_dir)) return entries;
  for (const std::string& name : files.List(checkpoints_dir)) {
    const int64_t step = NumberAfter(name, prefix);
    const std::string path = JoinPath(checkpoints_dir, name);
    if (step >= 0 && files.IsDirectory(path)) entries.push_back({name, path, step});
  }
  std::ranges::sort(entries, {}, &CheckpointEntry::env_step);
  return entries;
}

NewestCheckpoint FindNewestValid(Files& files, const std::string& checkpoints_dir,
                                 const std::string& replay_dir, std::string_view prefix) {
  NewestCheckpoint newest;
  std::vector<CheckpointEntry> entries = ListCheckpoints(files, checkpoints_dir, prefix);
  for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
    try {
      const CheckpointReader reader(files, entry->path);
      if (!replay_dir.empty()) {
        for (const FileRef& segment : reader.manifest().replay_segments) {
          VerifyFile(files, JoinPath(replay_dir, segment.name), segment);
        }
      }
      newest.entry = *entry;
      break;
    } catch (const Error& error) {
      newest.refused.push_back(error.what());
    }
  }
  return newest;
}

void PruneCheckpoints(Files& files, const std::string& checkpoints_dir, std::string_view prefix,
                      int keep) {
  std::vector<CheckpointEntry> entries = ListCheckpoints(files, checkpoints_dir, prefix);
  const size_t kept = static_cast<size_t>(std::max(keep, 0));
  for (size_t i = 0; i + kept < entries.size(); ++i) {
    // Renamed first, so that a half-removed folder never looks like a checkpoint; synced before
    // anything of it goes, so that a crash can't bring the name back without the content.
    const std::string temporary = Temporary(entries[i].path);
    if (files.Exists(temporary)) files.RemoveAll(temporary);
    files.Rename(entries[i].path, temporary);
    files.SyncDirectory(checkpoints_dir);
    files.RemoveAll(temporary);
  }
}

void SetAsideNewer(Files& files, const std::string& checkpoints_dir, int64_t env_step) {
  bool changed = false;
  for (const CheckpointEntry& entry : ListCheckpoints(files, checkpoints_dir)) {
    if (entry.env_step <= env_step) continue;
    const std::string aside = entry.path + ".aside";
    if (files.Exists(aside)) files.RemoveAll(aside);
    files.Rename(entry.path, aside);
    changed = true;
  }
  if (changed) files.SyncDirectory(checkpoints_dir);
}

void RemoveUnusedSegments(Files& files, const std::string& checkpoints_dir,
                          const std::string& replay_dir, std::span<const FileRef> also_keep) {
  if (!files.Exists(replay_dir)) return;
  std::set<std::string> used;
  for (const FileRef& ref : also_keep) used.insert(ref.name);
  for (const CheckpointEntry& entry : ListCheckpoints(files, checkpoints_dir)) {
    try {
      for (const FileRef& ref : ReadManifest(files, entry.path).replay_segments) {
        used.insert(ref.name);
      }
    } catch (const Error& error) {
      // A damaged manifest names nothing that can still be used; a disk that does not answer is
      // no reason to remove anything.
      if (error.code() != ExitCode::kBadInput) throw;
    }
  }
  for (const std::string& name : files.List(replay_dir)) {
    if (name.starts_with("segment_") && name.ends_with(".bin") && !used.contains(name)) {
      files.Remove(JoinPath(replay_dir, name));
    }
  }
}

void RemoveStaleTemporaries(Files& files, const std::string& directory) {
  if (!files.Exists(directory)) return;
  for (const std::string& name : files.List(directory)) {
    const size_t mark = name.rfind(kTemporaryMark);
    if (mark == std::string::npos) continue;
    if (NumberAfter(std::string_view(name).substr(mark), kTemporaryMark) < 0) continue;
    files.RemoveAll(JoinPath(directory, name));
  }
}

}  // namespace volante
