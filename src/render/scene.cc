// Builds a Scene from its parts: ground, scenery, culling grids, texture and skyline. Runs once per
// town; nothing here is on a frame's path.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/hash.h"
#include "base/random.h"
#include "render/ground_builder.h"
#include "render/scene_impl.h"

namespace volante {

namespace {

constexpr double kKerbWidth_m = 0.22;
constexpr double kLandMargin_m = 160.0;  // of land beyond the outermost roads

// Buildings stand on the lowest land under their corners, trees where their trunk is.
void Ground(const Terrain& terrain, std::vector<Building>& buildings, std::vector<Tree>& trees) {
  if (terrain.flat()) return;
  for (Building& b : buildings) {
    const Vec2 along{b.cos_heading, b.sin_heading}, across{-along.y, along.x};
    double lowest = 1e300;
    for (const int k : {0, 1, 2, 3}) {
      const double l = (k < 2 ? 1.0 : -1.0) * b.half_length_m;
      const double d = (k % 2 == 0 ? 1.0 : -1.0) * b.half_depth_m;
      lowest = std::min(lowest, terrain.HeightAt(b.center_m + along * l + across * d));
    }
    b.base_m = static_cast<float>(lowest);
  }
  for (Tree& tree : trees) tree.base_m = static_cast<float>(terrain.HeightAt(tree.center_m));
}

// What stands lower than a street near by would be painted over its edge: the street is ground, and
// all of the ground is painted first.
constexpr double kBelow_m = 0.8, kBesideStreet_m = 14.0;

template <class Item>
void DropBelowStreets(std::span<const StreetSide> sides, float (*radius_of)(const Item&),
                      std::vector<Item>& items) {
  std::erase_if(items, [&](const Item& item) {
    const double reach_m = kBesideStreet_m + static_cast<double>(radius_of(item));
    for (const StreetSide& side : sides) {
      for (const GroundPoint& p : side.points) {
        if (p.height_m - static_cast<double>(item.base_m) > kBelow_m &&
            Distance(p.at_m, item.center_m) < reach_m) {
          return true;
        }
      }
    }
    return false;
  });
}

constexpr double kNearLamp_m = 3.5;  // above the ground of its line

constexpr double kPostStep_m = 0.5, kPostFar_m = 15.0;

// A line across each lane that a light holds, where cars stop, and two posts for each approach. A
// place on a road moves to its drivers' right until it is beside one; no post where none is near.
void AddSignals(std::span<const SignalPlan> signals, const SurfaceMap& map, const Terrain& terrain,
                GroundBuilder& ground, std::vector<SignalPost>& posts) {
  uint32_t first_light = 0;
  const auto add = [&](const SignalHead& head, Vec2 at, double lamp_height_m) {
    const Vec2 facing = UnitFromHeading(head.facing_rad), right{-facing.y, facing.x};
    for (double moved_m = 0.0; map.IsRoad(at); moved_m += kPostStep_m) {
      if (moved_m >= kPostFar_m) return;
      at = at + right * kPostStep_m;
    }
    const uint32_t light = first_light + static_cast<uint32_t>(head.phase);
    const bool stands = std::any_of(posts.begin(), posts.end(), [&](const SignalPost& post) {
      return post.light == light && Distance(post.center_m, at) < 0.1;
    });
    if (stands) return;
    SignalPost post;
    post.center_m = at;
    post.base_m = static_cast<float>(terrain.flat() ? 0.0 : terrain.HeightAt(at));
    post.lamp_m = static_cast<float>(lamp_height_m) - post.base_m;
    post.cos_facing = static_cast<float>(std::cos(head.facing_rad));
    post.sin_facing = static_cast<float>(std::sin(head.facing_rad));
    post.light = light;
    posts.push_back(post);
  };
  for (const SignalPlan& plan : signals) {
    for (const SignalHead& head : plan.heads) {
      ground.AddStopLine(head);
      add(head, head.lamp_m, head.lamp_height_m);
      add(head, head.near_lamp_m, head.stop_height_m + kNearLamp_m);
    }
    first_light += static_cast<uint32_t>(plan.phases.size());
  }
}

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
                                        bool with_scenery, std::span<const SignalPlan> signals) {
  auto scene = std::make_unique<Scene::Impl>();
  const SurfaceMap map(strips, with_scenery ? 80.0 : 2.0);
  const std::vector<StreetSide> sides = FindStreetSides(strips, map);
  scene->terrain = Terrain(strips, kLandMargin_m);
  GroundBuilder ground(*scene, scene->terrain);
  const std::vector<StreetEdge> edges = AddStreets(strips, scene->terrain, ground);
  for (const StreetSide& side : sides) {
    ground.AddBand(GroundLayer::kKerb, Offset(side.points, side.outward, kKerbWidth_m),
                   side.points);
  }
  for (const MarkLine& mark : marks) ground.AddMark(mark);
  AddSignals(signals, map, scene->terrain, ground, scene->signal_posts);
  if (scene->terrain.flat()) {
    ground.MakePieces();
  } else {
    AddLand(sides, edges, ground, *scene);
  }
  if (with_scenery) PlaceScenery(map, sides, seed, scene->buildings, scene->trees);
  Ground(scene->terrain, scene->buildings, scene->trees);
  if (!scene->terrain.flat()) {
    DropBelowStreets<Building>(
        sides, [](const Building& b) { return b.radius_m; }, scene->buildings);
    DropBelowStreets<Tree>(sides, [](const Tree& t) { return t.crown_radius_m; }, scene->trees);
  }
  IndexDiscs<LandCell>(scene->land, [](const LandCell& c) { return c.radius_m; }, scene->land_grid);
  IndexDiscs<DeckSide>(
      scene->deck_sides, [](const DeckSide& d) { return d.radius_m; }, scene->deck_side_grid);
  IndexDiscs<GroundPiece>(
      scene->pieces, [](const GroundPiece& p) { return p.radius_m; }, scene->piece_grid);
  IndexDiscs<Building>(
      scene->buildings, [](const Building& b) { return b.radius_m; }, scene->building_grid);
  IndexDiscs<SignalPost>(
      scene->signal_posts, [](const SignalPost&) { return kSignalRadius_m; }, scene->signal_grid);
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
                                         std::string_view seed_text, bool with_scenery,
                                         std::span<const SignalPlan> signals) {
  std::shared_ptr<Scene> scene(new Scene);
  scene->impl_ = BuildScene(strips, marks, HashBytes(seed_text.data(), seed_text.size()),
                            with_scenery, signals);
  return scene;
}

std::shared_ptr<const Scene> Scene::Make(const RoadNetwork& network) {
  return Make(network.surfaces(), network.marks(), network.text_hash(), true,
              network.signal_plans());
}

}  // namespace volante
