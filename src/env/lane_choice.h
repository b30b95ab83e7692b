// Which lane the expert drives on: its route's, or one beside it while that pays by MOBIL
// (sim/mobil.h) and there is room to come back before the lanes part.
#pragma once

#include "base/near_lane.h"
#include "env_api/env.h"
#include "sim/idm.h"

namespace volante {

class LaneChoice {
 public:
  void Begin() { *this = {}; }
  // Once a tick, before the rest. `idm`: how the driver follows others.
  void Decide(const DriveFacts& facts, const IdmParams& idm);

  // Where the car should be, this far ahead along the route: metres left of its lane's centre.
  double OffsetAhead_m(const DriveFacts& facts, double ahead_m) const;
  // What others and the end of the lane ask of the driver beside DriveFacts::lead_gap_m: the
  // largest of IDM's shares of the acceleration, (s* / s)^2.
  double LargestShare(const DriveFacts& facts, const IdmParams& idm) const;

  size_t lane() const { return lane_; }  // into DriveFacts::lanes

 private:
  bool Pays(const DriveFacts& facts, const IdmParams& idm, size_t to, double bias_mps2) const;
  void ChangeTo(const DriveFacts& facts, size_t to);
  bool MustTurnBack(const DriveFacts& facts) const;

  size_t lane_ = kRouteLane;  // chosen
  size_t left_ = kRouteLane;  // that the last change began on
  double left_offset_m_ = 0.0;
  double begin_s_m_ = -kFar, way_m_ = 1.0;  // of the change, along the route
};

}  // namespace volante
