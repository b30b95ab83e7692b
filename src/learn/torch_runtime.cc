#include "learn/torch_runtime.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <dlfcn.h>
#include <malloc.h>
#include <torch/version.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <thread>

namespace volante {
namespace {

template <class Function>
Function* BlasFunction(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_DEFAULT, name));
}

}  // namespace

void SetLearnerThreads(int threads) {
  if (threads <= 0) threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  // Activations of up to 29 MB come and go with every update. By default each is mapped from the
  // kernel, zeroed and unmapped again: 12,000 page faults and 40 ms an update at batch 256.
  mallopt(M_MMAP_THRESHOLD, 32 << 20);  // glibc's upper bound
  mallopt(M_TRIM_THRESHOLD, 512 << 20);
  mallopt(M_TOP_PAD, 64 << 20);
  at::set_num_threads(threads);
  // torch's own call leaves OpenBLAS as it is.
  if (auto* set = BlasFunction<void(int)>("openblas_set_num_threads")) set(threads);
}

int LearnerThreads() { return at::get_num_threads(); }

std::string TorchVersion() { return TORCH_VERSION; }

std::string BlasCoreName() {
  auto* name = BlasFunction<const char*()>("openblas_get_corename");
  return BlasIsOpenBlas() && name != nullptr ? name() : "unknown";
}

bool BlasIsOpenBlas() {
  // Which file answers for sgemm. Debian's OpenBLAS stands in for libblas.so.3 by a symbolic link
  // into its own directory, so the resolved path tells.
  void* sgemm = dlsym(RTLD_DEFAULT, "sgemm_");
  Dl_info info;
  if (sgemm == nullptr || dladdr(sgemm, &info) == 0 || info.dli_fname == nullptr) return false;
  std::error_code failed;
  const auto path = std::filesystem::canonical(info.dli_fname, failed);
  return !failed && path.string().find("openblas") != std::string::npos;
}

bool BlasIsFast() { return BlasIsOpenBlas() || at::hasMKL(); }

std::string TorchCpuCapability() {
  // Torch tells it in this text alone: "... - CPU capability usage: AVX512 ...".
  const std::string text = at::show_config(), key = "CPU capability usage: ";
  const size_t at = text.find(key);
  if (at == std::string::npos) return "unknown";
  return text.substr(at + key.size(), text.find('\n', at) - at - key.size());
}

bool CudaIsAvailable() { return at::hasCUDA(); }

Device ResolveDevice(Device asked) {
  if (asked != Device::kAuto) return asked;
  return CudaIsAvailable() ? Device::kCuda : Device::kCpu;
}

}  // namespace volante
