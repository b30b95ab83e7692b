// The inside of Td3Learner. Sees torch: learn/ and its tests alone.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "learn/audit.h"
#include "learn/clipping.h"
#include "learn/flat_params.h"
#include "learn/frame_cache.h"
#include "learn/kernels.h"
#include "learn/networks.h"
#include "learn/shard_team.h"
#include "learn/td3.h"

namespace volante {

// A batch on the learner's device, in its dtype; float32 numbers on the CPU are views of the batch,
// which must outlive them. Images are undefined tensors without an image.
// With memory, images and vectors are sequences (SequenceLayout): the steps of each, and the same
// with what they bootstrap from; `how` and `next_how` lead from them to the B rows of the heads.
struct BatchTensors {
  at::Tensor image, next_image;    // [B, 4, 84, 84] in [-1, 1], channels_last
  at::Tensor vector, next_vector;  // [B, W]
  at::Tensor action;               // [B, 2]
  at::Tensor reward, discount;     // [B]
  at::Tensor weight;               // [B], of PER; undefined otherwise
  int64_t demonstrations = 0;      // D: the last rows are the expert's
  at::Tensor label;                // [D, 2], what it would have done there without noise
  Recurrence how, next_how;

  // Which part of the batch this is: all of it, or the rows that one thread takes.
  int shard = 0;
  int64_t first_row = 0;
  double share = 1.0;                 // of the batch's rows
  double demonstrations_share = 1.0;  // of its demonstrations
};

// What actor and critic see of the images: two tensors where the actor has an encoder of its own,
// otherwise the same one; undefined without an image.
struct Features {
  at::Tensor actor, critic;
};

// All networks in one role: trainable leaves, the same memory frozen, or targets. The actor has an
// encoder of its own in wiring separate, and in legacy's online networks.
struct AgentNets {
  // batch_statistics: as EncoderNet has it.
  AgentNets(const LearnerConfig& config, ObservationShape mode, bool own_actor_encoder,
            const ParameterLookup& lookup, bool batch_statistics = false);
  Features Encode(const at::Tensor& images) const;
  at::Tensor ActorFeatures(const at::Tensor& images) const;
  at::Tensor CriticFeatures(const at::Tensor& images,
                            std::vector<FeatureStats>* stats = nullptr) const;

  std::optional<EncoderNet> actor_encoder, critic_encoder;
  ActorNet actor;
  CriticNet critic;
};

// The four parts of an agent's parameters, in the order of the flat buffers: encoders first.
struct AgentSpecs {
  AgentSpecs(const LearnerConfig& config, ObservationShape mode);
  std::vector<ParameterSpec> actor, critic;                // trained
  std::vector<ParameterSpec> target_actor, target_critic;  // their slow copies
  // Running statistics of the encoders above, trained by nobody.
  std::vector<ParameterSpec> statistics, target_statistics;
};

struct ActorLoss {
  at::Tensor loss;     // scalar
  at::Tensor q;        // Q1(s, pi(s)), [B]
  at::Tensor cloning;  // mean squared distance from the labels; undefined without a cloning term
  ActorOutput pi;
};

// The critics' regression target.
struct BellmanTarget {
  at::Tensor y;           // [B]
  at::Tensor delta_last;  // [1], MPG's difference for the next update; undefined otherwise
};

struct CriticLoss {
  at::Tensor loss;    // scalar, the sum of the twins'
  at::Tensor q1, q2;  // [B], q2 undefined without a twin
  BellmanTarget target;
  at::Tensor features;  // E_c(o), with its graph
};

// What one thread has of an update. The losses are the shard's parts of the batch's, so that losses
// and gradients add up.
struct Shard {
  BatchTensors b;
  std::vector<FeatureStats> stats;
  CriticLoss critic;
  ActorLoss actor;
};

// MPG's value of the next state from the twins' q1, q2 [B] and the last difference ([1], or [B] in
// tests): max(q1, q2) - (delta_last + |q1 - q2|) / 2. See bellman_target.cc.
struct MomentumValue {
  at::Tensor value;       // [B]
  at::Tensor delta_last;  // [1], for the next update
};
MomentumValue ComputeMomentumValue(const LearnerConfig& config, const at::Tensor& q1,
                                   const at::Tensor& q2, const at::Tensor& delta_last);

// A flat buffer as it is saved: its slices' names follow `prefix`.
struct StoredBuffer {
  std::string prefix;
  at::Tensor* flat;
  const std::vector<FlatSlice>* slices;
};

// Called with a padded block of images and vectors, and which rows of the caller it holds. `how`
// carries the rows' memory.
using BlockFunction = std::function<void(const at::Tensor& image, const at::Tensor& vector,
                                         const Recurrence& how, int64_t first, int64_t rows)>;

// Stacks [n, 4, 84, 84] uint8 to [-1, 1] by torch's operators, for devices that the loops of
// learn/kernels.h don't reach: the same formula, so the same values to rounding.
at::Tensor StacksToUnitRange(const at::Tensor& stacks, at::ScalarType dtype,
                             const StackAugmentation* augmentations);

inline constexpr int64_t kStackBytes = int64_t{kFrameStack} * kImagePixels;

struct Td3Learner::Impl {
  explicit Impl(const Td3Options& options);

