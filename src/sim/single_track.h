// The linear single-track ("bicycle") vehicle model with load transfer, as published by CommonRoad
// (Althoff, Koschi, Manzinger: "CommonRoad: Composable benchmarks for motion planning on roads",
// IV 2017, and its vehicle-model document, 2020a). Pure functions without state; the ego's dynamics
// (ego.h) is built on LateralDynamics, the whole right-hand side stands here to be tested against
// the published vectors. SI units, ISO 8855.
#pragma once

#include <array>

namespace volante {

inline constexpr double kGravity_mps2 = 9.81;

struct SingleTrackParams {
  double mass_kg = 0.0;
  double cg_to_front_axle_m = 0.0;                    // lf
  double cg_to_rear_axle_m = 0.0;                     // lr
  double yaw_inertia_kgm2 = 0.0;                      // I_z
  double cg_height_m = 0.0;                           // h
  double friction = 1.0489;                           // mu, tyre on dry road
  double cornering_stiffness_1prad = 21.92 / 1.0489;  // C_S, per load and mu, both axles
  // Limits of the actuators; only SingleTrackDerivative applies them.
  double max_steer_rad = 1.066;
  double max_steer_rate_radps = 0.4;
  double max_accel_mps2 = 11.5;
  double min_speed_mps = -13.9, max_speed_mps = 50.8;
  double switch_speed_mps = 7.319;  // above it the engine's power limits the acceleration

  double wheelbase_m() const { return cg_to_front_axle_m + cg_to_rear_axle_m; }
};

// Vehicle 2 of CommonRoad.
SingleTrackParams Bmw320i();

// d/dt (yaw rate, slip angle) = A (yaw rate, slip angle) + b * steering angle.
struct LateralDynamics {
  double yaw_yaw = 0.0, yaw_slip = 0.0, yaw_steer = 0.0;
  double slip_yaw = 0.0, slip_slip = 0.0, slip_steer = 0.0;
};

// At speed v > 0 and longitudinal acceleration a (load transfer).
LateralDynamics LateralDynamicsAt(const SingleTrackParams& params, double speed_mps,
                                  double accel_mps2);

// [x, y, steering angle, speed, yaw, yaw rate, slip angle] of the centre of gravity.
using SingleTrackState = std::array<double, 7>;

// CommonRoad's right-hand side with its limits; kinematic below 0.1 m/s.
SingleTrackState SingleTrackDerivative(const SingleTrackState& state, double steer_rate_radps,
                                       double accel_mps2, const SingleTrackParams& params);

}  // namespace volante
