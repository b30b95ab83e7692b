// A file system in memory that fails on demand, for crash tests.
// It keeps what fsync has made durable apart from what was only written: file content is durable
// after Sync of the file, a name after SyncDirectory of its directory. Any mutating operation can
// be the last before a power loss, or fail with an error of the machine. After a crash, Reboot()
// gives what a disk might hold: all, nothing, or any mixture of what was not synced.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "base/random.h"

namespace volante {

// The power loss. Not an Error: nothing in the program may handle it.
struct PowerLoss {};

class FaultyFiles : public Files {
 public:
  // How the unsynced state looks after the reboot.
  enum class Loss { kNothing, kEverything, kRandom };

  FaultyFiles() : root_(std::make_shared<Node>(true)) {}

  // ---- faults ----
  // Mutating operation number `k` (from 1) is the last: it happens partly or not at all.
  void CrashAt(int k) { crash_at_ = k; }
  // Operation `k` fails with `reason`; all later ones too when `forever`.
  void FailAt(int k, std::string reason, bool forever) {
    fail_at_ = k;
    fail_reason_ = std::move(reason);
    fail_forever_ = forever;
  }
  // Syncs for which this is true report success and do nothing.
  void IgnoreSyncs(std::function<bool(const std::string& path)> ignore) {
    ignore_sync_ = std::move(ignore);
  }
  void ClearFaults() { crash_at_ = fail_at_ = 0; }
  int operations() const { return operations_; }

  // The file system that the next process finds.
  std::unique_ptr<FaultyFiles> Reboot(Loss loss, uint64_t seed) const {
    RandomStream random(seed, "reboot");
    auto next = std::make_unique<FaultyFiles>();
    std::map<const Node*, std::shared_ptr<Node>> done;
    next->root_ = Survivor(*root_, loss, random, done);
    return next;
  }

  // ---- Files ----
  bool Exists(const std::string& path) override { return !dead_ && Find(path) != nullptr; }
  bool IsDirectory(const std::string& path) override {
    const auto node = Find(path);
    return node != nullptr && node->is_directory;
  }
  uint64_t Size(const std::string& path) override { return Get(path)->content.size(); }
  std::vector<std::string> List(const std::string& directory) override {
    std::vector<std::string> names;
    for (const auto& [name, node] : Get(directory)->entries) names.push_back(name);
    return names;
  }
  std::vector<uint8_t> ReadAll(const std::string& path, uint64_t max_bytes) override {
    const auto node = Get(path);
    if (node->content.size() > max_bytes) Fail(ExitCode::kBadInput, path, "too large");
    return node->content;
  }
  void ReadAt(const std::string& path, uint64_t offset, std::span<uint8_t> out) override {
    const auto node = Get(path);
    if (offset + out.size() > node->content.size()) Fail(ExitCode::kBadInput, path, "truncated");
    std::copy_n(node->content.begin() + static_cast<std::ptrdiff_t>(offset), out.size(),
                out.begin());
  }
  std::unique_ptr<WritableFile> Create(const std::string& path) override {
    if (!Operate(path))
      return std::make_unique<OpenFile>(*this, path, std::make_shared<Node>(false));
    if (Find(path) != nullptr) Fail(ExitCode::kEnvironment, path, "File exists");
    return std::make_unique<OpenFile>(*this, path, Link(path, std::make_shared<Node>(false)));
  }
  std::unique_ptr<WritableFile> OpenAppend(const std::string& path) override {
    const auto node = Find(path);
    return node == nullptr ? Create(path) : std::make_unique<OpenFile>(*this, path, node);
  }
  void MakeDirectories(const std::string& path) override {
    if (path.empty() || path == "." || Find(path) != nullptr) return;
    MakeDirectories(DirectoryOf(path));
    if (Operate(path)) Link(path, std::make_shared<Node>(true));
  }
  void Rename(const std::string& from, const std::string& to) override {
    if (!Operate(to)) return;
    VOLANTE_CHECK(DirectoryOf(from) == DirectoryOf(to), "renames stay in one directory");
    const auto node = Get(from);
    const auto old = Find(to);
    if (old != nullptr && (old->is_directory || node->is_directory)) {
      Fail(ExitCode::kEnvironment, to, "Directory not empty");
    }
    Change(DirectoryOf(to), {Name(from), Name(to), node});
  }
  void Remove(const std::string& path) override {
    if (!Operate(path)) return;
    Get(path);
    Change(DirectoryOf(path), {Name(path), "", nullptr});
  }
  void RemoveAll(const std::string& path) override {
    if (dead_) return;
    const auto node = Get(path);
    if (node->is_directory) {
      for (const std::string& name : List(path)) RemoveAll(JoinPath(path, name));
    }
    Remove(path);
  }
  void SyncDirectory(const std::string& path) override {
    if (!Operate(path)) return;
    const auto node = Get(path);
    if (ignore_sync_ && ignore_sync_(path)) return;
    node->durable_entries = node->entries;
    node->changes.clear();
  }
  uint64_t FreeBytes(const std::string&) override { return uint64_t{1} << 40; }
  std::unique_ptr<FileLock> TryLock(const std::string&, std::string_view) override {
    return std::make_unique<FileLock>();  // locks die with their process
  }

  // For damaging a file behind the program's back; durable at once.
  std::vector<uint8_t>& Content(const std::string& path) { return Get(path)->content; }

