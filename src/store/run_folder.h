// The folder of one run: where its files are, and the lock that makes it one process's.
// Owns paths, the lock, config.yaml and manifest.json; never decides what is in a checkpoint.
// Created by the trainer; readers (evaluate, report, serve) need only the path helpers.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/files.h"

namespace volante {

// Facts of the run as a whole for manifest.json, for people and reports: version, build, host,
// seed, threads, parent checkpoint. Text values; keys sorted.
using RunFacts = std::map<std::string, std::string>;

class RunFolder {
 public:
  // Makes the folder with checkpoints/, replay/, evaluations/ and videos/, takes run.lock, writes
  // config.yaml and manifest.json. A path that holds a run already is an Error(kUsage) with the
  // hint to resume it; an existing empty folder is used.
  static RunFolder Create(Files& files, const std::string& path, std::string_view config_yaml,
                          const RunFacts& facts);
  // Takes the lock of an existing run and removes what a killed process left behind. Error(kUsage)
  // when there is no run, Error(kEnvironment) naming the owner when it is locked.
  static RunFolder Resume(Files& files, const std::string& path);

  RunFolder(RunFolder&&) = default;
  RunFolder& operator=(RunFolder&&) = default;

  const std::string& path() const { return path_; }
  std::string checkpoints() const { return JoinPath(path_, "checkpoints"); }
  std::string replay() const { return JoinPath(path_, "replay"); }
  std::string evaluations() const { return JoinPath(path_, "evaluations"); }
  std::string videos() const { return JoinPath(path_, "videos"); }
  std::string log() const { return JoinPath(path_, "log.txt"); }
  std::string config() const { return JoinPath(path_, "config.yaml"); }
  std::string manifest() const { return JoinPath(path_, "manifest.json"); }

  // Replaces manifest.json atomically (end of run: outcome, totals).
  void WriteFacts(const RunFacts& facts);
  RunFacts ReadFacts() const;

 private:
  RunFolder(Files& files, std::string path) : files_(&files), path_(std::move(path)) {}
  void Lock();

  Files* files_;
  std::string path_;
  std::unique_ptr<FileLock> lock_;
};

// Whether `path` looks like a run folder.
bool IsRunFolder(Files& files, const std::string& path);

}  // namespace volante
