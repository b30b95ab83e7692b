// One frame: sky, ground layers by exact coverage, shadows, then solids far to near.
// Flat ground needs no depth buffer: its layers are painted in order, and solids that stand on it
// without overlapping are sorted by their discs' power distance (d^2 - r^2), which is a correct
// depth order for disjoint discs (Edelsbrunner, "An acyclicity theorem for cell complexes").
#include "render/camera.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <numbers>

#include "base/error.h"
#include "render/canvas.h"
#include "render/objects.h"
#include "render/scene_impl.h"

namespace volante {

namespace {

constexpr float kGroundFar_m = 160.0f;
constexpr float kMarkFar_m = 80.0f, kKerbFar_m = 60.0f;  // at 84 px; farther in larger pictures
constexpr float kBuildingFar_m = 200.0f, kTreeFar_m = 110.0f, kVehicleFar_m = 160.0f;
constexpr float kShadowFar_m = 45.0f;
constexpr int kHillPoints = 15;

// What the ground is made of: brightness varies with the texture by `grain` of 127.
struct Material {
  Color color;
  float grain;
  SemanticClass cls;
  float far_m;
};

constexpr Material kGrassMaterial{palette::kGrass, 24.0f, SemanticClass::kGround, 0.0f};
constexpr std::array<Material, kGroundLayers> kMaterials = {{
    {palette::kSidewalk, 9.0f, SemanticClass::kSidewalk, kGroundFar_m},
    {palette::kKerb, 5.0f, SemanticClass::kKerb, kKerbFar_m},
    {palette::kShoulder, 13.0f, SemanticClass::kRoad, kGroundFar_m},
    {palette::kRoad, 13.0f, SemanticClass::kRoad, kGroundFar_m},
    {palette::kWhiteMark, 10.0f, SemanticClass::kMark, kMarkFar_m},
    {palette::kYellowMark, 10.0f, SemanticClass::kMark, kMarkFar_m},
}};

// One picture row below the horizon.
struct GroundRow {
  float depth_m = 0.0f;      // along the optical axis
  float forward_m = 0.0f;    // level frame
  float per_pixel_m = 0.0f;  // to the side
  int level = -1;            // of the texture; -1: none
  float haze = 0.0f;
};

// Base and grain of a material in one row and plane.
struct Shade {
  int16_t base = 0, grain = 0;
};

struct GroundSink {
  uint8_t* plane;
  const int8_t* texture;  // [height, stride]
  const Shade* shades;    // [height]
  int stride;

  static __m128i Colored(const int8_t* noise, __m128i base, __m128i grain) {
    const __m128i n = _mm_cvtepi8_epi16(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(noise)));
    return _mm_add_epi16(base, _mm_srai_epi16(_mm_mullo_epi16(n, grain), 7));
  }
  void Block(int y, int x, __m128i alphas) const {
    const size_t i = static_cast<size_t>(y) * stride + x;
    const __m128i base = _mm_set1_epi16(shades[y].base), grain = _mm_set1_epi16(shades[y].grain);
    StorePixels(plane + i, Blend(LoadPixels(plane + i), Colored(texture + i, base, grain), alphas));
  }
  void Span(int y, int begin, int end, int alpha) const {
    const size_t row = static_cast<size_t>(y) * stride;
    const __m128i base = _mm_set1_epi16(shades[y].base), grain = _mm_set1_epi16(shades[y].grain);
    const __m128i alphas = _mm_set1_epi16(static_cast<int16_t>(alpha));
    for (int x = begin; x < end; x += kBlock) {
      const __m128i colors = Colored(texture + row + x, base, grain);
      uint8_t* p = plane + row + x;
      StorePixels(p, alpha == kFullAlpha ? colors : Blend(LoadPixels(p), colors, alphas));
    }
  }
};

struct Item {
  float key = 0.0f;  // power distance
  uint32_t index = 0;
  uint8_t kind = 0;  // 0 building, 1 tree, 2 vehicle
  PixelPoint at;     // level frame
  float radius = 0.0f, top_m = 0.0f;
};

constexpr int kColumns = 96;  // of the occlusion test

uint32_t TextureCoordinate(double metres) {
  const double turns = metres / kTexturePeriod_m;
  return static_cast<uint32_t>(static_cast<int64_t>((turns - std::floor(turns)) * 4294967296.0));
}

}  // namespace

