// The learner on a task with published results: Gym's Pendulum-v1, swung up and held by a torque of
// at most 2 N m. TD3 of RL Baselines3 Zoo reaches -152 (standard deviation 90) after 20,000 steps;
// asked here: -200 or better after 20,000 steps, on each of five seeds. No torque earns about
// -1,200. The three numbers of its observation are the first of the 53, the others 0; the second
// action does nothing.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numbers>

#include "base/random.h"
#include "learn/td3.h"
#include "learn/torch_runtime.h"
#include "replay/replay.h"

namespace volante {
namespace {

// gymnasium/envs/classic_control/pendulum.py: g 10, m 1, l 1, dt 0.05, 200 steps.
class Pendulum {
 public:
  static constexpr int kSteps = 200;
  static constexpr double kMaxTorque_Nm = 2.0, kMaxSpeed_radps = 8.0, kStep_s = 0.05;

  void Begin(RandomStream& random) {
    angle_rad_ = random.Uniform(-std::numbers::pi, std::numbers::pi);
    speed_radps_ = random.Uniform(-1.0, 1.0);
  }
  // The reward of the state before the step, as there; `action` in [-1, 1].
  double Step(double action) {
    const double torque = kMaxTorque_Nm * std::clamp(action, -1.0, 1.0);
    const double upright = std::remainder(angle_rad_, 2.0 * std::numbers::pi);
    const double reward =
        -(upright * upright + 0.1 * speed_radps_ * speed_radps_ + 0.001 * torque * torque);
    speed_radps_ += (15.0 * std::sin(angle_rad_) + 3.0 * torque) * kStep_s;
    speed_radps_ = std::clamp(speed_radps_, -kMaxSpeed_radps, kMaxSpeed_radps);
    angle_rad_ += speed_radps_ * kStep_s;
    return reward;
  }
  void Observe(float* vector) const {
    std::fill_n(vector, kVectorSize, 0.0f);
    vector[0] = static_cast<float>(std::cos(angle_rad_));
    vector[1] = static_cast<float>(std::sin(angle_rad_));
    vector[2] = static_cast<float>(speed_radps_ / kMaxSpeed_radps);
  }

 private:
  double angle_rad_ = 0.0, speed_radps_ = 0.0;
};

// TD3 with the Zoo's discount and learning rate and no device of our own: no clipping, no penalty,
// PyTorch's initial values, one-step returns. Smaller heads than there, for time.
Td3Options PlainTd3(uint64_t seed) {
  Td3Options options;
  LearnerConfig& config = options.config;
  config.discount = 0.98;
  config.actor_lr = config.critic_lr = 1e-3;
  config.head_widths = {64, 64};
  config.batch_size = 128;
  config.last_layer_init = 0.0;
  config.pre_tanh_penalty = 0.0;
  config.grad_clip = GradClip::kOff;
  options.mode = ObservationMode::kVector;
  options.seed = seed;
  options.acting_batch = 1;
  return options;
}

// Mean return of 20 swings from starts that are the same for every policy; null: no torque.
double MeanReturn(Td3Learner* learner) {
  constexpr int kSwings = 20;
  RandomStream random(5, "pendulum test starts");
  double sum = 0.0;
  for (int i = 0; i < kSwings; ++i) {
    Pendulum pendulum;
    pendulum.Begin(random);
    for (int step = 0; step < Pendulum::kSteps; ++step) {
      float vector[kVectorSize], action[kActionSize] = {};
      pendulum.Observe(vector);
      if (learner != nullptr) learner->Act(nullptr, vector, 1, action);
      sum += pendulum.Step(action[0]);
    }
  }
  return sum / kSwings;
}

// An update per step after 1,000 steps of random actions; exploration noise N(0, 0.1).
double ReturnAfterTraining(uint64_t seed, int steps) {
  constexpr int kRandomSteps = 1000;
  constexpr double kRewardScale = 0.1;
  const Td3Options options = PlainTd3(seed);
  Td3Learner learner(options);
  Replay replay({.num_worlds = 1,
                 .has_image = false,
                 .discount = options.config.discount,
                 .max_bytes = 100'000'000});
  RandomStream random(seed, "pendulum");
  Pendulum pendulum;
  Batch batch;
  float vector[kVectorSize];
  for (int step = 0; step < steps; ++step) {
    if (step % Pendulum::kSteps == 0) {
      pendulum.Begin(random);
      pendulum.Observe(vector);
      replay.Begin(0, nullptr, vector);
    }
    Action action;
    const bool at_random = step < kRandomSteps;
    if (!at_random) learner.Act(nullptr, vector, 1, &action.steer);
    for (float* a : {&action.steer, &action.throttle}) {
      const double noise = at_random ? random.Uniform(-1.0, 1.0) : 0.1 * random.Normal();
      *a = static_cast<float>(std::clamp(*a + noise, -1.0, 1.0));
    }
    const double reward = kRewardScale * pendulum.Step(action.steer);
    pendulum.Observe(vector);
    const bool last = (step + 1) % Pendulum::kSteps == 0;  // by the clock: not a terminal state
    replay.Add(0, action, static_cast<float>(reward), false, last, nullptr, vector);
    if (at_random) continue;
    RandomStream rows(seed, "replay", static_cast<uint64_t>(step));
    replay.Sample(rows, options.config.batch_size, batch);
    learner.Update(batch);
  }
  return MeanReturn(&learner);
}

TEST(PendulumShort, SwingsUpOnOneSeed) {
  SetLearnerThreads(1);
  EXPECT_GE(ReturnAfterTraining(0, 8000), -400.0);
}

TEST(Pendulum, ReachesThePublishedResultOnFiveSeeds) {
  SetLearnerThreads(1);
  std::printf("  return without torque %.0f\n", MeanReturn(nullptr));
  EXPECT_LT(MeanReturn(nullptr), -1000.0);
  for (uint64_t seed = 0; seed < 5; ++seed) {
    const double reached = ReturnAfterTraining(seed, 20000);
    std::printf("  seed %d: %.1f\n", static_cast<int>(seed), reached);
    EXPECT_GE(reached, -200.0) << "seed " << seed;
  }
}

}  // namespace
}  // namespace volante
