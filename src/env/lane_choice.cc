#include "env/lane_choice.h"

#include <algorithm>
#include <cmath>

#include "sim/mobil.h"

namespace volante {
namespace {

constexpr double kSeconds = 3.0;            // that a change takes,
constexpr double kShortestChange_m = 20.0;  // but at least this way
constexpr double kLeastSpeed_mps = 2.0;     // slower cars stay on their lane
constexpr double kSettled_m = 0.4;          // from the lane's centre: the change is over
constexpr double kRest_m = 15.0;            // between two changes that nothing demands
// Somebody pulls out with room to change twice and to overtake on the way.
constexpr double kOvertaking_m = 60.0;
constexpr double kLeastGap_m = 6.0, kGapTime_s = 0.6;  // to who follows on the other lane
constexpr double kLeastLead_m = 4.0;                   // to who leads there
constexpr double kClearShare = 0.8;  // of the way: the old lane's leader is no longer in it
constexpr double kClearMargin_m = 4.0;
constexpr double kBodies_m = 2.3;  // between lane centre and car: bodies can touch within
constexpr double kSeen_m = 80.0;   // others further away ask nothing
// The lane of the route is better by this much, and by more the less room there is beside it.
constexpr double kKeepRoute_mps2 = 0.3, kMostWish_mps2 = 4.0, kWishFrom_m = 80.0;
// A lane beside the route is left this far before its end; who found no gap stands where the rest
// is enough for a change on the shortest way.
constexpr double kBeforeEnd_m = 4.0, kStandingChange_m = 14.0;
// Who drives behind is no further braked than this; others count by politeness.
const MobilParams kMobil{.politeness = 0.3, .safe_braking_mps2 = 2.0, .threshold_mps2 = 0.2};

double ChangeWay(double speed_mps) { return std::max(kShortestChange_m, kSeconds * speed_mps); }

double Follow(double speed_mps, double lead_speed_mps, double gap_m, const IdmParams& idm) {
  return gap_m < kSeen_m ? IdmInteraction(speed_mps, lead_speed_mps, gap_m, idm) : 0.0;
}

// Of somebody who keeps the speed that he has on a free road.
double FollowerAcceleration(double speed_mps, double lead_speed_mps, double gap_m) {
  const IdmParams idm{.desired_speed_mps = std::max(speed_mps, 1.0)};
  return -idm.max_accel_mps2 * Follow(speed_mps, lead_speed_mps, gap_m, idm);
}

}  // namespace

void LaneChoice::Decide(const DriveFacts& f, const IdmParams& idm) {
  const bool changing = f.route_s_m < begin_s_m_ + way_m_;
  if (lane_ != kRouteLane && !f.lanes[lane_].open()) {  // it ended, or the road has others now
    left_ = lane_ = kRouteLane;
    return;
  }
  const double apart_m = std::abs(f.lateral_offset_m - f.lanes[lane_].offset_m);
  if (changing || apart_m > kSettled_m) return;
  left_ = lane_;
  const double way_m = ChangeWay(f.speed_mps);
  if (lane_ != kRouteLane) {
    const double spare_m = f.lanes[lane_].room_m - way_m - kBeforeEnd_m;
    const double wish = kMostWish_mps2 * std::clamp(1.0 - spare_m / kWishFrom_m, 0.0, 1.0);
    if (Pays(f, idm, kRouteLane, kKeepRoute_mps2 + wish)) ChangeTo(f, kRouteLane);
    return;
  }
  if (f.speed_mps < kLeastSpeed_mps || f.route_s_m < begin_s_m_ + way_m_ + kRest_m) return;
  for (const size_t side : {kLeftLane, kRightLane}) {
    if (f.lanes[side].room_m < 2.0 * way_m + kOvertaking_m) continue;
    if (Pays(f, idm, side, -kKeepRoute_mps2)) return ChangeTo(f, side);
  }
}

bool LaneChoice::Pays(const DriveFacts& f, const IdmParams& idm, size_t to,
                      double bias_mps2) const {
  const NearLane& now = f.lanes[lane_];
  const NearLane& then = f.lanes[to];
  const double v = f.speed_mps, way_m = ChangeWay(v);
  if (then.lead_gap_m < kLeastLead_m ||
      then.follower_gap_m < kLeastGap_m + kGapTime_s * then.follower_speed_mps) {
    return false;
  }
  const double cleared_m = kClearShare * way_m;
  const double lead_drives_m = now.lead_speed_mps * cleared_m / std::max(v, 1.0);
  if (now.lead_gap_m + lead_drives_m < cleared_m + kClearMargin_m) return false;
  const auto accelerate = [&](const NearLane& lane) {
    return -idm.max_accel_mps2 * Follow(v, lane.lead_speed_mps, lane.lead_gap_m, idm);
  };
  const double length_m = 2.0 * f.front_overhang_m;
  // A lane's follower behind this car, and behind the one that leads it without this car.
  const auto follow = [&](const NearLane& lane, bool this_car) {
    if (lane.follower_gap_m > kSeen_m) return 0.0;
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
  return a.own_then > -kMobil.safe_braking_mps2 && MobilChanges(a, kMobil, bias_mps2);
}

void LaneChoice::ChangeTo(const DriveFacts& f, size_t to) {
  left_ = lane_;
  left_offset_m_ = f.lateral_offset_m;
  lane_ = to;
  begin_s_m_ = f.route_s_m;
  way_m_ = ChangeWay(f.speed_mps);
  if (to == kRouteLane) {
    way_m_ = std::min(way_m_, std::max(f.lanes[left_].room_m - kBeforeEnd_m, kStandingChange_m));
  }
}

// Share of the way across, at a point of the route: 0 to 1, level at both ends.
double LaneChoice::Across(const DriveFacts& f, double ahead_m) const {
  const double p = std::clamp((f.route_s_m + ahead_m - begin_s_m_) / way_m_, 0.0, 1.0);
  return p * p * (3.0 - 2.0 * p);
}

double LaneChoice::OffsetAhead_m(const DriveFacts& f, double ahead_m) const {
  const double to_m = f.lanes[lane_].offset_m, across = Across(f, ahead_m);
  return across < 1.0 ? left_offset_m_ + (to_m - left_offset_m_) * across : to_m;
}

double LaneChoice::Interaction(const DriveFacts& f, const IdmParams& idm) const {
  double others = 0.0;
  const auto mind = [&](double speed_mps, double gap_m) {
    others = std::max(others, Follow(f.speed_mps, speed_mps, gap_m, idm));
  };
  const NearLane& to = f.lanes[lane_];
  if (left_ != lane_) mind(to.lead_speed_mps, to.lead_gap_m);
  const NearLane& from = f.lanes[left_];
  if (left_ != lane_ && std::abs(f.lateral_offset_m - from.offset_m) < kBodies_m) {
    mind(from.lead_speed_mps, from.lead_gap_m);
  }
  if (lane_ != kRouteLane) mind(0.0, std::max(to.room_m - kBeforeEnd_m - kStandingChange_m, 0.1));
  return others;
}

}  // namespace volante