CameraIntrinsics CameraIntrinsics::ForPeople(int width, int height) {
  CameraIntrinsics k;
  k.width = width;
  k.height = height;
  k.fx_px = k.fy_px = 0.5 * width;
  k.cx_px = 0.5 * width;
  k.cy_px = 0.5 * height;
  return k;
}

struct Camera::Impl {
  std::shared_ptr<const Scene> scene;
  CameraMount mount;
  View view;
  CoverageRaster raster;
  int width, height, stride, first_ground_row = 0;
  int triangles = 0;
  std::vector<GroundRow> rows;  // [height]
  std::vector<Color> sky;       // [height]
  // [materials][planes r, g, b, gray][height]; material kGroundLayers is grass
  std::array<std::array<std::vector<Shade>, 4>, kGroundLayers + 1> shades;
  std::vector<int8_t> texture;                 // [height, stride]
  std::array<std::vector<uint8_t>, 3> planes;  // [height, stride]; the others on first use
  std::array<std::vector<uint32_t>, kGroundLayers> visible_pieces;
  std::vector<Item> items;
  std::array<float, kGroundLayers> layer_far_m{};
  std::array<float, kHillPoints> hill_turns{};  // azimuth of column k, in turns

  Impl(std::shared_ptr<const Scene> s, const CameraIntrinsics& intrinsics, const CameraMount& m)
      : scene(std::move(s)),
        mount(m),
        view(View::Make(intrinsics, m)),
        raster(intrinsics.width, intrinsics.height),
        width(intrinsics.width),
        height(intrinsics.height),
        stride(PaddedWidth(intrinsics.width)) {
    VOLANTE_CHECK(scene != nullptr, "a camera looks at a scene");
    MakeRows();
    texture.assign(static_cast<size_t>(stride) * height, 0);
    planes[0].assign(static_cast<size_t>(stride) * height, 0);
    for (auto& pieces : visible_pieces) pieces.reserve(512);
    items.reserve(1024);
    const float finer = std::clamp(view.fx / 42.0f, 0.5f, 4.0f);
    for (size_t layer = 0; layer < kGroundLayers; ++layer) {
      layer_far_m[layer] = std::min(kMaterials[layer].far_m * finer, kGroundFar_m);
    }
    for (int k = 0; k < kHillPoints; ++k) {
      const float u = static_cast<float>(width) * static_cast<float>(k) / (kHillPoints - 1);
      hill_turns[static_cast<size_t>(k)] =
          std::atan2(view.cx - u, view.fx) / (2.0f * std::numbers::pi_v<float>);
    }
  }

  void MakeRows() {
    rows.resize(static_cast<size_t>(height));
    sky.resize(static_cast<size_t>(height));
    first_ground_row = height;
    for (int y = height - 1; y >= 0; --y) {
      const float q = (static_cast<float>(y) + 0.5f - view.cy) / view.fy;
      const float down = view.sin_pitch + q * view.cos_pitch;  // per metre of depth
      GroundRow& row = rows[static_cast<size_t>(y)];
      const float elevation = std::clamp(-down, 0.0f, 1.0f);
      sky[static_cast<size_t>(y)] =
          Mix(palette::kHorizon, palette::kZenith, std::min(1.0f, 1.35f * std::sqrt(elevation)));
      if (down <= 1e-3f) continue;
      first_ground_row = y;
      row.depth_m = view.height_m / down;
      row.forward_m = row.depth_m * (view.cos_pitch - q * view.sin_pitch);
      row.per_pixel_m = row.depth_m / view.fx;
      row.haze = HazeAt(row.depth_m);
      const float deep = row.depth_m * row.depth_m / (view.fy * view.height_m);
      float texel = static_cast<float>(kTexturePeriod_m) / (1 << GroundTexture::kBaseBits);
      int level = 0;
      const float wanted = std::max(row.per_pixel_m, 0.5f * deep);
      while (level < GroundTexture::kLevels && texel * 1.42f < wanted) {
        texel *= 2.0f;
        ++level;
      }
      row.level = level < GroundTexture::kLevels ? level : -1;
    }
    for (int m = 0; m <= kGroundLayers; ++m) {
      const Material& material =
          m == kGroundLayers ? kGrassMaterial : kMaterials[static_cast<size_t>(m)];
      for (int plane = 0; plane < 4; ++plane) {
        auto& column = shades[static_cast<size_t>(m)][static_cast<size_t>(plane)];
        column.resize(static_cast<size_t>(height));
        for (int y = first_ground_row; y < height; ++y) {
          const float haze = rows[static_cast<size_t>(y)].haze;
          const Color c = Mix(material.color, palette::kHorizon, haze);
          const int base = plane == 0   ? ToByte(c.r)
                           : plane == 1 ? ToByte(c.g)
                           : plane == 2 ? ToByte(c.b)
                                        : GrayOf(c);
          const float grain = material.grain * (1.0f - haze);
          // Kept within a byte for every texel, so that spans need no clamp.
          const int swing = static_cast<int>(grain + 0.5f);
          column[static_cast<size_t>(y)] = {
              static_cast<int16_t>(std::clamp(base, swing, 255 - swing)),
              static_cast<int16_t>(swing)};
        }
      }
    }
  }

