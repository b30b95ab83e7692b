// Runs a program as a user would, and keeps what it printed. Test-only.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace volante {

struct Ran {
  int exit_code = -1;  // 128 + signal when a signal ended it
  std::string out;
  std::string err;
};

struct RunOptions {
  std::string directory{};                           // to run in; empty: the current one
  std::map<std::string, std::string> environment{};  // set over the test's own
};

Ran Execute(const std::vector<std::string>& arguments, const RunOptions& options = {});

// The programs of this build.
std::string VolantePath();
bool LearnerIsBuilt();

// A new empty directory below the test's temporary one; removed with the object.
class ScratchDirectory {
 public:
  ScratchDirectory();
  ~ScratchDirectory();
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

void WriteText(const std::string& path, const std::string& text);

}  // namespace volante
