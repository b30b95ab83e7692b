// Construction, acting, saving and loading of the TD3 learner; the update is td3_update.cc.
#include "learn/td3.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/variable.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "learn/non_finite.h"
#include "learn/td3_impl.h"

namespace volante {
namespace {

at::TensorOptions OptionsFor(const Td3Options& options) {
  VOLANTE_CHECK(options.device != Device::kAuto, "the caller resolves the device");
  if (options.device == Device::kCuda && !at::hasCUDA()) {
    throw Error(ExitCode::kEnvironment, "no CUDA device can be used", "train.device",
                "this build of libtorch, or this machine, has no CUDA", "train with --device cpu");
  }
  return at::TensorOptions()
      .dtype(options.dtype == LearnerDtype::kF64 ? at::kDouble : at::kFloat)
      .device(options.device == Device::kCuda ? at::kCUDA : at::kCPU);
}

// Remembers what a network asked for, for the audit.
ParameterLookup Recording(std::vector<BoundTensor>& bound, ParameterLookup lookup) {
  return [&bound, lookup = std::move(lookup)](const std::string& name) {
    at::Tensor tensor = lookup(name);
    bound.push_back({name, tensor});
    return tensor;
  };
}

// Running statistics from `statistics` where they are there, the rest from `others`.
ParameterLookup WithStatistics(const FlatParams& statistics, std::vector<BoundTensor>& bound,
                               ParameterLookup others) {
  return [&, others = std::move(others)](const std::string& name) {
    if (!statistics.Has(name)) return others(name);
    bound.push_back({name, statistics.Frozen(name)});
    return bound.back().tensor;
  };
}

bool IsActors(const std::string& name) { return name.starts_with("actor/"); }

template <class T>
void Append(std::vector<T>& to, const std::vector<T>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

}  // namespace

AgentSpecs::AgentSpecs(const LearnerConfig& c, ObservationShape mode) {
  const bool has_image = HasImage(mode);
  if (has_image && c.wiring != Wiring::kSharedCritic) actor = EncoderSpecs(c, "actor/");
  if (c.wiring == Wiring::kSeparate) target_actor = actor;
  Append(actor, ActorSpecs(c, mode, "actor/"));
  Append(target_actor, ActorSpecs(c, mode, "actor/"));
  if (has_image) critic = EncoderSpecs(c, "critic/");
  if (c.wiring == Wiring::kSeparate || (c.wiring == Wiring::kSharedCritic && c.target_encoder)) {
    target_critic = critic;
  }
  Append(critic, CriticSpecs(c, mode, "critic/"));
  Append(target_critic, CriticSpecs(c, mode, "critic/"));
  const auto has_encoder = [](const std::vector<ParameterSpec>& specs) {
    return !specs.empty() && specs.front().name.find("/encoder/") != std::string::npos;
  };
  if (has_encoder(actor)) Append(statistics, EncoderStatistics(c, "actor/"));
  if (has_encoder(critic)) Append(statistics, EncoderStatistics(c, "critic/"));
  if (has_encoder(target_actor)) Append(target_statistics, EncoderStatistics(c, "actor/"));
  if (has_encoder(target_critic)) Append(target_statistics, EncoderStatistics(c, "critic/"));
}

AgentNets::AgentNets(const LearnerConfig& c, ObservationShape mode, bool own_actor_encoder,
                     const ParameterLookup& lookup, bool batch_statistics)
    : actor(c, mode, "actor/", lookup), critic(c, mode, "critic/", lookup) {
  if (!HasImage(mode)) return;
  critic_encoder.emplace(c, "critic/", lookup, batch_statistics);
  if (own_actor_encoder) actor_encoder.emplace(c, "actor/", lookup, batch_statistics);
}

at::Tensor AgentNets::ActorFeatures(const at::Tensor& images) const {
  if (actor_encoder) return actor_encoder->Forward(images);
  return CriticFeatures(images);
}

at::Tensor AgentNets::CriticFeatures(const at::Tensor& images,
                                     std::vector<FeatureStats>* stats) const {
  return critic_encoder ? critic_encoder->Forward(images, stats) : at::Tensor();
}

Features AgentNets::Encode(const at::Tensor& images) const {
  Features features;
  features.critic = CriticFeatures(images);
  features.actor = actor_encoder ? actor_encoder->Forward(images) : features.critic;
  return features;
}

Td3Learner::Impl::Impl(const Td3Options& o)
    : options(o),
      config(o.config),
      tensor_options(OptionsFor(o)),
      num_shards(ShardsFor(o)),
      specs(o.config, o.mode),
      actor_params(specs.actor, tensor_options, num_shards),
      critic_params(specs.critic, tensor_options, num_shards),
      target_actor_params(specs.target_actor, tensor_options, /*shards=*/0),
      target_critic_params(specs.target_critic, tensor_options, /*shards=*/0),
      statistics(specs.statistics, tensor_options, /*shards=*/0),
      next_statistics(specs.statistics, tensor_options, /*shards=*/0),
      target_statistics(specs.target_statistics, tensor_options, /*shards=*/0),
      actor_adam(actor_params, o.config.actor_lr, actor_params.Range("actor/encoder").second,
                 o.config.actor_encoder_lr),
      critic_adam(critic_params, o.config.critic_lr, critic_params.Range("critic/encoder").second,
                  o.config.critic_encoder_lr, o.config.critic_weight_decay),
      frozen(o.config, o.mode, o.config.wiring != Wiring::kSharedCritic,
             WithStatistics(statistics, bound_statistics,
                            [this](const std::string& name) {
                              return (IsActors(name) ? actor_params : critic_params).Frozen(name);
                            })),
      target(o.config, o.mode, o.config.wiring == Wiring::kSeparate,
             [this](const std::string& name) {
               // Without a target encoder the target sees the online one, frozen.
               if (statistics.Has(name) && !target_statistics.Has(name)) {
                 return statistics.Frozen(name);
               }
               const FlatParams& own = target_statistics.Has(name) ? target_statistics
                                       : IsActors(name)            ? target_actor_params
                                                                   : target_critic_params;
               if (!own.Has(name)) return critic_params.Frozen(name);
               bound_targets.push_back({"target_" + name, own.Frozen(name)});
               return bound_targets.back().tensor;
             }),
      team(num_shards) {
  VOLANTE_CHECK(options.acting_batch > 0, "acting_batch is at least 1");
  for (int shard = 0; shard < num_shards; ++shard) {
    std::vector<BoundTensor> again;  // the audit looks at each parameter once
    const auto leaf = [&](const std::string& name) {
      return (IsActors(name) ? actor_params : critic_params).Leaf(name, shard);
    };
    trainable.emplace_back(config, options.mode, config.wiring != Wiring::kSharedCritic,
                           WithStatistics(next_statistics, shard == 0 ? bound_statistics : again,
                                          Recording(shard == 0 ? bound_trainable : again, leaf)),
                           /*batch_statistics=*/config.batchnorm == BatchNorm::kTrain);
  }
  counters.seed = options.seed;
  delta_last = at::zeros({1}, tensor_options);
  actor_params.Initialise(specs.actor, options.seed);
  critic_params.Initialise(specs.critic, options.seed);
  statistics.Initialise(specs.statistics, options.seed);
  SetTargetsToNetworks();
  const AuditedOptimizer optimizers[] = {
      {"actor", &actor_params, config.actor_lr, actor_adam.encoder_rate},
      {"critic", &critic_params, config.critic_lr, critic_adam.encoder_rate}};
  audit = AuditOptimizers(optimizers, bound_trainable, bound_targets, bound_statistics);
  VOLANTE_CHECK(!o.imitation.on() || !trainable[0].critic_encoder || trainable[0].actor_encoder,
                "imitation trains an encoder of the actor's own");
  if (o.imitation.on()) {
    audit += std::string("imitation.method ") + NameOf(o.imitation.method) +
             ": optimizer critic takes no step, targets stay as they are\n";
  }
}

void Td3Learner::Impl::SetTargetsToNetworks() {
  const c10::NoGradGuard no_grad;
  target_actor_params.values().copy_(actor_params.TailOf(target_actor_params));
  target_critic_params.values().copy_(critic_params.TailOf(target_critic_params));
  if (!specs.target_statistics.empty()) target_statistics.values().copy_(statistics.values());
}

// ---- acting ------------------------------------------------------------------------------------

namespace {

void CopyOut(const at::Tensor& result, int64_t rows, float* out) {
  const at::Tensor on_cpu = result.narrow(0, 0, rows).to(at::kCPU, at::kFloat).contiguous();
  std::copy_n(on_cpu.data_ptr<float>(), on_cpu.numel(), out);
}

}  // namespace

void Td3Learner::Impl::ForBlocks(const uint8_t* images, const float* vectors, int n,
                                 std::vector<float>* states, const BlockFunction& function) {
  const c10::NoGradGuard no_grad;
  const int64_t block = options.acting_batch, state_size = MemoryStateSize(config);
  const bool has_image = HasImage(options.mode);
  const int64_t width = VectorSize(options.mode);
  VOLANTE_CHECK(!has_image || images != nullptr, "camera_vector needs images");
  VOLANTE_CHECK(states == nullptr || static_cast<int64_t>(states->size()) == n * state_size,
                "a state for each row, as NewMemory makes them");
  if (has_image) EnsureImageBuffer(acting_buffer, block);
  for (int64_t first = 0; first < n; first += block) {
    const int64_t rows = std::min(block, n - first);
    if (has_image) FillImages(StacksAt(images + first * kStackBytes, rows), acting_buffer);
    at::Tensor vector = at::zeros({block, width}, tensor_options);
    vector.narrow(0, 0, rows).copy_(FromFloats(vectors + first * width, {rows, width}));
    Recurrence how;
    if (state_size > 0) how.state = at::zeros({block, state_size}, tensor_options);
    float* state = states == nullptr ? nullptr : states->data() + first * state_size;
    if (state != nullptr && state_size > 0) {
      how.state.narrow(0, 0, rows).copy_(FromFloats(state, {rows, state_size}));
    }
    function(acting_buffer, vector, how, first, rows);
    if (state != nullptr && state_size > 0) CopyOut(how.state, rows, state);
  }
}

void Td3Learner::Impl::Act(const uint8_t* images, const float* vectors, int n, float* actions,
                           ActingMemory* memory) {
  ForBlocks(images, vectors, n, memory == nullptr ? nullptr : &memory->actor,
            [&](const at::Tensor& image, const at::Tensor& vector, const Recurrence& how,
                int64_t first, int64_t rows) {
              const at::Tensor features = frozen.ActorFeatures(image);
              CopyOut(frozen.actor.Forward(features, vector, how).action, rows,
                      actions + first * kActionSize);
            });
}

void Td3Learner::Impl::EvaluateQ(const uint8_t* images, const float* vectors, const float* actions,
                                 int n, float* q, ActingMemory* memory) {
  ForBlocks(images, vectors, n, memory == nullptr ? nullptr : &memory->critic,
            [&](const at::Tensor& image, const at::Tensor& vector, const Recurrence& how,
                int64_t first, int64_t rows) {
              at::Tensor action = at::zeros({vector.size(0), kActionSize}, tensor_options);
              action.narrow(0, 0, rows)
                  .copy_(FromFloats(actions + first * kActionSize, {rows, kActionSize}));
              const at::Tensor features = frozen.CriticFeatures(image);
              CopyOut(frozen.critic.Q1(features, vector, action, how), rows, q + first);
            });
}

// ---- saving and loading ------------------------------------------------------------------------

std::vector<StoredBuffer> Td3Learner::Impl::StoredBuffers(TensorScope scope) {
  std::vector<StoredBuffer> buffers = {{"", &actor_params.values(), &actor_params.slices()},
                                       {"", &critic_params.values(), &critic_params.slices()},
                                       {"", &statistics.values(), &statistics.slices()}};
  if (scope == TensorScope::kPolicy) return buffers;
  buffers.push_back({"target_", &target_actor_params.values(), &target_actor_params.slices()});
  buffers.push_back({"target_", &target_critic_params.values(), &target_critic_params.slices()});
  buffers.push_back({"target_", &target_statistics.values(), &target_statistics.slices()});
  if (config.twin_critics && config.target_value == TargetValue::kMomentum) {
    buffers.push_back({"momentum/", &delta_last, &delta_last_slices});
  }
  for (auto [adam, params] :
       {std::pair{&actor_adam, &actor_params}, std::pair{&critic_adam, &critic_params}}) {
    buffers.push_back({"adam/first_moment/", &adam->first_moment, &params->slices()});
    buffers.push_back({"adam/second_moment/", &adam->second_moment, &params->slices()});
  }
  return buffers;
}

namespace {

// What the file holds beside the tensors of `buffers`: those of other scopes are not looked at when
// the policy alone is loaded, anything else belongs to other networks.
void RefuseStrangers(std::span<const NamedTensor> tensors, std::span<const StoredBuffer> buffers,
                     TensorScope scope, const std::string& where) {
  std::set<std::string> expected;
  for (const StoredBuffer& buffer : buffers) {
    for (const FlatSlice& slice : *buffer.slices) expected.insert(buffer.prefix + slice.name);
  }
  for (const NamedTensor& tensor : tensors) {
    if (expected.erase(tensor.name) == 1) continue;
    const bool of_policy = tensor.name.starts_with("actor/") || tensor.name.starts_with("critic/");
    if (scope == TensorScope::kPolicy && !of_policy) continue;
    RefuseTensors(where, "tensor " + tensor.name + " of shape " + ShapeText(tensor.shape) +
                             " belongs to no layer of them");
  }
}

}  // namespace

void Td3Learner::Impl::RequireFiniteState() {
  for (const StoredBuffer& buffer : StoredBuffers(TensorScope::kEverything)) {
    RequireFiniteParameters(*buffer.flat, *buffer.slices, buffer.prefix);
  }
}

Td3Learner::Td3Learner(const Td3Options& options) : impl_(std::make_unique<Impl>(options)) {}
Td3Learner::~Td3Learner() = default;

void Td3Learner::Act(const uint8_t* images, const float* vectors, int n, float* actions,
                     ActingMemory* memory) {
  impl_->Act(images, vectors, n, actions, memory);
}

void Td3Learner::EvaluateQ(const uint8_t* images, const float* vectors, const float* actions, int n,
                           float* q, ActingMemory* memory) {
  impl_->EvaluateQ(images, vectors, actions, n, q, memory);
}

ActingMemory Td3Learner::NewMemory(int num_worlds) const {
  ActingMemory memory;
  memory.size = MemoryStateSize(impl_->config);
  memory.actor.assign(static_cast<size_t>(num_worlds * memory.size), 0.0f);
  memory.critic = memory.actor;
  return memory;
}

// A failed update leaves the learner as it was, so a bad parameter that it stumbled over is still
// there to be named. An infinity can also hide behind min and tanh: logged updates look beforehand.
UpdateMetrics Td3Learner::Update(const Batch& batch, bool with_feature_stats) {
  RequireFiniteBatch(batch);
  if (with_feature_stats) impl_->RequireFiniteState();
  try {
    return impl_->options.imitation.on() ? impl_->ImitationUpdate(batch, with_feature_stats)
                                         : impl_->Update(batch, with_feature_stats);
  } catch (const Error&) {
    impl_->RequireFiniteState();
    throw;
  }
}

std::vector<NamedTensor> Td3Learner::SaveTensors(TensorScope scope) const {
  std::vector<NamedTensor> tensors;
  for (const StoredBuffer& buffer : impl_->StoredBuffers(scope)) {
    AppendTensors(*buffer.flat, *buffer.slices, buffer.prefix, tensors);
  }
  return tensors;
}

void Td3Learner::LoadTensors(std::span<const NamedTensor> tensors, TensorScope scope,
                             const std::string& where) {
  const std::vector<StoredBuffer> buffers = impl_->StoredBuffers(scope);
  for (const StoredBuffer& buffer : buffers) {
    CheckTensors(*buffer.flat, *buffer.slices, buffer.prefix, tensors, where);
  }
  RefuseStrangers(tensors, buffers, scope, where);
  RequireFiniteTensors(tensors, where);
  for (const StoredBuffer& buffer : buffers) {
    CopyTensors(tensors, buffer.prefix, *buffer.slices, *buffer.flat);
  }
  if (scope == TensorScope::kEverything) return;
  impl_->SetTargetsToNetworks();
  const c10::NoGradGuard no_grad;
  for (FlatAdam* adam : {&impl_->actor_adam, &impl_->critic_adam}) {
    adam->first_moment.zero_();
    adam->second_moment.zero_();
  }
  impl_->delta_last.zero_();
  impl_->counters = LearnerCounters{};
  impl_->counters.seed = impl_->options.seed;
}

uint64_t Td3Learner::CacheFrames(std::span<const CachedReplay> sources) {
  FrameCache cache(sources, impl_->tensor_options.device());
  if (cache.empty()) return 0;
  return impl_->frame_cache.emplace(std::move(cache)).bytes();
}

LearnerCounters Td3Learner::counters() const { return impl_->counters; }
void Td3Learner::set_counters(const LearnerCounters& counters) { impl_->counters = counters; }
const std::string& Td3Learner::Audit() const { return impl_->audit; }
int64_t Td3Learner::NumParameters() const {
  return impl_->actor_params.NumParameters() + impl_->critic_params.NumParameters();
}

}  // namespace volante