  void Render(const Pose2& ego_pose, std::span<const VehicleState> vehicles, Canvas canvas) {
    VOLANTE_CHECK(std::isfinite(ego_pose.position_m.x) && std::isfinite(ego_pose.position_m.y) &&
                      std::isfinite(ego_pose.heading_rad),
                  "a camera stands at a finite pose");
    view.MoveTo(ego_pose, mount);
    Painter painter{view, raster, canvas, {}, 0, 0.0f};
    const float sx = kSunElevationCos * kSunAzimuthCos, sy = kSunElevationCos * kSunAzimuthSin;
    painter.sun = {view.cos_heading * sx + view.sin_heading * sy,
                   view.cos_heading * sy - view.sin_heading * sx, kSunElevationSin};
    PaintSky(painter);
    PaintGround(painter);
    CollectItems(vehicles);
    if (canvas.mode != PictureMode::kClasses) PaintShadows(vehicles, painter);
    PaintItems(vehicles, painter);
    triangles = painter.triangles;
  }

  void RenderPlane(PictureMode mode, const Pose2& ego_pose, std::span<const VehicleState> vehicles,
                   uint8_t* out) {
    uint8_t* plane = planes[0].data();
    Render(ego_pose, vehicles, {mode, stride, {plane, nullptr, nullptr}});
    for (int y = 0; y < height; ++y) {
      std::memcpy(out + static_cast<size_t>(y) * width, plane + static_cast<size_t>(y) * stride,
                  static_cast<size_t>(width));
    }
  }

  void PaintSky(Painter& painter) {
    const Canvas& canvas = painter.canvas;
    for (int y = 0; y < first_ground_row; ++y) {
      const Color c = sky[static_cast<size_t>(y)];
      const size_t at = static_cast<size_t>(y) * stride, n = static_cast<size_t>(stride);
      switch (canvas.mode) {
        case PictureMode::kGray:
          std::memset(canvas.planes[0] + at, GrayOf(c), n);
          break;
        case PictureMode::kRgb:
          std::memset(canvas.planes[0] + at, ToByte(c.r), n);
          std::memset(canvas.planes[1] + at, ToByte(c.g), n);
          std::memset(canvas.planes[2] + at, ToByte(c.b), n);
          break;
        case PictureMode::kClasses:
          std::memset(canvas.planes[0] + at, 0, n);
          break;
      }
    }
    if (canvas.mode != PictureMode::kClasses) PaintHills(painter);
  }

  // A far skyline by azimuth: it turns with the car, so that turning is visible everywhere.
  void PaintHills(Painter& painter) {
    const double turn = std::atan2(view.heading_sin, view.heading_cos) / (2.0 * std::numbers::pi);
    const auto& heights = scene->impl().hills;
    constexpr int kCount = Scene::Impl::kHillSamples;
    Vec3f outline[kHillPoints + 2];
    for (int k = 0; k < kHillPoints; ++k) {
      const float share = static_cast<float>(k) / (kHillPoints - 1);
      const float u = static_cast<float>(width) * share;
      double at = (turn + hill_turns[static_cast<size_t>(k)] + 2.0) * kCount;
      const auto whole = static_cast<int>(at);
      const auto part = static_cast<float>(at - whole);
      const float a = heights[static_cast<size_t>(whole % kCount)];
      const float b = heights[static_cast<size_t>((whole + 1) % kCount)];
      // A point at level distance 1000 m in this column.
      const float x = 1000.0f, y = x * (view.cx - u) / view.fx;
      outline[k] = view.CameraFromLevel({x, y, view.height_m + x * (a + (b - a) * part)});
    }
    outline[kHillPoints] =
        view.CameraFromLevel({1000.0f, outline[kHillPoints - 1].y, view.height_m - 2.0f});
    outline[kHillPoints + 1] = view.CameraFromLevel({1000.0f, outline[0].y, view.height_m - 2.0f});
    painter.triangles += AddOutline(view, outline, raster);
    painter.haze = 0.35f;
    painter.Fill(palette::kHills, SemanticClass::kSky);
  }

