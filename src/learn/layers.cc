#include "learn/layers.h"

#include <ATen/ops/linalg_vector_norm.h>
#include <c10/core/GradMode.h>

#include <utility>

namespace volante {

Affine Bind(const ParameterLookup& lookup, const std::string& name) {
  return {lookup(name + "/weight"), lookup(name + "/bias")};
}

FeatureStats StatsOf(const at::Tensor& output, std::string layer) {
  const c10::NoGradGuard no_grad;
  const at::Tensor x = output.detach().to(at::kFloat);
  const at::Tensor rows = x.reshape({x.size(0), -1});
  return {std::move(layer), x.mean().item<double>(), x.std(/*unbiased=*/false).item<double>(),
          at::linalg_vector_norm(rows, 2, at::IntArrayRef{1}).mean().item<double>()};
}

}  // namespace volante
