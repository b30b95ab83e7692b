// Who drives the training worlds, and which action the replay remembers:
//             before learning_starts      then                                   remembered
//   TD3       random, or the policy       the policy, with exploration noise     as executed
//             after train --from
//   bc        the teacher with noise      the same                               teacher's, clean
//   dagger    the teacher with noise      teacher or policy by beta, with noise  teacher's, clean
// Nothing reads executed actions where a teacher is imitated. Plain state, saved with the trainer;
// never steps a world.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "config/config.h"
#include "env_api/env.h"
#include "run/noise.h"

namespace volante {

// As `progress/phase` logs it. While demonstrating the expert drives, before the first env step.
enum class Phase : uint8_t {
  kExploring,
  kLearning,
  kDemonstrating,
  kTeacherDrives,  // before an imitation learns
  kCloning,        // bc
  kDagger,
};
inline constexpr std::array kPhaseNames = {"exploring",      "learning", "demonstrating",
                                           "teacher drives", "cloning",  "dagger"};

class Behaviour {
 public:
  Behaviour() = default;
  // `begins_trained`: the networks are an older run's, so the policy drives from the beginning.
  Behaviour(const Config& config, bool begins_trained);

  Phase PhaseAt(int64_t env_step) const;
  // An episode begins in `world`.
  void Begin(int world, int64_t env_step) { noise_.Begin(world, env_step); }
  // The teacher's actions in the states that the worlds are in: to be given after every reset and
  // tick, and kept here, since a resumed run does not see those states again.
  std::span<Action> labels() { return labels_; }
  // Whether Choose needs the policy's actions.
  bool AsksPolicy(int64_t env_step) const;
  // What each world does now. `actions` holds the policy's where it was asked.
  void Choose(int64_t env_step, std::span<Action> actions);
  // The action that the replay remembers of the tick that `executed` made.
  Action Remembered(int world, Action executed) const {
    return imitation_.on() ? labels_[static_cast<size_t>(world)] : executed;
  }

  // Probability that the teacher drives a world at this tick; 0 where none is imitated.
  double Beta(int64_t env_step) const;
  double Sigma(int64_t env_step) const { return noise_.Sigma(env_step); }

  // The same bytes as before there were teachers where none is imitated.
  template <class Archive>
  void VisitFields(Archive& ar) {
    ar("exploration", noise_);
    if (imitation_.on()) ar("labels", labels_);
  }

 private:
  bool Explores(int64_t env_step) const {
    return env_step < learning_starts_ && !begins_trained_ && !imitation_.on();
  }

  ImitationConfig imitation_;
  uint64_t seed_ = 0;
  int64_t learning_starts_ = 0;
  bool begins_trained_ = false;
  bool remembers_ = false;
  Exploration noise_;
  std::vector<Action> labels_;  // [worlds]; empty where no teacher is imitated
};

}  // namespace volante
