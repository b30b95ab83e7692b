// Sky, skyline and ground of a frame: layers of exact coverage over one textured plane.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>

#include "render/camera_impl.h"
#include "render/texture_line.h"

namespace volante {

namespace {

constexpr float kGroundFar_m = 160.0f;
// At 84 px, where they are a tenth of a pixel or a level apart; farther in larger pictures.
constexpr float kMarkFar_m = 60.0f, kKerbFar_m = 45.0f, kSideFar_m = 110.0f;

// Of outlines on hills, where they are many: half a step of coverage, less than a level of gray.
constexpr float kThinnest_px = 0.5f / kFullAlpha;

struct Material {
  SemanticClass cls;
  float far_m;
};
constexpr std::array<Material, kGroundLayers + 1> kMaterials = {{
    {SemanticClass::kGround, kGroundFar_m},
    {SemanticClass::kSidewalk, kSideFar_m},
    {SemanticClass::kKerb, kKerbFar_m},
    {SemanticClass::kRoad, kSideFar_m},
    {SemanticClass::kRoad, kGroundFar_m},
    {SemanticClass::kMark, kMarkFar_m},
    {SemanticClass::kMark, kMarkFar_m},
    {SemanticClass::kGround, 0.0f},
}};

uint32_t TextureCoordinate(double metres) {
  const double turns = metres / kTexturePeriod_m;
  return static_cast<uint32_t>(static_cast<int64_t>((turns - std::floor(turns)) * 4294967296.0));
}

}  // namespace

void Camera::Impl::MakeRows() {
  const float finer = std::clamp(view.fx / 42.0f, 0.5f, 4.0f);
  for (size_t layer = 0; layer < kGroundLayers; ++layer) {
    layer_far_m[layer] = std::min(kMaterials[layer].far_m * finer, kGroundFar_m);
  }
  for (int k = 0; k < kHillPoints; ++k) {
    const float u = static_cast<float>(width) * static_cast<float>(k) / (kHillPoints - 1);
    hill_turns[static_cast<size_t>(k)] =
        std::atan2(view.cx - u, view.fx) / (2.0f * std::numbers::pi_v<float>);
  }
  rows.resize(static_cast<size_t>(height));
  sky.resize(static_cast<size_t>(height));
  first_ground_row = height;
  const bool flat_land = scene->impl().terrain.flat();
  for (int y = height - 1; y >= 0; --y) {
    const float q = (static_cast<float>(y) + 0.5f - view.cy) / view.fy;
    const float down = view.sin_pitch + q * view.cos_pitch;  // per metre of depth
    GroundRow& row = rows[static_cast<size_t>(y)];
    row = {};
    const float elevation = -down;
    sky[static_cast<size_t>(y)] = appearance.SkyAt(elevation);
    if (down <= 1e-3f) {
      row.haze = appearance.HazeAt(kGroundFar_m);  // ground that rises above the horizon is far
      continue;
    }
    first_ground_row = y;
    row.depth_m = view.height_m / down;
    row.forward_m = row.depth_m * (view.cos_pitch - q * view.sin_pitch);
    row.per_pixel_m = row.depth_m / view.fx;
    // Where the land rises or falls, a row's plane says less of how far it is.
    row.haze = appearance.HazeAt(flat_land ? row.depth_m : std::min(row.depth_m, kGroundFar_m));
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
  MakeShades();
}

void Camera::Impl::PaintSky(Painter& painter) {
  const Canvas& canvas = painter.canvas;
  const bool tilts = !scene->impl().terrain.flat();
  const int end = tilts || view.sin_roll != 0.0f ? height : first_ground_row;
  for (int y = 0; y < end; ++y) {
    Color c = sky[static_cast<size_t>(y)];
    if (tilts) {
      const float q = (static_cast<float>(y) + 0.5f - view.cy) / view.fy;
      c = appearance.SkyAt(-view.sin_pitch - q * view.cos_pitch);
    }
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
      case PictureMode::kDepth:
        break;  // the sky has none
    }
  }
  if (canvas.mode == PictureMode::kClasses) return;
  if (canvas.record != nullptr) {
    canvas.record->AddRows(0, end, width);
    canvas.record->EndPath(canvas.Interleaved(width, height));
  }
  PaintSunIn(end, painter);
  PaintHills(painter);
}

void Camera::Impl::PaintHills(Painter& painter) {
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
    outline[k] = {x, y, view.height_m + x * (a + (b - a) * part)};
  }
  outline[kHillPoints] = {1000.0f, outline[kHillPoints - 1].y, view.height_m - 2.0f};
  outline[kHillPoints + 1] = {1000.0f, outline[0].y, view.height_m - 2.0f};
  painter.Add(outline);
  painter.haze = appearance.hills_haze;
  painter.Fill(palette::kHills, SemanticClass::kSky);
}

