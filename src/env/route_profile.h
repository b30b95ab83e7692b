// What a route asks of the speed, computed once when an episode starts and looked up every tick.
#pragma once

#include <vector>

#include "road/route.h"

namespace volante {

class RouteProfile {
 public:
  // Reuses its buffers: no allocation after the longest route.
  void Build(const Route& route);

  // Largest |curvature| of the route over the next 10 m.
  double MaxCurvature(double route_s_m) const { return max_curvature_1pm_[IndexAt(route_s_m)]; }
  // The speed from which every later curve can be taken at 2.5 m/s^2 lateral with braking at
  // 2 m/s^2: v^2(s) = min(2.5 / |k(s)|, v^2(s + ds) + 2 * 2 * ds).
  double CurveSpeed(double route_s_m) const { return curve_speed_mps_[IndexAt(route_s_m)]; }

 private:
  size_t IndexAt(double s_m) const;
  double inverse_spacing_1pm_ = 1.0;
  std::vector<double> max_curvature_1pm_;
  std::vector<double> curve_speed_mps_;
};

}  // namespace volante
