// Line charts as SVG text: what the demo and the reports draw. No state, no files: the caller
// writes the text. The same chart gives the same bytes.
#pragma once

#include <string>
#include <vector>

namespace volante {

// One line. Points that are not finite interrupt it; x should increase.
struct ChartSeries {
  std::string name;               // "" keeps it out of the legend
  std::vector<double> x, y;       // equal sizes
  std::vector<double> low, high;  // a translucent band around the line; empty, or as long as x
  bool dashed = false;
  int color = -1;         // index into the palette of 7; -1 takes the next by position
  double width_px = 1.8;  // 0 leaves the markers alone
  double opacity = 1.0;   // of the line, (0, 1]
  bool markers = false;   // a dot at each point beside the line
};

// A horizontal line across the plot: a threshold, a baseline.
struct ChartRule {
  std::string name;
  double y = 0.0;
};

struct Chart {
  std::string title;
  std::string subtitle;         // "" for none: run, seed, n
  std::string x_label, x_unit;  // "env steps", "" -> "env steps"
  std::string y_label, y_unit;  // "speed", "m/s" -> "speed (m/s)"
  std::vector<ChartSeries> series;
  std::vector<ChartRule> rules;
  int width_px = 760, height_px = 420;
  bool y_from_zero = false;  // the y axis holds 0 even when the data does not come near
  bool y_to_one = false;     // and 1: for shares
  bool x_from_zero = false;  // the x axis holds 0: for counts from a beginning
  bool y_log10 = false;  // y values are decimal logarithms: ticks at whole ones, shown as powers
};

// A whole SVG document with its own light background; colours that people with the common colour
// vision deficiencies tell apart (Okabe and Ito, 2008). An empty chart says "no data".
std::string SvgChart(const Chart& chart);

}  // namespace volante
