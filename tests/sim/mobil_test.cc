// MOBIL by hand calculation (Kesting, Treiber, Helbing 2007), alone and on IDM's accelerations.
#include "sim/mobil.h"

#include <gtest/gtest.h>

#include "sim/idm.h"

namespace volante {
namespace {

const MobilParams kParams{.politeness = 0.2, .safe_braking_mps2 = 4.0, .threshold_mps2 = 0.2};

// 0.5 - (-1.0) + 0.2 ((-0.2 - 0.3) + (0.9 - (-0.1))) = 1.5 + 0.2 * 0.5 = 1.6.
TEST(Mobil, IncentiveCountsTheOthersByPoliteness) {
  const MobilAccelerations a{.own_now = -1.0,
                             .own_then = 0.5,
                             .new_follower_now = 0.3,
                             .new_follower_then = -0.2,
                             .old_follower_now = -0.1,
                             .old_follower_then = 0.9};
  EXPECT_DOUBLE_EQ(MobilIncentive(a, kParams), 1.6);
  MobilParams selfish = kParams;
  selfish.politeness = 0.0;
  EXPECT_DOUBLE_EQ(MobilIncentive(a, selfish), 1.5);
  EXPECT_TRUE(MobilChanges(a, kParams, 0.0));
}

TEST(Mobil, NobodyChangesWhereTheFollowerWouldHaveToBrakeHard) {
  MobilAccelerations a{.own_now = -3.0, .own_then = 1.0, .new_follower_then = -3.9};
  EXPECT_TRUE(MobilChanges(a, kParams, 0.0));
  a.new_follower_then = -4.0;
  EXPECT_FALSE(MobilChanges(a, kParams, 100.0)) << "however much the way demands it";
}

TEST(Mobil, TheThresholdKeepsCarsFromChangingForNothing) {
  MobilAccelerations a{.own_now = 0.0, .own_then = 0.2};
  EXPECT_FALSE(MobilChanges(a, kParams, 0.0));
  EXPECT_TRUE(MobilChanges(a, kParams, 0.01));
  a.own_then = 0.21;
  EXPECT_TRUE(MobilChanges(a, kParams, 0.0));
}

// IDM with v = v0 / 2, T = 1.5 s, s0 = 2 m, all at 8 m/s: behind a car at 28 m the interaction is
// 1/4, so a change to a free lane gains 1.5 / 4 = 0.375. A follower there at 14 m loses 1.5.
TEST(Mobil, ACarGivesUpAGainThatCostsTheFollowerMore) {
  const IdmParams idm{.desired_speed_mps = 16.0,
                      .time_gap_s = 1.5,
                      .standstill_gap_m = 2.0,
                      .max_accel_mps2 = 1.5,
                      .comfortable_decel_mps2 = 2.0};
  MobilAccelerations a{.own_now = IdmAcceleration(8.0, 8.0, 28.0, idm),
                       .own_then = IdmAcceleration(8.0, 8.0, 1e9, idm)};
  EXPECT_NEAR(MobilIncentive(a, kParams), 0.375, 1e-9);
  EXPECT_TRUE(MobilChanges(a, kParams, 0.0));
  a.new_follower_now = IdmAcceleration(8.0, 8.0, 1e9, idm);
  a.new_follower_then = IdmAcceleration(8.0, 8.0, 14.0, idm);
  EXPECT_NEAR(MobilIncentive(a, kParams), 0.375 - 0.2 * 1.5, 1e-9);
  EXPECT_FALSE(MobilChanges(a, kParams, 0.0));
  MobilParams rude = kParams;
  rude.politeness = 0.1;
  EXPECT_TRUE(MobilChanges(a, rude, 0.0));
}

}  // namespace
}  // namespace volante
