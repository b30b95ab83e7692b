// The ego's step: actuators, CARLA-like acceleration, and the lateral pair (yaw rate, slip angle)
// by backward Euler, which is linear for given speed and steering and so has a closed form.
#include "sim/ego.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace volante {
namespace {

constexpr double kDegree = std::numbers::pi / 180.0;
// The model is kinematic below the first speed, dynamic above the second, blended between: near
// standstill the tyre model's stiffness grows like 1/v and says nothing that the geometry does not.
constexpr double kKinematicBelow_mps = 2.0;
constexpr double kDynamicAbove_mps = 4.0;
// carla_garage's fit was made on 0 to 80 km/h; above 90 km/h it is held and air drag is added.
constexpr double kFitEnd_mps = 25.0;
constexpr double kDragAboveFit_1pm = 1.7e-4;  // 0.5 rho c_d A / m: 0.5 * 1.2 * 0.23 * 2.22 / 1845
constexpr double kCoastingFullAbove_mps = 0.5;

// Acceleration by carla_garage's regression of CARLA at 20 frames per second (kinematic bicycle
// model of TransFuser++, throttle >= 0.3): next speed in km/h minus speed, per 0.05 s.
double ThrottleFit(double speed_mps, double u) {
  const double v = 3.6 * speed_mps;
  const double next = v * 0.963873001 + v * v * 4.37535692e-4 +
                      u * (-0.380192912 + u * 1.74950069 + v * (0.0916787414 - 0.0705461530 * u) +
                           v * v * (-1.05996152e-3 + 6.71079346e-4 * u));
  return (next - v) / (3.6 * 0.05);
}

struct Lateral {
  double yaw_rate = 0.0;
  double slip = 0.0;
};

// Geometry alone: no side slip at the tyres.
Lateral KinematicLateral(double v, double steer, const SingleTrackParams& p) {
  const double tan_steer = std::tan(steer);
  const double tan_slip = tan_steer * p.cg_to_rear_axle_m / p.wheelbase_m();
  const double cos_slip = 1.0 / std::sqrt(1.0 + tan_slip * tan_slip);
  return {v * cos_slip * tan_steer / p.wheelbase_m(), std::atan(tan_slip)};
}

// Backward Euler: (I - dt A) x' = x + dt b steer. The front tyre's force saturates at the friction
// that the longitudinal force leaves, which is a bound on its slip angle and so on the steering
// angle that acts. Load transfer is left out (as by a car with stability control): with it the
// linear model is unstable when braking hard above 30 m/s. Of a banked road `push_mps2` is
// gravity's part across the car, + = to the left: it turns the course, and no tyre limits it.
Lateral DynamicLateral(const Lateral& old, double v, double steer, double grip_lat_mps2,
                       double push_mps2, double dt, const SingleTrackParams& p) {
  const LateralDynamics d = LateralDynamicsAt(p, v, 0.0);
  const double max_slip =
      grip_lat_mps2 / (p.friction * kGravity_mps2 * p.cornering_stiffness_1prad);
  const double neutral = old.slip + p.cg_to_front_axle_m * old.yaw_rate / v;
  const double acting = std::clamp(steer, neutral - max_slip, neutral + max_slip);
  const double m11 = 1.0 - dt * d.yaw_yaw, m12 = -dt * d.yaw_slip;
  const double m21 = -dt * d.slip_yaw, m22 = 1.0 - dt * d.slip_slip;
  const double r1 = old.yaw_rate + dt * d.yaw_steer * acting;
  const double pushed = push_mps2 != 0.0 ? dt * push_mps2 / v : 0.0;
  double r2 = old.slip + dt * d.slip_steer * acting;
  if (pushed != 0.0) r2 += pushed;
  const double inverse = 1.0 / (m11 * m22 - m12 * m21);
  const double yaw_rate = (m22 * r1 - m12 * r2) * inverse;
  const double slip = (m11 * r2 - m21 * r1) * inverse;
  // Both axles together turn the course no faster than grip / v.
  const double course_change = slip - old.slip + yaw_rate * dt;
  const double most = grip_lat_mps2 * dt / v;
  return {yaw_rate,
          old.slip + std::clamp(course_change, pushed - most, pushed + most) - yaw_rate * dt};
}

Lateral StepLateral(const Lateral& old, double v, double steer, double grip_lat_mps2,
                    double push_mps2, const SingleTrackParams& p) {
  if (v <= kKinematicBelow_mps) return KinematicLateral(v, steer, p);
  const Lateral dynamic =
      DynamicLateral(old, v, steer, grip_lat_mps2, push_mps2, kEgoSubstepSeconds, p);
  if (v >= kDynamicAbove_mps) return dynamic;
  const Lateral kinematic = KinematicLateral(v, steer, p);
  const double w = (v - kKinematicBelow_mps) / (kDynamicAbove_mps - kKinematicBelow_mps);
  return {kinematic.yaw_rate + w * (dynamic.yaw_rate - kinematic.yaw_rate),
          kinematic.slip + w * (dynamic.slip - kinematic.slip)};
}

}  // namespace

double EgoParams::SteerLockAt(double speed_mps) const {
  const double w = std::clamp((speed_mps - 5.0) / 3.0, 0.0, 1.0);
  return steer_lock_low_rad + w * (steer_lock_high_rad - steer_lock_low_rad);
}

