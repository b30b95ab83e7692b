// What experiments switch on: augmentation, LayerNorm in heads, target encoder, the cloning term,
// an encoder's own learning rate. Each does what it says, and nothing where it is off.
#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "learn/learner_fixture.h"
#include "learn/td3_impl.h"

namespace volante {
namespace {

constexpr auto kVector = ObservationMode::kVector;
constexpr auto kCamera = ObservationMode::kCameraVector;

// ---- augmentation ------------------------------------------------------------------------------

TEST(Augmentation, StaysWithinItsBoundsAndReachesThem) {
  Td3Options options = TestOptions(kCamera);
  options.augment.enabled = true;
  Td3Learner learner(options);
  const auto drawn = learner.impl().DrawAugmentations(2000);
  ASSERT_EQ(drawn.size(), 4000u);
  int columns[3] = {}, rows[7] = {};
  float darkest = 2, brightest = 0, flattest = 2, steepest = 0;
  for (const StackAugmentation& a : drawn) {
    ASSERT_LE(std::abs(a.shift_x_px), 1);
    ASSERT_LE(std::abs(a.shift_y_px), 3);
    ++columns[a.shift_x_px + 1];
    ++rows[a.shift_y_px + 3];
    darkest = std::min(darkest, a.brightness), brightest = std::max(brightest, a.brightness);
    flattest = std::min(flattest, a.contrast), steepest = std::max(steepest, a.contrast);
  }
  for (const int count : columns) EXPECT_NEAR(count, 4000 / 3.0, 150);  // 5 standard deviations
  for (const int count : rows) EXPECT_NEAR(count, 4000 / 7.0, 111);
  for (const float low : {darkest, flattest}) EXPECT_NEAR(low, 0.8, 0.002);
  for (const float high : {brightest, steepest}) EXPECT_NEAR(high, 1.2, 0.002);
  EXPECT_FALSE(drawn[0] == drawn[2000]);  // the next image has draws of its own
  learner.Update(RandomBatch(8, kCamera, 0));
  EXPECT_FALSE(drawn == learner.impl().DrawAugmentations(2000));  // and every update
}

TEST(Augmentation, ChangesUpdatesAndNeitherActingNorQ) {
  Td3Options options = TestOptions(kCamera);
  Td3Learner plain(options);
  options.augment.enabled = true;
  Td3Learner augmented(options);
  const Batch batch = RandomBatch(8, kCamera, 0);
  std::vector<float> a(16), b(16), qa(8), qb(8);
  plain.Act(batch.image.data(), batch.vector.data(), 8, a.data());
  augmented.Act(batch.image.data(), batch.vector.data(), 8, b.data());
  EXPECT_EQ(a, b);
  plain.EvaluateQ(batch.image.data(), batch.vector.data(), a.data(), 8, qa.data());
  augmented.EvaluateQ(batch.image.data(), batch.vector.data(), a.data(), 8, qb.data());
  EXPECT_EQ(qa, qb);
  EXPECT_NE(plain.Update(batch).critic_loss, augmented.Update(batch).critic_loss);
  // Nothing left to draw: enabled, it does nothing.
  options.augment = {
      .enabled = true, .shift_x_px = 0, .shift_y_px = 0, .brightness = 0, .contrast = 0};
  Td3Learner idle(options), reference(TestOptions(kCamera));
  idle.Update(batch), reference.Update(batch);
  EXPECT_TRUE(idle.SaveTensors(TensorScope::kEverything) ==
              reference.SaveTensors(TensorScope::kEverything));
}

// One key of the augmentation at a time: what it says is drawn, the rest stays off.
TEST(Augmentation, EachKeyDrawsItsOwnQuantityAlone) {
  const AugmentConfig off = {
      .enabled = true, .shift_x_px = 0, .shift_y_px = 0, .brightness = 0, .contrast = 0};
  const auto varies = [](const AugmentConfig& augment) {
    Td3Options options = TestOptions(kCamera);
    options.augment = augment;
    Td3Learner learner(options);
    std::vector<bool> which(4, false);
    for (const StackAugmentation& a : learner.impl().DrawAugmentations(50)) {
      which[0] = which[0] || a.shift_x_px != 0;
      which[1] = which[1] || a.shift_y_px != 0;
      which[2] = which[2] || a.brightness != 1.0f;
      which[3] = which[3] || a.contrast != 1.0f;
    }
    return which;
  };
  EXPECT_EQ(varies(off), (std::vector<bool>{false, false, false, false}));
  AugmentConfig one = off;
  one.shift_x_px = 2;
  EXPECT_EQ(varies(one), (std::vector<bool>{true, false, false, false}));
  one = off, one.shift_y_px = 2;
  EXPECT_EQ(varies(one), (std::vector<bool>{false, true, false, false}));
  one = off, one.brightness = 0.1;
  EXPECT_EQ(varies(one), (std::vector<bool>{false, false, true, false}));
  one = off, one.contrast = 0.1;
  EXPECT_EQ(varies(one), (std::vector<bool>{false, false, false, true}));
}

// ---- switches of the networks ------------------------------------------------------------------

// Names, shapes and bytes of what a learner starts with.
std::map<std::string, NamedTensor> StartOf(const Td3Options& options) {
  std::map<std::string, NamedTensor> tensors;
  for (NamedTensor& tensor : Td3Learner(options).SaveTensors(TensorScope::kEverything)) {
    const std::string name = tensor.name;
    tensors.emplace(name, std::move(tensor));
  }
  return tensors;
}

// Each hidden layer of each head gets gain 1 and bias 0; every other tensor starts as without.
TEST(HeadLayerNorm, AddsANormToEachHiddenLayerAndLeavesTheRestAsItWas) {
  Td3Options options = TestOptions(kVector);
  const auto plain = StartOf(options);
  options.config.head_layernorm = true;
  const auto with = StartOf(options);
  int norms = 0;
  for (const auto& [name, tensor] : with) {
    if (name.find("/norm") == std::string::npos) {
      ASSERT_TRUE(plain.contains(name)) << name;
      EXPECT_TRUE(plain.at(name) == tensor) << name;
    } else {
      norms += !name.starts_with("target_") && !name.starts_with("adam/");
    }
  }
  EXPECT_EQ(norms, 3 * 2 * 2);  // head, q1, q2; two hidden layers; gain and bias
  EXPECT_EQ(with.size() - plain.size(), 4u * 12u);  // networks, targets and two moments
}

// LayerNorm takes away what all units of a layer share and their scale: a first layer ten times as
// large gives the same action, one without norm another.
TEST(HeadLayerNorm, MakesAHeadBlindToTheScaleOfItsHiddenLayers) {
  for (const bool layernorm : {true, false}) {
    Td3Options options = TestOptions(kVector);
    options.config.head_layernorm = layernorm;
    options.config.last_layer_init = 0.1;
    Td3Learner learner(options);
    const Batch batch = RandomBatch(8, kVector, 0);
    std::vector<float> before(16), after(16);
    learner.Act(nullptr, batch.vector.data(), 8, before.data());
    learner.impl().actor_params.Frozen("actor/head/0/weight").mul_(10.0);
    learner.impl().actor_params.Frozen("actor/head/0/bias").mul_(10.0);
    learner.Act(nullptr, batch.vector.data(), 8, after.data());
    double largest = 0.0;
    for (size_t i = 0; i < 16; ++i) {
      largest = std::max(largest, std::abs(static_cast<double>(after[i]) - before[i]));
    }
    if (layernorm) {
      EXPECT_LT(largest, 1e-3);
    } else {
      EXPECT_GT(largest, 0.05);
    }
  }
}

// Without a target encoder the target's features are the online ones of the moment; with one they
// move by tau alone. Nothing else of a first update differs: both copies start equal.
TEST(TargetEncoder, IsASlowCopyOrTheOnlineEncoderItself) {
  Td3Options options = TestOptions(kCamera);
  options.config.policy_delay = 1;
  options.config.tau = 0.005;
  Td3Learner slow(options);
  options.config.target_encoder = false;
  Td3Learner online(options);
  const Batch batch = RandomBatch(8, kCamera, 0);
  EXPECT_EQ(slow.Update(batch).critic_loss, online.Update(batch).critic_loss);
  EXPECT_TRUE(slow.SaveTensors(TensorScope::kPolicy) == online.SaveTensors(TensorScope::kPolicy));

  const std::string name = "critic/encoder/conv1/weight";
  const at::Tensor now = slow.impl().critic_params.Frozen(name);
  const at::Tensor copy = slow.impl().target_critic_params.Frozen(name);
  Td3Learner start(TestOptions(kCamera));
  const at::Tensor old = start.impl().critic_params.Frozen(name);
  EXPECT_FALSE(at::equal(now, old));
  EXPECT_LE((copy - (old + 0.005 * (now - old))).abs().max().item<double>(), 1e-7);
  EXPECT_FALSE(online.impl().target_critic_params.Has(name));
  EXPECT_EQ(online.impl().target.critic_encoder->conv[0].weight.data_ptr(),
            online.impl().critic_params.Frozen(name).data_ptr());
  // From here on the targets differ, and with them the next loss.
  EXPECT_NE(slow.Update(batch).critic_loss, online.Update(batch).critic_loss);
}

// A first step of Adam is the rate times the gradient's sign, so a rate shows in what it moved.
TEST(EncoderLearningRates, MoveTheEncoderTheyNameAndNothingElse) {
  Td3Options options = TestOptions(kCamera, Wiring::kSeparate, Fusion::kTrunk, Encoder::kSmall);
  options.config.policy_delay = 1;
  const auto after_one = [&](double actor_rate, double critic_rate) {
    options.config.actor_encoder_lr = actor_rate;
    options.config.critic_encoder_lr = critic_rate;
    Td3Learner learner(options);
    learner.Update(RandomBatch(8, kCamera, 0));
    return learner.SaveTensors(TensorScope::kPolicy);
  };
  const auto plain = after_one(0.0, 0.0), actor = after_one(1e-5, 0.0);
  const auto critic = after_one(0.0, 1e-5);
  for (size_t i = 0; i < plain.size(); ++i) {
    const std::string& name = plain[i].name;
    EXPECT_EQ(plain[i] == actor[i], !name.starts_with("actor/encoder/")) << name;
    // The actor's step comes after the critic's and looks through its new heads, which are equal;
    // the features are those of the critic's step, before it.
    EXPECT_EQ(plain[i] == critic[i], !name.starts_with("critic/encoder/")) << name;
  }
}

// ---- demonstrations ----------------------------------------------------------------------------

TEST(Cloning, PullsTheActorTowardsTheExpertsRowsUntilItsWeightIsGone) {
  Td3Options options = TestOptions(kVector);
  options.config.policy_delay = 1;
  options.demonstrations = {.share = 0.5, .bc_weight = 100.0, .bc_decay_updates = 200};
  Td3Learner learner(options);
  Batch batch = RandomBatch(64, kVector, 0);
  batch.demonstrations = 32;
  // Executed was something else: with noise, and by the agent in the first half.
  for (size_t i = 0; i < 128; ++i) batch.action[i] = i < 64 ? -0.9f : 0.1f;
  for (size_t row = 0; row < 32; ++row) batch.label.insert(batch.label.end(), {0.7f, -0.4f});
  const auto distance = [&] {  // mean over the expert's rows
    std::vector<float> actions(128);
    learner.Act(nullptr, batch.vector.data(), 64, actions.data());
    double sum = 0.0;
    for (size_t i = 64; i < 128; ++i) sum += std::pow(actions[i] - batch.label[i - 64], 2) / 64;
    return sum;
  };
  EXPECT_GT(distance(), 0.3);
  EXPECT_EQ(learner.impl().CloningWeight(), 100.0);
  const double before = distance();
  EXPECT_NEAR(learner.Update(batch).bc_loss.value(), before, 1e-6);
  for (int i = 1; i < 150; ++i) learner.Update(batch);
  EXPECT_LT(distance(), 0.02);
  EXPECT_NEAR(learner.impl().CloningWeight(), 25.0, 1e-12);  // 150 of 200 updates
  for (int i = 0; i < 60; ++i) learner.Update(batch);
  EXPECT_EQ(learner.impl().CloningWeight(), 0.0);
  EXPECT_FALSE(learner.Update(batch).bc_loss.has_value());
}

TEST(Cloning, ChangesNothingWithoutDemonstrationsInTheBatch) {
  Td3Options options = TestOptions(kVector);
  Td3Learner plain(options);
  options.demonstrations = {.share = 0.5, .bc_weight = 100.0};
  Td3Learner cloning(options);
  Batch batch = RandomBatch(8, kVector, 0);
  for (int i = 0; i < 2; ++i) plain.Update(batch), cloning.Update(batch);
  EXPECT_TRUE(plain.SaveTensors(TensorScope::kEverything) ==
              cloning.SaveTensors(TensorScope::kEverything));
  batch.demonstrations = 4;
  batch.label.assign(4 * kActionSize, 0.5f);
  for (int i = 0; i < 2; ++i) plain.Update(batch), cloning.Update(batch);
  EXPECT_FALSE(plain.SaveTensors(TensorScope::kPolicy) ==
               cloning.SaveTensors(TensorScope::kPolicy));
}

// ---- priorities --------------------------------------------------------------------------------

Td3Options WithPriority(ReplayPriority priority) {
  Td3Options options = TestOptions(kVector);
  options.config.policy_delay = 1;
  options.priority = priority;
  return options;
}

// The state after two updates on a batch, changed before by `change`.
std::vector<NamedTensor> TrainedOn(const Td3Options& options,
                                   const std::function<void(Batch&)>& change) {
  Td3Learner learner(options);
  Batch batch = RandomBatch(10, kVector, 0);
  change(batch);
  for (int i = 0; i < 2; ++i) learner.Update(batch);
  return learner.SaveTensors(TensorScope::kEverything);
}

// Rows 4 and 9 are terminated: their target is the reward.
TEST(Priority, ErrorsAreTheDistanceFromTheTargetBeforeTheStep) {
  for (const ReplayPriority priority : {ReplayPriority::kPer, ReplayPriority::kLap}) {
    Td3Options options = WithPriority(priority);
    options.config.twin_critics = false;
    Td3Learner learner(options);
    const Batch batch = RandomBatch(10, kVector, 0);
    std::vector<float> q(10);
    learner.EvaluateQ(nullptr, batch.vector.data(), batch.action.data(), 10, q.data());
    const std::vector<float> errors = learner.Update(batch).td_errors;
    ASSERT_EQ(errors.size(), 10u);
    for (const size_t row : {4u, 9u}) {
      EXPECT_NEAR(errors[row], std::abs(q[row] - batch.reward[row]), 1e-5);
      EXPECT_GT(errors[row], 1e-3);
    }
  }
  Td3Learner uniform(WithPriority(ReplayPriority::kUniform));
  EXPECT_TRUE(uniform.Update(RandomBatch(10, kVector, 0)).td_errors.empty());
}

// Twins: the larger distance, so never below the first's.
TEST(Priority, ErrorsOfTwinsAreTheLarger) {
  Td3Learner learner(WithPriority(ReplayPriority::kPer));
  const Batch batch = RandomBatch(10, kVector, 0);
  std::vector<float> q(10);
  learner.EvaluateQ(nullptr, batch.vector.data(), batch.action.data(), 10, q.data());
  const UpdateMetrics m = learner.Update(batch);
  double sum = 0.0;
  for (const float error : m.td_errors) sum += static_cast<double>(error) / 10.0;
  EXPECT_GT(sum, m.td_error_mean);
  EXPECT_LE(sum, m.td_error_mean + m.twin_gap);
  for (const size_t row : {4u, 9u}) {
    EXPECT_GE(m.td_errors[row], std::abs(q[row] - batch.reward[row]) - 1e-5);
  }
}

TEST(Priority, WeightsCountForPerAlone) {
  const auto none = [](Batch&) {};
  const auto weights = [](Batch& batch) {
    for (size_t row = 0; row < 10; ++row) batch.weight[row] = row < 5 ? 0.25f : 1.0f;
  };
  for (const ReplayPriority priority : {ReplayPriority::kUniform, ReplayPriority::kLap}) {
    EXPECT_TRUE(TrainedOn(WithPriority(priority), none) ==
                TrainedOn(WithPriority(priority), weights));
  }
  const Td3Options per = WithPriority(ReplayPriority::kPer);
  EXPECT_FALSE(TrainedOn(per, none) == TrainedOn(per, weights));
  // A row that weighs nothing may have any reward.
  const auto weightless = [](float reward) {
    return [reward](Batch& batch) { batch.weight[3] = 0.0f, batch.reward[3] = reward; };
  };
  EXPECT_TRUE(TrainedOn(per, weightless(0.5f)) == TrainedOn(per, weightless(-70.0f)));
}

// Huber with kappa 1: beyond 1 an error counts by its sign.
TEST(Priority, LapBoundsWhatOneTransitionTeaches) {
  const auto reward = [](float value) {
    return [value](Batch& batch) { batch.reward[4] = value; };
  };
  const Td3Options lap = WithPriority(ReplayPriority::kLap),
                   uniform = WithPriority(ReplayPriority::kUniform);
  EXPECT_TRUE(TrainedOn(lap, reward(50.0f)) == TrainedOn(lap, reward(5000.0f)));
  EXPECT_FALSE(TrainedOn(lap, reward(50.0f)) == TrainedOn(lap, reward(-50.0f)));
  EXPECT_FALSE(TrainedOn(uniform, reward(50.0f)) == TrainedOn(uniform, reward(5000.0f)));
}

// ---- Adam --------------------------------------------------------------------------------------

// Adam's first step is the rate times the gradient's sign.
TEST(FlatAdam, StepsTheEncoderAtItsOwnRate) {
  const std::vector<ParameterSpec> specs = {{"encoder/weight", {5}, 0, 0}, {"head", {3}, 0, 0}};
  const auto after_one_step = [&](double encoder_rate) {
    FlatParams params(specs, at::TensorOptions(at::kDouble), 1);
    FlatAdam adam(params, 0.01, params.Range("encoder").second, encoder_rate);
    params.Leaf("encoder/weight").grad().fill_(7.0);
    params.Leaf("head").grad().fill_(-3.0);
    adam.Step(params, 1);
    return std::pair{params.Frozen("encoder/weight"), params.Frozen("head")};
  };
  const auto [encoder, head] = after_one_step(0.001);
  EXPECT_LE((encoder + 0.001).abs().max().item<double>(), 1e-11);
  EXPECT_LE((head - 0.01).abs().max().item<double>(), 1e-10);
  const auto [same_encoder, same_head] = after_one_step(0.0);  // as the head's
  EXPECT_LE((same_encoder + 0.01).abs().max().item<double>(), 1e-10);
  EXPECT_TRUE(at::equal(head, same_head));
}

}  // namespace
}  // namespace volante
