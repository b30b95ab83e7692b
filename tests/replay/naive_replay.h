// The replay as one would write it first: every observation with its whole stack, every transition
// as a pair of them, nothing shared. The tests compare the real one with it.
#pragma once

#include <cstdint>
#include <cstring>
#include <deque>
#include <vector>

#include "base/random.h"
#include "replay/replay.h"

namespace volante {

// One world's next event, made from a random stream so that a run can be repeated.
struct StreamStep {
  int world = 0;
  bool begin = false;
  Action action;
  float reward = 0.0f;
  bool terminated = false, truncated = false;
  std::vector<uint8_t> frame = std::vector<uint8_t>(kImagePixels);
  std::vector<float> vector;
};

// Random episodes of 1..30 steps in several worlds: some terminate, some are truncated, some are
// cut by a failing simulator (a Begin without an end).
class RandomEpisodes {
 public:
  RandomEpisodes(uint64_t seed, int num_worlds, int vector_size = kVectorSize)
      : random_(seed, "episodes"),
        steps_left_(static_cast<size_t>(num_worlds), -1),
        vector_size_(static_cast<size_t>(vector_size)) {}

  StreamStep Next() {
    StreamStep step;
    step.world = static_cast<int>(random_.Below(steps_left_.size()));
    int& left = steps_left_[static_cast<size_t>(step.world)];
    const bool cut = left > 0 && random_.Uniform() < 0.01;
    step.begin = left <= 0 || cut;
    if (step.begin) {
      left = 1 + static_cast<int>(random_.Below(30));
    } else {
      --left;
      step.action = {static_cast<float>(random_.Uniform(-1, 1)),
                     static_cast<float>(random_.Uniform(-1, 1))};
      step.reward = static_cast<float>(random_.Normal());
      if (left == 0) {
        const bool terminated = random_.Uniform() < 0.5;
        step.terminated = terminated;
        step.truncated = !terminated;
      }
    }
    const uint32_t salt = random_.NextUint32();
    for (size_t i = 0; i < step.frame.size(); ++i) {
      step.frame[i] = static_cast<uint8_t>((salt + i * 2654435761u) >> 13);
    }
    step.vector.resize(vector_size_);
    for (float& v : step.vector) v = static_cast<float>(random_.Normal());
    return step;
  }

 private:
  RandomStream random_;
  std::vector<int> steps_left_;
  size_t vector_size_;
};

inline void Feed(Replay& replay, const StreamStep& step) {
  if (step.begin) {
    replay.Begin(step.world, step.frame.data(), step.vector.data());
  } else {
    replay.Add(step.world, step.action, step.reward, step.terminated, step.truncated,
               step.frame.data(), step.vector.data());
  }
}

struct NaiveObservation {
  std::vector<uint8_t> stack;  // [4, 84, 84]
  std::vector<float> vector;
};

struct NaiveTransition {
  NaiveObservation from, to;
  Action action;
  float reward = 0.0f;    // n-step
  float discount = 0.0f;  // gamma^m or 0
};

class NaiveReplay {
 public:
  NaiveReplay(int num_worlds, int stride, int n_step, double gamma, size_t capacity)
      : stride_(stride),
        n_step_(static_cast<size_t>(n_step)),
        gamma_(gamma),
        capacity_(capacity),
        worlds_(static_cast<size_t>(num_worlds)) {}

  void Feed(const StreamStep& step) {
    World& world = worlds_[static_cast<size_t>(step.world)];
    if (step.begin) {
      Complete(world, true, false);
      world = World();
    } else {
      world.actions.push_back(step.action);
      world.rewards.push_back(step.reward);
    }
    world.frames.push_back(step.frame);
    world.observations.push_back({Stack(world.frames), step.vector});
    Complete(world, step.terminated || step.truncated, step.terminated);
    if (step.terminated || step.truncated) world = World();
    while (transitions.size() > capacity_) transitions.pop_front();
  }

  std::deque<NaiveTransition> transitions;  // oldest first
  uint64_t made = 0;                        // transitions ever, also those that are gone

 private:
  struct World {
    std::vector<std::vector<uint8_t>> frames;  // of this episode
    std::vector<NaiveObservation> observations;
    std::vector<Action> actions;
    std::vector<float> rewards;
    size_t done = 0;  // transitions made of this episode
  };

  // Four frames, `stride_` apart, ending with the newest; where there are none yet, the first.
  std::vector<uint8_t> Stack(const std::vector<std::vector<uint8_t>>& frames) const {
    std::vector<uint8_t> stack;
    const int newest = static_cast<int>(frames.size()) - 1;
    for (int back = 3; back >= 0; --back) {
      const int index = newest - back * stride_;
      const auto& frame = frames[static_cast<size_t>(index < 0 ? 0 : index)];
      stack.insert(stack.end(), frame.begin(), frame.end());
    }
    return stack;
  }

  void Complete(World& world, bool ended, bool terminated) {
    const size_t steps = world.rewards.size();
    while (world.done < steps && (ended || world.done + n_step_ <= steps)) {
      const size_t from = world.done++;
      const size_t to = from + n_step_ < steps ? from + n_step_ : steps;
      double reward = 0.0, weight = 1.0;
      for (size_t i = from; i < to; ++i) {
        reward += weight * static_cast<double>(world.rewards[i]);
        weight *= gamma_;
      }
      const bool zero = terminated && to == steps;
      ++made;
      transitions.push_back({world.observations[from], world.observations[to], world.actions[from],
                             static_cast<float>(reward), zero ? 0.0f : static_cast<float>(weight)});
    }
  }

  int stride_;
  size_t n_step_;
  double gamma_;
  size_t capacity_;
  std::vector<World> worlds_;
};

}  // namespace volante
