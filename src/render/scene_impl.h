// What a Scene holds: ground outlines by layer, buildings and trees, a cell grid for culling and
// the ground's texture. Built once by scene.cc and scenery.cc, read by Camera; immutable and
// shared by all threads afterwards. Not a public header: camera.h is the door.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/geometry.h"
#include "render/camera.h"
#include "render/palette.h"
#include "render/terrain.h"
#include "render/view.h"

namespace volante {

// Painted in this order; later layers cover earlier ones.
enum class GroundLayer : uint8_t {
  kVerge,  // slopes of earth beside roads that lie above the land
  kSidewalk,
  kKerb,
  kShoulder,
  kRoad,
  kWhiteMark,
  kYellowMark,
  kCount
};
inline constexpr int kGroundLayers = static_cast<int>(GroundLayer::kCount);

struct Contour {
  uint32_t first_point = 0;  // a multiple of 4; the last point is repeated to fill four
  uint32_t num_points = 0;
};

// Chord errors of the outlines' levels of detail; a piece is drawn with the coarsest one that is
// finer than a third of a pixel at its distance.
inline constexpr std::array<float, 4> kDetail_m = {0.03f, 0.1f, 0.3f, 0.9f};

// A stretch of at most about 48 m (16 m on hills) of one layer: closed outlines of one orientation.
struct GroundPiece {
  Vec2 center_m;
  float radius_m = 0.0f;
  float base_m = 0.0f, half_height_m = 0.0f;  // its points lie at base +- half height
  int32_t deck = -1;  // number of the bridge or ramp that carries it above the land, -1 none
  GroundLayer layer = GroundLayer::kRoad;
  struct Range {
    uint32_t first = 0, count = 0;  // into Scene::Impl::contours
  };
  std::array<Range, kDetail_m.size()> contours;
};

enum class RoofKind : uint8_t { kFlat, kGable };

struct Building {
  Vec2 center_m;
  float base_m = 0.0f;                           // where it stands: the lowest land under it
  float cos_heading = 1.0f, sin_heading = 0.0f;  // of its long side, along the street
  float half_length_m = 6.0f, half_depth_m = 5.0f, height_m = 7.0f, roof_m = 0.0f;
  float radius_m = 8.0f;
  RoofKind roof_kind = RoofKind::kFlat;
  Color wall, roof;
};

struct Tree {
  Vec2 center_m;
  float base_m = 0.0f;
  float crown_radius_m = 1.8f, trunk_m = 2.0f, crown_height_m = 4.0f;
  Color crown;
  uint32_t shape = 0;  // seed of its outline
};

// A traffic light for one approach: a pole, and a board with three lamps towards its drivers.
struct SignalPost {
  Vec2 center_m;
  float base_m = 0.0f, lamp_m = 5.0f;  // of the middle lamp, above the base
  float cos_facing = 1.0f, sin_facing = 0.0f;
  uint32_t light = 0;  // into FrameMoment::lights
};
inline constexpr float kSignalRadius_m = 0.5f;

// A square of the land between roads, two triangles (Terrain's).
struct LandCell {
  Vec2 center_m;
  float base_m = 0.0f;            // mean height of its corners
  std::array<float, 4> x_m, y_m;  // corners relative to the centre, counter-clockwise
  std::array<float, 4> z_m;       // relative to the base
  float radius_m = 0.0f;
  bool hides = true;  // stands above something within sight
};

// A stretch of a bridge's edge: a girder below the deck and a parapet above it.
struct DeckSide {
  Vec2 center_m;
  float base_m = 0.0f, radius_m = 0.0f;
  Vec2 begin_m, end_m;  // relative to the centre
  float begin_z_m = 0.0f, end_z_m = 0.0f;
  int32_t deck = -1;
};

// Discs on the ground, sorted into square cells, so that a frame looks only at cells in its view.
class CellGrid {
 public:
  // Takes centres and radii; indices handed out later refer to this order.
  void Build(std::span<const Vec2> centers, std::span<const float> radii);

