#include "env/observation.h"

#include <algorithm>
#include <cstring>
#include <numbers>

namespace volante {

void WriteVector(const DriveFacts& facts, float* out) {
  constexpr double kSpeed_mps = 30.0, kLateral_m = 3.5, kPoint_m = 50.0;
  out[0] = static_cast<float>(facts.speed_mps / kSpeed_mps);
  out[1] = static_cast<float>(facts.lateral_offset_m / kLateral_m);
  out[2] = static_cast<float>(facts.heading_error_rad / std::numbers::pi);
  for (int k = 0; k < kRoutePoints; ++k) {
    out[3 + 2 * k] = static_cast<float>(facts.route_points_m[k].x / kPoint_m);
    out[4 + 2 * k] = static_cast<float>(facts.route_points_m[k].y / kPoint_m);
  }
}

void WritePrivileged(const DriveFacts& facts, float* out) {
  constexpr double kPosition_m = 50.0, kSpeed_mps = 30.0, kLength_m = 10.0;
  WriteVector(facts, out);
  std::fill_n(out + kVectorSize, kNearVehicles * kNearVehicleSize, 0.0f);
  for (int i = 0; i < facts.num_near_vehicles; ++i) {
    const NearVehicle& v = facts.near_vehicles[static_cast<size_t>(i)];
    const double numbers[kNearVehicleSize] = {
        v.position_m.x / kPosition_m,     v.position_m.y / kPosition_m,
        v.heading_rad / std::numbers::pi, v.speed_mps / kSpeed_mps,
        v.length_m / kLength_m,           v.range_rate_mps / kSpeed_mps};
    float* row = out + kVectorSize + i * kNearVehicleSize;
    for (int k = 0; k < kNearVehicleSize; ++k) row[k] = static_cast<float>(numbers[k]);
  }
}

void WriteVision(const DriveFacts& facts, float* out) {
  constexpr double kSpeed_mps = 30.0;
  out[0] = static_cast<float>(facts.speed_mps / kSpeed_mps);
  std::fill_n(out + 1, kNumCommands, 0.0f);
  out[1 + static_cast<int>(facts.command)] = 1.0f;
}

void WriteExtra(const DriveFacts& facts, float* out) {
  constexpr double kAccel_mps2 = 10.0, kLight_m = 50.0;
  out[0] = facts.action.steer;
  out[1] = facts.action.throttle;
  out[2] = static_cast<float>(facts.yaw_rate_radps);
  out[3] = static_cast<float>(facts.accel_long_mps2 / kAccel_mps2);
  out[4] = facts.light == NextLight::kGreen ? 1.0f : 0.0f;
  out[5] = facts.light == NextLight::kAmber ? 1.0f : 0.0f;
  out[6] = facts.light == NextLight::kRed ? 1.0f : 0.0f;
  out[7] = static_cast<float>(std::min(facts.light_distance_m / kLight_m, 1.0));
}

void WriteSeen(ObservationShape shape, const DriveFacts& facts, float* out) {
  switch (shape.mode) {
    case ObservationMode::kCameraVector:
    case ObservationMode::kVector:
      WriteVector(facts, out);
      break;
    case ObservationMode::kPrivileged:
      WritePrivileged(facts, out);
      break;
    case ObservationMode::kVision:
      WriteVision(facts, out);
      break;
  }
  if (shape.extra) WriteExtra(facts, out + VectorSize(shape.mode));
}

void WriteNumbers(ObservationShape shape, int world, StepView out) {
  const auto w = static_cast<size_t>(world);
  const DriveFacts& facts = out.facts[w];
  WriteSeen(shape, facts, out.vector + w * static_cast<size_t>(VectorSize(shape)));
  if (out.privileged != nullptr) WritePrivileged(facts, out.privileged + w * kPrivilegedSize);
}

FrameHistory::FrameHistory(int num_worlds, int frame_stride, int frame_stack)
    : stride_(frame_stride),
      frames_in_stack_(frame_stack),
      slots_((kFrameStack - 1) * frame_stride + 1),
      ticks_(static_cast<size_t>(num_worlds), 0),
      frames_(static_cast<size_t>(num_worlds) * slots_ * kImagePixels, 0) {}

void FrameHistory::Begin(int world, const uint8_t* frame) {
  ticks_[world] = 0;
  std::memcpy(frames_.data() + Offset(world, 0), frame, kImagePixels);
}

void FrameHistory::Push(int world, const uint8_t* frame) {
  std::memcpy(frames_.data() + Offset(world, ++ticks_[world]), frame, kImagePixels);
}

void FrameHistory::WriteStack(int world, uint8_t* out) const {
  for (int k = 0; k < kFrameStack; ++k) {
    const int frame = StackedFrame(ticks_[world], k, stride_, frames_in_stack_);
    std::memcpy(out + k * kImagePixels, frames_.data() + Offset(world, frame), kImagePixels);
  }
}

}  // namespace volante
