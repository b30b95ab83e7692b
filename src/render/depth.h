// Depth of what is painted: planes of polygons, and the sink that writes their depth.
// Private to src/render/. Depth is along the optical axis; the nearest surface stays.
#pragma once

#include <span>

#include "render/coverage.h"
#include "render/view.h"

namespace volante {

// 1 / depth of a plane is linear on the picture: at_origin + per_u u + per_v v.
struct DepthPlane {
  float at_origin = 0.0f, per_u = 0.0f, per_v = 0.0f;
};

// Through a polygon in the camera frame; of one that is not quite flat the mean plane, by Newell's
// method (Sutherland, Sproull, Schumacker, "A characterization of ten hidden-surface algorithms",
// 1974). A polygon without area, or one whose plane holds the eye, gives an infinite depth.
DepthPlane PlaneThrough(const View& view, std::span<const Vec3f> camera_points);

// Writes the depth where at least half of a pixel is covered, or another share of it.
struct DepthSink {
  float* depth;  // [height, stride], metres
  int stride;
  DepthPlane plane;
  int least_alpha = kFullAlpha / 2;

  void Block(int y, int x, __m128i alphas) const {
    alignas(16) int16_t shares[kBlock];
    _mm_store_si128(reinterpret_cast<__m128i*>(shares), alphas);
    for (int k = 0; k < kBlock; ++k) {
      if (shares[k] >= least_alpha) Write(y, x + k);
    }
  }
  void Span(int y, int begin, int end, int alpha) const {
    if (alpha < least_alpha) return;
    for (int x = begin; x < end; ++x) Write(y, x);
  }

 private:
  void Write(int y, int x) const {
    const float inverse = plane.at_origin + plane.per_u * (static_cast<float>(x) + 0.5f) +
                          plane.per_v * (static_cast<float>(y) + 0.5f);
    float& here = depth[static_cast<size_t>(y) * static_cast<size_t>(stride) + x];
    if (inverse * here > 1.0f) here = 1.0f / inverse;
  }
};

// What lies on the level plane below the camera, or at infinity, for every pixel [height, stride].
void LayLevelGround(const View& view, int stride, float* depth);

// Empties a raster without painting.
struct NoSink {
  void Block(int, int, __m128i) const {}
  void Span(int, int, int, int) const {}
};

}  // namespace volante
