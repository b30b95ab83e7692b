// The recurrent cell between fusion and heads: what it carries while driving is what it was trained
// to make of a sequence, and nothing reaches a loss that should not. The cell's formulas are the
// oracle's matter (oracle_test.cc).
#include "learn/memory.h"

#include <ATen/ops/allclose.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <c10/core/GradMode.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "learn/learner_fixture.h"
#include "learn/td3_impl.h"
#include "learn/torch_runtime.h"

namespace volante {
namespace {

constexpr auto kVector = ObservationMode::kVector;
constexpr auto kCamera = ObservationMode::kCameraVector;
constexpr int kSteps = 6, kReturns = 2, kSequences = 3;

Td3Options MemoryOptions(Memory memory, ObservationMode mode,
                         Wiring wiring = Wiring::kSharedCritic) {
  Td3Options options = TestOptions(mode, wiring, Fusion::kTrunk, Encoder::kSmall);
  options.config.memory = memory;
  options.config.memory_units = 12;
  options.config.sequence_length = kSteps;
  options.config.burn_in = 2;
  options.config.batch_size = kSteps * kSequences;
  options.config.last_layer_init = 0.1;
  return options;
}

// Sequences of which the first is whole, the others cut, after burn-ins of 2, 2 and 0 steps.
Batch RandomSequences(ObservationShape mode, uint64_t index) {
  constexpr int kLength = kSteps + kReturns;
  const Batch observations = RandomBatch(kLength * kSequences, mode, index);
  Batch batch;
  batch.ResizeSequences(kSequences, kSteps, kReturns, mode == kCamera);
  batch.vector = observations.vector;
  batch.image = observations.image;
  for (const auto& [sequence, first, last] : {std::tuple{0, 2, 5}, {1, 2, 3}, {2, 0, 4}}) {
    for (int step = first; step <= last; ++step, ++batch.size) {
      const int next = std::min(step + kReturns, sequence == 0 ? kLength - 1 : last + 1);
      batch.sequences.row.push_back(step * kSequences + sequence);
      batch.sequences.next_row.push_back(next * kSequences + sequence);
    }
  }
  const auto rows = static_cast<size_t>(batch.size);
  batch.action.assign(observations.action.begin(), observations.action.begin() + 2 * batch.size);
  batch.reward.assign(observations.reward.begin(), observations.reward.begin() + batch.size);
  batch.discount.assign(rows, 0.98f);
  batch.weight.assign(rows, 1.0f);
  return batch;
}

struct Kind {
  Memory memory;
  ObservationMode mode;
  Wiring wiring;
};

std::string NameOfKind(const testing::TestParamInfo<Kind>& info) {
  return std::string(NameOf(info.param.memory)) + "_" + NameOf(info.param.mode) + "_" +
         NameOf(info.param.wiring);
}

class EveryMemory : public testing::TestWithParam<Kind> {
 protected:
  Td3Options Options() const {
    return MemoryOptions(GetParam().memory, GetParam().mode, GetParam().wiring);
  }
};

INSTANTIATE_TEST_SUITE_P(, EveryMemory,
                         testing::Values(Kind{Memory::kGru, kVector, Wiring::kSharedCritic},
                                         Kind{Memory::kLstm, kVector, Wiring::kSeparate},
                                         Kind{Memory::kGru, kCamera, Wiring::kSeparate},
                                         Kind{Memory::kLstm, kCamera, Wiring::kSharedCritic}),
                         NameOfKind);

// Two worlds for seven ticks, one call per tick, against the cells unrolled over all of them.
TEST_P(EveryMemory, ActingStepByStepIsTheUnrolledSequence) {
  constexpr int kTicks = 7, kWorlds = 2;
  Td3Options options = Options();
  options.dtype = LearnerDtype::kF64;  // states are kept as float32 between the calls
  options.acting_batch = 1;            // each world in a block of its own
  Td3Learner learner(options);
  const Batch seen = RandomBatch(kTicks * kWorlds, options.mode, 3);  // tick by tick
  std::vector<float> actions(seen.action.size()), q(kTicks * kWorlds);
  ActingMemory memory = learner.NewMemory(kWorlds);
  for (int t = 0; t < kTicks; ++t) {
    const auto first = static_cast<size_t>(t * kWorlds);
    const uint8_t* images = seen.has_image ? &seen.image[first * kStackBytes] : nullptr;
    learner.Act(images, &seen.vector[first * kVectorSize], kWorlds, &actions[first * kActionSize],
                &memory);
    learner.EvaluateQ(images, &seen.vector[first * kVectorSize], &actions[first * kActionSize],
                      kWorlds, &q[first], &memory);
  }
  const c10::NoGradGuard no_grad;
  Td3Learner::Impl& impl = learner.impl();
  const int64_t rows = kTicks * kWorlds;
  const Recurrence all{.sequences = kWorlds, .rows = at::arange(rows), .state = {}};
  at::Tensor image;
  if (seen.has_image) {
    impl.EnsureImageBuffer(image, rows);
    impl.FillImages(impl.StacksAt(seen.image.data(), rows), image);
  }
  const at::Tensor vector = impl.FromFloats(seen.vector.data(), {rows, kVectorSize});
  const at::Tensor acted = impl.FromFloats(actions.data(), {rows, kActionSize});
  const at::Tensor pi =
      impl.frozen.actor
          .Forward(seen.has_image ? impl.frozen.ActorFeatures(image) : image, vector, all)
          .action;
  EXPECT_TRUE(at::allclose(acted, pi, 1e-5, 1e-6));
  EXPECT_TRUE(at::allclose(
      impl.FromFloats(q.data(), {rows}),
      impl.frozen.critic.Q1(impl.frozen.CriticFeatures(image), vector, acted, all), 1e-5, 1e-6));
  // And the memory matters: the last actions are not those of an episode's first step.
  std::vector<float> fresh(kWorlds * kActionSize);
  const size_t last = (kTicks - 1) * kWorlds;
  learner.Act(seen.has_image ? &seen.image[last * kStackBytes] : nullptr,
              &seen.vector[last * kVectorSize], kWorlds, fresh.data());
  EXPECT_GT(std::abs(fresh[0] - actions[last * kActionSize]), 1e-4);
}

TEST_P(EveryMemory, ResetForgetsOneWorldAlone) {
  Td3Learner learner(Options());
  const Batch seen = RandomBatch(2, GetParam().mode, 1);
  const uint8_t* images = seen.has_image ? seen.image.data() : nullptr;
  ActingMemory memory = learner.NewMemory(2);
  std::vector<float> fresh(4), actions(4), q(2);
  learner.Act(images, seen.vector.data(), 2, fresh.data());
  for (int t = 0; t < 3; ++t) {
    learner.Act(images, seen.vector.data(), 2, actions.data(), &memory);
    learner.EvaluateQ(images, seen.vector.data(), actions.data(), 2, q.data(), &memory);
  }
  const ActingMemory before = memory;
  memory.Reset(1);
  for (auto [now, then] :
       {std::pair{&memory.actor, &before.actor}, std::pair{&memory.critic, &before.critic}}) {
    const auto middle = now->begin() + memory.size;
    EXPECT_TRUE(std::equal(now->begin(), middle, then->begin()));
    EXPECT_TRUE(std::all_of(middle, now->end(), [](float value) { return value == 0.0f; }));
    EXPECT_FALSE(std::all_of(then->begin() + memory.size, then->end(),
                             [](float value) { return value == 0.0f; }));
  }
  learner.Act(images, seen.vector.data(), 2, actions.data(), &memory);
  EXPECT_NE(actions[0], fresh[0]);
  EXPECT_EQ(actions[2], fresh[2]);
  EXPECT_EQ(actions[3], fresh[3]);
}

TEST_P(EveryMemory, BurnInIsRememberedAndPaddingIsNot) {
  const auto loss_with = [&](int step, int sequence) {
    Td3Learner learner(Options());
    Batch batch = RandomSequences(GetParam().mode, 5);
    const auto row = static_cast<size_t>(step * kSequences + sequence);
    batch.vector[row * kVectorSize] += 0.5f;
    if (batch.has_image) {
      std::fill_n(batch.image.begin() + static_cast<int64_t>(row * kStackBytes), kStackBytes,
                  uint8_t{9});
    }
    learner.Update(batch);
    learner.Update(batch);  // the second one trains the actor
    return learner.SaveTensors(TensorScope::kEverything);
  };
  Td3Learner unchanged(Options());
  for (int i = 0; i < 2; ++i) unchanged.Update(RandomSequences(GetParam().mode, 5));
  const auto reference = unchanged.SaveTensors(TensorScope::kEverything);
  // Sequence 1 learns from steps 2 and 3 and bootstraps from step 4; 5, 6 and 7 are padding.
  for (const int step : {0, 1, 2, 3, 4}) EXPECT_FALSE(loss_with(step, 1) == reference) << step;
  for (const int step : {5, 6, 7}) EXPECT_TRUE(loss_with(step, 1) == reference) << step;
}

TEST_P(EveryMemory, TheActorsLossTrainsItsOwnCellAlone) {
  Td3Learner learner(Options());
  Td3Learner::Impl& impl = learner.impl();
  const Batch batch = RandomSequences(GetParam().mode, 6);
  const BatchTensors b = impl.Load(batch);
  const CriticLoss critic = impl.ComputeCriticLoss(b, nullptr);
  critic.loss.backward();
  const auto norm = [](FlatParams& params, const char* part) {
    const auto [begin, end] = params.Range(part);
    return params.grads().slice(0, begin, end).norm().item<double>();
  };
  EXPECT_GT(norm(impl.critic_params, "critic/memory"), 0.0);
  EXPECT_EQ(norm(impl.actor_params, "actor"), 0.0);
  impl.critic_params.ZeroGrads();
  impl.ComputeActorLoss(b, critic.features, nullptr).loss.backward();
  EXPECT_EQ(norm(impl.critic_params, "critic"), 0.0);
  EXPECT_GT(norm(impl.actor_params, "actor/memory"), 0.0);
}

TEST_P(EveryMemory, SavedAndLoadedContinuesBitIdentically) {
  Td3Learner first(Options());
  for (uint64_t i = 0; i < 3; ++i) first.Update(RandomSequences(GetParam().mode, i));
  Td3Options fresh = Options();
  fresh.seed = 12345;  // whatever it starts from is overwritten
  Td3Learner second(fresh);
  second.LoadTensors(first.SaveTensors(TensorScope::kEverything), TensorScope::kEverything, "test");
  second.set_counters(first.counters());
  const Batch batch = RandomSequences(GetParam().mode, 9);
  EXPECT_EQ(first.Update(batch).critic_loss, second.Update(batch).critic_loss);
  EXPECT_TRUE(first.SaveTensors(TensorScope::kEverything) ==
              second.SaveTensors(TensorScope::kEverything));
}

// 3 H (in + H + 2) and 4 H (in + H + 2): weights of input and state, two biases.
TEST(MemoryNet, HasTheSpecifiedUnitsByDefault) {
  const auto size = [](Memory memory, int units) {
    Td3Options options = TestOptions(kVector);
    options.config.memory = memory;
    options.config.memory_units = units;
    std::vector<ParameterSpec> specs;
    AddMemory(specs, options.config, kVectorSize, "");
    return FlatParams(specs, at::kFloat, 0).NumParameters();
  };
  EXPECT_EQ(size(Memory::kGru, 0), 3 * 48 * (53 + 48 + 2));
  EXPECT_EQ(size(Memory::kLstm, 0), 4 * 256 * (53 + 256 + 2));
  EXPECT_EQ(size(Memory::kGru, 10), 3 * 10 * (53 + 10 + 2));
}

TEST(MemoryNet, CarriesNothingWhereThereIsNone) {
  Td3Learner learner(TestOptions(kVector));
  ActingMemory memory = learner.NewMemory(4);
  EXPECT_EQ(memory.size, 0);
  EXPECT_TRUE(memory.actor.empty() && memory.critic.empty());
  memory.Reset(3);
  const Batch seen = RandomBatch(4, kVector, 1);
  std::vector<float> a(8), b(8);
  for (int t = 0; t < 2; ++t) learner.Act(nullptr, seen.vector.data(), 4, a.data(), &memory);
  learner.Act(nullptr, seen.vector.data(), 4, b.data());
  EXPECT_EQ(a, b);
}

// A sequence of one picture stays that: motion between its pictures is what a memory looks for.
TEST(MemoryNet, ASequenceIsAugmentedAsOne) {
  Td3Options options = MemoryOptions(Memory::kGru, kCamera);
  options.augment.enabled = true;
  Td3Learner learner(options);
  Batch batch = RandomSequences(kCamera, 2);
  const std::vector<uint8_t> picture(batch.image.begin(),
                                     batch.image.begin() + static_cast<int64_t>(kStackBytes));
  for (size_t at = 0; at < batch.image.size(); at += kStackBytes) {
    std::copy(picture.begin(), picture.end(), batch.image.begin() + static_cast<int64_t>(at));
  }
  const BatchTensors b = learner.impl().Load(batch);
  for (int64_t row = kSequences; row < b.next_image.size(0); ++row) {
    EXPECT_TRUE(at::equal(b.next_image[row], b.next_image[row % kSequences])) << row;
  }
  EXPECT_FALSE(at::equal(b.next_image[0], b.next_image[1]));
  EXPECT_TRUE(at::equal(b.image, b.next_image.narrow(0, 0, kSteps * kSequences)));
}

}  // namespace
}  // namespace volante
