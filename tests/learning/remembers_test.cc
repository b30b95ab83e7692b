// Memory where it is needed: a cart whose speed grows by itself, to be held near the middle by one
// who sees only where it is. A memoryless policy u = f(x) can't: x'' = c x' + g f(x) gains energy
// at c x'^2 whatever f is, so the cart leaves the road in the end. Who knows its speed, seen or
// remembered, brakes. The second action does nothing.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/random.h"
#include "learn/td3.h"
#include "learn/torch_runtime.h"
#include "replay/replay.h"

namespace volante {
namespace {

class Cart {
 public:
  static constexpr int kMaxSteps = 100;
  static constexpr double kStep_s = 0.1, kGrowth_1ps = 1.0, kForce_mps2 = 3.0, kRoad_m = 1.0;

  void Begin(RandomStream& random) {
    x_m_ = random.Uniform(-0.5, 0.5);
    v_mps_ = random.Uniform(-0.5, 0.5);
    steps_ = 0;
  }
  // The reward: 1 in the middle of the road, 0 at its edge.
  double Step(double force) {
    v_mps_ += kStep_s * (kGrowth_1ps * v_mps_ + kForce_mps2 * std::clamp(force, -1.0, 1.0));
    x_m_ += kStep_s * v_mps_;
    ++steps_;
    return left() ? 0.0 : 1.0 - x_m_ * x_m_ / (kRoad_m * kRoad_m);
  }
  bool left() const { return x_m_ < -kRoad_m || x_m_ > kRoad_m; }
  bool over() const { return steps_ == kMaxSteps; }
  void Observe(bool speed_hidden, float* vector) const {
    std::fill_n(vector, kVectorSize, 0.0f);
    vector[0] = speed_hidden ? 0.0f : static_cast<float>(v_mps_);
    vector[1] = static_cast<float>(x_m_);
  }

 private:
  double x_m_ = 0.0, v_mps_ = 0.0;
  int steps_ = 0;
};

struct Task {
  Memory memory = Memory::kNone;
  bool speed_hidden = false;
  uint64_t seed = 0;
  int updates = 0;
};

Td3Options OptionsOf(const Task& task) {
  Td3Options options;
  options.config.memory = task.memory;
  options.config.batch_size = 256;
  options.config.head_widths = {64, 64};
  options.config.actor_lr = options.config.critic_lr = 1e-3;
  options.config.tau = 0.01;
  options.mode = ObservationMode::kVector;
  options.seed = task.seed;
  options.acting_batch = 8;
  return options;
}

// Mean undiscounted return over 50 starts, at most kMaxSteps; the policy of a learner, or none.
double MeanReturn(Td3Learner* learner, bool speed_hidden) {
  constexpr int kStarts = 50;
  double sum = 0.0;
  RandomStream random(77, "cart starts");
  for (int i = 0; i < kStarts; ++i) {
    Cart cart;
    cart.Begin(random);
    ActingMemory memory;
    if (learner != nullptr) memory = learner->NewMemory(1);
    while (!cart.left() && !cart.over()) {
      float vector[kVectorSize], action[kActionSize] = {};
      cart.Observe(speed_hidden, vector);
      if (learner != nullptr) learner->Act(nullptr, vector, 1, action, &memory);
      sum += cart.Step(action[0]);
    }
  }
  return sum / kStarts;
}

// TD3 from scratch: 8 carts, an update per 4 steps after the first 1,000 of random actions.
class Training {
 public:
  explicit Training(const Task& task)
      : task_(task),
        options_(OptionsOf(task)),
        learner_(options_),
        memory_(learner_.NewMemory(kCarts)),
        replay_({.num_worlds = kCarts,
                 .has_image = false,
                 .n_step = kReturns,
                 .discount = options_.config.discount,
                 .max_bytes = 100'000'000}),
        random_(task.seed, "carts") {
    for (int w = 0; w < kCarts; ++w) Begin(w);
  }

  double Run() {
    constexpr int kRandomSteps = 1000, kStepsPerUpdate = 4;
    int updates = 0;
    for (int steps = 0; updates < task_.updates; steps += kCarts) {
      Drive(steps < kRandomSteps);
      while (updates < std::min(task_.updates, (steps - kRandomSteps) / kStepsPerUpdate)) {
        Learn(updates++);
      }
    }
    return MeanReturn(&learner_, task_.speed_hidden);
  }

