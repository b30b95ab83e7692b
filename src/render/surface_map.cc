// The plan of a town as cells, and the distance to its paved ground.
#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "render/scene_impl.h"

namespace volante {

namespace {
constexpr double kMaxCells = 40e6;  // of the fine plan: 40 MB while a scene is built
}

SurfaceMap::SurfaceMap(std::span<const SurfaceStrip> strips, double margin_m) {
  min_m_ = {1e300, 1e300};
  max_m_ = {-1e300, -1e300};
  for (const SurfaceStrip& strip : strips) {
    VOLANTE_CHECK(strip.left.size() == strip.right.size(), "a strip pairs its points");
    for (const auto* side : {&strip.left, &strip.right}) {
      for (const Vec2 p : *side) {
        min_m_ = {std::min(min_m_.x, p.x), std::min(min_m_.y, p.y)};
        max_m_ = {std::max(max_m_.x, p.x), std::max(max_m_.y, p.y)};
      }
    }
  }
  if (min_m_.x > max_m_.x) min_m_ = max_m_ = {0.0, 0.0};
  min_m_ = min_m_ - Vec2{margin_m, margin_m};
  max_m_ = max_m_ + Vec2{margin_m, margin_m};
  const Vec2 size = max_m_ - min_m_;
  cell_m_ = std::max(0.25, std::sqrt(size.x * size.y / kMaxCells));
  columns_ = static_cast<int>(size.x / cell_m_) + 1;
  rows_ = static_cast<int>(size.y / cell_m_) + 1;
  flags_.assign(static_cast<size_t>(columns_) * rows_, 0);
  for (const SurfaceStrip& strip : strips) {
    if (strip.surface == Surface::kOther) continue;
    const uint8_t flag = strip.surface == Surface::kSidewalk ? kWalkFlag : kRoadFlag;
    for (size_t i = 1; i < strip.left.size(); ++i) {
      FillQuad({strip.left[i - 1], strip.left[i], strip.right[i], strip.right[i - 1]}, flag);
    }
  }
  MakeDistances();
}

uint8_t SurfaceMap::FlagAt(Vec2 p) const {
  const int column = static_cast<int>(std::floor((p.x - min_m_.x) / cell_m_));
  const int row = static_cast<int>(std::floor((p.y - min_m_.y) / cell_m_));
  if (column < 0 || row < 0 || column >= columns_ || row >= rows_) return 0;
  return flags_[static_cast<size_t>(row) * columns_ + column];
}

float SurfaceMap::PavedDistance(Vec2 p) const {
  const int column = static_cast<int>(std::floor((p.x - min_m_.x) / coarse_m_));
  const int row = static_cast<int>(std::floor((p.y - min_m_.y) / coarse_m_));
  if (column < 0 || row < 0 || column >= coarse_columns_ || row >= coarse_rows_) return 250.0f;
  return distance_[static_cast<size_t>(row) * coarse_columns_ + column];
}

// Cells whose centre lies in the quad; a road wins over a sidewalk.
void SurfaceMap::FillQuad(const std::array<Vec2, 4>& quad, uint8_t flag) {
  double low_y = 1e300, high_y = -1e300;
  for (const Vec2 p : quad) {
    low_y = std::min(low_y, p.y);
    high_y = std::max(high_y, p.y);
  }
  const int first_row =
      std::max(0, static_cast<int>(std::ceil((low_y - min_m_.y) / cell_m_ - 0.5)));
  const int last_row =
      std::min(rows_ - 1, static_cast<int>(std::floor((high_y - min_m_.y) / cell_m_ - 0.5)));
  for (int row = first_row; row <= last_row; ++row) {
    const double y = min_m_.y + (row + 0.5) * cell_m_;
    double low_x = 1e300, high_x = -1e300;
    for (size_t i = 0; i < 4; ++i) {
      const Vec2 a = quad[i], b = quad[(i + 1) % 4];
      if ((a.y <= y) == (b.y <= y)) continue;
      const double x = a.x + (b.x - a.x) * (y - a.y) / (b.y - a.y);
      low_x = std::min(low_x, x);
      high_x = std::max(high_x, x);
    }
    if (low_x > high_x) continue;
    const int first = std::max(0, static_cast<int>(std::ceil((low_x - min_m_.x) / cell_m_ - 0.5)));
    const int last =
        std::min(columns_ - 1, static_cast<int>(std::floor((high_x - min_m_.x) / cell_m_ - 0.5)));
    uint8_t* cells = flags_.data() + static_cast<size_t>(row) * columns_;
    for (int column = first; column <= last; ++column) {
      cells[column] = std::max(cells[column], flag);
    }
  }
}

// Two-pass chamfer distance on cells of about 1 m (steps 1 and sqrt 2).
void SurfaceMap::MakeDistances() {
  const int ratio = std::max(1, static_cast<int>(std::lround(1.0 / cell_m_)));
  coarse_m_ = cell_m_ * ratio;
  coarse_columns_ = (columns_ + ratio - 1) / ratio;
  coarse_rows_ = (rows_ + ratio - 1) / ratio;
  distance_.assign(static_cast<size_t>(coarse_columns_) * coarse_rows_, 250.0f);
  for (int row = 0; row < rows_; ++row) {
    for (int column = 0; column < columns_; ++column) {
      if (flags_[static_cast<size_t>(row) * columns_ + column] != 0) {
        distance_[static_cast<size_t>(row / ratio) * coarse_columns_ + column / ratio] = 0.0f;
      }
    }
  }
  const float straight = static_cast<float>(coarse_m_), diagonal = straight * 1.41421356f;
  const auto relax = [&](int row, int column, int d_row, int d_column, float step) {
    const int r = row + d_row, c = column + d_column;
    if (r < 0 || c < 0 || r >= coarse_rows_ || c >= coarse_columns_) return;
    float& here = distance_[static_cast<size_t>(row) * coarse_columns_ + column];
    here = std::min(here, distance_[static_cast<size_t>(r) * coarse_columns_ + c] + step);
  };
  for (int row = 0; row < coarse_rows_; ++row) {
    for (int column = 0; column < coarse_columns_; ++column) {
      relax(row, column, 0, -1, straight);
      relax(row, column, -1, -1, diagonal);
      relax(row, column, -1, 0, straight);
      relax(row, column, -1, 1, diagonal);
    }
  }
  for (int row = coarse_rows_ - 1; row >= 0; --row) {
    for (int column = coarse_columns_ - 1; column >= 0; --column) {
      relax(row, column, 0, 1, straight);
      relax(row, column, 1, 1, diagonal);
      relax(row, column, 1, 0, straight);
      relax(row, column, 1, -1, diagonal);
    }
  }
}

}  // namespace volante
