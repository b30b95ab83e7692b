#include "render/path_record.h"

#include <utility>

namespace volante {

void PathRecord::Clear() {
  points.clear();
  outlines.clear();
  paths.clear();
  paints.clear();
}

void PathRecord::EndOutline(Kind kind) {
  const uint32_t first =
      outlines.empty() ? 0 : outlines.back().first_point + outlines.back().num_points;
  outlines.push_back({kind, first, static_cast<uint32_t>(points.size()) - first});
}

void PathRecord::EndPath(Color color, float opacity) {
  const uint32_t first = paths.empty() ? 0 : paths.back().first_outline + paths.back().num_outlines;
  paths.push_back({first, static_cast<uint32_t>(outlines.size()) - first, color, opacity, -1});
}

void PathRecord::EndPath(Paint paint) {
  EndPath(Color{}, 1.0f);
  paths.back().paint = static_cast<int>(paints.size());
  paints.push_back(std::move(paint));
}

void PathRecord::AddLevel(const View& view, std::span<const Vec3f> level_points) {
  for (const Vec3f p : level_points) {
    const double forward = p.x, left = p.y;
    AddPoint({view.position_m.x + view.heading_cos * forward - view.heading_sin * left,
              view.position_m.y + view.heading_sin * forward + view.heading_cos * left,
              view.eye_m + (p.z - view.height_m)});
  }
  EndOutline(Kind::kSolid);
}

void PathRecord::AddOffsets(Kind kind, Vec2 center_m, double base_m, const float* x_m,
                            const float* y_m, const float* z_m, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) {
    const double z = z_m == nullptr ? 0.0 : static_cast<double>(z_m[i]);
    AddPoint({center_m.x + x_m[i], center_m.y + y_m[i], base_m + z});
  }
  EndOutline(kind);
}

void PathRecord::AddRows(int first, int end, int width) {
  const auto top = static_cast<float>(first), bottom = static_cast<float>(end);
  const auto right = static_cast<float>(width);
  const PixelPoint corners[4] = {{0.0f, top}, {right, top}, {right, bottom}, {0.0f, bottom}};
  AddInPicture(corners);
}

void PathRecord::AddInPicture(std::span<const PixelPoint> corners) {
  for (const PixelPoint p : corners) AddPoint({p.u, p.v, 1.0});
  EndOutline(Kind::kPicture);
}

}  // namespace volante
