// The numbers of the observation, and the stack of frames an acting agent sees.
// Layout and scales: spec.md section 2. The same in every simulator, because it reads DriveFacts.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "env_api/env.h"

namespace volante {

// [v / 30 m/s, lateral deviation / 3.5 m, heading error / pi, 25 x (x, y) / 50 m] into out[53].
void WriteVector(const DriveFacts& facts, float* out);

// Those 53, then 6 numbers for each of the 8 nearest vehicles, nearest first, into out[101]:
// [x / 50 m, y / 50 m, heading / pi, speed / 30 m/s, length / 10 m, range rate / 30 m/s], x forward
// and y left of the ego's centre, heading relative to the ego's, range rate the growth of the
// distance between the centres (negative when nearing). Six zeros where there is no vehicle.
void WritePrivileged(const DriveFacts& facts, float* out);

// [v / 30 m/s, then 1 for the next junction's command and 0 for the others: left, right, straight,
// follow] into out[5].
void WriteVision(const DriveFacts& facts, float* out);

// [last action: steer, throttle; yaw rate / 1 rad/s; longitudinal acceleration / 10 m/s^2; the next
// light's state: green, amber, red, all 0 without one; its distance / 50 m, 1 without one] into
// out[8].
void WriteExtra(const DriveFacts& facts, float* out);

// What an agent of this shape sees, into out[VectorSize(shape)].
void WriteSeen(ObservationShape shape, const DriveFacts& facts, float* out);

// The rows of one world, from its facts in `out`: what this shape shows, and the privileged numbers
// where out.privileged is not null.
void WriteNumbers(ObservationShape shape, int world, StepView out);

// The newest frames of every world, kept so that the stacks of acting are rebuilt by the same rule
// as those of the replay (StackedFrame). For evaluation and drives: a trainer's replay rebuilds its
// own.
class FrameHistory {
 public:
  FrameHistory() = default;
  FrameHistory(int num_worlds, int frame_stride, int frame_stack = kFrameStack);

  // First frame of an episode.
  void Begin(int world, const uint8_t* frame);
  // The frame after one more tick.
  void Push(int world, const uint8_t* frame);
  // The stack [4, 84, 84], oldest first.
  void WriteStack(int world, uint8_t* out) const;

 private:
  size_t Offset(int world, int tick) const {
    return (static_cast<size_t>(world) * slots_ + tick % slots_) * kImagePixels;
  }
  int stride_ = 1;
  int frames_in_stack_ = kFrameStack;  // different ones
  int slots_ = 1;                      // 3 * stride + 1 frames are enough for every stack
  std::vector<int> ticks_;             // per world, of the newest frame
  std::vector<uint8_t> frames_;        // [worlds, slots, 84 * 84]
};

}  // namespace volante
