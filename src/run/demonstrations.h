// Transitions of the scripted expert (idm_mobil) for a share of each batch. Drives the training
// worlds before the agent does: the same routes, starts, traffic, scenario and reward, correlated
// noise on its actions so that corrections are seen. Everything follows from the seed, so a resumed
// run drives them again instead of storing them; a checkpoint holds their hash. Owns nothing;
// called once by the trainer.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "config/config.h"
#include "env_api/env.h"
#include "replay/replay.h"

namespace volante {

// Rows of a batch (sequences, where there is a memory) that are drawn from the demonstrations.
int DemonstrationRows(const Config& config);

// The most memory that they take, bytes; 0 where there are none.
uint64_t DemonstrationBytes(const Config& config);

struct Demonstrations {
  // Rows [first, first + count) of the batch, which are its last, and their labels.
  void SampleRows(RandomStream& random, int first, int count, Batch& batch) const;

  // The same for sequences [first, first + count), the batch's last (Replay::SampleSequences).
  void SampleSequences(RandomStream& random, int first, int count, int burn_in, Batch& batch) const;

  std::unique_ptr<Replay> replay;  // null when `stop` came first; holds what was executed
  std::vector<Action> labels;  // by the replay's ordinals: what the expert wanted, without noise
  int64_t env_steps = 0;       // demonstrations.env_steps, rounded up to whole rounds
  int64_t episodes = 0;        // finished
  int64_t successes = 0;

 private:
  // Of the rows from `first` on.
  void Label(size_t first, Batch& batch) const;
};

// Called now and then with the env steps done.
using DemonstrationProgress = std::function<void(int64_t env_steps)>;

// Leaves every world in the middle of an episode: reset them all.
Demonstrations CollectDemonstrations(Env& env, const Config& config,
                                     const ReplayOptions& like_the_agents,
                                     const std::atomic<bool>& stop,
                                     const DemonstrationProgress& progress);

}  // namespace volante
