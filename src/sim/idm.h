// The Intelligent Driver Model (Treiber, Hennecke, Helbing: "Congested traffic states in empirical
// observations and microscopic simulations", Phys. Rev. E 62, 2000) and the ballistic step
// (Treiber, Kanagaraj, Physica A 419, 2015). Pure functions; SI units. Used by the traffic and by
// the scripted drivers.
#pragma once

#include <algorithm>
#include <cmath>

namespace volante {

struct IdmParams {
  double desired_speed_mps = 9.0;       // v0
  double time_gap_s = 1.2;              // T; must exceed the step
  double standstill_gap_m = 2.0;        // s0
  double max_accel_mps2 = 1.5;          // a
  double comfortable_decel_mps2 = 2.0;  // b
};

// The exponent delta of the free-road term is 4, as in every source of parameters.
// Share of the maximum acceleration that the free road leaves at speed v.
inline double IdmFreeRoad(double speed_mps, double desired_speed_mps) {
  const double ratio = speed_mps / desired_speed_mps;
  const double square = ratio * ratio;
  return 1.0 - square * square;
}

// (s* / s)^2. gap is bumper to bumper, at least 0.1 m is assumed.
inline double IdmInteraction(double speed_mps, double lead_speed_mps, double gap_m,
                             const IdmParams& p) {
  const double closing = speed_mps - lead_speed_mps;
  const double dynamic =
      speed_mps * p.time_gap_s +
      speed_mps * closing / (2.0 * std::sqrt(p.max_accel_mps2 * p.comfortable_decel_mps2));
  const double wanted_gap = p.standstill_gap_m + std::max(0.0, dynamic);
  const double ratio = wanted_gap / std::max(gap_m, 0.1);
  return ratio * ratio;
}

inline double IdmAcceleration(double speed_mps, double lead_speed_mps, double gap_m,
                              const IdmParams& p) {
  return p.max_accel_mps2 * (IdmFreeRoad(speed_mps, p.desired_speed_mps) -
                             IdmInteraction(speed_mps, lead_speed_mps, gap_m, p));
}

// One ballistic step: moves by the mean of old and new speed; a vehicle that would reverse stops
// where its speed is 0. Returns the distance driven and updates the speed.
inline double BallisticStep(double& speed_mps, double accel_mps2, double dt_s) {
  const double old = speed_mps;
  const double next = old + accel_mps2 * dt_s;
  if (next < 0.0) {
    speed_mps = 0.0;
    return accel_mps2 < 0.0 ? -0.5 * old * old / accel_mps2 : 0.0;
  }
  speed_mps = next;
  return 0.5 * (old + next) * dt_s;
}

// One semi-implicit Euler step, for comparison with simulators that move by the new speed: the
// speed stops at 0. Returns the distance driven and updates the speed.
inline double EulerStep(double& speed_mps, double accel_mps2, double dt_s) {
  speed_mps = std::max(0.0, speed_mps + accel_mps2 * dt_s);
  return speed_mps * dt_s;
}

}  // namespace volante
