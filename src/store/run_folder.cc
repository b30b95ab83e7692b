#include "store/run_folder.h"

#include <unistd.h>

#include <array>
#include <utility>

#include "base/error.h"
#include "store/checkpoint.h"
#include "store/json.h"

namespace volante {
namespace {

constexpr std::string_view kLockName = "run.lock";
constexpr std::array<std::string_view, 4> kSubfolders = {"checkpoints", "replay", "evaluations",
                                                         "videos"};

std::string HostName() {
  char name[256] = {};
  if (::gethostname(name, sizeof name - 1) != 0) return "unknown";
  return name;
}

// Whether the folder holds nothing but what an interrupted Create left.
bool IsUnused(Files& files, const std::string& path) {
  for (const std::string& name : files.List(path)) {
    bool ours = name == kLockName || name == "manifest.json" ||
                name.starts_with("manifest.json.tmp-") || name.starts_with("config.yaml.tmp-");
    for (const std::string_view folder : kSubfolders) {
      ours = ours || (name == folder && files.List(JoinPath(path, name)).empty());
    }
    if (!ours) return false;
  }
  return true;
}

}  // namespace

bool IsRunFolder(Files& files, const std::string& path) {
  return files.Exists(JoinPath(path, "config.yaml"));
}

RunFolder RunFolder::Create(Files& files, const std::string& path, std::string_view config_yaml,
                            const RunFacts& facts) {
  if (files.Exists(path)) {
    if (IsRunFolder(files, path)) {
      throw Error(
          ExitCode::kUsage, "the run exists already", path, "it holds a config.yaml",
          "continue it with: volante train --resume " + path + ", or choose another --run-dir");
    }
    if (!files.IsDirectory(path) || !IsUnused(files, path)) {
      throw Error(ExitCode::kUsage, "the run folder can't be used", path, "it holds other files",
                  "choose another --run-dir");
    }
  }
  RunFolder run(files, path);
  MakeDirectoriesDurably(files, path);
  run.Lock();
  if (IsRunFolder(files, path)) {  // another process was faster
    throw Error(ExitCode::kUsage, "the run exists already", path, "it was just created",
                "choose another --run-dir");
  }
  for (const std::string_view folder : kSubfolders) files.MakeDirectories(JoinPath(path, folder));
  run.WriteFacts(facts);
  // Last, because its presence makes the folder a run. Its sync covers the names above.
  WriteFileAtomically(files, run.config(), config_yaml);
  return run;
}

RunFolder RunFolder::Resume(Files& files, const std::string& path) {
  if (!IsRunFolder(files, path)) {
    throw Error(ExitCode::kUsage, "there is no run to resume", path, "it holds no config.yaml",
                "name a run folder, or leave --resume out to start a new run");
  }
  RunFolder run(files, path);
  run.Lock();
  RemoveStaleTemporaries(files, path);
  RemoveStaleTemporaries(files, run.checkpoints());
  return run;
}

void RunFolder::Lock() {
  const std::string lock_path = JoinPath(path_, kLockName);
  lock_ = files_->TryLock(lock_path, HostName() + " pid " + std::to_string(::getpid()) + "\n");
  if (lock_ != nullptr) return;
  std::string owner = ReadText(*files_, lock_path, 4096);
  while (!owner.empty() && owner.back() == '\n') owner.pop_back();
  throw Error(ExitCode::kEnvironment, "the run is in use", path_,
              "it is locked by " + (owner.empty() ? "another process" : owner),
              "wait until that process ends, or stop it");
}

void RunFolder::WriteFacts(const RunFacts& facts) {
  const std::string text =
      nlohmann::json(facts).dump(2, ' ', false, nlohmann::json::error_handler_t::replace);
  WriteFileAtomically(*files_, manifest(), text + "\n");
}

RunFacts RunFolder::ReadFacts() const {
  const std::string text = ReadText(*files_, manifest());
  RunFacts facts;
  try {
    const nlohmann::json root = ParseStrictJson(text, 2);
    for (const auto& [key, value] : root.items()) {
      facts[key] = value.get<std::string>();
    }
  } catch (const std::exception& e) {
    throw Error(ExitCode::kBadInput, "the run's manifest can't be read", manifest(), e.what(), "");
  }
  return facts;
}

}  // namespace volante
