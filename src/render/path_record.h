// What one RGB frame painted, in its order, before any clipping or projection: enough for another
// renderer to paint the same picture. Tests ask for it (Camera::Impl::record); frames that nobody
// records pay one comparison of a pointer per outline. Private to src/render/.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/geometry.h"
#include "render/palette.h"
#include "render/view.h"

namespace volante {

struct PathRecord {
  struct Point {
    double x, y, z;  // world, metres; in the picture (u, v, 1), pixels
  };
  enum class Kind : uint8_t {
    kSolid,    // world
    kGround,   // world; not painted when it is seen from below
    kPicture,  // pixels
  };
  struct Outline {
    Kind kind = Kind::kSolid;
    uint32_t first_point = 0, num_points = 0;
  };
  // The union of its outlines, painted over what is there.
  struct Path {
    uint32_t first_outline = 0, num_outlines = 0;
    Color color;  // 0..255; unused where it has a paint
    float opacity = 1.0f;
    int paint = -1;  // index of what it is painted with in place of a colour; -1: none
  };
  // Ground of one material everywhere: [height, width, 3].
  using Paint = std::vector<uint8_t>;

  std::vector<Point> points;
  std::vector<Outline> outlines;
  std::vector<Path> paths;
  std::vector<Paint> paints;

  void Clear();
  void AddPoint(Point point) { points.push_back(point); }
  // Ends the outline whose points were added.
  void EndOutline(Kind kind);
  // Ends the path whose outlines were ended.
  void EndPath(Color color, float opacity);
  void EndPath(Paint paint);

  // An outline of points in a view's level frame.
  void AddLevel(const View& view, std::span<const Vec3f> level_points);
  // An outline of offsets from a centre and a base, in the world's axes; z_m may be null.
  void AddOffsets(Kind kind, Vec2 center_m, double base_m, const float* x_m, const float* y_m,
                  const float* z_m, uint32_t count);
  // The rows from `first` up to and without `end`, or another quad in the picture.
  void AddRows(int first, int end, int width);
  void AddInPicture(std::span<const PixelPoint> corners);
};

}  // namespace volante
