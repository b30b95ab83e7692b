#include "render/depth.h"

#include <limits>

namespace volante {

DepthPlane PlaneThrough(const View& view, std::span<const Vec3f> points) {
  double nx = 0.0, ny = 0.0, nz = 0.0, mx = 0.0, my = 0.0, mz = 0.0;
  Vec3f a = points[points.size() - 1];
  for (const Vec3f b : points) {
    nx += (static_cast<double>(a.y) - b.y) * (static_cast<double>(a.z) + b.z);
    ny += (static_cast<double>(a.z) - b.z) * (static_cast<double>(a.x) + b.x);
    nz += (static_cast<double>(a.x) - b.x) * (static_cast<double>(a.y) + b.y);
    mx += b.x;
    my += b.y;
    mz += b.z;
    a = b;
  }
  const auto count = static_cast<double>(points.size());
  const double offset = (nx * mx + ny * my + nz * mz) / count;
  if (offset == 0.0) return {};
  // The ray of (u, v) is depth * (1, (cx - u) / fx, (v - cy) / fy).
  const double per_u = -ny / view.fx / offset, per_v = nz / view.fy / offset;
  return {static_cast<float>(nx / offset - per_u * view.cx - per_v * view.cy),
          static_cast<float>(per_u), static_cast<float>(per_v)};
}

void LayLevelGround(const View& view, int stride, float* depth) {
  for (int y = 0; y < view.height; ++y) {
    float* row = depth + static_cast<size_t>(y) * static_cast<size_t>(stride);
    const float down = (static_cast<float>(y) + 0.5f - view.cy) / view.fy;
    for (int x = 0; x < stride; ++x) {
      const float side = (view.cx - static_cast<float>(x) - 0.5f) / view.fx;
      const float level_down = down * view.cos_roll - side * view.sin_roll;
      const float drop = view.sin_pitch + level_down * view.cos_pitch;  // per metre of depth
      row[x] = drop > 1e-3f ? view.height_m / drop : std::numeric_limits<float>::infinity();
    }
  }
}

}  // namespace volante
