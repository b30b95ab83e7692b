// The learner against tools/oracle/td3_oracle.py, an independent TD3 in Python: the same initial
// weights and raw experience, then the same networks, targets and optimizer state. Free-running in
// float64, where two layouts of the same sums agree to 1e-15; one step from an equal state in
// float32, where they drift apart by 1e-2 within hundreds of updates whatever one does.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <tuple>
#include <vector>

#include "learn/learner_fixture.h"
#include "learn/oracle_case.h"
#include "replay/priorities.h"

namespace volante {
namespace {

constexpr int kFrameStride = 2;  // not the default, so that the rule itself is compared

struct Case {
  Td3Options options;
  int batch_size = 8;
  int updates = 200;

  friend void PrintTo(const Case& c, std::ostream* out) { *out << CaseName(c.options); }
};

Case MakeCase(ObservationMode mode, Wiring wiring, Fusion fusion, Encoder encoder, int batch_size,
              int updates) {
  Case c{TestOptions(mode, wiring, fusion, encoder), batch_size, updates};
  // Bounds that bite in some updates and not in others, and a visible target noise.
  c.options.config.critic_grad_norm = 3.0;
  c.options.config.actor_grad_norm = 0.05;
  c.options.config.target_noise_clip = 0.25;
  c.options.config.pre_tanh_penalty = 0.01;
  c.options.config.tau = 0.02;
  c.options.config.last_layer_init = 0.1;
  return c;
}

constexpr auto kVector = ObservationMode::kVector;
constexpr auto kCamera = ObservationMode::kCameraVector;

std::vector<Case> Cases(bool free_running) {
  const int long_run = free_running ? 200 : 1, short_run = free_running ? 12 : 1;
  std::vector<Case> cases = {
      MakeCase(kVector, Wiring::kSharedCritic, Fusion::kTrunk, Encoder::kNature, 64, long_run),
      MakeCase(kCamera, Wiring::kSharedCritic, Fusion::kTrunk, Encoder::kNatureLayerNorm, 4,
               long_run),
      MakeCase(kCamera, Wiring::kSeparate, Fusion::kConcat, Encoder::kNature, 4, long_run),
      MakeCase(kCamera, Wiring::kSeparate, Fusion::kTrunk, Encoder::kNatureLayerNorm, 8, short_run),
      MakeCase(kCamera, Wiring::kSharedCritic, Fusion::kConcat, Encoder::kNature, 8, short_run),
  };
  cases.back().options.config.target_encoder = false;
  cases.push_back(
      MakeCase(kCamera, Wiring::kSharedCritic, Fusion::kTrunk, Encoder::kSmall, 8, short_run));
  cases.push_back(
      MakeCase(kCamera, Wiring::kSeparate, Fusion::kTrunk, Encoder::kSmall, 8, short_run));
  cases.back().options.config.actor_encoder_lr = 1e-3;
  cases.back().options.config.critic_encoder_lr = 5e-5;
  // Behaviour cloning on a quarter of the batch, its weight reaching 0 within the free run.
  cases.push_back(
      MakeCase(kVector, Wiring::kSeparate, Fusion::kTrunk, Encoder::kNature, 64, short_run));
  cases.back().options.demonstrations = {
      .share = 0.25, .bc_weight = 2.0, .bc_decay_updates = free_running ? 8 : 40};
  // DDPG as TD3 without twin, delay and smoothing; as published, with weight decay, the action in
  // the second layer and no clipping; the two readings of each of MPG's open questions; the earlier
  // wiring; clipping by value.
  const auto small = [&](Wiring wiring) {
    return MakeCase(kCamera, wiring, Fusion::kTrunk, Encoder::kSmall, 8, short_run);
  };
  const auto numbers = [&] {
    Case c =
        MakeCase(kVector, Wiring::kSharedCritic, Fusion::kTrunk, Encoder::kSmall, 64, short_run);
    c.options.config.critic_grad_norm = 0.8;  // so that it bites now and then within a short run
    return c;
  };
  for (Case c : {small(Wiring::kSharedCritic), numbers()}) {
    LearnerConfig& config = c.options.config;
    config.twin_critics = false;
    config.policy_delay = 1;
    config.target_policy_noise = 0.0;
    config.critic_grad_norm = 0.8;
    cases.push_back(c);
    config.critic_action_layer = 1;
    config.critic_weight_decay = 0.01;
    config.grad_clip = GradClip::kOff;
    cases.push_back(c);
  }
  for (const MomentumDelta delta : {MomentumDelta::kBatchScalar, MomentumDelta::kPerSampleEma}) {
    for (const MomentumLast last : {MomentumLast::kRaw, MomentumLast::kRecursive}) {
      cases.push_back(numbers());
      cases.back().options.config.target_value = TargetValue::kMomentum;
      cases.back().options.config.momentum_delta = delta;
      cases.back().options.config.momentum_last = last;
    }
  }
  cases.push_back(small(Wiring::kSeparate));
  cases.back().options.config.target_value = TargetValue::kMomentum;
  cases.push_back(small(Wiring::kLegacy));
  cases.push_back(numbers());
  cases.back().options.config.grad_clip = GradClip::kValue;
  cases.back().options.config.grad_value = 0.01;
  cases.push_back(MakeCase(ObservationMode::kPrivileged, Wiring::kSharedCritic, Fusion::kTrunk,
                           Encoder::kNature, 64, short_run));
  cases.back().options.config.critic_grad_norm = 1.0;
  const int few = free_running ? 6 : 1;  // these encoders are slow
  constexpr auto kMobile = Encoder::kMobileNetV3Small;
  cases.push_back(
      MakeCase(kCamera, Wiring::kSharedCritic, Fusion::kTrunk, Encoder::kNatureMaxPool, 4, few));
  cases.push_back(MakeCase(kCamera, Wiring::kSeparate, Fusion::kTrunk, kMobile, 4, few));
  cases.push_back(MakeCase(kCamera, Wiring::kSeparate, Fusion::kConcat, kMobile, 8, few));
  cases.back().options.config.batchnorm = BatchNorm::kTrain;
  cases.push_back(MakeCase(kCamera, Wiring::kSharedCritic, Fusion::kTrunk, kMobile, 8, few));
  cases.back().options.config.batchnorm = BatchNorm::kTrain;
  cases.back().options.config.target_encoder = false;
  cases.push_back(
      MakeCase(kVector, Wiring::kSharedCritic, Fusion::kTrunk, Encoder::kNature, 64, short_run));
  cases.push_back(
      MakeCase(kCamera, Wiring::kSeparate, Fusion::kTrunk, Encoder::kSmall, 8, short_run));
  for (size_t i = cases.size() - 2; i < cases.size(); ++i) {
    cases[i].options.config.head_layernorm = true;
    cases[i].options.config.critic_grad_norm = cases[i].options.mode == kVector ? 8.0 : 16.0;
    cases[i].options.config.actor_grad_norm = 0.3;
  }
  // The losses that belong to prioritised replay; weights are those of WeightOf.
  for (const ReplayPriority priority : {ReplayPriority::kPer, ReplayPriority::kLap}) {
    cases.push_back(
        MakeCase(kVector, Wiring::kSharedCritic, Fusion::kTrunk, Encoder::kNature, 64, long_run));
    cases.back().options.priority = priority;
    cases.push_back(
        MakeCase(kCamera, Wiring::kSharedCritic, Fusion::kTrunk, Encoder::kSmall, 8, short_run));
    cases.back().options.priority = priority;
    cases.back().options.config.critic_grad_norm = 0.8;  // their gradients are smaller
  }
  // The other algorithms by every kind of replay.
  for (const bool ddpg : {true, false}) {
    const auto algorithm = [&] {
      Case c = numbers();
      if (ddpg) {
        c.options.config.twin_critics = false;
        c.options.config.policy_delay = 1;
        c.options.config.target_policy_noise = 0.0;
      } else {
        c.options.config.target_value = TargetValue::kMomentum;
      }
      return c;
    };
    for (const ReplayPriority priority : {ReplayPriority::kPer, ReplayPriority::kLap}) {
      cases.push_back(algorithm());
      cases.back().options.priority = priority;
      cases.back().options.config.critic_grad_norm = 0.3;  // always bites
      cases.back().options.config.actor_grad_norm = 10.0;  // never does
    }
    cases.push_back(algorithm());
    cases.back().options.demonstrations = {
        .share = 0.25, .bc_weight = 2.0, .bc_decay_updates = free_running ? 8 : 40};
    cases.push_back(algorithm());
    LearnerConfig& config = cases.back().options.config;
    config.memory = Memory::kGru;
    config.sequence_length = 6;
    config.burn_in = 2;
    cases.back().batch_size = 4;
  }
  // Sequences, some at an episode's beginning and most cut by its end.
  for (const auto& [mode, wiring, fusion, memory, units, updates] :
       {std::tuple{kVector, Wiring::kSharedCritic, Fusion::kTrunk, Memory::kGru, 0, long_run},
        {kVector, Wiring::kSeparate, Fusion::kTrunk, Memory::kLstm, 24, long_run},
        {kCamera, Wiring::kSharedCritic, Fusion::kTrunk, Memory::kGru, 16, short_run},
        {kCamera, Wiring::kSeparate, Fusion::kConcat, Memory::kLstm, 16, short_run}}) {
    cases.push_back(MakeCase(mode, wiring, fusion, Encoder::kSmall, 4, updates));
    LearnerConfig& config = cases.back().options.config;
    config.memory = memory;
    config.memory_units = units;
    config.sequence_length = 6;
    config.burn_in = 2;
  }
  return cases;
}

// Importance weights are the replay's affair: any numbers in (0, 1] that both sides are given.
float WeightOf(int row) { return 1.0f / static_cast<float>(1 + row % 7); }

std::vector<std::vector<float>> WeightsOf(const std::vector<std::vector<int>>& batches) {
  std::vector<std::vector<float>> weights;
  for (const std::vector<int>& rows : batches) {
    std::ranges::transform(rows, std::back_inserter(weights.emplace_back()), WeightOf);
  }
  return weights;
}

// Not the published numbers, so that they themselves are compared.
PriorityOptions PrioritiesOf(const Case& c) {
  return {.kind = c.options.priority, .alpha = 0.7, .epsilon = 1e-3};
}

OracleResult Ask(Td3Learner& learner, const Case& c, const Experience& experience,
                 const std::vector<std::vector<int>>& batches, const std::string& name) {
  return RunOracle(learner, c.options, experience, batches, kFrameStride, name,
                   {{"weights", WeightsOf(batches)},
                    {"priority_alpha", PrioritiesOf(c).alpha},
                    {"per_epsilon", PrioritiesOf(c).epsilon}});
}

// What goes back to the replay, row by row; errors and priorities are float32 numbers.
void ExpectSamePriorities(const Case& c, const UpdateMetrics& m, const nlohmann::json& record,
                          double tolerance) {
  if (c.options.priority == ReplayPriority::kUniform) {
    EXPECT_TRUE(m.td_errors.empty());
    return;
  }
  const auto errors = record["td_errors"].get<std::vector<double>>();
  const auto priorities = record["priorities"].get<std::vector<double>>();
  ASSERT_EQ(m.td_errors.size(), errors.size());
  for (size_t row = 0; row < errors.size(); ++row) {
    EXPECT_NEAR(m.td_errors[row], errors[row], tolerance * (errors[row] + 0.1)) << "row " << row;
    EXPECT_NEAR(PriorityOf(PrioritiesOf(c), static_cast<double>(m.td_errors[row])), priorities[row],
                tolerance * (priorities[row] + 0.1))
        << "row " << row;
  }
}

// Errors on both sides of 1: otherwise only one of LAP's two regions would have been compared.
void ExpectBothRegions(const Case& c, const nlohmann::json& records) {
  if (c.options.priority == ReplayPriority::kUniform) return;
  double smallest = 1.0, largest = 1.0;
  for (const auto& record : records) {
    for (const double error : record["td_errors"].get<std::vector<double>>()) {
      smallest = std::min(smallest, error), largest = std::max(largest, error);
    }
  }
  EXPECT_LT(smallest, 1.0);
  EXPECT_GT(largest, 1.0);
}

Batch BatchOf(const Case& c, const Experience& experience, const std::vector<int>& rows) {
  if (c.options.config.memory != Memory::kNone) {
    return GatherSequences(experience, rows, kFrameStride, c.options.config);
  }
  Batch batch = GatherBatch(experience, rows, kFrameStride, c.options.config.discount);
  batch.weight = WeightsOf({rows})[0];
  batch.demonstrations = static_cast<int>(c.options.demonstrations.share * batch.size);
  for (size_t i = rows.size() - static_cast<size_t>(batch.demonstrations); i < rows.size(); ++i) {
    const float* label = &experience.labels[static_cast<size_t>(rows[i]) * kActionSize];
    batch.label.insert(batch.label.end(), label, label + kActionSize);
  }
  return batch;
}

std::string Name(const testing::TestParamInfo<Case>& info) { return CaseName(info.param.options); }

// BatchNorm by the batch's statistics takes any constant off a channel, so the bias of a block's
// projection, which only such norms see, has a gradient of 0: what two programs find there is
// rounding, and Adam makes steps of full size of it.
bool HasNoGradient(const Case& c, const std::string& name) {
  return c.options.config.batchnorm == BatchNorm::kTrain &&
         (name.ends_with("block/2/1/bias") || name.ends_with("block/3/1/bias"));
}

// A state in which nothing depends on what is found where the gradient is 0.
void PrepareBatchNorm(const Case& c, Td3Learner& learner) {
  if (c.options.config.batchnorm != BatchNorm::kTrain) return;
  GiveMomentsSize(learner);
  GiveBiasesSize(learner);
}

void ExpectClose(const Case& c, const std::vector<NamedTensor>& ours,
                 const std::vector<NamedTensor>& theirs, double tolerance, bool moments) {
  for (const TensorError& error : CompareTensors(ours, theirs)) {
    const bool is_moment = error.name.starts_with("adam/");
    if (is_moment && (!moments || HasNoGradient(c, error.name))) continue;
    // A batch's mean of values around 0 is a small difference of large sums.
    const double factor = error.name.ends_with("running_mean") ? 10.0 : 1.0;
    EXPECT_LE(error.relative, factor * tolerance) << error.name;
  }
}

class Float64Oracle : public testing::TestWithParam<Case> {};

TEST_P(Float64Oracle, SameNetworksTargetsAndMomentsAfterFreeRunning) {
  Case c = GetParam();
  c.options.dtype = LearnerDtype::kF64;
  Td3Learner learner(c.options);
  PrepareBatchNorm(c, learner);
  const Experience experience = MakeExperience(c.options.mode, 120, 1);
  const auto batches = DrawBatches(experience, c.updates, c.batch_size, 2);
  const OracleResult oracle = Ask(learner, c, experience, batches, "f64");
  ASSERT_EQ(oracle.records.size(), batches.size());

  int clipped = 0, unclipped = 0;
  for (size_t i = 0; i < batches.size(); ++i) {
    const UpdateMetrics m = learner.Update(BatchOf(c, experience, batches[i]));
    const auto& expected = oracle.records[i];
    const auto near = [&](const char* what, double value) {
      const double want = expected[what].get<double>();
      EXPECT_NEAR(value, want, 1e-8 * std::abs(want) + 1e-11) << what << " of update " << i + 1;
    };
    near("critic_loss", m.critic_loss);
    near("target_mean", m.target_mean);
    near("q_batch_mean", m.q_batch_mean);
    near("q_std", m.q_std);
    near("twin_gap", m.twin_gap);
    near("td_error_mean", m.td_error_mean);
    near("critic_norm", m.critic_grad.before);
    ASSERT_EQ(m.actor_updated, expected.contains("actor_loss"));
    if (m.actor_updated) {
      near("actor_loss", m.actor_loss);
      near("q_actor_mean", m.q_actor_mean);
      near("actor_norm", m.actor_grad.before);
      ASSERT_EQ(m.bc_loss.has_value(), expected.contains("bc_loss"));
      if (m.bc_loss) near("bc_loss", *m.bc_loss);
      ++(m.actor_grad.before > c.options.config.actor_grad_norm ? clipped : unclipped);
    }
    ++(m.critic_grad.before > c.options.config.critic_grad_norm ? clipped : unclipped);
    ExpectSamePriorities(c, m, expected, 1e-6);
    if (HasFailure()) return;
  }
  // Otherwise the comparison would say nothing about clipping; a short run may lie on one side.
  if (c.options.config.grad_clip == GradClip::kNorm && c.updates >= 200) {
    EXPECT_GT(clipped, 0);
    EXPECT_GT(unclipped, 0);
  }
  ExpectBothRegions(c, oracle.records);
  ExpectClose(c, learner.SaveTensors(TensorScope::kEverything), oracle.tensors, 1e-9, true);
  const auto errors = CompareTensors(learner.SaveTensors(TensorScope::kEverything), oracle.tensors);
  std::printf("  worst of %zu tensors after %d updates: %s, %.2e\n", errors.size(), c.updates,
              errors.front().name.c_str(), errors.front().relative);
}

INSTANTIATE_TEST_SUITE_P(All, Float64Oracle, testing::ValuesIn(Cases(true)), Name);

class Float32Oracle : public testing::TestWithParam<Case> {};

TEST_P(Float32Oracle, SameNetworksAfterOneUpdateFromAnEqualState) {
  Case c = GetParam();
  c.batch_size = 32;
  Td3Learner learner(c.options);
  const Experience experience = MakeExperience(c.options.mode, 120, 3);
  // A state in which Adam's second moments are of the gradients' size, and the next update trains
  // the actor too: from zero moments Adam's first step is the sign of each gradient, rounding
  // error included.
  constexpr int kBefore = 19;
  const auto batches = DrawBatches(experience, kBefore + 1, c.batch_size, 4);
  for (int i = 0; i < kBefore; ++i) {
    learner.Update(BatchOf(c, experience, batches[static_cast<size_t>(i)]));
  }
  GiveBiasesSize(learner);
  PrepareBatchNorm(c, learner);
  const OracleResult oracle = Ask(learner, c, experience, {batches.back()}, "f32");
  const UpdateMetrics m = learner.Update(BatchOf(c, experience, batches.back()));
  ASSERT_TRUE(m.actor_updated);
  ExpectSamePriorities(c, m, oracle.records[0], 1e-5);
  ExpectClose(c, learner.SaveTensors(TensorScope::kEverything), oracle.tensors, 1e-5, false);
  const auto errors = CompareTensors(learner.SaveTensors(TensorScope::kEverything), oracle.tensors);
  std::printf("  worst of %zu tensors: %s, %.2e\n", errors.size(), errors.front().name.c_str(),
              errors.front().relative);
}

INSTANTIATE_TEST_SUITE_P(All, Float32Oracle, testing::ValuesIn(Cases(false)), Name);

}  // namespace
}  // namespace volante
