#include "env/route_profile.h"

#include <algorithm>
#include <cmath>

namespace volante {

void RouteProfile::Build(const Route& route) {
  constexpr double kLateral_mps2 = 2.5, kBraking_mps2 = 2.0, kAhead_m = 10.0, kFree_mps = 50.0;
  const std::vector<CurvePoint>& points = route.path().points();
  const double ds = route.path().spacing_m();
  const size_t n = points.size();
  inverse_spacing_1pm_ = 1.0 / ds;
  max_curvature_1pm_.assign(n, 0.0);
  curve_speed_mps_.assign(n, 0.0);
  const size_t window = static_cast<size_t>(std::ceil(kAhead_m / ds));
  double squared = kFree_mps * kFree_mps;
  for (size_t i = n; i-- > 0;) {
    const double curvature = std::abs(points[i].curvature_1pm);
    squared = std::min(squared + 2.0 * kBraking_mps2 * ds, kFree_mps * kFree_mps);
    if (curvature > 1e-6) squared = std::min(squared, kLateral_mps2 / curvature);
    curve_speed_mps_[i] = std::sqrt(squared);
    const size_t end = std::min(n, i + window + 1);
    for (size_t j = i; j < end; ++j) {
      max_curvature_1pm_[i] = std::max(max_curvature_1pm_[i], std::abs(points[j].curvature_1pm));
    }
  }
}

size_t RouteProfile::IndexAt(double s_m) const {
  const double at = std::max(0.0, s_m * inverse_spacing_1pm_);
  return std::min(static_cast<size_t>(at), curve_speed_mps_.size() - 1);
}

}  // namespace volante
