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

TEST(Observation, VisionIsTheSpeedAndTheCommandOneHot) {
  DriveFacts f;
  f.speed_mps = 15.0;
  float out[kVisionSize];
  WriteVision(f, out);
  EXPECT_FLOAT_EQ(out[0], 0.5f);
  EXPECT_TRUE(std::equal(out + 1, out + 5, std::array{0.0f, 0.0f, 0.0f, 1.0f}.begin()));
  f.command = RouteCommand::kLeft;
  WriteVision(f, out);
  EXPECT_TRUE(std::equal(out + 1, out + 5, std::array{1.0f, 0.0f, 0.0f, 0.0f}.begin()));
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
