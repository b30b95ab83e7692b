#include "env/observation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <numbers>

namespace volante {
namespace {

TEST(Observation, HasTheSpecifiedLayoutAndScales) {
  DriveFacts f;
  f.speed_mps = 15.0;
  f.lateral_offset_m = -1.75;
  f.heading_error_rad = std::numbers::pi / 4.0;
  for (int k = 0; k < kRoutePoints; ++k) f.route_points_m[k] = {2.0 * (k + 1), -1.0 * k};
  float out[kVectorSize];
  WriteVector(f, out);
  EXPECT_EQ(kVectorSize, 53);
  EXPECT_FLOAT_EQ(out[0], 0.5f);
  EXPECT_FLOAT_EQ(out[1], -0.5f);
  EXPECT_FLOAT_EQ(out[2], 0.25f);
  EXPECT_FLOAT_EQ(out[3], 0.04f);            // point 1: 2 m ahead, over 50 m
  EXPECT_FLOAT_EQ(out[51], 1.0f);            // point 25: 50 m ahead
  EXPECT_FLOAT_EQ(out[52], -24.0f / 50.0f);  // and 24 m to the right
}

TEST(Observation, PrivilegedAddsTheNearestVehiclesBySixNumbersEach) {
  DriveFacts f;
  f.speed_mps = 15.0;
  f.num_near_vehicles = 2;
  f.near_vehicles[1] = {.position_m = {-20.0, 5.0},
                        .heading_rad = -std::numbers::pi / 2.0,
                        .speed_mps = 6.0,
                        .range_rate_mps = -3.0,
                        .length_m = 4.5,
                        .width_m = 1.9};
  f.near_vehicles[2].length_m = 5.0;  // left from another tick: not there
  std::vector<float> out(kPrivilegedSize, 7.0f), vector(kVectorSize);
  WritePrivileged(f, out.data());
  WriteVector(f, vector.data());
  EXPECT_EQ(kPrivilegedSize, 101);
  EXPECT_TRUE(std::equal(vector.begin(), vector.end(), out.begin()));
  EXPECT_FLOAT_EQ(out[59], -0.4f);  // x: -20 / 50 m
  EXPECT_FLOAT_EQ(out[60], 0.1f);   // y: 5 / 50 m
  EXPECT_FLOAT_EQ(out[61], -0.5f);  // heading: -pi/2 / pi
  EXPECT_FLOAT_EQ(out[62], 0.2f);   // speed: 6 / 30 m/s
  EXPECT_FLOAT_EQ(out[63], 0.45f);  // length: 4.5 / 10 m
  EXPECT_FLOAT_EQ(out[64], -0.1f);  // range rate: -3 / 30 m/s
  for (size_t i = 65; i < 101; ++i) EXPECT_EQ(out[i], 0.0f) << i;
}

// The car must see the road: its speed, and where the next junction's way goes.
TEST(Observation, VisionIsTheSpeedAndTheCommandAlone) {
  DriveFacts f;
  f.speed_mps = 15.0;
  f.lateral_offset_m = 1.0;
  EXPECT_EQ(VectorSize(ObservationMode::kVision), 5);
  EXPECT_TRUE(HasImage(ObservationMode::kVision));
  for (const auto& [command, place] : {std::pair{RouteCommand::kLeft, 1},
                                       {RouteCommand::kRight, 2},
                                       {RouteCommand::kStraight, 3},
                                       {RouteCommand::kFollow, 4}}) {
    f.command = command;
    std::vector<float> out(kVisionSize, 7.0f);
    WriteVision(f, out.data());
    std::vector<float> wanted(kVisionSize, 0.0f);
    wanted[0] = 0.5f;
    wanted[static_cast<size_t>(place)] = 1.0f;
    EXPECT_EQ(out, wanted);
  }
}

TEST(Observation, ExtraFollowsTheModesNumbers) {
  DriveFacts f;
  f.speed_mps = 15.0;
  f.action = {0.25f, -0.5f};
  f.previous_action = {0.9f, 0.9f};  // of the tick before: not shown
  f.yaw_rate_radps = 0.3;
  f.accel_long_mps2 = -4.0;
  f.light = NextLight::kAmber;
  f.light_distance_m = 20.0;
  ObservationConfig config;
  config.extra = true;
  for (const ObservationMode mode : {ObservationMode::kVector, ObservationMode::kPrivileged,
                                     ObservationMode::kCameraVector, ObservationMode::kVision}) {
    config.mode = mode;
    const int width = VectorSize(config), own = VectorSize(mode);
    EXPECT_EQ(width, own + 8);
    EXPECT_EQ(width % 2, 1) << "the replay stores odd numbers of numbers";
    std::vector<float> out(static_cast<size_t>(width), 7.0f), plain(static_cast<size_t>(own));
    WriteSeen(config, f, out.data());
    WriteSeen(mode, f, plain.data());
    EXPECT_TRUE(std::equal(plain.begin(), plain.end(), out.begin()));
    EXPECT_EQ((std::vector<float>(out.begin() + own, out.end())),
              (std::vector<float>{0.25f, -0.5f, 0.3f, -0.4f, 0.0f, 1.0f, 0.0f, 0.4f}));
  }
  float none[kExtraSize];
  WriteExtra(DriveFacts{}, none);
  EXPECT_EQ(none[4] + none[5] + none[6], 0.0f) << "no light";
  EXPECT_EQ(none[7], 1.0f) << "within 50 m";
}

// Frame t of an episode is a picture filled with the value t.
std::vector<int> StackAfter(int ticks, int stride, int frames = kFrameStack) {
  FrameHistory history(1, stride, frames);
  std::vector<uint8_t> frame(kImagePixels, 0);
  history.Begin(0, frame.data());
  for (int t = 1; t <= ticks; ++t) {
    frame.assign(kImagePixels, static_cast<uint8_t>(t));
    history.Push(0, frame.data());
  }
  std::vector<uint8_t> stack(kFrameStack * kImagePixels);
  history.WriteStack(0, stack.data());
  std::vector<int> values;
  for (int k = 0; k < kFrameStack; ++k) values.push_back(stack[k * kImagePixels + 17]);
  return values;
}

TEST(FrameHistory, TheFirstFrameFillsTheStackAtReset) {
  EXPECT_EQ(StackAfter(0, 1), (std::vector{0, 0, 0, 0}));
  EXPECT_EQ(StackAfter(2, 1), (std::vector{0, 0, 1, 2}));
}

TEST(FrameHistory, FramesAreAStrideApartOldestFirst) {
  EXPECT_EQ(StackAfter(9, 1), (std::vector{6, 7, 8, 9}));
  EXPECT_EQ(StackAfter(9, 2), (std::vector{3, 5, 7, 9}));
  EXPECT_EQ(StackAfter(9, 3), (std::vector{0, 3, 6, 9}));
  EXPECT_EQ(StackAfter(50, 4), (std::vector{38, 42, 46, 50}));
}

TEST(FrameHistory, TheOldestOfFewerFramesFillsTheStack) {
  EXPECT_EQ(StackAfter(9, 3, 4), (std::vector{0, 3, 6, 9}));
  EXPECT_EQ(StackAfter(9, 3, 3), (std::vector{3, 3, 6, 9}));
  EXPECT_EQ(StackAfter(9, 3, 2), (std::vector{6, 6, 6, 9}));
  EXPECT_EQ(StackAfter(9, 3, 1), (std::vector{9, 9, 9, 9}));
  EXPECT_EQ(StackAfter(2, 3, 2), (std::vector{0, 0, 0, 2}));
}

}  // namespace
}  // namespace volante
