// Braille curves decoded back to dots.
#include "plot/terminal_chart.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <sstream>
#include <vector>

namespace volante {
namespace {

struct Dots {
  std::set<std::pair<int, int>> at;  // x to the right, y down
  int lines = 0, columns = 0;
};

Dots Decode(const std::string& text) {
  // Unicode: dots 1-3 and 7 are the left column from the top, 4-6 and 8 the right; bit = dot - 1.
  constexpr int kRow[8] = {0, 1, 2, 0, 1, 2, 3, 3}, kColumn[8] = {0, 0, 0, 1, 1, 1, 0, 1};
  Dots dots;
  std::istringstream in(text);
  std::string line;
  for (int row = -1; std::getline(in, line); ++row) {
    ++dots.lines;
    int column = 0;
    for (size_t i = 0; i + 2 < line.size(); ++i) {
      const auto byte = [&](size_t k) { return static_cast<unsigned char>(line[i + k]); };
      const unsigned code = (byte(0) & 0x0Fu) << 12 | (byte(1) & 0x3Fu) << 6 | (byte(2) & 0x3Fu);
      if (byte(0) != 0xE2 || code < 0x2800 || code > 0x28FF) continue;
      for (int bit = 0; bit < 8; ++bit) {
        if ((code - 0x2800) >> bit & 1)
          dots.at.insert({2 * column + kColumn[bit], 4 * row + kRow[bit]});
      }
      ++column;
      i += 2;
    }
    dots.columns = std::max(dots.columns, column);
  }
  return dots;
}

TEST(TerminalChart, ADiagonalIsADiagonal) {
  std::vector<double> values;
  for (int i = 0; i < 32; ++i) values.push_back(i);
  const std::string text = DrawTerminalChart({.title = "return", .columns = 16, .rows = 8}, values);
  const Dots dots = Decode(text);
  EXPECT_EQ(dots.lines, 9);
  EXPECT_EQ(dots.columns, 16);
  std::set<std::pair<int, int>> expected;
  for (int i = 0; i < 32; ++i) expected.insert({i, 31 - i});
  EXPECT_EQ(dots.at, expected);
  EXPECT_NE(text.find("return"), std::string::npos);
  EXPECT_NE(text.find("31 "), std::string::npos);  // top of the scale
}

TEST(TerminalChart, LongSeriesAreAveraged) {
  std::vector<double> values;
  for (int i = 0; i < 1000; ++i) values.push_back(i % 2 ? 1.0 : 3.0);  // mean 2 in every dot
  values.resize(1004, 2.0);
  const Dots dots = Decode(DrawTerminalChart({.title = "", .columns = 1, .rows = 2}, values));
  EXPECT_EQ(dots.at.size(), 2u);
}

TEST(TerminalChart, JumpsAreJoinedAndGapsAreNot) {
  const std::vector<double> jump = {0, 1};
  EXPECT_EQ(Decode(DrawTerminalChart({.title = "", .columns = 1, .rows = 2}, jump)).at.size(), 8u);
  const std::vector<double> gap = {0, 0, NAN, 1};
  const Dots dots = Decode(DrawTerminalChart({.title = "", .columns = 2, .rows = 2}, gap));
  EXPECT_EQ(dots.at, (std::set<std::pair<int, int>>{{0, 7}, {1, 7}, {3, 0}}));
}

TEST(TerminalChart, AFixedAxisHoldsWhateverTheDataIs) {
  // 8 dots high, so a dot is 1/7 of the axis.
  const TerminalChart chart{.title = "", .columns = 2, .rows = 2, .low = 0.0, .high = 1.0};
  const std::vector<double> values = {0.0, 1.0 / 7.0, 2.0, -3.0};
  const Dots dots = Decode(DrawTerminalChart(chart, values));
  EXPECT_TRUE(dots.at.contains({0, 7}));
  EXPECT_TRUE(dots.at.contains({1, 6}));
  EXPECT_TRUE(dots.at.contains({2, 0})) << "above the axis: at its end";
  EXPECT_TRUE(dots.at.contains({3, 7})) << "below it";
  const std::string text = DrawTerminalChart({.title = "12345",
                                              .columns = 4,
                                              .rows = 2,
                                              .low = 0,
                                              .high = 1,
                                              .x_left = "0",
                                              .x_right = "9"},
                                             values);
  EXPECT_NE(text.find("  1234\n"), std::string::npos) << "the title is cut";
  EXPECT_EQ(text.substr(text.size() - 5), "0  9\n");
}

TEST(TerminalChart, NothingToDrawIsBlank) {
  EXPECT_TRUE(Decode(DrawTerminalChart({}, {})).at.empty());
  const std::vector<double> bad = {NAN, INFINITY};
  EXPECT_TRUE(Decode(DrawTerminalChart({}, bad)).at.empty());
}

}  // namespace
}  // namespace volante
