// The one exception type of the program, the documented exit codes, and CHECK.
// An Error is thrown where something outside the program is wrong (a file, a flag, the machine);
// it is caught in main() and at thread tops, nowhere else. CHECK is for programmer errors.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace volante {

// Exit codes of every command (README lists them; they are a stable surface).
enum class ExitCode : int {
  kOk = 0,
  kDefectsFound = 1,  // the check that was asked for found defects
  kUsage = 2,         // command line or configuration
  kBadInput = 3,      // a file that can't be used
  kEnvironment = 4,   // disk, package, display
  kSimulatorLost = 5,
  kHealthHalt = 6,  // training stopped by an alarm
  kInternal = 70,
  kStoppedResumable = 85,
  kInterrupted = 130,  // by a signal; train: by a second SIGINT
};

// What happened, where, why, and what to do next. `where` and `hint` may be empty.
class Error : public std::runtime_error {
 public:
  Error(ExitCode code, std::string what, std::string where, std::string reason, std::string hint);

  ExitCode code() const { return code_; }
  const std::string& message() const { return message_; }
  const std::string& where() const { return where_; }
  const std::string& reason() const { return reason_; }
  const std::string& hint() const { return hint_; }

  // "error: <what>: <where>: <reason>; next: <hint>", always one line.
  std::string OneLine() const;

 private:
  ExitCode code_;
  std::string message_, where_, reason_, hint_;
};

[[noreturn]] void CheckFailed(const char* condition, const char* file, int line,
                              std::string_view message);

}  // namespace volante

// Always on. Aborts the process with the condition and its place: a bug of ours, never of the user.
#define VOLANTE_CHECK(condition, message)                                \
  do {                                                                   \
    if (!(condition)) [[unlikely]]                                       \
      ::volante::CheckFailed(#condition, __FILE__, __LINE__, (message)); \
  } while (false)
