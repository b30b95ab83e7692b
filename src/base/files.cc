#include "base/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "base/error.h"

namespace volante {
namespace {

[[noreturn]] void Fail(const std::string& what, const std::string& path, int error) {
  const bool missing = error == ENOENT || error == ENOTDIR;
  std::string hint;
  if (error == ENOSPC || error == EDQUOT) hint = "free disk space and run the command again";
  if (error == EACCES || error == EPERM || error == EROFS) hint = "check the permissions";
  if (missing) hint = "check the path";
  throw Error(missing ? ExitCode::kBadInput : ExitCode::kEnvironment, what, path,
              std::strerror(error), hint);
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  int Release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

class RealWritableFile : public WritableFile {
 public:
  RealWritableFile(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}
  using WritableFile::Append;

  void Append(std::span<const uint8_t> bytes) override {
    while (!bytes.empty()) {
      const ssize_t n = ::write(fd_.get(), bytes.data(), bytes.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) Fail("cannot write", path_, errno);
      bytes = bytes.subspan(static_cast<size_t>(n));
    }
  }
  void Sync() override {
    if (::fsync(fd_.get()) != 0) Fail("cannot flush to disk", path_, errno);
  }
  void Close() override {
    if (::close(fd_.Release()) != 0) Fail("cannot close", path_, errno);
  }

 private:
  std::string path_;
  Descriptor fd_;
};

class RealFileLock : public FileLock {
 public:
  explicit RealFileLock(int fd) : fd_(fd) {}

 private:
  Descriptor fd_;
};

class RealFileSystem : public Files {
 public:
  bool Exists(const std::string& path) override { return ::access(path.c_str(), F_OK) == 0; }

  bool IsDirectory(const std::string& path) override {
    struct stat info{};
    return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
  }

  uint64_t Size(const std::string& path) override {
    struct stat info{};
    if (::stat(path.c_str(), &info) != 0) Fail("cannot read", path, errno);
    if (!S_ISREG(info.st_mode)) {
      throw Error(ExitCode::kBadInput, "cannot read", path,
                  S_ISDIR(info.st_mode) ? "it is a folder" : "it is no regular file",
                  "name a file");
    }
    return static_cast<uint64_t>(info.st_size);
  }

  std::vector<std::string> List(const std::string& directory) override {
    DIR* handle = ::opendir(directory.c_str());
    if (handle == nullptr) Fail("cannot list", directory, errno);
    std::vector<std::string> names;
    while (const dirent* entry = ::readdir(handle)) {
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
    }
    ::closedir(handle);
    std::sort(names.begin(), names.end());
    return names;
  }

  std::vector<uint8_t> ReadAll(const std::string& path, uint64_t max_bytes) override {
    const uint64_t size = Size(path);
    if (size > max_bytes) {
      throw Error(
          ExitCode::kBadInput, "file is too large", path,
          std::to_string(size) + " bytes, at most " + std::to_string(max_bytes) + " are read", "");
    }
    std::vector<uint8_t> bytes(size);
    ReadAt(path, 0, bytes);
    return bytes;
  }

  void ReadAt(const std::string& path, uint64_t offset, std::span<uint8_t> out) override {
    const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (fd.get() < 0) Fail("cannot read", path, errno);
    while (!out.empty()) {
      const ssize_t n = ::pread(fd.get(), out.data(), out.size(), static_cast<off_t>(offset));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) Fail("cannot read", path, errno);
      if (n == 0) {
        throw Error(ExitCode::kBadInput, "file is truncated", path,
                    "it ends at byte " + std::to_string(offset), "");
      }
      out = out.subspan(static_cast<size_t>(n));
      offset += static_cast<uint64_t>(n);
    }
  }

  std::unique_ptr<WritableFile> Create(const std::string& path) override {
    return Open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC);
  }
  std::unique_ptr<WritableFile> OpenAppend(const std::string& path) override {
    return Open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC);
  }