  // Samples the texture once for the whole ground; all layers share it.
  void SampleTexture() {
    for (int y = first_ground_row; y < height; ++y) {
      const GroundRow& row = rows[static_cast<size_t>(y)];
      int8_t* out = texture.data() + static_cast<size_t>(y) * stride;
      if (row.level < 0) {
        std::memset(out, 0, static_cast<size_t>(width));
        continue;
      }
      const double step = static_cast<double>(row.per_pixel_m);
      const double side = (static_cast<double>(view.cx) - 0.5) * step;  // left of the axis
      const double x =
          view.position_m.x + view.heading_cos * row.forward_m - view.heading_sin * side;
      const double y0 =
          view.position_m.y + view.heading_sin * row.forward_m + view.heading_cos * side;
      uint32_t tx = TextureCoordinate(x), ty = TextureCoordinate(y0);
      const double turns = 4294967296.0 / kTexturePeriod_m;
      const auto dx = static_cast<uint32_t>(static_cast<int64_t>(view.heading_sin * step * turns));
      const auto dy = static_cast<uint32_t>(static_cast<int64_t>(-view.heading_cos * step * turns));
      const int bits = GroundTexture::kBaseBits - row.level, shift = 32 - bits;
      const int8_t* texels = scene->impl().texture.levels[static_cast<size_t>(row.level)].data();
      for (int u = 0; u < width; ++u) {
        out[u] = texels[((ty >> shift) << bits) | (tx >> shift)];
        tx += dx;
        ty += dy;
      }
    }
  }

  void PaintGround(Painter& painter) {
    const Canvas& canvas = painter.canvas;
    const Scene::Impl& s = scene->impl();
    if (first_ground_row < height) {
      if (canvas.mode == PictureMode::kClasses) {
        const size_t at = static_cast<size_t>(first_ground_row) * stride;
        std::memset(canvas.planes[0] + at, static_cast<int>(SemanticClass::kGround),
                    static_cast<size_t>(stride) * height - at);
      } else {
        SampleTexture();
        for (int plane = 0; plane < (canvas.mode == PictureMode::kRgb ? 3 : 1); ++plane) {
          const GroundSink grass = SinkOf(canvas, kGroundLayers, plane);
          for (int y = first_ground_row; y < height; ++y) grass.Span(y, 0, stride, kFullAlpha);
        }
      }
    }
    for (auto& pieces : visible_pieces) pieces.clear();
    s.piece_grid.ForEachInView(view, kGroundFar_m, [&](uint32_t index) {
      const GroundPiece& piece = s.pieces[index];
      const auto layer = static_cast<size_t>(piece.layer);
      if (view.Sees(view.LevelFromWorld(piece.center_m), piece.radius_m, layer_far_m[layer])) {
        visible_pieces[layer].push_back(index);
      }
    });
    for (int layer = 0; layer < kGroundLayers; ++layer) {
      for (const uint32_t index : visible_pieces[static_cast<size_t>(layer)]) {
        AddPiece(s.pieces[index], painter);
      }
      FillLayer(canvas, layer);
    }
  }

  GroundSink SinkOf(const Canvas& canvas, int material, int plane) const {
    const int column = canvas.mode == PictureMode::kRgb ? plane : 3;
    return {canvas.planes[plane], texture.data(),
            shades[static_cast<size_t>(material)][static_cast<size_t>(column)].data(), stride};
  }

  void FillLayer(const Canvas& canvas, int layer) {
    switch (canvas.mode) {
      case PictureMode::kGray: {
        const GroundSink sink = SinkOf(canvas, layer, 0);
        raster.Sweep(sink);
        break;
      }
      case PictureMode::kRgb: {
        const RgbSinks<GroundSink> sink{SinkOf(canvas, layer, 0), SinkOf(canvas, layer, 1),
                                        SinkOf(canvas, layer, 2)};
        raster.Sweep(sink);
        break;
      }
      case PictureMode::kClasses:
        canvas.Fill(raster, {}, kMaterials[static_cast<size_t>(layer)].cls);
        break;
    }
  }

