#include "render/view.h"

#include <algorithm>
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
  if (count < 3 || max_u <= 0.0f || min_u >= static_cast<float>(view.width) || max_v <= 0.0f ||
      min_v >= static_cast<float>(view.height)) {
    return 0;
  }
  PixelPoint from{us[count - 1], vs[count - 1]};
  for (int i = 0; i < count; ++i) {
    const PixelPoint to{us[i], vs[i]};
    raster.AddEdge(from, to);
    from = to;
  }
  return count - 2;
}

}  // namespace volante
