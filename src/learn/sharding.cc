// One update on several threads: the batch cut by rows and what its shards found put together. The
// losses of a batch are means over its rows, so a shard's loss is its mean times its share of them,
// and losses and gradients of the shards add up to the batch's, in the order of the rows.
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/stack.h>

#include <algorithm>
#include <cmath>

#include "learn/td3_impl.h"

namespace volante {
namespace {

// Fewer are not worth a thread: products of so few rows are slow.
constexpr int64_t kLeastRows = 32;

at::Tensor Rows(const at::Tensor& all, int64_t first, int64_t rows) {
  return all.defined() ? all.narrow(0, first, rows) : all;
}

BatchTensors RowsOf(const BatchTensors& batch, int shard, int64_t first, int64_t rows) {
  const int64_t size = batch.action.size(0), agents = size - batch.demonstrations;
  BatchTensors b;
  b.image = Rows(batch.image, first, rows);
  b.next_image = Rows(batch.next_image, first, rows);
  b.vector = Rows(batch.vector, first, rows);
  b.next_vector = Rows(batch.next_vector, first, rows);
  b.action = Rows(batch.action, first, rows);
  b.reward = Rows(batch.reward, first, rows);
  b.discount = Rows(batch.discount, first, rows);
  b.weight = Rows(batch.weight, first, rows);
  b.demonstrations = std::max<int64_t>(first + rows - std::max(first, agents), 0);
  if (b.demonstrations > 0) {
    b.label = Rows(batch.label, std::max(first, agents) - agents, b.demonstrations);
    b.demonstrations_share =
        static_cast<double>(b.demonstrations) / static_cast<double>(batch.demonstrations);
  }
  b.shard = shard;
  b.first_row = first;
  b.share = static_cast<double>(rows) / static_cast<double>(size);
  return b;
}

// [rows of all shards, ...] of what `part` says of each, without its graph; undefined where it is.
template <class Part>
at::Tensor Join(const std::vector<Shard>& shards, const Part& part) {
  if (!part(shards[0]).defined()) return {};
  if (shards.size() == 1) return part(shards[0]).detach();
  std::vector<at::Tensor> parts;
  for (const Shard& shard : shards) parts.push_back(part(shard).detach());
  return parts[0].dim() == 0 ? at::stack(parts).sum() : at::cat(parts);
}

}  // namespace

int Td3Learner::Impl::ShardsFor(const Td3Options& options) {
  const LearnerConfig& c = options.config;
  const bool of_whole_batch = c.batchnorm == BatchNorm::kTrain || c.memory != Memory::kNone ||
                              (c.twin_critics && c.target_value == TargetValue::kMomentum);
  return options.device == Device::kCpu && !of_whole_batch ? at::get_num_threads() : 1;
}

std::vector<Shard> Td3Learner::Impl::Split(const BatchTensors& batch) const {
  const int64_t size = batch.action.size(0);
  const int64_t count = std::clamp<int64_t>(size / kLeastRows, 1, num_shards);
  std::vector<Shard> shards(static_cast<size_t>(count));
  if (count == 1) {
    shards[0].b = batch;
    return shards;
  }
  for (int64_t i = 0; i < count; ++i) {
    const int64_t first = size * i / count, end = size * (i + 1) / count;
    shards[static_cast<size_t>(i)].b = RowsOf(batch, static_cast<int>(i), first, end - first);
  }
  return shards;
}

void Td3Learner::Impl::ForShards(std::vector<Shard>& shards,
                                 const std::function<void(Shard&)>& work) {
  team.Run(static_cast<int>(shards.size()),
           [&](int shard) { work(shards[static_cast<size_t>(shard)]); });
}

void Td3Learner::Impl::ForRanges(int64_t size,
                                 const std::function<void(int64_t begin, int64_t end)>& work) {
  constexpr int64_t kLine = 16;  // no two threads write to one cache line
  team.Run(num_shards, [&](int part) {
    const auto edge = [&](int i) {
      return i == num_shards ? size : size * i / num_shards / kLine * kLine;
    };
    work(edge(part), edge(part + 1));
  });
}

void Td3Learner::Impl::SumGrads(FlatParams& params, int shards) {
  if (shards == 1) return;
  ForRanges(params.values().numel(),
            [&](int64_t begin, int64_t end) { params.SumGrads(shards, begin, end); });
}

void Td3Learner::Impl::Step(FlatParams& params, FlatAdam& adam, int64_t step) {
  ForRanges(params.values().numel(),
            [&](int64_t begin, int64_t end) { adam.Step(params, step, begin, end); });
}

CriticLoss Td3Learner::Impl::JoinCritic(const std::vector<Shard>& shards) {
  CriticLoss joined;
  joined.loss = Join(shards, [](const Shard& s) { return s.critic.loss; });
  joined.q1 = Join(shards, [](const Shard& s) { return s.critic.q1; });
  joined.q2 = Join(shards, [](const Shard& s) { return s.critic.q2; });
  joined.target.y = Join(shards, [](const Shard& s) { return s.critic.target.y; });
  joined.target.delta_last = shards[0].critic.target.delta_last;  // of a batch that is not cut
  return joined;
}

ActorLoss Td3Learner::Impl::JoinActor(const std::vector<Shard>& shards) {
  ActorLoss joined;
  joined.loss = Join(shards, [](const Shard& s) { return s.actor.loss; });
  joined.q = Join(shards, [](const Shard& s) { return s.actor.q; });
  joined.pi.action = Join(shards, [](const Shard& s) { return s.actor.pi.action; });
  joined.pi.pre_tanh = Join(shards, [](const Shard& s) { return s.actor.pi.pre_tanh; });
  for (const Shard& s : shards) {  // only some shards have demonstrations
    if (!s.actor.cloning.defined()) continue;
    const at::Tensor part = s.actor.cloning.detach();
    joined.cloning = joined.cloning.defined() ? joined.cloning + part : part;
  }
  return joined;
}

// Mean and variance of the rows of all shards from those of each.
std::vector<FeatureStats> Td3Learner::Impl::JoinStats(const std::vector<Shard>& shards) {
  std::vector<FeatureStats> joined = shards[0].stats;
  if (shards.size() == 1) return joined;
  for (size_t i = 0; i < joined.size(); ++i) {
    double mean = 0.0, square = 0.0, norm = 0.0;
    for (const Shard& shard : shards) {
      const FeatureStats& s = shard.stats[i];
      mean += shard.b.share * s.mean;
      square += shard.b.share * (s.std * s.std + s.mean * s.mean);
      norm += shard.b.share * s.norm;
    }
    joined[i].mean = mean;
    joined[i].std = std::sqrt(std::max(square - mean * mean, 0.0));
    joined[i].norm = norm;
  }
  return joined;
}

}  // namespace volante
