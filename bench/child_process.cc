#include "bench/child_process.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <filesystem>

#include "base/error.h"

namespace volante {
namespace {

std::optional<std::string> Finish(std::FILE* pipe) {
  if (pipe == nullptr) return std::nullopt;
  std::string output;
  std::array<char, 256> piece{};
  while (std::fgets(piece.data(), piece.size(), pipe) != nullptr) output += piece.data();
  if (::pclose(pipe) != 0) return std::nullopt;
  return output;
}

}  // namespace

std::string LightProgram() {
  return (std::filesystem::read_symlink("/proc/self/exe").parent_path() / "volante").string();
}

std::optional<std::string> OutputOf(const std::string& command) {
  return Finish(::popen(command.c_str(), "r"));
}

std::vector<std::optional<std::string>> OutputsOf(const std::vector<std::string>& commands) {
  std::vector<std::FILE*> pipes;
  for (const std::string& command : commands) pipes.push_back(::popen(command.c_str(), "r"));
  std::vector<std::optional<std::string>> outputs;
  for (std::FILE* pipe : pipes) outputs.push_back(Finish(pipe));
  return outputs;
}

double SecondsOf(const std::vector<std::string>& words, const std::string& hint) {
  std::vector<char*> argv;
  std::string text;
  for (const std::string& word : words) {
    argv.push_back(const_cast<char*>(word.c_str()));  // execv leaves them as they are
    text += (text.empty() ? "" : " ") + word;
  }
  argv.push_back(nullptr);
  const auto start = std::chrono::steady_clock::now();
  const pid_t pid = ::fork();
  if (pid == 0) {
    const int null = ::open("/dev/null", O_WRONLY);
    ::dup2(null, STDOUT_FILENO);
    ::dup2(null, STDERR_FILENO);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    throw Error(ExitCode::kEnvironment, "a measured program failed", text, "", hint);
  }
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace volante
