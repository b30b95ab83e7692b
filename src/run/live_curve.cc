#include "run/live_curve.h"

#include <fmt/format.h>

#include <algorithm>

#include "run/progress.h"

namespace volante {
namespace {

constexpr int kLeastColumns = 20;

}  // namespace

void LiveCurve::Add(int64_t env_step, double completion, double success) {
  points_.push_back({env_step, static_cast<float>(completion), static_cast<float>(success)});
}

std::string LiveCurve::Text(int columns, int rows) const {
  if (columns < kLeastColumns || points_.empty()) return "";
  const int64_t first = points_.front().env_step, last = points_.back().env_step;
  if (first == last) return "";
  // One value per dot: the mean of the points in its share of the env steps, or, where no episode
  // ended, what held before.
  const size_t dots = 2 * static_cast<size_t>(columns);
  std::vector<double> values(dots, 0.0);
  std::vector<int> counts(dots, 0);
  for (const Point& point : points_) {
    const double share =
        static_cast<double>(point.env_step - first) / static_cast<double>(last - first);
    const size_t dot = std::min(dots - 1, static_cast<size_t>(share * static_cast<double>(dots)));
    values[dot] += static_cast<double>(point.completion);
    ++counts[dot];
  }
  for (size_t i = 0; i < dots; ++i) {
    values[i] = counts[i] > 0 ? values[i] / counts[i] : values[i - 1];  // dot 0 holds the first
  }
  return DrawTerminalChart(
      {.title = fmt::format("route completion {:.2f} (success {:.2f}), last 20 episodes",
                            points_.back().completion, points_.back().success),
       .columns = columns,
       .rows = rows,
       .low = 0.0,
       .high = 1.0,
       .x_left = Grouped(first),
       .x_right = Grouped(last) + " env steps"},
      values);
}

}  // namespace volante
