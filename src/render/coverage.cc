#include "render/coverage.h"

#include <algorithm>
#include <bit>

#include "base/error.h"

namespace volante {

CoverageRaster::CoverageRaster(int width, int height)
    : width_(width),
      height_(height),
      padded_width_(PaddedWidth(width)),
      stride_(padded_width_ + kBlock),
      words_((stride_ / kBlock + 63) / 64),
      first_row_(height) {
  VOLANTE_CHECK(width > 0 && height > 0, "a picture has at least one pixel");
  cells_.assign(static_cast<size_t>(stride_) * height, 0.0f);
  touched_.assign(static_cast<size_t>(words_) * height, 0);
}

void CoverageRaster::AddEdge(PixelPoint a, PixelPoint b) {
  // Top to bottom, without branches: the order of a polygon's edges can't be predicted.
  const bool down = a.v < b.v;
  const uint32_t flip = down ? 0u : ~0u;
  const auto select = [flip](float first, float second) {
    const auto x = std::bit_cast<uint32_t>(first), y = std::bit_cast<uint32_t>(second);
    return std::bit_cast<float>((x & ~flip) | (y & flip));
  };
  const PixelPoint top{select(a.u, b.u), select(a.v, b.v)};
  const PixelPoint bottom{select(b.u, a.u), select(b.v, a.v)};
  const float sign = select(1.0f, -1.0f);
  const float left = std::min(a.u, b.u), right = std::max(a.u, b.u);
  const auto height = static_cast<float>(height_), width = static_cast<float>(width_);
  // An edge of no height adds nothing; right of the picture it changes nothing.
  if (!(bottom.v - top.v > 1e-6f) | (bottom.v <= 0.0f) | (top.v >= height) | (left >= width)) {
    return;
  }
  if ((top.v >= 0.0f) & (bottom.v <= height) & (left >= 0.0f) & (right <= width)) [[likely]] {
    return AddInside(top.u, top.v, bottom.u, bottom.v, sign);
  }
  AddClipped(top, bottom, sign);
}

void CoverageRaster::AddClipped(PixelPoint a, PixelPoint b, float sign) {
  const auto height = static_cast<float>(height_), right = static_cast<float>(width_);
  const float slope = (b.u - a.u) / (b.v - a.v);
  if (a.v < 0.0f) {
    a.u -= a.v * slope;
    a.v = 0.0f;
  }
  if (b.v > height) {
    b.u = a.u + (height - a.v) * slope;
    b.v = height;
  }
  // Left of the picture an edge opens coverage at column 0.
  if (a.u >= right && b.u >= right) return;
  if (a.u <= 0.0f && b.u <= 0.0f) return AddVertical(0.0f, a.v, b.v, sign);
  if (a.u >= 0.0f && b.u >= 0.0f && a.u <= right && b.u <= right) {
    return AddInside(a.u, a.v, b.u, b.v, sign);
  }
  const float inverse_slope = (b.v - a.v) / (b.u - a.u);
  const auto row_at = [&](float u) {
    return std::clamp(a.v + (u - a.u) * inverse_slope, a.v, b.v);
  };
  const float v_left = row_at(0.0f), v_right = row_at(right);
  if (a.u < 0.0f) AddVertical(0.0f, a.v, v_left, sign);
  const float top_u = std::clamp(a.u, 0.0f, right), end_u = std::clamp(b.u, 0.0f, right);
  const float top_v = a.u < 0.0f ? v_left : a.u > right ? v_right : a.v;
  const float end_v = b.u < 0.0f ? v_left : b.u > right ? v_right : b.v;
  if (end_v - top_v > 1e-6f) AddInside(top_u, top_v, end_u, end_v, sign);
  if (b.u < 0.0f) AddVertical(0.0f, v_left, b.v, sign);
}

void CoverageRaster::AddVertical(float x, float y0, float y1, float sign) {
  if (!(y0 < y1)) return;
  const int column = static_cast<int>(x);
  const float right_share = x - static_cast<float>(column);
  const int first = static_cast<int>(y0);
  const int last = std::min(static_cast<int>(y1), height_ - 1);
  first_row_ = std::min(first_row_, first);
  last_row_ = std::max(last_row_, last);
  const int block = column / kBlock, next_block = (column + 1) / kBlock;
  const int word = block >> 6, next_word = next_block >> 6;
  const uint64_t bit = uint64_t{1} << (block & 63), next_bit = uint64_t{1} << (next_block & 63);
  float* cell = cells_.data() + static_cast<size_t>(first) * stride_ + column;
  uint64_t* bits = touched_.data() + static_cast<size_t>(first) * words_;
  const auto add = [&](float area) {
    const float next = area * right_share;
    cell[0] += area - next;
    cell[1] += next;
    bits[word] |= bit;
    bits[next_word] |= next_bit;
    cell += stride_;
    bits += words_;
  };
  if (first == last) return add((y1 - y0) * sign);
  add((static_cast<float>(first + 1) - y0) * sign);
  for (int y = first + 1; y < last; ++y) add(sign);
  add((y1 - static_cast<float>(last)) * sign);
}

namespace {

// Adds what up to four columns gain from an edge that runs from `begin` to `begin + run`, both
// measured from the first column; begin in [0, 1), begin + run <= 3. The height entered at x is
// area * clamp((x - begin) / run, 0, 1); a pixel's coverage is its integral over the pixel, and a
// cell holds the difference to its left neighbour.
inline void AddFourCells(float* cell, float begin, float run, float area, float per_column) {
  const __m128 zero = _mm_setzero_ps(), runs = _mm_set1_ps(run);
  const __m128 columns = _mm_setr_ps(0.0f, 1.0f, 2.0f, 3.0f);
  const __m128 left = _mm_sub_ps(columns, _mm_set1_ps(begin));  // column's left side from begin
  const __m128 right = _mm_add_ps(left, _mm_set1_ps(1.0f));
  const __m128 ramp_left = _mm_min_ps(_mm_max_ps(left, zero), runs);
  const __m128 ramp_right = _mm_min_ps(_mm_max_ps(right, zero), runs);
  const __m128 past_left = _mm_max_ps(_mm_sub_ps(left, runs), zero);
  const __m128 past_right = _mm_max_ps(_mm_sub_ps(right, runs), zero);
  const __m128 squares =
      _mm_sub_ps(_mm_mul_ps(ramp_right, ramp_right), _mm_mul_ps(ramp_left, ramp_left));
  const __m128 covered =
      _mm_add_ps(_mm_mul_ps(squares, _mm_set1_ps(0.5f * per_column)),
                 _mm_mul_ps(_mm_sub_ps(past_right, past_left), _mm_set1_ps(area)));
  const __m128 before = _mm_castsi128_ps(_mm_slli_si128(_mm_castps_si128(covered), 4));
  _mm_storeu_ps(cell, _mm_add_ps(_mm_loadu_ps(cell), _mm_sub_ps(covered, before)));
}

}  // namespace

void CoverageRaster::AddInside(float x0, float y0, float x1, float y1, float sign) {
  const int first = static_cast<int>(y0);
  const int last = std::min(static_cast<int>(y1), height_ - 1);
  first_row_ = std::min(first_row_, first);
  last_row_ = std::max(last_row_, last);
  if (first == last) {
    AddRow(first, std::min(x0, x1), std::max(x0, x1), (y1 - y0) * sign);
    return;
  }
  if (x0 == x1) return AddVertical(x0, y0, y1, sign);
  const float slope = (x1 - x0) / (y1 - y0);
  float x = x0 + slope * (static_cast<float>(first + 1) - y0);
  AddRow(first, std::min(x0, x), std::max(x0, x), (static_cast<float>(first + 1) - y0) * sign);
  // Whole rows: the same run and area in each, starting half an edge to the left where it leans so.
  const float run = slope < 0.0f ? -slope : slope;
  const float shift = slope < 0.0f ? slope : 0.0f;
  if (run <= 2.0f) {
    const float per_column = run > 1e-6f ? sign / run : 0.0f;
    for (int y = first + 1; y < last; ++y) {
      const float xa = std::max(x + shift, 0.0f);
      const int ia = static_cast<int>(xa);
      AddFourCells(cells_.data() + static_cast<size_t>(y) * stride_ + ia,
                   xa - static_cast<float>(ia), run, sign, per_column);
      Touch(y, ia, ia + 3);
      x = x0 + slope * (static_cast<float>(y + 1) - y0);
    }
  } else {
    for (int y = first + 1; y < last; ++y) {
      const float next = x0 + slope * (static_cast<float>(y + 1) - y0);
      AddRow(y, std::max(std::min(x, next), 0.0f), std::max(x, next), sign);
      x = next;
    }
  }
  AddRow(last, std::min(x, x1), std::max(x, x1), (y1 - static_cast<float>(last)) * sign);
}

void CoverageRaster::AddRow(int y, float xa, float xb, float area) {
  xa = std::max(xa, 0.0f);  // an edge's rounded end may lie a hair outside
  const int ia = static_cast<int>(xa);
  float* cell = cells_.data() + static_cast<size_t>(y) * stride_ + ia;
  const float begin = xa - static_cast<float>(ia), end = xb - static_cast<float>(ia);
  const float run = std::max(end - begin, 0.0f);
  const float per_column = run > 1e-6f ? area / run : 0.0f;
  if (end <= 3.0f) {
    AddFourCells(cell, begin, run, area, per_column);
    Touch(y, ia, ia + 3);
    return;
  }
  int ib = static_cast<int>(end);
  if (static_cast<float>(ib) == end) --ib;  // last column entered
  const float first_width = 1.0f - begin;
  float entered = per_column * first_width;  // height at the right side of the column
  const float in_first = 0.5f * entered * first_width;
  cell[0] += in_first;
  cell[1] += entered + 0.5f * per_column - in_first;
  for (int i = 2; i < ib; ++i) cell[i] += per_column;
  entered += per_column * static_cast<float>(ib - 1);
  const float last_width = end - static_cast<float>(ib);
  const float in_last = entered + (area - entered) * (1.0f - 0.5f * last_width);
  cell[ib] += in_last - (entered - 0.5f * per_column);
  cell[ib + 1] += area - in_last;
  Touch(y, ia, ia + ib + 1);
}

}  // namespace volante
