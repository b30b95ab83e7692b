// Where the camera stands in one frame, and the projection of polygons into a CoverageRaster.
// Level frame: x forward (the camera's heading), y left, z up from the ground, origin on the
// ground below the camera. Camera frame: x depth, y left, z down.
#pragma once

#include <span>

#include "base/geometry.h"
#include "render/camera.h"
#include "render/coverage.h"

namespace volante {

// Not initialised by default: arrays of it stand in hot loops.
struct Vec3f {
  float x, y, z;
};

inline constexpr float kNearDepth_m = 0.2f;
inline constexpr int kMaxOutline = 512;  // points of one contour
inline constexpr int kMaxLevelOutline = 20;

struct View {
  Vec2 position_m;     // of the camera in the world
  double eye_m = 1.5;  // its height in the world
  double heading_cos = 1.0, heading_sin = 0.0;
  float cos_heading = 1.0f, sin_heading = 0.0f;
  float cos_pitch = 1.0f, sin_pitch = 0.0f;  // > 0 looks down
  float cos_roll = 1.0f, sin_roll = 0.0f;    // > 0: the left side is higher
  float height_m = 1.5f;                     // above the level frame's origin
  float fx = 42.0f, fy = 56.0f, cx = 42.0f, cy = 42.0f;
  int width = 84, height = 84;
  // Unit normals of the vertical planes through the picture's sides, pointing inside.
  Vec3f left_plane, right_plane;

  static View Make(const CameraIntrinsics& intrinsics, const CameraMount& mount);
  void MoveTo(const GroundPose& ego_pose, const CameraMount& mount);

  // Level frame of a world point on the ground.
  PixelPoint LevelFromWorld(Vec2 world) const {
    const double dx = world.x - position_m.x, dy = world.y - position_m.y;
    return {static_cast<float>(heading_cos * dx + heading_sin * dy),
            static_cast<float>(heading_cos * dy - heading_sin * dx)};
  }
  // Height in the level frame of a height in the world.
  float LevelHeight(double world_m) const { return static_cast<float>(world_m - eye_m) + height_m; }
  Vec3f CameraFromLevel(Vec3f p) const {
    const float up = p.z - height_m;
    const Vec3f c{p.x * cos_pitch - up * sin_pitch, p.y, -p.x * sin_pitch - up * cos_pitch};
    if (sin_roll == 0.0f) return c;
    return {c.x, c.y * cos_roll - c.z * sin_roll, c.z * cos_roll + c.y * sin_roll};
  }
  PixelPoint Project(Vec3f camera) const {
    const float inverse_depth = 1.0f / camera.x;
    return {cx - fx * camera.y * inverse_depth, cy + fy * camera.z * inverse_depth};
  }
  // Whether a disc on the ground can be in the picture.
  bool Sees(PixelPoint level, float radius_m, float far_m) const {
    const float x = level.u, y = level.v;
    return x > -radius_m && x < far_m + radius_m &&
           x * left_plane.x + y * left_plane.y > -radius_m &&
           x * right_plane.x + y * right_plane.y > -radius_m;
  }

 private:
  void MakePlanes();
  bool tilted_ = false;  // the vehicle it was last moved with was not level
};

// Clips a closed outline (camera frame) at the near plane, projects it and adds its edges.
// Returns the triangles it would make, 0 when nothing of it is before the camera.
int AddOutline(const View& view, std::span<const Vec3f> camera_points, CoverageRaster& raster);

// The same for an outline of at most kMaxLevelOutline points in the level frame.
int AddLevelOutline(const View& view, std::span<const Vec3f> level_points, CoverageRaster& raster);

// A convex face on the picture; no points when nothing of it is in view.
struct ProjectedOutline {
  int count;
  float us[8], vs[8];  // not initialised: arrays of it stand in hot loops
};
// What AddLevelOutline would add of at most 4 points.
void ProjectOutline(const View& view, std::span<const Vec3f> level_points, ProjectedOutline& out);

// AddOutline for an outline on the ground, given as offsets in the world's axes from a centre in
// the level frame. x_m and y_m are readable up to the next multiple of 4 points.
int AddGroundOutline(const View& view, PixelPoint center, const float* x_m, const float* y_m,
                     int num_points, CoverageRaster& raster);

// The same with heights: z_m are offsets from base_m, both in the level frame. Outlines that are
// seen from below are left out, and so are those whose area is less than thinnest_px times their
// extent on the picture, as a line of that width has it.
int AddHillOutline(const View& view, PixelPoint center, float base_m, const float* x_m,
                   const float* y_m, const float* z_m, int num_points, CoverageRaster& raster,
                   float thinnest_px = 0.0f);

}  // namespace volante
