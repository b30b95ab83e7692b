// The other cars: IDM car following on lanes, random turns, and who goes first at junctions.
// A copyable value; World owns one and calls it in this order each tick: Accelerate (from the old
// state of everything), Move, Observe (the ego's new pose; junction rights for the next tick).
// Deterministic from Start's seed; allocates nothing after Start.
//
// Junctions: a car that comes near the line asks for the connecting lanes it will drive. Requests
// are served by arrival tick, then turn (straight, right, left), then index; one is granted when no
// car that holds a crossing or joining lane still has the shared zone before it, no earlier request
// for such a lane waits, and its exit has room. A lane is held until the car's rear has left it.
// The ego asks by the same rules along its route.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/archive.h"
#include "base/geometry.h"
#include "base/random.h"
#include "road/route.h"
#include "sim/idm.h"
#include "sim/traffic_map.h"
#include "sim/vehicle_state.h"

namespace volante {

inline constexpr double kSimTickSeconds = 0.05;

// From how far before the line a car asks for the right to enter.
inline double RequestDistance(double speed_mps) { return 5.0 + 3.0 * speed_mps; }

// A car that gives way to the ego stops this far before the shared zone.
inline constexpr double kYieldStop_m = 0.5;

// Why a car stands.
enum class StandCause : uint8_t {
  kNone,
  kLeader,      // another NPC ahead
  kEgo,         // the ego ahead, or on the way
  kJunction,    // waits for the right to enter
  kExitFull,    // would block the junction
  kYieldToEgo,  // lets an ego pass that took the way
  kDeadEnd,     // waits for a free place elsewhere (open maps)
  kScript,      // a suite's script holds it
};

// Connecting lanes that an agent has the right to drive.
struct Holdings {
  static constexpr size_t kMost = 8;
  struct Entry {
    LaneIndex lane = kNoLane;
    double begin_m = 0.0;  // the agent's odometer where its centre enters the lane

    template <class Archive>
    void VisitFields(Archive& ar) {
      ar("lane", lane);
      ar("begin_m", begin_m);
    }
  };
  std::array<Entry, kMost> entries{};
  uint32_t count = 0;
  LaneIndex exit = kNoLane;  // where it leaves the junction

  std::span<const Entry> lanes() const { return {entries.data(), count}; }
  void Add(LaneIndex lane, double begin_m);
  // Lets go of the lanes that the rear has left.
  void Release(double rear_m, const TrafficMap& map);
  void Clear() { count = 0, exit = kNoLane; }

  template <class Archive>
  void VisitFields(Archive& ar) {
    ar("entries", entries);
    ar("count", count);
    ar("exit", exit);
  }
};

struct Npc {
  static constexpr size_t kPlan = 8;

  double s_m = 0.0;  // of its centre, on plan[0]
  double speed_mps = 0.0;
  double accel_mps2 = 0.0;
  double odometer_m = 0.0;
  double length_m = 4.5, width_m = 1.9, height_m = 1.5;
  double speed_factor = 1.0;  // on the cruising speed
  double time_gap_s = 1.2;
  uint8_t color = 0;

  std::array<LaneIndex, kPlan> plan{};  // lanes to drive; [0] is the current one
  uint32_t plan_count = 0;
  uint32_t granted_end = 1;      // plan[k] for k < granted_end may be driven
  uint32_t line_plan = 0;        // first lane of the next junction; 0 = none in the plan
  double line_odometer_m = 0.0;  // where its centre would enter that lane
  Holdings held;
  int64_t arrival_tick = -1;  // since when it asks; -1 = does not
  bool yields_to_ego = false;
  double yield_odometer_m = 0.0;  // where its front must wait for the ego

  int32_t ahead = -1, behind = -1;  // neighbours on the same lane
  double standing_s = 0.0;
  double following_ego_s = 0.0;          // since when the ego is its leader on its lane
  StandCause cause = StandCause::kNone;  // what limits its speed most

  double half_length_m() const { return 0.5 * length_m; }
  double front_m() const { return odometer_m + 0.5 * length_m; }
  double rear_m() const { return odometer_m - 0.5 * length_m; }

