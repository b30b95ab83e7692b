// A small curve in the terminal: braille dots, 2 x 4 to a character, for live progress.
// Returns text; it never writes to the terminal and holds no state.
#pragma once

#include <limits>
#include <span>
#include <string>

namespace volante {

struct TerminalChart {
  std::string title;           // first line, left
  int columns = 60, rows = 8;  // of the curve, without title and axis labels
  // Ends of the y axis; those that are not finite follow the data.
  double low = std::numeric_limits<double>::quiet_NaN();
  double high = std::numeric_limits<double>::quiet_NaN();
  std::string x_left = {}, x_right = {};  // below the curve's ends; both empty: no such line
};

// `values` are equally spaced in x and are averaged down to the 2 * columns dots (or spread over
// them when they are fewer); those that are not finite leave a gap, those outside the axis stand on
// its end. UTF-8, rows + 1 lines and one for the x labels, each ending in '\n' and at most
// kTerminalChartMargin + columns wide (a longer title is cut); the ends of the y axis stand left of
// the curve.
inline constexpr int kTerminalChartMargin = 11;
std::string DrawTerminalChart(const TerminalChart& chart, std::span<const double> values);

}  // namespace volante