  void AddPiece(const GroundPiece& piece, Painter& painter) {
    const Scene::Impl& s = scene->impl();
    const PixelPoint center = view.LevelFromWorld(piece.center_m);
    const float distance = std::sqrt(center.u * center.u + center.v * center.v) - piece.radius_m;
    const float finest = std::max(distance, 0.0f) / (3.0f * view.fx);  // a third of a pixel
    size_t level = 0;
    while (level + 1 < kDetail_m.size() && kDetail_m[level + 1] < finest) ++level;
    const GroundPiece::Range range = piece.contours[level];
    for (uint32_t k = 0; k < range.count; ++k) {
      const Contour contour = s.contours[range.first + k];
      painter.triangles += AddGroundOutline(view, center, s.point_x_m.data() + contour.first_point,
                                            s.point_y_m.data() + contour.first_point,
                                            static_cast<int>(contour.num_points), raster);
    }
  }

  // Drops what stands wholly behind nearer buildings. Columns of the picture remember how high the
  // buildings before them reach; a building starts on the ground, so nothing shows below it.
  void DropHidden() {
    std::array<float, kColumns> covered;  // v above which nothing is covered yet
    covered.fill(static_cast<float>(height) + 1e6f);
    const float columns_per_px = static_cast<float>(kColumns) / static_cast<float>(width);
    size_t kept = items.size();
    for (size_t i = items.size(); i-- > 0;) {  // near to far
      const Item item = items[i];
      if (item.at.u - item.radius > kNearDepth_m) {
        const float near = item.at.u - item.radius;
        const float far = item.at.u + item.radius;
        const float left = item.at.v + item.radius, right = item.at.v - item.radius;
        const float u0 = view.cx - view.fx * left / (left > 0.0f ? near : far);
        const float u1 = view.cx - view.fx * right / (right > 0.0f ? far : near);
        const float rise = item.top_m - view.height_m;
        const float top = rise > 0.0f ? view.cy - view.fy * rise / near : view.cy;
        const int c0 =
            std::clamp(static_cast<int>(std::max(u0 * columns_per_px, 0.0f)), 0, kColumns);
        const int c1 =
            std::clamp(static_cast<int>(std::min(u1 * columns_per_px, 1e6f)) + 1, 0, kColumns);
        bool hidden = true;
        for (int c = c0; c < c1 && hidden; ++c) hidden = covered[static_cast<size_t>(c)] < top;
        if (hidden) continue;
        if (item.kind == 0)
          CoverColumns(scene->impl().buildings[item.index], item.at, columns_per_px, covered);
      }
      items[--kept] = item;
    }
    items.erase(items.begin(), items.begin() + static_cast<std::ptrdiff_t>(kept));
  }

  // The columns that a building's walls fill, up to their lowest point on the screen.
  void CoverColumns(const Building& b, PixelPoint at, float columns_per_px,
                    std::array<float, kColumns>& covered) const {
    const float ux = b.cos_heading * view.cos_heading + b.sin_heading * view.sin_heading;
    const float uy = b.sin_heading * view.cos_heading - b.cos_heading * view.sin_heading;
    float low_u = 1e30f, high_u = -1e30f, deepest = 0.0f;
    for (int i = 0; i < 4; ++i) {
      const float l = i < 2 ? b.half_length_m : -b.half_length_m;
      const float d = i % 3 == 0 ? b.half_depth_m : -b.half_depth_m;
      const float x = at.u + ux * l - uy * d, y = at.v + uy * l + ux * d;
      if (x < kNearDepth_m) return;
      const float u = view.cx - view.fx * y / x;
      low_u = std::min(low_u, u);
      high_u = std::max(high_u, u);
      deepest = std::max(deepest, x);
    }
    const float top = view.cy - view.fy * (b.height_m - view.height_m) / deepest;
    const int c0 = std::clamp(static_cast<int>(std::ceil(std::max(low_u * columns_per_px, 0.0f))),
                              0, kColumns);
    const int c1 = std::clamp(
        static_cast<int>(std::max(std::min(high_u * columns_per_px, 1e6f), 0.0f)), 0, kColumns);
    for (int c = c0; c < c1; ++c) {
      float& here = covered[static_cast<size_t>(c)];
      here = std::min(here, top);
    }
  }

