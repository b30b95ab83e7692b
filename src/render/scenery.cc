// Places buildings and trees beside the streets, the same for the same town.
// Every footprint is checked cell by cell against the paved ground and against what stands
// already; nothing is ever put on a road or sidewalk, nor between two points of one street.
#include <algorithm>
#include <cmath>

#include "base/random.h"
#include "render/ground_builder.h"

namespace volante {

namespace {

constexpr double kWallClearance_m = 2.5;   // building to paved ground
constexpr double kCrownClearance_m = 1.2;  // tree crown to paved ground, beyond the 1 m of cells

// Which 1 m cells are taken by something that was placed.
class Occupancy {
 public:
  explicit Occupancy(const SurfaceMap& map)
      : map_(map),
        min_m_(map.min_m()),
        columns_(static_cast<int>((map.max_m().x - min_m_.x) / kCell_m) + 1),
        rows_(static_cast<int>((map.max_m().y - min_m_.y) / kCell_m) + 1),
        taken_(static_cast<size_t>(columns_) * rows_, false) {}

  // Whether a rectangle (half sizes along `u` and across) is free and clear of paved ground.
  bool IsFree(Vec2 center, Vec2 u, double half_length, double half_depth, double clearance) const {
    bool free = true;
    ForEach(center, u, half_length, half_depth, [&](Vec2 p) {
      const int64_t cell = CellOf(p);
      if (cell < 0 || taken_[static_cast<size_t>(cell)] || map_.PavedDistance(p) < clearance) {
        free = false;
      }
    });
    return free;
  }
  void Take(Vec2 center, Vec2 u, double half_length, double half_depth) {
    ForEach(center, u, half_length, half_depth, [&](Vec2 p) {
      const int64_t cell = CellOf(p);
      if (cell >= 0) taken_[static_cast<size_t>(cell)] = true;
    });
  }

 private:
  static constexpr double kCell_m = 1.0;
  template <class Visit>
  static void ForEach(Vec2 center, Vec2 u, double half_length, double half_depth, Visit visit) {
    const Vec2 v{-u.y, u.x};
    const int nl = std::max(1, static_cast<int>(std::ceil(2.0 * half_length / 0.7)));
    const int nd = std::max(1, static_cast<int>(std::ceil(2.0 * half_depth / 0.7)));
    for (int i = 0; i <= nl; ++i) {
      for (int j = 0; j <= nd; ++j) {
        visit(center + u * (half_length * (2.0 * i / nl - 1.0)) +
              v * (half_depth * (2.0 * j / nd - 1.0)));
      }
    }
  }
  int64_t CellOf(Vec2 p) const {
    const int column = static_cast<int>(std::floor((p.x - min_m_.x) / kCell_m));
    const int row = static_cast<int>(std::floor((p.y - min_m_.y) / kCell_m));
    if (column < 0 || row < 0 || column >= columns_ || row >= rows_) return -1;
    return static_cast<int64_t>(row) * columns_ + column;
  }
  const SurfaceMap& map_;
  Vec2 min_m_;
  int columns_, rows_;
  std::vector<bool> taken_;
};

struct SidePoint {
  Vec2 point, outward;
};

double LengthOf(const StreetSide& side) {
  double length = 0.0;
  for (size_t i = 1; i < side.points.size(); ++i) {
    length += Distance(side.points[i - 1].at_m, side.points[i].at_m);
  }
  return length;
}

SidePoint At(const StreetSide& side, double s_m) {
  for (size_t i = 1; i < side.points.size(); ++i) {
    const double step = Distance(side.points[i - 1].at_m, side.points[i].at_m);
    if (s_m <= step || i + 1 == side.points.size()) {
      const double t = step > 0.0 ? std::min(s_m / step, 1.0) : 0.0;
      const Vec2 n = side.outward[i - 1] + (side.outward[i] - side.outward[i - 1]) * t;
      const double norm = Norm(n);
      return {side.points[i - 1].at_m + (side.points[i].at_m - side.points[i - 1].at_m) * t,
              norm > 1e-6 ? n * (1.0 / norm) : side.outward[i - 1]};
    }
    s_m -= step;
  }
  return {side.points.front().at_m, side.outward.front()};
}

class Planner {
 public:
  Planner(const SurfaceMap& map, uint64_t seed, std::vector<Building>& buildings,
          std::vector<Tree>& trees)
      : map_(map), occupancy_(map), seed_(seed), buildings_(buildings), trees_(trees) {}

  void LineWithBuildings(const StreetSide& side, uint64_t index) {
    RandomStream random(seed_, "scenery_buildings", index);
    const double length = LengthOf(side);
    double s = random.Uniform(0.0, 4.0);
    while (s < length) {
      const double half_length = random.Uniform(4.5, 8.5);
      const double half_depth = random.Uniform(4.5, 7.0);
      const double gap = random.Uniform(1.5, 6.0), setback = random.Uniform(0.0, 2.0);
      const uint32_t look = random.NextUint32();
      const double chance = random.Uniform(), height_draw = random.Uniform();
      const SidePoint at = At(side, std::min(s + half_length, length));
      const double paved = PavedWidth(at);
      const bool town = paved > 0.8;  // a sidewalk: houses stand close
      if (paved < 12.0 && chance < (town ? 0.9 : 0.08)) {
        const double front = paved + kWallClearance_m + 1.5 + setback + (town ? 0.0 : 6.0);
        const Vec2 center = at.point + at.outward * (front + half_depth);
        const Vec2 along{-at.outward.y, at.outward.x};
        if (occupancy_.IsFree(center, along, half_length, half_depth, kWallClearance_m + 0.8)) {
          occupancy_.Take(center, along, half_length + 1.0, half_depth + 1.0);
          AddBuilding(center, along, half_length, half_depth, height_draw, look);
        }
      }
      s += 2.0 * half_length + gap;
    }
  }

