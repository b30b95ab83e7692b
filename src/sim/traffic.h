// The other cars: IDM car following on lanes, random turns, and who goes first at junctions.
// A copyable value; World owns one and calls it in this order each tick: Accelerate (from the old
// state of everything), Move, Observe (the ego's new pose; junction rights for the next tick).
// Deterministic from Start's seed; allocates nothing after Start.
//
// Junctions: a car that comes near the line asks for the connecting lanes it will drive. Requests
// are served by arrival tick, then turn (straight, right, left), then index; one is granted when
// every car that holds a crossing or joining lane will have left the shared zone before this one is
// there, no request for such a lane is due (it has waited 8 s), and its exit has room. A lane is
// held until the car's rear has left it; until then whoever was granted a lane across it later
// stays before the zone, or behind where the ways join (traffic_precedence.cc). The ego asks by the
// same rules along its route, but shares a zone with nobody.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/archive.h"
#include "base/geometry.h"
#include "base/random.h"
#include "config/config.h"
#include "road/route.h"
#include "sim/idm.h"
#include "sim/mobil.h"
#include "sim/npc.h"
#include "sim/signal_control.h"
#include "sim/traffic_map.h"
#include "sim/vehicle_state.h"

namespace volante {

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
  double ground_m = 0.0;  // height of the ground below its centre
  Vec2 direction;         // unit vector of its heading
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
  bool must_yield = false;    // at crossing held_end, now
  bool waits_at_red = false;  // it stands for a light

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
    ar("waits_at_red", waits_at_red);
  }
};

struct TrafficCounters {
  uint64_t forced_grants = 0;  // by the deadlock guard; 0 unless something is wrong
  // NPCs moved: from a dead end of an open map, or out of the queue of an ego that stands.
  uint64_t relocations = 0;
  uint64_t npc_fault_collisions = 0;  // ticks in which an NPC ran into the ego by its own fault
  uint64_t lane_changes = 0;
  uint64_t red_lights_run = 0;  // by NPCs: 0

  template <class Archive>
  void VisitFields(Archive& ar) {
    ar("forced_grants", forced_grants);
    ar("relocations", relocations);
    ar("npc_fault_collisions", npc_fault_collisions);
    ar("lane_changes", lane_changes);
    ar("red_lights_run", red_lights_run);
  }
};

// A light ahead of the ego.
struct LightAhead {
  bool exists = false;
  LaneIndex lane = kNoLane;  // the connecting lane that it holds
  LightColor color = LightColor::kGreen;
  double distance_m = 1e9;  // front bumper to the line
  bool stop = false;        // red, or amber that one can stop at
};

class Traffic {
 public:
  // What a body on a lane has before and behind it; gaps are bumper to bumper.
  struct Around {
    static constexpr int32_t kNobody = -2;
    double lead_gap_m = 1e9, lead_speed_mps = 0.0;
    double follower_gap_m = 1e9, follower_speed_mps = 0.0;
    int32_t follower = kNobody;  // NPC index or kEgoAgent
    bool ego_leads = false;
  };

  Traffic() = default;
  Traffic(std::shared_ptr<const TrafficMap> map, const NpcConfig& config);

  // Places num_npcs cars at random free places, none within 20 m of the ego (bumper to bumper or
  // nearer than that in any direction). Error(kBadInput) when they do not fit. The cars of a suite
  // come first, where they say; with them on the road, nobody gives way to an ego that takes it.
  // `ranges`: this episode's drivers; those of NpcRanges::Of(config) unless given.
  void Start(uint64_t seed, int num_npcs, const EgoView& ego,
             std::span<const ScriptedCar> scripted = {},
             const std::optional<NpcRanges>& ranges = std::nullopt);

