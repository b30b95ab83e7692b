#include "cli/run_program.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace volante {
namespace {

std::string Slurp(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace

Ran Execute(const std::vector<std::string>& arguments, const RunOptions& options) {
  const ScratchDirectory scratch;
  const std::string out = scratch.path() + "/out", err = scratch.path() + "/err";
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    if (!options.directory.empty() && chdir(options.directory.c_str()) != 0) _exit(126);
    for (const auto& [name, value] : options.environment) setenv(name.c_str(), value.c_str(), 1);
    dup2(open(out.c_str(), O_CREAT | O_WRONLY, 0600), STDOUT_FILENO);
    dup2(open(err.c_str(), O_CREAT | O_WRONLY, 0600), STDERR_FILENO);
    dup2(open("/dev/null", O_RDONLY), STDIN_FILENO);
    execvp(argv[0], argv.data());
    _exit(127);
  }
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  Ran ran;
  ran.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  ran.out = Slurp(out);
  ran.err = Slurp(err);
  return ran;
}

std::string VolantePath() { return std::string(VOLANTE_BINARY_DIR) + "/volante"; }

bool LearnerIsBuilt() {
  return std::filesystem::exists(std::string(VOLANTE_BINARY_DIR) + "/volante-learn");
}

ScratchDirectory::ScratchDirectory() : path_(::testing::TempDir() + "volante_cli_XXXXXX") {
  EXPECT_NE(mkdtemp(path_.data()), nullptr);
}

ScratchDirectory::~ScratchDirectory() { std::filesystem::remove_all(path_); }

void WriteText(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

}  // namespace volante
