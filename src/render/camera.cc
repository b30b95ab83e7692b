// One frame: sky, ground layers by exact coverage, shadows, then solids far to near.
// Flat ground needs no depth buffer: its layers are painted in order, and solids that stand on it
// without overlapping are sorted by their discs' power distance (d^2 - r^2), which is a correct
// depth order for disjoint discs (Edelsbrunner, "An acyclicity theorem for cell complexes").
#include "render/camera.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/error.h"
#include "render/camera_impl.h"

namespace volante {

CameraIntrinsics CameraIntrinsics::ForPeople(int width, int height) {
  CameraIntrinsics k;
  k.width = width;
  k.height = height;
  k.fx_px = k.fy_px = 0.5 * width;
  k.cx_px = 0.5 * width;
  k.cy_px = 0.5 * height;
  return k;
}

Camera::Impl::Impl(std::shared_ptr<const Scene> s, const Look& look)
    : scene(std::move(s)),
      view(View::Make(look.intrinsics, look.mount)),
      raster(look.intrinsics.width, look.intrinsics.height),
      width(look.intrinsics.width),
      height(look.intrinsics.height),
      stride(PaddedWidth(look.intrinsics.width)) {
  VOLANTE_CHECK(scene != nullptr, "a camera looks at a scene");
  texture.assign(static_cast<size_t>(stride) * height, 0);
  planes[0].assign(static_cast<size_t>(stride) * height, 0);
  SetLook(look);
  for (auto& pieces : visible_pieces) pieces.reserve(512);
  items.reserve(1024);
  if (!scene->impl().terrain.flat()) {
    order.reserve(4096);
    near_to_far.reserve(4096);
    visible_land.reserve(1024);
    visible_decks.reserve(64);
    for (auto& pieces : deck_pieces) pieces.reserve(512);
  }
}

void Camera::Impl::SetLook(const Look& look) {
  VOLANTE_CHECK(look.intrinsics.width == width && look.intrinsics.height == height,
                "a camera's picture keeps its size");
  mount = look.mount;
  view = View::Make(look.intrinsics, look.mount);
  appearance = MakeAppearance(look.weather, look.paint);
  post.Set(look.image, width);
  MakeRows();
  MakeWetRows();
  if (!appearance.night) return;
  MakeHeadlights(view, stride, first_ground_row, headlights);
  MakeVignette(width, height, stride, appearance.vignette, vignette);
}

void Camera::Impl::Render(const GroundPose& ego_pose, std::span<const VehicleState> vehicles,
                          Canvas canvas, const FrameMoment& moment) {
  const Pose2& on_plane = ego_pose.pose;
  VOLANTE_CHECK(std::isfinite(on_plane.position_m.x) && std::isfinite(on_plane.position_m.y) &&
                    std::isfinite(on_plane.heading_rad) && std::isfinite(ego_pose.ground_m) &&
                    std::isfinite(ego_pose.pitch_rad) && std::isfinite(ego_pose.roll_rad),
                "a camera stands at a finite pose");
  view.MoveTo(ego_pose, mount);
  lights = moment.lights;
  Painter painter{view, raster, appearance, canvas, {}};
  const Vec3f sun = appearance.sun;
  painter.sun = {view.cos_heading * sun.x + view.sin_heading * sun.y,
                 view.cos_heading * sun.y - view.sin_heading * sun.x, sun.z};
  painter.light = appearance.tint;
  if (canvas.mode == PictureMode::kDepth) {
    LayDepth();
  } else {
    LayStreak(painter);
    PaintSky(painter);
  }
  CollectItems(vehicles);
  if (scene->impl().terrain.flat()) {
    PaintGround(painter);
    PaintShadows(vehicles, -1, painter);
  } else {
    PaintLand(painter);
    FindVisibleDecks(vehicles);
    PaintShadows(vehicles, -1, painter);
    PaintDecks(vehicles, painter);
  }
  PaintItems(vehicles, -1, 0.0f, painter);
  if (HasColors(canvas.mode)) FinishPicture(painter, moment);
  triangles = painter.triangles;
}

void Camera::Impl::RenderPlane(PictureMode mode, const GroundPose& ego_pose,
                               std::span<const VehicleState> vehicles, uint8_t* out,
                               const FrameMoment& moment) {
  uint8_t* plane = planes[0].data();
  Render(ego_pose, vehicles, {mode, stride, {plane, nullptr, nullptr}}, moment);
  for (int y = 0; y < height; ++y) {
    std::memcpy(out + static_cast<size_t>(y) * width, plane + static_cast<size_t>(y) * stride,
                static_cast<size_t>(width));
  }
}

namespace {

Look StandardLook(const CameraIntrinsics& intrinsics, const CameraMount& mount) {
  Look look;
  look.intrinsics = intrinsics;
  look.mount = mount;
  return look;
}

}  // namespace

Camera::Camera(std::shared_ptr<const Scene> scene, const CameraIntrinsics& intrinsics,
               const CameraMount& mount)
    : impl_(std::make_unique<Impl>(std::move(scene), StandardLook(intrinsics, mount))) {}
Camera::~Camera() = default;

void Camera::SetLook(const Look& look) { impl_->SetLook(look); }

void Camera::RenderGray(const GroundPose& ego_pose, std::span<const VehicleState> vehicles,
                        uint8_t* gray, const FrameMoment& moment) {
  impl_->RenderPlane(PictureMode::kGray, ego_pose, vehicles, gray, moment);
}

void Camera::RenderClasses(const GroundPose& ego_pose, std::span<const VehicleState> vehicles,
                           uint8_t* classes) {
  impl_->RenderPlane(PictureMode::kClasses, ego_pose, vehicles, classes, {});
}

void Camera::RenderRgb(const GroundPose& ego_pose, std::span<const VehicleState> vehicles,
                       uint8_t* rgb, const FrameMoment& moment) {
  Impl& s = *impl_;
  for (auto& plane : s.planes) plane.resize(static_cast<size_t>(s.stride) * s.height);
  uint8_t* const planes[3] = {s.planes[0].data(), s.planes[1].data(), s.planes[2].data()};
  Canvas canvas{PictureMode::kRgb, s.stride, {planes[0], planes[1], planes[2]}};
  canvas.record = s.record;
  s.Render(ego_pose, vehicles, canvas, moment);
  const auto width = static_cast<size_t>(s.width);
  for (int y = 0; y < s.height; ++y) {
    const size_t row = static_cast<size_t>(y) * s.stride;
    const uint8_t *r = planes[0] + row, *g = planes[1] + row, *b = planes[2] + row;
    uint8_t* out = rgb + static_cast<size_t>(y) * width * 3;
    for (size_t x = 0; x < width; ++x) {
      out[3 * x] = r[x];
      out[3 * x + 1] = g[x];
      out[3 * x + 2] = b[x];
    }
  }
}

int Camera::last_triangles() const { return impl_->triangles; }

}  // namespace volante
