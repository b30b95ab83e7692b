#include "learn/memory.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/gru.h>
#include <ATen/ops/gru_cell.h>
#include <ATen/ops/lstm.h>
#include <ATen/ops/lstm_cell.h>
#include <ATen/ops/zeros.h>

#include <cmath>
#include <tuple>

#include "base/error.h"
#include "learn/td3.h"

namespace volante {

int MemoryUnits(const LearnerConfig& config) {
  if (config.memory == Memory::kNone) return 0;
  if (config.memory_units > 0) return config.memory_units;
  return config.memory == Memory::kGru ? 48 : 256;
}

int64_t MemoryStateSize(const LearnerConfig& config) {
  return (config.memory == Memory::kLstm ? 2 : 1) * MemoryUnits(config);
}

void AddMemory(std::vector<ParameterSpec>& specs, const LearnerConfig& config, int64_t in,
               const std::string& prefix) {
  const int64_t units = MemoryUnits(config);
  const int64_t gates = (config.memory == Memory::kGru ? 3 : 4) * units;
  const double bound = 1.0 / std::sqrt(static_cast<double>(units));
  specs.push_back({prefix + "memory/weight_ih", {gates, in}, bound, 0.0});
  specs.push_back({prefix + "memory/weight_hh", {gates, units}, bound, 0.0});
  specs.push_back({prefix + "memory/bias_ih", {gates}, bound, 0.0});
  specs.push_back({prefix + "memory/bias_hh", {gates}, bound, 0.0});
}

MemoryNet::MemoryNet(const LearnerConfig& config, const std::string& prefix,
                     const ParameterLookup& lookup)
    : kind(config.memory),
      units(MemoryUnits(config)),
      weight_ih(lookup(prefix + "memory/weight_ih")),
      weight_hh(lookup(prefix + "memory/weight_hh")),
      bias_ih(lookup(prefix + "memory/bias_ih")),
      bias_hh(lookup(prefix + "memory/bias_hh")) {}

at::Tensor MemoryNet::Forward(const at::Tensor& x, const Recurrence& how) const {
  if (how.state.defined()) return Step(x, how.state);
  VOLANTE_CHECK(how.sequences > 0 && x.size(0) % how.sequences == 0, "whole sequences");
  return Unroll(x, how);
}

at::Tensor MemoryNet::Unroll(const at::Tensor& x, const Recurrence& how) const {
  const at::Tensor steps = x.view({x.size(0) / how.sequences, how.sequences, x.size(1)});
  const at::Tensor zero = at::zeros({1, how.sequences, units}, x.options());
  const at::Tensor weights[] = {weight_ih, weight_hh, bias_ih, bias_hh};
  const at::Tensor outputs =
      kind == Memory::kGru
          ? std::get<0>(at::gru(steps, zero, weights, /*has_biases=*/true, /*num_layers=*/1,
                                /*dropout=*/0.0, /*train=*/false, /*bidirectional=*/false,
                                /*batch_first=*/false))
          : std::get<0>(at::lstm(steps, {zero, zero}, weights, /*has_biases=*/true,
                                 /*num_layers=*/1, /*dropout=*/0.0, /*train=*/false,
                                 /*bidirectional=*/false, /*batch_first=*/false));
  return outputs.reshape({x.size(0), units}).index_select(0, how.rows);
}

at::Tensor MemoryNet::Step(const at::Tensor& x, at::Tensor state) const {
  const at::Tensor hidden = state.narrow(1, 0, units);
  if (kind == Memory::kGru) {
    const at::Tensor next = at::gru_cell(x, hidden, weight_ih, weight_hh, bias_ih, bias_hh);
    state.copy_(next);
    return next;
  }
  const auto [next, cells] = at::lstm_cell(x, {hidden, state.narrow(1, units, units)}, weight_ih,
                                           weight_hh, bias_ih, bias_hh);
  state.copy_(at::cat({next, cells}, 1));
  return next;
}

}  // namespace volante
