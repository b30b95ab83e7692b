#include "render/terrain.h"

#include <algorithm>
#include <cmath>

#include "render/ground_builder.h"

namespace volante {

namespace {

constexpr double kMaxCells = 250000.0;
constexpr double kSampleStep_m = 4.0;  // along and across the strips
constexpr double kReach_m = 14.0;      // a grid point this near to a road takes its height
constexpr double kBeside_m = 4.0;      // points this much further than the nearest count as well
constexpr double kBelowRoad_m = 0.15;  // the land under a road lies this much lower
constexpr double kSteepestLand = 0.4;  // rise over run away from the roads
constexpr int kSmoothing = 400;        // sweeps over the land between the roads

}  // namespace

Terrain::Terrain(std::span<const SurfaceStrip> strips, double margin_m) {
  const bool hills = std::any_of(strips.begin(), strips.end(), [](const SurfaceStrip& strip) {
    return !strip.left_height_m.empty();
  });
  if (!hills) return;
  std::vector<Sample> samples;
  Vec2 low{1e300, 1e300}, high{-1e300, -1e300};
  for (const SurfaceStrip& strip : strips) {
    if (strip.surface == Surface::kOther) continue;
    const GroundLine left = MakeLine(strip.left, strip.left_height_m);
    const GroundLine right = MakeLine(strip.right, strip.right_height_m);
    for (size_t i = 0; i + 1 < strip.left.size(); ++i) {
      const double length = std::max(Distance(strip.left[i], strip.left[i + 1]),
                                     Distance(strip.right[i], strip.right[i + 1]));
      const double width = Distance(strip.left[i], strip.right[i]);
      const int along = std::clamp(static_cast<int>(std::ceil(length / kSampleStep_m)), 1, 1000);
      const int across = std::clamp(static_cast<int>(std::ceil(width / kSampleStep_m)), 1, 50);
      for (int a = 0; a <= along; ++a) {
        for (int b = 0; b <= across; ++b) {
          const double u = static_cast<double>(a) / along, v = static_cast<double>(b) / across;
          const GroundPoint p =
              Mix(Mix(left[i], left[i + 1], u), Mix(right[i], right[i + 1], u), v);
          const Vec2 at = p.at_m;
          samples.push_back({at, p.height_m});
          low = {std::min(low.x, at.x), std::min(low.y, at.y)};
          high = {std::max(high.x, at.x), std::max(high.y, at.y)};
        }
      }
    }
  }
  if (samples.empty()) return;
  min_m_ = low - Vec2{margin_m, margin_m};
  const Vec2 size = high - low + Vec2{2.0 * margin_m, 2.0 * margin_m};
  cell_m_ = std::max(kCell_m, std::sqrt(size.x * size.y / kMaxCells));
  columns_ = static_cast<int>(size.x / cell_m_) + 1;
  rows_ = static_cast<int>(size.y / cell_m_) + 1;
  const size_t count = static_cast<size_t>(columns_ + 1) * static_cast<size_t>(rows_ + 1);
  heights_m_.assign(count, 0.0);
  std::vector<char> fixed(count, 0);
  FixNearRoads(samples, fixed);
  FillBetween(fixed);
  for (size_t i = 0; i < count; ++i) heights_m_[i] = std::min(heights_m_[i], steepest_m_[i]);
  steepest_m_.clear();
  PushBelow(samples);
}

// Grid points near roads take the mean height of what is near, of the lowest level there.
void Terrain::FixNearRoads(std::span<const Sample> samples, std::vector<char>& fixed) {
  const size_t count = heights_m_.size();
  std::vector<double> nearest(count, 1e300), lowest(count, 1e300);
  std::vector<double> sum(count, 0.0), weight(count, 0.0);
  const int reach = static_cast<int>(std::ceil(kReach_m / cell_m_));
  const auto for_each_near = [&](const Sample& sample, auto visit) {
    const Vec2 g = (sample.at_m - min_m_) * (1.0 / cell_m_);
    const int column = static_cast<int>(g.x), row = static_cast<int>(g.y);
    for (int r = std::max(0, row - reach + 1); r <= std::min(rows_, row + reach); ++r) {
      for (int c = std::max(0, column - reach + 1); c <= std::min(columns_, column + reach); ++c) {
        const double distance = Distance(CornerOf(r, c), sample.at_m);
        if (distance < kReach_m) {
          visit(static_cast<size_t>(r) * (columns_ + 1) + static_cast<size_t>(c), distance);
        }
      }
    }
  };
  for (const Sample& sample : samples) {
    for_each_near(sample,
                  [&](size_t i, double distance) { nearest[i] = std::min(nearest[i], distance); });
  }
  // On a slope, what lies further along the road says nothing of the height here.
  const auto counts = [&](size_t i, double distance) { return distance < nearest[i] + kBeside_m; };
  for (const Sample& sample : samples) {
    for_each_near(sample, [&](size_t i, double distance) {
      if (counts(i, distance)) lowest[i] = std::min(lowest[i], sample.height_m);
    });
  }
  RiseFrom(lowest);
  for (const Sample& sample : samples) {
    for_each_near(sample, [&](size_t i, double distance) {
      if (!counts(i, distance) || sample.height_m > lowest[i] + kDeckClearance_m) return;
      const double w = 1.0 / (distance * distance + 1.0);
      sum[i] += w * sample.height_m;
      weight[i] += w;
    });
  }
  for (size_t i = 0; i < count; ++i) {
    if (weight[i] == 0.0) continue;
    heights_m_[i] = sum[i] / weight[i] - kBelowRoad_m;
    fixed[i] = 1;
  }
}

// The highest land that nowhere falls to a road steeper than earth can lie: away from the crossing
// below a bridge it rises to the bridge's ends. Two sweeps over the grid (a chamfer distance).
void Terrain::RiseFrom(const std::vector<double>& roads) {
  steepest_m_ = roads;
  for (double& height_m : steepest_m_) height_m += kRaised_m;  // a road's own slope is no cut
  const double straight = kSteepestLand * cell_m_, diagonal = straight * 1.41421356;
  const auto relax = [&](int r, int c, int dr, int dc, double step) {
    if (r + dr < 0 || c + dc < 0 || r + dr > rows_ || c + dc > columns_) return;
    const auto index = [&](int row, int column) {
      return static_cast<size_t>(row) * (columns_ + 1) + static_cast<size_t>(column);
    };
    double& here = steepest_m_[index(r, c)];
    here = std::min(here, steepest_m_[index(r + dr, c + dc)] + step);
  };
  for (int r = 0; r <= rows_; ++r) {
    for (int c = 0; c <= columns_; ++c) {
      relax(r, c, 0, -1, straight);
      relax(r, c, -1, -1, diagonal);
      relax(r, c, -1, 0, straight);
      relax(r, c, -1, 1, diagonal);
    }
  }
  for (int r = rows_; r >= 0; --r) {
    for (int c = columns_; c >= 0; --c) {
      relax(r, c, 0, 1, straight);
      relax(r, c, 1, 1, diagonal);
      relax(r, c, 1, 0, straight);
      relax(r, c, 1, -1, diagonal);
    }
  }
}

// The land between relaxes like a skin over the fixed points (Gauss-Seidel on Laplace's equation).
void Terrain::FillBetween(const std::vector<char>& fixed) {
  double mean = 0.0, n = 0.0;
  for (size_t i = 0; i < fixed.size(); ++i) {
    if (fixed[i]) mean += heights_m_[i], n += 1.0;
  }
  for (size_t i = 0; i < fixed.size(); ++i) {
    if (!fixed[i] && n > 0.0) heights_m_[i] = mean / n;
  }
  const auto relax = [&](int r, int c) {
    if (fixed[static_cast<size_t>(r) * (columns_ + 1) + static_cast<size_t>(c)]) return;
    At(r, c) = 0.25 * (At(std::max(r - 1, 0), c) + At(std::min(r + 1, rows_), c) +
                       At(r, std::max(c - 1, 0)) + At(r, std::min(c + 1, columns_)));
  };
  // Forth and back, so that heights travel both ways in one sweep.
  const double cells = static_cast<double>(rows_) * columns_;
  const int sweeps = std::clamp(static_cast<int>(4e7 / cells), 20, kSmoothing);
  for (int k = 0; k < sweeps; ++k) {
    for (int r = 0; r <= rows_; ++r) {
      for (int c = 0; c <= columns_; ++c) relax(r, c);
    }
    for (int r = rows_; r >= 0; --r) {
      for (int c = columns_; c >= 0; --c) relax(r, c);
    }
  }
}

// No land stands above a road that lies on it: it is lowered where its straight triangles would.
void Terrain::PushBelow(std::span<const Sample> samples) {
  for (int pass = 0; pass < 4; ++pass) {
    for (const Sample& sample : samples) {
      const double over = HeightAt(sample.at_m) - (sample.height_m - 0.05);
      if (over <= 0.0) continue;
      const Vec2 g = (sample.at_m - min_m_) * (1.0 / cell_m_);
      const int c = std::clamp(static_cast<int>(g.x), 0, columns_ - 1);
      const int r = std::clamp(static_cast<int>(g.y), 0, rows_ - 1);
      // The least change that puts the sample right, as if the cell were bilinear.
      const double u = std::clamp(g.x - c, 0.0, 1.0), v = std::clamp(g.y - r, 0.0, 1.0);
      const double shares[4] = {(1 - u) * (1 - v), u * (1 - v), (1 - u) * v, u * v};
      double squares = 0.0;
      for (const double share : shares) squares += share * share;
      for (int k = 0; k < 4; ++k) At(r + k / 2, c + k % 2) -= over * shares[k] / squares;
    }
  }
}

double Terrain::HeightAt(Vec2 p) const {
  if (heights_m_.empty()) return 0.0;
  const Vec2 g = (p - min_m_) * (1.0 / cell_m_);
  const double x = std::clamp(g.x, 0.0, static_cast<double>(columns_));
  const double y = std::clamp(g.y, 0.0, static_cast<double>(rows_));
  const int c = std::min(static_cast<int>(x), columns_ - 1);
  const int r = std::min(static_cast<int>(y), rows_ - 1);
  const double u = x - c, v = y - r;
  const double a = HeightOf(r, c), b = HeightOf(r, c + 1), d = HeightOf(r + 1, c + 1),
               e = HeightOf(r + 1, c);
  return u >= v ? a + (b - a) * u + (d - b) * v : a + (d - e) * u + (e - a) * v;
}

}  // namespace volante
