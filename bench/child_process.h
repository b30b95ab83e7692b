// Programs that a benchmark starts and waits for.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace volante {

// The programs of this build, beside the running one.
std::string LightProgram();  // volante

// What a shell command printed; nothing when it can't be started or fails.
std::optional<std::string> OutputOf(const std::string& command);
// The same of several commands at once.
std::vector<std::optional<std::string>> OutputsOf(const std::vector<std::string>& commands);

// Starts a program without a shell, throws its output away, waits, and returns the seconds from
// fork to exit. Error(kEnvironment) when it fails; `hint` says what to do then.
double SecondsOf(const std::vector<std::string>& words, const std::string& hint);

}  // namespace volante
