// Traffic lights in the picture: lines where cars stop, boards that face their approach, and lamps
// whose colour the picture tells. Positions by the pinhole formula: u = cx - fx y / x,
// v = cy + fy (h - z) / x.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <numbers>
#include <string>
#include <utility>

#include "render/camera.h"
#include "render/look.h"
#include "render/scene_impl.h"
#include "road/towns.h"

namespace volante {
namespace {

constexpr double kEye_m = 1.5, kCameraAhead_m = 2.0;
constexpr int kWidth = 960, kHeight = 720;

// One road of 12 m width along x, its right lane held by a light: line at x = 30, the lamp over
// (60, -8), 5 m high; beside the line a second one.
std::shared_ptr<const Scene> LitStreet() {
  SurfaceStrip road;
  for (double x = -50.0; x <= 250.0; x += 5.0) {
    road.left.push_back({x, 6.0});
    road.right.push_back({x, -6.0});
  }
  SignalPlan plan;
  plan.phases.resize(2);
  SignalHead head;
  head.phase = 1;
  head.stop_left_m = {30.0, 0.0};
  head.stop_right_m = {30.0, -4.0};
  head.lamp_m = {60.0, -8.0};
  head.near_lamp_m = {30.6, -8.0};
  head.facing_rad = std::numbers::pi;
  plan.heads = {head};
  return Scene::Make({&road, 1}, {}, "lit street", false, {&plan, 1});
}

struct Picture {
  std::vector<uint8_t> rgb = std::vector<uint8_t>(size_t{3} * kWidth * kHeight);
  std::vector<uint8_t> classes = std::vector<uint8_t>(size_t{kWidth} * kHeight);
  CameraIntrinsics k = CameraIntrinsics::ForPeople(kWidth, kHeight);