  void MakeDirectories(const std::string& path) override {
    std::error_code error;
    std::filesystem::create_directories(path, error);
    if (error) Fail("cannot create directory", path, error.value());
  }
  void Rename(const std::string& from, const std::string& to) override {
    // A device would be replaced by a file.
    struct stat info{};
    if (::stat(to.c_str(), &info) == 0 && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode)) {
      throw Error(ExitCode::kBadInput, "cannot write", to, "it is no regular file", "name a file");
    }
    if (::rename(from.c_str(), to.c_str()) != 0) Fail("cannot rename to", to, errno);
  }
  void Remove(const std::string& path) override {
    if (::unlink(path.c_str()) != 0) Fail("cannot remove", path, errno);
  }
  void RemoveAll(const std::string& path) override {
    std::error_code error;
    std::filesystem::remove_all(path, error);
    if (error) Fail("cannot remove", path, error.value());
  }
  void SyncDirectory(const std::string& path) override {
    const Descriptor fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (fd.get() < 0) Fail("cannot open directory", path, errno);
    if (::fsync(fd.get()) != 0) Fail("cannot flush directory", path, errno);
  }
  uint64_t FreeBytes(const std::string& path) override {
    struct statvfs info{};
    if (::statvfs(path.c_str(), &info) != 0) Fail("cannot ask for free space", path, errno);
    return uint64_t{info.f_bavail} * info.f_frsize;
  }

  std::unique_ptr<FileLock> TryLock(const std::string& path, std::string_view owner) override {
    Descriptor fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
    if (fd.get() < 0) Fail("cannot open lock", path, errno);
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK) return nullptr;
      Fail("cannot lock", path, errno);
    }
    if (::ftruncate(fd.get(), 0) != 0) Fail("cannot write lock", path, errno);
    if (::write(fd.get(), owner.data(), owner.size()) < 0) Fail("cannot write lock", path, errno);
    return std::make_unique<RealFileLock>(fd.Release());
  }

 private:
  static std::unique_ptr<WritableFile> Open(const std::string& path, int flags) {
    const int fd = ::open(path.c_str(), flags, 0644);
    if (fd < 0) Fail("cannot create", path, errno);
    return std::make_unique<RealWritableFile>(path, fd);
  }
};

}  // namespace

Files& RealFiles() {
  static RealFileSystem files;  // stateless
  return files;
}

void WriteFileAtomically(Files& files, const std::string& path, std::span<const uint8_t> bytes) {
  const std::string temporary = path + ".tmp-" + std::to_string(::getpid());
  if (files.Exists(temporary)) files.Remove(temporary);
  try {
    const auto file = files.Create(temporary);
    file->Append(bytes);
    file->Sync();  // content before the name, or a crash could leave a named empty file
    file->Close();
    files.Rename(temporary, path);
  } catch (const Error&) {
    if (files.Exists(temporary)) files.Remove(temporary);
    throw;
  }
  files.SyncDirectory(DirectoryOf(path));
}

void CheckCanBeWritten(Files& files, const std::string& path) {
  const std::string folder = DirectoryOf(path);
  const bool is_folder = files.IsDirectory(path);
  if (!is_folder && files.IsDirectory(folder)) return;
  throw Error(ExitCode::kBadInput, "cannot write", path,
              is_folder ? "it is a folder" : "there is no folder " + folder,
              "name a file in a folder that exists");
}

void WriteFileAtomically(Files& files, const std::string& path, std::string_view text) {
  WriteFileAtomically(
      files, path,
      std::span<const uint8_t>(reinterpret_cast<const uint8_t*>(text.data()), text.size()));
}

void MakeDirectoriesDurably(Files& files, const std::string& path) {
  std::vector<std::string> parents;
  for (std::string at = path; !files.Exists(at); at = DirectoryOf(at)) {
    parents.push_back(DirectoryOf(at));
  }
  if (parents.empty()) return;
  files.MakeDirectories(path);
  for (const std::string& parent : parents) files.SyncDirectory(parent);
}

std::string ReadText(Files& files, const std::string& path, uint64_t max_bytes) {
  const std::vector<uint8_t> bytes = files.ReadAll(path, max_bytes);
  return {bytes.begin(), bytes.end()};
}

std::string JoinPath(std::string_view directory, std::string_view name) {
  std::string path(directory);
  if (!path.empty() && path.back() != '/') path += '/';
  return path.append(name);
}

std::string DirectoryOf(std::string_view path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return std::string(path.substr(0, std::max<size_t>(slash, 1)));
}

}  // namespace volante
