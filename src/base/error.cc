#include "base/error.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

namespace volante {
namespace {

std::string Compose(const std::string& what, const std::string& where, const std::string& reason,
                    const std::string& hint) {
  std::string line = what;
  if (!where.empty()) line += ": " + where;
  if (!reason.empty()) line += ": " + reason;
  if (!hint.empty()) line += "; next: " + hint;
  for (char& c : line) {
    if (c == '\n' || c == '\r') c = ' ';
  }
  return line;
}

}  // namespace

Error::Error(ExitCode code, std::string what, std::string where, std::string reason,
             std::string hint)
    : std::runtime_error(Compose(what, where, reason, hint)),
      code_(code),
      message_(std::move(what)),
      where_(std::move(where)),
      reason_(std::move(reason)),
      hint_(std::move(hint)) {}

std::string Error::OneLine() const { return std::string("error: ") + what(); }

void CheckFailed(const char* condition, const char* file, int line, std::string_view message) {
  std::fprintf(stderr, "internal error: %.*s (%s) at %s:%d; please report this\n",
               static_cast<int>(message.size()), message.data(), condition, file, line);
  std::abort();
}

}  // namespace volante
