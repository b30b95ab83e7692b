// What every network is made of: a parameter by its name, the pair of a linear layer, and what is
// logged of a layer's output. Sees torch: learn/ alone.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <string>

#include "learn/td3.h"

namespace volante {

// The parameter (or running statistic) of that name, in whichever role.
using ParameterLookup = std::function<at::Tensor(const std::string&)>;

struct Affine {
  at::Tensor weight, bias;
};

// "<name>/weight" and "<name>/bias".
Affine Bind(const ParameterLookup& lookup, const std::string& name);

// Without a gradient.
FeatureStats StatsOf(const at::Tensor& output, std::string layer);

}  // namespace volante
