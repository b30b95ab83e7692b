#include "cli/version.h"

#include "cli/build_commit.h"
#include "cli/launcher.h"

namespace volante {
namespace {

// The highest x86-64 level (psABI) of this CPU. The programs themselves need v2.
const char* CpuLevel() {
  if (__builtin_cpu_supports("x86-64-v4")) return "x86-64-v4 (AVX-512)";
  if (__builtin_cpu_supports("x86-64-v3")) return "x86-64-v3 (AVX2)";
  return "x86-64-v2";
}

}  // namespace

std::string VersionText() {
  std::string text = "volante   " VOLANTE_VERSION "\n";
  text += "commit    " VOLANTE_COMMIT "\n";
  text += "compiler  " VOLANTE_COMPILER ", " VOLANTE_BUILD_TYPE "\n";
  text += std::string("cpu       ") + CpuLevel() + ", " + std::to_string(AvailableCores()) +
          " cores usable\n";
  return text;
}

}  // namespace volante
