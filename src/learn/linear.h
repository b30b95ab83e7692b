// A linear layer, in float32 (or float64) or with its products in bfloat16
// (learner.bf16_linear). Sees torch: learn/ alone. Any thread.
#pragma once

#include "learn/layers.h"

namespace volante {

// x W^T + b [n, out] of x [n, in]; `relu`: max(0, .) of it.
// With `bf16` the operands of all three products (forward, and the gradients of x and W) are
// rounded to bfloat16 and sums are kept in float32; bias, activation and everything else stay in
// float32. So do layers of fewer than 16 outputs, actions and values, which have loops of their own
// on a CPU. float64, which the oracle runs, is torch's own layer throughout.
// Without AVX512_BF16, or on a GPU, torch's operators stand in (linear.cc says what they round).
// Gradients of W and b are added to their .grad where it is there, as FlatParams has it; no second
// derivatives, no hooks on W and b.
at::Tensor Linear(const at::Tensor& x, const Affine& layer, bool bf16, bool relu = false);

}  // namespace volante
