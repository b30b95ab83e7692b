#include "sim/traffic_census.h"

#include <algorithm>
#include <cmath>

#include "sim/collision.h"

namespace volante {
namespace {

constexpr double kJump_m = 4.0;  // no car drives that far in a tick
constexpr double kSeen_m = 250.0;
constexpr double kNear_m = 20.0;

bool InView(const EgoState& ego, Vec2 point) {
  const Vec2 p = LocalFromWorld({ego.position_m, ego.heading_rad}, point);
  const double distance = Norm(p);
  return distance < kNear_m || (distance < kSeen_m && std::abs(p.y) < p.x);
}

}  // namespace

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
    const TrafficLane& lane = traffic.map().lane(npc.plan[0]);
    const double cruise = npc.speed_factor * lane.cruise_mps;
    f.cruise_sum_mps += cruise;
    f.desired_sum_mps +=
        std::sqrt(std::min(cruise * cruise, traffic.map().AllowedSpeed2(lane, npc.s_m)));
    if (npc.standing_s > f.longest_stand_s) {
      f.longest_stand_s = npc.standing_s;
      if (npc.cause != StandCause::kNone) f.longest_cause = npc.cause;
      f.longest_npc = static_cast<int>(i);
      f.longest_tick = world.tick();
    }
  }
  last_m_.resize(npcs.size(), {1e300, 1e300});
  for (size_t i = 0; i < npcs.size(); ++i) {
    const Vec2 now = world.npcs()[i].position_m;
    if (f.ticks > 1 && Distance(now, last_m_[i]) > kJump_m) {
      ++f.jumps;
      const bool leaves_behind =
          Distance(last_m_[i], world.ego().position_m) < kNear_m &&
          LocalFromWorld({world.ego().position_m, world.ego().heading_rad}, last_m_[i]).x < 0.0;
      f.jumps_in_view +=
          (InView(world.ego(), last_m_[i]) && !leaves_behind) || InView(world.ego(), now);
    }
    last_m_[i] = now;
  }
  f.counters = traffic.counters();
}

}  // namespace volante