  // What the configuration says, or a suite instead; no part of the state. Before Start or Relink.
  void SetYieldsToEgo(bool yields) { yields_to_ego_ = yields; }

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
  // The colour now of a phase of a plan (RoadNetwork::signal_plans()).
  LightColor PhaseColor(size_t plan, int phase) const;
  // Of a connecting lane, green where no light holds it.
  LightColor LightOf(LaneIndex lane) const;
  // Of every phase of every plan, plan by plan: what the lamps show now.
  void WriteLightColors(std::vector<LightColor>& out) const;
  // The next light on the ego's route within 100 m.
  LightAhead LightBefore(const EgoView& ego) const;
  // Whether the ego's front passed a line at red, coming from this route arc length of its centre.
  bool RanRed(const EgoView& ego, double from_route_s_m) const;
  // Whether an NPC is changing into a lane and began at most 3 s ago: too late for who drives
  // there. Who takes longer, in a queue, is an obstacle as any other.
  bool CutsInto(LaneIndex lane, size_t npc) const;
  // Lanes that follow each other.
  struct Way {
    static constexpr size_t kMost = 4;
    std::array<LaneIndex, kMost> lanes{};
    size_t count = 0;
    bool full() const { return count == kMost; }
    void Add(LaneIndex lane) { lanes[count++] = lane; }
  };
  // Who else is on a way, for an ego with its centre at s of the first lane: leaders on the way,
  // followers on whatever leads to it.
  Around AroundEgo(const Way& way, double s_m, double half_length_m) const;
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
    ar("lights", lights_);
    ar("grants", grants_);
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
    int64_t order = 0;      // of its grant
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
    int32_t leader = -1;  // the NPC that asks it
    void Take(double value, StandCause why, int32_t who) {
      if (value > interaction) interaction = value, cause = why, leader = who;
    }
  };

  // A body on the ground of its level.
  struct Outline {
    OrientedBox box;
    double ground_m = 0.0;
    bool Touches(const Outline& other) const {
      return std::abs(ground_m - other.ground_m) < RoadNetwork::kLevelHeightM &&
             Overlap(box, other.box);
    }
  };
  // traffic_start.cc
  void PlaceScripted(std::span<const ScriptedCar> scripted, std::vector<Outline>& taken);
  void Place(uint64_t seed, const EgoView& ego, size_t count, std::vector<Outline>& taken);
  Outline OutlineOf(const Npc& npc, double margin_m) const;
  double FreeWay(const Npc& npc) const;
  void ChooseSpeeds();
  // traffic_relocation.cc
  void WaitAtDeadEnd(int32_t i, const EgoView& ego);
  void RelocateBlocked(const EgoView& ego);
  void Relocate(int32_t i, const EgoView& ego);
  bool PlaceIsFree(const Npc& moved, int32_t i, const EgoView& ego) const;
  // traffic_lights.cc
  void DrawLights(uint64_t seed);
  void ObeyLights(const EgoView& ego);
  void AskForLight(LaneIndex lane, double distance_m);
  void ObeyLight(Npc& npc);
  void RevokeAtRed(const EgoView& ego);
  // traffic_lanes.cc
  void ChangeLanes();
  void ConsiderChange(int32_t i);
  bool IsBlocked(const Npc& npc) const;
  double ChangeBias(const Npc& npc, LaneIndex to) const;
  bool ChangePays(int32_t i, LaneIndex to, double to_s_m, double bias_mps2, double& gain) const;
  Around LookAround(LaneIndex lane, double s_m, double half_length_m, int32_t self,
                    double look_behind_m) const;
  void LookBehind(LaneIndex lane, double to_s_m, int hops, int32_t self, double look_behind_m,
                  Around& around) const;
  double FollowingAcceleration(const Npc* npc, double speed_mps, double lead_speed_mps,
                               double gap_m) const;
  void BeginChange(int32_t i, LaneIndex to, double to_s_m);
  void AdvanceChange(int32_t i);
  void ForgetChange(int32_t i);
  void DrawWish(Npc& npc);  // traffic.cc
  LaneIndex DrawNext(LaneIndex from, VehicleKind kind);
  void ExtendPlan(Npc& npc);
  void FindLine(Npc& npc);
  void Insert(int32_t i);
  void Remove(int32_t i);
  void EnterNextLane(int32_t i);
  void AccelerateOne(int32_t i);
  void BrakeByScript(Npc& npc, const NpcScript& script, bool was_braking) const;
  CurvePoint PlaceOf(const Npc& npc) const;
  CurvePoint AxlesOnLane(const Npc& npc) const;
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
  bool IsDue(const Request& request) const;
  bool Claimed(std::span<const LaneIndex> lanes) const;
  bool ExitHasRoom(const Npc& npc, uint32_t exit_plan, const EgoView& ego) const;
  void UpdateYielding(const EgoView& ego);
  // traffic_precedence.cc
  bool FreeOnArrival(std::span<const LaneIndex> lanes, int32_t agent) const;
  void UpdatePrecedence();
  void BrakeForCrossing(Npc& npc, bool was_braking) const;

  std::shared_ptr<const TrafficMap> map_;
  NpcConfig config_;
  NpcRanges ranges_;  // of this episode, for placing its cars
  MobilParams mobil_;
  bool yields_to_ego_ = true;

  // State.
  RandomStream random_;
  std::vector<Npc> npcs_;
  std::vector<NpcScript> scripts_;  // of the first npcs_
  EgoRights ego_;
  TrafficCounters counters_;
  std::vector<SignalMoment> lights_;  // per plan
  int64_t grants_ = 0;                // given so far
  int64_t tick_ = 0;

  // Derived from the state and the ego's pose.
  std::vector<int32_t> first_, last_;   // per lane: foremost and rearmost NPC, -1 none
  std::vector<int32_t> changing_;       // NPCs that change lanes, in the order of their index
  std::vector<uint8_t> lane_changers_;  // per lane: how many NPCs are leaving it sideways
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
