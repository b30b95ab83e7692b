// The camera's acceptance numbers, and its geometry against the pinhole formula worked by hand:
// u = cx - fx y / x, v = cy + fy (h - z) / x for a point x ahead, y left, z up of a level camera.
#include "render/camera.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <numbers>
#include <set>

#include "base/hash.h"
#include "base/random.h"
#include "config/options.h"
#include "render/hill_scene.h"
#include "render/look.h"
#include "render/scene_impl.h"
#include "road/route.h"
#include "support/count_allocations.h"

namespace volante {
namespace {

constexpr double kCameraAhead_m = 2.0;  // of the box centre, as the mount says

void AddStrip(std::vector<SurfaceStrip>& strips, Surface surface, double left_m, double right_m) {
  SurfaceStrip strip;
  strip.surface = surface;
  for (double x = -50.0; x <= 250.0; x += 5.0) {
    strip.left.push_back({x, left_m});
    strip.right.push_back({x, right_m});
  }
  strips.push_back(strip);
}

MarkLine Mark(MarkKind kind, double y_m) {
  MarkLine mark;
  mark.kind = kind;
  for (double x = -50.0; x <= 250.0; x += 5.0) mark.points.push_back({x, y_m});
  return mark;
}

// A straight street along x: two lanes of 4 m, a broken line between them, sidewalks.
std::shared_ptr<const Scene> StraightStreet(bool with_scenery = false) {
  std::vector<SurfaceStrip> strips;
  AddStrip(strips, Surface::kSidewalk, 6.0, 4.0);
  AddStrip(strips, Surface::kRoad, 4.0, 0.0);
  AddStrip(strips, Surface::kRoad, 0.0, -4.0);
  AddStrip(strips, Surface::kSidewalk, -4.0, -6.0);
  const std::vector<MarkLine> marks = {Mark(MarkKind::kBroken, 0.0), Mark(MarkKind::kSolid, 3.7),
                                       Mark(MarkKind::kSolid, -3.7)};
  return Scene::Make(strips, marks, "straight street", with_scenery);
}

std::shared_ptr<const RoadNetwork> Town() {
  static const auto town = RoadNetwork::Parse(BuiltInTownText("volante_town"), "volante_town");
  return town;
}
std::shared_ptr<const Scene> TownScene() {
  static const auto scene = Scene::Make(*Town());
  return scene;
}

// The camera itself at (x, y): the ego's centre is 2 m behind.
Pose2 CameraAt(double x_m, double y_m) { return {{x_m - kCameraAhead_m, y_m}, 0.0}; }

VehicleState Car(double rear_x_m, double y_m, uint8_t color) {
  VehicleState car;
  car.position_m = {rear_x_m + 0.5 * car.length_m, y_m};
  car.color = color;
  return car;
}

std::vector<uint8_t> Gray(Camera& camera, const Pose2& pose,
                          std::span<const VehicleState> vehicles = {}) {
  std::vector<uint8_t> picture(84 * 84);
  camera.RenderGray(pose, vehicles, picture.data());
  return picture;
}

// A pose in the middle of some lane of the built-in town, and cars on other lanes.
struct Drive {
  Pose2 pose;
  std::vector<VehicleState> vehicles;
};
Drive RandomDrive(uint64_t index, int num_cars = 20) {
  RandomStream random(3, "camera_test", index);
  const auto place = [&] {
    const Lane& lane = Town()->lane(static_cast<LaneIndex>(random.Below(Town()->lanes().size())));
    return lane.center.At(random.Uniform(0.0, lane.center.length_m()));
  };
  Drive drive;
  const CurvePoint at = place();
  drive.pose = {at.position_m, at.heading_rad};
  for (int i = 0; i < num_cars; ++i) {
    const CurvePoint p = place();
    if (Distance(p.position_m, at.position_m) < 8.0) continue;
    VehicleState car;
    car.position_m = p.position_m;
    car.heading_rad = p.heading_rad;
    car.color = static_cast<uint8_t>(random.Below(8));
    car.braking = random.Uniform() < 0.3;
    drive.vehicles.push_back(car);
  }
  return drive;
}

TEST(Camera, HorizonOfEmptyGroundLiesAtCy) {
  const auto scene = Scene::Make({}, {}, "nothing", false);
  Camera camera(scene, {});
  std::vector<uint8_t> classes(84 * 84);
  camera.RenderClasses(Pose2{{10.0, -3.0}, 0.7}, {}, classes.data());
  for (int y = 0; y < 84; ++y) {
    for (int x = 0; x < 84; ++x) {
      const auto expected = y < 42 ? SemanticClass::kSky : SemanticClass::kGround;
      ASSERT_EQ(classes[static_cast<size_t>(y * 84 + x)], static_cast<uint8_t>(expected));
    }
  }
}

TEST(Camera, ForPeopleSeesNinetyDegreesInSquarePixels) {
  const CameraIntrinsics k = CameraIntrinsics::ForPeople(1280, 720);
  EXPECT_EQ(k.fx_px, 640.0);
  EXPECT_EQ(k.fy_px, 640.0);
  EXPECT_EQ(k.cx_px, 640.0);
  EXPECT_EQ(k.cy_px, 360.0);
}

TEST(Camera, RoadEdgeAndCarLandOnThePixelsOfThePinholeFormula) {
  // In a large picture, so that a pixel is a fine ruler: fx = fy = 640, h = 1.5.
  Camera camera(StraightStreet(), CameraIntrinsics::ForPeople(1280, 720));
  std::vector<uint8_t> classes(1280 * 720);
  const std::vector<VehicleState> cars = {Car(20.0, 1.0, 0)};
  camera.RenderClasses(CameraAt(0.0, -2.0), cars, classes.data());
  const auto is = [&](int x, int y, SemanticClass c) {
    return classes[static_cast<size_t>(y) * 1280 + x] == static_cast<uint8_t>(c);
  };
  // Row 520: x = 640 * 1.5 / (520.5 - 360) = 5.981 m. The sidewalk begins at y = -4.22 (kerb of
  // 0.22 m), 2.22 m right of the camera: u = 640 + 640 * 2.22 / 5.981 = 877.5. The kerb begins at
  // -4.02 (2 cm overlap of the road): u = 640 + 640 * 2.02 / 5.981 = 856.1.
  EXPECT_TRUE(is(854, 520, SemanticClass::kRoad));
  EXPECT_TRUE(is(858, 520, SemanticClass::kKerb));
  EXPECT_TRUE(is(875, 520, SemanticClass::kKerb));
  EXPECT_TRUE(is(880, 520, SemanticClass::kSidewalk));
  // The car's rear face stands at x = 20, y in 1 +- 0.95, so 3 +- 0.95 m to the left:
  // u from 640 - 640 * 3.95 / 20 = 513.6 to 640 - 640 * 2.05 / 20 = 574.4.
  // Its tyres' shadow gap aside, it reaches the ground at v = 360 + 640 * 1.5 / 20 = 408.
  int low_u = 1280, high_u = -1, high_v = -1, low_v = 720;
  for (int y = 0; y < 720; ++y) {
    for (int x = 0; x < 1280; ++x) {
      if (!is(x, y, SemanticClass::kVehicle)) continue;
      low_u = std::min(low_u, x);
      high_u = std::max(high_u, x);
      low_v = std::min(low_v, y);
      high_v = std::max(high_v, y);
    }
  }
  EXPECT_NEAR(low_u, 513.6, 1.5);
  // The right side recedes: its front end stands at x = 24.5: u = 640 - 640 * 2.05 / 24.5 = 586.4,
  // drawn a little narrower at the bonnet.
  EXPECT_NEAR(high_u, 585.5, 2.0);
  EXPECT_NEAR(high_v, 407.0, 3.5);  // the dark underbody ends 5 % of the length further in
  EXPECT_NEAR(low_v, 360.0, 1.5);   // 1.5 m high, as the camera
}

TEST(Camera, CameraStandsTwoMetresAheadOfTheBoxCentreAndTurnsWithIt) {
  // A dash's near edge at x = 10, seen from a car at (0, 0) and from one that is turned and moved
  // with its whole world by 90 degrees: the same picture.
  std::vector<SurfaceStrip> strips(1), turned(1);
  strips[0].left = {{4.0, 1.0}, {10.0, 1.0}};
  strips[0].right = {{4.0, -2.0}, {10.0, -2.0}};
  for (const auto& [from, to] :
       {std::pair{&strips[0].left, &turned[0].left}, {&strips[0].right, &turned[0].right}}) {
    for (const Vec2 p : *from) to->push_back({-p.y, p.x});
  }
  Camera a(Scene::Make(strips, {}, "a", false), {}), b(Scene::Make(turned, {}, "a", false), {});
  std::vector<uint8_t> first(84 * 84), second(84 * 84);
  a.RenderClasses(Pose2{{0.0, 0.0}, 0.0}, {}, first.data());
  b.RenderClasses(Pose2{{0.0, 0.0}, 0.5 * std::numbers::pi}, {}, second.data());
  EXPECT_EQ(first, second);
  // The far end is 10 - 2 = 8 m ahead: v = 42 + 56 * 1.5 / 8 = 52.5; nothing of it lies above.
  const auto road = static_cast<uint8_t>(SemanticClass::kRoad);
  EXPECT_NE(first[51 * 84 + 42], road);
  EXPECT_EQ(first[53 * 84 + 42], road);
}

TEST(Camera, MarkStandsOutFromTheRoadByTwentyLevelsAtTenMetres) {
  Camera camera(StraightStreet(), {});
  // 10 m ahead is v = 42 + 84 / 10 = 50.4: row 50. The solid line 1.7 m to the right of a camera
  // at y = -2 is at u = 42 + 42 * 1.7 / 10 = 49.1: columns 48 to 50 hold it.
  for (int step = 0; step < 40; ++step) {
    const auto gray = Gray(camera, CameraAt(0.37 * step, -2.0 + 0.013 * step));
    int brightest = 0;
    for (int x = 47; x <= 51; ++x) brightest = std::max<int>(brightest, gray[50 * 84 + x]);
    const int road = (gray[50 * 84 + 41] + gray[50 * 84 + 42] + gray[50 * 84 + 43]) / 3;
    EXPECT_GE(brightest - road, 20) << "step " << step;
  }
}

TEST(Camera, CarAtThirtyMetresDiffersFromTheRoadInSixPixelsWhateverItsColour) {
  Camera camera(StraightStreet(), {});
  for (int color = 0; color < 8; ++color) {
    for (const bool oncoming : {false, true}) {
      std::vector<VehicleState> cars = {Car(30.0, -2.0, static_cast<uint8_t>(color))};
      if (oncoming) cars[0].heading_rad = std::numbers::pi;
      for (int step = 0; step < 5; ++step) {
        const Pose2 pose = CameraAt(0.02 * step, -2.0 + 0.15 * step);
        const auto with = Gray(camera, pose, cars), without = Gray(camera, pose);
        // Road at 30 m: row 44 on the camera's axis, between the lines.
        const int road = without[44 * 84 + 42];
        int different = 0;
        for (size_t i = 0; i < with.size(); ++i) {
          different += with[i] != without[i] && std::abs(with[i] - road) >= 20;
        }
        EXPECT_GE(different, 6) << "colour " << color << " oncoming " << oncoming;
      }
    }
  }
}

TEST(Camera, CarAtFifteenMetresShowsLightAndDarkPartsAndItsBrakes) {
  Camera camera(StraightStreet(), {});
  for (int color = 0; color < 8; ++color) {
    std::vector<VehicleState> cars = {Car(15.0, -2.0, static_cast<uint8_t>(color))};
    const auto coasting = Gray(camera, CameraAt(0.0, -2.0), cars);
    // Rear face: u in 42 +- 2.66, v from 42 to 47.6.
    std::set<int> levels;
    for (int y = 42; y < 48; ++y) {
      for (int x = 39; x < 45; ++x) levels.insert(coasting[static_cast<size_t>(y * 84 + x)] / 16);
    }
    EXPECT_GE(levels.size(), 3u) << "colour " << color;
    cars[0].braking = true;
    const auto braking = Gray(camera, CameraAt(0.0, -2.0), cars);
    int changed = 0;
    for (size_t i = 0; i < braking.size(); ++i) changed += std::abs(braking[i] - coasting[i]) >= 10;
    EXPECT_GE(changed, 2) << "colour " << color;
  }
}

TEST(Camera, MovingByTenCentimetresChangesMarkPixelsByAtMostTwelveLevelsOnAverage) {
  // Pixels that a mark touches 20 to 40 m ahead: rows v = 42 + 84 / d, 44 to 46.
  const auto scene = StraightStreet();
  Camera camera(scene, {});
  for (const Vec2 move : {Vec2{0.1, 0.0}, Vec2{0.0, 0.1}, Vec2{0.07, 0.07}}) {
    double sum = 0.0;
    int count = 0;
    for (int step = 0; step < 60; ++step) {
      const double x = 0.61 * step, y = -2.0 + 0.01 * step;
      const auto before = Gray(camera, CameraAt(x, y));
      const auto after = Gray(camera, CameraAt(x + move.x, y + move.y));
      for (int row = 44; row <= 45; ++row) {
        const double d = 84.0 / (row + 0.5 - 42.0);
        for (const double mark_y : {0.0, 3.7, -3.7}) {
          const int u = static_cast<int>(42.0 - 42.0 * (mark_y - y) / d);
          for (int k = u - 1; k <= u + 1; ++k) {
            if (k < 0 || k >= 84) continue;
            const auto i = static_cast<size_t>(row * 84 + k);
            sum += std::abs(after[i] - before[i]);
            ++count;
          }
        }
      }
    }
    EXPECT_LE(sum / count, 12.0) << "move " << move.x << "," << move.y;
    EXPECT_GT(sum, 0.0);
  }
}

// Ground behind buildings is left out; what shows between them is not. A pixel that the picture
// says is grass has no road under all of its corners (pinhole formula on the plane, the town's own
// map).
TEST(Camera, NoRoadIsLeftOutThatBuildingsDoNotHide) {
  Camera camera(TownScene(), {});
  const SurfaceMap map(Town()->surfaces(), 10.0);
  std::vector<uint8_t> classes(84 * 84);
  int grass = 0, missing = 0;
  for (uint64_t k = 0; k < 200; ++k) {
    const Drive drive = RandomDrive(k);
    camera.RenderClasses(drive.pose, {}, classes.data());
    for (int y = 43; y < 84; ++y) {
      for (int x = 0; x < 84; ++x) {
        if (classes[static_cast<size_t>(y * 84 + x)] !=
            static_cast<uint8_t>(SemanticClass::kGround)) {
          continue;
        }
        ++grass;
        bool road = true;
        for (const double v : {0.0, 0.5, 1.0}) {
          for (const double u : {0.0, 0.5, 1.0}) {
            const double ahead_m = 1.5 * 56.0 / (y + v - 42.0);
            const double left_m = ahead_m * (42.0 - x - u) / 42.0;
            road = road && map.IsRoad(WorldFromLocal(drive.pose, {2.0 + ahead_m, left_m}));
          }
        }
        missing += road;
      }
    }
  }
  EXPECT_GT(grass, 10000);
  EXPECT_EQ(missing, 0);
}

TEST(Camera, ClassesAgreeWithTheMajorityOfFourTimesSupersampling) {
  Camera camera(TownScene(), {});
  Camera fine(TownScene(), {4 * 84, 4 * 84, 4 * 42.0, 4 * 56.0, 4 * 42.0, 4 * 42.0});
  std::vector<uint8_t> classes(84 * 84), samples(16 * 84 * 84);
  double worst = 1.0, sum = 0.0;
  constexpr int kPoses = 40;
  for (uint64_t k = 0; k < kPoses; ++k) {
    const Drive drive = RandomDrive(k);
    camera.RenderClasses(drive.pose, drive.vehicles, classes.data());
    fine.RenderClasses(drive.pose, drive.vehicles, samples.data());
    int agree = 0;
    for (int y = 0; y < 84; ++y) {
      for (int x = 0; x < 84; ++x) {
        std::array<int, 10> votes{};
        for (int j = 0; j < 4; ++j) {
          for (int i = 0; i < 4; ++i) {
            ++votes[samples[static_cast<size_t>((4 * y + j) * 336 + 4 * x + i)]];
          }
        }
        const auto majority = std::max_element(votes.begin(), votes.end()) - votes.begin();
        agree += classes[static_cast<size_t>(y * 84 + x)] == majority;
      }
    }
    const double share = agree / (84.0 * 84.0);
    worst = std::min(worst, share);
    sum += share;
  }
  EXPECT_GE(worst, 0.97);
  RecordProperty("mean_agreement", std::to_string(sum / kPoses));
  std::printf("semantic agreement: mean %.4f, worst %.4f\n", sum / kPoses, worst);
}

TEST(Camera, SamePoseGivesTheSameBytesInTwoCamerasAndTwoScenes) {
  Camera a(TownScene(), {}), b(Scene::Make(*Town()), {});
  for (uint64_t k = 0; k < 10; ++k) {
    const Drive drive = RandomDrive(k);
    const auto first = Gray(a, drive.pose, drive.vehicles);
    EXPECT_EQ(first, Gray(a, drive.pose, drive.vehicles));
    EXPECT_EQ(first, Gray(b, drive.pose, drive.vehicles));
  }
}

// A deliberate change of the standard picture changes this hash; weather and looks must not.
TEST(Camera, StandardLookKeepsItsBytes) {
  Camera camera(TownScene(), {});
  Camera large(TownScene(), CameraIntrinsics::ForPeople(320, 180));
  std::vector<uint8_t> rgb(320 * 180 * 3), all;
  for (uint64_t k = 0; k < 40; ++k) {
    const Drive drive = RandomDrive(k);
    const auto gray = Gray(camera, drive.pose, drive.vehicles);
    all.insert(all.end(), gray.begin(), gray.end());
    if (k % 4 != 0) continue;
    large.RenderRgb(drive.pose, drive.vehicles, rgb.data());
    all.insert(all.end(), rgb.begin(), rgb.end());
  }
  EXPECT_EQ(Hash128Hex(all.data(), all.size()), "adf4f2123a1eee9146edfda2bf025776");
}

TEST(Camera, EveryFrameOfADriveDiffersFromEveryOther) {
  Camera camera(TownScene(), {});
  std::set<uint64_t> hashes;
  int frames = 0;
  for (LaneIndex lane = 0; lane < 6; ++lane) {
    const Curve& center = Town()->lane(lane).center;
    for (double s = 0.0; s < std::min(center.length_m(), 20.0); s += 0.2) {
      const CurvePoint p = center.At(s);
      const auto gray = Gray(camera, {p.position_m, p.heading_rad});
      hashes.insert(HashBytes(gray.data(), gray.size()));
      ++frames;
    }
  }
  EXPECT_GE(frames, 100);
  EXPECT_EQ(static_cast<int>(hashes.size()), frames);
}

TEST(Camera, GrayIsTheLumaOfTheRgbPicture) {
  Camera gray_camera(TownScene(), {}), rgb_camera(TownScene(), {});
  std::vector<uint8_t> rgb(84 * 84 * 3);
  const Drive drive = RandomDrive(4);
  const auto gray = Gray(gray_camera, drive.pose, drive.vehicles);
  rgb_camera.RenderRgb(drive.pose, drive.vehicles, rgb.data());
  for (size_t i = 0; i < gray.size(); ++i) {
    const int luma = (77 * rgb[3 * i] + 150 * rgb[3 * i + 1] + 29 * rgb[3 * i + 2]) >> 8;
    ASSERT_NEAR(gray[i], luma, 4) << "pixel " << i;  // rounding of each blend
  }
}

TEST(Camera, FramesAllocateNothing) {
  Camera camera(TownScene(), {});
  std::vector<uint8_t> picture(84 * 84);
  std::vector<Drive> drives;
  for (uint64_t k = 0; k < 20; ++k) drives.push_back(RandomDrive(k));
  const long before = allocations_so_far;
  for (const Drive& drive : drives) {
    camera.RenderGray(drive.pose, drive.vehicles, picture.data());
  }
  EXPECT_EQ(allocations_so_far, before);
}

TEST(Camera, FramesOfHillsAllocateNothing) {
  const HillStreet street{{0, 0}, 0.0, 400.0, [](double s) { return 6.0 * std::sin(s / 40.0); }};
  const HillStreet bridge{{200, -100}, 1.57, 200.0, [](double) { return 12.0; }};
  Camera camera(HillScene({street, bridge}, true), {});
  std::vector<uint8_t> picture(84 * 84);
  const long before = allocations_so_far;
  for (double s = 5.0; s < 390.0; s += 5.0) {
    GroundPose pose(Pose2{{s, -2.0}, 0.0});
    pose.ground_m = street.height_m(s);
    pose.pitch_rad = 0.15 * std::cos(s / 40.0);
    camera.RenderGray(pose, {}, picture.data());
  }
  EXPECT_EQ(allocations_so_far, before);
}

TEST(Camera, NewLooksAllocateNothingOnceTheirKindsWereSeen) {
  const Config config = WithSets(Config(), {"randomisation.enabled=true"});
  Camera camera(TownScene(), {});
  std::vector<uint8_t> picture(84 * 84);
  const Drive drive = RandomDrive(4);
  Look night;
  night.weather = WeatherOf(WeatherPreset::kHardRainNight);
  camera.SetLook(night);
  camera.SetLook(DrawLook({}, config.randomisation, Scenario::kEmpty, 0));
  const long before = allocations_so_far;
  for (uint32_t episode = 0; episode < 20; ++episode) {
    camera.SetLook(DrawLook({}, config.randomisation, Scenario::kEmpty, episode));
    for (uint32_t tick = 0; tick < 3; ++tick) {
      camera.RenderGray(drive.pose, drive.vehicles, picture.data(),
                        {.tick = tick, .speed_mps = 9.0f, .yaw_rate_radps = 0.2f});
    }
  }
  EXPECT_EQ(allocations_so_far, before);
}

// Whether a point lies in a convex quad of either orientation.
bool InQuad(Vec2 p, const std::array<Vec2, 4>& quad) {
  bool left = false, right = false;
  for (size_t i = 0; i < 4; ++i) {
    const double side = Cross(quad[(i + 1) % 4] - quad[i], p - quad[i]);
    left = left || side > 0.0;
    right = right || side < 0.0;
  }
  return !(left && right);
}

TEST(Scene, NothingStandsOnARoadOrSidewalk) {
  const Scene::Impl& scene = TownScene()->impl();
  EXPECT_GE(scene.buildings.size(), 50u);
  EXPECT_GE(scene.trees.size(), 100u);
  std::vector<Vec2> feet;
  for (const Building& b : scene.buildings) {
    for (double i = -1.0; i <= 1.0; i += 0.125) {
      for (double j = -1.0; j <= 1.0; j += 0.125) {
        const double x = i * b.half_length_m, y = j * b.half_depth_m;
        feet.push_back(b.center_m + Vec2{b.cos_heading * x - b.sin_heading * y,
                                         b.sin_heading * x + b.cos_heading * y});
      }
    }
  }
  for (const Tree& t : scene.trees) {
    for (double angle = 0.0; angle < 6.3; angle += 0.3) {
      feet.push_back(t.center_m + UnitFromHeading(angle) * t.crown_radius_m);
    }
  }
  for (const SurfaceStrip& strip : Town()->surfaces()) {
    if (strip.surface == Surface::kOther) continue;
    for (size_t i = 1; i < strip.left.size(); ++i) {
      const std::array<Vec2, 4> quad = {strip.left[i - 1], strip.left[i], strip.right[i],
                                        strip.right[i - 1]};
      Vec2 low = quad[0], high = quad[0];
      for (const Vec2 p : quad) {
        low = {std::min(low.x, p.x), std::min(low.y, p.y)};
        high = {std::max(high.x, p.x), std::max(high.y, p.y)};
      }
      for (const Vec2 p : feet) {
        if (p.x < low.x || p.x > high.x || p.y < low.y || p.y > high.y) continue;
        ASSERT_FALSE(InQuad(p, quad)) << p.x << "," << p.y;
      }
    }
  }
}

// A crossing of 220 lanes: 20 that lie side by side, each eleven times, 3 mm beside each other.
TEST(Scene, ConnectingLanesThatOthersCoverAreNotDrawnAndNobodySeesIt) {
  std::vector<SurfaceStrip> once;
  for (int k = 0; k < 20; ++k) AddStrip(once, Surface::kRoad, 1.5 * k + 1.5, 1.5 * k);
  for (SurfaceStrip& strip : once) strip.in_junction = true;
  std::vector<SurfaceStrip> often;
  for (int copy = 0; copy < 11; ++copy) {
    for (SurfaceStrip strip : once) {
      for (auto* side : {&strip.left, &strip.right}) {
        for (Vec2& p : *side) p.y += 0.003 * copy;
      }
      often.push_back(std::move(strip));
    }
  }
  const auto few = Scene::Make(once, {}, "crossing", false);
  const auto many = Scene::Make(often, {}, "crossing", false);
  const auto roads = [](const Scene& scene) {
    const auto& pieces = scene.impl().pieces;
    return std::count_if(pieces.begin(), pieces.end(), [](const GroundPiece& piece) {
      return piece.layer == GroundLayer::kRoad;
    });
  };
  EXPECT_EQ(roads(*many), roads(*few));
  Camera a(few, {}), b(many, {});
  std::vector<uint8_t> first(84 * 84), second(84 * 84);
  a.RenderClasses(CameraAt(0.0, 12.0), {}, first.data());
  b.RenderClasses(CameraAt(0.0, 12.0), {}, second.data());
  int different = 0;
  for (size_t i = 0; i < first.size(); ++i) different += first[i] != second[i];
  EXPECT_LT(different,
            40);  // the kerbs beside the copies, eleven half covered pixels to a whole one
}

TEST(Scene, CurvesKeepWithinFiveCentimetresOfTheirChords) {
  // A ring of 10 m radius: every point of the finest outlines' edges lies within 5 cm of a circle.
  SurfaceStrip ring;
  for (int i = 0; i <= 240; ++i) {
    const Vec2 u = UnitFromHeading(1.5 * std::numbers::pi * i / 240.0);
    ring.left.push_back(u * 10.0);
    ring.right.push_back(u * 14.0);
  }
  const std::vector<SurfaceStrip> strips = {ring};
  const auto scene = Scene::Make(strips, {}, "ring", false);
  const Scene::Impl& s = scene->impl();
  ASSERT_FALSE(s.pieces.empty());
  int edges = 0;
  for (const GroundPiece& piece : s.pieces) {
    if (piece.layer != GroundLayer::kRoad) continue;
    for (uint32_t k = 0; k < piece.contours[0].count; ++k) {
      const Contour c = s.contours[piece.contours[0].first + k];
      for (uint32_t i = 0; i < c.num_points; ++i) {
        const auto at = [&](uint32_t j) {
          const uint32_t p = c.first_point + j % c.num_points;
          return piece.center_m + Vec2{s.point_x_m[p], s.point_y_m[p]};
        };
        const double a = Norm(at(i)), b = Norm(at(i + 1));
        if (std::abs(a - b) > 1.0) continue;  // an end of a piece
        const double r = Norm((at(i) + at(i + 1)) * 0.5), circle = a < 12.0 ? 10.0 : 14.0;
        // 2 cm of the road's overlap come on top.
        EXPECT_NEAR(r, circle, 0.05 + 0.02);
        ++edges;
      }
    }
  }
  EXPECT_GE(edges, 20);
  EXPECT_LE(edges, 200);  // coarse: 0.24 rad of 10 m at 5 cm
}

}  // namespace
}  // namespace volante
