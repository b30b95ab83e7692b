// The ego: how the car that the agent drives answers to steering and pedal. A Tesla Model 3 as
// CARLA has it, by the single-track model (single_track.h), stepped implicitly so that it is stable
// at every speed. Of the road it knows how steep the ground is and how wet; no lanes, no traffic,
// no reward. Pure functions on plain values.
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
  double steer_gain = 1.0;       // on the commanded wheel angle
  double traction_scale = 1.0;   // on what the throttle adds to coasting
  double drag_scale = 1.0;       // on the air drag above the fit's speeds

  // Largest road-wheel angle at this speed.
  double SteerLockAt(double speed_mps) const;
};

// Mass, wheelbase and the rest of CARLA's vehicle.tesla.model3.
EgoParams MakeEgoParams(const EgoConfig& config);

// How one episode's car and road differ from the nominal ones.
struct EgoVariation {
  double mass_scale = 1.0;      // of the car: the same forces move more
  double friction_scale = 1.0;  // of the road: 0.6 to 0.7 where it is wet, 0.3 on snow
  double steer_gain = 1.0;
  double steer_lag_s = 0.1;
  double throttle_gain = 1.0;
  int action_delay_ticks = 0;  // 0 to kMostDelayTicks; World applies it

  static constexpr int kMostDelayTicks = 2;

  // Whether every number is one that the model can drive with.
  bool Valid() const;

  template <class Archive>
  void VisitFields(Archive& ar) {
    ar("mass_scale", mass_scale);
    ar("friction_scale", friction_scale);
    ar("steer_gain", steer_gain);
    ar("steer_lag_s", steer_lag_s);
    ar("throttle_gain", throttle_gain);
    ar("action_delay_ticks", action_delay_ticks);
  }
  friend bool operator==(const EgoVariation&, const EgoVariation&) = default;
};

// The car of such an episode. A load changes mass and yaw inertia by the same factor: the tyres'
// stiffness follows their load, so that cornering stays, and traction, brakes and air drag move it
// less. The default variation changes no bit.
EgoParams Varied(const EgoParams& nominal, const EgoVariation& variation);

// How the ground lies under the car, in its own directions; zero on flat ground.
struct EgoSlope {
  double pitch_rad = 0.0;  // + = nose up
  double roll_rad = 0.0;   // + = left side up
};

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
// On a slope gravity pulls along it, the tyres carry the rest of the weight; a car that stands does
// not roll back, for it has no reverse gear (as with a hill-holder).
void StepEgo(double steer, double pedal, const EgoParams& params, EgoState& state,
             const EgoSlope& slope = {});

}  // namespace volante
