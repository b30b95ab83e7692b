// What one update is in the event file: tags and values. Only what was computed is there: an
// imitation logs no critic.
#pragma once

#include <cstdint>

#include "learn/td3.h"
#include "replay/priorities.h"
#include "store/event_file.h"

namespace volante {

// Beside the learner's numbers, those of the run at this moment.
struct UpdateContext {
  int64_t env_step = 0;
  double exploration_sigma = 0.0;
  double beta = 0.0;  // logged where a teacher is imitated
  int64_t replay_transitions = 0;
  const Priorities* priorities = nullptr;  // null where transitions are drawn uniformly
  double minutes = 0.0;                    // of wall clock, of this process
};

void LogUpdate(EventWriter& events, const UpdateMetrics& metrics, const UpdateContext& context);

}  // namespace volante
