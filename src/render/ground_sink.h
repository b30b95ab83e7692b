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

// Road with puddles where the texture is high, and a streak of the low sun's light.
struct WetSink {
  GroundSink road;
  const int16_t* puddles;  // [height] colour of standing water
  int threshold;           // of the texture, beyond which water stands
  const int16_t* sheen;    // [height] strength of the streak, of 256
  const int16_t* streak;   // [stride] light of the streak

  __m128i Colored(int y, int x) const {
    const size_t i = static_cast<size_t>(y) * road.stride + x;
    const __m128i base = _mm_set1_epi16(road.shades[y].base);
    const __m128i grain = _mm_set1_epi16(road.shades[y].grain);
    const __m128i dry = GroundSink::Colored(road.texture + i, base, grain);
    const __m128i n =
        _mm_cvtepi8_epi16(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(road.texture + i)));
    // Full water within 32 levels of the texture: an edge without steps.
    __m128i water =
        _mm_slli_epi16(_mm_sub_epi16(n, _mm_set1_epi16(static_cast<int16_t>(threshold))), 2);
    water = _mm_min_epi16(_mm_max_epi16(water, _mm_setzero_si128()), _mm_set1_epi16(kFullAlpha));
    const __m128i wet = Blend(dry, _mm_set1_epi16(puddles[y]), water);
    const __m128i light = _mm_mullo_epi16(
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(streak + x)), _mm_set1_epi16(sheen[y]));
    return _mm_min_epi16(_mm_add_epi16(wet, _mm_srli_epi16(light, 8)), _mm_set1_epi16(255));
  }
  void Block(int y, int x, __m128i alphas) const {
    uint8_t* p = road.plane + static_cast<size_t>(y) * road.stride + x;
    StorePixels(p, Blend(LoadPixels(p), Colored(y, x), alphas));
  }
  void Span(int y, int begin, int end, int alpha) const {
    const __m128i alphas = _mm_set1_epi16(static_cast<int16_t>(alpha));
    for (int x = begin; x < end; x += kBlock) {
      uint8_t* p = road.plane + static_cast<size_t>(y) * road.stride + x;
      const __m128i colors = Colored(y, x);
      StorePixels(p, alpha == kFullAlpha ? colors : Blend(LoadPixels(p), colors, alphas));
    }
  }
};

// Any of these by the light that falls on it at night.
struct NightSink {
  WetSink ground;
  const uint16_t* gains;  // [height, stride] of 256

  __m128i Colored(int y, int x) const {
    const size_t i = static_cast<size_t>(y) * ground.road.stride + x;
    const __m128i gain = _mm_loadu_si128(reinterpret_cast<const __m128i*>(gains + i));
    // A byte times at most 256 fits into 16 bits without a sign.
    return _mm_srli_epi16(_mm_mullo_epi16(ground.Colored(y, x), gain), 8);
  }
  void Block(int y, int x, __m128i alphas) const { Paint(y, x, alphas); }
  void Span(int y, int begin, int end, int alpha) const {
    const __m128i alphas = _mm_set1_epi16(static_cast<int16_t>(alpha));
    for (int x = begin; x < end; x += kBlock) Paint(y, x, alphas);
  }

 private:
  void Paint(int y, int x, __m128i alphas) const {
    uint8_t* p = ground.road.plane + static_cast<size_t>(y) * ground.road.stride + x;
    StorePixels(p, Blend(LoadPixels(p), Colored(y, x), alphas));
  }
};

}  // namespace volante
