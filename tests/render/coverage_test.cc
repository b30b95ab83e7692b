// The rasteriser against hand calculation and against counting sample points.
#include "render/coverage.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "base/random.h"

namespace volante {
namespace {

// Collects coverage per pixel, in 128ths.
struct AlphaPicture {
  int width;
  std::vector<int>* alphas;
  void Block(int y, int x, __m128i values) const {
    int16_t lanes[8];
    _mm_storeu_si128(reinterpret_cast<__m128i*>(lanes), values);
    for (int i = 0; i < 8 && x + i < width; ++i) Set(y, x + i, lanes[i]);
  }
  void Span(int y, int begin, int end, int alpha) const {
    for (int x = begin; x < end && x < width; ++x) Set(y, x, alpha);
  }
  void Set(int y, int x, int alpha) const { (*alphas)[static_cast<size_t>(y) * width + x] = alpha; }
};

void AddPolygon(CoverageRaster& raster, const std::vector<PixelPoint>& polygon) {
  for (size_t i = 0; i < polygon.size(); ++i) {
    raster.AddEdge(polygon[i], polygon[(i + 1) % polygon.size()]);
  }
}

std::vector<int> Draw(int width, int height, const std::vector<std::vector<PixelPoint>>& polygons) {
  CoverageRaster raster(width, height);
  for (const auto& polygon : polygons) AddPolygon(raster, polygon);
  std::vector<int> alphas(static_cast<size_t>(width) * height, 0);
  raster.Sweep(AlphaPicture{width, &alphas});
  EXPECT_TRUE(raster.empty());
  return alphas;
}

// Share of a 16 x 16 grid of points within the pixel that lie in the polygon (even-odd rule).
double CountedShare(const std::vector<PixelPoint>& polygon, int x, int y) {
  int inside = 0;
  for (int j = 0; j < 16; ++j) {
    for (int i = 0; i < 16; ++i) {
      const double px = x + (i + 0.5) / 16, py = y + (j + 0.5) / 16;
      bool in = false;
      for (size_t k = 0; k < polygon.size(); ++k) {
        const PixelPoint a = polygon[k], b = polygon[(k + 1) % polygon.size()];
        if ((a.v > py) != (b.v > py) && px < a.u + (b.u - a.u) * (py - a.v) / (b.v - a.v)) in = !in;
      }
      inside += in;
    }
  }
  return inside / 256.0;
}

TEST(CoverageRaster, RectangleCoversTheAreaThatPaperSays) {
  // [1.25, 3.5] x [0.5, 2]: columns 1, 2, 3 are covered 0.75, 1, 0.5; rows 0, 1 are 0.5, 1.
  const auto alphas = Draw(5, 3, {{{1.25f, 0.5f}, {3.5f, 0.5f}, {3.5f, 2.0f}, {1.25f, 2.0f}}});
  const std::vector<int> expected = {0, 48, 64, 32, 0, 0, 96, 128, 64, 0, 0, 0, 0, 0, 0};
  EXPECT_EQ(alphas, expected);
}

TEST(CoverageRaster, AgreesWithCountedPointsOnRandomPolygonsInsideAndOutsideThePicture) {
  RandomStream random(7, "coverage_test");
  for (int trial = 0; trial < 200; ++trial) {
    const int corners = 3 + static_cast<int>(random.Below(4));
    const double cx = random.Uniform(-5.0, 45.0), cy = random.Uniform(-5.0, 35.0);
    const double radius = random.Uniform(0.3, 30.0);
    std::vector<PixelPoint> polygon;
    for (int i = 0; i < corners; ++i) {
      const double angle = 2.0 * 3.14159265 * (i + random.Uniform(0.0, 0.9)) / corners;
      polygon.push_back({static_cast<float>(cx + radius * std::cos(angle)),
                         static_cast<float>(cy + radius * 0.7 * std::sin(angle))});
    }
    const auto alphas = Draw(40, 30, {polygon});
    std::vector<double> shares(40 * 30);
    for (int y = 0; y < 30; ++y) {
      for (int x = 0; x < 40; ++x) {
        const size_t i = static_cast<size_t>(y) * 40 + x;
        shares[i] = CountedShare(polygon, x, y);
        // 16 sample rows resolve an edge to about 1/16 of a pixel.
        ASSERT_NEAR(alphas[i] / 128.0, shares[i], 0.08)
            << "trial " << trial << " " << x << "," << y;
      }
    }
    // A pixel among wholly covered ones has no edge in it: exactly covered; and the same for none.
    for (int y = 1; y < 29; ++y) {
      for (int x = 1; x < 39; ++x) {
        double around = 0.0;
        for (int k = 0; k < 9; ++k)
          around += shares[static_cast<size_t>(y + k / 3 - 1) * 40 + x + k % 3 - 1];
        const int alpha = alphas[static_cast<size_t>(y) * 40 + x];
        if (around == 9.0) {
          ASSERT_EQ(alpha, kFullAlpha) << "trial " << trial << " " << x << "," << y;
        }
        if (around == 0.0) {
          ASSERT_LE(alpha, 2) << "trial " << trial << " " << x << "," << y;
        }
      }
    }
  }
}

TEST(CoverageRaster, AbuttingPolygonsLeaveNoSeam) {
  const PixelPoint a{3.3f, 1.7f}, b{17.9f, 12.2f};
  const auto alphas =
      Draw(20, 14, {{{0, 0}, {20, 0}, {20, 14}, b, a}, {a, b, {20, 14}, {0, 14}, {0, 0}}});
  for (const int alpha : alphas) EXPECT_EQ(alpha, kFullAlpha);
}

TEST(CoverageRaster, SweepLeavesNothingForTheNextPicture) {
  CoverageRaster raster(84, 84);
  std::vector<int> alphas(84 * 84, 0);
  for (int k = 0; k < 3; ++k) {
    AddPolygon(raster, {{-30.0f, -20.0f}, {120.0f, 5.3f}, {60.0f, 140.0f}, {-50.0f, 60.0f}});
    raster.Sweep(AlphaPicture{84, &alphas});
  }
  std::fill(alphas.begin(), alphas.end(), 0);
  AddPolygon(raster, {{10, 10}, {12, 10}, {12, 12}, {10, 12}});
  raster.Sweep(AlphaPicture{84, &alphas});
  int sum = 0;
  for (const int alpha : alphas) sum += alpha;
  EXPECT_EQ(sum, 4 * kFullAlpha);
}

}  // namespace
}  // namespace volante
