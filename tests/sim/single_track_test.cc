// The single-track model against CommonRoad's published vectors (unit tests of its vehicle models,
// vehicle 2) and against closed forms.
#include "sim/single_track.h"

#include <gtest/gtest.h>

#include <cmath>

namespace volante {
namespace {

SingleTrackState Integrate(double seconds, double steer_rate, double accel) {
  // Heun's method at 0.1 ms: its error is far below the published tolerance of 1e-2.
  const SingleTrackParams p = Bmw320i();
  SingleTrackState x{};
  const double dt = 1e-4;
  const int n = static_cast<int>(std::lround(seconds / dt));
  for (int i = 0; i < n; ++i) {
    const SingleTrackState f = SingleTrackDerivative(x, steer_rate, accel, p);
    SingleTrackState y = x;
    for (size_t k = 0; k < x.size(); ++k) y[k] += dt * f[k];
    const SingleTrackState g = SingleTrackDerivative(y, steer_rate, accel, p);
    for (size_t k = 0; k < x.size(); ++k) x[k] += 0.5 * dt * (f[k] + g[k]);
  }
  return x;
}

void ExpectNear(const SingleTrackState& got, const SingleTrackState& wanted, double tolerance) {
  for (size_t k = 0; k < got.size(); ++k)
    EXPECT_NEAR(got[k], wanted[k], tolerance) << "entry " << k;
}

TEST(SingleTrack, MatchesCommonRoadsPublishedDerivative) {
  const SingleTrackState x = {2.0233348142065677,  0.0041907137716636, 0.0197545248559617,
                              15.7216236334290116, 0.0025857914776859, 0.0529001056654038,
                              0.0033012170610298};
  const SingleTrackState f = {15.7213512030862397, 0.0925527979719355, 0.15,
                              5.3536773276413925,  0.0529001056654038, 0.6435589397748606,
                              0.0313297971641291};
  ExpectNear(SingleTrackDerivative(x, 0.15, 0.63 * 9.81, Bmw320i()), f, 1e-12);
}

TEST(SingleTrack, EndsWhereCommonRoadsOneSecondManoeuvresEnd) {
  ExpectNear(Integrate(1.0, 0.0, 0.0), {}, 1e-2);
  ExpectNear(Integrate(1.0, 0.0, -0.7 * 9.81), {-3.4335, 0, 0, -6.867, 0, 0, 0}, 1e-2);
  ExpectNear(Integrate(1.0, 0.15, 0.63 * 9.81),
             {3.0731976046859715, 0.2869835398304389, 0.15, 6.1803, 0.1097747074946325,
              0.3248268063223301, 0.0697547542798040},
             1e-2);
  ExpectNear(Integrate(1.0, 0.15, 0.0), {0, 0, 0.15, 0, 0, 0, 0.083374602676255474}, 1e-2);
}

// Equal cornering stiffness per load makes the car neutral: yaw rate = v * steer / wheelbase.
TEST(SingleTrack, SteadyCorneringIsNeutral) {
  const SingleTrackParams p = Bmw320i();
  for (const double v : {2.0, 8.0, 20.0, 40.0}) {
    const LateralDynamics d = LateralDynamicsAt(p, v, 0.0);
    const double steer = 0.02;
    const double det = d.yaw_yaw * d.slip_slip - d.yaw_slip * d.slip_yaw;
    const double yaw_rate = (-d.yaw_steer * d.slip_slip + d.yaw_slip * d.slip_steer) * steer / det;
    EXPECT_NEAR(yaw_rate, v * steer / p.wheelbase_m(), 1e-12) << v;
  }
}

}  // namespace
}  // namespace volante
