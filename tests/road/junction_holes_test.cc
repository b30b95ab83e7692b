// No grass shows through a junction: what its ways enclose is paved, tips of such places included.
// By a raster finer than the one that finds them.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "road/road_network.h"
#include "road/towns.h"

namespace volante {
namespace {

constexpr double kCell_m = 0.1;

struct Raster {
  Vec2 low_m;
  int n = 0;
  std::vector<char> paved;

  Raster(const Junction& junction, std::span<const SurfaceStrip> strips)
      : low_m(junction.center_m - Vec2{junction.radius_m + 1.0, junction.radius_m + 1.0}),
        n(static_cast<int>(2.0 * (junction.radius_m + 1.0) / kCell_m) + 1),
        paved(static_cast<size_t>(n) * n, 0) {
    for (const SurfaceStrip& strip : strips) {
      if (strip.surface != Surface::kRoad && strip.surface != Surface::kShoulder) continue;
      for (size_t k = 1; k < strip.left.size(); ++k) {
        Fill(strip.right[k - 1], strip.right[k], strip.left[k]);
        Fill(strip.right[k - 1], strip.left[k], strip.left[k - 1]);
      }
    }
  }
  // Cells whose centres lie in a triangle or within 2 cm of it, as neighbours are drawn.
  void Fill(Vec2 a, Vec2 b, Vec2 c) {
    const auto cells = [&](double low, double high, double origin) {
      return std::pair(std::max(0, static_cast<int>(std::floor((low - origin) / kCell_m - 0.7))),
                       std::min(n - 1, static_cast<int>(std::ceil((high - origin) / kCell_m))));
    };
    const auto [c0, c1] = cells(std::min({a.x, b.x, c.x}), std::max({a.x, b.x, c.x}), low_m.x);
    const auto [r0, r1] = cells(std::min({a.y, b.y, c.y}), std::max({a.y, b.y, c.y}), low_m.y);
    const double turn = Cross(b - a, c - a) >= 0.0 ? 1.0 : -1.0;
    for (int r = r0; r <= r1; ++r) {
      for (int col = c0; col <= c1; ++col) {
        const Vec2 p = low_m + Vec2{(col + 0.5) * kCell_m, (r + 0.5) * kCell_m};
        const auto inside = [&](Vec2 from, Vec2 to) {
          return turn * Cross(to - from, p - from) >= -0.02 * Distance(from, to);
        };
        if (inside(a, b) && inside(b, c) && inside(c, a))
          paved[static_cast<size_t>(r) * n + col] = 1;
      }
    }
  }
  // Areas of unpaved places that do not reach the border, m^2.
  std::vector<double> Holes() {
    std::vector<double> holes;
    std::vector<int> region;
    for (int i = 0; i < n * n; ++i) {
      if (paved[static_cast<size_t>(i)] != 0) continue;
      bool border = false;
      region.assign(1, i);
      paved[static_cast<size_t>(i)] = 1;
      for (size_t k = 0; k < region.size(); ++k) {
        const int r = region[k] / n, c = region[k] % n;
        border = border || r == 0 || c == 0 || r == n - 1 || c == n - 1;
        for (const auto& [within, next] :
             {std::pair(c > 0, region[k] - 1), std::pair(c < n - 1, region[k] + 1),
              std::pair(r > 0, region[k] - n), std::pair(r < n - 1, region[k] + n)}) {
          if (!within || paved[static_cast<size_t>(next)] != 0) continue;
          paved[static_cast<size_t>(next)] = 1;
          region.push_back(next);
        }
      }
      if (!border) holes.push_back(static_cast<double>(region.size()) * kCell_m * kCell_m);
    }
    return holes;
  }
};

class JunctionHoles : public ::testing::TestWithParam<const char*> {};

TEST_P(JunctionHoles, NoGrassShowsThroughTheAsphalt) {
  const std::string name = GetParam();
  const auto network =
      RoadNetwork::Parse(name.starts_with("random_") ? MakeRandomTown(std::stoul(name.substr(7)))
                                                     : std::string(BuiltInTownText(name)),
                         name);
  for (const Junction& junction : network->junctions()) {
    if (junction.radius_m > 60.0) continue;  // a roundabout's island is no hole
    Raster raster(junction, network->surfaces());
    for (const double area : raster.Holes()) {
      EXPECT_LT(area, 0.1) << "in junction " << junction.id << " at " << junction.center_m.x << ' '
                           << junction.center_m.y;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Towns, JunctionHoles,
                         ::testing::Values("volante_town", "multilane", "country", "random_3",
                                           "random_17", "random_1000001"),
                         [](const auto& town) { return std::string(town.param); });

}  // namespace
}  // namespace volante
