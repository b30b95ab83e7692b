// Writes a contact sheet as PPM to standard output: one street of the built-in town in every named
// weather, with the agent's gray picture in a corner of each. With --randomised the same street in
// 24 episodes of domain randomisation, as the agent sees them.
//   ninja -C build weather_sheet && build/weather_sheet [--randomised] | ffmpeg -i - sheet.png

#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "config/options.h"
#include "render/look.h"
#include "road/route.h"

namespace volante {
namespace {

constexpr int kColumns = 4, kWidth = 320, kHeight = 180, kTile = 84, kGap = 3;

struct Street {
  Pose2 pose;
  std::vector<VehicleState> cars;
};

VehicleState Car(const CurvePoint& at, double left_m, bool oncoming, int color, bool braking) {
  const Vec2 forward = UnitFromHeading(at.heading_rad);
  VehicleState car;
  car.position_m = at.position_m + Vec2{-forward.y, forward.x} * left_m;
  car.heading_rad = at.heading_rad + (oncoming ? 3.14159265358979 : 0.0);
  car.color = static_cast<uint8_t>(color);
  car.braking = braking;
  return car;
}

// A long straight lane with houses beside it, whose far end lies towards a low sun.
Street FindStreet(const RoadNetwork& network) {
  Street best;
  double best_score = -1.0;
  for (const Lane& lane : network.lanes()) {
    const double length_m = lane.center.length_m();
    if (length_m < 60.0) continue;
    const CurvePoint at = lane.center.At(0.25 * length_m);
    const CurvePoint far = lane.center.At(0.25 * length_m + 40.0);
    const double bend = std::abs(WrapAngle(far.heading_rad - at.heading_rad));
    const double score = std::cos(at.heading_rad - 0.25) - 5.0 * bend;
    if (score <= best_score) continue;
    best_score = score;
    best.pose = {at.position_m, at.heading_rad};
    const double s = 0.25 * length_m, width_m = 2.0 * at.half_width_m;
    best.cars = {Car(lane.center.At(s + 14.0), 0.0, false, 3, true),
                 Car(lane.center.At(s + 32.0), 0.0, false, 0, false),
                 Car(lane.center.At(s + 24.0), width_m, true, 4, false),
                 Car(lane.center.At(s + 40.0), width_m, true, 7, false)};
  }
  return best;
}

struct Sheet {
  int width, height;
  std::vector<uint8_t> rgb;

  Sheet(int w, int h) : width(w), height(h), rgb(static_cast<size_t>(w) * h * 3, 255) {}
  // `channels` 1 or 3.
  void Put(const std::vector<uint8_t>& picture, int w, int h, int channels, int x0, int y0) {
    for (int y = 0; y < h; ++y) {
      for (int x = 0; x < w; ++x) {
        for (int c = 0; c < 3; ++c) {
          rgb[3 * (static_cast<size_t>(y0 + y) * width + x0 + x) + c] =
              picture[static_cast<size_t>(channels) * (static_cast<size_t>(y) * w + x) +
                      (channels == 3 ? c : 0)];
        }
      }
    }
  }
  void Write() const {
    std::printf("P6\n%d %d\n255\n", width, height);
    std::fwrite(rgb.data(), 1, rgb.size(), stdout);
  }
};

void WeatherSheet(const std::shared_ptr<const Scene>& scene, const Street& street) {
  const auto count = static_cast<int>(EnumNames<WeatherPreset>::kNames.size());
  const int rows = (count + kColumns - 1) / kColumns;
  Sheet sheet(kColumns * (kWidth + kGap), rows * (kHeight + kGap));
  Camera people(scene, CameraIntrinsics::ForPeople(kWidth, kHeight)), agent(scene, {});
  std::vector<uint8_t> rgb(static_cast<size_t>(kWidth) * kHeight * 3), gray(kTile * kTile);
  const FrameMoment moment{.tick = 40, .speed_mps = 8.0f, .yaw_rate_radps = 0.0f};
  for (int i = 0; i < count; ++i) {
    Look look;
    look.weather = WeatherOf(static_cast<WeatherPreset>(i));
    agent.SetLook(look);
    people.SetLook(LookForPeople(look, kWidth, kHeight));
    people.RenderRgb(street.pose, street.cars, rgb.data(), moment);
    agent.RenderGray(street.pose, street.cars, gray.data(), moment);
    const int x = i % kColumns * (kWidth + kGap), y = i / kColumns * (kHeight + kGap);
    sheet.Put(rgb, kWidth, kHeight, 3, x, y);
    sheet.Put(gray, kTile, kTile, 1, x + kWidth - kTile, y);
  }
  sheet.Write();
}

void RandomisedSheet(const std::shared_ptr<const Scene>& scene, const Street& street) {
  constexpr int kRows = 3, kEpisodes = 24, kScale = 2;
  Sheet sheet(kEpisodes / kRows * (kScale * kTile + kGap), kRows * (kScale * kTile + kGap));
  const Config config = WithSets(Config(), {"randomisation.enabled=true"});
  Camera agent(scene, {});
  std::vector<uint8_t> gray(kTile * kTile), doubled(kScale * kScale * kTile * kTile);
  for (int i = 0; i < kEpisodes; ++i) {
    agent.SetLook(
        DrawLook(config.weather, config.randomisation, Scenario::kEmpty, static_cast<uint64_t>(i)));
    agent.RenderGray(street.pose, street.cars, gray.data(),
                     {.tick = 40, .speed_mps = 8.0f, .yaw_rate_radps = 0.1f});
    for (int y = 0; y < kScale * kTile; ++y) {
      for (int x = 0; x < kScale * kTile; ++x) {
        doubled[static_cast<size_t>(y) * kScale * kTile + x] =
            gray[static_cast<size_t>(y / kScale) * kTile + x / kScale];
      }
    }
    sheet.Put(doubled, kScale * kTile, kScale * kTile, 1, i / kRows * (kScale * kTile + kGap),
              i % kRows * (kScale * kTile + kGap));
  }
  sheet.Write();
}

}  // namespace
}  // namespace volante

int main(int argc, char** argv) {
  using namespace volante;
  const auto network = RoadNetwork::Parse(BuiltInTownText("volante_town"), "volante_town");
  const auto scene = Scene::Make(*network);
  const Street street = FindStreet(*network);
  if (argc > 1 && std::strcmp(argv[1], "--randomised") == 0) {
    RandomisedSheet(scene, street);
  } else {
    WeatherSheet(scene, street);
  }
  return 0;
}