void Camera::Impl::SampleTexture() {
  for (int y = first_ground_row; y < height; ++y) {
    const GroundRow& row = rows[static_cast<size_t>(y)];
    int8_t* out = texture.data() + static_cast<size_t>(y) * stride;
    if (row.level < 0) {
      std::memset(out, 0, static_cast<size_t>(width));
      continue;
    }
    const double step = static_cast<double>(row.per_pixel_m);
    const double side = (static_cast<double>(view.cx) - 0.5) * step;  // left of the axis
    const double x = view.position_m.x + view.heading_cos * row.forward_m - view.heading_sin * side;
    const double y0 =
        view.position_m.y + view.heading_sin * row.forward_m + view.heading_cos * side;
    const uint32_t tx = TextureCoordinate(x), ty = TextureCoordinate(y0);
    const double turns = 4294967296.0 / kTexturePeriod_m;
    const auto dx = static_cast<uint32_t>(static_cast<int64_t>(view.heading_sin * step * turns));
    const auto dy = static_cast<uint32_t>(static_cast<int64_t>(-view.heading_cos * step * turns));
    const TextureLine line{scene->impl().texture.levels[static_cast<size_t>(row.level)].data(),
                           GroundTexture::kBaseBits - row.level,
                           tx,
                           ty,
                           dx,
                           dy};
    SampleLine(line, out, width);
  }
}

// Grass up to the horizon, wherever that lies in a tilted picture.
void Camera::Impl::PaintFarGround(Painter& painter) {
  if (HasColors(painter.canvas.mode)) SampleTexture();
  const auto w = static_cast<float>(width), h = static_cast<float>(height);
  const auto horizon_at = [&](float u) {  // v where the line of sight is level
    const float side = (view.cx - u) / view.fx;
    // Level: x sin_pitch + z cos_pitch = 0 with z = v cos_roll - y sin_roll
    // (View::CameraFromLevel).
    const float down = (side * view.sin_roll * view.cos_pitch - view.sin_pitch) /
                       std::max(view.cos_roll * view.cos_pitch, 0.1f);
    return std::clamp(view.cy + view.fy * down, -1.0f, h + 1.0f);
  };
  const PixelPoint corners[4] = {{-1.0f, horizon_at(-1.0f)},
                                 {w + 1.0f, horizon_at(w + 1.0f)},
                                 {w + 1.0f, h + 1.0f},
                                 {-1.0f, h + 1.0f}};
  for (int i = 0; i < 4; ++i) raster.AddEdge(corners[i], corners[(i + 1) % 4]);
  if (painter.canvas.record != nullptr) painter.canvas.record->AddInPicture(corners);
  FillLayer(painter.canvas, kGroundLayers);
}

