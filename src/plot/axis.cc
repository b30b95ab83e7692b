#include "plot/axis.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace volante {

Axis MakeAxis(double low, double high, int wanted) {
  if (!std::isfinite(low) || !std::isfinite(high)) low = 0.0, high = 1.0;
  if (low > high) std::swap(low, high);
  if (high - low <= 1e-12 * std::max(std::abs(low), std::abs(high)) || high == low) {
    const double room = low == 0.0 ? 1.0 : 0.1 * std::abs(low);
    low -= room;
    high += room;
  }
  const double raw = (high - low) / std::max(wanted, 1);
  const double power = std::pow(10.0, std::floor(std::log10(raw)));
  const double fraction = raw / power;  // [1, 10)
  // The geometric means of neighbours decide, so that the count stays near the wanted one.
  const double nice = fraction < std::sqrt(2.0)    ? 1.0
                      : fraction < std::sqrt(10.0) ? 2.0
                      : fraction < std::sqrt(50.0) ? 5.0
                                                   : 10.0;
  Axis axis;
  axis.step = nice * power;
  // Data that ends on a tick must not open a further interval through rounding.
  const double first = std::floor(low / axis.step + 1e-9);
  const double last = std::ceil(high / axis.step - 1e-9);
  for (double k = first; k <= last; k += 1.0) axis.ticks.push_back(k * axis.step);
  axis.low = axis.ticks.front();
  axis.high = axis.ticks.back();
  return axis;
}

std::string TickLabel(const Axis& axis, double value) {
  const double step = axis.step;
  if (std::abs(value) < 1e-9 * step) return "0";
  const double size = std::max(std::abs(axis.low), std::abs(axis.high));
  if (size >= 1e12 || size < 1e-4) return fmt::format("{:.3g}", value);
  double scale = 1.0;
  const char* suffix = "";
  if (size >= 1e9) {
    scale = 1e9, suffix = "G";
  } else if (size >= 1e6) {
    scale = 1e6, suffix = "M";
  } else if (size >= 1e4) {
    scale = 1e3, suffix = "k";
  }
  const int digits =
      std::clamp(static_cast<int>(-std::floor(std::log10(step / scale) + 1e-9)), 0, 9);
  return fmt::format("{:.{}f}{}", value / scale, digits, suffix);
}

}  // namespace volante