  // Calls visit(index) for every disc that may be in the picture, in ascending cell order.
  template <class Visit>
  void ForEachInView(const View& view, float far_m, Visit&& visit) const {
    if (columns_ == 0) return;
    const float reach = static_cast<float>(kCell_m) * 0.7072f + max_radius_m_;
    // Bounding box of the visible wedge, then a test per cell.
    double low_x = view.position_m.x, high_x = low_x, low_y = view.position_m.y, high_y = low_y;
    const auto include = [&](double x, double y) {
      low_x = x < low_x ? x : low_x;
      high_x = x > high_x ? x : high_x;
      low_y = y < low_y ? y : low_y;
      high_y = y > high_y ? y : high_y;
    };
    // Directions of the picture's sides, from the planes' normals.
    const std::array<Vec2, 3> directions = {Vec2{1.0, 0.0},
                                            Vec2{-view.left_plane.y, view.left_plane.x},
                                            Vec2{view.right_plane.y, -view.right_plane.x}};
    for (const Vec2 d : directions) {
      const double scale = far_m / (d.x > 0.25 ? d.x : 0.25);
      const double x = d.x * scale, y = d.y * scale;
      include(view.position_m.x + view.heading_cos * x - view.heading_sin * y,
              view.position_m.y + view.heading_sin * x + view.heading_cos * y);
    }
    const int first_column = ColumnOf(low_x - max_radius_m_, origin_m_.x, columns_);
    const int last_column = ColumnOf(high_x + max_radius_m_, origin_m_.x, columns_);
    const int first_row = ColumnOf(low_y - max_radius_m_, origin_m_.y, rows_);
    const int last_row = ColumnOf(high_y + max_radius_m_, origin_m_.y, rows_);
    for (int row = first_row; row <= last_row; ++row) {
      for (int column = first_column; column <= last_column; ++column) {
        const size_t cell = static_cast<size_t>(row) * columns_ + column;
        if (starts_[cell] == starts_[cell + 1]) continue;
        const Vec2 center{origin_m_.x + (column + 0.5) * kCell_m,
                          origin_m_.y + (row + 0.5) * kCell_m};
        if (!view.Sees(view.LevelFromWorld(center), reach, far_m)) continue;
        for (uint32_t k = starts_[cell]; k < starts_[cell + 1]; ++k) visit(order_[k]);
      }
    }
  }

 private:
  static constexpr double kCell_m = 40.0;
  static int ColumnOf(double x, double origin, int count) {
    const double c = (x - origin) / kCell_m;
    return c <= 0.0 ? 0 : c >= count - 1 ? count - 1 : static_cast<int>(c);
  }
  Vec2 origin_m_;
  int columns_ = 0, rows_ = 0;
  float max_radius_m_ = 0.0f;
  std::vector<uint32_t> starts_, order_;
};

// Smooth fractal brightness of the ground, periodic in 64 m, in a chain of halved sizes.
struct GroundTexture {
  static constexpr int kLevels = 9;  // 1024 .. 4 texels
  static constexpr int kBaseBits = 10;
  static constexpr size_t kSpareBytes = 3;          // behind each level: wide reads may touch them
  std::array<std::vector<int8_t>, kLevels> levels;  // [size, size], mean 0, +-127
  static GroundTexture Make(uint64_t seed);
};
inline constexpr double kTexturePeriod_m = 64.0;

struct Scene::Impl {
  // Relative to the piece's centre and base. No z on flat ground.
  std::vector<float> point_x_m, point_y_m, point_z_m;
  std::vector<Contour> contours;
  std::vector<GroundPiece> pieces;
  std::vector<Building> buildings;
  std::vector<Tree> trees;
  std::vector<SignalPost> signal_posts;
  CellGrid piece_grid, building_grid, tree_grid, signal_grid;
  // Of a town that is not flat.
  Terrain terrain;
  std::vector<LandCell> land;
  std::vector<DeckSide> deck_sides;
  CellGrid land_grid, deck_side_grid;
  GroundTexture texture;
  // Far skyline: slope (height / distance) at equal azimuth steps, closed.
  static constexpr int kHillSamples = 256;
  std::array<float, kHillSamples> hills{};
};

// Cells of a town's plan: what lies where, for placing things beside the road.
class SurfaceMap {
 public:
  SurfaceMap(std::span<const SurfaceStrip> strips, double margin_m);
  bool IsRoad(Vec2 p) const { return FlagAt(p) == kRoadFlag; }  // road or shoulder
  bool IsPaved(Vec2 p) const { return FlagAt(p) != 0; }         // or sidewalk
  // Distance to the nearest paved cell, exact to about 1 m, at most 250.
  float PavedDistance(Vec2 p) const;
  Vec2 min_m() const { return min_m_; }
  Vec2 max_m() const { return max_m_; }

 private:
  static constexpr uint8_t kRoadFlag = 2, kWalkFlag = 1;
  uint8_t FlagAt(Vec2 p) const;
  void FillQuad(const std::array<Vec2, 4>& quad, uint8_t flag);
  void MakeDistances();
  Vec2 min_m_, max_m_;
  double cell_m_ = 0.25, coarse_m_ = 1.0;
  int columns_ = 0, rows_ = 0, coarse_columns_ = 0, coarse_rows_ = 0;
  std::vector<uint8_t> flags_;
  std::vector<float> distance_;
};

struct StreetSide;

// Buildings and trees beside the streets. Reads the plan, never touches a paved cell.
void PlaceScenery(const SurfaceMap& map, std::span<const StreetSide> sides, uint64_t seed,
                  std::vector<Building>& buildings, std::vector<Tree>& trees);

// The whole scene from parts: what Make(network) calls, and tests with hand-made streets.
std::unique_ptr<Scene::Impl> BuildScene(std::span<const SurfaceStrip> strips,
                                        std::span<const MarkLine> marks, uint64_t seed,
                                        bool with_scenery, std::span<const SignalPlan> signals);

}  // namespace volante
