// Car following, plans and motion of the NPCs; where the ego's body lies on lanes.
#include "sim/traffic.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "base/error.h"

namespace volante {
namespace {

constexpr double kNever = 1e300;
constexpr double kEmergencyBraking_mps2 = 9.0;
constexpr double kFreeBraking_mps2 = 2.5;  // when only the desired speed is lower
constexpr double kBeforeStopLine_m = 0.4;  // front bumper to a painted line
constexpr double kStoppingAhead_m = 1.0;   // front bumper to the line where a car waits
constexpr double kStanding_mps = 0.1;
constexpr double kQueueing_mps = 2.0;             // slower cars pass on whom they wait for
constexpr double kEgoSeen_m = 8.5;                // half diagonals, sweep and a margin
constexpr double kEgoSeenAgain_m = 2.5;           // moved this far, samples are looked up anew
constexpr double kAvoidEgoAfter_s = 5.0;          // NPCs turn elsewhere than behind a standing ego
constexpr double kScriptBraking_mps2 = 3.0;       // to a stop that a script asks for: begins here,
constexpr double kScriptBrakingLeast_mps2 = 2.0;  // goes on down to this
constexpr double kScriptStopNear_m = 0.3;         // nearer than this it holds
constexpr size_t kMostEgoLanes = 32;
constexpr double kRoomToChange_m = 24.0;  // left before a lane's end by who waits for a gap there
constexpr double kPullOutRoom_m = 13.0;   // beyond the standstill gap
constexpr double kClearAcross = 0.9;  // share of the way across at which the old leader is passed
constexpr double kAxlesFrom_m = 5.0;  // cars are shorter: their middle follows the lane
constexpr double kWheelbaseShare = 0.62;  // of the length: a Sprinter's, and a fire engine's nearly

const IdmParams kIdm{};

}  // namespace

void Holdings::Add(LaneIndex lane, double begin_m, int64_t order) {
  VOLANTE_CHECK(count < kMost, "more junction lanes held than there is room for");
  entries[count++] = {lane, begin_m, order};
}

void Holdings::Release(double rear_m, const TrafficMap& map) {
  uint32_t kept = 0;
  for (uint32_t k = 0; k < count; ++k) {
    if (rear_m < entries[k].begin_m + map.lane(entries[k].lane).length_m + kZoneMargin_m) {
      entries[kept++] = entries[k];
    }
  }
  for (uint32_t k = kept; k < count; ++k) entries[k] = {};
  count = kept;
  if (count == 0) exit = kNoLane;
}

double NpcLaneChange::Across(double odometer_m) const {
  const double p = std::clamp((odometer_m - begin_odometer_m) / length_m, 0.0, 1.0);
  return p * p * (3.0 - 2.0 * p);
}

Traffic::Traffic(std::shared_ptr<const TrafficMap> map, const NpcConfig& config)
    : map_(std::move(map)), config_(config), yields_to_ego_(config.yields_to_ego) {
  mobil_.threshold_mps2 = config_.lane_change_threshold_mps2;
  first_.assign(map_->size(), -1);
  last_.assign(map_->size(), -1);
  ego_slot_.assign(map_->size(), -1);
  lane_active_.assign(map_->size(), 0);
  lane_changers_.assign(map_->size(), 0);
  ego_lanes_.reserve(kMostEgoLanes);
  near_samples_.reserve(1024);
  active_.reserve(256);
  requests_.reserve(128);
  claims_.reserve(256);
}

// ---- Lists of cars per lane, foremost first.

void Traffic::Insert(int32_t i) {
  Npc& npc = npcs_[static_cast<size_t>(i)];
  const auto lane = static_cast<size_t>(npc.plan[0]);
  int32_t behind = -1, ahead = last_[lane];
  while (ahead >= 0 && npcs_[static_cast<size_t>(ahead)].s_m < npc.s_m) {
    behind = ahead;
    ahead = npcs_[static_cast<size_t>(ahead)].ahead;
  }
  npc.ahead = ahead;
  npc.behind = behind;
  (ahead >= 0 ? npcs_[static_cast<size_t>(ahead)].behind : first_[lane]) = i;
  (behind >= 0 ? npcs_[static_cast<size_t>(behind)].ahead : last_[lane]) = i;
}

void Traffic::Remove(int32_t i) {
  Npc& npc = npcs_[static_cast<size_t>(i)];
  const auto lane = static_cast<size_t>(npc.plan[0]);
  (npc.ahead >= 0 ? npcs_[static_cast<size_t>(npc.ahead)].behind : first_[lane]) = npc.behind;
  (npc.behind >= 0 ? npcs_[static_cast<size_t>(npc.behind)].ahead : last_[lane]) = npc.ahead;
  npc.ahead = npc.behind = -1;
}

// ---- Plans.

// By standing there for long, or by the queue that it makes; at a red light it may stand.
bool Traffic::EgoBlocks(LaneIndex lane) const {
  if (ego_.standing_s < kAvoidEgoAfter_s || ego_.waits_at_red) return false;
  const LaneIndex exit = map_->lane(lane).exit;
  if (exit == kNoLane) return false;
  if (EgoOn(exit) != nullptr) return true;
  for (int32_t i = last_[static_cast<size_t>(exit)]; i >= 0;) {
    const Npc& npc = npcs_[static_cast<size_t>(i)];
    if (npc.behind_ego && npc.speed_mps < kQueueing_mps) return true;
    i = npc.ahead;
  }
  return false;
}

// Uniform among the lanes that follow, but not behind an ego that stands if it can be helped.
// Trucks choose among the lanes that they fit on while there are any.
LaneIndex Traffic::DrawNext(LaneIndex from, VehicleKind kind) {
  const std::span<const LaneIndex> next = map_->next(map_->lane(from));
  if (next.empty()) return kNoLane;
  if (next.size() == 1) return next[0];
  const bool gentle = kind == VehicleKind::kTruck &&
                      std::any_of(next.begin(), next.end(),
                                  [&](LaneIndex lane) { return map_->lane(lane).fits_trucks; });
  const auto fits = [&](LaneIndex lane) { return !gentle || map_->lane(lane).fits_trucks; };
  size_t fitting = 0, open = 0;
  for (const LaneIndex lane : next) {
    if (!fits(lane)) continue;
    ++fitting;
    open += EgoBlocks(lane) ? 0 : 1;
  }
  const bool any = open == 0;  // the ego blocks every way, or none
  uint64_t pick = random_.Below(any ? fitting : open);
  for (const LaneIndex lane : next) {
    if (fits(lane) && (any || !EgoBlocks(lane)) && pick-- == 0) return lane;
  }
  return next[0];
}

void Traffic::ExtendPlan(Npc& npc) {
  while (npc.plan_count < Npc::kPlan) {
    const LaneIndex next = DrawNext(npc.plan[npc.plan_count - 1], npc.kind);
    if (next == kNoLane) break;
    npc.plan[npc.plan_count++] = next;
  }
}

void Traffic::FindLine(Npc& npc) {
  double begin_m = npc.odometer_m - npc.s_m;
  npc.line_plan = 0;
  npc.line_odometer_m = kNever;
  for (uint32_t k = 1; k < npc.plan_count; ++k) {
    begin_m += map_->lane(npc.plan[k - 1]).length_m;
    if (k >= npc.granted_end && map_->lane(npc.plan[k]).in_junction) {
      npc.line_plan = k;
      npc.line_odometer_m = begin_m;
      return;
    }
  }
}

void Traffic::EnterNextLane(int32_t i) {
  Npc& npc = npcs_[static_cast<size_t>(i)];
  Remove(i);
  npc.s_m -= map_->lane(npc.plan[0]).length_m;
  npc.came_from = npc.plan[0];
  for (uint32_t k = 1; k < npc.plan_count; ++k) npc.plan[k - 1] = npc.plan[k];
  --npc.plan_count;
  if (npc.granted_end > 1) --npc.granted_end;
  npc.wish = kNoLane;
  if (map_->lane(npc.plan[0]).has_neighbours()) DrawWish(npc);
  ExtendPlan(npc);
  FindLine(npc);
  Insert(i);
}

// ---- The ego's body on lanes.

// A lane is covered where an NPC on its centre would touch the ego's box or come within 0.15 m.
void Traffic::FindEgoLanes(const EgoView& ego) {
  for (const EgoOnLane& on : ego_lanes_) ego_slot_[static_cast<size_t>(on.lane)] = -1;
  ego_lanes_.clear();
  const Vec2 moved = ego.box.center_m - near_center_m_;
  if (!(Dot(moved, moved) < kEgoSeenAgain_m * kEgoSeenAgain_m)) {
    near_center_m_ = ego.box.center_m;
    near_samples_.clear();
    map_->SamplesNear(near_center_m_, kEgoSeen_m, near_samples_);
  }
  const double half_length = 0.5 * ego.box.length_m, half_width = 0.5 * ego.box.width_m;
  const LaneSample* best = nullptr;
  double best2 = 0.0;
  const auto finish = [&] {
    if (best == nullptr || ego_lanes_.size() == kMostEgoLanes) return;
    const double along = Dot(best->direction, ego.direction);
    const double across = Cross(best->direction, ego.direction);
    const double half = half_length * std::abs(along) + half_width * std::abs(across);
    const double mid = best->s_m + Dot(best->direction, ego.box.center_m - best->position_m);
    ego_slot_[static_cast<size_t>(best->lane)] = static_cast<int8_t>(ego_lanes_.size());
    ego_lanes_.push_back(
        {best->lane, mid - half, mid, std::max(0.0, along * ego.speed_mps), along > 0.7});
    best = nullptr;
  };
  for (const int32_t k : near_samples_) {
    const LaneSample& sample = map_->sample(k);
    if (best != nullptr && sample.lane != best->lane) finish();
    const Vec2 d = sample.position_m - ego.box.center_m;
    if (std::abs(sample.height_m - ego.ground_m) > RoadNetwork::kLevelHeightM) continue;
    const double x = std::abs(Dot(d, ego.direction)), y = std::abs(Cross(ego.direction, d));
    if (x > half_length + sample.reach_m || y > half_width + sample.reach_m) continue;
    const double d2 = Dot(d, d);
    if (best == nullptr || d2 < best2) best = &sample, best2 = d2;
  }
  finish();
}

// ---- Acceleration and motion.

void Traffic::AccelerateOne(int32_t i) {
  Npc& npc = npcs_[static_cast<size_t>(i)];
  const double v = npc.speed_mps, half = npc.half_length_m();
  IdmParams idm = kIdm;
  idm.time_gap_s = npc.time_gap_s;
  idm.max_accel_mps2 = npc.max_accel_mps2;
  Limit limit;
  const auto follow = [&](double lead_speed, double gap, StandCause cause, int32_t who = -1) {
    limit.Take(IdmInteraction(v, lead_speed, gap, idm), cause, who);
  };

  const double horizon = 12.0 + 5.0 * v;
  const double cruise = npc.speed_factor * map_->lane(npc.plan[0]).cruise_mps;
  double allowed2 = cruise * cruise;
  const NpcScript* script = ScriptOf(static_cast<size_t>(i));
  if (script != nullptr && tick_ >= script->release_tick) script = nullptr;
  if (script != nullptr) {
    allowed2 = std::min(allowed2, script->speed_limit_mps * script->speed_limit_mps);
  }
  double begin = -npc.s_m;  // of the lane in hand, from the car's centre
  bool follows_ego = false, led = false;
  for (uint32_t k = 0; k < npc.plan_count && begin < horizon && !led; ++k) {
    const LaneIndex index = npc.plan[k];
    const TrafficLane& lane = map_->lane(index);
    allowed2 = std::min(allowed2, k == 0 ? map_->AllowedSpeed2(lane, npc.s_m)
                                         : lane.entry_speed2 + 2.0 * kNpcCurveBraking_mps2 * begin);
    const int32_t j = k == 0 ? npc.ahead : last_[static_cast<size_t>(index)];
    if (j >= 0) {
      const Npc& lead = npcs_[static_cast<size_t>(j)];
      follow(lead.speed_mps, begin + lead.s_m - lead.half_length_m() - half, StandCause::kLeader,
             j);
      led = true;
    }
    if (lane_changers_[static_cast<size_t>(index)] > 0) {
      for (const int32_t c : changing_) {
        const Npc& other = npcs_[static_cast<size_t>(c)];
        if (c == i || other.change.from != index || begin + other.change.from_s_m <= 0.0) continue;
        follow(other.speed_mps, begin + other.change.from_s_m - other.half_length_m() - half,
               StandCause::kLeader, c);
      }
    }
    if (lane.fork_count > 0) {
      for (const TrafficConflict& fork : map_->forks(lane)) {
        for (int32_t f = last_[static_cast<size_t>(fork.other)]; f >= 0;
             f = npcs_[static_cast<size_t>(f)].ahead) {
          const Npc& other = npcs_[static_cast<size_t>(f)];
          if (begin + other.s_m <= 0.0) continue;
          const double rear_s = other.s_m - other.half_length_m();
          if (rear_s < fork.other_end_s_m) {
            follow(other.speed_mps, begin + rear_s - half, StandCause::kLeader, f);
          }
          break;
        }
      }
    }
    if (const EgoOnLane* on = EgoOn(index); on != nullptr && begin + on->mid_s_m > 0.0) {
      double gap = begin + on->rear_s_m - half;
      // Where it can be passed, an ego that stands gets room to pull out behind it.
      const bool passable = lane.has_neighbours() && ego_.standing_s > kAvoidEgoAfter_s;
      if (passable && gap - kPullOutRoom_m > v * v / (2.0 * kScriptBraking_mps2)) {
        gap -= kPullOutRoom_m;
      }
      follow(on->speed_mps, gap, StandCause::kEgo);
      follows_ego |= on->along && !led;
    }
    begin += lane.length_m;
  }
  if (npc.change.under_way() && npc.change.Across(npc.odometer_m) < kClearAcross) {
    const Around old = LookAround(npc.change.from, npc.change.from_s_m, half, i, 0.0);
    if (old.lead_gap_m < horizon) {
      follow(old.lead_speed_mps, old.lead_gap_m,
             old.ego_leads ? StandCause::kEgo : StandCause::kLeader);
    }
  }
  if (const TrafficLane& here = map_->lane(npc.plan[0]); here.ends) {
    follow(0.0, here.usable_end_m - kRoomToChange_m - npc.s_m - half, StandCause::kLaneEnd);
  }
  if (npc.first.joins >= 0) {
    const Npc& lead = npcs_[static_cast<size_t>(npc.first.joins)];
    follow(lead.speed_mps, npc.first.rear_odometer_m - npc.front_m(), StandCause::kLeader,
           npc.first.joins);
  }
  if (npc.waits_at_light) {
    follow(0.0, npc.light_odometer_m - npc.front_m() + idm.standstill_gap_m - kBeforeStopLine_m,
           StandCause::kRedLight);
  }
  const double to_line = npc.line_odometer_m - npc.front_m();
  if (to_line < RequestDistance(v)) {
    follow(0.0, to_line + idm.standstill_gap_m - kStoppingAhead_m,
           npc.cause == StandCause::kExitFull ? StandCause::kExitFull : StandCause::kJunction);
  }
  npc.following_ego_s = follows_ego ? npc.following_ego_s + kSimTickSeconds : 0.0;

  const double ratio = v * v / allowed2;
  const double free = std::max(idm.max_accel_mps2 * (1.0 - ratio * ratio), -kFreeBraking_mps2);
  const bool was_braking = npc.accel_mps2 <= -kScriptBrakingLeast_mps2;
  npc.accel_mps2 = std::max(free - idm.max_accel_mps2 * limit.interaction, -kEmergencyBraking_mps2);
  npc.cause = limit.cause;
  const bool queues = limit.leader >= 0 && v < kQueueing_mps;
  npc.behind_ego = limit.cause == StandCause::kEgo ||
                   (queues && npcs_[static_cast<size_t>(limit.leader)].behind_ego) ||
                   (limit.cause == StandCause::kExitFull && EgoBlocks(npc.plan[npc.line_plan]));
  if (script != nullptr) BrakeByScript(npc, *script, was_braking);
  if (npc.first.crosses >= 0) BrakeForCrossing(npc, was_braking);
  if (npc.yields_to_ego) {
    // Steady braking to a stop before the zone: IDM would brake harder than it needs to.
    const double way = std::max(0.1, npc.yield_odometer_m - kYieldStop_m - npc.front_m());
    const double braking = std::max(-v * v / (2.0 * way), -kEmergencyBraking_mps2);
    if (braking < npc.accel_mps2) {
      npc.accel_mps2 = braking;
      npc.cause = StandCause::kYieldToEgo;
    }
  }
}

// Steady braking to the script's stop, once it takes the usual force.
void Traffic::BrakeByScript(Npc& npc, const NpcScript& script, bool was_braking) const {
  const double way = script.stop_odometer_m - npc.odometer_m;
  double braking = 0.0;
  if (way < kScriptStopNear_m) {
    braking = kScriptBraking_mps2;
  } else {
    const double needed = npc.speed_mps * npc.speed_mps / (2.0 * way);
    const double from = was_braking ? kScriptBrakingLeast_mps2 : kScriptBraking_mps2;
    if (needed >= from) braking = std::min(needed, kEmergencyBraking_mps2);
  }
  if (braking == 0.0 || npc.accel_mps2 <= -braking) return;
  npc.accel_mps2 = -braking;
  npc.cause = StandCause::kScript;
}

void Traffic::Accelerate() {
  for (size_t i = 0; i < npcs_.size(); ++i) AccelerateOne(static_cast<int32_t>(i));
}

void Traffic::Move(const EgoView& ego) {
  for (size_t i = 0; i < npcs_.size(); ++i) {
    Npc& npc = npcs_[i];
    const double driven = BallisticStep(npc.speed_mps, npc.accel_mps2, kSimTickSeconds);
    npc.s_m += driven;
    npc.odometer_m += driven;
    if (npc.speed_mps >= kStanding_mps) {
      npc.standing_s = 0.0;
    } else if (!npc.red_ahead) {
      npc.standing_s += kSimTickSeconds;
    }
    if (npc.change.under_way()) AdvanceChange(static_cast<int32_t>(i));
    while (npc.s_m >= map_->lane(npc.plan[0]).length_m) {
      if (npc.plan_count < 2) {
        WaitAtDeadEnd(static_cast<int32_t>(i), ego);
        break;
      }
      EnterNextLane(static_cast<int32_t>(i));
    }
  }
  RelocateBlocked(ego);
  ++tick_;
}

// ---- Where bodies are.

// On its lane, or on the way there from the old one.
CurvePoint Traffic::PlaceOf(const Npc& npc) const {
  const bool is_long = npc.length_m > kAxlesFrom_m;
  CurvePoint at = is_long ? AxlesOnLane(npc) : map_->lane(npc.plan[0]).center->At(npc.s_m);
  if (!npc.change.under_way()) return at;
  const double across = npc.change.Across(npc.odometer_m);
  const Vec2 from = map_->lane(npc.change.from).center->PositionAt(npc.change.from_s_m);
  const double gap_m = Cross(UnitFromHeading(at.heading_rad), from - at.position_m);
  at.position_m = from + (at.position_m - from) * across;
  const double p =
      std::clamp((npc.odometer_m - npc.change.begin_odometer_m) / npc.change.length_m, 0.0, 1.0);
  at.heading_rad += std::atan(-gap_m * 6.0 * p * (1.0 - p) / npc.change.length_m);
  return at;
}

// Bodies of more than a car's length stand with both axles on the centre line: along the tangent at
// their middle their ends would swing far out of a bend.
CurvePoint Traffic::AxlesOnLane(const Npc& npc) const {
  const TrafficLane& lane = map_->lane(npc.plan[0]);
  const double half_base = 0.5 * kWheelbaseShare * npc.length_m;
  const double beyond = npc.s_m + half_base - lane.length_m, before = npc.s_m - half_base;
  const Vec2 front = beyond > 0.0 && npc.plan_count > 1
                         ? map_->lane(npc.plan[1]).center->PositionAt(beyond)
                         : lane.center->PositionAt(npc.s_m + half_base);
  Vec2 rear = lane.center->PositionAt(before);
  if (before < 0.0 && npc.came_from != kNoLane) {
    const TrafficLane& previous = map_->lane(npc.came_from);
    rear = previous.center->PositionAt(previous.length_m + before);
  }
  CurvePoint at = lane.center->At(npc.s_m);
  const Vec2 along = front - rear;
  if (Dot(along, along) < half_base * half_base) return at;  // at an end of the map
  at.position_m = (front + rear) * 0.5;
  at.heading_rad += WrapAngle(std::atan2(along.y, along.x) - at.heading_rad);
  return at;
}

void Traffic::WritePoses(std::span<VehicleState> out) const {
  VOLANTE_CHECK(out.size() == npcs_.size(), "one pose per NPC");
  for (size_t i = 0; i < npcs_.size(); ++i) {
    const Npc& npc = npcs_[i];
    const CurvePoint at = PlaceOf(npc);
    VehicleState& pose = out[i];
    pose.position_m = at.position_m;
    pose.heading_rad = at.heading_rad;
    if (const Curve& center = *map_->lane(npc.plan[0]).center; !center.flat()) {
      const CurveGround ground = center.GroundAt(npc.s_m);
      const double turn = at.heading_rad - center.At(npc.s_m).heading_rad;
      const double left_slope = std::tan(ground.bank_rad);
      const double away_m =
          Cross(UnitFromHeading(at.heading_rad - turn), at.position_m - center.PositionAt(npc.s_m));
      pose.ground_m = ground.height_m + left_slope * away_m;
      pose.pitch_rad = std::atan(ground.grade * std::cos(turn) + left_slope * std::sin(turn));
      pose.roll_rad = std::atan(left_slope * std::cos(turn) - ground.grade * std::sin(turn));
    } else {  // also after a bridge that it was moved from
      pose.ground_m = pose.pitch_rad = pose.roll_rad = 0.0;
    }
    pose.speed_mps = npc.speed_mps;
    pose.length_m = npc.length_m;
    pose.width_m = npc.width_m;
    pose.height_m = npc.height_m;
    pose.color = npc.color;
    pose.kind = npc.kind;
    pose.braking = npc.accel_mps2 < -0.4 || npc.speed_mps < kStanding_mps;
  }
}

double Traffic::MeanSpeed() const {
  double sum = 0.0;
  for (const Npc& npc : npcs_) sum += npc.speed_mps;
  return npcs_.empty() ? 0.0 : sum / static_cast<double>(npcs_.size());
}

void Traffic::Relink(const EgoView& ego) {
  const auto require = [](bool holds, const std::string& reason) {
    if (!holds) {
      throw Error(ExitCode::kBadInput, "saved traffic can't be used", "npcs", reason,
                  "load it with the town it was saved with");
    }
  };
  const auto lanes = static_cast<int64_t>(map_->size());
  const auto count = static_cast<int64_t>(npcs_.size());
  const auto is_lane = [&](int64_t lane) { return lane >= 0 && lane < lanes; };
  const auto holds_lanes = [&](const Holdings& held) {
    if (held.count > Holdings::kMost || held.exit < kNoLane || held.exit >= lanes) return false;
    return std::all_of(held.lanes().begin(), held.lanes().end(),
                       [&](const Holdings::Entry& e) { return is_lane(e.lane); });
  };
  require(holds_lanes(ego_.held), "the ego holds a lane that the town does not have");
  require(ego_.crossing <= ego.crossings.size() && ego_.held_end <= ego.crossings.size() &&
              ego_.crossing <= ego_.held_end,
          "the ego is at a junction that its route does not have");
  require(scripts_.size() <= npcs_.size(), "there are more scripts than cars");
  const std::span<const SignalPlan> plans = map_->network().signal_plans();
  require(lights_.size() == plans.size(), "the town has other traffic lights");
  for (size_t k = 0; k < lights_.size(); ++k) {
    const SignalMoment& light = lights_[k];
    require(light.phase >= 0 && static_cast<size_t>(light.phase) < plans[k].phases.size() &&
                light.color <= LightColor::kRed && light.ticks >= 0 && light.ticks < (1 << 30) &&
                static_cast<uint64_t>(light.asked) >> plans[k].phases.size() == 0,
            "a light shows what it can't");
  }
  std::fill(first_.begin(), first_.end(), -1);
  std::fill(last_.begin(), last_.end(), -1);
  std::fill(lane_changers_.begin(), lane_changers_.end(), 0);
  changing_.clear();
  changing_.reserve(npcs_.size());
  for (size_t i = 0; i < npcs_.size(); ++i) {
    const Npc& npc = npcs_[i];
    require(npc.plan_count >= 1 && npc.plan_count <= Npc::kPlan && npc.granted_end >= 1 &&
                npc.line_plan < npc.plan_count,
            "a plan has a wrong length");
    for (uint32_t k = 0; k < npc.plan_count; ++k) {
      require(is_lane(npc.plan[k]), "a lane does not exist in this town");
    }
    require(holds_lanes(npc.held), "an NPC holds a lane that the town does not have");
    require(npc.ahead >= -1 && npc.ahead < count && npc.behind >= -1 && npc.behind < count &&
                npc.first.crosses >= -1 && npc.first.crosses < count && npc.first.joins >= -1 &&
                npc.first.joins < count,
            "a neighbour does not exist");
    require(std::isfinite(npc.s_m) && std::isfinite(npc.speed_mps), "a number is not finite");
    require(npc.change.from >= kNoLane && npc.change.from < lanes && npc.wish >= kNoLane &&
                npc.wish < lanes && npc.came_from >= kNoLane && npc.came_from < lanes,
            "a lane does not exist in this town");
    require(!npc.change.under_way() || npc.change.length_m > 0.0,
            "a change of lanes has no length");
    if (npc.change.under_way()) {
      changing_.push_back(static_cast<int32_t>(i));
      ++lane_changers_[static_cast<size_t>(npc.change.from)];
    }
    const auto lane = static_cast<size_t>(npc.plan[0]);
    if (npc.ahead < 0) first_[lane] = static_cast<int32_t>(i);
    if (npc.behind < 0) last_[lane] = static_cast<int32_t>(i);
    const auto agrees = [&](int32_t other, int32_t Npc::* link) {
      if (other < 0) return true;
      const Npc& o = npcs_[static_cast<size_t>(other)];
      return o.*link == static_cast<int32_t>(i) && o.plan[0] == npc.plan[0];
    };
    require(agrees(npc.ahead, &Npc::behind) && agrees(npc.behind, &Npc::ahead),
            "neighbours disagree");
  }
  near_center_m_ = {1e300, 1e300};
  FindEgoLanes(ego);
}

}  // namespace volante
