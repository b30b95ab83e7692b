// The table of commands, and how main() runs a row.
// One file per command: src/cli/NAME_command.cc defines `int RunName(int argc, char** argv)`, where
// argv[0] is the command's name and argv[1..] its arguments; it returns the exit code. It parses
// with cli/arguments.h, throws Error for what the user can mend, and prints results to stdout,
// progress and logs to stderr.
//
// Rows that need the network or a window run in volante-learn, which the light program starts
// after setting the process up (cli/launcher.h); their files are compiled into it alone. So
// files named map_*.cc, config_*.cc and curve_*.cc may use light folders only, all others
// everything.
#pragma once

#include <span>
#include <string>

namespace volante {

enum class Needs {
  kLight,    // base, config, road, sim, render, env, store, plot
  kNetwork,  // torch
  kWindow,   // OpenCV and torch
};

enum class StopSignals {
  kDefault,  // SIGINT and SIGTERM end the process
  kBlocked,  // SIGINT, SIGTERM, SIGUSR1 are blocked in every thread; the command waits for them
};

struct Command {
  const char* name;
  const char* summary;  // one line of `volante --help`
  Needs needs;
  StopSignals stop_signals;
  int (*run)(int argc, char** argv);  // null where this program or build does not hold it
};

std::span<const Command> Commands();

int RunMap(int argc, char** argv);
int RunConfig(int argc, char** argv);
int RunCurve(int argc, char** argv);
int RunTrain(int argc, char** argv);
int RunEvaluate(int argc, char** argv);
int RunDrive(int argc, char** argv);
int RunBench(int argc, char** argv);

// What differs between the two programs.
struct Program {
  bool is_light = true;                        // starts volante-learn for what it does not hold
  std::string (*learner_version)() = nullptr;  // torch and BLAS lines of --version
};

// main(): finds the row, runs it, and turns errors into one line on stderr and an exit code.
int RunProgram(const Program& program, int argc, char** argv);

}  // namespace volante
