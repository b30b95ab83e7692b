// One town with one ego and its traffic: a value that steps.
// Its whole state is plain data behind one field visitor; the road and the route are immutable and
// shared. Deterministic from WorldStart alone: no clock, no global randomness, all NPC
// accelerations computed from the old state before anything moves. No allocation per step.
// Not thread-safe; different worlds may step in different threads.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/near_lane.h"
#include "base/random.h"
#include "config/config.h"
#include "config/suite.h"
#include "road/route.h"
#include "sim/ego.h"
#include "sim/lane_marks.h"
#include "sim/traffic.h"
#include "sim/vehicle_state.h"

namespace volante {

struct WorldStart {
  uint64_t seed = 0;  // spawn points, NPC parameters and their turns
  int num_npcs = 0;
  Suite suite = Suite::kStandard;  // kContested adds its own cars to the num_npcs; in kAssertive
                                   // nobody yields to the ego, whatever the configuration says
  std::shared_ptr<const Route> route;
  double route_s_m = 0.0;         // where on the route the ego starts
  double lateral_offset_m = 0.0;  // + = left of the lane centre
  double heading_error_rad = 0.0;
  double speed_mps = 0.0;
  EgoVariation ego = {};                  // this episode's car, and how wet its road is
  std::optional<NpcRanges> drivers = {};  // this episode's; the configuration's unless given
};

// What happened to the ego in one tick.
struct WorldEvents {
  bool collision = false;
  bool at_fault = false;       // the ego is at fault (EgoAtFault); else an NPC is, which is a bug
  int other = -1;              // NPC index
  bool ran_red_light = false;  // its front passed the line of a red light in this tick
  VehicleKind other_kind = VehicleKind::kCar;
  double relative_speed_mps = 0.0;
  Vec2 contact_m;                // world
  Vec2 contact_in_ego_m;         // x forward, y left of the ego's centre
  Vec2 impulse_in_ego_newton_s;  // that the ego receives (collision.h)
  CrossedMarks crossed;          // CARLA's corner rule (driving_metrics.md 7.6)
};

// The nearest thing that the ego would hit by following its route on the lane that it is on, and
// whether it must wait.
struct Obstacle {
  double gap_m = 1e9;             // bumper to bumper along the route
  double speed_mps = 0.0;         // along the route
  double yield_distance_m = 1e9;  // front bumper to the line where the ego must give way now
};

class World {
 public:
  World(std::shared_ptr<const RoadNetwork> network, const EgoConfig& ego, const NpcConfig& npc);
  // The same on tables that several worlds share, made for vehicles as wide as WidestVehicle.
  World(std::shared_ptr<const TrafficMap> map, const EgoConfig& ego, const NpcConfig& npc);

  static double WidestVehicle(const NpcConfig& npc);

  // Starts an episode. Error(kBadInput) when the town is too small for num_npcs; no NPC spawns
  // within 20 m of the ego (a lead car of a suite: 15 m); exactly num_npcs and the suite's cars
  // drive afterwards.
  void Start(const WorldStart& start);
  // One control tick of 0.05 s: 5 physics substeps of the ego, one step of the traffic.
  // steer and throttle in [-1, 1], finite.
  void Step(double steer, double throttle);

  const EgoState& ego() const { return state_.ego; }
  const EgoParams& ego_params() const { return ego_params_; }
  const EgoVariation& ego_variation() const { return state_.variation; }
  VehicleState ego_vehicle() const;
  // Where the ego stands, on ground that climbs and banks; its pose and zeros on flat ground.
  const GroundPose& ego_ground_pose() const { return ego_ground_; }
  std::span<const VehicleState> npcs() const { return npc_vehicles_; }
  const Traffic& traffic() const { return state_.traffic; }
  const WorldEvents& events() const { return state_.events; }
  Obstacle ObstacleAhead() const;
  // What the ego could drive on: gaps are known where there is more than the route's lane.
  const NearLanes& near_lanes() const { return near_lanes_; }
  LightAhead LightBefore() const { return state_.traffic.LightBefore(ego_view_); }
  const RoadNetwork& network() const { return *network_; }
  const Route& route() const { return *route_; }
  // Projection of the ego onto the route, tracked so that progress never jumps.
  const CurveProjection& on_route() const { return state_.on_route; }
  int tick() const { return state_.tick; }

  // The state as bytes and back. The route is not in it: Load needs the same route.
  std::vector<uint8_t> Save() const;
  void Load(std::span<const uint8_t> bytes, std::shared_ptr<const Route> route,
            Suite suite = Suite::kStandard);
  // XXH3 of the bytes that Save gives: equal worlds, equal numbers, on every run of this build.
  uint64_t Hash() const;
  // The first field in which the states differ, with both values (base/state_difference.h); empty
  // when they are the same bit for bit.
  std::string DifferenceFrom(const World& other) const;

 private:
  struct State {
    EgoState ego;
    EgoVariation variation;
    // Controls that were given but do not act yet, oldest first.
    std::array<double, 2 * EgoVariation::kMostDelayTicks> delayed{};
    Traffic traffic;
    WorldEvents events;
    CurveProjection on_route;
    int tick = 0;
    bool within_lane = false;  // the ego's outline lay within its lane

    bool Plausible() const;

    template <class Archive>
    void VisitFields(Archive& ar) {
      ar("ego", ego);
      ar("variation", variation);
      ar("delayed", delayed);
      ar("traffic", traffic);
      ar("collision", events.collision);
      ar("at_fault", events.at_fault);
      ar("other", events.other);
      ar("other_kind", events.other_kind);
      ar("relative_speed_mps", events.relative_speed_mps);
      ar("contact_x_m", events.contact_m.x);
      ar("contact_y_m", events.contact_m.y);
      ar("contact_ahead_m", events.contact_in_ego_m.x);
      ar("contact_left_m", events.contact_in_ego_m.y);
      ar("impulse_ahead_newton_s", events.impulse_in_ego_newton_s.x);
      ar("impulse_left_newton_s", events.impulse_in_ego_newton_s.y);
      ar("crossed", events.crossed);
      ar("ran_red_light", events.ran_red_light);
      ar("route_s_m", on_route.s_m);
      ar("route_lateral_m", on_route.lateral_m);
      ar("route_heading_rad", on_route.heading_rad);
      ar("tick", tick);
      ar("within_lane", within_lane);
    }
  };
  // Everything that follows from the ego's pose and the NPCs' positions.
  void SetRoute(std::shared_ptr<const Route> route);
  void SetSuite(Suite suite);
  void SetVariation(const EgoVariation& variation);
  void RefreshEgoView();
  void FindGround();
  void FindNearLanes();
  void FindGaps(const Traffic::Way& way, double s_m, NearLane& near) const;
  double FollowBeside(size_t k, size_t side, LaneIndex beside, double s_m, Traffic::Way& way) const;
  LaneIndex LaneOfEgo() const;
  bool WithinLane() const;
  void FindEvents(const OrientedBox& old_box);
  void DescribeContact(const VehicleState& npc);

  std::shared_ptr<const RoadNetwork> network_;
  std::shared_ptr<const TrafficMap> traffic_map_;
  EgoParams nominal_params_;
  EgoParams ego_params_;  // varied, of this episode
  NpcConfig npc_config_;
  std::shared_ptr<const Route> route_;
  State state_;
  // Derived from the route and from state_ after every step.
  std::vector<RouteCrossing> crossings_;
  EgoView ego_view_;
  GroundPose ego_ground_;
  NearLanes near_lanes_;
  std::vector<VehicleState> npc_vehicles_;
};

}  // namespace volante