void Camera::Impl::PaintGround(Painter& painter) {
  const Canvas& canvas = painter.canvas;
  if (canvas.mode == PictureMode::kDepth) return;  // all of it lies in one plane: LayDepth
  const Scene::Impl& s = scene->impl();
  if (view.sin_roll != 0.0f) {
    PaintFarGround(painter);
  } else if (first_ground_row < height) {
    if (canvas.mode == PictureMode::kClasses) {
      const size_t at = static_cast<size_t>(first_ground_row) * stride;
      std::memset(canvas.planes[0] + at, static_cast<int>(SemanticClass::kGround),
                  static_cast<size_t>(stride) * height - at);
    } else {
      SampleTexture();
      for (int plane = 0; plane < (canvas.mode == PictureMode::kRgb ? 3 : 1); ++plane) {
        WithSink(canvas, kGrass, plane, [&](const auto& grass) {
          for (int y = first_ground_row; y < height; ++y) grass.Span(y, 0, stride, kFullAlpha);
        });
      }
      if (canvas.record != nullptr) {
        canvas.record->AddRows(first_ground_row, height, width);
        RecordLayer(*canvas.record, kGrass);
      }
    }
  }
  for (auto& pieces : visible_pieces) pieces.clear();
  s.piece_grid.ForEachInView(view, kGroundFar_m, [&](uint32_t index) {
    const GroundPiece& piece = s.pieces[index];
    const auto layer = static_cast<size_t>(piece.layer);
    const PixelPoint at = view.LevelFromWorld(piece.center_m);
    if (view.Sees(at, piece.radius_m, layer_far_m[layer]) &&
        !HiddenByBuildings(at, piece.radius_m, piece.base_m, piece.half_height_m)) {
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

void Camera::Impl::RecordLayer(PathRecord& into, int material) {
  const size_t size = static_cast<size_t>(stride) * static_cast<size_t>(height);
  std::vector<uint8_t> whole(3 * size);
  const Canvas canvas{
      PictureMode::kRgb, stride, {whole.data(), whole.data() + size, whole.data() + 2 * size}};
  for (int plane = 0; plane < 3; ++plane) {
    WithSink(canvas, material, plane, [&](const auto& sink) {
      for (int y = 0; y < height; ++y) sink.Span(y, 0, stride, kFullAlpha);
    });
  }
  into.EndPath(canvas.Interleaved(width, height));
}

void Camera::Impl::FillLayer(const Canvas& canvas, int material) {
  if (canvas.record != nullptr) RecordLayer(*canvas.record, material);
  switch (canvas.mode) {
    case PictureMode::kGray:
      WithSink(canvas, material, 0, [&](const auto& sink) { raster.Sweep(sink); });
      break;
    case PictureMode::kRgb:
      WithSink(canvas, material, 0, [&](const auto& red) {
        using Sink = std::decay_t<decltype(red)>;
        const auto of = [&](int plane) { return MakeSink<Sink>(canvas, material, plane); };
        const RgbSinks<Sink> sink{red, of(1), of(2)};
        raster.Sweep(sink);
      });
      break;
    case PictureMode::kClasses:
    case PictureMode::kDepth:
      canvas.Fill(raster, {}, kMaterials[static_cast<size_t>(material)].cls);
      break;
  }
}

void Camera::Impl::AddPiece(const GroundPiece& piece, Painter& painter) {
  const Scene::Impl& s = scene->impl();
  const PixelPoint center = view.LevelFromWorld(piece.center_m);
  const float distance = std::sqrt(center.u * center.u + center.v * center.v) - piece.radius_m;
  const float finest = std::max(distance, 0.0f) / (3.0f * view.fx);  // a third of a pixel
  size_t level = 0;
  while (level + 1 < kDetail_m.size() && kDetail_m[level + 1] < finest) ++level;
  const GroundPiece::Range range = piece.contours[level];
  const float base = view.LevelHeight(piece.base_m);
  for (uint32_t k = 0; k < range.count; ++k) {
    const Contour contour = s.contours[range.first + k];
    const float* x_m = s.point_x_m.data() + contour.first_point;
    const float* y_m = s.point_y_m.data() + contour.first_point;
    const auto count = static_cast<int>(contour.num_points);
    if (painter.canvas.record != nullptr) {
      const float* z_m = s.point_z_m.empty() ? nullptr : s.point_z_m.data() + contour.first_point;
      painter.canvas.record->AddOffsets(PathRecord::Kind::kGround, piece.center_m, piece.base_m,
                                        x_m, y_m, z_m, contour.num_points);
    }
    painter.triangles +=
        s.point_z_m.empty()
            ? AddGroundOutline(view, center, x_m, y_m, count, raster)
            : AddHillOutline(view, center, base, x_m, y_m, s.point_z_m.data() + contour.first_point,
                             count, raster, kThinnest_px);
    if (painter.canvas.mode == PictureMode::kDepth) FillPieceDepth(center, base, contour, painter);
  }
}

}  // namespace volante
