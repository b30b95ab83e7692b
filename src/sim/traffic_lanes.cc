// Changes of lanes: who wants to, when it is safe and pays (MOBIL), and the way across. A car that
// changes counts as a car of its new lane from the beginning and of the old one until it has left
// it; the ego is a leader and a follower like any other, kept clear of by wider margins.
#include <algorithm>
#include <cmath>

#include "sim/traffic.h"

namespace volante {
namespace {

constexpr int32_t kEgoAgent = -1;
constexpr int64_t kConsiderEvery = 20;        // ticks; cars take turns
constexpr int64_t kRestTicks = 120;           // 6 s between two changes that nothing demands
constexpr double kShortestChange_m = 18.0;    // the way of a change, at least
constexpr double kMargin_m = 4.0;             // to the end of the lane when it is done
constexpr double kLeastSpeed_mps = 1.0;       // slower cars stay on their lane
constexpr double kLeastGap_m = 2.0;           // to both neighbours
constexpr double kEgoLeastGap_m = 6.0;        // to an ego behind, and
constexpr double kEgoTimeGap_s = 1.2;         // this much of its way,
constexpr double kEgoSafeBraking_mps2 = 1.0;  // so that it hardly brakes
constexpr double kLookAhead_m = 100.0;
constexpr double kLookBehind_m = 80.0;
constexpr double kEgoLooksBehind_m = 160.0;  // on a motorway the slow ego is closed up on fast
constexpr int kHopsBehind = 3;               // lanes
constexpr double kNearestLanes_m = 2.0, kFurthestLanes_m = 6.0;  // between centres of neighbours
// Changes that the way demands weigh more the nearer the lane's end is.
constexpr double kWishFrom_m = 150.0;
constexpr double kMostWish_mps2 = 3.0;
constexpr double kLaneEndWish_mps2 = 8.0;  // where the lane ends, from kWishFrom_m on
// Behind an ego that stands cars pull out slowly, on a shorter way.
constexpr double kPullOut_m = 12.0;
constexpr double kPullOutWish_mps2 = 3.0;
constexpr double kEgoStands_s = 5.0;
const IdmParams kIdm{};

double ChangeLength(const Npc& npc, bool pulls_out) {
  return std::max(pulls_out ? kPullOut_m : kShortestChange_m, kLaneChangeSeconds * npc.speed_mps);
}

}  // namespace

// ---- What is around.

// The follower among the cars that are still on lanes before this one; to_s_m from its beginning.
void Traffic::LookBehind(LaneIndex lane, double to_s_m, int hops, int32_t self,
                         double look_behind_m, Around& around) const {
  if (hops == 0 || to_s_m > look_behind_m) return;
  for (const LaneIndex before : map_->network().lane(lane).predecessors) {
    const double length = map_->lane(before).length_m;
    if (const EgoOnLane* on = self == kEgoAgent ? nullptr : EgoOn(before)) {
      const double gap = to_s_m + length - (2.0 * on->mid_s_m - on->rear_s_m);
      if (gap < around.follower_gap_m) {
        around.follower_gap_m = gap;
        around.follower_speed_mps = on->speed_mps;
        around.follower = kEgoAgent;
      }
    }
    const int32_t f = first_[static_cast<size_t>(before)];
    if (f < 0) {
      LookBehind(before, to_s_m + length, hops - 1, self, look_behind_m, around);
      continue;
    }
    if (f == self) continue;
    const Npc& npc = npcs_[static_cast<size_t>(f)];
    const double gap = to_s_m + length - npc.s_m - npc.half_length_m();
    if (gap >= around.follower_gap_m) continue;
    around.follower_gap_m = gap;
    around.follower_speed_mps = npc.speed_mps;
    around.follower = f;
  }
}

// For a body with its centre at s. Bodies side by side give negative gaps.
Traffic::Around Traffic::LookAround(LaneIndex lane, double s_m, double half_length_m, int32_t self,
                                    double look_behind_m) const {
  Around around;
  const auto see = [&](double other_s_m, double other_half_m, double speed_mps, int32_t who) {
    const double gap = std::abs(other_s_m - s_m) - other_half_m - half_length_m;
    if (other_s_m > s_m) {
      if (gap >= around.lead_gap_m) return;
      around.lead_gap_m = gap;
      around.lead_speed_mps = speed_mps;
      around.ego_leads = who == kEgoAgent;
    } else if (gap < around.follower_gap_m) {
      around.follower_gap_m = gap;
      around.follower_speed_mps = speed_mps;
      around.follower = who;
    }
  };
  for (int32_t j = last_[static_cast<size_t>(lane)]; j >= 0;
       j = npcs_[static_cast<size_t>(j)].ahead) {
    if (j == self) continue;
    const Npc& other = npcs_[static_cast<size_t>(j)];
    see(other.s_m, other.half_length_m(), other.speed_mps, j);
    if (other.s_m > s_m) break;
  }
  if (lane_changers_[static_cast<size_t>(lane)] > 0) {
    for (const int32_t c : changing_) {
      const Npc& other = npcs_[static_cast<size_t>(c)];
      if (c == self || other.change.from != lane) continue;
      see(other.change.from_s_m, other.half_length_m(), other.speed_mps, c);
    }
  }
  if (const EgoOnLane* on = self == kEgoAgent ? nullptr : EgoOn(lane)) {
    see(on->mid_s_m, on->mid_s_m - on->rear_s_m, on->speed_mps, kEgoAgent);
  }
  if (around.follower == Around::kNobody) {
    around.follower_gap_m = look_behind_m;
    LookBehind(lane, s_m - half_length_m, kHopsBehind, self, look_behind_m, around);
    if (around.follower == Around::kNobody) around.follower_gap_m = 1e9;
  }
  return around;
}

Traffic::Around Traffic::AroundEgo(const Way& way, double s_m, double half_length_m) const {
  Around around = LookAround(way.lanes[0], s_m, half_length_m, kEgoAgent, kEgoLooksBehind_m);
  double begin_m = map_->lane(way.lanes[0]).length_m - s_m;
  for (size_t k = 1; k < way.count && around.lead_gap_m == 1e9 && begin_m < kLookAhead_m; ++k) {
    const auto lane = static_cast<size_t>(way.lanes[k]);
    const auto see = [&](const Npc& npc, double at_m) {
      const double gap_m = begin_m + at_m - npc.half_length_m() - half_length_m;
      if (gap_m >= around.lead_gap_m) return;
      around.lead_gap_m = gap_m;
      around.lead_speed_mps = npc.speed_mps;
    };
    if (const int32_t j = last_[lane]; j >= 0) {
      see(npcs_[static_cast<size_t>(j)], npcs_[static_cast<size_t>(j)].s_m);
    }
    for (size_t c = 0; lane_changers_[lane] > 0 && c < changing_.size(); ++c) {
      const Npc& npc = npcs_[static_cast<size_t>(changing_[c])];
      if (npc.change.from == way.lanes[k]) see(npc, npc.change.from_s_m);
    }
    begin_m += map_->lane(way.lanes[k]).length_m;
  }
  return around;
}

// ---- Whether to change.

// IDM on the road alone; npc null: the ego, as somebody who keeps the speed that it has.
double Traffic::FollowingAcceleration(const Npc* npc, double speed_mps, double lead_speed_mps,
                                      double gap_m) const {
  IdmParams idm = kIdm;
  double desired_mps = std::max(speed_mps, 1.0);
  if (npc != nullptr) {
    idm.time_gap_s = npc->time_gap_s;
    idm.max_accel_mps2 = npc->max_accel_mps2;
    const TrafficLane& lane = map_->lane(npc->plan[0]);
    const double cruise = npc->speed_factor * lane.cruise_mps;
    desired_mps = std::sqrt(std::min(cruise * cruise, map_->AllowedSpeed2(lane, npc->s_m)));
  }
  const double free = std::max(IdmFreeRoad(speed_mps, desired_mps), -1.0);
  const double interaction =
      gap_m < kLookAhead_m ? IdmInteraction(speed_mps, lead_speed_mps, gap_m, idm) : 0.0;
  return idm.max_accel_mps2 * (free - interaction);
}

bool Traffic::IsBlocked(const Npc& npc) const {
  return npc.cause == StandCause::kEgo && ego_.standing_s > kEgoStands_s;
}

// What the car's way adds to the gain of changing to this lane.
double Traffic::ChangeBias(const Npc& npc, LaneIndex to) const {
  const TrafficLane& here = map_->lane(npc.plan[0]);
  const double near = std::clamp(1.0 - (here.length_m - npc.s_m) / kWishFrom_m, 0.0, 1.0);
  const auto leads_on = [&](LaneIndex lane) {
    return lane != kNoLane && map_->lane(lane).next_count > 0;
  };
  if (here.ends) {
    if (!leads_on(to)) return -kLaneEndWish_mps2;
    return near > 0.0 ? kLaneEndWish_mps2 : 0.0;
  }
  if (npc.wish == kNoLane) return 0.0;
  if (npc.wish == npc.plan[0]) return -kMostWish_mps2 * near;
  // Is the wish on that side?
  bool on_the_left = false;
  for (LaneIndex l = here.left; l != kNoLane; l = map_->lane(l).left) on_the_left |= l == npc.wish;
  return on_the_left == (to == here.left) ? kMostWish_mps2 * near : -kMostWish_mps2 * near;
}

bool Traffic::ChangePays(int32_t i, LaneIndex to, double to_s_m, double bias_mps2,
                         double& gain) const {
  const Npc& npc = npcs_[static_cast<size_t>(i)];
  const double v = npc.speed_mps, half = npc.half_length_m();
  const Around now = LookAround(npc.plan[0], npc.s_m, half, i, kLookBehind_m);
  const Around then = LookAround(to, to_s_m, half, i, kLookBehind_m);
  if (then.lead_gap_m < kLeastGap_m || then.follower_gap_m < kLeastGap_m) return false;
  MobilAccelerations a;
  a.own_now = FollowingAcceleration(&npc, v, now.lead_speed_mps, now.lead_gap_m);
  a.own_then = FollowingAcceleration(&npc, v, then.lead_speed_mps, then.lead_gap_m);
  if (a.own_then < -mobil_.safe_braking_mps2) return false;
  const double way_m = ChangeLength(npc, IsBlocked(npc));
  if (!ClearsOldLeader(now.lead_gap_m, now.lead_speed_mps, v, way_m)) return false;
  // A follower's leader before and after.
  const auto followed = [&](const Around& around, bool by_this_car) {
    const Npc* follower =
        around.follower >= 0 ? &npcs_[static_cast<size_t>(around.follower)] : nullptr;
    const double gap = by_this_car ? around.follower_gap_m
                                   : around.follower_gap_m + npc.length_m + around.lead_gap_m;
    return FollowingAcceleration(follower, around.follower_speed_mps,
                                 by_this_car ? v : around.lead_speed_mps, gap);
  };
  if (then.follower != Around::kNobody) {
    a.new_follower_now = followed(then, false);
    a.new_follower_then = followed(then, true);
    if (then.follower == kEgoAgent &&
        (then.follower_gap_m < kEgoLeastGap_m + kEgoTimeGap_s * then.follower_speed_mps ||
         a.new_follower_then < -kEgoSafeBraking_mps2)) {
      return false;
    }
  }
  if (now.follower != Around::kNobody) {
    a.old_follower_now = followed(now, true);
    a.old_follower_then = followed(now, false);
  }
  MobilParams mobil = mobil_;
  mobil.politeness = npc.politeness;
  gain = MobilIncentive(a, mobil) + bias_mps2;
  return MobilChanges(a, mobil, bias_mps2);
}

void Traffic::ConsiderChange(int32_t i) {
  const Npc& npc = npcs_[static_cast<size_t>(i)];
  const TrafficLane& here = map_->lane(npc.plan[0]);
  if (npc.change.under_way() || npc.held.count > 0 || npc.granted_end > 1 || npc.yields_to_ego) {
    return;
  }
  const NpcScript* script = ScriptOf(static_cast<size_t>(i));
  if (script != nullptr && tick_ < script->release_tick) return;
  const bool rested = npc.change.begin_tick < 0 || tick_ - npc.change.begin_tick >= kRestTicks;
  const bool blocked = IsBlocked(npc);
  if (!here.ends && !blocked && (npc.speed_mps < kLeastSpeed_mps || !rested)) return;
  const double need = ChangeLength(npc, IsBlocked(npc)) + npc.half_length_m() + kMargin_m;
  const double half = npc.half_length_m();
  if (npc.s_m - half < here.usable_begin_m || npc.s_m + need > here.usable_end_m) return;
  LaneIndex best = kNoLane;
  double best_s_m = 0.0, best_gain = 0.0;
  for (const LaneIndex to : {here.left, here.right}) {
    if (to == kNoLane) continue;
    const TrafficLane& there = map_->lane(to);
    if (here.endless && !there.endless) continue;
    if (here.next_count > 0 && there.next_count == 0) continue;
    if (npc.kind == VehicleKind::kTruck && here.fits_trucks && !there.fits_trucks) continue;
    const Vec2 at = here.center->PositionAt(npc.s_m);
    const double guess = npc.s_m * there.length_m / here.length_m;
    const CurveProjection on = there.center->Project(at, guess - 15.0, guess + 15.0);
    const double apart = std::abs(on.lateral_m);
    if (apart < kNearestLanes_m || apart > kFurthestLanes_m) continue;
    if (on.s_m - half < there.usable_begin_m || on.s_m + need > there.usable_end_m) continue;
    double gain = 0.0;
    const double bias = blocked ? kPullOutWish_mps2 : ChangeBias(npc, to);
    if (!ChangePays(i, to, on.s_m, bias, gain)) continue;
    if (best != kNoLane && gain <= best_gain) continue;
    best = to;
    best_s_m = on.s_m;
    best_gain = gain;
  }
  if (best != kNoLane) BeginChange(i, best, best_s_m);
}

void Traffic::ChangeLanes() {
  if (!config_.lane_changes) return;
  for (size_t i = 0; i < npcs_.size(); ++i) {
    if (!map_->lane(npcs_[i].plan[0]).has_neighbours()) continue;
    if ((tick_ + 7 * static_cast<int64_t>(i)) % kConsiderEvery != 0) continue;
    ConsiderChange(static_cast<int32_t>(i));
  }
}

// ---- The way across.

void Traffic::BeginChange(int32_t i, LaneIndex to, double to_s_m) {
  Npc& npc = npcs_[static_cast<size_t>(i)];
  Remove(i);
  npc.change.from = npc.plan[0];
  npc.change.from_s_m = npc.s_m;
  npc.change.begin_odometer_m = npc.odometer_m;
  npc.change.length_m = ChangeLength(npc, IsBlocked(npc));
  npc.change.begin_tick = tick_;
  npc.plan = {};
  npc.plan[0] = to;
  npc.plan_count = 1;
  npc.granted_end = 1;
  npc.came_from = kNoLane;
  npc.arrival_tick = -1;
  npc.s_m = to_s_m;
  if (npc.wish != kNoLane && map_->lane(npc.wish).next_count == 0) npc.wish = kNoLane;
  ExtendPlan(npc);
  FindLine(npc);
  Insert(i);
  ++lane_changers_[static_cast<size_t>(npc.change.from)];
  changing_.insert(std::lower_bound(changing_.begin(), changing_.end(), i), i);
  ++counters_.lane_changes;
}

bool Traffic::CutsInto(LaneIndex lane, size_t npc) const {
  const Npc& other = npcs_[npc];
  return other.change.under_way() && other.plan[0] == lane &&
         static_cast<double>(tick_ - other.change.begin_tick) * kSimTickSeconds <=
             kLaneChangeSeconds;
}

void Traffic::AdvanceChange(int32_t i) {
  Npc& npc = npcs_[static_cast<size_t>(i)];
  if (npc.odometer_m >= npc.change.begin_odometer_m + npc.change.length_m) {
    ForgetChange(i);
    return;
  }
  const Vec2 at = map_->lane(npc.plan[0]).center->PositionAt(npc.s_m);
  const double s = npc.change.from_s_m;
  npc.change.from_s_m = map_->lane(npc.change.from).center->Project(at, s - 1.0, s + 4.0).s_m;
}

void Traffic::ForgetChange(int32_t i) {
  Npc& npc = npcs_[static_cast<size_t>(i)];
  if (!npc.change.under_way()) return;
  --lane_changers_[static_cast<size_t>(npc.change.from)];
  npc.change.from = kNoLane;
  changing_.erase(std::lower_bound(changing_.begin(), changing_.end(), i));
}

// The lane by which it wants to leave this road: any of those that lead on.
void Traffic::DrawWish(Npc& npc) {
  LaneIndex rightmost = npc.plan[0];
  while (map_->lane(rightmost).right != kNoLane) rightmost = map_->lane(rightmost).right;
  uint64_t count = 0;
  const bool endless = map_->lane(npc.plan[0]).endless;
  npc.wish = kNoLane;
  for (LaneIndex l = rightmost; l != kNoLane; l = map_->lane(l).left) {
    const TrafficLane& lane = map_->lane(l);
    if (lane.next_count == 0 || (endless && !lane.endless)) continue;
    if (random_.Below(++count) == 0) npc.wish = l;
  }
}

}  // namespace volante
