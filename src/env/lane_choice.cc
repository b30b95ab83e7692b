#include "env/lane_choice.h"

#include <algorithm>
#include <cmath>

#include "sim/mobil.h"

namespace volante {
namespace {

constexpr double kShortestChange_m = 20.0;  // the way of a change, at least
constexpr double kLeastSpeed_mps = 2.0;     // slower cars pull out of nothing,
constexpr double kQueue_mps = 1.0;          // nor behind who stands: that is a queue
constexpr double kSettled_m = 0.4;          // from the lane's centre: the change is over
constexpr double kTurnBack_m = 0.7;         // and so far it can be given up
constexpr double kRest_m = 15.0;            // between two changes that nothing demands
constexpr double kLeastClosing_mps = 1.0;   // on who is overtaken
constexpr double kSpareRoom_m = 10.0;       // beyond the way that overtaking takes
// Gaps on the other lane: to who leads there, to who follows, to both where all stand.
constexpr double kLeadGap_m = 4.0, kFollowGap_m = 6.0, kFollowGap_s = 0.6, kStandingGap_m = 1.5;
constexpr double kTurnBackGap_m = 2.0;  // a change is given up for less
constexpr double kBodies_m = 2.5;       // from a lane's centre: nearer, bodies on it can be touched
constexpr double kSeenAhead_m = 80.0, kSeenBehind_m = 160.0;  // others ask nothing
// The lane of the route is better by this much, and by more the less room there is beside it.
constexpr double kKeepRoute_mps2 = 0.3, kMostWish_mps2 = 4.0, kWishFrom_m = 80.0;
// A lane beside the route is left this far before its end; who found no gap stands where the rest
// is enough for a change on the shortest way.
constexpr double kBeforeEnd_m = 4.0, kStandingChange_m = 14.0;
// Who drives behind is no further braked than this; others count by politeness.
const MobilParams kMobil{.politeness = 0.3, .safe_braking_mps2 = 2.0, .threshold_mps2 = 0.2};

double ChangeWay_m(double speed_mps) {
  return std::max(kShortestChange_m, kLaneChangeSeconds * speed_mps);
}

// What a leader asks, as IDM's share (s* / s)^2.
double LeadShare(double speed_mps, double lead_speed_mps, double gap_m, const IdmParams& idm) {
  return gap_m < kSeenAhead_m ? IdmInteraction(speed_mps, lead_speed_mps, gap_m, idm) : 0.0;
}

// Of somebody who keeps the speed that he has on a free road, m/s^2.
double FollowerAcceleration(double speed_mps, double lead_speed_mps, double gap_m) {
  const IdmParams idm{.desired_speed_mps = std::max(speed_mps, 1.0)};
  if (gap_m > kSeenBehind_m) return 0.0;
  return -idm.max_accel_mps2 * IdmInteraction(speed_mps, lead_speed_mps, gap_m, idm);
}

// Until the car is back on its lane before the one that leads it: the way to get past it at the
// desired speed, and that of the change back.
double OvertakingWay_m(const NearLane& own, double length_m, double desired_mps) {
  const double closing_mps = desired_mps - own.lead_speed_mps;
  if (own.lead_gap_m > kSeenAhead_m || closing_mps < kLeastClosing_mps) return 1e9;
  const double past_m = own.lead_gap_m + 2.0 * length_m + 2.0 * kLeadGap_m;
  return past_m / closing_mps * desired_mps + ChangeWay_m(desired_mps) + kBeforeEnd_m;
}

bool GapsSuffice(const NearLane& lane, double speed_mps) {
  if (speed_mps < kQueue_mps && lane.follower_speed_mps < kQueue_mps) {
    return lane.lead_gap_m > kStandingGap_m && lane.follower_gap_m > kStandingGap_m;
  }
  return lane.lead_gap_m > kLeadGap_m &&
         lane.follower_gap_m > kFollowGap_m + kFollowGap_s * lane.follower_speed_mps;
}

}  // namespace

void LaneChoice::Decide(const DriveFacts& f, const IdmParams& idm) {
  if (lane_ != kRouteLane && !f.lanes[lane_].open()) {  // it ended, or the road has others now
    left_ = lane_ = kRouteLane;
    return;
  }
  if (f.route_s_m < begin_s_m_ + way_m_) {
    if (MustTurnBack(f)) ChangeTo(f, left_);
    return;
  }
  // Whoever finds itself on another lane than it thought goes on there.
  const size_t on = LaneInUse(f.lanes, f.lateral_offset_m);
  if (on != lane_) lane_ = on;
  left_ = lane_;
  if (std::abs(f.lateral_offset_m - f.lanes[lane_].offset_m) > kSettled_m) return;
  const double way_m = ChangeWay_m(f.speed_mps);
  if (lane_ != kRouteLane) {
    const double spare_m = f.lanes[lane_].room_m - way_m - kBeforeEnd_m;
    const double wish = kMostWish_mps2 * std::clamp(1.0 - spare_m / kWishFrom_m, 0.0, 1.0);
    if (Pays(f, idm, kRouteLane, kKeepRoute_mps2 + wish)) ChangeTo(f, kRouteLane);
    return;
  }
  const NearLane& own = f.lanes[kRouteLane];
  if (f.speed_mps < kLeastSpeed_mps || f.route_s_m < begin_s_m_ + way_m_ + kRest_m ||
      (own.lead_gap_m < kSeenAhead_m && own.lead_speed_mps < kQueue_mps)) {
    return;
  }
  const double needed_m =
      OvertakingWay_m(own, 2.0 * f.front_overhang_m, idm.desired_speed_mps) + kSpareRoom_m;
  for (const size_t side : {kLeftLane, kRightLane}) {
    if (f.lanes[side].room_m < needed_m) continue;
    if (Pays(f, idm, side, -kKeepRoute_mps2)) return ChangeTo(f, side);
  }
}

// Somebody came into the gap while the car is still on its old lane.
bool LaneChoice::MustTurnBack(const DriveFacts& f) const {
  if (left_ == lane_ || !f.lanes[left_].open()) return false;
  if (std::abs(f.lateral_offset_m - f.lanes[left_].offset_m) > kTurnBack_m) return false;
  const NearLane& to = f.lanes[lane_];
  return std::min(to.lead_gap_m, to.follower_gap_m) < kTurnBackGap_m && f.speed_mps > kQueue_mps;
}

bool LaneChoice::Pays(const DriveFacts& f, const IdmParams& idm, size_t to,
                      double bias_mps2) const {
  const NearLane& now = f.lanes[lane_];
  const NearLane& then = f.lanes[to];
  const double v = f.speed_mps;
  if (!GapsSuffice(then, v) ||
      !ClearsOldLeader(now.lead_gap_m, now.lead_speed_mps, v, ChangeWay_m(v))) {
    return false;
  }
  const auto accelerate = [&](const NearLane& lane) {
    return -idm.max_accel_mps2 * LeadShare(v, lane.lead_speed_mps, lane.lead_gap_m, idm);
  };
  const double length_m = 2.0 * f.front_overhang_m;
  // A lane's follower behind this car, and behind the one that leads it without this car.
  const auto follow = [&](const NearLane& lane, bool this_car) {
    return this_car ? FollowerAcceleration(lane.follower_speed_mps, v, lane.follower_gap_m)
                    : FollowerAcceleration(lane.follower_speed_mps, lane.lead_speed_mps,
                                           lane.follower_gap_m + length_m + lane.lead_gap_m);
  };
  const MobilAccelerations a{.own_now = accelerate(now),
                             .own_then = accelerate(then),
                             .new_follower_now = follow(then, false),
                             .new_follower_then = follow(then, true),
                             .old_follower_now = follow(now, true),
                             .old_follower_then = follow(now, false)};
  const bool all_stand = v < kQueue_mps && then.follower_speed_mps < kQueue_mps;
  return all_stand ||
         (a.own_then > -kMobil.safe_braking_mps2 && MobilChanges(a, kMobil, bias_mps2));
}

void LaneChoice::ChangeTo(const DriveFacts& f, size_t to) {
  left_ = lane_;
  left_offset_m_ = f.lateral_offset_m;
  lane_ = to;
  begin_s_m_ = f.route_s_m;
  way_m_ = ChangeWay_m(f.speed_mps);
  if (to == kRouteLane) {
    way_m_ = std::min(way_m_, std::max(f.lanes[left_].room_m - kBeforeEnd_m, kStandingChange_m));
  }
}

double LaneChoice::OffsetAhead_m(const DriveFacts& f, double ahead_m) const {
  const double p = std::clamp((f.route_s_m + ahead_m - begin_s_m_) / way_m_, 0.0, 1.0);
  const double across = p * p * (3.0 - 2.0 * p);  // level at both ends
  const double to_m = f.lanes[lane_].offset_m;
  return p < 1.0 ? left_offset_m_ + (to_m - left_offset_m_) * across : to_m;
}

double LaneChoice::LargestShare(const DriveFacts& f, const IdmParams& idm) const {
  double share = 0.0;
  const auto mind = [&](double speed_mps, double gap_m) {
    share = std::max(share, LeadShare(f.speed_mps, speed_mps, gap_m, idm));
  };
  const NearLane& to = f.lanes[lane_];
  if (left_ != lane_) mind(to.lead_speed_mps, to.lead_gap_m);
  const NearLane& from = f.lanes[left_];
  if (left_ != lane_ && std::abs(f.lateral_offset_m - from.offset_m) < kBodies_m) {
    mind(from.lead_speed_mps, from.lead_gap_m);
  }
  if (lane_ != kRouteLane) {
    mind(0.0, std::max(to.room_m - kBeforeEnd_m - kStandingChange_m, 0.1));
  }
  return share;
}

}  // namespace volante
