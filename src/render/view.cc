#include "render/view.h"

#include <smmintrin.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/error.h"

namespace volante {

View View::Make(const CameraIntrinsics& intrinsics, const CameraMount& mount) {
  VOLANTE_CHECK(intrinsics.width > 0 && intrinsics.height > 0 && intrinsics.fx_px > 0.0 &&
                    intrinsics.fy_px > 0.0 && mount.z_m > 0.0,
                "a camera has a size, focal lengths and a height above the ground");
  View view;
  view.width = intrinsics.width;
  view.height = intrinsics.height;
  view.fx = static_cast<float>(intrinsics.fx_px);
  view.fy = static_cast<float>(intrinsics.fy_px);
  view.cx = static_cast<float>(intrinsics.cx_px);
  view.cy = static_cast<float>(intrinsics.cy_px);
  view.height_m = static_cast<float>(mount.z_m);
  view.cos_pitch = static_cast<float>(std::cos(mount.pitch_rad));
  view.sin_pitch = static_cast<float>(std::sin(mount.pitch_rad));
  // Pitch opens the ground's wedge a little beyond the level one: take the wider of both.
  const double widen = 1.0 / std::max(std::cos(mount.pitch_rad), 0.2);
  const double left = intrinsics.cx_px / intrinsics.fx_px * widen;
  const double right = (intrinsics.width - intrinsics.cx_px) / intrinsics.fx_px * widen;
  const double left_norm = std::hypot(left, 1.0), right_norm = std::hypot(right, 1.0);
  view.left_plane = {static_cast<float>(left / left_norm), static_cast<float>(-1.0 / left_norm), 0};
  view.right_plane = {static_cast<float>(right / right_norm), static_cast<float>(1.0 / right_norm),
                      0};
  return view;
}

void View::MoveTo(const Pose2& ego_pose, const CameraMount& mount) {
  position_m = WorldFromLocal(ego_pose, {mount.x_m, mount.y_m});
  const double heading = ego_pose.heading_rad + mount.yaw_rad;
  heading_cos = std::cos(heading);
  heading_sin = std::sin(heading);
  cos_heading = static_cast<float>(heading_cos);
  sin_heading = static_cast<float>(heading_sin);
}

namespace {

bool InPicture(const View& view, float min_u, float max_u, float min_v, float max_v) {
  return (max_u > 0.0f) & (min_u < static_cast<float>(view.width)) & (max_v > 0.0f) &
         (min_v < static_cast<float>(view.height));
}

void AddEdges(const float* us, const float* vs, int count, CoverageRaster& raster) {
  PixelPoint from{us[count - 1], vs[count - 1]};
  for (int i = 0; i < count; ++i) {
    const PixelPoint to{us[i], vs[i]};
    raster.AddEdge(from, to);
    from = to;
  }
}

float Lowest(__m128 v) {
  v = _mm_min_ps(v, _mm_shuffle_ps(v, v, _MM_SHUFFLE(1, 0, 3, 2)));
  return _mm_cvtss_f32(_mm_min_ps(v, _mm_shuffle_ps(v, v, _MM_SHUFFLE(2, 3, 0, 1))));
}
float Highest(__m128 v) {
  v = _mm_max_ps(v, _mm_shuffle_ps(v, v, _MM_SHUFFLE(1, 0, 3, 2)));
  return _mm_cvtss_f32(_mm_max_ps(v, _mm_shuffle_ps(v, v, _MM_SHUFFLE(2, 3, 0, 1))));
}

}  // namespace

int AddGroundOutline(const View& view, PixelPoint center, const float* x_m, const float* y_m,
                     int num_points, CoverageRaster& raster) {
  VOLANTE_CHECK(num_points >= 3 && num_points <= kMaxOutline, "outlines are short");
  alignas(16) float us[kMaxOutline], vs[kMaxOutline];
  const __m128 cos_h = _mm_set1_ps(view.cos_heading), sin_h = _mm_set1_ps(view.sin_heading);
  const __m128 cos_p = _mm_set1_ps(view.cos_pitch), sin_p = _mm_set1_ps(view.sin_pitch);
  const __m128 up = _mm_set1_ps(-view.height_m);
  __m128 min_u = _mm_set1_ps(1e30f), max_u = _mm_set1_ps(-1e30f), min_v = min_u, max_v = max_u;
  int behind = 0;
  for (int i = 0; i < num_points; i += 4) {
    const __m128 px = _mm_loadu_ps(x_m + i), py = _mm_loadu_ps(y_m + i);
    const __m128 x =
        _mm_add_ps(_mm_set1_ps(center.u), _mm_add_ps(_mm_mul_ps(cos_h, px), _mm_mul_ps(sin_h, py)));
    const __m128 y =
        _mm_add_ps(_mm_set1_ps(center.v), _mm_sub_ps(_mm_mul_ps(cos_h, py), _mm_mul_ps(sin_h, px)));
    const __m128 depth = _mm_sub_ps(_mm_mul_ps(x, cos_p), _mm_mul_ps(up, sin_p));
    const __m128 z =
        _mm_sub_ps(_mm_setzero_ps(), _mm_add_ps(_mm_mul_ps(x, sin_p), _mm_mul_ps(up, cos_p)));
    behind |= _mm_movemask_ps(_mm_cmplt_ps(depth, _mm_set1_ps(kNearDepth_m)));
    const __m128 inverse = _mm_div_ps(_mm_set1_ps(1.0f), depth);
    const __m128 u =
        _mm_sub_ps(_mm_set1_ps(view.cx), _mm_mul_ps(_mm_mul_ps(_mm_set1_ps(view.fx), y), inverse));
    const __m128 v =
        _mm_add_ps(_mm_set1_ps(view.cy), _mm_mul_ps(_mm_mul_ps(_mm_set1_ps(view.fy), z), inverse));
    _mm_store_ps(us + i, u);
    _mm_store_ps(vs + i, v);
    min_u = _mm_min_ps(min_u, u);
    max_u = _mm_max_ps(max_u, u);
    min_v = _mm_min_ps(min_v, v);
    max_v = _mm_max_ps(max_v, v);
  }
  if (behind != 0) {
    std::array<Vec3f, kMaxOutline> points;
    for (int i = 0; i < num_points; ++i) {
      points[static_cast<size_t>(i)] = view.CameraFromLevel(
          {center.u + (view.cos_heading * x_m[i] + view.sin_heading * y_m[i]),
           center.v + (view.cos_heading * y_m[i] - view.sin_heading * x_m[i]), 0.0f});
    }
    return AddOutline(view, {points.data(), static_cast<size_t>(num_points)}, raster);
  }
  if (!InPicture(view, Lowest(min_u), Highest(max_u), Lowest(min_v), Highest(max_v))) return 0;
  AddEdges(us, vs, num_points, raster);
  return num_points - 2;
}

int AddOutline(const View& view, std::span<const Vec3f> points, CoverageRaster& raster) {
  const int n = static_cast<int>(points.size());
  VOLANTE_CHECK(n <= kMaxOutline, "an outline is longer than the scene builder may make it");
  float us[2 * kMaxOutline + 2], vs[2 * kMaxOutline + 2];  // left uninitialised: a hot path
  int count = 0;
  float min_u = 1e30f, max_u = -1e30f, min_v = 1e30f, max_v = -1e30f;
  const auto emit = [&](Vec3f p) {
    const PixelPoint q = view.Project(p);
    min_u = std::min(min_u, q.u);
    max_u = std::max(max_u, q.u);
    min_v = std::min(min_v, q.v);
    max_v = std::max(max_v, q.v);
    us[count] = q.u;
    vs[count++] = q.v;
  };
  Vec3f previous = points[static_cast<size_t>(n - 1)];
  bool previous_inside = previous.x >= kNearDepth_m;
  for (int i = 0; i < n; ++i) {
    const Vec3f current = points[static_cast<size_t>(i)];
    const bool inside = current.x >= kNearDepth_m;
    if (inside != previous_inside) {
      const float t = (kNearDepth_m - previous.x) / (current.x - previous.x);
      emit({kNearDepth_m, previous.y + (current.y - previous.y) * t,
            previous.z + (current.z - previous.z) * t});
    }
    if (inside) emit(current);
    previous = current;
    previous_inside = inside;
  }
  if (count < 3 || !InPicture(view, min_u, max_u, min_v, max_v)) return 0;
  AddEdges(us, vs, count, raster);
  return count - 2;
}

}  // namespace volante
