// One car of the traffic as plain data: body, motion, where it wants to go, what it may drive, and
// what a suite's script asks of it. Traffic (traffic.h) owns and moves them.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "config/config.h"
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
  kRedLight,    // waits at a light
  kLaneEnd,     // its lane ends: waits for a gap beside it
};

// Connecting lanes that an agent has the right to drive.
struct Holdings {
  static constexpr size_t kMost = 8;
  struct Entry {
    LaneIndex lane = kNoLane;
    double begin_m = 0.0;  // the agent's odometer where its centre enters the lane
    int64_t order = 0;     // of its grant: who has the smaller one drives first

    template <class Archive>
    void VisitFields(Archive& ar) {
      ar("lane", lane);
      ar("begin_m", begin_m);
      ar("order", order);
    }
  };
  std::array<Entry, kMost> entries{};
  uint32_t count = 0;
  LaneIndex exit = kNoLane;  // where it leaves the junction

  std::span<const Entry> lanes() const { return {entries.data(), count}; }
  void Add(LaneIndex lane, double begin_m, int64_t order);
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

// A change of lanes under way: the car's place is on its new lane, its body still partly on the
// old one. Sideways motion follows the distance driven, so it ends where it was planned to end.
struct NpcLaneChange {
  LaneIndex from = kNoLane;  // kNoLane: none under way
  double from_s_m = 0.0;     // beside the car, on the old lane
  double begin_odometer_m = 0.0;
  double length_m = 1.0;    // of the way over which it moves sideways
  int64_t begin_tick = -1;  // of the last change, under way or done; -1 = none yet

  bool under_way() const { return from != kNoLane; }
  // Share of the way across: 0 on the old lane's centre, 1 on the new one's.
  double Across(double odometer_m) const;

  template <class Archive>
  void VisitFields(Archive& ar) {
    ar("from", from);
    ar("from_s_m", from_s_m);
    ar("begin_odometer_m", begin_odometer_m);
    ar("length_m", length_m);
    ar("begin_tick", begin_tick);
  }
};

// From what the drivers of an episode are drawn, each uniformly on its own. The initial values are
// those of every episode without randomisation; shares of the kinds come from the configuration.
struct NpcRanges {
  double time_gap_min_s = 1.0, time_gap_max_s = 1.4;
  double speed_factor_min = 0.85, speed_factor_max = 1.05;  // on the cruising speed
  double accel_min_mps2 = IdmParams{}.max_accel_mps2, accel_max_mps2 = accel_min_mps2;
  double politeness_min = 0.2, politeness_max = 0.2;
  double van_share = 0.0, truck_share = 0.0, two_wheeler_share = 0.0;

  static NpcRanges Of(const NpcConfig& config) {
    NpcRanges ranges;
    ranges.politeness_min = ranges.politeness_max = config.politeness;
    ranges.van_share = config.van_share;
    ranges.truck_share = config.truck_share;
    ranges.two_wheeler_share = config.two_wheeler_share;
    return ranges;
  }
};

// Cars that were granted a junction earlier and are not out of this car's way yet. Odometer values
// are the car's own.
struct NpcPrecedence {
  bool any = false;
  // Its front must be able to stop here until `crosses` has passed; while that is not -1.
  double stop_odometer_m = 0.0;
  int32_t crosses = -1;
  // It drives behind `joins`, whose rear counts as being here; while that is not -1.
  double rear_odometer_m = 0.0;
  int32_t joins = -1;

  template <class Archive>
  void VisitFields(Archive& ar) {
    ar("any", any);
    ar("stop_odometer_m", stop_odometer_m);
    ar("crosses", crosses);
    ar("rear_odometer_m", rear_odometer_m);
    ar("joins", joins);
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
  double max_accel_mps2 = IdmParams{}.max_accel_mps2;
  double politeness = 0.2;  // MOBIL's
  uint8_t color = 0;
  VehicleKind kind = VehicleKind::kCar;

  std::array<LaneIndex, kPlan> plan{};  // lanes to drive; [0] is the current one
  uint32_t plan_count = 0;
  LaneIndex came_from = kNoLane;  // the lane before plan[0]
  uint32_t granted_end = 1;       // plan[k] for k < granted_end may be driven
  uint32_t line_plan = 0;         // first lane of the next junction; 0 = none in the plan
  double line_odometer_m = 0.0;   // where its centre would enter that lane
  NpcLaneChange change;
  LaneIndex wish = kNoLane;  // lane of this road that it wants to leave it by; kNoLane: any
  bool waits_at_light = false;
  bool red_ahead = false;  // the next light on its way is not green: who stands does so by it
  double light_odometer_m = 0.0;  // where its front must stop for that light
  Holdings held;
  NpcPrecedence first;        // who goes before it
  int64_t arrival_tick = -1;  // since when it asks; -1 = does not
  bool yields_to_ego = false;
  double yield_odometer_m = 0.0;  // where its front must wait for the ego

  int32_t ahead = -1, behind = -1;       // neighbours on the same lane
  double standing_s = 0.0;               // without a red light before it
  bool behind_ego = false;               // held up by the ego, or by somebody who is
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
    ar("max_accel_mps2", max_accel_mps2);
    ar("politeness", politeness);
    ar("color", color);
    ar("kind", kind);
    ar("plan", plan);
    ar("plan_count", plan_count);
    ar("came_from", came_from);
    ar("granted_end", granted_end);
    ar("line_plan", line_plan);
    ar("line_odometer_m", line_odometer_m);
    ar("change", change);
    ar("wish", wish);
    ar("waits_at_light", waits_at_light);
    ar("red_ahead", red_ahead);
    ar("light_odometer_m", light_odometer_m);
    ar("held", held);
    ar("first", first);
    ar("arrival_tick", arrival_tick);
    ar("yields_to_ego", yields_to_ego);
    ar("yield_odometer_m", yield_odometer_m);
    ar("ahead", ahead);
    ar("behind", behind);
    ar("standing_s", standing_s);
    ar("behind_ego", behind_ego);
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

}  // namespace volante
