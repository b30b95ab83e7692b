// The parameters of one optimizer as one flat tensor and their gradients as another
// (docs/architecture.md, flat parameters): Adam, clipping, norms and Polyak averaging are single
// passes. Owns the memory; knows neither networks nor losses. Sees torch: learn/ alone.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "learn/td3.h"
#include "store/named_tensor.h"

namespace volante {

struct ParameterSpec {
  std::string name;  // "critic/encoder/conv1/weight"
  std::vector<int64_t> shape;
  // Initial values: U(-init_bound, init_bound), or the constant where the bound is 0.
  double init_bound = 0.0;
  double init_constant = 0.0;
};

// Where one parameter lies. Four-dimensional ones are stored channels_last, others row-major;
// every slice starts at a multiple of 64 bytes and the padding between stays 0 for ever.
struct FlatSlice {
  std::string name;
  std::vector<int64_t> shape;
  std::vector<int64_t> strides;
  int64_t offset = 0;  // elements
  int64_t size = 0;
};

class FlatParams {
 public:
  // Zero-filled. A gradient for each shard of a batch (learn/shard_team.h); with 0 shards it is a
  // target network.
  FlatParams(std::span<const ParameterSpec> specs, at::TensorOptions options, int shards);

  at::Tensor& values() { return values_; }
  const at::Tensor& values() const { return values_; }
  // Of the whole batch, after SumGrads.
  at::Tensor& grads() { return grads_.front(); }
  const std::vector<FlatSlice>& slices() const { return slices_; }
  int64_t NumParameters() const;

  bool Has(const std::string& name) const;
  // The trainable leaf of a shard: a view of its slice whose .grad is the same slice of that
  // shard's gradient, which is grads() for shard 0.
  const at::Tensor& Leaf(const std::string& name, int shard = 0) const;
  // The same memory, not trainable: what the actor's loss and the targets see of a network.
  at::Tensor Frozen(const std::string& name) const;
  // Elements [begin, end) of the flat buffers taken by the parameters whose name starts with
  // `prefix`, which must lie side by side; empty when there are none.
  std::pair<int64_t, int64_t> Range(const std::string& prefix) const;

  void ZeroGrads(int shard = 0);
  // Adds the gradients of shards 1 ... shards - 1 to grads(), elements [begin, end).
  void SumGrads(int shards, int64_t begin, int64_t end);
  // True while every leaf and its .grad still lie in the flat buffers.
  bool GradientsAlias() const;
  // The first parameter (in order) whose gradient is not finite; empty when all are.
  std::string FirstNonFiniteGradient() const;
  // The values of the last parameters, those that `target` has: a target network may leave out the
  // encoder, which opens the buffer.
  at::Tensor TailOf(const FlatParams& target) const {
    return values_.slice(0, values_.numel() - target.values_.numel());
  }

  // A target network moves towards the online one's parameters: theta' += tau (theta - theta'), of
  // elements [begin, end).
  void Follow(const FlatParams& online, double tau, int64_t begin, int64_t end);

  // Draws the initial values: each tensor from its own stream (seed, "init/" + name).
  void Initialise(std::span<const ParameterSpec> specs, uint64_t seed);

 private:
  size_t Index(const std::string& name) const;

  at::Tensor values_;
  std::vector<at::Tensor> grads_;  // [shards]
  std::vector<FlatSlice> slices_;
  std::vector<std::vector<at::Tensor>> leaves_;  // [shards][slices]
};

// One slice of a flat buffer that has the layout of `params`, in its logical shape.
at::Tensor SliceOf(const at::Tensor& flat, const FlatSlice& slice);

// Copies every slice of `flat` to named tensors "<prefix><slice name>", row-major.
void AppendTensors(const at::Tensor& flat, std::span<const FlatSlice> slices,
                   const std::string& prefix, std::vector<NamedTensor>& out);
// The reverse. CheckTensors refuses what CopyTensors would not fit: Error(kBadInput).
void CheckTensors(const at::Tensor& flat, std::span<const FlatSlice> slices,
                  const std::string& prefix, std::span<const NamedTensor> tensors,
                  const std::string& where);
[[noreturn]] void RefuseTensors(const std::string& where, const std::string& reason);
std::string ShapeText(const std::vector<int64_t>& shape);  // "[32, 4, 8, 8]"
void CopyTensors(std::span<const NamedTensor> tensors, const std::string& prefix,
                 std::span<const FlatSlice> slices, at::Tensor& flat);

// Adam over one flat buffer. Our own step: torch::optim::Adam makes ten passes over the memory
// where one suffices (1.9 ms for 1.9 million parameters on one thread, this one 0.5 ms).
class FlatAdam {
 public:
  // Elements [0, encoder_end) step with encoder_rate, 0 meaning learning_rate; the others with
  // learning_rate. weight_decay times the parameters is added to their gradient (torch's Adam).
  FlatAdam(const FlatParams& params, double learning_rate, int64_t encoder_end = 0,
           double encoder_rate = 0.0, double weight_decay = 0.0);
  // step: 1 for the first.
  void Step(FlatParams& params, int64_t step) { Step(params, step, 0, params.values().numel()); }
  // Of elements [begin, end) alone: a step is that of disjoint ranges, in any order.
  void Step(FlatParams& params, int64_t step, int64_t begin, int64_t end);

  at::Tensor first_moment, second_moment;  // laid out as the parameters
  double learning_rate, encoder_rate, weight_decay;
  int64_t encoder_end;

 private:
  void StepRange(FlatParams& params, int64_t step, int64_t begin, int64_t end, double rate);
};

}  // namespace volante
