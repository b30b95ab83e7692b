// What the overlay draws, and where: measured on its pixels.
#include "view/overlay.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "road/route.h"

namespace volante {
namespace {

using Color = std::array<uint8_t, 3>;
constexpr Color kAccent = {56, 189, 248}, kGood = {74, 222, 128}, kBad = {248, 113, 113},
                kNpc = {251, 191, 36};

// A moment of a drive, with everything that an input may hold.
struct Moment {
  static constexpr int kCameraWidth = 320, kCameraHeight = 180;
  std::vector<uint8_t> camera = std::vector<uint8_t>(3 * kCameraWidth * kCameraHeight, 128);
  std::vector<uint8_t> gray = std::vector<uint8_t>(kImagePixels);
  DriveFacts facts;
  std::vector<VehicleState> vehicles;
  std::vector<std::string> names = {"efficiency", "lane_keeping"};
  std::vector<float> parts = {0.5f, -0.25f};
  OverlayInput input;

  Moment() {
    for (size_t i = 0; i < gray.size(); ++i) gray[i] = static_cast<uint8_t>(i * 31);
    facts.speed_mps = 8.0;
    facts.route_s_m = 40.0;
    facts.route_length_m = 200.0;
    for (int k = 0; k < kRoutePoints; ++k) facts.route_points_m[k] = {2.0 * (k + 1), 0.0};
    input.policy = "trained, step 20,000";
    input.phase = "exploring";
    input.title = "volante_town, scenario 1";
    input.camera_width = kCameraWidth;
    input.camera_height = kCameraHeight;
    input.q = 12.5;
    input.reward = 0.25;
  }

