// The lines of `volante --version`.
#pragma once

#include <string>

namespace volante {

// Version, commit, compiler and CPU: what the light program knows.
std::string VersionText();

// Torch, its kernels, the BLAS and its core, as loaded. Only in volante-learn.
std::string LearnerVersionText();

}  // namespace volante
