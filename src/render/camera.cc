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

constexpr float kGroundFar_m = 190.0f;
constexpr float kMarkFar_m = 120.0f, kKerbFar_m = 90.0f;
constexpr float kBuildingFar_m = 200.0f, kTreeFar_m = 110.0f, kVehicleFar_m = 160.0f;
constexpr float kShadowFar_m = 45.0f;
constexpr int kHillPoints = 22;

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
  const int8_t* texture;  // [height, width]
  const Shade* shades;    // [height]
  int width;

  static int Colored(Shade shade, int noise) {
    const int c = shade.base + ((noise * shade.grain) >> 7);
    return c < 0 ? 0 : c > 255 ? 255 : c;
  }
  void Pixel(int y, int x, int alpha) const {
    const size_t i = static_cast<size_t>(y) * width + x;
    const int old_value = plane[i];
    const int c = Colored(shades[y], texture[i]);
    plane[i] = static_cast<uint8_t>(old_value + (((c - old_value) * alpha + 64) >> 7));
  }
  void Span(int y, int begin, int end, int alpha) const {
    const size_t row = static_cast<size_t>(y) * width;
    const Shade shade = shades[y];
    uint8_t* out = plane + row;
    const int8_t* noise = texture + row;
    if (alpha == kFullAlpha) {
      for (int x = begin; x < end; ++x) {
        out[x] = static_cast<uint8_t>(Colored(shade, noise[x]));
      }
      return;
    }
    for (int x = begin; x < end; ++x) Pixel(y, x, alpha);
  }
};

struct GroundRgbSink {
  GroundSink r, g, b;
  void Pixel(int y, int x, int alpha) const {
    r.Pixel(y, x, alpha);
    g.Pixel(y, x, alpha);
    b.Pixel(y, x, alpha);
  }
  void Span(int y, int begin, int end, int alpha) const {
    r.Span(y, begin, end, alpha);
    g.Span(y, begin, end, alpha);
    b.Span(y, begin, end, alpha);
  }
};

