// Builds a Scene from its parts: ground, scenery, culling grids, texture and skyline. Runs once per
// town; nothing here is on a frame's path.
#include <cmath>
#include <numbers>

#include "base/hash.h"
#include "base/random.h"
#include "render/ground_builder.h"
#include "render/scene_impl.h"

namespace volante {

namespace {

constexpr double kKerbWidth_m = 0.22;

template <class Item>
void IndexDiscs(const std::vector<Item>& items, float (*radius_of)(const Item&), CellGrid& grid) {
  std::vector<Vec2> centers;
  std::vector<float> radii;
  for (const Item& item : items) {
    centers.push_back(item.center_m);
    radii.push_back(radius_of(item));
  }
  grid.Build(centers, radii);
}

}  // namespace

std::unique_ptr<Scene::Impl> BuildScene(std::span<const SurfaceStrip> strips,
                                        std::span<const MarkLine> marks, uint64_t seed,
                                        bool with_scenery) {
  auto scene = std::make_unique<Scene::Impl>();
  const SurfaceMap map(strips, with_scenery ? 80.0 : 2.0);
  const std::vector<StreetSide> sides = FindStreetSides(strips, map);
  const Relief relief(strips, with_scenery ? 160.0 : 2.0);
  GroundBuilder ground(*scene, relief);
  AddStreets(strips, ground);
  for (const StreetSide& side : sides) {
    ground.AddBand(GroundLayer::kKerb, Offset(side.points, side.outward, kKerbWidth_m),
                   side.points);
  }
  for (const MarkLine& mark : marks) ground.AddMark(mark);
  if (with_scenery) PlaceScenery(map, sides, seed, scene->buildings, scene->trees);
  IndexDiscs<GroundPiece>(
      scene->pieces, [](const GroundPiece& p) { return p.radius_m; }, scene->piece_grid);
  IndexDiscs<Building>(
      scene->buildings, [](const Building& b) { return b.radius_m; }, scene->building_grid);
  IndexDiscs<Tree>(scene->trees, [](const Tree& t) { return t.crown_radius_m; }, scene->tree_grid);
  scene->texture = GroundTexture::Make(seed);
  RandomStream random(seed, "skyline");
  for (const int waves : {3, 7, 12, 19, 31, 47}) {
    const double phase = random.Uniform(0.0, 2.0 * std::numbers::pi);
    for (int i = 0; i < Scene::Impl::kHillSamples; ++i) {
      const double turn = 2.0 * std::numbers::pi * i / Scene::Impl::kHillSamples;
      scene->hills[static_cast<size_t>(i)] +=
          static_cast<float>(0.006 * (1.0 + std::sin(waves * turn + phase)));
    }
  }
  return scene;
}

Scene::Scene() = default;
Scene::~Scene() = default;

std::shared_ptr<const Scene> Scene::Make(std::span<const SurfaceStrip> strips,
                                         std::span<const MarkLine> marks,
                                         std::string_view seed_text, bool with_scenery) {
  std::shared_ptr<Scene> scene(new Scene);
  scene->impl_ =
      BuildScene(strips, marks, HashBytes(seed_text.data(), seed_text.size()), with_scenery);
  return scene;
}

std::shared_ptr<const Scene> Scene::Make(const RoadNetwork& network) {
  return Make(network.surfaces(), network.marks(), network.text_hash(), true);
}

}  // namespace volante
