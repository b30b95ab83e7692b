#include "render/coverage.h"

#include <algorithm>
#include <utility>

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
  const float sign = a.v < b.v ? 1.0f : -1.0f;
  if (a.v > b.v) std::swap(a, b);
  const float bottom = static_cast<float>(height_);
  if (!(a.v < b.v) || b.v <= 0.0f || a.v >= bottom) return;
  // Most edges of a distant town lie within one pixel.
  if (a.v >= 0.0f && a.u >= 0.0f && b.u >= 0.0f) {
    const int row = static_cast<int>(a.v), column = static_cast<int>(a.u);
    if (row == static_cast<int>(b.v) && column == static_cast<int>(b.u) && column < width_) {
      const float area = (b.v - a.v) * sign;
      const float next = area * (0.5f * (a.u + b.u) - static_cast<float>(column));
      float* cell = cells_.data() + static_cast<size_t>(row) * stride_ + column;
      cell[0] += area - next;
      cell[1] += next;
      first_row_ = std::min(first_row_, row);
      last_row_ = std::max(last_row_, row);
      Touch(row, column, column + 1);
      return;
    }
  }
  const float slope = (b.u - a.u) / (b.v - a.v);
  if (a.v < 0.0f) {
    a.u -= a.v * slope;
    a.v = 0.0f;
  }
  if (b.v > bottom) {
    b.u = a.u + (bottom - a.v) * slope;
    b.v = bottom;
  }
  // Left of the picture an edge opens coverage at column 0; right of it, it changes nothing.
  const float right = static_cast<float>(width_);
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
  if (top_v < end_v) AddInside(top_u, top_v, end_u, end_v, sign);
  if (b.u < 0.0f) AddVertical(0.0f, v_left, b.v, sign);
}

void CoverageRaster::AddVertical(float x, float y0, float y1, float sign) {
  if (!(y0 < y1)) return;
  const int column = std::min(static_cast<int>(x), width_);
  const float right_share = x - static_cast<float>(column);
  const int first = static_cast<int>(y0);
  const int last = std::min(static_cast<int>(y1), height_ - 1);
  first_row_ = std::min(first_row_, first);
  last_row_ = std::max(last_row_, last);
  const int block = column / kBlock, next_block = (column + 1) / kBlock;
  const int word = block >> 6, next_word = next_block >> 6;
  const uint64_t bit = uint64_t{1} << (block & 63), next_bit = uint64_t{1} << (next_block & 63);
  for (int y = first; y <= last; ++y) {
    const float fy = static_cast<float>(y);
    const float height = std::min(fy + 1.0f, y1) - std::max(fy, y0);
    const float area = height * sign;
    const float next = area * right_share;
    float* cell = cells_.data() + static_cast<size_t>(y) * stride_ + column;
    cell[0] += area - next;
    cell[1] += next;
    uint64_t* bits = touched_.data() + static_cast<size_t>(y) * words_;
    bits[word] |= bit;
    bits[next_word] |= next_bit;
  }
}

void CoverageRaster::AddInside(float x0, float y0, float x1, float y1, float sign) {
  if (x0 == x1) return AddVertical(x0, y0, y1, sign);
  const float slope = (x1 - x0) / (y1 - y0);
  const float low = std::min(x0, x1), high = std::max(x0, x1);
  const int first = static_cast<int>(y0);
  const int last = std::min(static_cast<int>(y1), height_ - 1);
  first_row_ = std::min(first_row_, first);
  last_row_ = std::max(last_row_, last);
  float x = x0;
  float top = y0;
  for (int y = first; y <= last; ++y) {
    const float bottom = std::min(static_cast<float>(y + 1), y1);
    const float next = std::min(std::max(x0 + slope * (bottom - y0), low), high);
    AddRow(y, std::min(x, next), std::max(x, next), (bottom - top) * sign);
    x = next;
    top = bottom;
  }
}

// One row's part of an edge: from xa to xb (xa <= xb), covering `area` right of xb. The height
// entered at x is area * clamp((x - xa) / (xb - xa), 0, 1); a pixel's coverage is its integral over
// the pixel, and a cell holds the difference to its left neighbour.
inline void CoverageRaster::AddRow(int y, float xa, float xb, float area) {
  const int ia = static_cast<int>(xa);
  float* cell = cells_.data() + static_cast<size_t>(y) * stride_ + ia;
  const float begin = xa - static_cast<float>(ia), end = xb - static_cast<float>(ia);
  const float run = end - begin;
  const float per_column = run > 1e-6f ? area / run : 0.0f;
  if (end <= 3.0f) [[likely]] {
    // Up to three columns at once, without branches.
    const __m128 zero = _mm_setzero_ps(), runs = _mm_set1_ps(run);
    const __m128 left = _mm_setr_ps(0.0f, 1.0f, 2.0f, 3.0f);
    const __m128 right = _mm_setr_ps(1.0f, 2.0f, 3.0f, 4.0f);
    const __m128 begins = _mm_set1_ps(begin), ends = _mm_set1_ps(end);
    const auto ramp = [&](__m128 at) {
      const __m128 c = _mm_min_ps(_mm_max_ps(_mm_sub_ps(at, begins), zero), runs);
      return _mm_mul_ps(c, c);
    };
    const auto beyond = [&](__m128 at) { return _mm_max_ps(_mm_sub_ps(at, ends), zero); };
    const __m128 on_ramp =
        _mm_mul_ps(_mm_set1_ps(0.5f * per_column), _mm_sub_ps(ramp(right), ramp(left)));
    const __m128 full = _mm_mul_ps(_mm_set1_ps(area), _mm_sub_ps(beyond(right), beyond(left)));
    const __m128 covered = _mm_add_ps(on_ramp, full);
    const __m128 before = _mm_castsi128_ps(_mm_slli_si128(_mm_castps_si128(covered), 4));
    _mm_storeu_ps(cell, _mm_add_ps(_mm_loadu_ps(cell), _mm_sub_ps(covered, before)));
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
