// What a real camera does to a picture: each effect alone on made-up pictures, by hand.
#include "render/post_process.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace volante {
namespace {

constexpr int kWidth = 64, kHeight = 48;

struct Sample {
  std::vector<uint8_t> pixels;

  explicit Sample(int level = 100) : pixels(kWidth * kHeight, static_cast<uint8_t>(level)) {}
  uint8_t& At(int x, int y) { return pixels[static_cast<size_t>(y) * kWidth + x]; }
  void Apply(const ImageEffects& effects, const FrameMoment& moment = {}) {
    PostProcess post;
    post.Set(effects, kWidth);
    const CameraIntrinsics intrinsics{kWidth, kHeight, 32.0, 40.0, 32.0, 24.0};
    const View view = View::Make(intrinsics, CameraMount{});
    const Canvas canvas{PictureMode::kGray, kWidth, {pixels.data(), nullptr, nullptr}};
    post.Apply({canvas, kWidth, kHeight}, view, moment);
  }
};

TEST(PostProcess, IsOffForAnExactCamera) {
  PostProcess post;
  post.Set({}, kWidth);
  EXPECT_FALSE(post.on());
}

TEST(PostProcess, BendsTonesByGammaThenBrightnessThenContrast) {
  Sample sample(128);
  sample.Apply({.gamma = 2.0f});
  EXPECT_EQ(sample.At(5, 5), 64);  // 255 * (128 / 255)^2 = 64.25
  Sample bright(100);
  bright.Apply({.brightness = 1.2f});
  EXPECT_EQ(bright.At(5, 5), 120);
  Sample flat(200);
  flat.Apply({.contrast = 0.5f});
  EXPECT_EQ(flat.At(5, 5), 164);  // 127.5 + 72.5 / 2 = 163.75
}

TEST(PostProcess, NoiseHasItsDeviationAndDiffersFromTickToTick) {
  Sample first, second, again;
  const ImageEffects effects{.noise_levels = 6.0f, .seed = 4};
  first.Apply(effects, {.tick = 1});
  second.Apply(effects, {.tick = 2});
  again.Apply(effects, {.tick = 1});
  EXPECT_EQ(first.pixels, again.pixels);
  EXPECT_NE(first.pixels, second.pixels);
  double sum = 0.0, squares = 0.0;
  for (const uint8_t p : first.pixels) {
    sum += p - 100.0;
    squares += (p - 100.0) * (p - 100.0);
  }
  const double n = kWidth * kHeight;
  EXPECT_NEAR(sum / n, 0.0, 4.0 * 6.0 / std::sqrt(n));
  EXPECT_NEAR(std::sqrt(squares / n), 6.0, 0.4);
}

TEST(PostProcess, BlurSpreadsAPointToItsVariance) {
  for (const float blur : {0.5f, 1.0f, 2.0f}) {
    Sample sample(0);
    for (int y = 20; y < 28; ++y) sample.At(32, y) = 255;  // a line, so that rounding counts little
    sample.Apply({.blur_px = blur});
    double sum = 0.0, squares = 0.0;
    for (int x = 0; x < kWidth; ++x) {
      sum += sample.At(x, 24);
      squares += sample.At(x, 24) * (x - 32.0) * (x - 32.0);
    }
    EXPECT_NEAR(squares / sum, blur * blur, 0.15 * blur * blur + 0.02) << blur;
  }
}

TEST(PostProcess, DropoutRepeatsNeighbouringLines) {
  Sample sample;
  for (int y = 0; y < kHeight; ++y) {
    for (int x = 0; x < kWidth; ++x) sample.At(x, y) = static_cast<uint8_t>(5 * y);
  }
  sample.Apply({.dropout = 0.25f, .seed = 2});
  int repeated = 0;
  for (int y = 1; y < kHeight; ++y) repeated += sample.At(7, y) == sample.At(7, y - 1);
  EXPECT_GE(repeated, 4);  // 47 rows at 0.25: 11.75 +- 3 of them
  EXPECT_LE(repeated, 21);
}

TEST(PostProcess, ExposureSmearsTheNearGroundOfAMovingCamera) {
  // Row 40.5 is 16.5 px below the horizon; the ground there moves (16.5)^2 * 10 / (40 * 1.5) = 45.4
  // px/s; in 0.02 s 0.91 px: half of the mean comes from 0.45 px above.
  Sample still(0), moving(0);
  for (int x = 0; x < kWidth; ++x) still.At(x, 39) = moving.At(x, 39) = 200;
  const ImageEffects effects{.exposure_s = 0.02f};
  still.Apply(effects, {.tick = 0, .speed_mps = 0.0f});
  moving.Apply(effects, {.tick = 0, .speed_mps = 10.0f});
  EXPECT_EQ(still.At(20, 40), 0);
  EXPECT_NEAR(moving.At(20, 40), 0.5 * 0.45 * 200.0, 3.0);
  EXPECT_LT(moving.At(20, 39), 200);
}

TEST(PostProcess, ExposureSmearsSidewaysWhileTurning) {
  // 32 px * 0.5 rad/s * 0.02 s = 0.32 px to the right when turning left: half of that on average.
  Sample sample(0);
  for (int y = 0; y < kHeight; ++y) sample.At(30, y) = 200;
  sample.Apply({.exposure_s = 0.02f}, {.tick = 0, .speed_mps = 0.0f, .yaw_rate_radps = 0.5f});
  EXPECT_NEAR(sample.At(31, 10), 32, 2);
  EXPECT_NEAR(sample.At(30, 10), 168, 2);
  EXPECT_EQ(sample.At(29, 10), 0);
}

}  // namespace
}  // namespace volante
