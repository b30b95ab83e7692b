#include "sim/traffic_census.h"

#include <algorithm>

#include "sim/collision.h"

namespace volante {

void TrafficCensus::Observe(const World& world) {
  TrafficFigures& f = figures_;
  ++f.ticks;
  const int touching = CountOverlaps(world.npcs());
  f.npc_contacts += static_cast<uint64_t>(std::max(0, touching - touching_));
  touching_ = touching;
  const WorldEvents& events = world.events();
  if (events.collision && !ego_touched_) {
    ++(events.at_fault ? f.ego_fault_contacts : f.npc_fault_contacts);
  }
  ego_touched_ = events.collision;
  const Traffic& traffic = world.traffic();
  const std::span<const Npc> npcs = traffic.npcs();
  for (size_t i = 0; i < npcs.size(); ++i) {
    const Npc& npc = npcs[i];
    f.speed_sum_mps += npc.speed_mps;
    f.desired_sum_mps += npc.speed_factor * traffic.map().lane(npc.plan[0]).cruise_mps;
    if (npc.standing_s > f.longest_stand_s) {
      f.longest_stand_s = npc.standing_s;
      f.longest_cause = npc.cause;
      f.longest_npc = static_cast<int>(i);
      f.longest_tick = world.tick();
    }
  }
  f.counters = traffic.counters();
}

}  // namespace volante