  template <class Archive>
  void VisitFields(Archive& ar) {
    ar("s_m", s_m);
    ar("speed_mps", speed_mps);
    ar("accel_mps2", accel_mps2);
    ar("odometer_m", odometer_m);
    ar("length_m", length_m);
    ar("width_m", width_m);
    ar("height_m", height_m);
    ar("speed_factor", speed_factor);
    ar("time_gap_s", time_gap_s);
    ar("color", color);
    ar("plan", plan);
    ar("plan_count", plan_count);
    ar("granted_end", granted_end);
    ar("line_plan", line_plan);
    ar("line_odometer_m", line_odometer_m);
    ar("held", held);
    ar("arrival_tick", arrival_tick);
    ar("yields_to_ego", yields_to_ego);
    ar("yield_odometer_m", yield_odometer_m);
    ar("ahead", ahead);
    ar("behind", behind);
    ar("standing_s", standing_s);
    ar("following_ego_s", following_ego_s);
    ar("cause", cause);
  }
};

// What a car of a suite does beside the ordinary rules. Its speed limit and its stop hold until
// release_tick; then it drives as everybody does.
struct NpcScript {
  double speed_limit_mps = 1e9;
  double stop_odometer_m = 1e9;  // where its centre comes to a stop
  int64_t release_tick = 0;
  bool goes_first = false;  // at junctions, before everybody who has no right yet

  template <class Archive>
  void VisitFields(Archive& ar) {
    ar("speed_limit_mps", speed_limit_mps);
    ar("stop_odometer_m", stop_odometer_m);
    ar("release_tick", release_tick);
    ar("goes_first", goes_first);
  }
};

// A car that a suite places: body, first speed, s_m and the first lanes of its plan are given, the
// rest of the plan is drawn.
struct ScriptedCar {
  Npc npc;
  NpcScript script;
};

// A stretch of the ego's route through a junction.
struct RouteCrossing {
  static constexpr size_t kMostLanes = 6;
  std::array<LaneIndex, kMostLanes> lanes{};
  std::array<double, kMostLanes> lane_begin_m{};  // route arc length
  uint32_t count = 0;
  double begin_m = 0.0, end_m = 0.0;
  LaneIndex exit = kNoLane;
};
// In the order of the route.
std::vector<RouteCrossing> FindCrossings(const Route& route);

// The ego as the traffic sees it.
struct EgoView {
  OrientedBox box;
  Vec2 direction;  // unit vector of its heading
  double speed_mps = 0.0;
  double route_s_m = 0.0;  // its centre's projection on its route
  std::span<const RouteCrossing> crossings;
};

// The ego's place in the junction rules.
struct EgoRights {
  Holdings held;
  bool licensed = false;  // it was granted the lanes; else it took them
  bool lapsed = false;    // it stood too long: its right went to others until it drives
  uint32_t crossing = 0;  // first crossing of the route that is not behind it
  uint32_t held_end = 0;  // crossings before this one are held or behind
  int64_t arrival_tick = -1;
  double standing_s = 0.0;
  bool must_yield = false;  // at crossing held_end, now

  template <class Archive>
  void VisitFields(Archive& ar) {
    ar("held", held);
    ar("licensed", licensed);
    ar("lapsed", lapsed);
    ar("crossing", crossing);
    ar("held_end", held_end);
    ar("arrival_tick", arrival_tick);
    ar("standing_s", standing_s);
    ar("must_yield", must_yield);
  }
};

struct TrafficCounters {
  uint64_t forced_grants = 0;         // by the deadlock guard; 0 unless something is wrong
  uint64_t relocations = 0;           // NPCs moved from a dead end of an open map
  uint64_t npc_fault_collisions = 0;  // ticks in which an NPC ran into the ego by its own fault

  template <class Archive>
  void VisitFields(Archive& ar) {
    ar("forced_grants", forced_grants);
    ar("relocations", relocations);
    ar("npc_fault_collisions", npc_fault_collisions);
  }
};

class Traffic {
 public:
  Traffic() = default;
  Traffic(std::shared_ptr<const TrafficMap> map, bool yields_to_ego);

  // Places num_npcs cars at random free places, none within 20 m of the ego (bumper to bumper or
  // nearer than that in any direction). Error(kBadInput) when they do not fit. The cars of a suite
  // come first, where they say; with them on the road, nobody gives way to an ego that takes it.
  void Start(uint64_t seed, int num_npcs, const EgoView& ego,
             std::span<const ScriptedCar> scripted = {});

  // The three parts of a tick, in this order.
  void Accelerate();
  void Move(const EgoView& ego);
  void Observe(const EgoView& ego);

  std::span<const Npc> npcs() const { return npcs_; }
  // Of the first cars; empty unless a suite placed some.
  std::span<const NpcScript> scripts() const { return scripts_; }
  const EgoRights& ego_rights() const { return ego_; }
  const TrafficCounters& counters() const { return counters_; }
  void CountNpcFault() { ++counters_.npc_fault_collisions; }
  const TrafficMap& map() const { return *map_; }
  // One entry per NPC.
  void WritePoses(std::span<VehicleState> out) const;
  // Mean speed of all NPCs, m/s; 0 when there are none.
  double MeanSpeed() const;

