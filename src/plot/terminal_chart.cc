#include "plot/terminal_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "base/error.h"

namespace volante {
namespace {

// Mean of the finite values of each of `dots` equal shares; NaN where there is none.
std::vector<double> Resample(std::span<const double> values, int dots) {
  std::vector<double> out(static_cast<size_t>(dots), std::numeric_limits<double>::quiet_NaN());
  const size_t n = values.size();
  for (size_t i = 0; i < out.size(); ++i) {
    const size_t begin = i * n / out.size();
    const size_t end = std::max(begin + 1, (i + 1) * n / out.size());
    double sum = 0.0;
    int count = 0;
    for (size_t k = begin; k < end && k < n; ++k) {
      if (std::isfinite(values[k])) sum += values[k], ++count;
    }
    if (count > 0) out[i] = sum / count;
  }
  return out;
}

// U+2800 plus a bit per dot: column 0 rows 0..2 are bits 0..2, column 1 bits 3..5, row 3 bits 6, 7.
constexpr int kDotBit[2][4] = {{0, 1, 2, 6}, {3, 4, 5, 7}};

std::string Braille(unsigned bits) {
  const unsigned code = 0x2800 + bits;
  return {static_cast<char>(0xE0 | (code >> 12)), static_cast<char>(0x80 | ((code >> 6) & 0x3F)),
          static_cast<char>(0x80 | (code & 0x3F))};
}

}  // namespace

std::string DrawTerminalChart(const TerminalChart& chart, std::span<const double> values) {
  VOLANTE_CHECK(chart.columns > 0 && chart.rows > 1,
                "a terminal chart has 1 x 2 characters or more");
  const int dots = 2 * chart.columns, height = 4 * chart.rows;
  const std::vector<double> curve = Resample(values, dots);
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const double value : curve) {
    if (std::isfinite(value)) low = std::min(low, value), high = std::max(high, value);
  }
  if (std::isfinite(chart.low)) low = chart.low;
  if (std::isfinite(chart.high)) high = chart.high;
  if (low > high) low = 0.0, high = 1.0;
  if (low == high) low -= 0.5, high += 0.5;

  std::vector<unsigned> cells(static_cast<size_t>(chart.columns) * static_cast<size_t>(chart.rows));
  const auto set = [&](int x, int y) {
    const size_t cell = static_cast<size_t>(y / 4) * static_cast<size_t>(chart.columns) +
                        static_cast<size_t>(x / 2);
    cells[cell] |= 1u << kDotBit[x % 2][y % 4];
  };
  int previous = -1;  // row of the dot before, -1 after a gap
  for (int x = 0; x < dots; ++x) {
    const double value = curve[static_cast<size_t>(x)];
    if (!std::isfinite(value)) {
      previous = -1;
      continue;
    }
    const double share = std::clamp((high - value) / (high - low), 0.0, 1.0);
    const int y = static_cast<int>(std::lround(share * (height - 1)));
    // Steep stretches are joined by a column of dots.
    const int from = previous < 0 ? y : previous + (y > previous) - (y < previous);
    for (int k = std::min(from, y); k <= std::max(from, y); ++k) set(x, k);
    previous = y;
  }

  std::string out = fmt::format("{:>9}  {:.{}}\n", "", chart.title, chart.columns);
  for (int row = 0; row < chart.rows; ++row) {
    const std::string label = row == 0                ? fmt::format("{:.4g}", high)
                              : row == chart.rows - 1 ? fmt::format("{:.4g}", low)
                                                      : "";
    out += fmt::format("{:>9} \u2502", label);
    for (int column = 0; column < chart.columns; ++column) {
      out += Braille(cells[static_cast<size_t>(row * chart.columns + column)]);
    }
    out += '\n';
  }
  if (!chart.x_left.empty() || !chart.x_right.empty()) {
    const int room = std::max(0, chart.columns - static_cast<int>(chart.x_left.size()));
    out += fmt::format("{:>9}  {}{:>{}.{}}\n", "", chart.x_left, chart.x_right, room, room);
  }
  return out;
}

}  // namespace volante
