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
  view.cos_roll = static_cast<float>(std::cos(mount.roll_rad));
  view.sin_roll = static_cast<float>(std::sin(mount.roll_rad));
  view.MakePlanes();
  return view;
}

// The picture's wedge on level ground, from its corners: pitch and roll open it beyond the level
// one.
void View::MakePlanes() {
  float left = 0.0f, right = 0.0f;  // tangents of the azimuths
  for (const float u : {0.0f, static_cast<float>(width)}) {
    for (const float v : {0.0f, static_cast<float>(height)}) {
      const float side = (cx - u) / fx, down = (v - cy) / fy;
      const float y = side * cos_roll + down * sin_roll;
      const float z = down * cos_roll - side * sin_roll;
      const float ahead = std::max(cos_pitch - z * sin_pitch, 0.15f);
      left = std::max(left, y / ahead);
      right = std::max(right, -y / ahead);
    }
  }
  const float left_norm = std::sqrt(left * left + 1.0f);
  const float right_norm = std::sqrt(right * right + 1.0f);
  left_plane = {left / left_norm, -1.0f / left_norm, 0.0f};
  right_plane = {right / right_norm, 1.0f / right_norm, 0.0f};
}

// Axes of the camera: the vehicle's, turned by the mount's yaw, then pitch, then roll.
void View::MoveTo(const GroundPose& ego_pose, const CameraMount& mount) {
  struct Vec3 {
    double x, y, z;
    Vec3 operator*(double k) const { return {x * k, y * k, z * k}; }
    Vec3 operator+(Vec3 o) const { return {x + o.x, y + o.y, z + o.z}; }
  };
  const Pose2& plane = ego_pose.pose;
  if (ego_pose.pitch_rad == 0.0 && ego_pose.roll_rad == 0.0 && !tilted_) {
    position_m = WorldFromLocal(plane, {mount.x_m, mount.y_m});
    eye_m = ego_pose.ground_m + mount.z_m;
    const double heading = plane.heading_rad + mount.yaw_rad;
    heading_cos = std::cos(heading);
    heading_sin = std::sin(heading);
    cos_heading = static_cast<float>(heading_cos);
    sin_heading = static_cast<float>(heading_sin);
    return;
  }
  tilted_ = ego_pose.pitch_rad != 0.0 || ego_pose.roll_rad != 0.0;
  const auto turn = [](Vec3& from, Vec3& to, double angle) {  // `from` towards `to`
    const double c = std::cos(angle), s = std::sin(angle);
    const Vec3 a = from * c + to * s, b = to * c + from * -s;
    from = a;
    to = b;
  };
  Vec3 forward{1, 0, 0}, left{0, 1, 0}, up{0, 0, 1};
  turn(forward, left, plane.heading_rad);
  turn(forward, up, ego_pose.pitch_rad);
  turn(left, up, ego_pose.roll_rad);
  const Vec3 offset = forward * mount.x_m + left * mount.y_m + up * mount.z_m;
  position_m = plane.position_m + Vec2{offset.x, offset.y};
  eye_m = ego_pose.ground_m + offset.z;
  turn(forward, left, mount.yaw_rad);
  turn(forward, up, -mount.pitch_rad);
  turn(left, up, mount.roll_rad);
  const double level = std::hypot(forward.x, forward.y);
  heading_cos = forward.x / level;
  heading_sin = forward.y / level;
  cos_heading = static_cast<float>(heading_cos);
  sin_heading = static_cast<float>(heading_sin);
  cos_pitch = static_cast<float>(level);
  sin_pitch = static_cast<float>(-forward.z);
  // The level left axis and what is perpendicular to it and to the line of sight.
  const Vec3 flat_left{-heading_sin, heading_cos, 0.0};
  const Vec3 flat_up{-forward.z * heading_cos, -forward.z * heading_sin, level};
  cos_roll = static_cast<float>(left.x * flat_left.x + left.y * flat_left.y);
  sin_roll = static_cast<float>(left.x * flat_up.x + left.y * flat_up.y + left.z * flat_up.z);
  MakePlanes();
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

// Negative for ground seen from above.
float DoubledArea(const float* us, const float* vs, int count) {
  float area = 0.0f;
  for (int i = 1; i + 1 < count; ++i) {
    area += (us[i] - us[0]) * (vs[i + 1] - vs[0]) - (us[i + 1] - us[0]) * (vs[i] - vs[0]);
  }
  return area;
}

// Whether the eye lies above the outline's mean plane (level frame; normal by Newell's sum).
bool SeenFromAbove(const View& view, const Vec3f* points, int count) {
  Vec3f normal{0.0f, 0.0f, 0.0f}, center{0.0f, 0.0f, 0.0f};
  for (int i = 0; i < count; ++i) {
    const Vec3f a = points[i], b = points[i + 1 < count ? i + 1 : 0];
    normal.x += (a.y - b.y) * (a.z + b.z);
    normal.y += (a.z - b.z) * (a.x + b.x);
    normal.z += (a.x - b.x) * (a.y + b.y);
    center = {center.x + a.x, center.y + a.y, center.z + a.z};
  }
  const float n = 1.0f / static_cast<float>(count);
  return normal.x * -center.x * n + normal.y * -center.y * n +
             normal.z * (view.height_m - center.z * n) >
         0.0f;
}

// Projects four points of the level frame at a time; `up` is measured from the camera.
class Projector {
 public:
  explicit Projector(const View& view)
      : view_(view),
        cos_p_(_mm_set1_ps(view.cos_pitch)),
        sin_p_(_mm_set1_ps(view.sin_pitch)),
        rolled_(view.sin_roll != 0.0f) {}

  void Project(__m128 x, __m128 y, __m128 up, float* us, float* vs) {
    const __m128 depth = _mm_sub_ps(_mm_mul_ps(x, cos_p_), _mm_mul_ps(up, sin_p_));
    __m128 z =
        _mm_sub_ps(_mm_setzero_ps(), _mm_add_ps(_mm_mul_ps(x, sin_p_), _mm_mul_ps(up, cos_p_)));
    if (rolled_) {
      const __m128 cos_r = _mm_set1_ps(view_.cos_roll), sin_r = _mm_set1_ps(view_.sin_roll);
      const __m128 side = _mm_sub_ps(_mm_mul_ps(y, cos_r), _mm_mul_ps(z, sin_r));
      z = _mm_add_ps(_mm_mul_ps(z, cos_r), _mm_mul_ps(y, sin_r));
      y = side;
    }
    behind_ |= _mm_movemask_ps(_mm_cmplt_ps(depth, _mm_set1_ps(kNearDepth_m)));
    const __m128 inverse = _mm_div_ps(_mm_set1_ps(1.0f), depth);
    const __m128 u = _mm_sub_ps(_mm_set1_ps(view_.cx),
                                _mm_mul_ps(_mm_mul_ps(_mm_set1_ps(view_.fx), y), inverse));
    const __m128 v = _mm_add_ps(_mm_set1_ps(view_.cy),
                                _mm_mul_ps(_mm_mul_ps(_mm_set1_ps(view_.fy), z), inverse));
    _mm_storeu_ps(us, u);
    _mm_storeu_ps(vs, v);
    min_u_ = _mm_min_ps(min_u_, u);
    max_u_ = _mm_max_ps(max_u_, u);
    min_v_ = _mm_min_ps(min_v_, v);
    max_v_ = _mm_max_ps(max_v_, v);
  }
  // Whether a point so far lies before the near plane; then the picture's coordinates mean nothing.
  bool cut() const { return behind_ != 0; }
  float Extent() const {
    return std::max(Highest(max_u_) - Lowest(min_u_), Highest(max_v_) - Lowest(min_v_));
  }
  bool InView() const {
    return InPicture(view_, Lowest(min_u_), Highest(max_u_), Lowest(min_v_), Highest(max_v_));
  }

 private:
  const View& view_;
  __m128 cos_p_, sin_p_;
  __m128 min_u_ = _mm_set1_ps(1e30f), max_u_ = _mm_set1_ps(-1e30f), min_v_ = min_u_,
         max_v_ = max_u_;
  int behind_ = 0;
  bool rolled_;
};

// Of a small outline in the level frame.
Projector ProjectLevel(const View& view, std::span<const Vec3f> points, float* us, float* vs) {
  Projector projector(view);
  const __m128 height = _mm_set1_ps(view.height_m);
  const int n = static_cast<int>(points.size());
  const auto* at = reinterpret_cast<const float*>(points.data());
  Vec3f filled[4];  // the last points, the last of them repeated
  for (int i = 0; i < n; i += 4, at += 12) {
    if (n - i < 4) {
      for (int k = 0; k < 4; ++k) filled[k] = points[static_cast<size_t>(std::min(i + k, n - 1))];
      at = reinterpret_cast<const float*>(filled);
    }
    // x0 y0 z0 x1, y1 z1 x2 y2, z2 x3 y3 z3
    const __m128 a = _mm_loadu_ps(at), b = _mm_loadu_ps(at + 4), c = _mm_loadu_ps(at + 8);
    const __m128 xy23 = _mm_shuffle_ps(b, c, _MM_SHUFFLE(2, 1, 3, 2));
    const __m128 yz01 = _mm_shuffle_ps(a, b, _MM_SHUFFLE(1, 0, 2, 1));
    const __m128 x = _mm_shuffle_ps(a, xy23, _MM_SHUFFLE(2, 0, 3, 0));
    const __m128 y = _mm_shuffle_ps(yz01, xy23, _MM_SHUFFLE(3, 1, 2, 0));
    const __m128 z = _mm_shuffle_ps(yz01, c, _MM_SHUFFLE(3, 0, 3, 1));
    projector.Project(x, y, _mm_sub_ps(z, height), us + i, vs + i);
  }
  return projector;
}

// The part of an outline (camera frame) before the near plane, on the picture: the number of its
// points, 0 when nothing of it is in view.
int ClipAndProject(const View& view, std::span<const Vec3f> points, float* us, float* vs) {
  const int n = static_cast<int>(points.size());
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
  return count >= 3 && InPicture(view, min_u, max_u, min_v, max_v) ? count : 0;
}

// The same of a small outline in the level frame that the near plane cuts.
int ClipLevel(const View& view, std::span<const Vec3f> points, float* us, float* vs) {
  Vec3f camera[kMaxLevelOutline];
  for (size_t i = 0; i < points.size(); ++i) camera[i] = view.CameraFromLevel(points[i]);
  return ClipAndProject(view, {camera, points.size()}, us, vs);
}

// Both kinds of outline; a template, so that flat ground pays nothing for heights.
template <bool kHills>
int AddProjected(const View& view, PixelPoint center, float base_m, const float* x_m,
                 const float* y_m, const float* z_m, int num_points, float thinnest_px,
                 CoverageRaster& raster) {
  VOLANTE_CHECK(num_points >= 3 && num_points <= kMaxOutline, "outlines are short");
  alignas(16) float us[kMaxOutline], vs[kMaxOutline];
  const __m128 cos_h = _mm_set1_ps(view.cos_heading), sin_h = _mm_set1_ps(view.sin_heading);
  const __m128 below = _mm_set1_ps(base_m - view.height_m);
  Projector projector(view);
  for (int i = 0; i < num_points; i += 4) {
    const __m128 px = _mm_loadu_ps(x_m + i), py = _mm_loadu_ps(y_m + i);
    const __m128 x =
        _mm_add_ps(_mm_set1_ps(center.u), _mm_add_ps(_mm_mul_ps(cos_h, px), _mm_mul_ps(sin_h, py)));
    const __m128 y =
        _mm_add_ps(_mm_set1_ps(center.v), _mm_sub_ps(_mm_mul_ps(cos_h, py), _mm_mul_ps(sin_h, px)));
    const __m128 up = kHills ? _mm_add_ps(below, _mm_loadu_ps(z_m + i)) : below;
    projector.Project(x, y, up, us + i, vs + i);
  }
  if (projector.cut()) {
    std::array<Vec3f, kMaxOutline> points;
    for (int i = 0; i < num_points; ++i) {
      points[static_cast<size_t>(i)] = {
          center.u + (view.cos_heading * x_m[i] + view.sin_heading * y_m[i]),
          center.v + (view.cos_heading * y_m[i] - view.sin_heading * x_m[i]),
          kHills ? base_m + z_m[i] : 0.0f};
    }
    if (kHills && !SeenFromAbove(view, points.data(), num_points)) return 0;
    for (int i = 0; i < num_points; ++i) {
      points[static_cast<size_t>(i)] = view.CameraFromLevel(points[static_cast<size_t>(i)]);
    }
    return AddOutline(view, {points.data(), static_cast<size_t>(num_points)}, raster);
  }
  if (!projector.InView()) return 0;
  if (kHills && DoubledArea(us, vs, num_points) >= -2.0f * thinnest_px * projector.Extent()) {
    return 0;
  }
  AddEdges(us, vs, num_points, raster);
  return num_points - 2;
}

}  // namespace