  void CollectItems(std::span<const VehicleState> vehicles) {
    const Scene::Impl& s = scene->impl();
    items.clear();
    const auto add = [&](Vec2 center, float radius, float top_m, float far_m, uint32_t index,
                         uint8_t kind) {
      const PixelPoint at = view.LevelFromWorld(center);
      if (!view.Sees(at, radius, far_m)) return;
      items.push_back(
          {at.u * at.u + at.v * at.v - radius * radius, index, kind, at, radius, top_m});
    };
    s.building_grid.ForEachInView(view, kBuildingFar_m, [&](uint32_t i) {
      const Building& b = s.buildings[i];
      add(b.center_m, b.radius_m, b.height_m + b.roof_m, kBuildingFar_m, i, 0);
    });
    s.tree_grid.ForEachInView(view, kTreeFar_m, [&](uint32_t i) {
      const Tree& t = s.trees[i];
      add(t.center_m, t.crown_radius_m, t.trunk_m + t.crown_height_m, kTreeFar_m, i, 1);
    });
    for (size_t i = 0; i < vehicles.size(); ++i) {
      const VehicleState& v = vehicles[i];
      const auto radius =
          static_cast<float>(0.5 * std::sqrt(v.length_m * v.length_m + v.width_m * v.width_m));
      add(v.position_m, radius, static_cast<float>(v.height_m), kVehicleFar_m,
          static_cast<uint32_t>(i), 2);
    }
    std::sort(items.begin(), items.end(), [](const Item& a, const Item& b) {
      if (a.key != b.key) return a.key > b.key;
      return a.kind != b.kind ? a.kind < b.kind : a.index < b.index;
    });
    if (view.sin_pitch == 0.0f) DropHidden();
  }

  void PaintShadows(std::span<const VehicleState> vehicles, Painter& painter) {
    const Scene::Impl& s = scene->impl();
    for (const Item& item : items) {
      if (item.kind == 0 || item.at.u > kShadowFar_m) continue;
      if (item.kind == 1) AddTreeShadow(s.trees[item.index], item.at, painter);
      if (item.kind == 2) AddVehicleShadow(vehicles[item.index], item.at, painter);
    }
    painter.haze = 0.0f;
    painter.Fill({20, 21, 26}, SemanticClass::kRoad, 0.5f);
  }

  void PaintItems(std::span<const VehicleState> vehicles, Painter& painter) {
    const Scene::Impl& s = scene->impl();
    for (const Item& item : items) {
      painter.haze = HazeAt(std::sqrt(item.at.u * item.at.u + item.at.v * item.at.v));
      switch (item.kind) {
        case 0:
          PaintBuilding(s.buildings[item.index], item.at, painter);
          break;
        case 1:
          PaintTree(s.trees[item.index], item.at, painter);
          break;
        default:
          PaintVehicle(vehicles[item.index], item.at, painter);
          break;
      }
    }
  }
};

Camera::Camera(std::shared_ptr<const Scene> scene, const CameraIntrinsics& intrinsics,
               const CameraMount& mount)
    : impl_(std::make_unique<Impl>(std::move(scene), intrinsics, mount)) {}
Camera::~Camera() = default;

void Camera::RenderGray(const Pose2& ego_pose, std::span<const VehicleState> vehicles,
                        uint8_t* gray) {
  impl_->RenderPlane(PictureMode::kGray, ego_pose, vehicles, gray);
}

void Camera::RenderClasses(const Pose2& ego_pose, std::span<const VehicleState> vehicles,
                           uint8_t* classes) {
  impl_->RenderPlane(PictureMode::kClasses, ego_pose, vehicles, classes);
}

void Camera::RenderRgb(const Pose2& ego_pose, std::span<const VehicleState> vehicles,
                       uint8_t* rgb) {
  Impl& s = *impl_;
  for (auto& plane : s.planes) plane.resize(static_cast<size_t>(s.stride) * s.height);
  uint8_t* const planes[3] = {s.planes[0].data(), s.planes[1].data(), s.planes[2].data()};
  s.Render(ego_pose, vehicles, {PictureMode::kRgb, s.stride, {planes[0], planes[1], planes[2]}});
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
