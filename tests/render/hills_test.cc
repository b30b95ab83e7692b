// Ground that is not flat: where roads, crests and bridges must show, worked by hand.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "render/camera_impl.h"
#include "render/hill_scene.h"
#include "render/terrain.h"
#include "render/view.h"
#include "road/towns.h"

namespace volante {
namespace {

using Picture = std::vector<uint8_t>;

Picture Classes(const std::shared_ptr<const Scene>& scene, const GroundPose& pose,
                std::span<const VehicleState> vehicles = {}, const CameraMount& mount = {},
                const CameraIntrinsics& intrinsics = {}) {
  Camera camera(scene, intrinsics, mount);
  Picture classes(static_cast<size_t>(intrinsics.width) * intrinsics.height);
  camera.RenderClasses(pose, vehicles, classes.data());
  return classes;
}

int Count(const Picture& classes, SemanticClass cls, int first_row = 0, int last_row = 83) {
  return static_cast<int>(std::count(classes.begin() + first_row * 84,
                                     classes.begin() + (last_row + 1) * 84,
                                     static_cast<uint8_t>(cls)));
}

GroundPose On(const HillStreet& street, double s_m, double lateral_m = -2.0) {
  const Vec2 along = UnitFromHeading(street.heading_rad);
  GroundPose pose(
      Pose2{street.from_m + along * s_m + Vec2{-along.y, along.x} * lateral_m, street.heading_rad});
  pose.ground_m = street.height_m(s_m);
  pose.pitch_rad = std::atan(street.height_m(s_m + 0.5) - street.height_m(s_m - 0.5));
  return pose;
}

VehicleState CarOn(const HillStreet& street, double s_m) {
  const GroundPose pose = On(street, s_m);
  VehicleState car;
  car.position_m = pose.pose.position_m;
  car.heading_rad = pose.pose.heading_rad;
  car.ground_m = pose.ground_m;
  car.pitch_rad = pose.pitch_rad;
  return car;
}

const HillStreet kLevel{{0, 0}, 0.0, 300.0, [](double) { return 12.0; }};
const HillStreet kRamp{{0, 0}, 0.0, 300.0, [](double s) { return 0.1 * s; }};
// A round crest 100 m along: height 10 there, 6 m lower 50 m before and behind it.
const HillStreet kCrest{
    {0, 0}, 0.0, 300.0, [](double s) { return 10.0 - 0.0024 * (s - 100.0) * (s - 100.0); }};

TEST(Hills, OnAConstantSlopeTheRoadShowsAsOnTheFlat) {
  const Picture flat = Classes(HillScene({kLevel}), On(kLevel, 100.0));
  const Picture slope = Classes(HillScene({kRamp}), On(kRamp, 100.0));
  // Below the horizon of the flat picture, row 42, away from its last rows.
  int different = 0;
  for (size_t i = 46 * 84; i < flat.size(); ++i) different += flat[i] != slope[i];
  EXPECT_LT(different, 40);
  EXPECT_GT(Count(slope, SemanticClass::kRoad, 46), 600);
}

// At the crest's foot the street ahead climbs: it shows above the level horizon of the eye, to the
// row where the line of sight touches the crest.
TEST(Hills, ARoadThatClimbsShowsAboveTheHorizonAndEndsAtTheCrest) {
  const auto scene = HillScene({kCrest});
  GroundPose pose = On(kCrest, 38.0);
  pose.pitch_rad = 0.0;  // a level camera: rows are easy
  const Picture classes = Classes(scene, pose);
  // Eye at x = 40, z = h(38) + 1.5. The steepest line to the street, over x in metres ahead:
  double steepest = -1.0;
  for (double x = 1.0; x < 120.0; x += 0.1) {
    steepest = std::max(steepest, (kCrest.height_m(40.0 + x) - kCrest.height_m(38.0) - 1.5) / x);
  }
  ASSERT_GT(steepest, 0.0);
  const double top_row = 42.0 - 56.0 * steepest;
  int first = 84;
  for (int row = 83; row >= 0; --row) {
    if (Count(classes, SemanticClass::kRoad, row, row) > 0) first = row;
  }
  EXPECT_NEAR(first, top_row, 1.5);
}

TEST(Hills, ACrestHidesTheCarBehindIt) {
  const auto vehicle_pixels = [](const HillStreet& street, double car_s_m) {
    const VehicleState car = CarOn(street, car_s_m);
    const Picture classes = Classes(HillScene({street}), On(street, 70.0), {&car, 1}, {},
                                    CameraIntrinsics::ForPeople(672, 504));
    return std::count(classes.begin(), classes.end(),
                      static_cast<uint8_t>(SemanticClass::kVehicle));
  };
  // Gentle enough that all of it is land, nothing a ramp: the eye at x = 72 and 10.56 m, the line
  // of sight that touches the crest 8 m beyond its top and falls by 0.0177. 98 m ahead it
  // passes 3.2 m above the roof of the second car.
  const HillStreet crest{
      {0, 0}, 0.0, 300.0, [](double s) { return 10.0 - 0.0012 * (s - 100.0) * (s - 100.0); }};
  // A car of 1.9 x 1.5 m is 336 / d times as large in pixels.
  EXPECT_GT(vehicle_pixels(crest, 90.0), 800);
  EXPECT_EQ(vehicle_pixels(crest, 170.0), 0);
  EXPECT_GT(vehicle_pixels(kLevel, 170.0), 20);
}

// Both where it lies wholly ahead and where it reaches behind the camera.
TEST(Hills, GroundThatIsSeenFromBelowIsNotDrawn) {
  const View view = View::Make({}, {});
  CoverageRaster raster(84, 84);
  const float y[4] = {-2.0f, 2.0f, 2.0f, -2.0f}, level[4] = {};
  for (const float near_m : {5.0f, -5.0f}) {
    const float x[4] = {20.0f, 20.0f, near_m, near_m};
    EXPECT_GT(AddHillOutline(view, {0.0f, 0.0f}, 0.0f, x, y, level, 4, raster), 0) << near_m;
    EXPECT_EQ(AddHillOutline(view, {0.0f, 0.0f}, 3.0f, x, y, level, 4, raster), 0) << near_m;
  }
}

// A line of 0.15 m by 20 m, 50 m before an eye 1.5 m above it. Across the view it is
// 56 * 1.5 * 0.15 / 50^2 = 0.005 px high, along it 42 * 0.15 / 50 = 0.126 px wide.
TEST(Hills, LinesAreLeftOutWhereTheyAreThinnerThanAsked) {
  const View view = View::Make({}, {});
  CoverageRaster raster(84, 84);
  const float along[4] = {10.0f, -10.0f, -10.0f, 10.0f}, level[4] = {};
  const float across[4] = {0.075f, 0.075f, -0.075f, -0.075f};
  const float turned[4] = {-10.0f, 10.0f, 10.0f, -10.0f};
  const auto triangles = [&](const float* x, const float* y, float thinnest_px) {
    return AddHillOutline(view, {50.0f, 0.0f}, 0.0f, x, y, level, 4, raster, thinnest_px);
  };
  EXPECT_EQ(triangles(across, turned, 0.0f), 2);
  EXPECT_EQ(triangles(across, turned, 0.0045f), 2);
  EXPECT_EQ(triangles(across, turned, 0.0056f), 0);
  EXPECT_EQ(triangles(along, across, 0.0056f), 2);
  EXPECT_EQ(triangles(along, across, 0.2f), 0);
}

// A street to x = 100, another across its end at x = 160 on land that is `above_m` higher, a tree
// on either side of that, and before it all a house 40 m wide and 7 m high.
std::shared_ptr<const Scene> HouseBeforeAStreet(double above_m, bool with_house) {
  const HillStreet across{
      {160, -168}, 0.5 * std::numbers::pi, 336.0, [above_m](double) { return 12.0 + above_m; }};
  HillStreet below = kLevel;
  below.length_m = 100.0;
  auto scene = HillScene({below, across});
  auto& s = const_cast<Scene::Impl&>(scene->impl());  // nobody else has it yet
  for (const double x : {150.0, 175.0}) {
    Tree tree;
    tree.center_m = {x, 0.0};
    tree.base_m = static_cast<float>(s.terrain.HeightAt(tree.center_m));
    s.trees.push_back(tree);
  }
  Building house;
  house.center_m = {115.0, 0.0};
  house.base_m = 12.0f;
  house.half_length_m = 3.0f;  // along x
  house.half_depth_m = 20.0f;
  house.radius_m = 20.3f;
  house.wall = house.roof = {200, 200, 200};
  if (with_house) s.buildings.push_back(house);
  const auto index = [](const auto& things, auto radius_of, CellGrid& grid) {
    std::vector<Vec2> centers;
    std::vector<float> radii;
    for (const auto& thing : things) {
      centers.push_back(thing.center_m);
      radii.push_back(radius_of(thing));
    }
    grid.Build(centers, radii);
  };
  index(s.trees, [](const Tree& t) { return t.crown_radius_m; }, s.tree_grid);
  index(s.buildings, [](const Building& b) { return b.radius_m; }, s.building_grid);
  return scene;
}

// The eye at x = 72; the house's walls stand 40 and 46 m before it, the trees 78 and 103 m. From
// 1.5 m above the street the roof is 5.5 m higher than the eye: what is behind it shows if it is
// 5.5 * 103 / 46 = 12.3 m higher. From 20 m the roof's near edge lies on row 42 + 56 * 13 / 40 = 60
// and the street behind it above, on row 42 + 56 * 20 / 88 = 55.
TEST(Hills, AHouseHidesWhatStandsBehindItUnlessThatShowsAboveItsRoof) {
  struct Case {
    double above_m, eye_m;
    bool shows;
  };
  for (const Case c : {Case{-4.0, 1.5, false}, Case{0.0, 1.5, false}, Case{30.0, 1.5, true},
                       Case{0.0, 20, true}}) {
    SCOPED_TRACE(std::to_string(c.above_m) + " m higher, eye at " + std::to_string(c.eye_m));
    size_t pieces[2] = {0, 0}, trees[2] = {0, 0};
    for (const bool with_house : {false, true}) {
      const auto scene = HouseBeforeAStreet(c.above_m, with_house);
      CameraMount mount;
      mount.z_m = c.eye_m;
      Camera camera(scene, {}, mount);
      Picture classes(84 * 84);
      camera.RenderClasses(On(kLevel, 70.0, 0.0), {}, classes.data());
      for (const auto& layer : camera.impl().visible_pieces) {
        for (const uint32_t i : layer) {
          const Vec2 at = scene->impl().pieces[i].center_m;
          pieces[with_house] += at.x > 140.0 && std::abs(at.y) < 12.0;
        }
      }
      for (const Item& item : camera.impl().items) {
        trees[with_house] += item.kind == ItemKind::kTree;
      }
      EXPECT_EQ(Count(classes, SemanticClass::kTree) > 0, c.shows || !with_house);
    }
    // A street above the eye is not seen, with or without a house.
    EXPECT_EQ(pieces[false] > 0, c.above_m <= 0.0);
    EXPECT_EQ(pieces[true], c.shows ? pieces[false] : 0u);
    EXPECT_EQ(trees[false], 2u);
    EXPECT_EQ(trees[true], c.shows ? 2u : 0u);
  }
}

// A level street and a bridge across it, 7 m above, 60 m ahead.
struct Crossing {
  HillStreet below{{0, 0}, 0.0, 300.0, [](double) { return 0.0; }};
  HillStreet bridge{{160, -150}, 0.5 * std::numbers::pi, 300.0, [](double) { return 7.0; }};
  std::shared_ptr<const Scene> scene = HillScene({below, bridge});
};

TEST(Hills, ABridgeIsADeckOverTheLandAndTheRoadBelowLiesOnIt) {
  const Crossing crossing;
  std::vector<SurfaceStrip> strips(2);
  for (size_t k = 0; k < 2; ++k) {
    strips[k].left = {{0, 4}, {40, 4}};
    strips[k].right = {{0, -4}, {40, -4}};
    strips[k].left_height_m =
        strips[k].right_height_m = {7.0 * static_cast<double>(k), 7.0 * static_cast<double>(k)};
  }
  const Terrain terrain(strips, 20.0);
  EXPECT_NEAR(terrain.HeightAt({20, 0}), 0.0, 0.3);
  EXPECT_TRUE(terrain.IsDeck({20, 0}, 7.0));
  EXPECT_FALSE(terrain.IsDeck({20, 0}, 0.0));
  EXPECT_TRUE(Terrain().flat());
}

TEST(Hills, FromBelowABridgeStandsAgainstTheSkyAndTheRoadGoesOnUnderIt) {
  const Crossing crossing;
  const Picture classes = Classes(crossing.scene, On(crossing.below, 100.0));
  // Its girder and parapet reach from 5.9 to 7.9 m, its near edge stands 52 m before the eye:
  // rows 42 - 56 (z - 1.5) / 52.
  const int low = static_cast<int>(42.0 - 56.0 * (5.9 - 1.5) / 52.0);
  const int high = static_cast<int>(42.0 - 56.0 * (7.9 - 1.5) / 52.0);
  EXPECT_EQ(classes[static_cast<size_t>(low - 1) * 84 + 42],
            static_cast<uint8_t>(SemanticClass::kBuilding));
  EXPECT_EQ(classes[static_cast<size_t>(high - 2) * 84 + 42],
            static_cast<uint8_t>(SemanticClass::kSky));
  EXPECT_EQ(Count(classes, SemanticClass::kRoad, 44, 46) > 0, true);
  // A car under the bridge shows, 32 m before the eye.
  const VehicleState below = CarOn(crossing.below, 160.0);
  EXPECT_GT(Count(Classes(crossing.scene, On(crossing.below, 124.0), {&below, 1}),
                  SemanticClass::kVehicle),
            3);
}

TEST(Hills, FromABridgeItsDeckHidesTheStreetBelow) {
  const Crossing crossing;
  const GroundPose pose = On(crossing.bridge, 132.0);
  const Picture classes = Classes(crossing.scene, pose);
  // Its own lane before the camera, over the whole crossing.
  for (int row = 50; row < 84; ++row) {
    EXPECT_EQ(classes[static_cast<size_t>(row) * 84 + 42],
              static_cast<uint8_t>(SemanticClass::kRoad))
        << row;
  }
  const VehicleState ahead = CarOn(crossing.bridge, 155.0), under = CarOn(crossing.below, 160.0);
  EXPECT_GT(Count(Classes(crossing.scene, pose, {&ahead, 1}), SemanticClass::kVehicle), 5);
  EXPECT_EQ(Count(Classes(crossing.scene, pose, {&under, 1}), SemanticClass::kVehicle), 0);
}

// Left side up by r: what is level crosses the picture along v = cy + fy (u - cx) tan(r) / fx,
// since y_camera = side cos r, z_camera = side sin r for a point at eye height.
TEST(Hills, ARolledCameraTiltsTheHorizon) {
  for (const bool flat : {true, false}) {
    CameraMount mount;
    mount.roll_rad = 5.0 * std::numbers::pi / 180.0;
    const std::vector<SurfaceStrip> nothing;
    const auto scene = flat ? Scene::Make(nothing, {}, "nothing", false) : HillScene({kLevel});
    GroundPose pose(Pose2{{-400.0, -300.0}, -2.0});  // away from the street
    pose.ground_m = flat ? 0.0 : 12.0;
    const Picture classes = Classes(scene, pose, {}, mount);
    for (const int column : {4, 24, 42, 60, 79}) {
      int horizon = 84;
      for (int row = 83; row >= 0; --row) {
        const uint8_t cls = classes[static_cast<size_t>(row) * 84 + static_cast<size_t>(column)];
        if (cls == static_cast<uint8_t>(SemanticClass::kSky)) break;
        horizon = row;
      }
      const double side = (42.0 - (column + 0.5)) / 42.0;
      EXPECT_NEAR(horizon, 42.0 + 56.0 * side * std::tan(mount.roll_rad), 1.0)
          << "column " << column << (flat ? " flat" : " hills");
    }
  }
}

// Ground is painted before what stands on it: a house at the foot of an embankment would be painted
// over the edge of the road above.
TEST(Hills, NothingStandsAtTheFootOfAnEmbankment) {
  int low = 0, beside = 0;
  for (const char* name : {"highway", "country"}) {
    const auto town = RoadNetwork::Parse(BuiltInTownText(name), name);
    const auto scene = Scene::Make(*town);
    const auto look = [&](Vec2 at, double base_m) {
      for (const SurfaceStrip& strip : town->surfaces()) {
        if (strip.surface != Surface::kRoad || strip.left_height_m.empty()) continue;
        for (size_t k = 0; k < strip.left.size(); ++k) {
          if (Distance(strip.left[k], at) > 12.0) continue;
          ++beside;
          low += strip.left_height_m[k] - base_m > 1.0;
        }
      }
    };
    for (const Building& b : scene->impl().buildings) look(b.center_m, b.base_m);
    for (const Tree& t : scene->impl().trees) look(t.center_m, t.base_m);
  }
  EXPECT_GT(beside, 100);
  EXPECT_EQ(low, 0);
}

}  // namespace
}  // namespace volante
