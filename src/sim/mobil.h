// MOBIL, the lane change rule (Kesting, Treiber, Helbing: "General lane-changing model MOBIL for
// car-following models", Transportation Research Record 1999, 2007): change if it is safe for the
// follower on the other lane and if it pays, the others' gains and losses counted by politeness.
// Pure functions on accelerations that a car-following model gives; SI units.
#pragma once

#include <algorithm>

namespace volante {

struct MobilParams {
  double politeness = 0.2;         // p: 0 selfish, 1 counts others like itself
  double safe_braking_mps2 = 4.0;  // b_safe: nobody behind is made to brake harder
  double threshold_mps2 = 0.2;     // a_thr: smaller gains are not worth a change
};

// Accelerations as things are and as they would be after the change. Where there is no follower
// both of its values are 0.
struct MobilAccelerations {
  double own_now = 0.0, own_then = 0.0;
  double new_follower_now = 0.0, new_follower_then = 0.0;  // on the other lane
  double old_follower_now = 0.0, old_follower_then = 0.0;  // on this lane
};

inline bool MobilIsSafe(const MobilAccelerations& a, const MobilParams& p) {
  return a.new_follower_then > -p.safe_braking_mps2;
}

// m/s^2; compared with the threshold.
inline double MobilIncentive(const MobilAccelerations& a, const MobilParams& p) {
  return a.own_then - a.own_now +
         p.politeness *
             (a.new_follower_then - a.new_follower_now + a.old_follower_then - a.old_follower_now);
}

// The way across: 3 s of it, and the old lane's leader is out of it after most of the way.
inline constexpr double kLaneChangeSeconds = 3.0;

// Whether a change over way_m at this speed gets past the rear of the old lane's leader, which is
// gap_m ahead (bumper to bumper) and goes on at its speed.
inline bool ClearsOldLeader(double gap_m, double lead_speed_mps, double speed_mps, double way_m) {
  constexpr double kClearShare = 0.8, kMargin_m = 4.0;
  const double cleared_m = kClearShare * way_m;
  return gap_m + lead_speed_mps * cleared_m / std::max(speed_mps, 1.0) >= cleared_m + kMargin_m;
}

// `bias` is added for changes that the way demands, m/s^2.
inline bool MobilChanges(const MobilAccelerations& a, const MobilParams& p, double bias_mps2) {
  return MobilIsSafe(a, p) && MobilIncentive(a, p) + bias_mps2 > p.threshold_mps2;
}

}  // namespace volante
