// Exact area coverage of polygons on a pixel grid: the only rasteriser of the program.
// Owns an accumulation buffer of signed area, filled edge by edge and emptied by a sweep that
// hands out spans of constant coverage. Knows nothing of colours, depth or the town.
// Used by one thread. Float and SSE with a fixed order of operations: the same on every machine.
#pragma once

#include <smmintrin.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace volante {

// Not initialised by default: arrays of it stand in hot loops.
struct PixelPoint {
  float u, v;  // px, pixel centres at half-integers
};

inline constexpr int kFullAlpha = 128;  // coverage 1; 7 bits keep a blend within int16
inline constexpr int kBlock = 8;        // pixels of a row that are swept at once

// Rows of every picture plane are padded to whole blocks.
constexpr int PaddedWidth(int width) { return (width + kBlock - 1) / kBlock * kBlock; }

class CoverageRaster {
 public:
  CoverageRaster(int width, int height);

  // Adds one directed edge of a closed outline. Polygons of one orientation add up (their shared
  // edges cancel, so abutting polygons leave no seam) and coverage saturates at 1.
  void AddEdge(PixelPoint a, PixelPoint b);

  // Emits the union of what was added and clears it. The sink has Block(y, x, alphas) with 8
  // int16 alphas in 0..kFullAlpha for pixels x..x+7, and Span(y, x_begin, x_end, alpha) for whole
  // blocks of one alpha > 0. x is a multiple of 8; pixels past the width are padding.
  template <class Sink>
  void Sweep(const Sink& sink) {
    for (int y = first_row_; y <= last_row_; ++y) {
      float* row = cells_.data() + static_cast<size_t>(y) * stride_;
      uint64_t* bits = touched_.data() + static_cast<size_t>(y) * words_;
      __m128 sum = _mm_setzero_ps();  // coverage left of the next block, in all lanes
      int next_x = 0;
      for (int w = 0; w < words_; ++w) {
        uint64_t word = bits[w];
        if (word == 0) continue;
        bits[w] = 0;
        do {
          const int x = (w * 64 + std::countr_zero(word)) * kBlock;
          word &= word - 1;
          if (x > next_x) EmitSpan(sink, y, next_x, x, sum);
          if (x >= padded_width_) {  // only the cells right of the picture
            _mm_storeu_ps(row + x, _mm_setzero_ps());
            _mm_storeu_ps(row + x + 4, _mm_setzero_ps());
            next_x = padded_width_;
            continue;
          }
          const __m128 low = _mm_add_ps(PrefixSum(_mm_loadu_ps(row + x)), sum);
          const __m128 high = _mm_add_ps(PrefixSum(_mm_loadu_ps(row + x + 4)), LastLane(low));
          sum = LastLane(high);
          _mm_storeu_ps(row + x, _mm_setzero_ps());
          _mm_storeu_ps(row + x + 4, _mm_setzero_ps());
          sink.Block(y, x, _mm_packs_epi32(AlphaOf(low), AlphaOf(high)));
          next_x = x + kBlock;
        } while (word != 0);
      }
      if (next_x < padded_width_) EmitSpan(sink, y, next_x, padded_width_, sum);
    }
    first_row_ = height_;
    last_row_ = -1;
  }

  bool empty() const { return last_row_ < first_row_; }

 private:
  static __m128 LastLane(__m128 v) { return _mm_shuffle_ps(v, v, _MM_SHUFFLE(3, 3, 3, 3)); }
  static __m128 PrefixSum(__m128 v) {
    v = _mm_add_ps(v, _mm_castsi128_ps(_mm_slli_si128(_mm_castps_si128(v), 4)));
    return _mm_add_ps(v, _mm_castsi128_ps(_mm_slli_si128(_mm_castps_si128(v), 8)));
  }
  static __m128i AlphaOf(__m128 sum) {
    const __m128 magnitude = _mm_andnot_ps(_mm_set1_ps(-0.0f), sum);
    const __m128 full = _mm_set1_ps(static_cast<float>(kFullAlpha));
    const __m128 scaled = _mm_min_ps(_mm_mul_ps(magnitude, full), full);
    return _mm_cvttps_epi32(_mm_add_ps(scaled, _mm_set1_ps(0.5f)));
  }
  template <class Sink>
  static void EmitSpan(const Sink& sink, int y, int begin, int end, __m128 sum) {
    const int alpha = _mm_cvtsi128_si32(AlphaOf(sum));
    if (alpha > 0) sink.Span(y, begin, end, alpha);
  }

  // x0, x1 in [0, width]; y0 < y1 in [0, height]; sign is the edge's direction.
  void AddInside(float x0, float y0, float x1, float y1, float sign);
  void AddClipped(PixelPoint top, PixelPoint bottom, float sign);
  void AddRow(int y, float xa, float xb, float area);
  void AddVertical(float x, float y0, float y1, float sign);
  void Touch(int y, int first_x, int last_x) {
    uint64_t* bits = touched_.data() + static_cast<size_t>(y) * words_;
    const int first = first_x / kBlock, last = last_x / kBlock;
    if ((first >> 6) == (last >> 6)) [[likely]] {
      bits[first >> 6] |= (~uint64_t{0} >> (63 - (last - first))) << (first & 63);
      return;
    }
    for (int b = first; b <= last; ++b) bits[b >> 6] |= uint64_t{1} << (b & 63);
  }

  int width_, height_, padded_width_, stride_, words_;
  int first_row_, last_row_ = -1;
  std::vector<float> cells_;       // [height, stride]: change of coverage at this pixel
  std::vector<uint64_t> touched_;  // [height, words]: blocks whose cells are not all zero
};

}  // namespace volante