int AddGroundOutline(const View& view, PixelPoint center, const float* x_m, const float* y_m,
                     int num_points, CoverageRaster& raster) {
  return AddProjected<false>(view, center, 0.0f, x_m, y_m, nullptr, num_points, 0.0f, raster);
}

int AddHillOutline(const View& view, PixelPoint center, float base_m, const float* x_m,
                   const float* y_m, const float* z_m, int num_points, CoverageRaster& raster,
                   float thinnest_px) {
  return AddProjected<true>(view, center, base_m, x_m, y_m, z_m, num_points, thinnest_px, raster);
}

void ProjectOutline(const View& view, std::span<const Vec3f> points, ProjectedOutline& out) {
  VOLANTE_CHECK(points.size() <= 4, "a face has at most four corners");
  const Projector projector = ProjectLevel(view, points, out.us, out.vs);
  out.count = projector.cut()      ? ClipLevel(view, points, out.us, out.vs)
              : projector.InView() ? static_cast<int>(points.size())
                                   : 0;
}

int AddLevelOutline(const View& view, std::span<const Vec3f> points, CoverageRaster& raster) {
  VOLANTE_CHECK(points.size() <= kMaxLevelOutline, "an object's outline is short");
  float us[2 * kMaxLevelOutline], vs[2 * kMaxLevelOutline];
  const Projector projector = ProjectLevel(view, points, us, vs);
  auto count = static_cast<int>(points.size());
  if (projector.cut()) {
    count = ClipLevel(view, points, us, vs);
    if (count == 0) return 0;
  } else if (!projector.InView()) {
    return 0;
  }
  AddEdges(us, vs, count, raster);
  return count - 2;
}

int AddOutline(const View& view, std::span<const Vec3f> points, CoverageRaster& raster) {
  VOLANTE_CHECK(points.size() <= kMaxOutline, "an outline is longer than the builder may make it");
  float us[2 * kMaxOutline + 2], vs[2 * kMaxOutline + 2];  // left uninitialised: a hot path
  const int count = ClipAndProject(view, points, us, vs);
  if (count == 0) return 0;
  AddEdges(us, vs, count, raster);
  return count - 2;
}

}  // namespace volante
