// What stands on the ground of a frame: buildings, trees and vehicles, sorted far to near.
#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "render/camera_impl.h"
#include "render/objects.h"

namespace volante {

namespace {

constexpr float kBuildingFar_m = 200.0f, kTreeFar_m = 110.0f, kVehicleFar_m = 160.0f;
constexpr float kSignalFar_m = 90.0f, kShadowFar_m = 45.0f;

}  // namespace

void Camera::Impl::DropHidden() {
  std::array<float, kOcclusionColumns> covered;  // v above which nothing is covered yet
  covered.fill(static_cast<float>(height) + 1e6f);
  ground_ends_m.fill(1e6f);
  ground_tops.fill(0.0f);
  // Which thing hides which does not depend on where the camera tilts to: this is the picture of a
  // level one, as wide as a tilted one sees.
  float first_u = 0.0f, last_u = static_cast<float>(width);
  if (view.sin_pitch != 0.0f || view.sin_roll != 0.0f) {
    first_u = view.cx + view.fx * view.left_plane.x / view.left_plane.y;
    last_u = view.cx + view.fx * view.right_plane.x / view.right_plane.y;
  }
  const float columns_per_px = static_cast<float>(kOcclusionColumns) / (last_u - first_u);
  occlusion_cx = (view.cx - first_u) * columns_per_px;
  occlusion_fx = view.fx * columns_per_px;
  size_t kept = items.size();
  for (size_t i = items.size(); i-- > 0;) {  // near to far
    const Item item = items[i];
    // The disc of a bridge's piece reaches over what stands beside it.
    const bool deck = item.kind == ItemKind::kDeckBottom || item.kind == ItemKind::kDeckSide;
    if (item.at.u - item.radius > kNearDepth_m && !deck) {
      const float near = item.at.u - item.radius;
      const float top = TopRow(near, item.base_m, item.top_m);
      const auto [begin, end] = ColumnsOf(item.at, item.radius);
      bool hidden = true;
      for (int c = begin; c < end && hidden; ++c) hidden = covered[static_cast<size_t>(c)] < top;
      if (hidden) continue;
      if (item.kind == ItemKind::kBuilding) {
        CoverColumns(scene->impl().buildings[item.index], item.at, covered);
      }
    }
    items[--kept] = item;
  }
  items.erase(items.begin(), items.begin() + static_cast<std::ptrdiff_t>(kept));
}

std::pair<int, int> Camera::Impl::ColumnsOf(PixelPoint at, float radius_m) const {
  const float near = at.u - radius_m, far = at.u + radius_m;
  const float left = at.v + radius_m, right = at.v - radius_m;
  const float first = occlusion_cx - occlusion_fx * left / (left > 0.0f ? near : far);
  const float last = occlusion_cx - occlusion_fx * right / (right > 0.0f ? far : near);
  return {std::clamp(static_cast<int>(std::max(first, 0.0f)), 0, kOcclusionColumns),
          std::clamp(static_cast<int>(std::min(last, 1e6f)) + 1, 0, kOcclusionColumns)};
}

float Camera::Impl::TopRow(float nearest_m, float base_m, float top_m) const {
  const float rise = view.LevelHeight(base_m) + top_m - view.height_m;
  return rise > 0.0f ? view.cy - view.fy * rise / nearest_m : view.cy;
}

bool Camera::Impl::HiddenByBuildings(PixelPoint at, float radius_m, float base_m,
                                     float top_m) const {
  const float near = at.u - radius_m;
  if (near < kNearDepth_m) return false;
  const float top = TopRow(near, base_m, top_m);
  const auto [begin, end] = ColumnsOf(at, radius_m);
  for (int c = begin; c < end; ++c) {
    const auto k = static_cast<size_t>(c);
    if (ground_ends_m[k] > near || ground_tops[k] >= top) return false;
  }
  return true;
}

void Camera::Impl::CoverColumns(const Building& b, PixelPoint at,
                                std::array<float, kOcclusionColumns>& covered) {
  const float ux = b.cos_heading * view.cos_heading + b.sin_heading * view.sin_heading;
  const float uy = b.sin_heading * view.cos_heading - b.cos_heading * view.sin_heading;
  float low_u = 1e30f, high_u = -1e30f, nearest = 1e30f, deepest = 0.0f;
  for (int i = 0; i < 4; ++i) {
    const float l = i < 2 ? b.half_length_m : -b.half_length_m;
    const float d = i % 3 == 0 ? b.half_depth_m : -b.half_depth_m;
    const float x = at.u + ux * l - uy * d, y = at.v + uy * l + ux * d;
    if (x < kNearDepth_m) return;
    const float u = occlusion_cx - occlusion_fx * y / x;
    low_u = std::min(low_u, u);
    high_u = std::max(high_u, u);
    nearest = std::min(nearest, x);
    deepest = std::max(deepest, x);
  }
  const float rise = view.LevelHeight(b.base_m) + b.height_m - view.height_m;
  const float top = view.cy - view.fy * rise / (rise > 0.0f ? deepest : nearest);
  const int c0 =
      std::clamp(static_cast<int>(std::ceil(std::max(low_u, 0.0f))), 0, kOcclusionColumns);
  const int c1 =
      std::clamp(static_cast<int>(std::max(std::min(high_u, 1e6f), 0.0f)), 0, kOcclusionColumns);
  for (int c = c0; c < c1; ++c) {
    float& here = covered[static_cast<size_t>(c)];
    here = std::min(here, top);
    float& ends_m = ground_ends_m[static_cast<size_t>(c)];
    if (deepest >= ends_m) continue;
    ends_m = deepest;
    ground_tops[static_cast<size_t>(c)] = top;
  }
}

void Camera::Impl::CollectItems(std::span<const VehicleState> vehicles) {
  const Scene::Impl& s = scene->impl();
  items.clear();
  const auto add = [&](ItemKind kind, size_t index, Vec2 center, float radius, float base_m,
                       float top_m, float far_m) {
    const PixelPoint at = view.LevelFromWorld(center);
    if (!view.Sees(at, radius, far_m)) return;
    items.push_back({.key = at.u * at.u + at.v * at.v - radius * radius,
                     .index = static_cast<uint32_t>(index),
                     .kind = kind,
                     .deck = -1,
                     .at = at,
                     .radius = radius,
                     .top_m = top_m,
                     .base_m = base_m,
                     .painted = false});
  };
  s.building_grid.ForEachInView(view, kBuildingFar_m, [&](uint32_t i) {
    const Building& b = s.buildings[i];
    add(ItemKind::kBuilding, i, b.center_m, b.radius_m, b.base_m, b.height_m + b.roof_m,
        kBuildingFar_m);
  });
  s.tree_grid.ForEachInView(view, kTreeFar_m, [&](uint32_t i) {
    const Tree& t = s.trees[i];
    add(ItemKind::kTree, i, t.center_m, t.crown_radius_m, t.base_m, t.trunk_m + t.crown_height_m,
        kTreeFar_m);
  });
  s.signal_grid.ForEachInView(view, kSignalFar_m, [&](uint32_t i) {
    const SignalPost& p = s.signal_posts[i];
    add(ItemKind::kSignal, i, p.center_m, kSignalRadius_m, p.base_m, p.lamp_m + 1.2f, kSignalFar_m);
  });
  for (size_t i = 0; i < vehicles.size(); ++i) {
    const VehicleState& v = vehicles[i];
    const auto radius =
        static_cast<float>(0.5 * std::sqrt(v.length_m * v.length_m + v.width_m * v.width_m));
    add(ItemKind::kVehicle, i, v.position_m, radius, static_cast<float>(v.ground_m),
        static_cast<float>(v.height_m), kVehicleFar_m);
  }
  if (!s.terrain.flat()) {
    // Bridges above the eye are solids among the others; so are the edges of all of them.
    s.deck_side_grid.ForEachInView(view, kBuildingFar_m, [&](uint32_t i) {
      const DeckSide& side = s.deck_sides[i];
      const size_t before = items.size();
      add(ItemKind::kDeckSide, i, side.center_m, side.radius_m, side.base_m, 1.0f, kBuildingFar_m);
      if (items.size() > before && side.base_m < view.eye_m) items.back().deck = side.deck;
    });
    s.piece_grid.ForEachInView(view, kBuildingFar_m, [&](uint32_t i) {
      const GroundPiece& piece = s.pieces[i];
      if (piece.deck < 0 || piece.layer == GroundLayer::kWhiteMark ||
          piece.layer == GroundLayer::kYellowMark || piece.base_m < view.eye_m) {
        return;
      }
      add(ItemKind::kDeckBottom, i, piece.center_m, piece.radius_m, piece.base_m,
          piece.half_height_m, kBuildingFar_m);
    });
  }
  std::sort(items.begin(), items.end(), [](const Item& a, const Item& b) {
    if (a.key != b.key) return a.key > b.key;
    return a.kind != b.kind ? a.kind < b.kind : a.index < b.index;
  });
  DropHidden();
}

void Camera::Impl::PaintShadows(std::span<const VehicleState> vehicles, int32_t deck,
                                Painter& painter) {
  if (!HasColors(painter.canvas.mode)) return;
  const Scene::Impl& s = scene->impl();
  const float height_m = view.height_m;
  for (const Item& item : items) {
    if (item.deck != deck || item.at.u > kShadowFar_m) continue;
    view.height_m = height_m - view.LevelHeight(item.base_m);
    if (item.kind == ItemKind::kTree && !appearance.night) {
      AddTreeShadow(s.trees[item.index], item.at, painter);
    } else if (item.kind == ItemKind::kVehicle && appearance.night) {
      AddLightPool(vehicles[item.index], item.at, painter);
    } else if (item.kind == ItemKind::kVehicle) {
      AddVehicleShadow(vehicles[item.index], item.at, painter);
    }
    view.height_m = height_m;
  }
  painter.haze = 0.0f;
  if (appearance.night) {
    painter.FillGlowing(palette::kHeadLightLit, SemanticClass::kRoad, 0.12f);
  } else {
    painter.Fill({20, 21, 26}, SemanticClass::kRoad, appearance.shadow);
  }
}

// Each on its own ground: the level frame's origin is put there while it is painted.
void Camera::Impl::PaintItems(std::span<const VehicleState> vehicles, int32_t deck, float nearest_m,
                              Painter& painter) {
  const Scene::Impl& s = scene->impl();
  const float height_m = view.height_m;
  for (Item& item : items) {
    if (item.painted || item.deck != deck) continue;
    const float distance_m = std::sqrt(item.at.u * item.at.u + item.at.v * item.at.v);
    if (distance_m < nearest_m) continue;
    item.painted = true;
    painter.haze = appearance.HazeAt(distance_m);
    if (appearance.night) {
      const float lamp = Appearance::HeadlightAt(item.at.u, item.at.v);
      painter.light = {appearance.tint.r + lamp, appearance.tint.g + lamp,
                       appearance.tint.b + lamp};
    }
    view.height_m = height_m - view.LevelHeight(item.base_m);
    switch (item.kind) {
      case ItemKind::kBuilding:
        PaintBuilding(s.buildings[item.index], item.at, painter);
        break;
      case ItemKind::kTree:
        PaintTree(s.trees[item.index], item.at, painter);
        break;
      case ItemKind::kVehicle:
        PaintVehicle(vehicles[item.index], item.at, painter);
        break;
      case ItemKind::kSignal:
        PaintSignal(s.signal_posts[item.index], lights, item.at, painter);
        break;
      case ItemKind::kDeckBottom:
        PaintDeckBottom(s.pieces[item.index], painter);
        break;
      case ItemKind::kDeckSide:
        PaintDeckSide(s.deck_sides[item.index], painter);
        break;
    }
    view.height_m = height_m;
  }
}

}  // namespace volante
