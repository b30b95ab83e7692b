// Exact area coverage of polygons on a pixel grid: the only rasteriser of the program.
// Owns an accumulation buffer of signed area, filled edge by edge and emptied by a sweep that
// hands out spans of constant coverage. Knows nothing of colours, depth or the town.
// Used by one thread; scalar float with a fixed order of operations, so the same on every machine.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace volante {

struct PixelPoint {
  float u = 0.0f, v = 0.0f;  // px, pixel centres at half-integers
};

inline constexpr int kFullAlpha = 128;  // coverage 1; 7 bits keep a blend within int16

class CoverageRaster {
 public:
  CoverageRaster(int width, int height);

  // Adds one directed edge of a closed outline. Polygons of one orientation add up (their shared
  // edges cancel, so abutting polygons leave no seam) and coverage saturates at 1.
  void AddEdge(PixelPoint a, PixelPoint b);

  // Emits the union of what was added and clears it. The sink has Pixel(y, x, alpha) and
  // Span(y, x_begin, x_end, alpha) with alpha in 1..kFullAlpha; rows ascend, x ascends in a row.
  template <class Sink>
  void Sweep(Sink& sink) {
    for (int y = first_row_; y <= last_row_; ++y) {
      float* row = cells_.data() + static_cast<size_t>(y) * stride_;
      uint64_t* bits = touched_.data() + static_cast<size_t>(y) * words_;
      float sum = 0.0f;
      int next_x = 0, alpha = 0;
      for (int w = 0; w < words_; ++w) {
        uint64_t word = bits[w];
        if (word == 0) continue;
        bits[w] = 0;
        do {
          const int x = w * 64 + std::countr_zero(word);
          word &= word - 1;
          if (x > next_x && alpha > 0) sink.Span(y, next_x, x < width_ ? x : width_, alpha);
          sum += row[x];
          row[x] = 0.0f;
          alpha = AlphaOf(sum);
          if (x < width_ && alpha > 0) sink.Pixel(y, x, alpha);
          next_x = x + 1;
        } while (word != 0);
      }
      if (next_x < width_ && alpha > 0) sink.Span(y, next_x, width_, alpha);
    }
    first_row_ = height_;
    last_row_ = -1;
  }

  int width() const { return width_; }
  int height() const { return height_; }

 private:
  static int AlphaOf(float sum) {
    const float magnitude = sum < 0.0f ? -sum : sum;
    const float scaled = magnitude * static_cast<float>(kFullAlpha) + 0.5f;
    return scaled >= static_cast<float>(kFullAlpha) ? kFullAlpha : static_cast<int>(scaled);
  }
  // x0, x1 in [0, width]; y0 < y1 in [0, height]; sign is the edge's direction.
  void AddInside(float x0, float y0, float x1, float y1, float sign);
  void AddVertical(float x, float y0, float y1, float sign);
  void Touch(int y, int first_x, int last_x) {
    uint64_t* bits = touched_.data() + static_cast<size_t>(y) * words_;
    for (int x = first_x; x <= last_x; ++x) bits[x >> 6] |= uint64_t{1} << (x & 63);
  }

  int width_, height_, stride_, words_;
  int first_row_, last_row_ = -1;
  std::vector<float> cells_;       // [height, stride]: change of coverage at this pixel
  std::vector<uint64_t> touched_;  // [height, words]: which cells are not zero
};

}  // namespace volante
