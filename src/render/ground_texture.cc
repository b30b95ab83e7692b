// The ground's texture and the cell grid of a scene. Runs once per town.
#include <algorithm>
#include <cmath>

#include "base/random.h"
#include "render/scene_impl.h"

namespace volante {

void CellGrid::Build(std::span<const Vec2> centers, std::span<const float> radii) {
  columns_ = rows_ = 0;
  starts_.clear();
  order_.clear();
  max_radius_m_ = 0.0f;
  if (centers.empty()) return;
  Vec2 low = centers[0], high = centers[0];
  for (const Vec2 p : centers) {
    low = {std::min(low.x, p.x), std::min(low.y, p.y)};
    high = {std::max(high.x, p.x), std::max(high.y, p.y)};
  }
  for (const float r : radii) max_radius_m_ = std::max(max_radius_m_, r);
  origin_m_ = low;
  columns_ = static_cast<int>((high.x - low.x) / kCell_m) + 1;
  rows_ = static_cast<int>((high.y - low.y) / kCell_m) + 1;
  const auto cell_of = [&](Vec2 p) {
    return static_cast<size_t>(ColumnOf(p.y, origin_m_.y, rows_)) * columns_ +
           ColumnOf(p.x, origin_m_.x, columns_);
  };
  starts_.assign(static_cast<size_t>(columns_) * rows_ + 1, 0);
  for (const Vec2 p : centers) ++starts_[cell_of(p) + 1];
  for (size_t i = 1; i < starts_.size(); ++i) starts_[i] += starts_[i - 1];
  order_.resize(centers.size());
  std::vector<uint32_t> next(starts_.begin(), starts_.end() - 1);
  for (size_t i = 0; i < centers.size(); ++i) {
    order_[next[cell_of(centers[i])]++] = static_cast<uint32_t>(i);
  }
}

// Value noise: octaves of random lattices from 64 m / 4 down to 64 m / 256, smoothly interpolated,
// with equal weight in the middle; then each level is the 2x2 mean of the finer one.
GroundTexture GroundTexture::Make(uint64_t seed) {
  constexpr int kSize = 1 << kBaseBits;
  std::vector<float> sum(static_cast<size_t>(kSize) * kSize, 0.0f);
  const float weights[] = {0.7f, 0.8f, 1.0f, 1.0f, 1.0f, 0.8f, 0.6f};
  for (int octave = 0; octave < 7; ++octave) {
    const int lattice = 4 << octave;
    RandomStream random(seed, "ground_texture", static_cast<uint64_t>(octave));
    std::vector<float> values(static_cast<size_t>(lattice) * lattice);
    for (float& value : values) value = static_cast<float>(random.Uniform(-1.0, 1.0));
    const int step = kSize / lattice;
    for (int y = 0; y < kSize; ++y) {
      for (int x = 0; x < kSize; ++x) {
        const int x0 = x / step, y0 = y / step;
        const int x1 = (x0 + 1) % lattice, y1 = (y0 + 1) % lattice;
        float tx = static_cast<float>(x % step) / static_cast<float>(step);
        float ty = static_cast<float>(y % step) / static_cast<float>(step);
        tx = tx * tx * (3.0f - 2.0f * tx);
        ty = ty * ty * (3.0f - 2.0f * ty);
        const auto at = [&](int r, int c) { return values[static_cast<size_t>(r) * lattice + c]; };
        const float top = at(y0, x0) + (at(y0, x1) - at(y0, x0)) * tx;
        const float bottom = at(y1, x0) + (at(y1, x1) - at(y1, x0)) * tx;
        sum[static_cast<size_t>(y) * kSize + x] += weights[octave] * (top + (bottom - top) * ty);
      }
    }
  }
  GroundTexture texture;
  int size = kSize;
  for (int level = 0; level < kLevels; ++level) {
    auto& bytes = texture.levels[static_cast<size_t>(level)];
    bytes.resize(sum.size() + GroundTexture::kSpareBytes);
    for (size_t i = 0; i < sum.size(); ++i) {
      bytes[i] = static_cast<int8_t>(std::clamp(sum[i] * 56.0f, -127.0f, 127.0f));
    }
    const int half = size / 2;
    std::vector<float> next(static_cast<size_t>(half) * half);
    for (int y = 0; y < half; ++y) {
      for (int x = 0; x < half; ++x) {
        const size_t a = static_cast<size_t>(2 * y) * size + 2 * x;
        next[static_cast<size_t>(y) * half + x] =
            0.25f * (sum[a] + sum[a + 1] + sum[a + size] + sum[a + size + 1]);
      }
    }
    sum = std::move(next);
    size = half;
  }
  return texture;
}

}  // namespace volante
