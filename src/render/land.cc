// Land, embankments and bridge edges of a town that is not flat.
#include <algorithm>
#include <cmath>

#include "render/ground_builder.h"

namespace volante {

namespace {

constexpr double kLeastStep_m = 0.4;  // lower edges need no slope of earth
constexpr double kSlopeRun = 1.5;     // metres to the side per metre down

void AddCells(Scene::Impl& scene) {
  const Relief& relief = scene.relief;
  for (int row = 0; row < relief.rows(); ++row) {
    for (int column = 0; column < relief.columns(); ++column) {
      const int rows[4] = {row, row, row + 1, row + 1};
      const int columns[4] = {column, column + 1, column + 1, column};
      LandCell cell;
      cell.center_m = (relief.CornerOf(row, column) + relief.CornerOf(row + 1, column + 1)) * 0.5;
      double sum = 0.0;
      for (int k = 0; k < 4; ++k) sum += 0.25 * relief.HeightOf(rows[k], columns[k]);
      cell.base_m = static_cast<float>(sum);
      for (size_t k = 0; k < 4; ++k) {
        const Vec2 d = relief.CornerOf(rows[k], columns[k]) - cell.center_m;
        cell.x_m[k] = static_cast<float>(d.x);
        cell.y_m[k] = static_cast<float>(d.y);
        cell.z_m[k] = static_cast<float>(relief.HeightOf(rows[k], columns[k]) - sum);
      }
      cell.radius_m = static_cast<float>(0.7072 * relief.cell_m());
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

}  // namespace

void AddLand(std::span<const StreetSide> sides, GroundBuilder& ground, Scene::Impl& scene) {
  AddCells(scene);
  const Relief& relief = scene.relief;
  for (const StreetSide& side : sides) {
    GroundLine edge, foot;
    const auto flush = [&] {
      if (edge.size() >= 2) ground.AddBand(GroundLayer::kVerge, edge, foot);
      edge.clear();
      foot.clear();
    };
    for (size_t i = 0; i < side.points.size(); ++i) {
      const GroundPoint& p = side.points[i];
      const double drop = p.height_m - relief.HeightAt(p.at_m);
      const bool deck = relief.IsDeck(p.at_m, p.height_m);
      if (deck) {
        flush();
        if (i > 0) AddDeckSide(side.points[i - 1], p, scene);
        continue;
      }
      if (drop < kLeastStep_m) {
        flush();
        continue;
      }
      const Vec2 at = p.at_m + side.outward[i] * (kSlopeRun * drop);
      edge.push_back(p);
      foot.push_back({at, std::min(relief.HeightAt(at), p.height_m)});
    }
    flush();
  }
}

}  // namespace volante
