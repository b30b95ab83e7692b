// A number that is not finite stops an update before it is applied, and the message says where it
// arose first: in the batch, in a parameter, or in what the networks made of both. Files with such
// numbers are refused. Sees torch: learn/ alone. Every function throws or returns; the learner's
// thread.
#pragma once

#include <ATen/core/Tensor.h>

#include <span>
#include <string>

#include "learn/flat_params.h"
#include "replay/batch.h"

namespace volante {

// Error(kHealthHalt). `what` is the kind ("loss"), `where` the number itself, may be empty.
[[noreturn]] void HaltNonFinite(const std::string& what, const std::string& where,
                                const std::string& detail);

// Reward, observation, next observation, action, label, discount and weight; names row and column.
// Looks at every number: a batch is small beside the networks.
void RequireFiniteBatch(const Batch& batch);

// Parameters, targets or moments: names tensor and element. `prefix` stands before the slices'
// names. One pass over the memory.
void RequireFiniteParameters(const at::Tensor& flat, std::span<const FlatSlice> slices,
                             const std::string& prefix);

// The tensors of a file: Error(kBadInput) naming `where`, tensor and element.
void RequireFiniteTensors(std::span<const NamedTensor> tensors, const std::string& where);

}  // namespace volante