  std::vector<uint8_t> Draw(int width = 1280, int height = 720, uint8_t before = 0) {
    input.camera_rgb = input.camera_width > 0 ? camera.data() : nullptr;
    input.agent_gray = gray.data();
    input.facts = &facts;
    input.vehicles = vehicles;
    input.reward_names = names;
    input.reward_parts = parts;
    std::vector<uint8_t> rgb(3u * static_cast<size_t>(width * height), before);
    Overlay(nullptr, width, height).Compose(input, rgb);
    return rgb;
  }
};

Color At(const std::vector<uint8_t>& rgb, int x, int y, int width = 1280) {
  const size_t i = 3u * static_cast<size_t>(y * width + x);
  return {rgb[i], rgb[i + 1], rgb[i + 2]};
}

int Count(const std::vector<uint8_t>& rgb, const OverlayRect& r, Color color) {
  int count = 0;
  for (int y = r.y; y < r.y + r.height; ++y) {
    for (int x = r.x; x < r.x + r.width; ++x) count += At(rgb, x, y) == color;
  }
  return count;
}

OverlayRect LeftHalf(OverlayRect r) { return {r.x, r.y, r.width / 2 - 1, r.height}; }
OverlayRect RightHalf(OverlayRect r) {
  return {r.x + r.width / 2 + 1, r.y, r.width - r.width / 2 - 1, r.height};
}

TEST(Overlay, SteeringBarFillsToTheLeftForPlusOne) {
  const OverlayRect bar = Overlay(nullptr).layout().steering_bar;
  Moment moment;
  moment.facts.action.steer = 1.0f;
  auto rgb = moment.Draw();
  EXPECT_GT(Count(rgb, LeftHalf(bar), kAccent), bar.width * bar.height / 3);
  EXPECT_EQ(Count(rgb, RightHalf(bar), kAccent), 0);
  moment.facts.action.steer = -1.0f;
  rgb = moment.Draw();
  EXPECT_EQ(Count(rgb, LeftHalf(bar), kAccent), 0);
  EXPECT_GT(Count(rgb, RightHalf(bar), kAccent), bar.width * bar.height / 3);
  moment.facts.action.steer = 0.0f;
  EXPECT_EQ(Count(moment.Draw(), bar, kAccent), 0);
}

TEST(Overlay, SteeringWheelTurnsToTheLeftForPlusOne) {
  const OverlayLayout layout = Overlay(nullptr).layout();
  const OverlayRect bar = layout.steering_bar;
  const OverlayRect wheel{bar.x, layout.cluster.y + 4, bar.width, bar.y - layout.cluster.y - 8};
  Moment moment;
  moment.facts.action.steer = 0.8f;  // the mark at its top moves with it
  auto rgb = moment.Draw();
  EXPECT_GT(Count(rgb, LeftHalf(wheel), kAccent), 20);
  EXPECT_EQ(Count(rgb, RightHalf(wheel), kAccent), 0);
  moment.facts.action.steer = -0.8f;
  rgb = moment.Draw();
  EXPECT_EQ(Count(rgb, LeftHalf(wheel), kAccent), 0);
  EXPECT_GT(Count(rgb, RightHalf(wheel), kAccent), 20);
}

TEST(Overlay, SteeringBarIsProportional) {
  const OverlayRect bar = Overlay(nullptr).layout().steering_bar;
  Moment moment;
  moment.facts.action.steer = 1.0f;
  const int full = Count(moment.Draw(), bar, kAccent);
  moment.facts.action.steer = 0.5f;
  EXPECT_NEAR(Count(moment.Draw(), bar, kAccent), 0.5 * full, 0.1 * full);
}

TEST(Overlay, ThrottleAndBrakeAreTwoBarsAndNeverBoth) {
  const OverlayLayout layout = Overlay(nullptr).layout();
  Moment moment;
  moment.facts.action.throttle = 0.5f;
  auto rgb = moment.Draw();
  const int half = Count(rgb, layout.throttle_bar, kGood);
  EXPECT_NEAR(half, 0.5 * layout.throttle_bar.width * layout.throttle_bar.height, 100);
  EXPECT_EQ(Count(rgb, layout.brake_bar, kBad), 0);
  moment.facts.action.throttle = -1.0f;
  rgb = moment.Draw();
  EXPECT_EQ(Count(rgb, layout.throttle_bar, kGood), 0);
  EXPECT_GT(Count(rgb, layout.brake_bar, kBad), half);
}

TEST(Overlay, PartsOfTheRewardAreGreenOnTheRightAndRedOnTheLeft) {
  Moment moment;
  moment.input.reward = 0.0;  // its number is then gray
  const OverlayRect corner = Overlay(nullptr).layout().reward;
  const auto panel = [&](double height) {
    return OverlayRect{corner.x, corner.y - static_cast<int>(height), corner.width,
                       static_cast<int>(height)};
  };
  moment.parts = {1.0f, 0.0f};
  auto rgb = moment.Draw();
  const int green = Count(rgb, panel(180), kGood);
  EXPECT_GT(green, 150);
  EXPECT_EQ(Count(rgb, panel(180), kBad), 0);
  moment.parts = {0.0f, -0.5f};
  rgb = moment.Draw();
  EXPECT_EQ(Count(rgb, panel(180), kGood), 0);
  EXPECT_NEAR(Count(rgb, panel(180), kBad), 0.5 * green, 0.15 * green);
}

TEST(Overlay, ShowsTheNetworksPictureThreeTimesAsLarge) {
  Moment moment;
  const OverlayRect panel = Overlay(nullptr).layout().agent;
  const auto rgb = moment.Draw();
  const int left = panel.x + (panel.width - 252) / 2, top = panel.y + 32;
  for (int y = 4; y < 80; ++y) {
    for (int x = 4; x < 80; ++x) {
      const uint8_t gray = moment.gray[static_cast<size_t>(y * kImageSide + x)];
      ASSERT_EQ(At(rgb, left + 3 * x + 1, top + 3 * y + 1), (Color{gray, gray, gray}))
          << x << " " << y;
    }
  }
}

TEST(Overlay, MapHasTheEgoHeadingUpAndLeftOnTheLeft) {
  Moment moment;
  // A car 12 m ahead and 8 m to the left of an ego that faces north-east somewhere in the world.
  const Pose2 ego{{100.0, -50.0}, 0.8};
  moment.facts.position_m = ego.position_m;
  moment.facts.heading_rad = ego.heading_rad;
  VehicleState npc;
  npc.position_m = WorldFromLocal(ego, {12.0, 8.0});
  npc.heading_rad = ego.heading_rad;
  moment.vehicles = {npc};
  const OverlayRect map = Overlay(nullptr).layout().map;
  const auto rgb = moment.Draw();
  // 70 m across; the ego in the middle at 2/3 of the height.
  const double scale = map.width / 70.0;
  const int x = static_cast<int>(map.x + 0.5 * map.width - 8.0 * scale);
  const int y = static_cast<int>(map.y + map.height * 2.0 / 3.0 - 12.0 * scale);
  EXPECT_EQ(At(rgb, x, y + 3), kNpc);  // behind its windscreen
  moment.vehicles.clear();
  EXPECT_NE(At(moment.Draw(), x, y + 3), kNpc);
  // The route runs straight up from the ego.
  EXPECT_EQ(At(rgb, map.x + map.width / 2, map.y + map.height / 3), kAccent);
}

// In right-hand traffic the middle line lies to the left of the car, half a lane away, and the
// footways to both sides; on the built-in town's first straight.
TEST(Overlay, MapShowsTheMiddleLineOnTheLeft) {
  const auto network = RoadNetwork::Parse(BuiltInTownText("volante_town"), "volante_town");
  const auto straight =
      std::find_if(network->lanes().begin(), network->lanes().end(), [](const Lane& lane) {
        if (lane.junction >= 0 || lane.center.length_m() < 100.0) return false;
        return Distance(lane.center.PositionAt(0), lane.center.PositionAt(1e9)) >
               lane.center.length_m() - 0.01;
      });
  ASSERT_NE(straight, network->lanes().end());
  const CurvePoint middle = straight->center.At(0.5 * straight->center.length_m());
  Moment moment;
  moment.facts.position_m = middle.position_m;
  moment.facts.heading_rad = middle.heading_rad;
  moment.facts.route_points_m = {};  // the route would cover the lane
  moment.input.facts = &moment.facts;
  std::vector<uint8_t> rgb(3u * 1280 * 720);
  Overlay overlay(network);
  overlay.Compose(moment.input, rgb);
  const OverlayRect map = overlay.layout().map;
  const double scale = map.width / 70.0;
  int yellow = 0;
  for (int y = map.y + 20; y < map.y + map.height - 40; ++y) {
    for (int x = map.x; x < map.x + map.width; ++x) {
      const Color c = At(rgb, x, y);
      if (c[0] < 120 || c[0] < c[2] + 40) continue;
      const double left_m = (map.x + 0.5 * map.width - x - 0.5) / scale;
      EXPECT_NEAR(left_m, middle.half_width_m, 0.4) << x << " " << y;
      ++yellow;
    }
  }
  EXPECT_GT(yellow, 20);
  const int row = map.y + map.height / 4, column = map.x + map.width / 2;
  EXPECT_EQ(At(rgb, column, row), (Color{71, 82, 93}));                  // the lane
  EXPECT_EQ(At(rgb, map.x + map.width - 12, row), (Color{24, 31, 39}));  // 32 m to the right
}

// The lamps of traffic lights are seen there: 30 % of the width, down to the horizon.
TEST(Overlay, TheUpperMiddleStaysFree) {
  const OverlayLayout l = Overlay(nullptr).layout();
  const OverlayRect free{448, 0, 384, 360};
  Moment moment;
  const auto rgb = moment.Draw();
  EXPECT_EQ(Count(rgb, free, {128, 128, 128}), free.width * free.height);
  EXPECT_GE(l.progress.y, l.header.y + l.header.height);
  EXPECT_NEAR(Count(rgb, l.progress, kAccent), 0.2 * (l.progress.width - 32) * 6, 60);  // of 200 m
}

// A long name of a driver, a town or a part of the reward is written smaller, then without its end.
TEST(Overlay, TextsStayInTheirPanels) {
  const OverlayLayout l = Overlay(nullptr).layout();
  for (const size_t letters : {30u, 300u}) {
    Moment moment;
    moment.input.policy = moment.input.title = std::string(letters, 'w');
    moment.names[0] = std::string(letters, 'w');
    moment.parts = {0.0f, 0.0f};
    const auto rgb = moment.Draw();
    const int right = l.header.x + l.header.width;
    const OverlayRect beside{right, l.header.y, 500, l.header.height};
    EXPECT_EQ(Count(rgb, beside, {128, 128, 128}), beside.width * beside.height) << letters;
    // The chip of the phase lies whole in the panel.
    EXPECT_GT(Count(rgb, {right - 110, l.header.y, 110, l.header.height}, kNpc), 500) << letters;
    // The first part's bar is as empty as the second's, whatever its name.
    const int row = 21, first = l.reward.y - (78 + row + 2 * row + 8) + 62;
    const auto bar = [&](int baseline) {
      return Count(rgb, {l.reward.x + 16 + 104, baseline - 12, 86, 14}, {56, 64, 74});
    };
    EXPECT_GT(bar(first + row), 100) << letters;
    EXPECT_EQ(bar(first), bar(first + row)) << letters;
  }
}

TEST(Overlay, BannerStandsOnlyAtTheEnd) {
  Moment moment;
  const OverlayRect r = Overlay(nullptr).layout().banner;
  const OverlayRect middle{r.x + 30, r.y + 20, r.width - 60, r.height - 40};
  EXPECT_EQ(Count(moment.Draw(), middle, {128, 128, 128}), middle.width * middle.height);
  moment.facts.status = Status::kTerminated;
  const std::pair<Outcome, Color> cases[] = {{Outcome::kSuccess, kGood},
                                             {Outcome::kCollision, kBad},
                                             {Outcome::kOffLane, kBad},
                                             {Outcome::kTimeout, kNpc},
                                             {Outcome::kBlocked, kNpc}};
  for (const auto& [outcome, color] : cases) {
    moment.facts.outcome = outcome;
    const auto rgb = moment.Draw();
    EXPECT_EQ(Count(rgb, middle, {128, 128, 128}), 0);
    EXPECT_GT(Count(rgb, middle, color), 500);
  }
}

TEST(Overlay, FitsACameraOfAnotherShapeIntoTheMiddle) {
  Moment moment;
  moment.input.camera_width = 96;  // 4:3 in a 16:9 frame: 960 of 1280 columns
  moment.input.camera_height = 72;
  const auto rgb = moment.Draw();
  EXPECT_EQ(At(rgb, 165, 300), (Color{128, 128, 128}));
  EXPECT_NE(At(rgb, 155, 300), (Color{128, 128, 128}));
  EXPECT_EQ(At(rgb, 900, 400), (Color{128, 128, 128}));
}

TEST(Overlay, WritesEveryPixelOfAnySizeAndNothingElse) {
  const std::pair<int, int> sizes[] = {{1, 1}, {3, 5}, {2, 90}, {85, 47}, {321, 181}, {720, 1281}};
  for (const auto& [width, height] : sizes) {
    Moment moment;
    moment.facts.status = Status::kTerminated;
    moment.facts.outcome = Outcome::kSuccess;
    moment.facts.action = {0.4f, -0.6f};
    EXPECT_EQ(moment.Draw(width, height, 0), moment.Draw(width, height, 255)) << width;
    // Canaries on both sides of a frame inside a larger buffer.
    const size_t size = 3u * static_cast<size_t>(width * height), pad = 4096;
    std::vector<uint8_t> buffer(size + 2 * pad, 0xA5);
    Overlay(nullptr, width, height).Compose(moment.input, std::span(buffer).subspan(pad, size));
    const auto canary = [](uint8_t byte) { return byte == 0xA5; };
    EXPECT_TRUE(std::all_of(buffer.begin(), buffer.begin() + pad, canary)) << width;
    EXPECT_TRUE(std::all_of(buffer.end() - pad, buffer.end(), canary)) << width;
  }
}

TEST(Overlay, HoldsUnderExtremeNumbersAndMissingParts) {
  Moment moment;
  moment.facts.speed_mps = 1e6;
  moment.facts.route_length_m = 0.0;
  moment.facts.position_m = {1e7, -1e7};
  moment.facts.speed_limit_mps = kFar;
  moment.parts = {-125.0f, 1e9f};
  moment.input.reward = -1e9;
  moment.input.q = 1e12;
  moment.input.policy = std::string(300, 'w');
  moment.vehicles.resize(100);
  EXPECT_FALSE(moment.Draw().empty());
  Moment bare;
  bare.input = {};
  bare.names.clear();
  bare.parts.clear();
  EXPECT_FALSE(bare.Draw(640, 360).empty());
}

}  // namespace
}  // namespace volante
