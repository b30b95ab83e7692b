// The depth picture against distances worked by hand and an independent ray caster.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <limits>

#include "base/random.h"
#include "render/camera.h"
#include "render/scene_impl.h"
#include "road/route.h"

namespace volante {
namespace {

constexpr double kInfinite = std::numeric_limits<double>::infinity();

struct Pictures {
  std::vector<float> depth;
  std::vector<uint8_t> classes;
};
Pictures Render(Camera& camera, const CameraIntrinsics& k, const GroundPose& pose,
                std::span<const VehicleState> vehicles = {}) {
  const size_t count = static_cast<size_t>(k.width) * static_cast<size_t>(k.height);
  Pictures pictures{std::vector<float>(count), std::vector<uint8_t>(count)};
  camera.RenderDepth(pose, vehicles, pictures.depth.data());
  camera.RenderClasses(pose, vehicles, pictures.classes.data());
  return pictures;
}

TEST(Depth, OfLevelGroundIsTheRayToThePlane) {
  // h = 1.5, fy = 56, cy = 42: row y is 1.5 * 56 / (y + 0.5 - 42) metres away along the axis.
  const CameraIntrinsics k;
  Camera camera(Scene::Make({}, {}, "nothing", false), k);
  const Pictures p = Render(camera, k, Pose2{{3.0, 4.0}, 1.0});
  for (int x = 0; x < 84; x += 7) {
    EXPECT_FLOAT_EQ(p.depth[static_cast<size_t>(83 * 84 + x)], 84.0f / 41.5f);
    EXPECT_FLOAT_EQ(p.depth[static_cast<size_t>(52 * 84 + x)], 8.0f);
    EXPECT_TRUE(std::isinf(p.depth[static_cast<size_t>(41 * 84 + x)]));
  }
}

TEST(Depth, OfATiltedCameraFollowsItsAxis) {
  // Looking down by 0.2 rad, the middle of the picture (row 42, half a pixel below the axis) meets
  // the ground after 1.5 / sin(0.2 + atan(0.5 / 56)) metres of way, times cos of the half pixel.
  const CameraIntrinsics k;
  CameraMount mount;
  mount.pitch_rad = 0.2;
  mount.roll_rad = 0.1;
  Camera camera(Scene::Make({}, {}, "nothing", false), k, mount);
  const Pictures p = Render(camera, k, Pose2{});
  // Camera axes by hand: pixel (42, 42) is side = -0.5 / 42, down = 0.5 / 56; rolled by 0.1 its
  // level down is down cos 0.1 - side sin 0.1.
  const double level_down = 0.5 / 56.0 * std::cos(0.1) + 0.5 / 42.0 * std::sin(0.1);
  const double drop = std::sin(0.2) + level_down * std::cos(0.2);
  EXPECT_NEAR(p.depth[42 * 84 + 42], 1.5 / drop, 1e-4);
}

TEST(Depth, OfACarAheadIsItsRearFace) {
  const CameraIntrinsics k = CameraIntrinsics::ForPeople(640, 360);
  Camera camera(Scene::Make({}, {}, "nothing", false), k);
  VehicleState car;
  car.position_m = {2.0 + 20.0 + 0.5 * car.length_m, 0.0};  // rear face 20 m before the camera
  const Pictures p = Render(camera, k, Pose2{}, {&car, 1});
  // Half a metre above the ground: v = 180 + 320 * (1.5 - 0.5) / 20 = 196.
  EXPECT_NEAR(p.depth[196 * 640 + 320], 20.0f, 0.05f);
  // Nothing of the car is nearer than its box, or farther than its front.
  for (size_t i = 0; i < p.depth.size(); ++i) {
    if (p.classes[i] != static_cast<uint8_t>(SemanticClass::kVehicle)) continue;
    EXPECT_GE(p.depth[i], 19.99f);
    EXPECT_LE(p.depth[i], 20.0f + static_cast<float>(car.length_m) + 0.01f);
  }
}

// Nearest wall of any building along a ray from the eye in the level plane frame, as a multiple of
// the direction; `direction` need not be a unit vector.
double RayToWalls(const Scene::Impl& scene, Vec2 eye, double eye_z, Vec2 direction, double rise) {
  double nearest = kInfinite;
  for (const Building& b : scene.buildings) {
    const Vec2 u{b.cos_heading, b.sin_heading}, v{-u.y, u.x};
    const Vec2 from = eye - b.center_m;
    const double o[2] = {Dot(from, u), Dot(from, v)}, d[2] = {Dot(direction, u), Dot(direction, v)};
    const double half[2] = {b.half_length_m, b.half_depth_m};
    double enter = 0.0, leave = kInfinite;
    for (int axis = 0; axis < 2; ++axis) {
      if (std::abs(d[axis]) < 1e-12) {
        if (std::abs(o[axis]) > half[axis]) leave = -1.0;
        continue;
      }
      const double a = (-half[axis] - o[axis]) / d[axis], c = (half[axis] - o[axis]) / d[axis];
      enter = std::max(enter, std::min(a, c));
      leave = std::min(leave, std::max(a, c));
    }
    const double z = eye_z + rise * enter;
    if (enter > 0.0 && enter < leave && z > 0.0 && z < b.height_m)
      nearest = std::min(nearest, enter);
  }
  return nearest;
}

TEST(Depth, AgreesWithARayCasterInTheTown) {
  const auto town = RoadNetwork::Parse(BuiltInTownText("volante_town"), "volante_town");
  const auto scene = Scene::Make(*town);
  const CameraIntrinsics k = CameraIntrinsics::ForPeople(320, 180);
  int walls = 0, right = 0, ground = 0, ground_right = 0, pixels = 0, unlike = 0;
  for (uint64_t pose_index = 0; pose_index < 12; ++pose_index) {
    RandomStream random(1, "depth_test", pose_index);
    const Lane& lane = town->lane(static_cast<LaneIndex>(random.Below(town->lanes().size())));
    const CurvePoint at = lane.center.At(random.Uniform(0.0, lane.center.length_m()));
    CameraMount mount;
    mount.pitch_rad = random.Uniform(-0.05, 0.05);
    mount.yaw_rad = random.Uniform(-0.05, 0.05);
    Camera camera(scene, k, mount);
    const Pose2 pose{at.position_m, at.heading_rad};
    const Pictures p = Render(camera, k, pose);
    const Vec2 eye = WorldFromLocal(pose, {2.0, 0.0});
    const Vec2 forward = UnitFromHeading(at.heading_rad + mount.yaw_rad);
    const Vec2 left{-forward.y, forward.x};
    for (int y = 2; y < 178; y += 3) {
      for (int x = 2; x < 318; x += 3) {
        const auto i = static_cast<size_t>(y * 320 + x);
        const double side = (160.0 - x - 0.5) / 160.0, down = (y + 0.5 - 90.0) / 160.0;
        const double ahead = std::cos(mount.pitch_rad) - down * std::sin(mount.pitch_rad);
        const double rise = -std::sin(mount.pitch_rad) - down * std::cos(mount.pitch_rad);
        const double wall =
            RayToWalls(scene->impl(), eye, 1.5, forward * ahead + left * side, rise);
        const double floor = rise < -1e-3 ? -1.5 / rise : kInfinite;
        const auto cls = static_cast<SemanticClass>(p.classes[i]);
        if (cls == SemanticClass::kBuilding && wall < std::min(floor, 190.0)) {
          ++walls;
          right += std::abs(p.depth[i] / wall - 1.0) < 0.01;
        }
        if (cls == SemanticClass::kRoad) {
          ++ground;
          ground_right += std::abs(p.depth[i] / floor - 1.0) < 1e-3;
        }
        ++pixels;
        unlike += std::isinf(p.depth[i]) != (cls == SemanticClass::kSky);
      }
    }
  }
  EXPECT_GT(walls, 5000);
  EXPECT_GT(ground, 5000);
  // Differences are pixels on an edge, of which the ray sees one side.
  // Where two faces of a solid cover half of a pixel together, the class is there and no depth is.
  EXPECT_LE(unlike, 0.0005 * pixels);
  EXPECT_GE(right, 0.98 * walls);
  EXPECT_GE(ground_right, 0.99 * ground);
  std::printf("depth: %d of %d wall pixels, %d of %d road pixels within 1 %%\n", right, walls,
              ground_right, ground);
}

TEST(Depth, OfAHillIsTheRoadsOwn) {
  // A road that climbs by 8 % from x = 0 on: z = 0.08 x. From a camera 2 m ahead of x = 20, 1.5 m
  // above that road but level, the ray of slope q below the axis meets it at
  // 1.5 = d (q + 0.08) (the camera stands 1.5 m above the road at its own place).
  std::vector<SurfaceStrip> strips(1);
  strips[0].surface = Surface::kRoad;
  for (double x = -60.0; x <= 260.0; x += 4.0) {
    const double z = x > 0.0 ? 0.08 * x : 0.0;
    strips[0].left.push_back({x, 5.0});
    strips[0].right.push_back({x, -5.0});
    strips[0].left_height_m.push_back(z);
    strips[0].right_height_m.push_back(z);
  }
  const CameraIntrinsics k;
  Camera camera(Scene::Make(strips, {}, "climb", false), k);
  GroundPose pose(Pose2{{20.0, 0.0}, 0.0});
  pose.ground_m = 0.08 * 22.0;  // of the camera's place: the pose itself is kept level
  const Pictures p = Render(camera, k, pose);
  for (const int row : {46, 52, 60, 75}) {
    const double q = (row + 0.5 - 42.0) / 56.0;
    EXPECT_NEAR(p.depth[static_cast<size_t>(row * 84 + 42)], 1.5 / (q + 0.08),
                0.03 * 1.5 / (q + 0.08))
        << row;
  }
  // The land beside it lies a little lower; all of it within the drawn land has a depth.
  for (const int row : {46, 52, 60, 75}) {
    const double q = (row + 0.5 - 42.0) / 56.0;
    const size_t at = static_cast<size_t>(row * 84 + (row == 46 ? 20 : 1));
    EXPECT_NEAR(p.depth[at], 1.6 / (q + 0.08), 0.25 * 1.6 / (q + 0.08)) << row;
  }
}

}  // namespace
}  // namespace volante
