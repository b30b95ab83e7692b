// The car of one episode and the road under it: load, friction, gains, slopes; by hand calculation.
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "sim/ego.h"

namespace volante {
namespace {

EgoParams Model3() { return MakeEgoParams(EgoConfig{}); }

EgoState AtSpeed(double speed_mps) {
  EgoState state;
  state.speed_mps = speed_mps;
  return state;
}

// The brake asks for 8.4 m/s^2, the tyres give 95 % of mu g: 0.95 * 0.65 * 1.0489 * 9.81 on a wet
// road.
TEST(EgoVariation, AWetRoadLengthensTheWayToAStop) {
  const auto stop_m = [](double friction_scale) {
    EgoVariation road;
    road.friction_scale = friction_scale;
    const EgoParams params = Varied(Model3(), road);
    EgoState state = AtSpeed(20.0);
    for (int i = 0; i < 300; ++i) StepEgo(0.0, -1.0, params, state);
    EXPECT_EQ(state.speed_mps, 0.0);
    return state.position_m.x;
  };
  EXPECT_NEAR(stop_m(1.0), 20.0 * 20.0 / (2.0 * 8.4), 0.1);
  EXPECT_NEAR(stop_m(0.65), 20.0 * 20.0 / (2.0 * 6.354), 0.1);
}

// At full lock the car drives the circle that grip allows: v^2 / r = mu g.
TEST(EgoVariation, AWetRoadWidensTheCurve) {
  const auto curvature = [](double friction_scale) {
    EgoVariation road;
    road.friction_scale = friction_scale;
    const EgoParams params = Varied(Model3(), road);
    EgoState state = AtSpeed(15.0);
    for (int i = 0; i < 200; ++i) {
      state.speed_mps = 15.0;
      StepEgo(1.0, 0.0, params, state);
    }
    return state.yaw_rate_radps / 15.0;
  };
  const double dry = 1.0489 * 9.81 / (15.0 * 15.0);
  EXPECT_NEAR(curvature(1.0), dry, 0.02 * dry);
  EXPECT_NEAR(curvature(0.65), 0.65 * dry, 0.02 * dry);
}

TEST(EgoVariation, TheNominalVariationChangesNoBit) {
  const EgoParams nominal = Model3(), varied = Varied(nominal, {});
  EgoState a = AtSpeed(3.0), b = a, level = a;
  for (int i = 0; i < 600; ++i) {
    const double steer = std::sin(0.05 * i), pedal = std::cos(0.031 * i);
    StepEgo(steer, pedal, nominal, a);
    StepEgo(steer, pedal, varied, b);
    StepEgo(steer, pedal, nominal, level, {0.0, 0.0});
    ASSERT_EQ(a, b) << i;
    ASSERT_EQ(a, level) << i;
  }
}

// a = F / m: what pedal and air add to rolling falls with the mass; rolling resistance is a share
// of the weight and stays.
TEST(EgoVariation, ALoadedCarAcceleratesAndBrakesLess) {
  EgoVariation loaded;
  loaded.mass_scale = 1.15;
  const EgoParams nominal = Model3(), heavy = Varied(nominal, loaded);
  EXPECT_DOUBLE_EQ(heavy.track.mass_kg, 1845.0 * 1.15);
  for (const double v : {1.0, 8.0, 20.0}) {
    for (const double u : {0.2, 0.5, 1.0}) {
      EXPECT_NEAR(PedalAcceleration(v, u, heavy) + 0.4,
                  (PedalAcceleration(v, u, nominal) + 0.4) / 1.15, 1e-9);
    }
    EXPECT_NEAR(PedalAcceleration(v, -0.5, heavy), -0.4 - 4.0 / 1.15, 1e-9);
    EXPECT_NEAR(PedalAcceleration(v, 0.0, heavy), -0.4, 1e-12);
  }
}

TEST(EgoVariation, AVariedCarStillAcceleratesMoreOnMorePedal) {
  for (const double mass : {0.9, 1.15}) {
    for (const double gain : {0.85, 1.15}) {
      EgoVariation variation;
      variation.mass_scale = mass;
      variation.throttle_gain = gain;
      const EgoParams params = Varied(Model3(), variation);
      for (double v = 0.5; v <= 25.0; v += 0.5) {
        double old = -1e9;
        for (int k = -50; k <= 50; ++k) {
          EgoState state = AtSpeed(v);
          StepEgo(0.0, 0.02 * k, params, state);
          ASSERT_GT(state.speed_mps, old) << "v " << v << " pedal " << 0.02 * k;
          old = state.speed_mps;
        }
      }
    }
  }
}

TEST(EgoVariation, SteeringGainTurnsTheWheelsFurther) {
  EgoVariation variation;
  variation.steer_gain = 1.1;
  const EgoParams params = Varied(Model3(), variation);
  EgoState state = AtSpeed(1.5);
  for (int i = 0; i < 40; ++i) {
    state.speed_mps = 1.5;
    StepEgo(0.5, 0.0, params, state);
  }
  EXPECT_NEAR(state.steer_angle_rad, 0.5 * 1.1 * 35.0 * std::numbers::pi / 180.0, 1e-3);
}

// ---- Slopes. g sin(angle) by hand: 5 degrees pull with 0.855 m/s^2.

TEST(EgoVariation, GravityPullsAlongTheSlope) {
  const EgoParams params = Model3();
  const double angle = 5.0 * std::numbers::pi / 180.0, pull = 9.81 * std::sin(angle);
  for (const double sign : {1.0, -1.0}) {
    EgoState level = AtSpeed(10.0), slope = level;
    StepEgo(0.0, 0.3, params, level);
    StepEgo(0.0, 0.3, params, slope, {.pitch_rad = sign * angle});
    EXPECT_NEAR((level.speed_mps - slope.speed_mps) / 0.05, sign * pull, 0.01);
  }
}

TEST(EgoVariation, ACarWithoutBrakeRollsDownhillAndNeverBackUphill) {
  const EgoParams params = Model3();
  const double angle = 5.0 * std::numbers::pi / 180.0;
  EgoState down, held, up;
  for (int i = 0; i < 40; ++i) {
    StepEgo(0.0, 0.0, params, down, {.pitch_rad = -angle});
    StepEgo(0.0, -0.2, params, held, {.pitch_rad = -angle});
    StepEgo(0.0, 0.0, params, up, {.pitch_rad = angle});
  }
  EXPECT_GT(down.speed_mps, 0.5);
  EXPECT_EQ(held.speed_mps, 0.0);
  EXPECT_EQ(held.position_m.x, 0.0);
  EXPECT_EQ(up.position_m.x, 0.0);
}

// On a bank of 5 degrees, left side up, gravity's g sin(angle) across the car is met by both axles'
// tyres, mu C_S g per radian of slip: a car that steers straight slides to the right at that angle,
// sin(angle) / 21.92. It is neutral, so that it does not turn.
TEST(EgoVariation, ABankPushesTheCarToItsLowSide) {
  const EgoParams params = Model3();
  const double angle = 5.0 * std::numbers::pi / 180.0;
  EgoState banked = AtSpeed(15.0);
  for (int i = 0; i < 60; ++i) {
    banked.speed_mps = 15.0;
    StepEgo(0.0, 0.1, params, banked, {.roll_rad = angle});
  }
  const double slip = -std::sin(angle) / 21.92;
  EXPECT_NEAR(banked.slip_rad, slip, 0.02 * std::abs(slip));
  EXPECT_NEAR(banked.yaw_rate_radps, 0.0, 1e-6);
  EXPECT_NEAR(banked.position_m.y, 45.0 * slip, 0.1 * 45.0 * std::abs(slip));
}

// Half the grip is gone on a slope whose cosines say so: a wall of 60 degrees.
TEST(EgoVariation, ASteepSlopeLeavesLessGrip) {
  const EgoParams params = Model3();
  EgoState state = AtSpeed(20.0);
  StepEgo(0.0, -1.0, params, state, {.pitch_rad = std::numbers::pi / 3.0});
  const double tyres = 0.95 * 1.0489 * 9.81 * 0.5, gravity = 9.81 * std::sin(std::numbers::pi / 3);
  EXPECT_NEAR(state.accel_long_mps2, -tyres - gravity, 0.01);
}

TEST(EgoVariation, RefusesVariationsThatNoCarHas) {
  EXPECT_TRUE(EgoVariation{}.Valid());
  EgoVariation v;
  v.mass_scale = 0.0;
  EXPECT_FALSE(v.Valid());
  v = {};
  v.friction_scale = std::nan("");
  EXPECT_FALSE(v.Valid());
  v = {};
  v.action_delay_ticks = 3;
  EXPECT_FALSE(v.Valid());
}

}  // namespace
}  // namespace volante
