#include "render/weather_effects.h"

#include <algorithm>
#include <cmath>

namespace volante {

void Veil(const Picture& picture, Color color, int share) {
  if (share <= 0) return;
  const __m128i alphas = _mm_set1_epi16(static_cast<int16_t>(std::min(share, kFullAlpha)));
  for (int plane = 0; plane < picture.num_planes(); ++plane) {
    const __m128i level = _mm_set1_epi16(static_cast<int16_t>(picture.Level(color, plane)));
    uint8_t* p = picture.Row(plane, 0);
    uint8_t* const end = picture.Row(plane, picture.height);
    for (; p < end; p += kBlock) StorePixels(p, Blend(LoadPixels(p), level, alphas));
  }
}

void Dim(const Picture& picture, std::span<const uint16_t> gains, int begin, int end) {
  const auto stride = static_cast<size_t>(picture.canvas.stride);
  for (int plane = 0; plane < picture.num_planes(); ++plane) {
    for (size_t i = static_cast<size_t>(begin) * stride; i < static_cast<size_t>(end) * stride;
         i += kBlock) {
      uint8_t* p = picture.canvas.planes[plane] + i;
      const __m128i gain = _mm_loadu_si128(reinterpret_cast<const __m128i*>(gains.data() + i));
      // Gains are at most 256, so the product fits into 16 bits without a sign.
      StorePixels(p, _mm_srli_epi16(_mm_mullo_epi16(LoadPixels(p), gain), 8));
    }
  }
}

void MakeHeadlights(const View& view, int stride, int first_ground_row,
                    std::vector<uint16_t>& gains) {
  constexpr auto kUnlit = static_cast<uint16_t>(256.0f * kNightGround);
  gains.assign(static_cast<size_t>(stride) * static_cast<size_t>(view.height), kUnlit);
  for (int y = first_ground_row; y < view.height; ++y) {
    const float q = (static_cast<float>(y) + 0.5f - view.cy) / view.fy;
    const float down = std::max(view.sin_pitch + q * view.cos_pitch, 1e-3f);
    const float depth = view.height_m / down;
    const float forward = depth * (view.cos_pitch - q * view.sin_pitch);
    for (int x = 0; x < stride; ++x) {
      const float left = (view.cx - static_cast<float>(x) - 0.5f) * depth / view.fx;
      const float light = kNightGround + Appearance::HeadlightAt(forward, left);
      gains[static_cast<size_t>(y) * static_cast<size_t>(stride) + static_cast<size_t>(x)] =
          static_cast<uint16_t>(std::min(light, 1.0f) * 256.0f);
    }
  }
}

void MakeVignette(int width, int height, int stride, float amount, std::vector<uint16_t>& gains) {
  gains.assign(static_cast<size_t>(stride) * static_cast<size_t>(height), 256);
  for (int y = 0; y < height; ++y) {
    const float v = 2.0f * (static_cast<float>(y) + 0.5f) / static_cast<float>(height) - 1.0f;
    for (int x = 0; x < width; ++x) {
      const float u = 2.0f * (static_cast<float>(x) + 0.5f) / static_cast<float>(width) - 1.0f;
      const float square = 0.5f * (u * u + v * v);  // 1 in the corners
      gains[static_cast<size_t>(y) * static_cast<size_t>(stride) + static_cast<size_t>(x)] =
          static_cast<uint16_t>(256.0f * (1.0f - amount * square));
    }
  }
}

void PaintSun(const Picture& picture, PixelPoint at, float focal_px, float strength, Color color,
              int end) {
  const float radius = 0.022f * focal_px;  // of the disc: larger than life, as cameras show it
  const float halo = 1.0f / (0.11f * focal_px * 0.11f * focal_px);
  const float reach = 0.9f * focal_px;
  const int first = std::max(0, static_cast<int>(at.u - reach));
  const int last = std::min(picture.width, static_cast<int>(at.u + reach));
  const int top = std::max(0, static_cast<int>(at.v - reach));
  const int bottom = std::min(end, static_cast<int>(at.v + reach));
  for (int y = top; y < bottom; ++y) {
    const float dv = static_cast<float>(y) + 0.5f - at.v;
    for (int x = first; x < last; ++x) {
      const float du = static_cast<float>(x) + 0.5f - at.u;
      const float square = du * du + dv * dv;
      const float edge = std::max(0.0f, 1.0f - square / (reach * reach));
      const float light = square < radius * radius ? 1.0f : 0.85f * edge / (1.0f + square * halo);
      const int share = static_cast<int>(strength * light * kFullAlpha);
      for (int plane = 0; plane < picture.num_planes(); ++plane) {
        uint8_t& p = picture.Row(plane, y)[x];
        const int change = (picture.Level(color, plane) - p) * std::min(share, kFullAlpha);
        p = static_cast<uint8_t>(p + (change >> 7));
      }
    }
  }
}

void PaintRain(const Picture& picture, const Appearance& look, uint32_t tick) {
  const auto width = static_cast<uint32_t>(picture.width);
  const auto height = static_cast<uint32_t>(picture.height);
  // Larger pictures show longer, thinner streaks and more of them.
  const float scale = static_cast<float>(height) / 84.0f;
  const int count = static_cast<int>(90.0f * look.rain * std::sqrt(scale) * std::sqrt(scale));
  const float longest = (3.0f + 7.0f * look.rain) * scale;
  const Color color = look.night ? Color{120, 122, 128} : Color{226, 229, 233};
  int levels[3];
  for (int plane = 0; plane < picture.num_planes(); ++plane) {
    levels[plane] = picture.Level(color, plane);
  }
  for (int i = 0; i < count; ++i) {
    const uint32_t a = MixedBits(tick * 4099u + static_cast<uint32_t>(i));
    const uint32_t b = MixedBits(a + 0x9e3779b9u);
    const float near = static_cast<float>(b & 255u) / 255.0f;  // near drops are long and bright
    const int length = 2 + static_cast<int>(longest * (0.3f + 0.7f * near));
    const int alpha = 14 + static_cast<int>(44.0f * near);
    const auto top = static_cast<int>((a & 0xffffu) * (height + 16u) >> 16) - length / 2;
    // Wind moves all drops the same way; driving into them spreads them from the middle.
    const float u = static_cast<float>((a >> 16) * width >> 16);
    const float spread = 0.35f * (2.0f * u / static_cast<float>(width) - 1.0f);
    const float slope =
        look.slant + spread + 0.05f * (static_cast<float>((b >> 8) & 255u) / 255.0f);
    for (int k = 0; k < length; ++k) {
      const int y = top + k;
      const int x = static_cast<int>(u + slope * static_cast<float>(k));
      if (y < 0 || y >= picture.height || x < 0 || x >= picture.width) continue;
      for (int plane = 0; plane < picture.num_planes(); ++plane) {
        uint8_t& p = picture.Row(plane, y)[x];
        p = static_cast<uint8_t>(p + (((levels[plane] - p) * alpha) >> 7));
      }
    }
  }
}

}  // namespace volante
