// The single-track model's formulas (CommonRoad vehicle models, section "single-track model").
#include "sim/single_track.h"

#include <algorithm>
#include <cmath>

namespace volante {
namespace {

constexpr double kKinematicBelow_mps = 0.1;

double LimitSteerRate(double rate, double steer, const SingleTrackParams& p) {
  if ((steer <= -p.max_steer_rad && rate <= 0.0) || (steer >= p.max_steer_rad && rate >= 0.0)) {
    return 0.0;
  }
  return std::clamp(rate, -p.max_steer_rate_radps, p.max_steer_rate_radps);
}

double LimitAccel(double accel, double speed, const SingleTrackParams& p) {
  if ((speed <= p.min_speed_mps && accel <= 0.0) || (speed >= p.max_speed_mps && accel >= 0.0)) {
    return 0.0;
  }
  const double engine =
      speed > p.switch_speed_mps ? p.max_accel_mps2 * p.switch_speed_mps / speed : p.max_accel_mps2;
  return std::clamp(accel, -p.max_accel_mps2, engine);
}

}  // namespace

SingleTrackParams Bmw320i() {
  return {.mass_kg = 1093.2952334674046,
          .cg_to_front_axle_m = 1.1561957064,
          .cg_to_rear_axle_m = 1.4227170936,
          .yaw_inertia_kgm2 = 1791.5995300122856,
          .cg_height_m = 0.61373004};
}

LateralDynamics LateralDynamicsAt(const SingleTrackParams& p, double v, double accel) {
  const double lf = p.cg_to_front_axle_m, lr = p.cg_to_rear_axle_m;
  const double wheelbase = lf + lr;
  // Cornering stiffness per axle and mass, times the wheelbase: load over mass is
  // (g lr - a h) / L in front and (g lf + a h) / L behind.
  const double front = p.cornering_stiffness_1prad * (kGravity_mps2 * lr - accel * p.cg_height_m);
  const double rear = p.cornering_stiffness_1prad * (kGravity_mps2 * lf + accel * p.cg_height_m);
  const double yaw = p.friction * p.mass_kg / (p.yaw_inertia_kgm2 * wheelbase);
  const double slip = p.friction / (v * wheelbase);
  return {.yaw_yaw = -yaw / v * (lf * lf * front + lr * lr * rear),
          .yaw_slip = yaw * (lr * rear - lf * front),
          .yaw_steer = yaw * lf * front,
          .slip_yaw = slip / v * (rear * lr - front * lf) - 1.0,
          .slip_slip = -slip * (rear + front),
          .slip_steer = slip * front};
}

SingleTrackState SingleTrackDerivative(const SingleTrackState& x, double steer_rate, double accel,
                                       const SingleTrackParams& p) {
  const double steer = x[2], v = x[3], yaw = x[4], yaw_rate = x[5], slip = x[6];
  const double u1 = LimitSteerRate(steer_rate, steer, p);
  const double u2 = LimitAccel(accel, v, p);
  if (std::abs(v) < kKinematicBelow_mps) {
    const double wheelbase = p.wheelbase_m();
    const double share = p.cg_to_rear_axle_m / wheelbase;
    const double tan_steer = std::tan(steer);
    const double sec2_steer = 1.0 + tan_steer * tan_steer;
    const double beta = std::atan(tan_steer * share);
    const double beta_rate =
        share * u1 * sec2_steer / (1.0 + tan_steer * tan_steer * share * share);
    return {v * std::cos(yaw + beta),
            v * std::sin(yaw + beta),
            u1,
            u2,
            v * std::cos(beta) * tan_steer / wheelbase,
            (u2 * std::cos(beta) * tan_steer - v * std::sin(beta) * beta_rate * tan_steer +
             v * std::cos(beta) * u1 * sec2_steer) /
                wheelbase,
            beta_rate};
  }
  const LateralDynamics d = LateralDynamicsAt(p, v, u2);
  return {v * std::cos(yaw + slip),
          v * std::sin(yaw + slip),
          u1,
          u2,
          yaw_rate,
          d.yaw_yaw * yaw_rate + d.yaw_slip * slip + d.yaw_steer * steer,
          d.slip_yaw * yaw_rate + d.slip_slip * slip + d.slip_steer * steer};
}

}  // namespace volante
