// The TD3 learner (Fujimoto, van Hoof, Meger, "Addressing Function Approximation Error in
// Actor-Critic Methods", ICML 2018): networks, targets, two Adam optimizers and one update.
// Owns every tensor of learning. Never samples the replay, never explores, never touches a file.
// This header knows no torch, so that run/ may include it. Called by one thread at a time; Update
// and Act use the threads of SetLearnerThreads (learn/torch_runtime.h). Same build, CPU feature
// level, thread count, dtype and acting batch give the same bytes (docs/determinism.md).
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "config/config.h"
#include "env_api/env.h"
#include "replay/batch.h"
#include "store/named_tensor.h"

namespace volante {

enum class LearnerDtype : uint8_t { kF32, kF64 };  // kF64 is for the oracle: ten times slower

struct Td3Options {
  LearnerConfig config;
  AugmentConfig augment;                // of Update's images alone
  DemonstrationsConfig demonstrations;  // the behaviour-cloning term
  ImitationConfig imitation;            // where on, Update trains the actor alone
  // How the batches' rows are drawn: the critics' loss belongs to it (learn/regression.h).
  ReplayPriority priority = ReplayPriority::kUniform;
  ObservationShape mode = ObservationMode::kCameraVector;
  uint64_t seed = 0;  // initial weights, target noise and augmentation follow from it
  LearnerDtype dtype = LearnerDtype::kF32;
  Device device = Device::kCpu;  // not auto: see ResolveDevice
  int acting_batch = 8;          // rows that Act always computes; usually train.num_worlds
};

// L2 norms of one optimizer's gradient. Parts combine as the root of the sum of squares.
struct GradientNorms {
  double before = 0.0;          // joint norm of the group
  double after = 0.0;           // the same, measured again after clipping; <= limit * 1.001
  double encoder_before = 0.0;  // 0 where the group owns no encoder
  double encoder_after = 0.0;
  double head_before = 0.0;  // trunks and heads
  double head_after = 0.0;

  template <class Archive>
  void VisitFields(Archive& ar) {
    ar("before", before);
    ar("after", after);
    ar("encoder_before", encoder_before);
    ar("encoder_after", encoder_after);
    ar("head_before", head_before);
    ar("head_after", head_after);
  }
  friend bool operator==(const GradientNorms&, const GradientNorms&) = default;
};

// Of one encoder layer's output, over batch and units.
struct FeatureStats {
  std::string layer;  // "critic/encoder/conv1", ..., "actor/encoder/fc"
  double mean = 0.0;
  double std = 0.0;
  double norm = 0.0;  // mean over the batch of the L2 norm of one sample's output
};

// What the last actor step saw; 0 before the first. Q values are of the reward's scale.
struct ActorMetrics {
  double actor_loss = 0.0;         // -mean Q1(s, pi(s)) + penalty + cloning term
  double q_actor_mean = 0.0;       // mean Q1(s, pi(s))
  double action_saturation = 0.0;  // share of |pi(s)| > 0.99
  double pre_tanh_rms = 0.0;       // root mean square of the actor's output before tanh
  GradientNorms actor_grad;

  template <class Archive>
  void VisitFields(Archive& ar) {
    ar("actor_loss", actor_loss);
    ar("q_actor_mean", q_actor_mean);
    ar("action_saturation", action_saturation);
    ar("pre_tanh_rms", pre_tanh_rms);
    ar("actor_grad", actor_grad);
  }
  friend bool operator==(const ActorMetrics&, const ActorMetrics&) = default;
};

// What one update saw. The fields of ActorMetrics are those of the last update that trained the
// actor; actor_updated says whether it was this one.
struct UpdateMetrics : ActorMetrics {
  int64_t update = 0;  // 1 for the first
  bool actor_updated = false;
  bool critic_updated = true;  // false where a teacher is imitated: what is the critic's stays 0
  // Mean squared distance of pi(o) from the teacher's or the demonstrations' labels; empty where
  // this update had none in its loss.
  std::optional<double> bc_loss;
  double critic_loss = 0.0;    // MSE(Q1, y) + MSE(Q2, y); learn/regression.h with priorities
  double q_mean = 0.0;         // mean over batch and both critics of Q(s, a)
  double q_std = 0.0;          // standard deviation of Q1(s, a) over the batch
  double q_batch_mean = 0.0;   // mean Q1(s, a)
  double twin_gap = 0.0;       // mean |Q1 - Q2|
  double td_error_mean = 0.0;  // mean |Q1 - y|
  double target_mean = 0.0;    // mean y
  GradientNorms critic_grad;
  // Of the critic's gradient where image and vector enter (its trunk, or the first layer of the
  // heads), the vector's share of the sum of squares, in [0, 1]; 0 without images.
  double vector_gradient_share = 0.0;
  // Per row of the batch |Q - y|, of the critics the larger, before this update's step: what the
  // replay's priorities are made of. Empty where rows are drawn uniformly.
  std::vector<float> td_errors;
  // Empty unless asked for; the actor's own encoder is in it when the actor was updated.
  std::vector<FeatureStats> features;
};

enum class TensorScope : uint8_t {
  kPolicy,      // the online networks: what Act and EvaluateQ need
  kEverything,  // and targets and optimizers: what Update needs to go on bit for bit
};

// What a learner is besides its tensors. Saved beside them; no generator state is needed, since
// target noise and augmentation are drawn from a stream per update index.
struct LearnerCounters {
  uint64_t seed = 0;
  int64_t updates = 0;        // critic steps; also the index of the next noise stream
  int64_t actor_updates = 0;  // actor steps
  ActorMetrics last_actor;    // so that a resumed run logs what an uninterrupted one does