  // From (x, -2), looking along x or back.
  explicit Picture(double x_m, std::span<const LightColor> lights, double heading_rad = 0.0) {
    Camera camera(LitStreet(), k);
    const Pose2 pose{{x_m - kCameraAhead_m * std::cos(heading_rad), -2.0}, heading_rad};
    camera.RenderRgb(pose, {}, rgb.data(), {.lights = lights});
    camera.RenderClasses(pose, {}, classes.data());
  }
  // Of a point ahead of, left of and above the camera's ground point.
  size_t Index(double ahead_m, double left_m, double z_m) const {
    const int u = static_cast<int>(k.cx_px - k.fx_px * left_m / ahead_m);
    const int v = static_cast<int>(k.cy_px + k.fy_px * (kEye_m - z_m) / ahead_m);
    return static_cast<size_t>(v) * kWidth + static_cast<size_t>(u);
  }
  int Red(size_t i) const { return rgb[3 * i]; }
  int Green(size_t i) const { return rgb[3 * i + 1]; }
  SemanticClass Class(size_t i) const { return static_cast<SemanticClass>(classes[i]); }
};

using enum LightColor;

TEST(Signals, AStopLineLiesAcrossItsLaneOnly) {
  const Picture p(20.0, {});
  EXPECT_EQ(p.Class(p.Index(10.2, 1.0, 0.0)), SemanticClass::kMark);
  EXPECT_EQ(p.Class(p.Index(10.2, -1.0, 0.0)), SemanticClass::kMark);
  EXPECT_EQ(p.Class(p.Index(9.8, 0.0, 0.0)), SemanticClass::kRoad) << "before the line";
  EXPECT_EQ(p.Class(p.Index(10.6, 0.0, 0.0)), SemanticClass::kRoad) << "it is 0.4 m wide";
  EXPECT_EQ(p.Class(p.Index(10.2, 4.0, 0.0)), SemanticClass::kRoad) << "the other lane";
}

TEST(Signals, TheLampOfItsPhaseIsLitAndNoOther) {
  struct Case {
    LightColor color;
    double up_m;  // of the lit lamp above the middle one
    bool red, green;
  };
  for (const Case& c : {Case{kRed, 0.7, true, false}, Case{kAmber, 0.0, true, true},
                        Case{kGreen, -0.7, false, true}}) {
    // The other phase shows something else.
    const LightColor lights[] = {c.color == kRed ? kGreen : kRed, c.color};
    const Picture p(30.0, lights);
    for (const double up_m : {-0.7, 0.0, 0.7}) {
      const size_t lamp = p.Index(30.0, -6.0, 5.0 + up_m);
      ASSERT_EQ(p.Class(lamp), SemanticClass::kTrafficLight);
      const bool lit = up_m == c.up_m;
      EXPECT_EQ(p.Red(lamp) > 190, lit && c.red) << static_cast<int>(c.color) << ' ' << up_m;
      EXPECT_EQ(p.Green(lamp) > 170, lit && c.green) << static_cast<int>(c.color) << ' ' << up_m;
    }
  }
}

TEST(Signals, AreDarkWithoutColoursAndFromBehind) {
  const LightColor lights[] = {kGreen, kGreen};
  const Picture unknown(30.0, {}), behind(90.0, lights, std::numbers::pi);
  for (const double up_m : {-0.7, 0.0, 0.7}) {
    EXPECT_LT(unknown.Red(unknown.Index(30.0, -6.0, 5.0 + up_m)), 120);
    const size_t back = behind.Index(30.0, 6.0, 5.0 + up_m);
    EXPECT_EQ(behind.Class(back), SemanticClass::kTrafficLight);
    EXPECT_LT(behind.Green(back), 120);
  }
}

// 30 m away in fog that takes four fifths of a contrast, a lit lamp still stands out of its board
// by more than a fifth of what it does in clear air.
TEST(Signals, ALitLampComesThroughFog) {
  const auto contrast = [](double fog_density) {
    Look look;
    look.intrinsics = CameraIntrinsics::ForPeople(kWidth, kHeight);
    look.weather.fog_density = fog_density;
    look.weather.fog_distance = 0.0;
    Camera camera(LitStreet(), look.intrinsics);
    camera.SetLook(look);
    std::vector<uint8_t> rgb(size_t{3} * kWidth * kHeight);
    const LightColor lights[] = {kRed, kRed};
    camera.RenderRgb(Pose2{{30.0 - kCameraAhead_m, -2.0}, 0.0}, {}, rgb.data(), {.lights = lights});
    const auto red = [&](double left_m, double z_m) {
      const int u = static_cast<int>(0.5 * kWidth - 0.5 * kWidth * left_m / 30.0);
      const int v = static_cast<int>(0.5 * kHeight + 0.5 * kWidth * (kEye_m - z_m) / 30.0);
      return rgb[3 * (static_cast<size_t>(v) * kWidth + static_cast<size_t>(u))];
    };
    return std::pair(red(-6.0, 5.7) - red(-6.35, 5.35), red(-6.35, 5.35));
  };
  const auto [clear, clear_board] = contrast(0.0);
  const auto [foggy, foggy_board] = contrast(60.0);
  EXPECT_GT(clear, 150);
  EXPECT_GT(foggy_board, clear_board + 60) << "the fog is thick";
  const double left = static_cast<double>(foggy) / clear;
  // What fog leaves of the board's own contrast to the air's red, 205.
  const double board_left = (205.0 - foggy_board) / (205.0 - clear_board);
  EXPECT_GT(left, 1.08 * board_left);
}

// Who comes sees the light beside the line, who waits there the one beyond: in the frame of an
// agent each colour differs from the others by what a network can learn.
TEST(Signals, AnAgentsFrameTellsTheColours) {
  const auto scene = LitStreet();
  Camera camera(scene, CameraIntrinsics{});
  // Camera that many metres before the line.
  for (const double before_m : {30.0, 20.0, 12.0, 6.0, 0.4}) {
    const Pose2 pose{{30.0 - before_m - kCameraAhead_m, -2.0}, 0.0};
    std::vector<std::vector<uint8_t>> frames;
    for (const LightColor color : {kGreen, kAmber, kRed}) {
      const LightColor lights[] = {kRed, color};
      frames.emplace_back(size_t{84} * 84);
      camera.RenderGray(pose, {}, frames.back().data(), {.lights = lights});
    }
    for (const auto& [a, b] : {std::pair{0, 1}, std::pair{0, 2}, std::pair{1, 2}}) {
      int largest = 0;
      for (size_t i = 0; i < frames[0].size(); ++i) {
        largest = std::max(largest, std::abs(frames[a][i] - frames[b][i]));
      }
      EXPECT_GT(largest, before_m > 25.0 ? 30 : 45) << before_m << " m before the line";
    }
  }
}

// Posts on the road would be hit, and posts in a building not be seen.
TEST(Signals, PostsStandBesideTheRoads) {
  std::vector<std::pair<std::string, std::shared_ptr<const RoadNetwork>>> towns = {
      {"multilane", RoadNetwork::Parse(BuiltInTownText("multilane"), "multilane")}};
  for (const std::string name : {"Town01", "Town02", "Town04"}) {
    const std::string path = std::string(VOLANTE_SOURCE_DIR) + "/../shared/maps/" + name + ".xodr";
    if (!std::filesystem::exists(path)) continue;  // the built-in town is looked at anyway
    towns.emplace_back(name, RoadNetwork::LoadFile(path));
  }
  for (const auto& [name, file] : towns) {
    std::vector<SignalPlan> plans(file->signal_plans().begin(), file->signal_plans().end());
    for (SignalPlan& plan : MakeUpSignals(*file)) plans.push_back(std::move(plan));
    const auto network = RoadNetwork::WithSignals(*file, std::move(plans));
    const auto scene = Scene::Make(*network);
    const SurfaceMap map(network->surfaces(), 10.0);
    ASSERT_FALSE(scene->impl().signal_posts.empty()) << name;
    for (const SignalPost& post : scene->impl().signal_posts) {
      EXPECT_FALSE(map.IsRoad(post.center_m))
          << name << ": " << post.center_m.x << ' ' << post.center_m.y;
      for (const Building& b : scene->impl().buildings) {
        EXPECT_GT(Distance(post.center_m, b.center_m), std::min(b.half_depth_m, b.half_length_m));
      }
    }
  }
}

}  // namespace
}  // namespace volante
