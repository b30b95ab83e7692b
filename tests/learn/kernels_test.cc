// The flat loops against torch itself: Adam against torch::optim::Adam, images against the
// operators they replace. Also the runtime's facts.
#include "learn/kernels.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>
#include <torch/optim/adam.h>

#include <cmath>

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