EgoParams MakeEgoParams(const EgoConfig& config) {
  EgoParams params;
  // CARLA: 1845 kg, wheelbase 3.005 m. It gives no yaw inertia: I_z = m lf lr (dynamic index 1),
  // which holds for CommonRoad's vehicle 2 within 1 %.
  params.track.mass_kg = 1845.0;
  params.track.cg_to_front_axle_m = 1.5025;
  params.track.cg_to_rear_axle_m = 1.5025;
  params.track.yaw_inertia_kgm2 = 1845.0 * 1.5025 * 1.5025;
  params.track.cg_height_m = 0.46;
  params.steer_lock_low_rad = config.steer_lock_low_deg * kDegree;
  params.steer_lock_high_rad = config.steer_lock_high_deg * kDegree;
  return params;
}

bool EgoVariation::Valid() const {
  const auto within = [](double value, double low, double high) {
    return value >= low && value <= high;  // false for a NaN
  };
  return within(mass_scale, 0.5, 2.0) && within(friction_scale, 0.05, 2.0) &&
         within(steer_gain, 0.5, 2.0) && within(steer_lag_s, 0.0, 1.0) &&
         within(throttle_gain, 0.5, 2.0) && action_delay_ticks >= 0 &&
         action_delay_ticks <= kMostDelayTicks;
}

EgoParams Varied(const EgoParams& nominal, const EgoVariation& variation) {
  EgoParams params = nominal;
  params.track.mass_kg *= variation.mass_scale;
  params.track.yaw_inertia_kgm2 *= variation.mass_scale;
  params.track.friction *= variation.friction_scale;
  params.traction_scale *= variation.throttle_gain / variation.mass_scale;
  params.full_brake_mps2 /= variation.mass_scale;
  params.drag_scale /= variation.mass_scale;
  params.steer_gain *= variation.steer_gain;
  params.steer_lag_s = variation.steer_lag_s;
  return params;
}

double PedalAcceleration(double speed_mps, double pedal, const EgoParams& params) {
  const double fade = std::clamp(speed_mps / kCoastingFullAbove_mps, 0.0, 1.0);
  const double beyond = std::max(0.0, speed_mps - kFitEnd_mps);
  const double drag = params.drag_scale * kDragAboveFit_1pm * beyond * (speed_mps + kFitEnd_mps);
  const double coasting = -params.coasting_mps2 * fade - drag;
  if (pedal <= 0.0) return coasting + params.full_brake_mps2 * pedal;
  const double fit_speed = std::min(speed_mps, kFitEnd_mps);
  // Equal to the fit, to the bit, where nothing scales it.
  const auto scaled = [&](double accel) {
    return params.traction_scale == 1.0 ? accel
                                        : coasting + params.traction_scale * (accel - coasting);
  };
  if (pedal >= 0.5) return scaled(ThrottleFit(fit_speed, pedal) - drag);
  const double half = scaled(ThrottleFit(fit_speed, 0.5) - drag);
  return coasting + 2.0 * pedal * (half - coasting);
}

void StepEgo(double steer, double pedal, const EgoParams& params, EgoState& state,
             const EgoSlope& slope) {
  steer = std::clamp(steer, -1.0, 1.0);
  pedal = std::clamp(pedal, -1.0, 1.0);
  const double dt = kEgoSubstepSeconds;
  double grip_mps2 = params.track.friction * kGravity_mps2;
  double pull_mps2 = 0.0, push_mps2 = 0.0;  // gravity forwards and to the left
  if (slope.pitch_rad != 0.0 || slope.roll_rad != 0.0) {
    grip_mps2 *= std::cos(slope.pitch_rad) * std::cos(slope.roll_rad);
    pull_mps2 = -kGravity_mps2 * std::sin(slope.pitch_rad);
    push_mps2 = -kGravity_mps2 * std::sin(slope.roll_rad);
  }
  // Backward Euler of the first-order lag.
  const double lag_share = dt / (params.steer_lag_s + dt);
  const double max_turn = params.max_steer_rate_radps * dt;
  const double old_speed = state.speed_mps, old_slip = state.slip_rad;
  double course_change = 0.0;
  Lateral lateral{state.yaw_rate_radps, state.slip_rad};

  for (int i = 0; i < kEgoSubsteps; ++i) {
    const double wanted = steer * params.steer_gain * params.SteerLockAt(state.speed_mps);
    state.steer_angle_rad +=
        std::clamp(lag_share * (wanted - state.steer_angle_rad), -max_turn, max_turn);

    // The longitudinal force comes first, the lateral one has what the friction circle leaves.
    const double accel = std::clamp(PedalAcceleration(state.speed_mps, pedal, params),
                                    -0.95 * grip_mps2, 0.95 * grip_mps2);
    const double speed = std::max(0.0, state.speed_mps + (accel + pull_mps2) * dt);
    const double mean_speed = 0.5 * (state.speed_mps + speed);
    state.speed_mps = speed;
    const double grip_lat = std::sqrt(grip_mps2 * grip_mps2 - accel * accel);
    lateral = StepLateral(lateral, speed, state.steer_angle_rad, grip_lat, push_mps2, params.track);

    const double turn = lateral.yaw_rate * dt;
    const double course = state.heading_rad + 0.5 * turn + lateral.slip;
    state.position_m = state.position_m + UnitFromHeading(course) * (mean_speed * dt);
    state.heading_rad += turn;
    course_change += turn;
  }
  state.heading_rad = WrapAngle(state.heading_rad);
  state.yaw_rate_radps = lateral.yaw_rate;
  state.slip_rad = lateral.slip;
  course_change += lateral.slip - old_slip;
  constexpr double kTick_s = kEgoSubsteps * kEgoSubstepSeconds;
  state.accel_long_mps2 = (state.speed_mps - old_speed) / kTick_s;
  state.accel_lat_mps2 = 0.5 * (state.speed_mps + old_speed) * course_change / kTick_s;
}

}  // namespace volante