 private:
  struct Node;
  // `from` loses its entry, `to` gets `node`; either name may be empty. Atomic.
  struct NameChange {
    std::string from, to;
    std::shared_ptr<Node> node;
    void Apply(std::map<std::string, std::shared_ptr<Node>>& entries) const {
      if (!from.empty()) entries.erase(from);
      if (!to.empty()) entries[to] = node;
    }
  };
  struct Node {
    explicit Node(bool directory) : is_directory(directory) {}
    bool is_directory;
    std::vector<uint8_t> content, durable_content;
    std::map<std::string, std::shared_ptr<Node>> entries, durable_entries;
    std::vector<NameChange> changes;  // since the last SyncDirectory
  };

  class OpenFile : public WritableFile {
   public:
    OpenFile(FaultyFiles& files, std::string path, std::shared_ptr<Node> node)
        : files_(files), path_(std::move(path)), node_(std::move(node)) {}
    using WritableFile::Append;
    void Append(std::span<const uint8_t> bytes) override {
      // What fails or crashes may have written a part.
      const size_t part = bytes.size() / 2;
      const auto write = [&](size_t n) {
        node_->content.insert(node_->content.end(), bytes.begin(),
                              bytes.begin() + static_cast<std::ptrdiff_t>(n));
      };
      if (files_.dead_) return;
      try {
        files_.Operate(path_);
      } catch (...) {
        write(part);
        throw;
      }
      write(bytes.size());
    }
    void Sync() override {
      if (!files_.Operate(path_)) return;
      if (files_.ignore_sync_ && files_.ignore_sync_(path_)) return;
      node_->durable_content = node_->content;
    }
    void Close() override {}

   private:
    FaultyFiles& files_;
    std::string path_;
    std::shared_ptr<Node> node_;
  };

  [[noreturn]] static void Fail(ExitCode code, const std::string& path, const std::string& reason) {
    throw Error(code, "file operation failed", path, reason, "");
  }
  static std::string Name(const std::string& path) {
    const size_t slash = path.rfind('/');
    return slash == std::string::npos ? path : path.substr(slash + 1);
  }

  // Counts a mutating operation; false when the process is dead and nothing may happen any more.
  bool Operate(const std::string& path) {
    if (dead_) return false;
    ++operations_;
    if (operations_ == crash_at_) {
      dead_ = true;
      throw PowerLoss();
    }
    if (fail_at_ > 0 && (operations_ == fail_at_ || (fail_forever_ && operations_ > fail_at_))) {
      Fail(ExitCode::kEnvironment, path, fail_reason_);
    }
    return true;
  }
  std::shared_ptr<Node> Find(const std::string& path) const {
    std::shared_ptr<Node> node = root_;
    for (size_t at = 0; at < path.size();) {
      const size_t slash = std::min(path.find('/', at), path.size());
      const std::string name = path.substr(at, slash - at);
      at = slash + 1;
      if (name.empty() || name == ".") continue;
      const auto found = node->entries.find(name);
      if (found == node->entries.end()) return nullptr;
      node = found->second;
    }
    return node;
  }
  std::shared_ptr<Node> Get(const std::string& path) const {
    const auto node = Find(path);
    if (node == nullptr) Fail(ExitCode::kBadInput, path, "No such file or directory");
    return node;
  }
  void Change(const std::string& directory, const NameChange& change) {
    const auto node = Get(directory);
    change.Apply(node->entries);
    node->changes.push_back(change);
  }
  std::shared_ptr<Node> Link(const std::string& path, std::shared_ptr<Node> node) {
    Change(DirectoryOf(path), {"", Name(path), node});
    return node;
  }

  static std::shared_ptr<Node> Survivor(const Node& node, Loss loss, RandomStream& random,
                                        std::map<const Node*, std::shared_ptr<Node>>& done) {
    auto& copy = done[&node];
    if (copy != nullptr) return copy;
    copy = std::make_shared<Node>(node.is_directory);
    const auto result = copy;
    if (node.is_directory) {
      auto entries = loss == Loss::kEverything ? node.durable_entries : node.entries;
      if (loss == Loss::kRandom) {
        // In half of the cases the disk kept the order of the changes, in half it did not.
        entries = node.durable_entries;
        const bool ordered = random.Below(2) == 0;
        const size_t prefix = random.Below(node.changes.size() + 1);
        for (size_t i = 0; i < node.changes.size(); ++i) {
          if (ordered ? i < prefix : random.Below(2) == 0) node.changes[i].Apply(entries);
        }
      }
      for (const auto& [name, child] : entries) {
        result->entries[name] = Survivor(*child, loss, random, done);
      }
    } else {
      result->content = loss == Loss::kEverything ? node.durable_content : node.content;
      if (loss == Loss::kRandom && node.content != node.durable_content) {
        result->content = RandomContent(node, random);
      }
    }
    result->durable_content = result->content;
    result->durable_entries = result->entries;
    return result;
  }
  // Content is only ever appended, so what is not durable is the part behind.
  static std::vector<uint8_t> RandomContent(const Node& node, RandomStream& random) {
    std::vector<uint8_t> content = node.content;
    const size_t durable = node.durable_content.size();
    const size_t kept = durable + random.Below(content.size() - durable + 1);
    switch (random.Below(3)) {
      case 0:  // the length did not reach the disk
        content.resize(kept);
        break;
      case 1:  // it did, the data did not
        std::fill(content.begin() + static_cast<std::ptrdiff_t>(kept), content.end(), uint8_t{0});
        break;
      default:  // something else stands there
        for (size_t i = kept; i < content.size(); ++i) {
          content[i] = static_cast<uint8_t>(random.NextUint32());
        }
    }
    return content;
  }

  std::shared_ptr<Node> root_;
  int operations_ = 0, crash_at_ = 0, fail_at_ = 0;
  bool fail_forever_ = false, dead_ = false;
  std::string fail_reason_;
  std::function<bool(const std::string&)> ignore_sync_;
};

}  // namespace volante