  template <class Archive>
  void VisitFields(Archive& ar) {
    ar("seed", seed);
    ar("updates", updates);
    ar("actor_updates", actor_updates);
    ar("last_actor", last_actor);
  }
  friend bool operator==(const LearnerCounters&, const LearnerCounters&) = default;
};

// Units of the recurrent cells, 0 without.
int MemoryUnits(const LearnerConfig& config);

// What networks with memory carry from one step of a world to the next: hidden units, and an LSTM's
// cells after them. Empty for networks without.
struct ActingMemory {
  int64_t size = 0;                  // numbers per world
  std::vector<float> actor, critic;  // [worlds, size]; Act advances the one, EvaluateQ the other

  // An episode begins in `world`.
  void Reset(int world) {
    for (std::vector<float>* states : {&actor, &critic}) {
      std::fill_n(states->begin() + world * size, size, 0.0f);
    }
  }

  template <class Archive>
  void VisitFields(Archive& ar) {
    ar("size", size);
    ar("actor", actor);
    ar("critic", critic);
  }
  friend bool operator==(const ActingMemory&, const ActingMemory&) = default;
};

class Replay;

// Whose frames Td3Learner::CacheFrames keeps.
struct CachedReplay {
  const Replay* replay;
  uint64_t max_bytes;  // in how much memory at most
  int64_t least;       // the most frames that one batch names of it: fewer are of no use
};

class Td3Learner {
 public:
  // Error(kEnvironment) when the device is not there. Runs the optimizer audit (Audit()).
  explicit Td3Learner(const Td3Options& options);
  ~Td3Learner();
  Td3Learner(const Td3Learner&) = delete;
  Td3Learner& operator=(const Td3Learner&) = delete;

  // The deterministic policy. images [n,4,84,84] uint8 (null without images), vectors [n,W]
  // of VectorSize(mode),
  // actions [n,2] in [-1,1]. Rows are computed in blocks of acting_batch, the last one padded, so
  // row i of a block has the same bytes whatever the other rows hold. Networks with memory read and
  // advance row i of `memory`, so it is called once per step of those n worlds; without `memory`
  // every row is the first step of an episode.
  void Act(const uint8_t* images, const float* vectors, int n, float* actions,
           ActingMemory* memory = nullptr);

  // Q1 of each row, of the reward's scale; the same shapes and padding as Act; q [n]. The critic
  // has a memory of its own in `memory`: call this on every step of an episode or on none.
  void EvaluateQ(const uint8_t* images, const float* vectors, const float* actions, int n, float* q,
                 ActingMemory* memory = nullptr);

  // Empty states of so many worlds.
  ActingMemory NewMemory(int num_worlds) const;

  // One TD3 update: the critic always, actor and targets every policy_delay-th time; where a
  // teacher is imitated the actor alone, towards the batch's actions. Blocking.
  // A non-finite reward, observation, target, loss or gradient, and a gradient that is over its
  // limit after clipping, throw Error(kHealthHalt) naming where it arose first; the learner is
  // then as it was before the call.
  UpdateMetrics Update(const Batch& batch, bool with_feature_stats = false);

  // From now on the learner's device keeps frames of these replays (ReplayOptions::source 0, 1,
  // ...), which must outlive the learner's updates and not be restored any more, and batches may
  // name them (Batch::by_reference). Returns the bytes taken; 0, and nothing changes, where the
  // device has no room. Which batches are made how changes no result.
  uint64_t CacheFrames(std::span<const CachedReplay> sources);

  // Copies, in a fixed order, named "actor/...", "critic/...", "target_actor/...",
  // "target_critic/...", "adam/first_moment/actor/...", "adam/second_moment/critic/...", ...
  // In wiring shared_critic the only encoder is "critic/encoder/...".
  std::vector<NamedTensor> SaveTensors(TensorScope scope) const;
  // Checks every name, dtype and shape before it changes anything; Error(kBadInput) naming
  // `where`. kPolicy ignores tensors of other scopes, sets the targets equal to the networks and
  // clears optimizers and counters: a new run from old networks. After kEverything call
  // set_counters.
  void LoadTensors(std::span<const NamedTensor> tensors, TensorScope scope,
                   const std::string& where);
  // Gives every encoder, and its target, the weights of a file (learn/encoder_weights.h): before
  // the first update of a new run. Error(kBadInput) as CheckEncoderWeights.
  void LoadEncoder(std::span<const NamedTensor> tensors, const std::string& where);
  LearnerCounters counters() const;
  void set_counters(const LearnerCounters& counters);

  // The optimizers and what each trains, one tensor per line, for the log.
  const std::string& Audit() const;
  // Trainable parameters of actor and critic, targets not counted.
  int64_t NumParameters() const;

  // The torch side, for the tests of this folder alone (learn/td3_impl.h).
  struct Impl;
  Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace volante
