// The lie of the land of a town that is not flat: a grid of heights under and between its roads.
// Made once from the strips, immutable. Roads lie on it or above it: of two roads over each other
// the lower one is on the ground and the upper one is a deck.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "base/geometry.h"
#include "road/road_network.h"

namespace volante {

class Terrain {
 public:
  // Flat ground: no cells, height 0 everywhere.
  Terrain() = default;
  // From strips with heights (flat when none has any), margin_m beyond them.
  Terrain(std::span<const SurfaceStrip> strips, double margin_m);

  bool flat() const { return heights_m_.empty(); }
  // Of the land, by the triangles that a camera draws; clamped at the grid's border.
  double HeightAt(Vec2 p) const;
  // Whether ground of this height is carried by pillars instead of earth.
  bool IsDeck(Vec2 p, double height_m) const {
    return !flat() && height_m - HeightAt(p) > kDeckClearance_m;
  }

  // Whether it lies so far above the land that things behind and below it are hidden by it.
  bool IsRaised(Vec2 p, double height_m) const {
    return !flat() && height_m - HeightAt(p) > kRaised_m;
  }

  static constexpr double kRaised_m = 1.0;
  static constexpr double kCell_m = 16.0;
  static constexpr double kDeckClearance_m = 2.5;
  int columns() const { return columns_; }  // of cells
  int rows() const { return rows_; }
  double cell_m() const { return cell_m_; }
  // Corners of a cell: lower left, lower right, upper right, upper left. It is drawn as the two
  // triangles (0, 1, 2) and (0, 2, 3).
  Vec2 CornerOf(int row, int column) const {
    return min_m_ + Vec2{column * cell_m_, row * cell_m_};
  }
  double HeightOf(int row, int column) const {
    return heights_m_[static_cast<size_t>(row) * (columns_ + 1) + static_cast<size_t>(column)];
  }

 private:
  struct Sample {
    Vec2 at_m;
    double height_m;
  };
  void FixNearRoads(std::span<const Sample> samples, std::vector<char>& fixed);
  void RiseFrom(const std::vector<double>& roads);
  void FillBetween(const std::vector<char>& fixed);
  void PushBelow(std::span<const Sample> samples);
  double& At(int row, int column) {
    return heights_m_[static_cast<size_t>(row) * (columns_ + 1) + static_cast<size_t>(column)];
  }

  Vec2 min_m_;
  double cell_m_ = kCell_m;
  int columns_ = 0, rows_ = 0;
  std::vector<double> heights_m_;   // [rows + 1, columns + 1]
  std::vector<double> steepest_m_;  // like heights, while they are made
};

}  // namespace volante
