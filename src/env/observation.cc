#include "env/observation.h"

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

FrameHistory::FrameHistory(int num_worlds, int frame_stride)
    : stride_(frame_stride),
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
    const int frame = StackedFrame(ticks_[world], k, stride_);
    std::memcpy(out + k * kImagePixels, frames_.data() + Offset(world, frame), kImagePixels);
  }
}

}  // namespace volante