struct Item {
  float key = 0.0f;  // power distance
  uint32_t index = 0;
  uint8_t kind = 0;  // 0 building, 1 tree, 2 vehicle
  PixelPoint at;
};

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
  int width, height, first_ground_row = 0;
  int triangles = 0;
  std::vector<GroundRow> rows;  // [height]
  std::vector<Color> sky;       // [height]
  // [materials][planes r, g, b, gray][height]; material kGroundLayers is grass
  std::array<std::array<std::vector<Shade>, 4>, kGroundLayers + 1> shades;
  std::vector<int8_t> texture;              // [height, width]
  std::array<std::vector<uint8_t>, 3> rgb;  // planes of the RGB picture, made on first use
  std::array<std::vector<uint32_t>, kGroundLayers> visible_pieces;
  std::vector<Item> items;
  std::array<float, kHillPoints> hill_turns{};  // azimuth of column k, in turns

  Impl(std::shared_ptr<const Scene> s, const CameraIntrinsics& intrinsics, const CameraMount& m)
      : scene(std::move(s)),
        mount(m),
        view(View::Make(intrinsics, m)),
        raster(intrinsics.width, intrinsics.height),
        width(intrinsics.width),
        height(intrinsics.height) {
    VOLANTE_CHECK(scene != nullptr, "a camera looks at a scene");
    MakeRows();
    texture.assign(static_cast<size_t>(width) * height, 0);
    for (auto& pieces : visible_pieces) pieces.reserve(512);
    items.reserve(1024);
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
          column[static_cast<size_t>(y)] = {static_cast<int16_t>(base),
                                            static_cast<int16_t>(grain + 0.5f)};
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

  void PaintSky(Painter& painter) {
    const Canvas& canvas = painter.canvas;
    for (int y = 0; y < first_ground_row; ++y) {
      const Color c = sky[static_cast<size_t>(y)];
      const size_t at = static_cast<size_t>(y) * width, n = static_cast<size_t>(width);
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
      int8_t* out = texture.data() + static_cast<size_t>(y) * width;
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
        const size_t at = static_cast<size_t>(first_ground_row) * width;
        std::memset(canvas.planes[0] + at, static_cast<int>(SemanticClass::kGround),
                    static_cast<size_t>(width) * height - at);
      } else {
        SampleTexture();
        for (int plane = 0; plane < (canvas.mode == PictureMode::kRgb ? 3 : 1); ++plane) {
          const GroundSink grass = SinkOf(canvas, kGroundLayers, plane);
          for (int y = first_ground_row; y < height; ++y) grass.Span(y, 0, width, kFullAlpha);
        }
      }
    }
    for (auto& pieces : visible_pieces) pieces.clear();
    s.piece_grid.ForEachInView(view, kGroundFar_m, [&](uint32_t index) {
      const GroundPiece& piece = s.pieces[index];
      const auto layer = static_cast<size_t>(piece.layer);
      if (view.Sees(view.LevelFromWorld(piece.center_m), piece.radius_m, kMaterials[layer].far_m)) {
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
            shades[static_cast<size_t>(material)][static_cast<size_t>(column)].data(), width};
  }

  void FillLayer(const Canvas& canvas, int layer) {
    switch (canvas.mode) {
      case PictureMode::kGray: {
        const GroundSink sink = SinkOf(canvas, layer, 0);
        raster.Sweep(sink);
        break;
      }
      case PictureMode::kRgb: {
        const GroundRgbSink sink{SinkOf(canvas, layer, 0), SinkOf(canvas, layer, 1),
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
    Vec3f outline[kMaxOutline];
    for (uint32_t k = 0; k < piece.num_contours; ++k) {
      const Contour contour = s.contours[piece.first_contour + k];
      for (uint32_t i = 0; i < contour.num_points; ++i) {
        const PixelPoint p = s.points[contour.first_point + i];
        outline[i] = view.CameraFromLevel(
            {center.u + (view.cos_heading * p.u + view.sin_heading * p.v),
             center.v + (view.cos_heading * p.v - view.sin_heading * p.u), 0.0f});
      }
      painter.triangles += AddOutline(view, {outline, contour.num_points}, raster);
    }
  }

  void CollectItems(std::span<const VehicleState> vehicles) {
    const Scene::Impl& s = scene->impl();
    items.clear();
    const auto add = [&](Vec2 center, float radius, float far_m, uint32_t index, uint8_t kind) {
      const PixelPoint at = view.LevelFromWorld(center);
      if (!view.Sees(at, radius, far_m)) return;
      items.push_back({at.u * at.u + at.v * at.v - radius * radius, index, kind, at});
    };
    s.building_grid.ForEachInView(view, kBuildingFar_m, [&](uint32_t i) {
      add(s.buildings[i].center_m, s.buildings[i].radius_m, kBuildingFar_m, i, 0);
    });
    s.tree_grid.ForEachInView(view, kTreeFar_m, [&](uint32_t i) {
      add(s.trees[i].center_m, s.trees[i].crown_radius_m, kTreeFar_m, i, 1);
    });
    for (size_t i = 0; i < vehicles.size(); ++i) {
      const VehicleState& v = vehicles[i];
      const auto radius =
          static_cast<float>(0.5 * std::sqrt(v.length_m * v.length_m + v.width_m * v.width_m));
      add(v.position_m, radius, kVehicleFar_m, static_cast<uint32_t>(i), 2);
    }
    std::sort(items.begin(), items.end(), [](const Item& a, const Item& b) {
      if (a.key != b.key) return a.key > b.key;
      return a.kind != b.kind ? a.kind < b.kind : a.index < b.index;
    });
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
  impl_->Render(ego_pose, vehicles,
                {PictureMode::kGray, impl_->width, impl_->height, {gray, nullptr, nullptr}});
}

void Camera::RenderClasses(const Pose2& ego_pose, std::span<const VehicleState> vehicles,
                           uint8_t* classes) {
  impl_->Render(ego_pose, vehicles,
                {PictureMode::kClasses, impl_->width, impl_->height, {classes, nullptr, nullptr}});
}

void Camera::RenderRgb(const Pose2& ego_pose, std::span<const VehicleState> vehicles,
                       uint8_t* rgb) {
  const size_t pixels = static_cast<size_t>(impl_->width) * impl_->height;
  for (auto& plane : impl_->rgb) plane.resize(pixels);
  uint8_t *r = impl_->rgb[0].data(), *g = impl_->rgb[1].data(), *b = impl_->rgb[2].data();
  impl_->Render(ego_pose, vehicles, {PictureMode::kRgb, impl_->width, impl_->height, {r, g, b}});
  for (size_t i = 0; i < pixels; ++i) {
    rgb[3 * i] = r[i];
    rgb[3 * i + 1] = g[i];
    rgb[3 * i + 2] = b[i];
  }
}

int Camera::last_triangles() const { return impl_->triangles; }

}  // namespace volante
