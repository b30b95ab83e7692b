#include "cli/launcher.h"

#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/files.h"
#include "config/options.h"

namespace volante {
namespace {

// Set for volante-learn alone: the cores that the user gave to the process, as hex digits of a
// cpu_set_t. Its presence says that the environment is set up.
constexpr const char* kReadyVariable = "VOLANTE_PROCESS_CPUS";
constexpr const char* kLearner = "volante-learn";

std::string OwnPath() {
  char path[PATH_MAX];
  const ssize_t size = readlink("/proc/self/exe", path, sizeof(path));
  if (size <= 0) {
    throw Error(ExitCode::kEnvironment, "the program's own place is unknown", "/proc/self/exe",
                std::strerror(errno), "is /proc mounted?");
  }
  return std::string(path, static_cast<size_t>(size));
}

std::string LearnerPath() { return JoinPath(DirectoryOf(OwnPath()), kLearner); }

// The value of `--name value` or `--name=value`; the last one.
std::string FlagValue(int argc, char** argv, const std::string& name) {
  std::string value;
  for (int i = 2; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == name && i + 1 < argc) value = argv[i + 1];
    if (argument.starts_with(name + "=")) value = argument.substr(name.size() + 1);
  }
  return value;
}

// Threads as the command will see them: --threads, train.threads of --set, of the files, of the run
// that --resume or --checkpoint names; 0 when none gives any. Errors are left to the command, which
// reads everything again.
int ConfiguredThreads(int argc, char** argv) {
  ConfigSources sources;
  sources.preset = FlagValue(argc, argv, "--preset");
  sources.file = FlagValue(argc, argv, "--config");
  for (const char* flag : {"--resume", "--checkpoint"}) {
    const std::string folder = FlagValue(argc, argv, flag);
    if (!folder.empty()) sources.file = JoinPath(folder, "config.yaml");
  }
  constexpr std::string_view kKey = "train.threads=";
  for (int i = 2; i < argc; ++i) {
    std::string_view argument = argv[i];
    if (argument.starts_with("--set=")) argument.remove_prefix(6);
    if (argument.starts_with(kKey)) sources.sets = {std::string(argument)};
  }
  const std::string threads = FlagValue(argc, argv, "--threads");
  if (!threads.empty()) sources = {"", "", {std::string(kKey) + threads}};
  try {
    return LoadConfig(RealFiles(), sources).train.threads;
  } catch (const Error&) {
    return 0;
  }
}

// Threads that libraries made before keep what they have; those made later inherit this.
void RestoreAffinity(const std::string& hex) {
  cpu_set_t cpus;
  if (hex.size() != 2 * sizeof(cpus)) return;
  for (size_t i = 0; i < sizeof(cpus); ++i) {
    const std::string byte = hex.substr(2 * i, 2);
    reinterpret_cast<unsigned char*>(&cpus)[i] =
        static_cast<unsigned char>(std::strtoul(byte.c_str(), nullptr, 16));
  }
  // A failure leaves the process as narrow as it was, and --version shows the count.
  sched_setaffinity(0, sizeof(cpus), &cpus);
}

std::string AffinityHex() {
  cpu_set_t cpus;
  if (sched_getaffinity(0, sizeof(cpus), &cpus) != 0) return "unknown";
  std::string hex;
  for (size_t i = 0; i < sizeof(cpus); ++i) {
    char digits[3];
    std::snprintf(digits, sizeof(digits), "%02x", reinterpret_cast<unsigned char*>(&cpus)[i]);
    hex += digits;
  }
  return hex;
}

void SetUnlessSet(const char* name, const std::string& value) {
  setenv(name, value.c_str(), /*overwrite=*/0);
}

void SetUpEnvironment(int argc, char** argv) {
  // OpenBLAS 0.3.21 does not know newer AVX-512 CPUs by name and falls back to slower kernels.
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")) {
    SetUnlessSet("OPENBLAS_CORETYPE", "SKYLAKEX");
  }
  const int configured = ConfiguredThreads(argc, argv);
  const std::string threads = std::to_string(configured > 0 ? configured : AvailableCores());
  for (const char* name : {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"}) {
    setenv(name, threads.c_str(), /*overwrite=*/configured > 0 ? 1 : 0);
  }
  // OpenBLAS workers spin for 2^this cycles when they run dry; the default (2^26) fights with
  // OpenMP's threads for the same cores, and with 4 they sleep between the small products of an
  // update from the vector: 250 updates/s at 4, 384 at 20, camera updates the same at both.
  SetUnlessSet("OPENBLAS_THREAD_TIMEOUT", "20");
  // Spinning OpenMP threads on busy cores took 520 ms for what takes 8.
  SetUnlessSet("OMP_WAIT_POLICY", "passive");
  setenv(kReadyVariable, AffinityHex().c_str(), 1);
}

[[noreturn]] void Execute(const std::string& path, char** argv) {
  execv(path.c_str(), argv);
  throw Error(ExitCode::kEnvironment, "volante-learn can't be started", path, std::strerror(errno),
              "build or install both programs: ./dev build, or cmake --install build");
}

void SetStopSignals(int how) {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGUSR1}) sigaddset(&signals, signal);
  sigprocmask(how, &signals, nullptr);
}

}  // namespace

int AvailableCores() {
  cpu_set_t cpus;
  if (sched_getaffinity(0, sizeof(cpus), &cpus) != 0) return 1;
  return CPU_COUNT(&cpus);
}

bool LearnerExists() { return access(LearnerPath().c_str(), X_OK) == 0; }

void LaunchLearner(StopSignals stop_signals, int argc, char** argv) {
  SetUpEnvironment(argc, argv);
  if (stop_signals == StopSignals::kBlocked) BlockStopSignals();
  Execute(LearnerPath(), argv);
}

void FinishLaunch() {
  const char* const ready = std::getenv(kReadyVariable);
  if (ready == nullptr) {
    throw Error(ExitCode::kUsage, "volante-learn is started by volante", "",
                "libraries read their environment when they are loaded, so volante sets it before",
                "run volante with the same arguments");
  }
  RestoreAffinity(ready);
  unsetenv(kReadyVariable);
}

void BlockStopSignals() { SetStopSignals(SIG_BLOCK); }
void UnblockStopSignals() { SetStopSignals(SIG_UNBLOCK); }

}  // namespace volante
