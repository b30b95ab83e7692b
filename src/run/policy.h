// Who drives in an evaluation or a drive: a trained network or a scripted driver, behind one
// interface over N worlds. Not thread-safe.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "env/driver.h"
#include "env/observation.h"
#include "env/replay_file.h"
#include "env_api/env.h"
#include "learn/td3.h"

namespace volante {

class Policy {
 public:
  virtual ~Policy() = default;
  virtual std::string name() const = 0;
  // An episode began in `world`; `view` holds its first observation.
  virtual void Begin(int world, uint64_t episode_seed, const StepView& view) = 0;
  // The observation after a step, of every world.
  virtual void Observe(const StepView& view) = 0;
  // One action per world, deterministic.
  virtual void Act(const StepView& view, std::span<Action> actions) = 0;
  // Q1 of the last actions, or empty when the policy has no critic. Asked after every Act or never:
  // a critic with memory follows the drive by it.
  virtual std::vector<float> Q(const StepView&, std::span<const Action>) { return {}; }
};

// The learner's deterministic policy. The learner must outlive it.
std::unique_ptr<Policy> MakeNetworkPolicy(Td3Learner& learner, const Config& config, int num_worlds,
                                          std::string label);

// The same with one fixed picture [84, 84] in place of all 4 frames: the blind control of a policy
// that sees.
std::unique_ptr<Policy> MakeBlindPolicy(Td3Learner& learner, const Config& config, int num_worlds,
                                        std::string label, std::span<const uint8_t> picture);

// One of DriverNames().
std::unique_ptr<Policy> MakeDriverPolicy(std::string_view driver, const Config& config,
                                         int num_worlds);

// The actions of a record again, for one world; beyond its end it brakes.
std::unique_ptr<Policy> MakeReplayPolicy(const EpisodeRecord& record);

}  // namespace volante
