// How fast this machine multiplies matrices through the learner's own libraries and threads: the
// ceiling that a benchmark of updates stands beside. Torch-free header; the learner's thread.
#pragma once

namespace volante {

// Floating-point operations per second (two per multiply-add) of at::mm of square matrices, large
// enough to reach the machine's best and small enough for its caches to matter as they do to an
// update: the median over `seconds`. Random values; zeros would be faster on some CPUs.
double MatrixProductRate(bool bf16, double seconds);

}  // namespace volante