  // ---- one update (td3_update.cc) ----
  UpdateMetrics Update(const Batch& batch, bool with_feature_stats);
  // bellman_target.cc
  BellmanTarget ComputeTarget(const BatchTensors& b) const;
  CriticLoss ComputeCriticLoss(const BatchTensors& b, std::vector<FeatureStats>* stats) const;
  ActorLoss ComputeActorLoss(const BatchTensors& b, const at::Tensor& critic_step_features,
                             std::vector<FeatureStats>* stats) const;
  // Falls from demonstrations.bc_weight linearly to 0 over bc_decay_updates.
  double CloningWeight() const;
  Clip ClipFor(double norm_limit) const;
  void UpdateTargets();

  // ---- one update on several threads (sharding.cc) ----
  // Threads that share an update: those of torch, on a CPU; one where a row's result depends on the
  // other rows (statistics of the batch, MPG's mean difference) or rows are sequences.
  static int ShardsFor(const Td3Options& options);
  std::vector<Shard> Split(const BatchTensors& batch) const;
  // Without images torch's own passes over all parameters (norms, clipping) are too short to wake
  // OpenMP's threads for.
  bool SmallPasses() const { return num_shards > 1 && !HasImage(options.mode); }
  // The gradients of the whole batch from those of its shards, and Adam's step: each thread takes
  // a part of the elements.
  void SumGrads(FlatParams& params, int shards);
  void Step(FlatParams& params, FlatAdam& adam, int64_t step);
  // work(begin, end) for parts of [0, size), on all threads: passes over flat buffers, element by
  // element.
  void ForRanges(int64_t size, const std::function<void(int64_t begin, int64_t end)>& work);
  void ForShards(std::vector<Shard>& shards, const std::function<void(Shard&)>& work);
  // Losses summed, rows one after the other, without graphs.
  static CriticLoss JoinCritic(const std::vector<Shard>& shards);
  static ActorLoss JoinActor(const std::vector<Shard>& shards);
  static std::vector<FeatureStats> JoinStats(const std::vector<Shard>& shards);

  // ---- one update of the actor alone towards a teacher (imitation_update.cc) ----
  UpdateMetrics ImitationUpdate(const Batch& batch, bool with_feature_stats);

  // ---- inputs (td3_inputs.cc) ----
  // Without `with_next` the next observations stay undefined.
  BatchTensors Load(const Batch& batch, bool with_next = true);
  void LoadImages(const Batch& batch, bool with_next, BatchTensors& b);
  void LoadSequences(const Batch& batch, BatchTensors& b);
  // [n, 4, 84, 84] in the dtype of the convolutions, kept between calls.
  void EnsureImageBuffer(at::Tensor& buffer, int64_t n) const;
  // uint8 stacks [n, 4, 84, 84] on the learner's device: those at `pixels`, or what `frames` name.
  at::Tensor StacksAt(const uint8_t* pixels, int64_t n) const;
  at::Tensor StacksOf(const std::vector<uint8_t>& pixels, const std::vector<FrameRef>& frames,
                      int64_t n);
  // Stacks to [-1, 1] in `buffer`, whose further rows become 0. `augmentations` is one per stack,
  // or null.
  void FillImages(const at::Tensor& stacks, at::Tensor& buffer,
                  const StackAugmentation* augmentations = nullptr) const;
  // `n` of the next update's stream: of its images and then of its next images, or of its
  // sequences.
  std::vector<StackAugmentation> DrawAugmentations(int64_t n) const;
  at::Tensor FromFloats(const float* values, at::IntArrayRef shape) const;
  // clip(N(0, sigma^2), -c, c) for the target actions of rows [first_row, first_row + rows) of the
  // batch, [rows, 2]; see bellman_target.cc for the words used.
  at::Tensor TargetNoise(int64_t rows, int64_t first_row = 0) const;

  // ---- acting, saving (td3.cc) ----
  // `states` [n, MemoryStateSize] are read and advanced; null without memory, and where every row
  // is the first step of an episode.
  void ForBlocks(const uint8_t* images, const float* vectors, int n, std::vector<float>* states,
                 const BlockFunction& function);
  void Act(const uint8_t* images, const float* vectors, int n, float* actions,
           ActingMemory* memory);
  void EvaluateQ(const uint8_t* images, const float* vectors, const float* actions, int n, float* q,
                 ActingMemory* memory);
  void SetTargetsToNetworks();
  std::vector<StoredBuffer> StoredBuffers(TensorScope scope);
  // Networks, targets and moments; see learn/non_finite.h.
  void RequireFiniteState();

  Td3Options options;
  LearnerConfig config;  // options.config
  at::TensorOptions tensor_options;

  int num_shards;
  AgentSpecs specs;
  FlatParams actor_params, critic_params;
  FlatParams target_actor_params, target_critic_params;
  // An update writes running statistics to next_statistics; they count when it has succeeded.
  FlatParams statistics, next_statistics, target_statistics;
  std::array<at::Tensor, 3> kept_critic;  // see CriticRollback
  FlatAdam actor_adam, critic_adam;

  // Filled while binding, for the audit.
  std::vector<BoundTensor> bound_trainable, bound_targets, bound_statistics;
  std::vector<AgentNets> trainable;  // one binding per shard, to the same values
  AgentNets frozen, target;
  std::string audit;
  LearnerCounters counters;

  // MPG's difference of the previous update, [1]; its slice for saving. 0 at first.
  at::Tensor delta_last;
  std::vector<FlatSlice> delta_last_slices = {{"delta_last", {1}, {1}, 0, 1}};

  ShardTeam team;
  std::optional<FrameCache> frame_cache;
  at::Tensor image_buffer, next_image_buffer, acting_buffer;
};

}  // namespace volante
