// The update of bc and dagger against tools/oracle/td3_oracle.py, an independent supervised step:
// the same actor and moments afterwards, and nothing else touched. As in oracle_test.cc,
// free-running in float64 and one step from an equal state in float32.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "learn/learner_fixture.h"
#include "learn/oracle_case.h"

namespace volante {
namespace {

constexpr int kFrameStride = 2;

struct Case {
  const char* name;
  Td3Options options;
  int batch_size;
  int updates;

  friend void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }
};

Case MakeCase(const char* name, ImitationMethod method, ObservationMode mode, Fusion fusion,
              Encoder encoder, int batch_size, int updates) {
  Case c{name, TestOptions(mode, Wiring::kSeparate, fusion, encoder), batch_size, updates};
  c.options.imitation.method = method;
  c.options.config.actor_grad_norm = 0.3;  // bites in some updates and not in others
  c.options.config.actor_lr = 1e-3;
  c.options.config.last_layer_init = 0.1;
  return c;
}

std::vector<Case> Cases() {
  constexpr auto kVector = ObservationMode::kVector;
  constexpr auto kCamera = ObservationMode::kCameraVector;
  std::vector<Case> cases = {
      MakeCase("bc_vector", ImitationMethod::kBc, kVector, Fusion::kTrunk, Encoder::kSmall, 64,
               200),
      MakeCase("dagger_camera", ImitationMethod::kDagger, kCamera, Fusion::kTrunk, Encoder::kSmall,
               8, 24),
      MakeCase("bc_fidelity", ImitationMethod::kBc, kCamera, Fusion::kConcat, Encoder::kNature, 4,
               20),
  };
  cases[1].options.config.actor_encoder_lr = 1e-4;
  cases[1].options.config.actor_grad_norm = 1.0;
  cases[2].options.config.actor_grad_norm = 1.0;
  cases.push_back(
      MakeCase("bc_gru", ImitationMethod::kBc, kVector, Fusion::kTrunk, Encoder::kSmall, 4, 40));
  cases.back().options.config.actor_grad_norm = 0.55;
  cases.back().options.config.memory = Memory::kGru;
  cases.back().options.config.memory_units = 16;
  cases.back().options.config.sequence_length = 6;
  cases.back().options.config.burn_in = 2;
  return cases;
}

// The replay of an imitation remembers labels in place of executed actions.
Batch LabelledBatch(const Case& c, const Experience& experience, const std::vector<int>& rows) {
  Experience labelled = experience;
  labelled.actions = experience.labels;
  if (c.options.config.memory != Memory::kNone) {
    return GatherSequences(labelled, rows, kFrameStride, c.options.config);
  }
  return GatherBatch(labelled, rows, kFrameStride, 0.99);
}

void ExpectTheRestUntouched(const std::vector<NamedTensor>& before,
                            const std::vector<NamedTensor>& after) {
  ASSERT_EQ(before.size(), after.size());
  for (size_t i = 0; i < before.size(); ++i) {
    const bool actors = before[i].name.starts_with("actor/") ||
                        before[i].name.find("moment/actor/") != std::string::npos;
    EXPECT_EQ(before[i] == after[i], !actors) << before[i].name;
  }
}

class ImitationOracle : public testing::TestWithParam<Case> {};

TEST_P(ImitationOracle, Float64SameActorAndMomentsAfterFreeRunning) {
  Case c = GetParam();
  c.options.dtype = LearnerDtype::kF64;
  Td3Learner learner(c.options);
  const std::vector<NamedTensor> before = learner.SaveTensors(TensorScope::kEverything);
  const Experience experience = MakeExperience(c.options.mode, 120, 5);
  const auto batches = DrawBatches(experience, c.updates, c.batch_size, 6);
  const OracleResult oracle =
      RunOracle(learner, c.options, experience, batches, kFrameStride, "imitation_f64");
  ASSERT_EQ(oracle.records.size(), batches.size());
  int clipped = 0;
  double least = 1e9, most = 0.0;
  for (size_t i = 0; i < batches.size(); ++i) {
    const UpdateMetrics m = learner.Update(LabelledBatch(c, experience, batches[i]));
    const auto near = [&](const char* what, double value) {
      const double want = oracle.records[i][what].get<double>();
      EXPECT_NEAR(value, want, 1e-8 * std::abs(want) + 1e-11) << what << " of update " << i + 1;
    };
    near("bc_loss", m.bc_loss.value());
    near("actor_norm", m.actor_grad.before);
    least = std::min(least, m.actor_grad.before), most = std::max(most, m.actor_grad.before);
    clipped += m.actor_grad.before > c.options.config.actor_grad_norm;
    EXPECT_EQ(m.update, static_cast<int64_t>(i) + 1);
    if (HasFailure()) return;
  }
  std::printf("  gradient norms from %.3f to %.3f, %d of %d clipped\n", least, most, clipped,
              c.updates);
  EXPECT_GT(clipped, 0);
  EXPECT_LT(clipped, c.updates);
  const std::vector<NamedTensor> after = learner.SaveTensors(TensorScope::kEverything);
  ExpectClose(after, oracle.tensors, 1e-9, true);
  ExpectTheRestUntouched(before, after);
}

TEST_P(ImitationOracle, Float32SameActorAfterOneUpdateFromAnEqualState) {
  const Case& c = GetParam();
  Td3Learner learner(c.options);
  const Experience experience = MakeExperience(c.options.mode, 120, 7);
  constexpr int kBefore = 19;
  const auto batches = DrawBatches(experience, kBefore + 1, 32, 8);
  for (int i = 0; i < kBefore; ++i) {
    learner.Update(LabelledBatch(c, experience, batches[static_cast<size_t>(i)]));
  }
  GiveBiasesSize(learner);
  GiveMomentsSize(learner);
  const OracleResult oracle =
      RunOracle(learner, c.options, experience, {batches.back()}, kFrameStride, "imitation_f32");
  learner.Update(LabelledBatch(c, experience, batches.back()));
  ExpectClose(learner.SaveTensors(TensorScope::kEverything), oracle.tensors, 1e-5, false);
}

INSTANTIATE_TEST_SUITE_P(All, ImitationOracle, testing::ValuesIn(Cases()),
                         [](const auto& one) { return std::string(one.param.name); });

}  // namespace
}  // namespace volante
