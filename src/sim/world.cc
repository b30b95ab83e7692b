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

World::World(std::shared_ptr<const RoadNetwork> network, const EgoConfig& ego, const NpcConfig& npc)
    : network_(std::move(network)),
      traffic_map_(std::make_shared<const TrafficMap>(
          network_, npc.truck_share > 0.0 ? kTruckWidth_m : kNpcMaxWidth_m)),
      ego_params_(MakeEgoParams(ego)),
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
}

void World::Start(const WorldStart& start) {
  SetRoute(start.route);
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
  state_.within_lane = WithinRouteLane();
  std::vector<ScriptedCar> scripted;
  if (start.suite == Suite::kContested) {
    scripted =
        ContestedCars(*route_, *traffic_map_, start.route_s_m, ego_params_.length_m, start.seed);
  }
  state_.traffic.Start(start.seed, start.num_npcs, ego_view_, scripted);
  npc_vehicles_.assign(state_.traffic.npcs().size(), {});
  state_.traffic.WritePoses(npc_vehicles_);
}

void World::Step(double steer, double throttle) {
  VOLANTE_CHECK(route_ != nullptr, "Start comes before Step");
  VOLANTE_CHECK(std::isfinite(steer) && std::isfinite(throttle), "controls are finite");
  const OrientedBox old_box = ego_view_.box;
  state_.traffic.Accelerate();
  StepEgo(steer, throttle, ego_params_, state_.ego);
  state_.traffic.Move(ego_view_);
  state_.on_route =
      route_->path().Project(state_.ego.position_m, state_.on_route.s_m - kBackWindow_m,
                             state_.on_route.s_m + kAheadWindow_m);
  ++state_.tick;
  RefreshEgoView();
  state_.traffic.Observe(ego_view_);
  state_.traffic.WritePoses(npc_vehicles_);
  FindEvents(old_box);
}

// Conservative: false where it is not certain.
bool World::WithinRouteLane() const {
  const CurvePoint at = route_->path().At(state_.on_route.s_m);
  const double turn = state_.ego.heading_rad - at.heading_rad;
  const Vec2 along = UnitFromHeading(turn);
  const double half_length = 0.5 * ego_params_.length_m;
  const double extent = half_length * std::abs(along.y) +
                        0.5 * ego_params_.width_m * std::abs(along.x) +
                        0.5 * half_length * half_length * std::abs(at.curvature_1pm);
  return std::abs(state_.on_route.lateral_m) + extent < at.half_width_m - 0.05;
}

void World::FindEvents(const OrientedBox& old_box) {
  state_.events = {};
  const Contact contact = FindContact(ego_view_, npc_vehicles_);
  if (contact.other >= 0) {
    const auto i = static_cast<size_t>(contact.other);
    state_.events.collision = true;
    state_.events.other = contact.other;
    state_.events.relative_speed_mps = contact.relative_speed_mps;
    state_.events.at_fault = EgoAtFault(ego_view_, state_.traffic.ego_rights(),
                                        state_.traffic.npcs()[i], npc_vehicles_[i]);
    if (!state_.events.at_fault) state_.traffic.CountNpcFault();
  }
  const bool was_within = std::exchange(state_.within_lane, WithinRouteLane());
  if (!was_within || !state_.within_lane) {
    state_.events.markings_crossed =
        CountCrossedMarkings(*network_, old_box.Corners(), ego_view_.box.Corners());
  }
}

VehicleState World::ego_vehicle() const {
  const EgoState& ego = state_.ego;
  return {.position_m = ego.position_m,
          .heading_rad = ego.heading_rad,
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

void World::Load(std::span<const uint8_t> bytes, std::shared_ptr<const Route> route) {
  // Into a copy, so that a state that can't be used leaves this world as it was.
  World loaded = *this;
  loaded.SetRoute(std::move(route));
  LoadState(bytes, loaded.state_, "world");
  loaded.RefreshEgoView();
  loaded.state_.traffic.Relink(loaded.ego_view_);
  loaded.npc_vehicles_.assign(loaded.state_.traffic.npcs().size(), {});
  loaded.state_.traffic.WritePoses(loaded.npc_vehicles_);
  *this = std::move(loaded);
}

}  // namespace volante
