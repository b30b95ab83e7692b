// Learning curves of one or several runs as a chart: what `volante curve` draws and the demo shows.
// Pure functions of points; reading event files is the caller's.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "plot/svg_chart.h"

namespace volante {

struct CurvePoints {
  std::vector<double> x, y;  // equal sizes, x never falls
};

// One run: values at the end of each training episode, and of each validation, over env steps.
struct RunCurves {
  std::string name;
  CurvePoints completion, success;  // of training episodes
  CurvePoints validation_success;
};

// At each point the mean of it and the up to window - 1 before it.
CurvePoints RollingMean(const CurvePoints& points, int window);

// Mean over several curves on `count` equal steps of the x that all of them cover, each taken by
// linear interpolation; empty when there is no such x or a curve has no points.
CurvePoints MeanCurve(std::span<const CurvePoints> curves, int count);

// One line of a TagChart: the values of a tag in a run.
struct TagCurve {
  std::string run, tag;
  CurvePoints points;
};
// Any tags of any runs. Runs whose names differ in a last number alone (seeds) share a colour, the
// second tag is dashed. `log`: decimal logarithms of |value|, zeros left out.
Chart TagChart(std::span<const TagCurve> curves, bool log);

// Completion and success of training over a rolling `window` of episodes, and the validations as
// points; several runs as thin lines with their mean. `seconds_per_step` is simulated time.
Chart LearningCurveChart(std::span<const RunCurves> runs, int window, double seconds_per_step);

}  // namespace volante
