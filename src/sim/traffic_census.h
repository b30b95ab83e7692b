// Counts what must hold of the traffic over hours: nobody touches anybody by an NPC's fault, nobody
// stands for ever, cars move. Reads a World after each of its ticks and keeps sums alone. Used by
// `volante map traffic` and the tests. Pure bookkeeping: it never changes the world.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/world.h"

namespace volante {

struct TrafficFigures {
  int64_t ticks = 0;
  uint64_t npc_contacts = 0;        // between two NPCs, counted when they begin
  uint64_t npc_fault_contacts = 0;  // an NPC ran into the ego, counted when it begins
  uint64_t ego_fault_contacts = 0;  // the ego ran into an NPC
  double longest_stand_s = 0.0;     // of an NPC in one place, without a red light
  StandCause longest_cause = StandCause::kNone;
  int longest_npc = -1;
  int64_t longest_tick = 0;
  // NPCs that jumped from or to a place that the ego sees: in front of it within 45 degrees on
  // either side and 250 m, or within 20 m of it anywhere.
  uint64_t jumps = 0, jumps_in_view = 0;
  double speed_sum_mps = 0.0;    // over NPCs and ticks
  double cruise_sum_mps = 0.0;   // likewise: cruising speed of its lane times its factor
  double desired_sum_mps = 0.0;  // likewise: that, or what bends allow if it is less (IDM's v0)
  TrafficCounters counters;      // of the whole time

  // Share of the desired speed that the NPCs drove at; 1 without NPCs.
  double SpeedShare() const {
    return desired_sum_mps > 0.0 ? speed_sum_mps / desired_sum_mps : 1.0;
  }
};

class TrafficCensus {
 public:
  void Observe(const World& world);
  const TrafficFigures& figures() const { return figures_; }

 private:
  TrafficFigures figures_;
  bool ego_touched_ = false;
  std::vector<Vec2> last_m_;  // positions of the NPCs
  int touching_ = 0;          // pairs of NPCs in the last tick
};

}  // namespace volante
