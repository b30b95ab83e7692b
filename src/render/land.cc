// Land, embankments and bridge edges of a town that is not flat.
#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "render/ground_builder.h"

namespace volante {

namespace {

constexpr double kSight_m = 200.0;    // as far as land is drawn
constexpr double kHides_m = 0.3;      // lower steps of the land hide nothing that anyone misses
constexpr double kLeastStep_m = 0.4;  // lower edges need no slope of earth
constexpr double kSlopeRun = 1.5;     // metres to the side per metre down
constexpr double kSameLevel_m = 1.5;  // neighbouring ground on a bridge differs by less
constexpr double kDeckCell_m = 40.0;  // pieces that touch lie in neighbouring cells

// The lowest land within kSight_m of each grid point, by rows, then by columns.
std::vector<double> LowestAround(const Terrain& terrain) {
  const int columns = terrain.columns() + 1, rows = terrain.rows() + 1;
  const int reach = static_cast<int>(kSight_m / terrain.cell_m()) + 1;
  std::vector<double> along(static_cast<size_t>(columns) * rows), lowest(along.size());
  const auto at = [&](int r, int c) { return static_cast<size_t>(r) * columns + c; };
  for (int r = 0; r < rows; ++r) {
    for (int c = 0; c < columns; ++c) {
      double low = 1e300;
      for (int k = std::max(0, c - reach); k <= std::min(columns - 1, c + reach); ++k) {
        low = std::min(low, terrain.HeightOf(r, k));
      }
      along[at(r, c)] = low;
    }
  }
  for (int r = 0; r < rows; ++r) {
    for (int c = 0; c < columns; ++c) {
      double low = 1e300;
      for (int k = std::max(0, r - reach); k <= std::min(rows - 1, r + reach); ++k) {
        low = std::min(low, along[at(k, c)]);
      }
      lowest[at(r, c)] = low;
    }
  }
  return lowest;
}

void AddCells(Scene::Impl& scene) {
  const Terrain& terrain = scene.terrain;
  const std::vector<double> lowest = LowestAround(terrain);
  for (int row = 0; row < terrain.rows(); ++row) {
    for (int column = 0; column < terrain.columns(); ++column) {
      const int rows[4] = {row, row, row + 1, row + 1};
      const int columns[4] = {column, column + 1, column + 1, column};
      LandCell cell;
      cell.center_m = (terrain.CornerOf(row, column) + terrain.CornerOf(row + 1, column + 1)) * 0.5;
      double sum = 0.0;
      for (int k = 0; k < 4; ++k) sum += 0.25 * terrain.HeightOf(rows[k], columns[k]);
      cell.base_m = static_cast<float>(sum);
      for (size_t k = 0; k < 4; ++k) {
        const Vec2 d = terrain.CornerOf(rows[k], columns[k]) - cell.center_m;
        cell.x_m[k] = static_cast<float>(d.x);
        cell.y_m[k] = static_cast<float>(d.y);
        cell.z_m[k] = static_cast<float>(terrain.HeightOf(rows[k], columns[k]) - sum);
      }
      cell.radius_m = static_cast<float>(0.7072 * terrain.cell_m());
      double highest = -1e300;
      for (int k = 0; k < 4; ++k) {
        highest = std::max(highest, terrain.HeightOf(rows[k], columns[k]));
      }
      const size_t corner = static_cast<size_t>(row) * (terrain.columns() + 1) + column;
      cell.hides = highest > lowest[corner] + kHides_m;
      scene.land.push_back(cell);
    }
  }
}

void AddDeckSide(const GroundPoint& a, const GroundPoint& b, Scene::Impl& scene) {
  DeckSide side;
  side.center_m = (a.at_m + b.at_m) * 0.5;
  side.base_m = static_cast<float>(0.5 * (a.height_m + b.height_m));
  side.begin_m = a.at_m - side.center_m;
  side.end_m = b.at_m - side.center_m;
  side.begin_z_m = static_cast<float>(a.height_m) - side.base_m;
  side.end_z_m = static_cast<float>(b.height_m) - side.base_m;
  side.radius_m = static_cast<float>(0.5 * Distance(a.at_m, b.at_m)) + 0.1f;
  scene.deck_sides.push_back(side);
}

// Outer edges of the streets on bridges: those beyond which no other street lies on their level.
void AddDeckSides(std::span<const StreetEdge> edges, Scene::Impl& scene) {
  const auto paved_beside = [&](const GroundPoint& p, Vec2 outward) {
    const Vec2 beside = p.at_m + outward * 0.5;
    return std::any_of(edges.begin(), edges.end(), [&](const StreetEdge& other) {
      for (size_t i = 1; i < other.points.size(); ++i) {
        const GroundPoint &a = other.points[i - 1], &b = other.points[i];
        const GroundPoint &c = other.across[i], &d = other.across[i - 1];
        if (std::abs(a.height_m - p.height_m) > kSameLevel_m) continue;
        const Vec2 quad[4] = {a.at_m, b.at_m, c.at_m, d.at_m};
        int left = 0, right = 0;
        for (int k = 0; k < 4; ++k) {
          const double side = Cross(quad[(k + 1) % 4] - quad[k], beside - quad[k]);
          left += side >= 0.0;
          right += side <= 0.0;
        }
        if (left == 4 || right == 4) return true;
      }
      return false;
    });
  };
  const Terrain& terrain = scene.terrain;
  for (const StreetEdge& edge : edges) {
    bool before = false;
    for (size_t i = 0; i < edge.points.size(); ++i) {
      const GroundPoint& p = edge.points[i];
      const Vec2 d = p.at_m - edge.across[i].at_m;
      const double width = Norm(d);
      const bool here =
          width > 1e-6 && terrain.IsDeck(p.at_m, p.height_m) && !paved_beside(p, d * (1.0 / width));
      if (here && before) AddDeckSide(edge.points[i - 1], p, scene);
      before = here;
    }
  }
}

// Pieces of bridges that lie end to end or side by side on one level get one number, sides that of
// the piece they stand on.
void NumberDecks(Scene::Impl& scene) {
  std::map<std::pair<int, int>, std::vector<uint32_t>> cells;
  const auto cell_of = [](Vec2 p) {
    return std::pair(static_cast<int>(std::floor(p.x / kDeckCell_m)),
                     static_cast<int>(std::floor(p.y / kDeckCell_m)));
  };
  for (uint32_t i = 0; i < scene.pieces.size(); ++i) {
    if (scene.pieces[i].deck >= 0) cells[cell_of(scene.pieces[i].center_m)].push_back(i);
  }
  const auto visit_near = [&](Vec2 center, double radius, float base, auto visit) {
    const auto [cx, cy] = cell_of(center);
    for (int x = cx - 1; x <= cx + 1; ++x) {
      for (int y = cy - 1; y <= cy + 1; ++y) {
        const auto found = cells.find({x, y});
        if (found == cells.end()) continue;
        for (const uint32_t k : found->second) {
          const GroundPiece& piece = scene.pieces[k];
          const double reach = radius + static_cast<double>(piece.radius_m) + 1.0;
          if (Distance(center, piece.center_m) < reach &&
              std::abs(piece.base_m - base) < kSameLevel_m) {
            visit(k);
          }
        }
      }
    }
  };
  int32_t next = 0;
  std::vector<char> seen(scene.pieces.size(), 0);
  std::vector<uint32_t> stack;
  for (uint32_t i = 0; i < scene.pieces.size(); ++i) {
    if (scene.pieces[i].deck < 0 || seen[i]) continue;
    stack.assign(1, i);
    seen[i] = 1;
    while (!stack.empty()) {
      GroundPiece& piece = scene.pieces[stack.back()];
      stack.pop_back();
      piece.deck = next;
      visit_near(piece.center_m, static_cast<double>(piece.radius_m), piece.base_m,
                 [&](uint32_t k) {
                   if (!seen[k]) stack.push_back(k);
                   seen[k] = 1;
                 });
    }
    ++next;
  }
  for (DeckSide& side : scene.deck_sides) {
    visit_near(side.center_m, static_cast<double>(side.radius_m), side.base_m,
               [&](uint32_t k) { side.deck = scene.pieces[k].deck; });
  }
}

}  // namespace

void AddLand(std::span<const StreetSide> sides, std::span<const StreetEdge> edges,
             GroundBuilder& ground, Scene::Impl& scene) {
  AddCells(scene);
  const Terrain& terrain = scene.terrain;
  for (const StreetSide& side : sides) {
    GroundLine edge, foot;
    const auto flush = [&] {
      if (edge.size() >= 2) ground.AddBand(GroundLayer::kVerge, edge, foot);
      edge.clear();
      foot.clear();
    };
    for (size_t i = 0; i < side.points.size(); ++i) {
      const GroundPoint& p = side.points[i];
      const double drop = p.height_m - terrain.HeightAt(p.at_m);
      if (drop < kLeastStep_m || terrain.IsDeck(p.at_m, p.height_m)) {
        flush();
        continue;
      }
      const Vec2 at = p.at_m + side.outward[i] * (kSlopeRun * drop);
      edge.push_back(p);
      foot.push_back({at, std::min(terrain.HeightAt(at), p.height_m)});
    }
    flush();
  }
  ground.MakePieces();
  AddDeckSides(edges, scene);
  NumberDecks(scene);
}

}  // namespace volante
