#include "render/coverage.h"

#include <algorithm>
#include <utility>

#include "base/error.h"

namespace volante {

CoverageRaster::CoverageRaster(int width, int height)
    : width_(width),
      height_(height),
      stride_(width + 2),
      words_((width + 2 + 63) / 64),
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
  const int word = column >> 6, next_word = (column + 1) >> 6;
  const uint64_t bit = uint64_t{1} << (column & 63), next_bit = uint64_t{1} << ((column + 1) & 63);
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
  for (int y = first; y <= last; ++y) {
    const float fy = static_cast<float>(y);
    const float height = std::min(fy + 1.0f, y1) - std::max(fy, y0);
    if (!(height > 0.0f)) continue;
    const float x_next = std::min(std::max(x + slope * height, low), high);
    const float area = height * sign;
    const float xa = std::min(x, x_next), xb = std::max(x, x_next);
    x = x_next;
    const int ia = static_cast<int>(xa);
    const float fa = xa - static_cast<float>(ia);
    float* cell = cells_.data() + static_cast<size_t>(y) * stride_;
    if (xb <= static_cast<float>(ia + 1)) {  // within one column
      const float mean = fa + 0.5f * (xb - xa);
      const float next = area * mean;
      cell[ia] += area - next;
      cell[ia + 1] += next;
      Touch(y, ia, ia + 1);
      continue;
    }
    // The edge crosses several columns in this row: each gets the area right of the edge.
    int ib = static_cast<int>(xb);
    if (static_cast<float>(ib) == xb) --ib;  // last column entered
    const float per_column = area / (xb - xa);
    const float first_width = 1.0f - fa;
    float below = 0.5f * per_column * first_width * first_width;  // covered area so far
    cell[ia] += below;
    float covered = below;
    float entered = per_column * first_width;  // height of the edge at the column's right side
    for (int i = ia + 1; i < ib; ++i) {
      const float area_here = entered + 0.5f * per_column;
      cell[i] += area_here - covered;
      covered = area_here;
      entered += per_column;
    }
    const float last_width = xb - static_cast<float>(ib);
    const float rest = entered + (area - entered) * (1.0f - 0.5f * last_width);
    cell[ib] += rest - covered;
    cell[ib + 1] += area - rest;
    Touch(y, ia, ib + 1);
  }
}

}  // namespace volante
