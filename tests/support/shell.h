// Runs another program and hands back what it printed; for independent readers in tests.
#pragma once

#include <array>
#include <cstdio>
#include <string>

namespace volante {

// Standard output; "failed" is appended when the exit status is not 0.
inline std::string RunAndRead(const std::string& command) {
  FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return "failed";
  std::string output;
  std::array<char, 4096> piece;
  while (const size_t n = std::fread(piece.data(), 1, piece.size(), pipe)) {
    output.append(piece.data(), n);
  }
  if (::pclose(pipe) != 0) output += "failed";
  return output;
}

inline bool PythonHas(const std::string& module) {
  return RunAndRead("/usr/bin/python3 -c 'import " + module + "' 2>/dev/null").empty();
}

}  // namespace volante
