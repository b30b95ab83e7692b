// Bands of ground that a map repeats or cuts to crumbs.
#include "render/ground_bands.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

namespace volante {
namespace {

// Along x, its left line `width_m` to the left of the right one, with a point every metre at most.
GroundBand Band(double from_m, double to_m, double right_m = 0.0, double width_m = 0.2) {
  GroundBand band;
  band.layer = GroundLayer::kKerb;
  const int parts = std::max(1, static_cast<int>(std::abs(to_m - from_m)));
  for (int i = 0; i <= parts; ++i) {
    const double x = from_m + (to_m - from_m) * i / parts;
    band.left.push_back({{x, right_m + width_m}, 0.1 * x});
    band.right.push_back({{x, right_m}, 0.1 * x});
  }
  return band;
}

std::vector<GroundBand> Tidied(std::vector<GroundBand> bands) {
  TidyBands(bands);
  return bands;
}

std::pair<double, double> Reach(const GroundBand& band) {
  const double a = band.left.front().at_m.x, b = band.left.back().at_m.x;
  return {std::min(a, b), std::max(a, b)};
}

GroundBand Turned(GroundBand band) {
  std::reverse(band.left.begin(), band.left.end());
  std::reverse(band.right.begin(), band.right.end());
  return band;
}

GroundBand Swapped(GroundBand band) {
  std::swap(band.left, band.right);
  return band;
}

TEST(GroundBands, WhatIsThereTwiceIsKeptOnceHoweverItRuns) {
  const GroundBand band = Band(0.0, 20.0);
  const auto left = Tidied(
      {band, Band(0.0, 20.0, 3.0), band, Turned(band), Swapped(band), Swapped(Turned(band))});
  ASSERT_EQ(left.size(), 2u);
  EXPECT_EQ(left[0].right.front().at_m.y, 0.0);
  EXPECT_EQ(left[1].right.front().at_m.y, 3.0);
}

TEST(GroundBands, WhatDiffersInLayerHeightOrDashesIsKept) {
  const GroundBand band = Band(0.0, 20.0);
  GroundBand road = band, above = band, dashed = band, other = band;
  road.layer = GroundLayer::kRoad;
  for (GroundLine* line : {&above.left, &above.right}) {
    for (GroundPoint& p : *line) p.height_m += 6.0;
  }
  MarkLine three, one;
  one.dash_m = one.gap_m = 1.0;
  dashed.dashes = &three;
  other.dashes = &one;
  // Dashes begin where the band does: from the other side they lie elsewhere.
  EXPECT_EQ(Tidied({band, road, above, dashed, other, Turned(dashed)}).size(), 6u);
  EXPECT_EQ(Tidied({dashed, dashed}).size(), 1u);
}

// In any order and direction, and crumbs of crumbs.
TEST(GroundBands, ACrumbGoesToTheBandThatItContinues) {
  const std::vector<GroundBand> parts = {Band(0.0, 10.0), Band(10.0, 10.1),
                                         Turned(Band(10.1, 10.4)), Swapped(Band(10.4, 10.45)),
                                         Band(10.45, 20.0)};
  std::vector<size_t> order = {0, 1, 2, 3, 4};
  int orders = 0;
  do {
    std::vector<GroundBand> bands;
    for (const size_t i : order) bands.push_back(parts[i]);
    const auto joined = Tidied(bands);
    // Two long ones, which are not joined to each other, and nothing between them.
    ASSERT_EQ(joined.size(), 2u);
    auto first = Reach(joined[0]), second = Reach(joined[1]);
    if (second < first) std::swap(first, second);
    EXPECT_EQ(first.first, 0.0);
    EXPECT_EQ(first.second, second.first);
    EXPECT_EQ(second.second, 20.0);
    for (const GroundBand& band : joined) {
      ASSERT_EQ(band.left.size(), band.right.size());
      for (size_t i = 0; i < band.left.size(); ++i) {
        EXPECT_NEAR(Distance(band.left[i].at_m, band.right[i].at_m), 0.2, 1e-9);
        EXPECT_NEAR(band.left[i].height_m, 0.1 * band.left[i].at_m.x, 1e-9);
      }
    }
    ++orders;
  } while (std::next_permutation(order.begin(), order.end()));
  EXPECT_EQ(orders, 120);
}

TEST(GroundBands, ACrumbThatContinuesNothingStaysAsItIs) {
  GroundBand mark = Band(10.0, 10.2);
  mark.layer = GroundLayer::kWhiteMark;
  GroundBand above = Band(10.0, 10.2);
  for (GroundLine* line : {&above.left, &above.right}) {
    for (GroundPoint& p : *line) p.height_m += 0.5;
  }
  const GroundBand band = Band(0.0, 10.0);
  for (const GroundBand& crumb :
       {mark, above, Band(10.1, 10.3), Band(10.0, 10.3, 0.1), Band(10.0, 10.3, 0.0, 0.4),
        Band(9.8, 10.0)}) {  // the last one lies on the band and ends where it does
    const auto tidied = Tidied({band, crumb});
    ASSERT_EQ(tidied.size(), 2u);
    EXPECT_EQ(Reach(tidied[0]), Reach(band));
    EXPECT_EQ(Reach(tidied[1]), Reach(crumb));
  }
  EXPECT_EQ(Tidied({band, Band(10.0, 10.0 + 1.01 * kShortBand_m)}).size(), 2u);
}

// A broken line in sections shorter than a dash is one dash, and a longer one is left to itself.
TEST(GroundBands, CrumbsOfABrokenLineAreWhole) {
  MarkLine line;  // 3 m painted, 9 m free
  std::vector<GroundBand> bands = {Band(0.0, 0.4), Band(0.4, 0.8), Band(0.8, 20.0)};
  for (GroundBand& band : bands) band.dashes = &line;
  const auto tidied = Tidied(bands);
  ASSERT_EQ(tidied.size(), 2u);
  EXPECT_EQ(tidied[0].dashes, nullptr);
  EXPECT_EQ(Reach(tidied[0]), std::pair(0.0, 0.8));
  EXPECT_EQ(tidied[1].dashes, &line);
  EXPECT_EQ(Reach(tidied[1]), std::pair(0.8, 20.0));
}

}  // namespace
}  // namespace volante