 private:
  static constexpr int kCarts = 8, kReturns = 1;

  float* Vector(int w) { return &vectors_[static_cast<size_t>(w) * kVectorSize]; }

  void Begin(int w) {
    carts_[static_cast<size_t>(w)].Begin(random_);
    carts_[static_cast<size_t>(w)].Observe(task_.speed_hidden, Vector(w));
    replay_.Begin(w, nullptr, Vector(w));
    memory_.Reset(w);
  }

  void Drive(bool at_random) {
    constexpr double kNoise = 0.2, kRewardScale = 0.1;
    std::vector<Action> actions(kCarts);
    if (!at_random) learner_.Act(nullptr, vectors_.data(), kCarts, &actions[0].steer, &memory_);
    for (int w = 0; w < kCarts; ++w) {
      Action& action = actions[static_cast<size_t>(w)];
      for (float* a : {&action.steer, &action.throttle}) {
        const double noise = at_random ? random_.Uniform(-1.0, 1.0) : kNoise * random_.Normal();
        *a = static_cast<float>(std::clamp(*a + noise, -1.0, 1.0));
      }
      Cart& cart = carts_[static_cast<size_t>(w)];
      const double reward = kRewardScale * cart.Step(action.steer);
      cart.Observe(task_.speed_hidden, Vector(w));
      replay_.Add(w, action, static_cast<float>(reward), cart.left(), !cart.left() && cart.over(),
                  nullptr, Vector(w));
      if (cart.left() || cart.over()) Begin(w);
    }
  }

  void Learn(int update) {
    const LearnerConfig& config = options_.config;
    const int drawn = DrawsPerBatch(config);
    RandomStream random(task_.seed, "replay", static_cast<uint64_t>(update));
    if (config.memory == Memory::kNone) {
      replay_.Sample(random, drawn, batch_);
    } else {
      batch_.ResizeSequences(drawn, config.sequence_length, kReturns, false);
      replay_.SampleSequences(random, 0, drawn, config.burn_in, batch_);
    }
    learner_.Update(batch_);
  }

  Task task_;
  Td3Options options_;
  Td3Learner learner_;
  ActingMemory memory_;
  Replay replay_;
  RandomStream random_;  // starts and noise
  std::vector<Cart> carts_ = std::vector<Cart>(kCarts);
  std::vector<float> vectors_ = std::vector<float>(kCarts * kVectorSize);
  Batch batch_;
};

double ReturnAfterTraining(const Task& task) { return Training(task).Run(); }

// One seed: no more than kMaxSteps can be earned.
TEST(RemembersShort, AGruBrakesForASpeedThatItDoesNotSee) {
  SetLearnerThreads(1);
  EXPECT_GE(ReturnAfterTraining({Memory::kGru, true, 0, 1200}), 90.0);
  EXPECT_LE(ReturnAfterTraining({Memory::kNone, true, 0, 1200}), 60.0);
}

// With speed hidden both cells reach 0.9 of the full state's return, the memoryless 0.6 at
// most. The cells' 0.9 is of what the full state gains over no action at all, which is stricter.
TEST(Remembers, BothCellsReachTheFullStatesReturnAndTheMemorylessDoesNot) {
  SetLearnerThreads(1);
  constexpr int kUpdates = 1500;
  const double idle = MeanReturn(nullptr, true);
  std::printf("  return of %d; no action %.1f\n", Cart::kMaxSteps, idle);
  for (uint64_t seed = 0; seed < 3; ++seed) {
    const double full = ReturnAfterTraining({Memory::kNone, false, seed, kUpdates});
    const double gru = ReturnAfterTraining({Memory::kGru, true, seed, kUpdates});
    const double lstm = ReturnAfterTraining({Memory::kLstm, true, seed, kUpdates});
    const double memoryless = ReturnAfterTraining({Memory::kNone, true, seed, kUpdates});
    std::printf("  seed %d: full state %.1f; speed hidden: gru %.1f, lstm %.1f, memoryless %.1f\n",
                static_cast<int>(seed), full, gru, lstm, memoryless);
    EXPECT_GE(full, 90.0);
    EXPECT_GE((gru - idle) / (full - idle), 0.9);
    EXPECT_GE((lstm - idle) / (full - idle), 0.9);
    EXPECT_LE(memoryless / full, 0.6);
  }
}

}  // namespace
}  // namespace volante
