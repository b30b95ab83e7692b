// The ego's answer to pedal and steering: CARLA's times to speed, monotone pedal, turning circles,
// grip, and stability at every speed.
#include "sim/ego.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

namespace volante {
namespace {

EgoParams Model3() { return MakeEgoParams(EgoConfig{}); }

EgoState AtSpeed(double speed_mps) {
  EgoState state;
  state.speed_mps = speed_mps;
  return state;
}

double SpeedAfterTick(double speed_mps, double pedal) {
  EgoState state = AtSpeed(speed_mps);
  StepEgo(0.0, pedal, Model3(), state);
  return state.speed_mps;
}

TEST(Ego, HasTheOutlineAndMassOfCarlasModel3) {
  const EgoParams p = Model3();
  EXPECT_DOUBLE_EQ(p.length_m, 4.792);
  EXPECT_DOUBLE_EQ(p.width_m, 2.163);
  EXPECT_DOUBLE_EQ(p.height_m, 1.488);
  EXPECT_DOUBLE_EQ(p.track.mass_kg, 1845.0);
  EXPECT_DOUBLE_EQ(p.track.wheelbase_m(), 3.005);
}

// carla_garage's fit evaluated at full throttle (reference/vehicle_dynamics.md 4.2).
TEST(Ego, ReachesSpeedsAtFullThrottleInCarlasTimes) {
  const EgoParams params = Model3();
  EgoState state;
  const double kmh[] = {20, 40, 60, 80};
  const double seconds[] = {0.85, 1.85, 3.20, 5.00};
  int next = 0;
  double old_speed = 0.0;
  for (int tick = 1; tick <= 200 && next < 4; ++tick) {
    StepEgo(0.0, 1.0, params, state);
    while (next < 4 && state.speed_mps * 3.6 >= kmh[next]) {
      const double share = (kmh[next] / 3.6 - old_speed) / (state.speed_mps - old_speed);
      EXPECT_NEAR((tick - 1 + share) * 0.05, seconds[next], 0.1) << kmh[next] << " km/h";
      ++next;
    }
    old_speed = state.speed_mps;
  }
  EXPECT_EQ(next, 4);
}

// The fit itself, by hand from its coefficients: u = 1 at standstill gives
// (-0.380192912 + 1.74950069) km/h per 0.05 s = 7.607 m/s^2.
TEST(Ego, FollowsTheFitAtHalfThrottleAndAbove) {
  const EgoParams p = Model3();
  EXPECT_NEAR(PedalAcceleration(0.0, 1.0, p), 7.6073, 1e-4);
  EXPECT_NEAR(PedalAcceleration(0.0, 0.5, p), 1.3738, 1e-4);
  EXPECT_NEAR(PedalAcceleration(80.0 / 3.6, 1.0, p), 2.7, 0.06);
  EXPECT_NEAR(PedalAcceleration(40.0 / 3.6, 1.0, p), 4.7, 0.06);
  EXPECT_NEAR(PedalAcceleration(10.0, 0.0, p), -0.4, 1e-12);
  EXPECT_NEAR(PedalAcceleration(10.0, -1.0, p), -8.4, 1e-12);
  EXPECT_NEAR(PedalAcceleration(10.0, 0.25, p), 0.5 * (-0.4 + PedalAcceleration(10.0, 0.5, p)),
              1e-12);
}

// carla_garage's regression as it is published: eight coefficients on [v, v^2, u, u^2, v u, v u^2,
// v^2 u, v^2 u^2], v in km/h, one step of 1/20 s. The map is the fit itself at u >= 0.5, and on the
// straight line to coasting below.
TEST(Ego, IsCarlasFitFromHalfThrottleOnAndAStraightLineBelow) {
  constexpr double kFit[] = {0.963873001,  4.37535692e-4, -0.380192912,   1.74950069,
                             0.0916787414, -0.0705461530, -1.05996152e-3, 6.71079346e-4};
  const auto fit = [&](double speed_mps, double u) {
    const double v = 3.6 * speed_mps;
    const double terms[] = {v, v * v, u, u * u, v * u, v * u * u, v * v * u, v * v * u * u};
    double next = 0.0;
    for (int i = 0; i < 8; ++i) next += kFit[i] * terms[i];
    return (next - v) / 3.6 / 0.05;
  };
  const EgoParams p = Model3();
  for (double v = 0.5; v <= 25.0; v += 0.5) {
    for (double u = 0.5; u <= 1.0; u += 0.05) {
      ASSERT_NEAR(PedalAcceleration(v, u, p), fit(v, u), 1e-9) << "v " << v << " u " << u;
    }
    for (double u = 0.0; u < 0.5; u += 0.05) {
      const double line = -0.4 + u / 0.5 * (fit(v, 0.5) + 0.4);
      ASSERT_NEAR(PedalAcceleration(v, u, p), line, 1e-9) << "v " << v << " u " << u;
    }
    for (double b = 0.0; b <= 1.0; b += 0.1) {
      ASSERT_NEAR(PedalAcceleration(v, -b, p), -0.4 - 8.0 * b, 1e-9) << "v " << v << " b " << b;
    }
  }
}

TEST(Ego, AccelerationRisesStrictlyWithThePedalAtEverySpeed) {
  const EgoParams params = Model3();
  for (double v = 0.5; v <= 25.0; v += 0.25) {
    double old = -1e9, old_model = -1e9;
    for (int k = -100; k <= 100; ++k) {
      const double speed = SpeedAfterTick(v, 0.01 * k);
      const double accel = PedalAcceleration(v, 0.01 * k, params);
      ASSERT_GT(speed, old) << "v " << v << " pedal " << 0.01 * k;
      // By more than numbers' noise: at least 0.2 m/s^2 per unit of pedal.
      ASSERT_GT(accel, old_model + 0.002) << "v " << v << " pedal " << 0.01 * k;
      old = speed;
      old_model = accel;
    }
  }
}

TEST(Ego, StandingCarMovesOnAnyThrottleAndFasterOnMore) {
  double old = 0.0;
  for (int k = 1; k <= 100; ++k) {
    const double speed = SpeedAfterTick(0.0, 0.01 * k);
    ASSERT_GT(speed, old) << 0.01 * k;
    old = speed;
  }
}

TEST(Ego, NeverReverses) {
  EgoState state = AtSpeed(1.0);
  for (int i = 0; i < 40; ++i) StepEgo(0.3, -1.0, Model3(), state);
  EXPECT_EQ(state.speed_mps, 0.0);
  EXPECT_EQ(state.yaw_rate_radps, 0.0);
  const Vec2 stopped = state.position_m;
  StepEgo(-1.0, -1.0, Model3(), state);
  EXPECT_EQ(state.position_m, stopped);
  StepEgo(0.0, 0.0, Model3(), state);
  EXPECT_EQ(state.position_m, stopped);
}

// v^2 / (2 a) with a = 8.4 m/s^2.
TEST(Ego, BrakesInTheDistanceOfEightPointFour) {
  EgoState state = AtSpeed(16.8);
  for (int i = 0; i < 60; ++i) StepEgo(0.0, -1.0, Model3(), state);
  EXPECT_NEAR(state.position_m.x, 16.8, 0.1);
}

// Rolling at low speed with full lock the centre of gravity drives a circle of radius
// sqrt(lr^2 + (L / tan(lock))^2), counter-clockwise.
TEST(Ego, PositiveSteeringTurnsLeftOnTheCircleOfGeometry) {
  const EgoParams params = Model3();
  EgoState state = AtSpeed(1.5);
  for (int i = 0; i < 20; ++i) {
    state.speed_mps = 1.5;
    StepEgo(1.0, 0.0, params, state);
  }
  EXPECT_NEAR(state.steer_angle_rad, 35.0 * std::numbers::pi / 180.0, 1e-3);
  EXPECT_GT(state.yaw_rate_radps, 0.0);
  const double radius = std::hypot(1.5025, 3.005 / std::tan(35.0 * std::numbers::pi / 180.0));
  EXPECT_NEAR(state.speed_mps / state.yaw_rate_radps, radius, 0.02 * radius);
  EXPECT_LT(radius, 9.0 * 0.6);
}

TEST(Ego, SteeringLockClosesBetweenFiveAndEight) {
  const EgoParams p = Model3();
  const double degree = std::numbers::pi / 180.0;
  EXPECT_NEAR(p.SteerLockAt(0.0), 35 * degree, 1e-12);
  EXPECT_NEAR(p.SteerLockAt(5.0), 35 * degree, 1e-12);
  EXPECT_NEAR(p.SteerLockAt(6.5), 28 * degree, 1e-12);
  EXPECT_NEAR(p.SteerLockAt(8.0), 21 * degree, 1e-12);
  EXPECT_NEAR(p.SteerLockAt(30.0), 21 * degree, 1e-12);
}

TEST(Ego, SteeringIsRateLimited) {
  EgoState state = AtSpeed(1.0);
  StepEgo(1.0, 0.0, Model3(), state);
  EXPECT_LE(state.steer_angle_rad, 2.5 * 0.05 + 1e-12);
  EXPECT_GT(state.steer_angle_rad, 0.08);
}

// A small command is not limited in rate: the wheels follow it as a first-order lag does, 1 - 1/e
// of the way in one time constant.
TEST(Ego, SteeringFollowsWithItsLag) {
  for (const double lag_s : {0.1, 0.2}) {
    EgoParams params = Model3();
    params.steer_lag_s = lag_s;
    EgoState state = AtSpeed(1.0);
    const double wanted = 0.05 * params.SteerLockAt(1.0);
    const int ticks = static_cast<int>(std::lround(lag_s / 0.05));
    for (int i = 0; i < ticks; ++i) StepEgo(0.05, 0.1, params, state);
    EXPECT_NEAR(state.steer_angle_rad / wanted, 1.0 - std::exp(-1.0), 0.025) << lag_s;
  }
}

// Twenty decisions per second, the worst ones: every combination of full lock and pedal, held and
// alternating, from 0 to 50 m/s, on dry, wet and icy road.
TEST(Ego, StaysStableWithinTheFrictionCircleUnderExtremes) {
  for (const double friction_scale : {1.0, 0.65, 0.3}) {
    EgoVariation road;
    road.friction_scale = friction_scale;
    const EgoParams params = Varied(Model3(), road);
    const double grip = friction_scale * 1.0489 * 9.81;
    for (double v = 0.0; v <= 50.0; v += 1.0) {
      for (int pattern = 0; pattern < 36; ++pattern) {
        const double pedal = pattern % 3 - 1, other_pedal = pattern / 3 % 3 - 1;
        const int steer_ticks = (pattern / 9 % 4) * (pattern / 9 % 4) * 3 + 1;  // 1, 4, 13, 28
        EgoState state = AtSpeed(v);
        for (int i = 0; i < 120; ++i) {
          const double steer = i / steer_ticks % 2 ? -1.0 : 1.0;
          StepEgo(steer, i / 7 % 2 ? other_pedal : pedal, params, state);
          ASSERT_TRUE(std::isfinite(state.position_m.x) && std::isfinite(state.position_m.y) &&
                      std::isfinite(state.heading_rad) && std::isfinite(state.yaw_rate_radps))
              << "mu " << friction_scale << " v " << v << " pattern " << pattern;
          ASSERT_LT(std::abs(state.slip_rad), 0.8) << v << " " << pattern << " tick " << i;
          ASSERT_LT(std::abs(state.yaw_rate_radps), 2.5) << v << " " << pattern << " tick " << i;
          if (state.speed_mps < 5.0) continue;  // near standstill geometry leads, not tyres
          ASSERT_LT(std::hypot(state.accel_long_mps2, state.accel_lat_mps2), 1.03 * grip)
              << "mu " << friction_scale << " v " << v << " pattern " << pattern << " tick " << i;
        }
      }
    }
  }
}

TEST(Ego, StaysWithinGripAndStableAtEverySpeed) {
  const EgoParams params = Model3();
  const double grip = 1.0489 * 9.81;
  for (double v = 0.0; v <= 50.0; v += 0.5) {
    for (const double steer : {0.02, 0.3, 1.0}) {
      EgoState state = AtSpeed(v);
      for (int i = 0; i < 400; ++i) {
        state.speed_mps = v;
        // Steps back and forth, then a long constant hold.
        StepEgo(i < 100 ? (i / 10 % 2 ? -steer : steer) : steer, 0.0, params, state);
        ASSERT_TRUE(std::isfinite(state.position_m.x) && std::isfinite(state.yaw_rate_radps));
        ASSERT_LT(std::abs(state.accel_lat_mps2), 1.02 * grip) << "v " << v << " tick " << i;
        ASSERT_LT(std::abs(state.slip_rad), 0.8) << "v " << v;
      }
      EXPECT_LT(std::abs(state.speed_mps * state.yaw_rate_radps), 1.01 * grip) << v;
      const double settled = state.yaw_rate_radps;
      state.speed_mps = v;
      StepEgo(steer, 0.0, params, state);
      EXPECT_NEAR(state.yaw_rate_radps, settled, 1e-3) << v << " " << steer;
    }
  }
}

// Constant-radius check in the linear range: yaw rate = v * steer / L (neutral car).
TEST(Ego, CornersNeutrallyWithinGrip) {
  const EgoParams params = Model3();
  for (const double v : {3.0, 6.0, 12.0, 25.0}) {
    EgoState state = AtSpeed(v);
    for (int i = 0; i < 100; ++i) {
      state.speed_mps = v;
      StepEgo(0.03, 0.0, params, state);
    }
    const double neutral = v * state.steer_angle_rad / params.track.wheelbase_m();
    EXPECT_NEAR(state.yaw_rate_radps, neutral, 0.01 * neutral) << v;
  }
}

TEST(Ego, BlendHasNoJump) {
  const EgoParams params = Model3();
  for (const double edge : {2.0, 4.0}) {
    EgoState low = AtSpeed(edge - 1e-6), high = AtSpeed(edge + 1e-6);
    for (int i = 0; i < 40; ++i) {
      low.speed_mps = edge - 1e-6;
      high.speed_mps = edge + 1e-6;
      StepEgo(0.5, 0.1, params, low);
      StepEgo(0.5, 0.1, params, high);
    }
    EXPECT_NEAR(low.yaw_rate_radps, high.yaw_rate_radps, 1e-3);
  }
}

TEST(Ego, IsSymmetric) {
  const EgoParams params = Model3();
  EgoState left = AtSpeed(7.0), right = AtSpeed(7.0);
  for (int i = 0; i < 60; ++i) {
    StepEgo(0.6, 0.4, params, left);
    StepEgo(-0.6, 0.4, params, right);
  }
  EXPECT_DOUBLE_EQ(left.position_m.x, right.position_m.x);
  EXPECT_DOUBLE_EQ(left.position_m.y, -right.position_m.y);
  EXPECT_GT(left.position_m.y, 0.0);
}

}  // namespace
}  // namespace volante
