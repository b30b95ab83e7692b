// The depth picture: the same outlines as in colour, with their planes' depth in place of paint.
#include <algorithm>
#include <cstring>
#include <limits>

#include "render/camera_impl.h"

namespace volante {

void Camera::Impl::RenderDepth(const GroundPose& ego_pose, std::span<const VehicleState> vehicles,
                               float* out) {
  depth_plane.resize(static_cast<size_t>(stride) * static_cast<size_t>(height));
  Render(ego_pose, vehicles,
         {PictureMode::kDepth, stride, {nullptr, nullptr, nullptr}, depth_plane.data()}, {});
  const auto w = static_cast<size_t>(width);
  for (size_t y = 0; y < static_cast<size_t>(height); ++y) {
    std::memcpy(out + y * w, depth_plane.data() + y * static_cast<size_t>(stride),
                w * sizeof(float));
  }
}

// Before anything stands on it: level ground where the town is flat.
void Camera::Impl::LayDepth() {
  if (scene->impl().terrain.flat()) {
    LayLevelGround(view, stride, depth_plane.data());
  } else {
    std::fill(depth_plane.begin(), depth_plane.end(), std::numeric_limits<float>::infinity());
  }
}

void Camera::RenderDepth(const GroundPose& ego_pose, std::span<const VehicleState> vehicles,
                         float* depth_m) {
  impl_->RenderDepth(ego_pose, vehicles, depth_m);
}

// The mean plane of a contour of the ground: pieces on hills are short enough to be nearly flat.
void Camera::Impl::FillPieceDepth(PixelPoint center, float base_m, const Contour& contour,
                                  Painter& painter) {
  const Scene::Impl& s = scene->impl();
  Vec3f points[kMaxOutline];
  for (uint32_t i = 0; i < contour.num_points; ++i) {
    const size_t at = contour.first_point + i;
    const float x = s.point_x_m[at], y = s.point_y_m[at];
    const float z = s.point_z_m.empty() ? 0.0f : s.point_z_m[at];
    points[i] =
        view.CameraFromLevel({center.u + view.cos_heading * x + view.sin_heading * y,
                              center.v + view.cos_heading * y - view.sin_heading * x, base_m + z});
  }
  painter.plane = PlaneThrough(view, {points, contour.num_points});
  painter.FillFlat({}, SemanticClass::kRoad);
}

}  // namespace volante
