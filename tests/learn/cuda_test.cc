// The learner on a GPU against the same learner on the CPU. Skipped, and said so, where there is
// none.
#include <ATen/ops/equal.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "base/error.h"
#include "learn/learner_fixture.h"
#include "learn/sample_both.h"
#include "learn/td3_impl.h"
#include "learn/torch_runtime.h"

namespace volante {
namespace {

constexpr auto kCamera = ObservationMode::kCameraVector;

class Cuda : public testing::TestWithParam<Td3Options> {
 protected:
  void SetUp() override {
    if (!CudaIsAvailable()) GTEST_SKIP() << "no CUDA device can be used here";
  }
  static Td3Options On(Td3Options options, Device device) {
    options.device = device;
    return options;
  }
};

INSTANTIATE_TEST_SUITE_P(
    Learner, Cuda,
    testing::Values(TestOptions(ObservationMode::kVector),
                    TestOptions(kCamera, Wiring::kSharedCritic, Fusion::kTrunk, Encoder::kSmall),
                    TestOptions(kCamera, Wiring::kSeparate, Fusion::kConcat, Encoder::kNature)),
    [](const auto& kind) { return CaseName(kind.param); });

// In float64 layouts and orders of sums differ by 1e-15; four updates with Adam stay within 1e-7.
TEST_P(Cuda, FourUpdatesAgreeWithTheCpuInFloat64) {
  Td3Options options = GetParam();
  options.dtype = LearnerDtype::kF64;
  Td3Learner cpu(On(options, Device::kCpu)), cuda(On(options, Device::kCuda));
  for (uint64_t i = 0; i < 4; ++i) {
    const Batch batch = RandomBatch(8, options.mode, i);
    const UpdateMetrics a = cpu.Update(batch, true), b = cuda.Update(batch, true);
    EXPECT_NEAR(a.critic_loss, b.critic_loss, 1e-6 * (1.0 + std::abs(a.critic_loss)));
    EXPECT_NEAR(a.critic_grad.before, b.critic_grad.before, 1e-6 * (1.0 + a.critic_grad.before));
  }
  const auto ours = cpu.SaveTensors(TensorScope::kEverything);
  const auto theirs = cuda.SaveTensors(TensorScope::kEverything);
  ASSERT_EQ(ours.size(), theirs.size());
  for (size_t t = 0; t < ours.size(); ++t) {
    ASSERT_EQ(ours[t].name, theirs[t].name);
    double worst = 0.0;
    for (size_t i = 0; i < ours[t].bytes.size(); i += sizeof(double)) {
      double a, b;
      std::memcpy(&a, ours[t].bytes.data() + i, sizeof a);
      std::memcpy(&b, theirs[t].bytes.data() + i, sizeof b);
      worst = std::max(worst, std::abs(a - b));
    }
    EXPECT_LT(worst, 1e-7) << ours[t].name;
  }
}

TEST_P(Cuda, WhatItSavesTheCpuLoadsAndActsBy) {
  Td3Options options = GetParam();
  options.config.last_layer_init = 0.3;
  Td3Learner cuda(On(options, Device::kCuda));
  cuda.Update(RandomBatch(8, options.mode, 0));
  options.seed = 99;
  Td3Learner cpu(On(options, Device::kCpu));
  const auto saved = cuda.SaveTensors(TensorScope::kEverything);
  cpu.LoadTensors(saved, TensorScope::kEverything, "test");
  EXPECT_TRUE(cpu.SaveTensors(TensorScope::kEverything) == saved);
  const Batch batch = RandomBatch(11, options.mode, 1);
  const uint8_t* images = batch.has_image ? batch.image.data() : nullptr;
  std::vector<float> a(22), b(22);
  cuda.Act(images, batch.vector.data(), 11, a.data());
  cpu.Act(images, batch.vector.data(), 11, b.data());
  for (size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 2e-3);  // TF32 convolutions
}

// Frames that lie on the GPU already make the batches that pixels from the caller's memory make.
TEST_P(Cuda, UpdatesFromCachedFramesAreThoseFromPixels) {
  const Td3Options options = On(GetParam(), Device::kCuda);
  if (!HasImage(options.mode)) GTEST_SKIP() << "numbers alone are not cached";
  Replay replay({.num_worlds = 1});
  std::vector<uint8_t> frame(kImagePixels);
  const std::vector<float> vector(kVectorSize, 0.25f);
  for (size_t i = 0; i < 300; ++i) {
    for (size_t p = 0; p < frame.size(); ++p)
      frame[p] = static_cast<uint8_t>((i * 7 + p * i) & 255);
    if (i == 0) {
      replay.Begin(0, frame.data(), vector.data());
    } else {
      replay.Add(0, {0.1f, -0.2f}, 1.0f, false, false, frame.data(), vector.data());
    }
  }
  Td3Learner pixels(options), references(options);
  const CachedReplay source = {&replay, 200 * kImagePixels, 64};
  ASSERT_GT(references.CacheFrames({&source, 1}), 0u);
  for (uint64_t i = 0; i < 3; ++i) {
    const SampledBoth both = SampleBoth(replay, 8, i);
    ASSERT_TRUE(at::equal(references.impl().StacksOf({}, both.named.frames, 8).cpu(),
                          pixels.impl().StacksOf(both.held.image, {}, 8).cpu()));
    const UpdateMetrics a = pixels.Update(both.held), b = references.Update(both.named);
    EXPECT_NEAR(a.critic_loss, b.critic_loss, 1e-3 * (1.0 + std::abs(a.critic_loss)));
    EXPECT_NEAR(a.q_std, b.q_std, 1e-3 * (1.0 + a.q_std));
  }
}

TEST_P(Cuda, ABadParameterIsNamed) {
  Td3Learner learner(On(GetParam(), Device::kCuda));
  learner.impl().critic_params.Frozen("critic/q1/0/bias")[1].fill_(std::nan(""));
  try {
    learner.Update(RandomBatch(8, GetParam().mode, 0));
    ADD_FAILURE() << "applied";
  } catch (const Error& error) {
    EXPECT_THAT(error.OneLine(), testing::HasSubstr("critic/q1/0/bias: element 1 of 256 is nan"));
  }
}

TEST(ResolveDevice, LeavesWhatIsNamedAndAutoTakesWhatIsThere) {
  EXPECT_EQ(ResolveDevice(Device::kCpu), Device::kCpu);
  EXPECT_EQ(ResolveDevice(Device::kCuda), Device::kCuda);
  EXPECT_EQ(ResolveDevice(Device::kAuto), CudaIsAvailable() ? Device::kCuda : Device::kCpu);
}

TEST(ResolveDevice, CudaThatIsNotThereIsRefusedByName) {
  if (CudaIsAvailable()) GTEST_SKIP() << "there is a CUDA device";
  Td3Options options = TestOptions(ObservationMode::kVector);
  options.device = Device::kCuda;
  try {
    Td3Learner learner(options);
    ADD_FAILURE() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::kEnvironment);
    EXPECT_EQ(error.where(), "train.device");
  }
}

}  // namespace
}  // namespace volante
