// A small curve in the terminal: braille dots, 2 x 4 to a character, for live progress.
// Returns text; it never writes to the terminal and holds no state.
#pragma once

#include <span>
#include <string>

namespace volante {

struct TerminalChart {
  std::string title;           // first line, left
  int columns = 60, rows = 8;  // of the curve, without title and axis labels
};

// `values` are equally spaced in x and are averaged down to the 2 * columns dots (or spread over
// them when they are fewer); those that are not finite leave a gap. UTF-8, rows + 1 lines, each
// ending in '\n'; the largest and the smallest value of the scale stand left of the curve.
std::string DrawTerminalChart(const TerminalChart& chart, std::span<const double> values);

}  // namespace volante
