// What makes DDPG and MPG of TD3, and the other switches of an ablation: each changes what it says
// and nothing else. That the results are right is the oracle's business (oracle_test.cc).
#include <ATen/TensorOperators.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/minimum.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "base/error.h"
#include "config/options.h"
#include "learn/learner_fixture.h"
#include "learn/td3_impl.h"

namespace volante {
namespace {

constexpr auto kVector = ObservationMode::kVector;
constexpr auto kCamera = ObservationMode::kCameraVector;

// ---- momentum policy gradient: the identities of its formula ------------------------------------

class Momentum : public testing::Test {
 protected:
  const at::Tensor q1 = at::tensor({1.0, -2.0, 4.0, 0.5}, at::kDouble);
  const at::Tensor q2 = at::tensor({3.0, -2.5, 4.0, -1.5}, at::kDouble);
  const at::Tensor gap = (q1 - q2).abs();  // 2, 0.5, 0, 2
  LearnerConfig config;
};

TEST_F(Momentum, IsTheMinimumWhereTheLastDifferenceIsThisOne) {
  config.momentum_delta = MomentumDelta::kPerSampleEma;
  EXPECT_TRUE(at::equal(ComputeMomentumValue(config, q1, q2, gap).value, at::minimum(q1, q2)));
}

TEST_F(Momentum, IsTheMeanWhereTheLastDifferenceIsNone) {
  config.momentum_delta = MomentumDelta::kPerSampleEma;
  EXPECT_TRUE(at::equal(ComputeMomentumValue(config, q1, q2, at::zeros({1}, at::kDouble)).value,
                        0.5 * (q1 + q2)));
}

TEST_F(Momentum, IsBelowTheMinimumWhereTheLastDifferenceWasLarger) {
  config.momentum_delta = MomentumDelta::kPerSampleEma;
  const at::Tensor value = ComputeMomentumValue(config, q1, q2, gap + 0.25).value;
  EXPECT_TRUE((value < at::minimum(q1, q2)).all().item<bool>());
  EXPECT_TRUE(at::allclose(value, at::minimum(q1, q2) - 0.125));
}

// By hand: the differences' mean is 1.125, the last one 0.5.
TEST_F(Momentum, ReadingsDifferAsTheyAreNamed) {
  const at::Tensor last = at::tensor({0.5}, at::kDouble);
  const auto value = [&](MomentumDelta delta, MomentumLast next) {
    config.momentum_delta = delta;
    config.momentum_last = next;
    return ComputeMomentumValue(config, q1, q2, last);
  };
  using enum MomentumDelta;
  using enum MomentumLast;
  // max - (0.5 + 1.125) / 2 for all rows; max - (0.5 + gap) / 2 for each.
  const at::Tensor of_batch = at::tensor({2.1875, -2.8125, 3.1875, -0.3125}, at::kDouble);
  const at::Tensor of_row = at::tensor({1.75, -2.5, 3.75, -0.75}, at::kDouble);
  EXPECT_TRUE(at::allclose(value(kBatchScalar, kRaw).value, of_batch));
  EXPECT_TRUE(at::allclose(value(kBatchScalar, kRecursive).value, of_batch));
  EXPECT_TRUE(at::allclose(value(kPerSampleEma, kRaw).value, of_row));
  for (const MomentumDelta delta : {kBatchScalar, kPerSampleEma}) {
    EXPECT_DOUBLE_EQ(value(delta, kRaw).delta_last.item<double>(), 1.125);
    EXPECT_DOUBLE_EQ(value(delta, kRecursive).delta_last.item<double>(), 0.8125);
  }
}

Td3Options MomentumOptions() {
  Td3Options options = TestOptions(kVector);
  options.config.target_value = TargetValue::kMomentum;
  return options;
}

TEST(MomentumLearner, BeginsAtNoDifferenceAndCarriesItInItsCheckpoint) {
  Td3Learner learner(MomentumOptions()), resumed(MomentumOptions());
  EXPECT_EQ(learner.impl().delta_last.item<float>(), 0.0f);
  learner.Update(RandomBatch(8, kVector, 0));
  EXPECT_GT(learner.impl().delta_last.item<float>(), 0.0f);
  const auto saved = learner.SaveTensors(TensorScope::kEverything);
  EXPECT_TRUE(std::any_of(saved.begin(), saved.end(), [](const NamedTensor& tensor) {
    return tensor.name == "momentum/delta_last";
  }));
  resumed.LoadTensors(saved, TensorScope::kEverything, "test");
  resumed.set_counters(learner.counters());
  for (uint64_t i = 1; i < 4; ++i) {
    learner.Update(RandomBatch(8, kVector, i)), resumed.Update(RandomBatch(8, kVector, i));
  }
  EXPECT_TRUE(learner.SaveTensors(TensorScope::kEverything) ==
              resumed.SaveTensors(TensorScope::kEverything));
  // A new run from these networks starts anew.
  resumed.LoadTensors(learner.SaveTensors(TensorScope::kPolicy), TensorScope::kPolicy, "test");
  EXPECT_EQ(resumed.impl().delta_last.item<float>(), 0.0f);
}

// A failed update leaves the difference as it was.
TEST(MomentumLearner, KeepsItsDifferenceWhenAnUpdateFails) {
  Td3Learner learner(MomentumOptions());
  learner.Update(RandomBatch(8, kVector, 0));
  const float before = learner.impl().delta_last.item<float>();
  Batch bad = RandomBatch(8, kVector, 1);
  bad.reward[0] = 3e38f;  // finite; the loss is not
  EXPECT_THROW(learner.Update(bad), Error);
  EXPECT_EQ(learner.impl().delta_last.item<float>(), before);
}

// ---- switches
// ------------------------------------------------------------------------------------

std::vector<NamedTensor> PolicyOf(const Td3Learner& learner) {
  return learner.SaveTensors(TensorScope::kPolicy);
}

bool Names(const std::vector<NamedTensor>& tensors, const std::string& part) {
  return std::any_of(tensors.begin(), tensors.end(), [&](const NamedTensor& tensor) {
    return tensor.name.find(part) != std::string::npos;
  });
}

// One critic: no second head anywhere, the others as they were drawn; the target is Q1' alone.
TEST(Switch, OneCriticHasNoTwinAndItsOwnTarget) {
  for (const ObservationMode mode : {kVector, kCamera}) {
    Td3Options options = TestOptions(mode);
    Td3Learner twins(options);
    options.config.twin_critics = false;
    Td3Learner one(options);
    EXPECT_FALSE(Names(one.SaveTensors(TensorScope::kEverything), "/q2/"));
    auto expected = PolicyOf(twins);
    std::erase_if(expected, [](const NamedTensor& t) { return t.name.starts_with("critic/q2/"); });
    EXPECT_TRUE(PolicyOf(one) == expected);
    const UpdateMetrics ours = one.Update(RandomBatch(8, mode, 0)),
                        theirs = twins.Update(RandomBatch(8, mode, 0));
    EXPECT_EQ(ours.twin_gap, 0.0);
    EXPECT_GT(theirs.twin_gap, 0.0);
    EXPECT_GE(ours.target_mean, theirs.target_mean);  // Q1' is never below the minimum
    EXPECT_FLOAT_EQ(ours.q_batch_mean, theirs.q_batch_mean);
  }
}

// With delay 1 each update trains the actor and moves the targets.
TEST(Switch, DelayedUpdatesTrainTheActorEverySoManyUpdates) {
  for (const int delay : {1, 2, 3}) {
    Td3Options options = TestOptions(kVector);
    options.config.policy_delay = delay;
    Td3Learner learner(options);
    for (uint64_t i = 0; i < 6; ++i) learner.Update(RandomBatch(8, kVector, i));
    EXPECT_EQ(learner.counters().updates, 6);
    EXPECT_EQ(learner.counters().actor_updates, 6 / delay);
  }
}

TEST(Switch, SmoothingOffLeavesTheTargetPolicysActionsAlone) {
  Td3Options options = TestOptions(kVector);
  Td3Learner noisy(options);
  options.config.target_policy_noise = 0.0;
  Td3Learner quiet(options);
  EXPECT_GT(noisy.impl().TargetNoise(64).abs().max().item<float>(), 0.0f);
  EXPECT_EQ(quiet.impl().TargetNoise(64).abs().max().item<float>(), 0.0f);
  // The first update's critic sees another target; nothing else of it differs.
  const Batch batch = RandomBatch(8, kVector, 0);
  const UpdateMetrics a = noisy.Update(batch), b = quiet.Update(batch);
  EXPECT_NE(a.target_mean, b.target_mean);
  EXPECT_EQ(a.q_batch_mean, b.q_batch_mean);
}

// The columns of the action stand in the layer that the key names, and the state's shrink by them.
TEST(Switch, ActionEntersTheCriticAtItsLayer) {
  for (const int layer : {0, 1, 2}) {
    Td3Options options = TestOptions(kVector);
    options.config.head_widths = {32, 16};
    options.config.critic_action_layer = layer;
    const auto specs = CriticSpecs(options.config, kVector, "critic/");
    const std::vector<int64_t> inputs = {kVectorSize, 32, 16};
    for (size_t i = 0; i < 3; ++i) {
      const std::string name = "critic/q1/" + std::to_string(i) + "/weight";
      const auto at = std::find_if(specs.begin(), specs.end(),
                                   [&](const ParameterSpec& spec) { return spec.name == name; });
      ASSERT_NE(at, specs.end());
      EXPECT_EQ(at->shape[1], inputs[i] + (static_cast<int>(i) == layer ? kActionSize : 0)) << name;
    }
    Td3Learner learner(options);
    const Batch batch = RandomBatch(8, kVector, 0);
    std::vector<float> q(8), other(8);
    std::vector<float> actions = batch.action;
    learner.EvaluateQ(nullptr, batch.vector.data(), actions.data(), 8, q.data());
    for (float& a : actions) a = -a;
    learner.EvaluateQ(nullptr, batch.vector.data(), actions.data(), 8, other.data());
    EXPECT_NE(q, other);
  }
}

// Adam's first step is the rate times the sign of gradient + decay x value: with a gradient of 0
// it is against the value's sign, and the actor's optimizer has no decay.
TEST(Switch, WeightDecayPullsTheCriticAlone) {
  const std::vector<ParameterSpec> specs = {{"q1/0/weight", {3}, 0, 2.0}};
  const auto step = [&](double decay) {
    FlatParams params(specs, at::TensorOptions(at::kDouble), 1);
    params.Initialise(specs, 0);
    FlatAdam adam(params, 0.01, 0, 0.0, decay);
    adam.Step(params, 1);
    return params.Frozen("q1/0/weight")[0].item<double>();
  };
  EXPECT_EQ(step(0.0), 2.0);
  EXPECT_NEAR(step(0.1), 1.99, 1e-9);
  Td3Options options = TestOptions(kVector);
  options.config.critic_weight_decay = 0.25;
  Td3Learner learner(options);
  EXPECT_EQ(learner.impl().critic_adam.weight_decay, 0.25);
  EXPECT_EQ(learner.impl().actor_adam.weight_decay, 0.0);
}

TEST(Switch, CriticsLastLayerStartsWithinItsBound) {
  Td3Options options = TestOptions(kVector);
  options.config.critic_last_layer_init = 0.003;
  Td3Learner learner(options);
  const FlatParams& params = learner.impl().critic_params;
  for (const char* head : {"critic/q1/2/", "critic/q2/2/"}) {
    const float largest = params.Frozen(std::string(head) + "weight").abs().max().item<float>();
    EXPECT_LE(largest, 0.003f);
    EXPECT_GT(largest, 0.0028f);
  }
  EXPECT_GT(params.Frozen("critic/q1/1/weight").abs().max().item<float>(), 0.06f);
}

// ---- clipping
// -------------------------------------------------------------------------------------

TEST(Clipping, ByValueBoundsEachElementAndOffTouchesNone) {
  const std::vector<ParameterSpec> specs = {{"e/weight", {3}, 0, 0}, {"h/weight", {2}, 0, 0}};
  FlatParams params(specs, at::TensorOptions(at::kDouble), 1);
  const at::Tensor e = params.Leaf("e/weight").grad(), h = params.Leaf("h/weight").grad();
  e.fill_(-2.0), h.fill_(0.25);
  const GradientNorms off =
      ClipGradients(params, params.Range("e/"), {GradClip::kOff, 0.0}, "test");
  EXPECT_EQ(off.before, off.after);
  EXPECT_EQ(e[0].item<double>(), -2.0);
  const GradientNorms value =
      ClipGradients(params, params.Range("e/"), {GradClip::kValue, 0.5}, "test");
  EXPECT_EQ(e[0].item<double>(), -0.5);
  EXPECT_EQ(h[0].item<double>(), 0.25);
  EXPECT_NEAR(value.before, std::sqrt(3 * 4.0 + 2 * 0.0625), 1e-12);
  EXPECT_NEAR(value.after, std::sqrt(3 * 0.25 + 2 * 0.0625), 1e-12);
}

TEST(Clipping, OfTheLearnerIsTheKeys) {
  const Batch batch = RandomBatch(8, kVector, 0);
  const auto norms = [&](GradClip kind) {
    Td3Options options = TestOptions(kVector);
    options.config.grad_clip = kind;
    options.config.critic_grad_norm = 1e-3;
    options.config.grad_value = 1e-4;
    return Td3Learner(options).Update(batch).critic_grad;
  };
  const GradientNorms norm = norms(GradClip::kNorm), value = norms(GradClip::kValue),
                      off = norms(GradClip::kOff);
  EXPECT_EQ(norm.before, off.before);
  EXPECT_EQ(value.before, off.before);
  EXPECT_NEAR(norm.after, 1e-3, 2e-6);
  EXPECT_EQ(off.after, off.before);
  EXPECT_LT(value.after, value.before);
  EXPECT_GT(value.after, 1e-3);
}

// ---- the earlier wiring
// ---------------------------------------------------------------------------

// It has the two mistakes and its targets lack encoders; the right wirings have neither.
TEST(LegacyWiring, TrainsTheActorsEncoderThroughTheCriticsHead) {
  const auto gradient_through_state = [](Wiring wiring) {
    Td3Options options = TestOptions(kCamera, wiring, Fusion::kTrunk, Encoder::kSmall);
    Td3Learner learner(options);
    Td3Learner::Impl& impl = learner.impl();
    const Batch batch = RandomBatch(8, kCamera, 0);
    const BatchTensors b = impl.Load(batch);
    // The actor's head is taken out, so that what reaches its encoder came through the state.
    impl.actor_params.Frozen("actor/head/2/weight").zero_();
    impl.actor_params.Frozen("actor/head/2/bias").zero_();
    impl.config.pre_tanh_penalty = 0.0;
    impl.actor_params.ZeroGrads();
    impl.ComputeActorLoss(b, impl.trainable[0].CriticFeatures(b.image), nullptr).loss.backward();
    return impl.actor_params.Leaf("actor/encoder/fc/weight").grad().abs().max().item<float>();
  };
  EXPECT_GT(gradient_through_state(Wiring::kLegacy), 0.0f);
  EXPECT_EQ(gradient_through_state(Wiring::kSeparate), 0.0f);
  Td3Learner legacy(TestOptions(kCamera, Wiring::kLegacy));
  const auto tensors = legacy.SaveTensors(TensorScope::kEverything);
  EXPECT_TRUE(Names(tensors, "actor/encoder/"));
  EXPECT_FALSE(Names(tensors, "target_actor/encoder/"));
  EXPECT_FALSE(Names(tensors, "target_critic/encoder/"));
}

// ---- configs/algorithms
// ---------------------------------------------------------------------------

// An algorithm changes the keys that its file names and no others, and the learner runs with it.
TEST(Algorithms, ChangeTheirOwnKeysAndRun) {
  const Config base = LoadConfig(RealFiles(), {.preset = "smoke", .file = {}, .sets = {}});
  for (const std::string& name : AlgorithmNames()) {
    const std::string text = AlgorithmText(name);
    const Config config =
        LoadConfig(RealFiles(), {.preset = "smoke", .file = {}, .sets = {}, .algorithm = name});
    EXPECT_EQ(config.preset, base.preset);
    for (const ConfigDifference& difference : DiffFromPreset(config)) {
      const std::string key = difference.key.substr(difference.key.find('.') + 1);
      EXPECT_NE(text.find("\n  " + key + ": "), std::string::npos) << name << " " << difference.key;
    }
    Td3Options options;
    options.config = config.learner;
    options.mode = config.observation.mode;
    Td3Learner learner(options);
    learner.Update(RandomBatch(config.learner.batch_size, options.mode, 0));
    EXPECT_EQ(learner.counters().updates, 1) << name;
  }
  EXPECT_THROW(LoadConfig(RealFiles(), {.preset = {}, .file = {}, .sets = {}, .algorithm = "ddgp"}),
               Error);
}

}  // namespace
}  // namespace volante
