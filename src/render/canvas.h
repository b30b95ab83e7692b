// The picture being painted, in one of three modes, and painting of solids far to near.
// Owns no memory of the picture: planes belong to Camera. One thread.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "render/appearance.h"
#include "render/camera.h"
#include "render/coverage.h"
#include "render/depth.h"
#include "render/palette.h"
#include "render/path_record.h"
#include "render/view.h"

namespace volante {

enum class PictureMode : uint8_t { kGray, kRgb, kClasses, kDepth };
constexpr bool HasColors(PictureMode mode) {
  return mode == PictureMode::kGray || mode == PictureMode::kRgb;
}

struct Canvas {
  PictureMode mode = PictureMode::kGray;
  int stride = 0;                                    // bytes of a row: PaddedWidth
  uint8_t* planes[3] = {nullptr, nullptr, nullptr};  // 1 plane, or 3 for kRgb
  float* depth = nullptr;                            // [height, stride], for kDepth
  PathRecord* record = nullptr;                      // writes down what is painted, for kRgb

  // Paints what the raster holds and empties it. `opacity` in [0, 1]; classes ignore colours and
  // take a pixel whose covered share is at least one half (never for translucent paint). Paint on a
  // surface has no depth of its own.
  void Fill(CoverageRaster& raster, Color color, SemanticClass cls, float opacity = 1.0f) const;
  // The planes of an RGB picture as [height, width, 3].
  std::vector<uint8_t> Interleaved(int width, int height) const;
};

// Eight pixels as int16 and back.
inline __m128i LoadPixels(const uint8_t* p) {
  return _mm_cvtepu8_epi16(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)));
}
inline void StorePixels(uint8_t* p, __m128i values) {
  _mm_storel_epi64(reinterpret_cast<__m128i*>(p), _mm_packus_epi16(values, values));
}
// old + (color - old) * alpha / 128, rounded; 255 * 128 + 64 fits into int16.
inline __m128i Blend(__m128i old_values, __m128i colors, __m128i alphas) {
  const __m128i change = _mm_mullo_epi16(_mm_sub_epi16(colors, old_values), alphas);
  return _mm_add_epi16(old_values,
                       _mm_srai_epi16(_mm_add_epi16(change, _mm_set1_epi16(kFullAlpha / 2)), 7));
}

// A sink of coverage that paints the three planes of an RGB picture alike.
template <class Sink>
struct RgbSinks {
  Sink r, g, b;

  void Block(int y, int x, __m128i alphas) const {
    r.Block(y, x, alphas);
    g.Block(y, x, alphas);
    b.Block(y, x, alphas);
  }
  void Span(int y, int begin, int end, int alpha) const {
    r.Span(y, begin, end, alpha);
    g.Span(y, begin, end, alpha);
    b.Span(y, begin, end, alpha);
  }
};

// A flat polygon of a solid, counter-clockwise seen from outside, level frame.
struct Face {
  int num_points = 4;
  Vec3f points[4];
  Color color;  // lit
};

// Everything that objects need while a frame is painted.
struct Painter {
  static constexpr float kGlow = 2.5f;
  const View& view;
  CoverageRaster& raster;
  const Appearance& look;
  Canvas canvas;
  Vec3f sun;  // towards the sun, level frame
  int triangles = 0;
  float haze = 0.0f;              // of the object being painted
  Color light{1.0f, 1.0f, 1.0f};  // colour and strength of what falls on it
  DepthPlane plane = {};          // of the polygon that was added last, in a depth picture

  Color Hazy(Color c) const {
    return Mix({c.r * light.r, c.g * light.g, c.b * light.b}, look.air, haze);
  }
  // Share of light on a surface with this unit normal.
  float Light(Vec3f normal) const {
    const float facing = normal.x * sun.x + normal.y * sun.y + normal.z * sun.z;
    return look.ambient + (facing > 0.0f ? look.sun_light * facing : 0.0f);
  }
  bool FacesCamera(const Face& face) const;
  // Adds a polygon (level frame, at most kMaxLevelOutline points) to the path.
  void Add(std::span<const Vec3f> level_points);
  void Fill(Color color, SemanticClass cls, float opacity = 1.0f) {
    canvas.Fill(raster, Hazy(color), cls, opacity);
  }
  // The same for what gives light itself: brighter than any surface, it comes through haze longer.
  void FillGlowing(Color color, SemanticClass cls, float opacity = 1.0f) {
    const float left = (1.0f - haze) * (1.0f + kGlow * haze);
    canvas.Fill(raster,
                {color.r * left + look.air.r * haze, color.g * left + look.air.g * haze,
                 color.b * left + look.air.b * haze},
                cls, opacity);
  }
  // Fill for a surface of its own: what was added lies in one plane.
  void FillFlat(Color color, SemanticClass cls);
  // Paints the visible faces of a convex solid: the union of all in the first one's colour, so that
  // no seam shows what lies behind, and the others over it; neighbours of one colour at once.
  void Solid(std::span<const Face> faces, SemanticClass cls);
};

}  // namespace volante
