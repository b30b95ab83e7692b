// Buildings and trees.
#include <algorithm>
#include <cmath>

#include "render/objects.h"

namespace volante {

namespace {

float Length(PixelPoint p) { return std::sqrt(p.u * p.u + p.v * p.v); }

// A wall from a to b (level frame, counter-clockwise footprint) with its window grid.
struct Wall {
  PixelPoint a, b;
  float length_m = 0.0f;
  bool visible = false;
};

Vec3f OnWall(const Wall& wall, float along, float z) {
  return {wall.a.u + (wall.b.u - wall.a.u) * along, wall.a.v + (wall.b.v - wall.a.v) * along, z};
}

void AddWallQuad(const Wall& wall, float begin, float end, float low, float high,
                 Painter& painter) {
  const Vec3f quad[4] = {OnWall(wall, begin, low), OnWall(wall, end, low), OnWall(wall, end, high),
                         OnWall(wall, begin, high)};
  painter.Add(quad);
}

constexpr float kFloor_m = 3.1f;
constexpr float kWindowPitch_m = 2.9f;
constexpr float kFewestFloorPx = 3.0f;
constexpr float kSmallBuildingPx = 7.0f;  // high: walls and roof in one colour each

enum class Windows { kAll, kDark, kLit };

// Somebody is at home behind two windows of five.
bool IsLit(const Building& building, int floor, int column) {
  auto x = static_cast<uint32_t>(static_cast<int32_t>(building.center_m.x * 16.0));
  x = (x ^ static_cast<uint32_t>(static_cast<int32_t>(building.center_m.y * 16.0))) * 2654435761u;
  x = (x ^ static_cast<uint32_t>(64 * floor + column)) * 2246822519u;
  return (x >> 16) % 5 < 2;
}

// Windows one by one while they are a pixel or more, then a band per floor, then nothing.
void AddWindows(const Building& building, const Wall& wall, Windows which, Painter& painter) {
  const View& view = painter.view;
  const float near_x = std::max(std::min(wall.a.u, wall.b.u), 1.0f);
  const float distance = std::max(near_x, 0.5f * (Length(wall.a) + Length(wall.b)) * 0.5f);
  const float floor_px = view.fy * kFloor_m / distance;
  if (floor_px < kFewestFloorPx) return;
  const int floors = static_cast<int>(building.height_m / kFloor_m);
  const int columns = std::max(1, static_cast<int>(wall.length_m / kWindowPitch_m));
  // Width of the wall on the screen, roughly: the angle it spans.
  const float sweep = std::abs(wall.a.u * wall.b.v - wall.a.v * wall.b.u) /
                      std::max(Length(wall.a) * Length(wall.b), 1e-3f);
  const float column_px = view.fx * sweep / static_cast<float>(columns);
  const float margin = 0.7f / wall.length_m;
  for (int floor = 0; floor < floors; ++floor) {
    const float low = kFloor_m * static_cast<float>(floor) + 1.0f, high = low + 1.45f;
    if (column_px < 3.0f || floor_px < 4.5f) {
      if (which != Windows::kAll && (which == Windows::kLit) != IsLit(building, floor, 0)) continue;
      AddWallQuad(wall, margin, 1.0f - margin, low + 0.25f, high - 0.2f, painter);
      continue;
    }
    const float pitch = (1.0f - 2.0f * margin) / static_cast<float>(columns);
    for (int column = 0; column < columns; ++column) {
      if (which != Windows::kAll && (which == Windows::kLit) != IsLit(building, floor, column)) {
        continue;
      }
      const float begin = margin + pitch * (static_cast<float>(column) + 0.2f);
      AddWallQuad(wall, begin, begin + 0.6f * pitch, low, high, painter);
    }
  }
}

}  // namespace

void PaintBuilding(const Building& b, PixelPoint at, Painter& painter) {
  const View& view = painter.view;
  // Direction of the long side in the level frame.
  const float ux = b.cos_heading * view.cos_heading + b.sin_heading * view.sin_heading;
  const float uy = b.sin_heading * view.cos_heading - b.cos_heading * view.sin_heading;
  const float lx = ux * b.half_length_m, ly = uy * b.half_length_m;
  const float dx = -uy * b.half_depth_m, dy = ux * b.half_depth_m;
  // Counter-clockwise from above: front left, rear left, rear right, front right.
  const PixelPoint corners[4] = {{at.u + lx + dx, at.v + ly + dy},
                                 {at.u - lx + dx, at.v - ly + dy},
                                 {at.u - lx - dx, at.v - ly - dy},
                                 {at.u + lx - dx, at.v + ly - dy}};
  const Vec3f normals[4] = {{-uy, ux, 0}, {-ux, -uy, 0}, {uy, -ux, 0}, {ux, uy, 0}};
  const Color wall_color = Times(b.wall, painter.look.buildings);
  const Color roof = Times(b.roof, painter.look.buildings);
  Wall walls[4];
  Face faces[8];
  int count = 0;
  for (int i = 0; i < 4; ++i) {
    Wall& wall = walls[i];
    wall.a = corners[i];
    wall.b = corners[(i + 1) % 4];
    wall.length_m = 2.0f * (i % 2 == 0 ? b.half_length_m : b.half_depth_m);
    wall.visible = normals[i].x * -wall.a.u + normals[i].y * -wall.a.v > 0.0f;
    if (!wall.visible) continue;
    Face& face = faces[count++];
    face.points[0] = OnWall(wall, 0.0f, 0.0f);
    face.points[1] = OnWall(wall, 1.0f, 0.0f);
    face.points[2] = OnWall(wall, 1.0f, b.height_m);
    face.points[3] = OnWall(wall, 0.0f, b.height_m);
    face.color = Scaled(wall_color, painter.Light(normals[i]));
  }
  const int num_walls = count;
  if (b.roof_kind == RoofKind::kGable) {
    // Ridge along the long side, gables at its ends; eaves are the walls' tops.
    const float ridge_z = b.height_m + b.roof_m;
    const float inset = 0.82f;
    const Vec3f ridge[2] = {{at.u + lx * inset, at.v + ly * inset, ridge_z},
                            {at.u - lx * inset, at.v - ly * inset, ridge_z}};
    const auto eave = [&](int i) { return Vec3f{corners[i].u, corners[i].v, b.height_m}; };
    const float slope = b.roof_m / b.half_depth_m;
    const float up = 1.0f / std::sqrt(1.0f + slope * slope), out = slope * up;
    const auto tilted = [&](int i) { return Vec3f{normals[i].x * out, normals[i].y * out, up}; };
    faces[count] = {
        4, {eave(0), eave(1), ridge[1], ridge[0]}, Scaled(roof, painter.Light(tilted(0)))};
    ++count;
    faces[count] = {3, {eave(1), eave(2), ridge[1], {}}, Scaled(roof, painter.Light(tilted(1)))};
    ++count;
    faces[count] = {
        4, {eave(2), eave(3), ridge[0], ridge[1]}, Scaled(roof, painter.Light(tilted(2)))};
    ++count;
    faces[count] = {3, {eave(3), eave(0), ridge[0], {}}, Scaled(roof, painter.Light(tilted(3)))};
    ++count;
  }
  // A wall or a slope of a few pixels has no edges that anyone sees: one colour each.
  const bool small = view.fy * b.height_m < kSmallBuildingPx * (Length(at) - b.radius_m);
  if (small) {
    for (int i = 1; i < num_walls; ++i) faces[i].color = faces[0].color;
    for (int i = num_walls + 1; i < count; ++i) faces[i].color = faces[num_walls].color;
  }
  painter.Solid({faces, static_cast<size_t>(count)}, SemanticClass::kBuilding);
  if (!HasColors(painter.canvas.mode)) return;
  const auto add_windows = [&](Windows which) {
    for (const Wall& wall : walls) {
      if (wall.visible) AddWindows(b, wall, which, painter);
    }
  };
  add_windows(painter.look.night ? Windows::kDark : Windows::kAll);
  painter.Fill(palette::kWindow, SemanticClass::kBuilding, 0.8f);
  if (!painter.look.night) return;
  add_windows(Windows::kLit);
  painter.FillGlowing(palette::kWindowLit, SemanticClass::kBuilding, 0.8f);
}

namespace {

constexpr float kSmallCrownPx = 3.0f;  // wide: one colour
constexpr float kThinnestTrunkPx = 0.25f;

// A circle of a few points and of the area of the one with ten.
struct Round {
  int points;
  float cos[10], sin[10];
};
const Round& RoundOf(float width_px) {
  static constexpr Round kTen = {
      10,
      {1.0f, 0.809f, 0.309f, -0.309f, -0.809f, -1.0f, -0.809f, -0.309f, 0.309f, 0.809f},
      {0.0f, 0.588f, 0.951f, 0.951f, 0.588f, 0.0f, -0.588f, -0.951f, -0.951f, -0.588f}};
  static constexpr Round kEight = {8,
                                   {1.019f, 0.721f, 0.0f, -0.721f, -1.019f, -0.721f, 0.0f, 0.721f},
                                   {0.0f, 0.721f, 1.019f, 0.721f, 0.0f, -0.721f, -1.019f, -0.721f}};
  static constexpr Round kSix = {6,
                                 {1.064f, 0.532f, -0.532f, -1.064f, -0.532f, 0.532f},
                                 {0.0f, 0.921f, 0.921f, 0.0f, -0.921f, -0.921f}};
  return width_px < kSmallCrownPx ? kSix : width_px < 8.0f ? kEight : kTen;
}

}  // namespace

void PaintTree(const Tree& tree, PixelPoint at, Painter& painter) {
  const float distance = std::max(Length(at), 0.5f);
  // Across the line of sight, so that the crown always faces the camera.
  const float sx = -at.v / distance, sy = at.u / distance;
  const auto point = [&](float side, float z) {
    return Vec3f{at.u + sx * side, at.v + sy * side, z};
  };
  const float middle = tree.trunk_m + 0.5f * tree.crown_height_m;
  const float half = 0.09f * tree.crown_radius_m + 0.06f;
  const float px_per_m = painter.view.fx / distance;
  if (2.0f * half * px_per_m > kThinnestTrunkPx) {
    const Vec3f trunk[4] = {point(half, 0.0f), point(half, middle), point(-half, middle),
                            point(-half, 0.0f)};
    painter.Add(trunk);
    painter.FillFlat(palette::kTrunk, SemanticClass::kTree);
  }
  const auto blob = [&](float side, float z, float radius, float half_height, uint32_t seed) {
    const Round& round = RoundOf(2.0f * radius * px_per_m);
    Vec3f outline[10];
    for (int i = 0; i < round.points; ++i) {
      seed = seed * 1664525u + 1013904223u;
      const float wobble = 0.84f + 0.16f * static_cast<float>(seed >> 24) / 255.0f;
      outline[i] =
          point(side + radius * wobble * round.cos[i], z + half_height * wobble * round.sin[i]);
    }
    painter.Add({outline, static_cast<size_t>(round.points)});
  };
  const float radius = tree.crown_radius_m, half_height = 0.5f * tree.crown_height_m;
  blob(0.0f, middle, radius, half_height, tree.shape);
  const bool small = 2.0f * radius * px_per_m < kSmallCrownPx;
  const Color crown = Times(tree.crown, painter.look.crowns);
  painter.FillFlat(Scaled(crown, small ? 0.87f : 0.72f), SemanticClass::kTree);
  if (small || !HasColors(painter.canvas.mode)) return;
  // The sunlit part: a smaller blob on the sun's side, higher up.
  const float sunward = sx * painter.sun.x + sy * painter.sun.y;
  blob(0.26f * radius * sunward, middle + 0.24f * half_height, 0.66f * radius, 0.62f * half_height,
       tree.shape ^ 0x9e3779b9u);
  painter.Fill(Scaled(crown, 1.12f), SemanticClass::kTree);
}

void AddTreeShadow(const Tree& tree, PixelPoint at, Painter& painter) {
  const float radius = 0.9f * tree.crown_radius_m;
  const float shift = 0.5f * tree.trunk_m;
  const float x = at.u - painter.sun.x * shift, y = at.v - painter.sun.y * shift;
  Vec3f outline[8];
  static constexpr float kCos[8] = {1, 0.7071f, 0, -0.7071f, -1, -0.7071f, 0, 0.7071f};
  static constexpr float kSin[8] = {0, 0.7071f, 1, 0.7071f, 0, -0.7071f, -1, -0.7071f};
  for (int i = 0; i < 8; ++i) outline[i] = {x + radius * kCos[i], y + radius * kSin[i], 0.0f};
  painter.Add(outline);
}

}  // namespace volante
