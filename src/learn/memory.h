// The recurrent cell between fusion and heads (learner.memory): GRU (Cho et al., EMNLP 2014) or
// LSTM (Hochreiter and Schmidhuber 1997, with forget gate), as torch.nn.GRU and LSTM compute them.
// Owns no tensor; knows neither replay nor losses. Sees torch: learn/ alone.
//
// Trained on sequences from the zero state whose first steps carry no loss ("zero start" with
// burn-in: Kapturowski et al., "Recurrent Experience Replay in Distributed Reinforcement Learning",
// ICLR 2019, section 3). Its alternative, states stored in the replay, would make what is sampled
// depend on the networks of the time; a burn-in of some ticks is enough for what one picture lacks
// here, which is speed. What the cell sees is the observation; the previous action is not in it.
//
// Names under a prefix such as "critic/": memory/weight_ih [G H, in], memory/weight_hh [G H, H],
// memory/bias_ih, memory/bias_hh [G H]; G = 3 gates (reset, update, new) or 4 (input, forget, cell,
// output), in torch's order.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "config/config.h"
#include "learn/flat_params.h"

namespace volante {

// The parameter of that name, in whichever role.
using ParameterLookup = std::function<at::Tensor(const std::string&)>;

// Numbers that it carries from step to step: hidden units, and the LSTM's cells after them. 0
// without memory.
int64_t MemoryStateSize(const LearnerConfig& config);
// Adds the cell's parameters: U(-1/sqrt(H), 1/sqrt(H)), PyTorch's default.
void AddMemory(std::vector<ParameterSpec>& specs, const LearnerConfig& config, int64_t in,
               const std::string& prefix);

// How rows come to the memory. While training they are sequences, side by side, oldest step first
// (SequenceLayout), and `rows` [n] of the outputs go on to the heads. While acting each row is one
// step of its own from `state` [n, MemoryStateSize], which is replaced by the state after it.
struct Recurrence {
  int64_t sequences = 0;
  at::Tensor rows;
  at::Tensor state;
};

struct MemoryNet {
  MemoryNet(const LearnerConfig& config, const std::string& prefix, const ParameterLookup& lookup);
  // x [steps * sequences, in] or [n, in]; [n, MemoryUnits].
  at::Tensor Forward(const at::Tensor& x, const Recurrence& how) const;

  Memory kind;
  int64_t units;
  at::Tensor weight_ih, weight_hh, bias_ih, bias_hh;

 private:
  at::Tensor Unroll(const at::Tensor& x, const Recurrence& how) const;
  at::Tensor Step(const at::Tensor& x, at::Tensor state) const;
};

}  // namespace volante
