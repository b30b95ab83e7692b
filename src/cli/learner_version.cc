#include "cli/version.h"
#include "learn/torch_runtime.h"

namespace volante {

std::string LearnerVersionText() {
  return "torch     " + TorchVersion() + ", kernels " + TorchCpuCapability() +
         (CudaIsAvailable() ? ", CUDA" : ", no CUDA") + "\n" + "blas      " +
         (BlasIsOpenBlas() ? "OpenBLAS, core " + BlasCoreName()
                           : std::string("not OpenBLAS: install libopenblas0-pthread")) +
         "\n" + "threads   " + std::to_string(LearnerThreads()) + "\n";
}

}  // namespace volante