  void LineWithTrees(const StreetSide& side, uint64_t index) {
    RandomStream random(seed_, "scenery_trees", index);
    const double length = LengthOf(side);
    double s = random.Uniform(2.0, 10.0);
    while (s < length) {
      const SidePoint at = At(side, s);
      const double radius = random.Uniform(1.2, 2.1), beyond = random.Uniform(0.0, 1.5);
      const double paved = PavedWidth(at);
      if (paved < 12.0) {
        TryTree(at.point + at.outward * (paved + radius + kCrownClearance_m + 0.6 + beyond), radius,
                random);
      }
      s += random.Uniform(9.0, 20.0);
    }
  }

  // Loose trees in the open, denser nowhere than one per 13 m square.
  void ScatterTrees() {
    const double step = 13.0;
    RandomStream random(seed_, "scenery_open", 0);
    for (double y = map_.min_m().y + step; y < map_.max_m().y - step; y += step) {
      for (double x = map_.min_m().x + step; x < map_.max_m().x - step; x += step) {
        const Vec2 p{x + random.Uniform(-5.0, 5.0), y + random.Uniform(-5.0, 5.0)};
        const double chance = random.Uniform(), radius = random.Uniform(1.6, 3.2);
        const float away = map_.PavedDistance(p);
        if (chance < 0.35 && away < 60.0f && away > 8.0f) TryTree(p, radius, random);
      }
    }
  }

 private:
  // Width of sidewalk and the like outside a road's edge, up to 12 m.
  double PavedWidth(const SidePoint& at) const {
    double width = 0.0;
    while (width < 12.0 && map_.IsPaved(at.point + at.outward * (width + 0.3))) width += 0.25;
    return width;
  }

  void AddBuilding(Vec2 center, Vec2 along, double half_length, double half_depth,
                   double height_draw, uint32_t look) {
    Building b;
    b.center_m = center;
    b.cos_heading = static_cast<float>(along.x);
    b.sin_heading = static_cast<float>(along.y);
    b.half_length_m = static_cast<float>(half_length);
    b.half_depth_m = static_cast<float>(half_depth);
    const bool gable = height_draw < 0.55;
    const int floors = gable ? 1 + static_cast<int>(height_draw / 0.55 * 2.0)
                             : 3 + static_cast<int>((height_draw - 0.55) / 0.45 * 4.0);
    b.height_m = 3.1f * static_cast<float>(floors) + 0.6f;
    b.roof_kind = gable ? RoofKind::kGable : RoofKind::kFlat;
    b.roof_m = gable ? 0.7f * static_cast<float>(half_depth) : 0.0f;
    const float tone = 0.86f + 0.28f * static_cast<float>((look >> 8) & 255u) / 255.0f;
    b.wall = Scaled(palette::kWalls[look % palette::kWalls.size()], tone);
    b.roof = gable ? palette::kRoofs[(look >> 4) % palette::kRoofs.size()] : palette::kRoofFlat;
    b.radius_m = static_cast<float>(std::hypot(half_length, half_depth));
    buildings_.push_back(b);
  }

  void TryTree(Vec2 p, double radius, RandomStream& random) {
    const double crown = random.Uniform(1.7, 2.6), trunk = random.Uniform(1.6, 2.6);
    const uint32_t shape = random.NextUint32();
    const double clearance = radius + kCrownClearance_m;
    if (map_.PavedDistance(p) < clearance ||
        !occupancy_.IsFree(p, {1.0, 0.0}, radius, radius, kCrownClearance_m)) {
      return;
    }
    occupancy_.Take(p, {1.0, 0.0}, radius, radius);
    Tree tree;
    tree.center_m = p;
    tree.crown_radius_m = static_cast<float>(radius);
    tree.crown_height_m = static_cast<float>(radius * crown);
    tree.trunk_m = static_cast<float>(trunk);
    const float tone = 0.85f + 0.3f * static_cast<float>((shape >> 8) & 255u) / 255.0f;
    tree.crown = Scaled(palette::kCrowns[shape % palette::kCrowns.size()], tone);
    tree.shape = shape;
    trees_.push_back(tree);
  }

  const SurfaceMap& map_;
  Occupancy occupancy_;
  uint64_t seed_;
  std::vector<Building>& buildings_;
  std::vector<Tree>& trees_;
};

}  // namespace

void PlaceScenery(const SurfaceMap& map, std::span<const StreetSide> sides, uint64_t seed,
                  std::vector<Building>& buildings, std::vector<Tree>& trees) {
  Planner planner(map, seed, buildings, trees);
  for (size_t i = 0; i < sides.size(); ++i) {
    if (!sides[i].in_junction) planner.LineWithBuildings(sides[i], i);
  }
  for (size_t i = 0; i < sides.size(); ++i) {
    if (!sides[i].in_junction) planner.LineWithTrees(sides[i], i);
  }
  planner.ScatterTrees();
}

}  // namespace volante
