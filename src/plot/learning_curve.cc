#include "plot/learning_curve.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace volante {
namespace {

constexpr int kMostPoints = 400;  // of a drawn line: more can't be seen
constexpr int kCompletionColor = 0, kSuccessColor = 1, kValidationColor = 2;

// The mean x and y of each of up to kMostPoints equal groups of points.
CurvePoints Thinned(const CurvePoints& points) {
  const size_t n = points.x.size(), groups = std::min<size_t>(n, kMostPoints);
  CurvePoints out;
  for (size_t g = 0; g < groups; ++g) {
    const size_t begin = g * n / groups, end = (g + 1) * n / groups;
    double x = 0.0, y = 0.0;
    for (size_t i = begin; i < end; ++i) x += points.x[i], y += points.y[i];
    out.x.push_back(x / static_cast<double>(end - begin));
    out.y.push_back(y / static_cast<double>(end - begin));
  }
  return out;
}

double At(const CurvePoints& points, double x) {
  const auto after = std::upper_bound(points.x.begin(), points.x.end(), x);
  if (after == points.x.begin()) return points.y.front();
  if (after == points.x.end()) return points.y.back();
  const size_t i = static_cast<size_t>(after - points.x.begin());
  const double share = (x - points.x[i - 1]) / (points.x[i] - points.x[i - 1]);
  return points.y[i - 1] + share * (points.y[i] - points.y[i - 1]);
}

// One quantity of all runs: a line each, and the mean where there are several.
void AddLines(Chart& chart, const std::string& name, int color, bool markers,
              const std::vector<CurvePoints>& curves) {
  const bool several = curves.size() > 1;
  bool named = false;
  const auto add = [&](const CurvePoints& points, bool thin) {
    if (points.x.empty()) return;
    ChartSeries series;
    if (!thin) series.name = name, named = true;
    series.x = points.x;
    series.y = points.y;
    series.color = color;
    series.width_px = !thin ? 2.2 : markers ? 0.0 : 1.0;
    series.opacity = thin ? 0.4 : 1.0;
    series.markers = markers;
    chart.series.push_back(std::move(series));
  };
  const CurvePoints mean = several ? MeanCurve(curves, kMostPoints) : CurvePoints{};
  for (const CurvePoints& curve : curves) add(curve, several);
  if (several) {
    const size_t before = chart.series.size();
    add(mean, false);
    if (chart.series.size() > before) chart.series.back().markers = false;
    // Without a stretch that all runs share there is no mean: the first line carries the name.
    for (size_t i = 0; !named && i < chart.series.size(); ++i) {
      if (chart.series[i].color == color) chart.series[i].name = name, named = true;
    }
  }
}

}  // namespace

CurvePoints RollingMean(const CurvePoints& points, int window) {
  VOLANTE_CHECK(window > 0 && points.x.size() == points.y.size(), "a curve and its window");
  CurvePoints out;
  out.x = points.x;
  for (size_t i = 0; i < points.y.size(); ++i) {
    const size_t begin = i + 1 - std::min(i + 1, static_cast<size_t>(window));
    double sum = 0.0;
    for (size_t k = begin; k <= i; ++k) sum += points.y[k];
    out.y.push_back(sum / static_cast<double>(i + 1 - begin));
  }
  return out;
}

CurvePoints MeanCurve(std::span<const CurvePoints> curves, int count) {
  VOLANTE_CHECK(count > 1, "a curve has two points or more");
  if (curves.empty()) return {};
  double low = -HUGE_VAL, high = HUGE_VAL;
  for (const CurvePoints& curve : curves) {
    if (curve.x.empty()) return {};
    low = std::max(low, curve.x.front());
    high = std::min(high, curve.x.back());
  }
  if (low >= high) return {};
  CurvePoints out;
  for (int i = 0; i < count; ++i) {
    const double x = low + (high - low) * i / (count - 1);
    double sum = 0.0;
    for (const CurvePoints& curve : curves) sum += At(curve, x);
    out.x.push_back(x);
    out.y.push_back(sum / static_cast<double>(curves.size()));
  }
  return out;
}

namespace {

// "legacy" of "legacy-0" and "legacy_2".
std::string WithoutSeed(const std::string& run) {
  const size_t end = run.find_last_not_of("0123456789");
  if (end == std::string::npos || end + 1 == run.size() || end == 0) return run;
  return run.substr(0, end + (run[end] == '-' || run[end] == '_' ? 0 : 1));
}

size_t PlaceOf(std::vector<std::string>& known, const std::string& name) {
  const auto at = std::find(known.begin(), known.end(), name);
  if (at != known.end()) return static_cast<size_t>(at - known.begin());
  known.push_back(name);
  return known.size() - 1;
}

}  // namespace

Chart TagChart(std::span<const TagCurve> curves, bool log) {
  Chart chart;
  chart.x_label = "env steps";
  chart.y_log10 = log;
  std::vector<std::string> groups, tags, named;
  for (const TagCurve& curve : curves) PlaceOf(tags, curve.tag);
  for (const TagCurve& curve : curves) {
    const std::string name = WithoutSeed(curve.run) + "  " + curve.tag;
    ChartSeries series{
        .name = name, .x = curve.points.x, .y = curve.points.y, .low = {}, .high = {}};
    if (const size_t before = named.size(); PlaceOf(named, name) < before) series.name.clear();
    // A colour for each recipe, and a second tag is dashed; more tags than two need colours too.
    series.color = static_cast<int>(tags.size() > 2 ? PlaceOf(named, name)
                                                    : PlaceOf(groups, WithoutSeed(curve.run)));
    series.dashed = tags.size() == 2 && PlaceOf(tags, curve.tag) == 1;
    series.width_px = 1.4;
    if (log) {
      for (double& y : series.y) y = std::log10(std::abs(y));  // of 0 not finite: left out
    }
    chart.series.push_back(std::move(series));
  }
  if (tags.size() > 2) chart.y_label = log ? "size" : "value";  // the legend has their names
  for (const std::string& tag : tags) {
    if (tags.size() > 2) break;
    chart.y_label += (chart.y_label.empty() ? "" : ", ") + (log ? "|" + tag + "|" : tag);
  }
  return chart;
}

Chart LearningCurveChart(std::span<const RunCurves> runs, int window, double seconds_per_step) {
  Chart chart;
  const auto all = [&](CurvePoints RunCurves::* which) {
    std::vector<CurvePoints> curves;
    for (const RunCurves& run : runs) {
      const CurvePoints& points = run.*which;
      const bool training = which == &RunCurves::completion || which == &RunCurves::success;
      curves.push_back(training ? Thinned(RollingMean(points, window)) : points);
    }
    return curves;
  };
  AddLines(chart, "training: route completion", kCompletionColor, false,
           all(&RunCurves::completion));
  AddLines(chart, "training: success", kSuccessColor, false, all(&RunCurves::success));
  AddLines(chart, "validation: success", kValidationColor, true,
           all(&RunCurves::validation_success));
  chart.title = runs.size() == 1 ? "Learning curve of " + runs[0].name
                                 : fmt::format("Learning curves of {} runs", runs.size());
  chart.subtitle = fmt::format("training: mean of the last {} episodes{}", window,
                               runs.size() > 1 ? "; bold: mean of the runs, thin: each run" : "");
  chart.x_label = "env steps";
  chart.x_unit = fmt::format("{:g} s of driving each", seconds_per_step);
  chart.y_label = "completion, success";
  chart.y_unit = "share";
  chart.y_from_zero = true;
  chart.y_to_one = true;
  chart.x_from_zero = true;
  return chart;
}

}  // namespace volante
