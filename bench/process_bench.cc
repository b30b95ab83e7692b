// Whole processes: how long a user waits for the program to answer.

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "base/error.h"
#include "bench/bench.h"

namespace volante {
namespace {

// The light program beside this one.
std::string LightProgram() {
  return (std::filesystem::read_symlink("/proc/self/exe").parent_path() / "volante").string();
}

double RunOnce(const std::string& program) {
  const auto start = std::chrono::steady_clock::now();
  const pid_t pid = ::fork();
  if (pid == 0) {
    const int null = ::open("/dev/null", O_WRONLY);
    ::dup2(null, STDOUT_FILENO);
    ::execl(program.c_str(), program.c_str(), "--help", static_cast<char*>(nullptr));
    ::_exit(127);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    throw Error(ExitCode::kEnvironment, "volante --help failed", program, "",
                "build or install volante beside volante-learn");
  }
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

BenchResult BenchHelp(const BenchOptions& options) {
  const std::string program = LightProgram();
  std::vector<double> milliseconds;
  RunOnce(program);
  for (int i = 0; i < 4 * options.runs; ++i) milliseconds.push_back(1e3 * RunOnce(program));
  BenchResult result{.name = "start/help", .value = Median(milliseconds), .unit = "ms"};
  result.higher_is_better = false;
  result.n = static_cast<int>(milliseconds.size());
  result.limit = 50.0;
  return result;
}

}  // namespace volante
