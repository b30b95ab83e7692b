// The flat loops against torch itself: Adam against torch::optim::Adam, images against the
// operators they replace. Also the runtime's facts.
#include "learn/kernels.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>
#include <torch/optim/adam.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/random.h"
#include "env_api/env.h"
#include "learn/torch_runtime.h"

namespace volante {
namespace {

at::Tensor RandomTensor(int64_t size, uint64_t index) {
  RandomStream random(3, "kernels test", index);
  at::Tensor tensor = at::zeros({size}, at::kDouble);
  for (int64_t i = 0; i < size; ++i) tensor.data_ptr<double>()[i] = random.Normal();
  return tensor;
}

TEST(AdamStep, EqualsTorchsAdamOverFiftySteps) {
  constexpr int64_t kSize = 70001;  // several tasks and a ragged end
  const at::Tensor start = RandomTensor(kSize, 0);
  at::Tensor theirs = start.clone().requires_grad_(true);
  torch::optim::Adam adam({theirs}, torch::optim::AdamOptions(3e-3));
  at::Tensor ours = start.clone();
  at::Tensor first = at::zeros({kSize}, at::kDouble), second = at::zeros({kSize}, at::kDouble);
  for (int step = 1; step <= 50; ++step) {
    const at::Tensor grad = RandomTensor(kSize, static_cast<uint64_t>(step)) * 0.01;
    theirs.mutable_grad() = grad;
    adam.step();
    AdamStepSizes sizes;
    sizes.step_size = 3e-3 / (1.0 - std::pow(0.9, step));
    sizes.sqrt_bias_correction2 = std::sqrt(1.0 - std::pow(0.999, step));
    AdamStep(sizes, kSize, grad.data_ptr<double>(), ours.data_ptr<double>(),
             first.data_ptr<double>(), second.data_ptr<double>());
  }
  EXPECT_LE((ours - theirs.detach()).abs().max().item<double>(), 1e-14);
  EXPECT_GT((ours - start).abs().max().item<double>(), 1e-2);
}

TEST(MoveTowards, IsTorchsLerp) {
  for (const double tau : {0.005, 0.25, 0.5, 0.9, 1.0}) {
    const at::Tensor online = RandomTensor(1003, 1), start = RandomTensor(1003, 2);
    at::Tensor ours = start.clone();
    MoveTowards(1003, tau, online.data_ptr<double>(), ours.data_ptr<double>());
    EXPECT_LE((ours - start.lerp(online, tau)).abs().max().item<double>(), 1e-15) << tau;
    EXPECT_EQ(at::equal(ours, online), tau == 1.0);
    at::Tensor single = start.to(at::kFloat);
    const at::Tensor towards = online.to(at::kFloat);
    const at::Tensor wanted = single.lerp(towards, tau);
    MoveTowards(1003, tau, towards.data_ptr<float>(), single.data_ptr<float>());
    EXPECT_LE((single - wanted).abs().max().item<double>(), 1e-6) << tau;
  }
}

TEST(AdamStep, ThreadCountDoesNotChangeABit) {
  constexpr int64_t kSize = 200003;
  const at::Tensor grad = RandomTensor(kSize, 1).to(at::kFloat);
  std::vector<at::Tensor> results;
  const int threads_before = LearnerThreads();
  for (const int threads : {1, 2, 3}) {
    SetLearnerThreads(threads);
    at::Tensor values = RandomTensor(kSize, 0).to(at::kFloat);
    at::Tensor first = at::zeros({kSize}), second = at::zeros({kSize});
    AdamStepSizes sizes;
    sizes.step_size = 1e-3;
    AdamStep(sizes, kSize, grad.data_ptr<float>(), values.data_ptr<float>(),
             first.data_ptr<float>(), second.data_ptr<float>());
    results.push_back(values);
  }
  SetLearnerThreads(threads_before);
  EXPECT_TRUE(results[0].equal(results[1]));
  EXPECT_TRUE(results[0].equal(results[2]));
}

TEST(Images, MapToUnitRangeInChannelsLastOrder) {
  constexpr int64_t kN = 3;
  RandomStream random(5, "images");
  std::vector<uint8_t> images(kN * kFrameStack * kImagePixels);
  for (uint8_t& pixel : images) pixel = static_cast<uint8_t>(random.Below(256));
  images[0] = 0;
  images[1] = 255;
  const at::Tensor expected =
      at::from_blob(images.data(), {kN, kFrameStack, kImageSide, kImageSide}, at::kByte)
              .to(at::kDouble) /
          127.5 -
      1.0;
  const auto compare = [&](auto scalar, double tolerance, auto convert) {
    at::Tensor out =
        at::empty({kN, kFrameStack, kImageSide, kImageSide},
                  at::TensorOptions(scalar).memory_format(at::MemoryFormat::ChannelsLast));
    convert(out.data_ptr());
    EXPECT_LE((out.to(at::kDouble) - expected).abs().max().template item<double>(), tolerance);
  };
  compare(at::kFloat, 2e-7,
          [&](void* out) { ImagesToUnitRange(images.data(), kN, static_cast<float*>(out)); });
  compare(at::kDouble, 1e-15,
          [&](void* out) { ImagesToUnitRange(images.data(), kN, static_cast<double*>(out)); });
  compare(at::kBFloat16, 1.0 / 256.0 / 2.0, [&](void* out) {  // 8 significant bits below 1
    ImagesToUnitRangeBf16(images.data(), kN, static_cast<uint16_t*>(out));
  });
  std::vector<float> first(images.size());
  ImagesToUnitRange(images.data(), kN, first.data());
  EXPECT_EQ(first[0], -1.0f);           // frame 0, pixel 0
  EXPECT_EQ(first[kFrameStack], 1.0f);  // frame 0, pixel 1
}

std::vector<uint8_t> RandomImages(int64_t n) {
  RandomStream random(6, "images");
  std::vector<uint8_t> images(static_cast<size_t>(n) * kFrameStack * kImagePixels);
  for (uint8_t& pixel : images) pixel = static_cast<uint8_t>(random.Below(256));
  return images;
}

std::vector<StackAugmentation> RandomAugmentations(int64_t n) {
  RandomStream random(6, "augmentations");
  std::vector<StackAugmentation> augmentations(static_cast<size_t>(n));
  for (StackAugmentation& a : augmentations) {
    a.shift_x_px = static_cast<int>(random.Below(9)) - 4;
    a.shift_y_px = static_cast<int>(random.Below(9)) - 4;
    a.brightness = static_cast<float>(random.Uniform(0.7, 1.3));
    a.contrast = static_cast<float>(random.Uniform(0.7, 1.3));
  }
  augmentations[0] = {};             // untouched
  augmentations[1].shift_x_px = 90;  // beyond the picture: its last column everywhere
  return augmentations;
}

// The definition, pixel by pixel, as torchvision's adjust_brightness and adjust_contrast have it
// on float images, without their intermediate clamp.
TEST(Images, AugmentationShiftsAndRelightsEachStackAsOne) {
  constexpr int64_t kN = 6;
  const std::vector<uint8_t> images = RandomImages(kN);
  const std::vector<StackAugmentation> augmentations = RandomAugmentations(kN);
  std::vector<double> out(images.size());
  ImagesToUnitRange(images.data(), kN, out.data(), augmentations.data());
  double worst = 0.0;
  int clamped = 0;
  for (int64_t i = 0; i < kN; ++i) {
    const uint8_t* stack = images.data() + i * kFrameStack * kImagePixels;
    const StackAugmentation& a = augmentations[static_cast<size_t>(i)];
    double mean = 0.0;
    for (int64_t p = 0; p < kFrameStack * kImagePixels; ++p) mean += stack[p];
    mean = mean / (kFrameStack * kImagePixels) / 255.0 * static_cast<double>(a.brightness);
    for (int frame = 0; frame < kFrameStack; ++frame) {
      for (int y = 0; y < kImageSide; ++y) {
        for (int x = 0; x < kImageSide; ++x) {
          const int from_x = std::min(std::max(x + a.shift_x_px, 0), kImageSide - 1);
          const int from_y = std::min(std::max(y + a.shift_y_px, 0), kImageSide - 1);
          const double gray = stack[frame * kImagePixels + from_y * kImageSide + from_x] / 255.0;
          const double lit = gray * static_cast<double>(a.brightness);
          const double contrasted = mean + static_cast<double>(a.contrast) * (lit - mean);
          const double want = std::min(std::max(2.0 * contrasted - 1.0, -1.0), 1.0);
          clamped += contrasted < 0.0 || contrasted > 1.0;
          const double got = out[static_cast<size_t>(
              ((i * kImageSide + y) * kImageSide + x) * kFrameStack + frame)];
          worst = std::max(worst, std::abs(got - want));
        }
      }
    }
  }
  EXPECT_LE(worst, 1e-14);
  EXPECT_GT(clamped, 1000);
}

TEST(Images, IdentityAugmentationAndThreadCountChangeNoByte) {
  constexpr int64_t kN = 6;
  const std::vector<uint8_t> images = RandomImages(kN);
  std::vector<float> plain(images.size()), identity(images.size());
  ImagesToUnitRange(images.data(), kN, plain.data());
  const std::vector<StackAugmentation> nothing(kN);
  ImagesToUnitRange(images.data(), kN, identity.data(), nothing.data());
  EXPECT_EQ(plain, identity);
  const std::vector<StackAugmentation> augmentations = RandomAugmentations(kN);
  std::vector<std::vector<float>> results;
  const int threads_before = LearnerThreads();
  for (const int threads : {1, 2, 3}) {
    SetLearnerThreads(threads);
    results.emplace_back(images.size());
    ImagesToUnitRange(images.data(), kN, results.back().data(), augmentations.data());
  }
  SetLearnerThreads(threads_before);
  EXPECT_EQ(results[0], results[1]);
  EXPECT_EQ(results[0], results[2]);
  EXPECT_NE(results[0], plain);
}

TEST(TorchRuntime, TellsWhatItRunsOn) {
  EXPECT_EQ(TorchVersion().substr(0, 1), TorchVersion().starts_with("1") ? "1" : "2");
  EXPECT_TRUE(BlasIsFast()) << "install libopenblas0-pthread";
  if (BlasIsOpenBlas()) {
    EXPECT_NE(BlasCoreName(), "unknown");
  }
  EXPECT_FALSE(TorchCpuCapability().empty());
}

}  // namespace
}  // namespace volante
