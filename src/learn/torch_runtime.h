// What is known about the torch that the process loaded: versions for --version and manifests,
// the BLAS behind it, and its thread count. Torch-free header. Any thread, except
// SetLearnerThreads, which belongs to the start of the process.
#pragma once

#include <string>

#include "config/config.h"

namespace volante {

// Threads of torch's operators and of the BLAS; 0 means one per available core. Also tells malloc
// to keep freed activations. OpenMP and OpenBLAS read their environment when they are loaded, so
// the rest of the set-up (core type, wait policy, OPENBLAS_THREAD_TIMEOUT) belongs to the launcher.
void SetLearnerThreads(int threads);
int LearnerThreads();

// "1.13.1".
std::string TorchVersion();
// The kernels OpenBLAS chose, "SkylakeX"; "unknown" when the BLAS is not OpenBLAS.
std::string BlasCoreName();
bool BlasIsOpenBlas();
// OpenBLAS or MKL. False with the reference BLAS, which is 25 times slower: `train` refuses it.
bool BlasIsFast();
// "AVX512": the instruction level of torch's own kernels.
std::string TorchCpuCapability();
// True when Device::kCuda can be used.
bool CudaIsAvailable();
// What train.device means on this machine: auto is cuda where one can be used and cpu elsewhere,
// the others are what they say.
Device ResolveDevice(Device asked);

}  // namespace volante
