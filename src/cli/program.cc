// main() of both programs: help, version, the row to run, and the one place where errors become
// exit codes.

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <string>
#include <vector>

#include "base/error.h"
#include "cli/command.h"
#include "cli/launcher.h"
#include "cli/version.h"
#include "config/nearest_name.h"

namespace volante {
namespace {

void PrintHelp(std::FILE* out) {
  std::string text =
      "Volante trains a car to drive a town from its front camera, and measures how well it "
      "drives.\n\nusage: volante COMMAND [OPTIONS]      volante COMMAND --help      volante "
      "--version\n\ncommands:\n";
  for (const Command& command : Commands()) {
    std::string name = command.name;
    name.resize(12, ' ');
    text += "  " + name + command.summary + "\n";
  }
  text +=
      "\nexit codes:\n"
      "  0   done\n"
      "  1   the check that was asked for found defects\n"
      "  2   command line or configuration\n"
      "  3   a file that can't be used\n"
      "  4   the machine: disk, package, display\n"
      "  5   simulator lost\n"
      "  6   training stopped by a health alarm\n"
      "  70  internal error\n"
      "  85  stopped by a signal, resumable\n"
      "  130 interrupted by a signal; train: by a second one\n"
      "Results go to stdout, progress and messages to stderr.\n";
  std::fputs(text.c_str(), out);
}

const Command& FindCommand(const std::string& name) {
  std::vector<std::string> names;
  for (const Command& command : Commands()) {
    if (name == command.name) return command;
    names.emplace_back(command.name);
  }
  const std::string nearest = NearestName(name, names);
  throw Error(ExitCode::kUsage, "there is no command " + name.substr(0, 80), "", "",
              nearest.empty() ? "volante --help lists the commands"
                              : "did you mean volante " + nearest + "?");
}

int RunCommand(const Program& program, const Command& command, int argc, char** argv) {
  if (command.run == nullptr) {
    if (program.is_light && command.needs != Needs::kLight) {
      LaunchLearner(command.stop_signals, argc, argv);
    }
    throw Error(ExitCode::kUsage, std::string("volante ") + command.name + " is not in this build",
                "", "it was configured without it", "configure with -DVOLANTE_PARTS=all");
  }
  if (command.stop_signals == StopSignals::kBlocked) {
    BlockStopSignals();
  } else {
    UnblockStopSignals();
  }
  return command.run(argc - 1, argv + 1);
}

int Dispatch(const Program& program, int argc, char** argv) {
  if (argc < 2) {
    PrintHelp(stderr);
    return static_cast<int>(ExitCode::kUsage);
  }
  const std::string first = argv[1];
  if (first == "--help" || first == "-h" || first == "help") {
    PrintHelp(stdout);
    return 0;
  }
  if (first == "--version") {
    if (program.is_light && LearnerExists()) LaunchLearner(StopSignals::kDefault, argc, argv);
    std::string text = VersionText();
    text += program.learner_version != nullptr
                ? program.learner_version()
                : std::string("torch     not in this build: volante-learn is not installed\n");
    std::fputs(text.c_str(), stdout);
    return 0;
  }
  return RunCommand(program, FindCommand(first), argc, argv);
}

}  // namespace

int RunProgram(const Program& program, int argc, char** argv) {
#ifdef NDEBUG
  // A failed CHECK has said what and where; it ends like every internal error.
  std::signal(SIGABRT, [](int) { _exit(static_cast<int>(ExitCode::kInternal)); });
#endif
  int code = 0;
  try {
    code = Dispatch(program, argc, argv);
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
      throw Error(ExitCode::kEnvironment, "the output can't be written", "stdout",
                  std::strerror(errno), "is the disk full?");
    }
  } catch (const Error& error) {
    std::fflush(stdout);
    std::fprintf(stderr, "%s\n", error.OneLine().c_str());
    return static_cast<int>(error.code());
  } catch (const std::exception& error) {
    std::fflush(stdout);
    std::string what = error.what();
    // Foreign exceptions may carry a stack trace after their first line.
    what.resize(std::min(what.find('\n'), what.size()));
    std::fprintf(stderr, "internal error: %s; please report this\n", what.c_str());
    return static_cast<int>(ExitCode::kInternal);
  }
  return code;
}

}  // namespace volante
