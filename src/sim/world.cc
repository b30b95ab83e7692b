#include "sim/world.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/archive.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/state_difference.h"
#include "sim/collision.h"
#include "sim/contested.h"
#include "sim/lane_marks.h"

namespace volante {
namespace {

// The window in which the projection onto the route is looked for: no car moves further in a tick.
constexpr double kBackWindow_m = 4.0;
constexpr double kAheadWindow_m = 6.0;

}  // namespace

double World::WidestVehicle(const NpcConfig& npc) {
  return npc.truck_share > 0.0 ? kTruckWidth_m : kNpcMaxWidth_m;
}

World::World(std::shared_ptr<const RoadNetwork> network, const EgoConfig& ego, const NpcConfig& npc)
    : World(std::make_shared<const TrafficMap>(std::move(network), WidestVehicle(npc)), ego, npc) {}

World::World(std::shared_ptr<const TrafficMap> map, const EgoConfig& ego, const NpcConfig& npc)
    : network_(map->shared_network()),
      traffic_map_(std::move(map)),
      nominal_params_(MakeEgoParams(ego)),
      ego_params_(nominal_params_),
      npc_config_(npc) {
  state_.traffic = Traffic(traffic_map_, npc_config_);
}

void World::SetRoute(std::shared_ptr<const Route> route) {
  VOLANTE_CHECK(route != nullptr && &route->network() == network_.get(),
                "the route belongs to the world's network");
  route_ = std::move(route);
  crossings_ = FindCrossings(*route_);
}

void World::RefreshEgoView() {
  const EgoState& ego = state_.ego;
  ego_view_.box = {ego.position_m, ego.heading_rad, ego_params_.length_m, ego_params_.width_m};
  ego_view_.direction = UnitFromHeading(ego.heading_rad);
  ego_view_.speed_mps = ego.speed_mps;
  ego_view_.route_s_m = state_.on_route.s_m;
  ego_view_.crossings = crossings_;
  FindGround();
  ego_view_.ground_m = ego_ground_.ground_m;
}

void World::SetVariation(const EgoVariation& variation) {
  state_.variation = variation;
  ego_params_ = Varied(nominal_params_, variation);
}

// The ground is that of the route, which knows its level: height and slopes of the route's point
// beside the ego, the bank carried on to the ego's own place and both turned into its directions.
void World::FindGround() {
  const EgoState& ego = state_.ego;
  ego_ground_ = GroundPose({ego.position_m, ego.heading_rad});
  if (route_->path().flat()) return;
  const CurveGround ground = route_->path().GroundAt(state_.on_route.s_m);
  const double left_slope = std::tan(ground.bank_rad);
  const Vec2 turn = UnitFromHeading(ego.heading_rad - state_.on_route.heading_rad);
  ego_ground_.ground_m = ground.height_m + state_.on_route.lateral_m * left_slope;
  ego_ground_.pitch_rad = std::atan(ground.grade * turn.x + left_slope * turn.y);
  ego_ground_.roll_rad = std::atan(left_slope * turn.x - ground.grade * turn.y);
}

void World::SetSuite(Suite suite) {
  state_.traffic.SetYieldsToEgo(npc_config_.yields_to_ego && suite != Suite::kAssertive);
}

void World::Start(const WorldStart& start) {
  SetRoute(start.route);
  VOLANTE_CHECK(start.ego.Valid(), "the ego's variation is one that a car can have");
  SetVariation(start.ego);
  state_.delayed = {};
  state_.events = {};
  state_.tick = 0;
  const CurvePoint at = route_->path().At(start.route_s_m);
  const Vec2 along = UnitFromHeading(at.heading_rad);
  state_.ego = {};
  state_.ego.position_m = at.position_m + Vec2{-along.y, along.x} * start.lateral_offset_m;
  state_.ego.heading_rad = WrapAngle(at.heading_rad + start.heading_error_rad);
  state_.ego.speed_mps = std::max(0.0, start.speed_mps);
  state_.on_route = route_->path().Project(state_.ego.position_m, start.route_s_m - kBackWindow_m,
                                           start.route_s_m + kAheadWindow_m);
  RefreshEgoView();
  std::vector<ScriptedCar> scripted;
  if (start.suite == Suite::kContested) {
    scripted =
        ContestedCars(*route_, *traffic_map_, start.route_s_m, ego_params_.length_m, start.seed);
  }
  SetSuite(start.suite);
  state_.traffic.Start(start.seed, start.num_npcs, ego_view_, scripted, start.drivers);
  npc_vehicles_.assign(state_.traffic.npcs().size(), {});
  state_.traffic.WritePoses(npc_vehicles_);
  FindNearLanes();
  state_.within_lane = WithinLane();
}

void World::Step(double steer, double throttle) {
  VOLANTE_CHECK(route_ != nullptr, "Start comes before Step");
  VOLANTE_CHECK(std::isfinite(steer) && std::isfinite(throttle), "controls are finite");
  const OrientedBox old_box = ego_view_.box;
  if (const int delay = state_.variation.action_delay_ticks; delay > 0) {
    const double late_steer = state_.delayed[0], late_throttle = state_.delayed[1];
    for (size_t i = 0; i + 2 < state_.delayed.size(); ++i)
      state_.delayed[i] = state_.delayed[i + 2];
    state_.delayed[static_cast<size_t>(2 * delay - 2)] = steer;
    state_.delayed[static_cast<size_t>(2 * delay - 1)] = throttle;
    steer = late_steer;
    throttle = late_throttle;
  }
  state_.traffic.Accelerate();
  StepEgo(steer, throttle, ego_params_, state_.ego, {ego_ground_.pitch_rad, ego_ground_.roll_rad});
  state_.traffic.Move(ego_view_);
  const double old_route_s_m = state_.on_route.s_m;
  state_.on_route =
      route_->path().Project(state_.ego.position_m, state_.on_route.s_m - kBackWindow_m,
                             state_.on_route.s_m + kAheadWindow_m);
  ++state_.tick;
  RefreshEgoView();
  state_.traffic.Observe(ego_view_);
  state_.traffic.WritePoses(npc_vehicles_);
  FindNearLanes();
  FindEvents(old_box);
  state_.events.ran_red_light = state_.traffic.RanRed(ego_view_, old_route_s_m);
}

// The lane that the ego drives on: its route's or one beside it.
LaneIndex World::LaneOfEgo() const {
  const LaneIndex lane = route_->lanes()[route_->LaneIndexAt(state_.on_route.s_m)];
  const size_t side = LaneInUse(near_lanes_, state_.on_route.lateral_m);
  return side == kLeftLane    ? traffic_map_->lane(lane).left
         : side == kRightLane ? traffic_map_->lane(lane).right
                              : lane;
}

// Conservative: false where it is not certain.
bool World::WithinLane() const {
  const CurvePoint at = route_->path().At(state_.on_route.s_m);
  const double turn = state_.ego.heading_rad - at.heading_rad;
  const Vec2 along = UnitFromHeading(turn);
  const double half_length = 0.5 * ego_params_.length_m;
  const double extent = half_length * std::abs(along.y) +
                        0.5 * ego_params_.width_m * std::abs(along.x) +
                        0.5 * half_length * half_length * std::abs(at.curvature_1pm);
  const NearLane& lane = near_lanes_[LaneInUse(near_lanes_, state_.on_route.lateral_m)];
  return std::abs(state_.on_route.lateral_m - lane.offset_m) + extent < lane.half_width_m - 0.05;
}

void World::FindEvents(const OrientedBox& old_box) {
  state_.events = {};
  const Contact contact =
      FindContact(ego_view_, npc_vehicles_, ego_ground_.ground_m, ego_params_.height_m);
  if (contact.other >= 0) {
    const auto i = static_cast<size_t>(contact.other);
    state_.events.collision = true;
    state_.events.other = contact.other;
    state_.events.other_kind = npc_vehicles_[i].kind;
    state_.events.relative_speed_mps = contact.relative_speed_mps;
    DescribeContact(npc_vehicles_[i]);
    const bool keeps_lane = state_.within_lane && WithinLane();
    state_.events.at_fault =
        EgoAtFault(ego_view_, state_.traffic.ego_rights(), state_.traffic.npcs()[i],
                   npc_vehicles_[i], keeps_lane && state_.traffic.CutsInto(LaneOfEgo(), i));
    if (!state_.events.at_fault) state_.traffic.CountNpcFault();
  }
  const bool was_within = std::exchange(state_.within_lane, WithinLane());
  if (!was_within || !state_.within_lane) {
    std::optional<double> height_m;
    if (!network_->flat()) height_m = ego_ground_.ground_m;
    state_.events.crossed =
        FindCrossedMarks(*network_, old_box.Corners(), ego_view_.box.Corners(), height_m);
  }
}

void World::DescribeContact(const VehicleState& npc) {
  const EgoState& ego = state_.ego;
  const ContactForce force =
      ForceOf({.box = ego_view_.box,
               .velocity_mps = UnitFromHeading(ego.heading_rad + ego.slip_rad) * ego.speed_mps,
               .yaw_rate_radps = ego.yaw_rate_radps,
               .mass_kg = ego_params_.track.mass_kg,
               .yaw_inertia_kgm2 = ego_params_.track.yaw_inertia_kgm2},
              BodyOf(npc));
  state_.events.contact_m = force.point_m;
  state_.events.contact_in_ego_m = LocalFromWorld({ego.position_m, ego.heading_rad}, force.point_m);
  state_.events.impulse_in_ego_newton_s =
      LocalFromWorld({{}, ego.heading_rad}, force.impulse_newton_s);
}

VehicleState World::ego_vehicle() const {
  const EgoState& ego = state_.ego;
  return {.position_m = ego.position_m,
          .heading_rad = ego.heading_rad,
          .ground_m = ego_ground_.ground_m,
          .pitch_rad = ego_ground_.pitch_rad,
          .roll_rad = ego_ground_.roll_rad,
          .speed_mps = ego.speed_mps,
          .length_m = ego_params_.length_m,
          .width_m = ego_params_.width_m,
          .height_m = ego_params_.height_m,
          .color = 0,
          .braking = ego.accel_long_mps2 < -1.0};
}

std::vector<uint8_t> World::Save() const {
  State copy = state_;  // the visitor that writes is the one that reads, so it wants a variable
  return SaveState(copy);
}

uint64_t World::Hash() const {
  const std::vector<uint8_t> bytes = Save();
  return HashBytes(bytes.data(), bytes.size());
}

std::string World::DifferenceFrom(const World& other) const {
  return FirstDifference(Save(), other.Save(), "world");
}

// What no later part checks, asked of numbers from a file.
bool World::State::Plausible() const {
  const CrossedMarks& crossed = events.crossed;
  const bool known_marks =
      std::all_of(crossed.marks.begin(), crossed.marks.end(), [](const CrossedMark& m) {
        return m.mark.type <= LaneMarkType::kCurb && m.mark.color <= LaneMarkColor::kOther &&
               m.mark.change <= PermittedChange::kBoth;
      });
  const double numbers[] = {ego.position_m.x,    ego.position_m.y,   ego.heading_rad,
                            ego.speed_mps,       ego.yaw_rate_radps, ego.slip_rad,
                            ego.steer_angle_rad, on_route.s_m,       on_route.lateral_m,
                            on_route.heading_rad};
  const bool finite = std::all_of(std::begin(numbers), std::end(numbers),
                                  [](double x) { return std::isfinite(x); });
  return finite && variation.Valid() && known_marks && crossed.count >= 0 && crossed.count <= 4 &&
         events.other_kind <= VehicleKind::kTwoWheeler;
}

void World::Load(std::span<const uint8_t> bytes, std::shared_ptr<const Route> route, Suite suite) {
  // Into a copy, so that a state that can't be used leaves this world as it was.
  World loaded = *this;
  loaded.SetRoute(std::move(route));
  loaded.SetSuite(suite);
  LoadState(bytes, loaded.state_, "world");
  if (!loaded.state_.Plausible()) {
    throw Error(ExitCode::kBadInput, "saved state does not fit", "world",
                "its car or its events are none that a world has",
                "it is damaged or was written by another version");
  }
  loaded.SetVariation(loaded.state_.variation);
  loaded.RefreshEgoView();
  loaded.state_.traffic.Relink(loaded.ego_view_);
  loaded.npc_vehicles_.assign(loaded.state_.traffic.npcs().size(), {});
  loaded.state_.traffic.WritePoses(loaded.npc_vehicles_);
  loaded.FindNearLanes();
  *this = std::move(loaded);
}

}  // namespace volante
