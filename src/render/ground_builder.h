// Turns strips and marks into a scene's ground pieces: closed outlines by layer, in levels of
// detail. Private to src/render/, used while a scene is built. ground_builder.cc makes pieces,
// street_layers.cc finds which strips belong together and what lies beside them.
#pragma once

#include <span>
#include <vector>

#include "render/ground_bands.h"
#include "render/scene_impl.h"
#include "render/terrain.h"

namespace volante {

GroundPoint Mix(const GroundPoint& a, const GroundPoint& b, double share_of_b);
// Parallel arrays to points; no heights mean 0.
GroundLine MakeLine(std::span<const Vec2> points, std::span<const double> heights_m);
// The line moved sideways in the plane.
GroundLine Offset(const GroundLine& line, std::span<const Vec2> directions, double distance_m);
// Segments of both lines longer than a step cut alike, so that every piece stays local.
void Densify(GroundLine& left, GroundLine& right, double step_m);

// A stretch of a road's outer edge with the normal pointing away from the road.
struct StreetSide {
  GroundLine points;
  std::vector<Vec2> outward;
  bool in_junction = false;
};

// An outer edge of a street with its sidewalks, and the opposite edge point by point.
struct StreetEdge {
  GroundLine points, across;
};

class GroundBuilder {
 public:
  // With a terrain, pieces are short enough for its bends and lie where it says.
  GroundBuilder(Scene::Impl& scene, const Terrain& terrain) : scene_(scene), terrain_(terrain) {}

  // The band between two lines of equal point count.
  void AddBand(GroundLayer layer, GroundLine left, GroundLine right);
  // The mark is read again in MakePieces.
  void AddMark(const MarkLine& mark);
  void AddStopLine(const SignalHead& head);
  // Of all that was added since the last time, in that order.
  void MakePieces();

 private:
  struct Band {
    GroundLine left, right;
  };
  void CutBand(GroundLayer layer, GroundLine left, GroundLine right);
  void AddDashes(GroundLayer layer, const MarkLine& mark, const GroundLine& left,
                 const GroundLine& right);
  void BeginPiece(GroundLayer layer);
  void AddContour(std::span<const GroundPoint> left, std::span<const GroundPoint> right);
  void EndPiece();
  void AddOutline(const Band& band, double tolerance_m, const GroundPiece& piece);

  Scene::Impl& scene_;
  const Terrain& terrain_;
  std::vector<GroundBand> added_;
  GroundLayer layer_ = GroundLayer::kRoad;
  std::vector<Band> bands_;  // of the piece that is being made
};

// The outer edges of the carriageway: sides of road strips beyond which there is no road.
std::vector<StreetSide> FindStreetSides(std::span<const SurfaceStrip> strips,
                                        const SurfaceMap& map);

// What a town that is not flat has besides: the land's cells, slopes of earth from roads down to
// it, and the edges of bridges.
void AddLand(std::span<const StreetSide> sides, std::span<const StreetEdge> edges,
             GroundBuilder& ground, Scene::Impl& scene);

// Sidewalk below shoulder below road, each layer the whole outline of what it carries: half the
// edges of a strip by strip drawing, and no seams between lanes.
// Returns the outer edges of each.
std::vector<StreetEdge> AddStreets(std::span<const SurfaceStrip> strips, const Terrain& terrain,
                                   GroundBuilder& ground);

}  // namespace volante
