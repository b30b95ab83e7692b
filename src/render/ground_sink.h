// Paints textured ground where a CoverageRaster says so. Private to src/render/.
#pragma once

#include <cstdint>

#include "render/canvas.h"

namespace volante {

// Base and grain of a material in one row and plane.
struct Shade {
  int16_t base = 0, grain = 0;
};

struct GroundSink {
  uint8_t* plane;
  const int8_t* texture;  // [height, stride]
  const Shade* shades;    // [height]
  int stride;

  static __m128i Colored(const int8_t* noise, __m128i base, __m128i grain) {
    const __m128i n = _mm_cvtepi8_epi16(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(noise)));
    return _mm_add_epi16(base, _mm_srai_epi16(_mm_mullo_epi16(n, grain), 7));
  }
  void Block(int y, int x, __m128i alphas) const {
    const size_t i = static_cast<size_t>(y) * stride + x;
    const __m128i base = _mm_set1_epi16(shades[y].base), grain = _mm_set1_epi16(shades[y].grain);
    StorePixels(plane + i, Blend(LoadPixels(plane + i), Colored(texture + i, base, grain), alphas));
  }
  void Span(int y, int begin, int end, int alpha) const {
    const size_t row = static_cast<size_t>(y) * stride;
    const __m128i base = _mm_set1_epi16(shades[y].base), grain = _mm_set1_epi16(shades[y].grain);
    const __m128i alphas = _mm_set1_epi16(static_cast<int16_t>(alpha));
    for (int x = begin; x < end; x += kBlock) {
      const __m128i colors = Colored(texture + row + x, base, grain);
      uint8_t* p = plane + row + x;
      StorePixels(p, alpha == kFullAlpha ? colors : Blend(LoadPixels(p), colors, alphas));
    }
  }
};

}  // namespace volante