  // After loading: rebuilds what is derived. Error(kBadInput) when the state does not belong to
  // this map.
  void Relink(const EgoView& ego);

  template <class Archive>
  void VisitFields(Archive& ar) {
    ar("random", random_);
    ar("npcs", npcs_);
    ar("scripts", scripts_);
    ar("ego", ego_);
    ar("counters", counters_);
    ar("tick", tick_);
  }

 private:
  // The ego's body on one lane.
  struct EgoOnLane {
    LaneIndex lane = kNoLane;
    double rear_s_m = 0.0, mid_s_m = 0.0;
    double speed_mps = 0.0;  // along the lane, >= 0
    bool along = false;      // its heading is within 45 degrees of the lane's
  };
  // One lane that somebody holds. agent: NPC index, kEgoAgent for the ego.
  struct Active {
    LaneIndex lane = kNoLane;
    int32_t agent = 0;
    double rear_s_m = 0.0;  // of the holder's rear, on that lane
  };
  struct Request {
    int64_t arrival_tick = 0;
    uint8_t turn_rank = 0;
    bool lapsed = false;  // asks only whether it would have to wait
    int32_t agent = 0;
  };
  // The most that others ask of one car.
  struct Limit {
    double interaction = 0.0;
    StandCause cause = StandCause::kNone;
    void Take(double value, StandCause why) {
      if (value > interaction) interaction = value, cause = why;
    }
  };

  // traffic_start.cc
  void PlaceScripted(std::span<const ScriptedCar> scripted, std::vector<OrientedBox>& taken);
  void Place(const EgoView& ego, size_t count, std::vector<OrientedBox>& taken);
  double FreeWay(const Npc& npc) const;
  void ChooseSpeeds();
  void Relocate(int32_t i, const EgoView& ego);
  // traffic.cc
  LaneIndex DrawNext(LaneIndex from);
  void ExtendPlan(Npc& npc);
  void FindLine(Npc& npc);
  void Insert(int32_t i);
  void Remove(int32_t i);
  void EnterNextLane(int32_t i);
  void AccelerateOne(int32_t i);
  void BrakeByScript(Npc& npc, const NpcScript& script, bool was_braking) const;
  const NpcScript* ScriptOf(size_t i) const { return i < scripts_.size() ? &scripts_[i] : nullptr; }
  bool YieldsToEgo() const { return yields_to_ego_ && scripts_.empty(); }
  void FindEgoLanes(const EgoView& ego);
  const EgoOnLane* EgoOn(LaneIndex lane) const {
    const int8_t slot = ego_slot_[static_cast<size_t>(lane)];
    return slot < 0 ? nullptr : &ego_lanes_[static_cast<size_t>(slot)];
  }
  bool EgoBlocks(LaneIndex lane) const;
  // traffic_junctions.cc
  void UpdateEgoRights(const EgoView& ego);
  void GatherActive(const EgoView& ego);
  void AddActive(const Holdings& held, int32_t agent, double rear_m);
  void GatherRequests(const EgoView& ego);
  bool LeaderWaitsAtLine(const Npc& npc) const;
  void GrantEgo(const RouteCrossing& crossing);
  void RedrawTurn(Npc& npc);
  void DecideForEgo(const Request& request, const EgoView& ego);
  void DecideForNpc(const Request& request, const EgoView& ego);
  bool Taken(std::span<const LaneIndex> lanes, int32_t agent) const;
  bool Claimed(std::span<const LaneIndex> lanes) const;
  bool ExitHasRoom(const Npc& npc, uint32_t exit_plan, const EgoView& ego) const;
  void UpdateYielding(const EgoView& ego);

  std::shared_ptr<const TrafficMap> map_;
  bool yields_to_ego_ = true;

  // State.
  RandomStream random_;
  std::vector<Npc> npcs_;
  std::vector<NpcScript> scripts_;  // of the first npcs_
  EgoRights ego_;
  TrafficCounters counters_;
  int64_t tick_ = 0;

  // Derived from the state and the ego's pose.
  std::vector<int32_t> first_, last_;  // per lane: foremost and rearmost NPC, -1 none
  std::vector<EgoOnLane> ego_lanes_;
  std::vector<int8_t> ego_slot_;       // per lane: index into ego_lanes_, -1 none
  std::vector<int32_t> near_samples_;  // lane samples around near_center_m_
  Vec2 near_center_m_{1e300, 1e300};
  // Scratch of Observe.
  std::vector<Active> active_;
  std::vector<Request> requests_;
  std::vector<LaneIndex> claims_;
  std::vector<uint8_t> lane_active_;  // per lane: is in active_
};

}  // namespace volante
