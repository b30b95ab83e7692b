// Ground that is not flat, and bridges over it.
// The land and the roads on it are one surface over the plane: nothing of it hides another part but
// by standing before it. So its layers are painted as on flat ground, after everything that lies
// wholly behind nearer land has been dropped: per column of the picture, how high the land up to
// here reaches (a floating horizon; Wright, "A two-space solution to the hidden line problem",
// 1973). What faces away from the camera (the far side of a crest) is dropped outline by outline.
#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "render/camera_impl.h"

namespace volante {

namespace {

constexpr float kLandFar_m = 200.0f;
constexpr Color kConcrete{150, 148, 142}, kConcreteShade{96, 95, 92};
constexpr float kGirder_m = 1.1f, kParapet_m = 0.9f;
enum : uint32_t { kLand, kPiece, kItem };  // what an entry of `order` names

// Distances in steps of 2 m: land at the end of the step in which it ends, what it may hide at the
// beginning of the step in which that begins, so that nothing is hidden by what is not before it.
constexpr float kStep_m = 2.0f;
uint32_t Step(float begin_m) {
  return 2 * static_cast<uint32_t>(std::clamp(begin_m, 0.0f, 2.0f * kLandFar_m) / kStep_m) + 1;
}
uint32_t StepOfLand(float end_m) { return Step(end_m) + 1; }
uint64_t Entry(uint32_t step, uint32_t kind, size_t index) {
  return uint64_t{step} << 32 | kind << 29 | static_cast<uint32_t>(index);
}

// By step, and as they came within one.
void SortBySteps(const std::vector<uint64_t>& from, std::vector<uint64_t>& to) {
  std::array<uint32_t, 2 * static_cast<size_t>(2.0f * kLandFar_m / kStep_m) + 4> ends{};
  for (const uint64_t entry : from) ++ends[entry >> 32];
  uint32_t sum = 0;
  for (uint32_t& end : ends) end = std::exchange(sum, sum + end);
  to.resize(from.size());
  for (const uint64_t entry : from) to[ends[entry >> 32]++] = entry;
}

float Length(PixelPoint p) { return std::sqrt(p.u * p.u + p.v * p.v); }

}  // namespace

// Conservative: false where it is not certain.
bool Camera::Impl::HiddenByLand(PixelPoint at, float radius_m, float top_m) const {
  const float near = at.u - radius_m, far = at.u + radius_m;
  if (near < 2.0f) return false;
  const float left = at.v + radius_m, right = at.v - radius_m;
  const float per_px = static_cast<float>(kOcclusionColumns) / static_cast<float>(width);
  const float slack_u = view.fx * std::abs(view.sin_roll) + 1.0f;
  const float u0 = view.cx - view.fx * left / (left > 0.0f ? near : far) - slack_u;
  const float u1 = view.cx - view.fx * right / (right > 0.0f ? far : near) + slack_u;
  float top = 1e6f;
  for (const float x : {near, far}) {
    const float rise = top_m - view.height_m;
    const float depth = x * view.cos_pitch - rise * view.sin_pitch;
    if (depth < kNearDepth_m) return false;
    top = std::min(top, view.cy - view.fy * (x * view.sin_pitch + rise * view.cos_pitch) / depth);
  }
  top -= 1.5f * view.fy * std::abs(view.sin_roll) + 0.5f;
  const int c0 = std::clamp(static_cast<int>(std::max(u0 * per_px, 0.0f)), 0, kOcclusionColumns);
  const int c1 =
      std::clamp(static_cast<int>(std::min(u1 * per_px, 1e6f)) + 1, 0, kOcclusionColumns);
  for (int c = c0; c < c1; ++c) {
    if (land_top[static_cast<size_t>(c)] >= top) return false;
  }
  return true;
}

void Camera::Impl::CoverByLand(const LandCell& cell) {
  const PixelPoint center = view.LevelFromWorld(cell.center_m);
  const float base = view.LevelHeight(cell.base_m);
  PixelPoint corners[4];
  for (size_t k = 0; k < 4; ++k) {
    const Vec3f p = view.CameraFromLevel(
        {center.u + view.cos_heading * cell.x_m[k] + view.sin_heading * cell.y_m[k],
         center.v + view.cos_heading * cell.y_m[k] - view.sin_heading * cell.x_m[k],
         base + cell.z_m[k]});
    if (p.x < kNearDepth_m) return;
    corners[k] = view.Project(p);
  }
  float area = 0.0f;
  for (size_t k = 0; k < 4; ++k) {
    const PixelPoint a = corners[k], b = corners[(k + 1) % 4];
    area += a.u * b.v - b.u * a.v;
  }
  if (area >= 0.0f) return;  // seen from below: the far side of a crest
  const float per_px = static_cast<float>(kOcclusionColumns) / static_cast<float>(width);
  for (size_t k = 0; k < 4; ++k) {
    PixelPoint a = corners[k], b = corners[(k + 1) % 4];
    if (a.u > b.u) std::swap(a, b);
    const float from = a.u * per_px, to = b.u * per_px;
    const int c0 = static_cast<int>(std::ceil(std::clamp(from, 0.0f, 1e6f)));
    const int c1 = std::min(static_cast<int>(std::clamp(to, -1.0f, 1e6f)), kOcclusionColumns - 1);
    if (c0 > c1) continue;
    const float slope = (b.v - a.v) / std::max(to - from, 1e-6f);
    for (int c = c0; c <= c1; ++c) {
      float& top = land_top[static_cast<size_t>(c)];
      top = std::min(top, a.v + slope * (static_cast<float>(c) - from));
    }
  }
}

void Camera::Impl::FindVisibleLand(bool below_horizon) {
  const Scene::Impl& s = scene->impl();
  order.clear();
  visible_land.clear();
  for (auto& pieces : visible_pieces) pieces.clear();
  for (auto& pieces : deck_pieces) pieces.clear();
  s.land_grid.ForEachInView(view, kLandFar_m, [&](uint32_t i) {
    const LandCell& cell = s.land[i];
    if (!cell.hides) return;
    const PixelPoint at = view.LevelFromWorld(cell.center_m);
    if (view.Sees(at, cell.radius_m, kLandFar_m)) {
      order.push_back(Entry(StepOfLand(Length(at) + cell.radius_m), kLand, i));
    }
  });
  s.piece_grid.ForEachInView(view, kLandFar_m, [&](uint32_t i) {
    const GroundPiece& piece = s.pieces[i];
    const auto layer = static_cast<size_t>(piece.layer);
    const PixelPoint at = view.LevelFromWorld(piece.center_m);
    if (view.Sees(at, piece.radius_m, layer_far_m[layer])) {
      order.push_back(Entry(Step(Length(at) - piece.radius_m), kPiece, i));
    }
  });
  for (size_t i = 0; i < items.size(); ++i) {
    order.push_back(Entry(Step(Length(items[i].at) - items[i].radius), kItem, i));
  }
  SortBySteps(order, near_to_far);
  land_top.fill(static_cast<float>(height) + 1e6f);
  for (const uint64_t entry : near_to_far) {
    const auto index = static_cast<uint32_t>(entry & 0x1fffffffu);
    switch (static_cast<uint32_t>(entry >> 29) & 7u) {
      case kLand: {
        const LandCell& cell = s.land[index];
        const PixelPoint at = view.LevelFromWorld(cell.center_m);
        float top = -1e9f;
        for (const float z : cell.z_m) top = std::max(top, z);
        top += view.LevelHeight(cell.base_m);
        if (HiddenByLand(at, cell.radius_m, top)) break;
        // Below the horizon land is grass on grass: it hides, but it need not be painted.
        if (below_horizon || top > view.height_m) visible_land.push_back(index);
        CoverByLand(cell);
        break;
      }
      case kPiece: {
        const GroundPiece& piece = s.pieces[index];
        const PixelPoint at = view.LevelFromWorld(piece.center_m);
        const float top = view.LevelHeight(piece.base_m) + piece.half_height_m;
        if (HiddenByBuildings(at, piece.radius_m, piece.base_m, piece.half_height_m) ||
            HiddenByLand(at, piece.radius_m, top)) {
          break;
        }
        if (piece.deck < 0) {
          visible_pieces[static_cast<size_t>(piece.layer)].push_back(index);
        } else if (piece.base_m < view.eye_m) {
          deck_pieces[static_cast<size_t>(piece.layer)].push_back(index);
        }
        break;
      }
      default: {
        Item& item = items[index];
        if (HiddenByLand(item.at, item.radius, view.LevelHeight(item.base_m) + item.top_m)) {
          item.radius = -1.0f;
        }
        break;
      }
    }
  }
  std::erase_if(items, [](const Item& item) { return item.radius < 0.0f; });
}

void Camera::Impl::PaintLand(Painter& painter) {
  const Scene::Impl& s = scene->impl();
  FindVisibleLand(painter.canvas.mode == PictureMode::kDepth);
  PaintFarGround(painter);
  for (const uint32_t index : visible_land) {
    const LandCell& cell = s.land[index];
    const PixelPoint center = view.LevelFromWorld(cell.center_m);
    const float base = view.LevelHeight(cell.base_m);
    for (const size_t second : {size_t{1}, size_t{2}}) {
      const auto corners = [&](const std::array<float, 4>& values) {
        return std::array<float, 4>{values[0], values[second], values[second + 1],
                                    values[second + 1]};
      };
      const auto x = corners(cell.x_m), y = corners(cell.y_m), z = corners(cell.z_m);
      painter.triangles +=
          AddHillOutline(view, center, base, x.data(), y.data(), z.data(), 3, raster);
      if (painter.canvas.record != nullptr) {
        painter.canvas.record->AddOffsets(PathRecord::Kind::kGround, cell.center_m, cell.base_m,
                                          x.data(), y.data(), z.data(), 3);
      }
      if (painter.canvas.mode != PictureMode::kDepth) continue;
      Vec3f points[3];
      for (size_t k = 0; k < 3; ++k) {
        points[k] = view.CameraFromLevel(
            {center.u + view.cos_heading * x[k] + view.sin_heading * y[k],
             center.v + view.cos_heading * y[k] - view.sin_heading * x[k], base + z[k]});
      }
      // Where several triangles meet in a pixel, none of them may have half of it.
      const DepthSink sink{depth_plane.data(), stride, PlaneThrough(view, points), kFullAlpha / 8};
      raster.Sweep(sink);
    }
  }
  FillLayer(painter.canvas, kGroundLayers);
  for (int layer = 0; layer < kGroundLayers; ++layer) {
    for (const uint32_t index : visible_pieces[static_cast<size_t>(layer)]) {
      AddPiece(s.pieces[index], painter);
    }
    FillLayer(painter.canvas, layer);
  }
}

// Which bridges below the eye are in the picture, and which vehicles stand on them.
void Camera::Impl::FindVisibleDecks(std::span<const VehicleState> vehicles) {
  const Scene::Impl& s = scene->impl();
  visible_decks.clear();
  for (const std::vector<uint32_t>& layer : deck_pieces) {
    for (const uint32_t index : layer) {
      const GroundPiece& piece = s.pieces[index];
      const float near =
          std::max(0.0f, Length(view.LevelFromWorld(piece.center_m)) - piece.radius_m);
      const auto found = std::find_if(visible_decks.begin(), visible_decks.end(),
                                      [&](const VisibleDeck& d) { return d.deck == piece.deck; });
      if (found == visible_decks.end()) {
        visible_decks.push_back({piece.deck, near});
      } else {
        found->nearest_m = std::min(found->nearest_m, near);
      }
    }
  }
  if (visible_decks.empty()) return;
  std::sort(visible_decks.begin(), visible_decks.end(),
            [](const VisibleDeck& a, const VisibleDeck& b) {
              return a.nearest_m != b.nearest_m ? a.nearest_m > b.nearest_m : a.deck < b.deck;
            });
  constexpr auto kRoad = static_cast<size_t>(GroundLayer::kRoad);
  for (Item& item : items) {
    if (item.kind != ItemKind::kVehicle) continue;
    const VehicleState& v = vehicles[item.index];
    if (!s.terrain.IsRaised(v.position_m, v.ground_m)) continue;
    float best = 1e9f;
    for (const uint32_t index : deck_pieces[kRoad]) {
      const GroundPiece& piece = s.pieces[index];
      const auto away = static_cast<float>(Distance(piece.center_m, v.position_m));
      if (std::abs(piece.base_m - item.base_m) > 2.0f || away > piece.radius_m + 2.0f) continue;
      if (away < best) item.deck = piece.deck;
      best = std::min(best, away);
    }
  }
}

// Far to near: what is not nearer than a bridge, the bridge, then what stands on it.
void Camera::Impl::PaintDecks(std::span<const VehicleState> vehicles, Painter& painter) {
  const Scene::Impl& s = scene->impl();
  for (const VisibleDeck& deck : visible_decks) {
    PaintItems(vehicles, -1, deck.nearest_m, painter);
    for (int layer = 0; layer < kGroundLayers; ++layer) {
      for (const uint32_t index : deck_pieces[static_cast<size_t>(layer)]) {
        if (s.pieces[index].deck == deck.deck) AddPiece(s.pieces[index], painter);
      }
      FillLayer(painter.canvas, layer);
    }
    PaintShadows(vehicles, deck.deck, painter);
    PaintItems(vehicles, deck.deck, 0.0f, painter);
  }
}

// The outline of a piece as seen from below; its girders carry it.
void Camera::Impl::PaintDeckBottom(const GroundPiece& piece, Painter& painter) {
  const Scene::Impl& s = scene->impl();
  const PixelPoint center = view.LevelFromWorld(piece.center_m);
  const GroundPiece::Range range = piece.contours[0];
  Vec3f outline[kMaxOutline];
  for (uint32_t k = 0; k < range.count; ++k) {
    const Contour contour = s.contours[range.first + k];
    for (uint32_t i = 0; i < contour.num_points; ++i) {
      const uint32_t at = contour.first_point + i;
      const float x = s.point_x_m[at], y = s.point_y_m[at];
      outline[i] = view.CameraFromLevel({center.u + view.cos_heading * x + view.sin_heading * y,
                                         center.v + view.cos_heading * y - view.sin_heading * x,
                                         s.point_z_m[at] - 0.3f});
    }
    painter.triangles += AddOutline(view, {outline, contour.num_points}, raster);
    if (painter.canvas.record != nullptr) {
      painter.canvas.record->AddOffsets(
          PathRecord::Kind::kSolid, piece.center_m, piece.base_m - 0.3,
          s.point_x_m.data() + contour.first_point, s.point_y_m.data() + contour.first_point,
          s.point_z_m.data() + contour.first_point, contour.num_points);
    }
    if (painter.canvas.mode != PictureMode::kDepth) continue;
    painter.plane = PlaneThrough(view, {outline, contour.num_points});
    painter.FillFlat({}, SemanticClass::kBuilding);
  }
  painter.FillFlat(kConcreteShade, SemanticClass::kBuilding);
}

void Camera::Impl::PaintDeckSide(const DeckSide& side, Painter& painter) {
  const PixelPoint a = view.LevelFromWorld(side.center_m + side.begin_m);
  const PixelPoint b = view.LevelFromWorld(side.center_m + side.end_m);
  const auto wall = [&](float low, float high) {
    const Vec3f quad[4] = {{a.u, a.v, side.begin_z_m + low},
                           {b.u, b.v, side.end_z_m + low},
                           {b.u, b.v, side.end_z_m + high},
                           {a.u, a.v, side.begin_z_m + high}};
    painter.Add(quad);
  };
  wall(-kGirder_m, 0.0f);
  painter.FillFlat(kConcreteShade, SemanticClass::kBuilding);
  wall(0.0f, kParapet_m);
  painter.FillFlat(kConcrete, SemanticClass::kBuilding);
}

}  // namespace volante
