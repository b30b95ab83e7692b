// What experiments switch on: augmentation, the cloning term, an encoder's own learning rate. Each
// does what it says, and nothing where it is off.
#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
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

// ---- Adam --------------------------------------------------------------------------------------

// Adam's first step is the rate times the gradient's sign.
TEST(FlatAdam, StepsTheEncoderAtItsOwnRate) {
  const std::vector<ParameterSpec> specs = {{"encoder/weight", {5}, 0, 0}, {"head", {3}, 0, 0}};
  const auto after_one_step = [&](double encoder_rate) {
    FlatParams params(specs, at::TensorOptions(at::kDouble), true);
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
