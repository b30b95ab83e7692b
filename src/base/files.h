// The one door to the file system. Everything that must survive a crash is written through it, so
// that a test can make any single operation fail (tests/crash/) and prove what is left behind.
// All functions throw Error (kEnvironment for the machine: full disk, permissions; kBadInput for
// a file that is missing or too large) naming the path. Blocking; any thread; no shared state.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace volante {

// A file open for appending. Bytes are durable only after Sync() returned.
class WritableFile {
 public:
  virtual ~WritableFile() = default;  // closes; never throws, never syncs
  virtual void Append(std::span<const uint8_t> bytes) = 0;
  virtual void Sync() = 0;   // fsync
  virtual void Close() = 0;  // reports errors that the destructor would swallow
  void Append(std::string_view text) {
    Append({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
  }
};

// Holds an exclusive lock until destroyed; the lock of a dead process is free (flock).
class FileLock {
 public:
  virtual ~FileLock() = default;
};

class Files {
 public:
  virtual ~Files() = default;

  virtual bool Exists(const std::string& path) = 0;
  virtual bool IsDirectory(const std::string& path) = 0;
  // Size in bytes.
  virtual uint64_t Size(const std::string& path) = 0;
  // Names (not paths) in a directory, sorted.
  virtual std::vector<std::string> List(const std::string& directory) = 0;
  // The whole file; refused when it is longer than max_bytes.
  virtual std::vector<uint8_t> ReadAll(const std::string& path, uint64_t max_bytes) = 0;
  // `size` bytes from `offset`; an error when the file is shorter.
  virtual void ReadAt(const std::string& path, uint64_t offset, std::span<uint8_t> out) = 0;
  // Creates a new file; an error when it exists.
  virtual std::unique_ptr<WritableFile> Create(const std::string& path) = 0;
  // Opens for appending, creating it when missing.
  virtual std::unique_ptr<WritableFile> OpenAppend(const std::string& path) = 0;
  virtual void MakeDirectories(const std::string& path) = 0;
  // Atomic within one file system. Files are replaced; directories must not exist at `to`.
  virtual void Rename(const std::string& from, const std::string& to) = 0;
  virtual void Remove(const std::string& path) = 0;
  virtual void RemoveAll(const std::string& path) = 0;
  // fsync of a directory: makes the names in it durable.
  virtual void SyncDirectory(const std::string& path) = 0;
  // Bytes that may still be written on the file system that holds `path`.
  virtual uint64_t FreeBytes(const std::string& path) = 0;
  // Null when another process holds it. `owner` is written into the file for the human reader.
  virtual std::unique_ptr<FileLock> TryLock(const std::string& path, std::string_view owner) = 0;
};

// The real file system.
Files& RealFiles();

// Writes path + ".tmp-<pid>", syncs it, renames it over `path`, syncs the directory: after a crash
// `path` holds the old content or the new, never a mixture.
void WriteFileAtomically(Files& files, const std::string& path, std::span<const uint8_t> bytes);
void WriteFileAtomically(Files& files, const std::string& path, std::string_view text);

// Before long work whose result goes there: Error(kBadInput) when `path` is a folder or lies in
// none.
void CheckCanBeWritten(Files& files, const std::string& path);

// MakeDirectories, and the names of all folders that were missing survive a crash.
void MakeDirectoriesDurably(Files& files, const std::string& path);

// The whole file as text, at most 64 MiB unless said otherwise.
std::string ReadText(Files& files, const std::string& path, uint64_t max_bytes = 64ull << 20);

std::string JoinPath(std::string_view directory, std::string_view name);
// The directory part of a path, "." when there is none.
std::string DirectoryOf(std::string_view path);

}  // namespace volante
