// The ego: how the car that the agent drives answers to steering and pedal. A Tesla Model 3 as
// CARLA has it, by the single-track model (single_track.h), stepped implicitly so that it is stable
// at every speed. Knows no road, no traffic and no reward. Pure functions on plain values.
#pragma once

#include "base/geometry.h"
#include "config/config.h"
#include "sim/single_track.h"

namespace volante {

struct EgoParams {
  // The centre of gravity is taken at the centre of the bounding box, midway between the axles.
  double length_m = 4.792, width_m = 2.163, height_m = 1.488;
  SingleTrackParams track;                // see MakeEgoParams
  double steer_lock_low_rad = 0.610865;   // below 5 m/s
  double steer_lock_high_rad = 0.366519;  // above 8 m/s, linear between
  double steer_lag_s = 0.1;               // time constant of the steering actuator
  double max_steer_rate_radps = 2.5;
  double coasting_mps2 = 0.4;    // deceleration with no pedal pressed
  double full_brake_mps2 = 8.0;  // added to coasting by a[1] = -1

  // Largest road-wheel angle at this speed.
  double SteerLockAt(double speed_mps) const;
};

// Mass, wheelbase and the rest of CARLA's vehicle.tesla.model3.
EgoParams MakeEgoParams(const EgoConfig& config);

struct EgoState {
  Vec2 position_m;           // centre of the bounding box, on the ground
  double heading_rad = 0.0;  // in [-pi, pi]
  double speed_mps = 0.0;    // >= 0: there is no reverse gear
  double yaw_rate_radps = 0.0;
  double slip_rad = 0.0;         // direction of motion minus heading
  double steer_angle_rad = 0.0;  // of the front wheels, actual, + = left
  double accel_long_mps2 = 0.0;  // means over the last tick, along and across the motion
  double accel_lat_mps2 = 0.0;

  template <class Archive>
  void VisitFields(Archive& ar) {
    ar("x_m", position_m.x);
    ar("y_m", position_m.y);
    ar("heading_rad", heading_rad);
    ar("speed_mps", speed_mps);
    ar("yaw_rate_radps", yaw_rate_radps);
    ar("slip_rad", slip_rad);
    ar("steer_angle_rad", steer_angle_rad);
    ar("accel_long_mps2", accel_long_mps2);
    ar("accel_lat_mps2", accel_lat_mps2);
  }
  friend bool operator==(const EgoState&, const EgoState&) = default;
};

inline constexpr int kEgoSubsteps = 5;
inline constexpr double kEgoSubstepSeconds = 0.01;

// Longitudinal acceleration for pedal in [-1, 1] (+ throttle, - brake) on a straight road: strictly
// increasing in `pedal` at every speed. Throttle >= 0.5 follows carla_garage's fit to CARLA.
double PedalAcceleration(double speed_mps, double pedal, const EgoParams& params);

// One control tick of 0.05 s. steer and pedal in [-1, 1], finite; values outside are clamped.
void StepEgo(double steer, double pedal, const EgoParams& params, EgoState& state);

}  // namespace volante
