// What weather and light do to a picture, against hand-worked geometry and optics.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "config/options.h"
#include "render/appearance.h"
#include "render/look.h"

namespace volante {
namespace {

constexpr int kTile = 84;
constexpr auto kNumPresets = EnumNames<WeatherPreset>::kNames.size();

WeatherPreset Preset(size_t i) { return static_cast<WeatherPreset>(i); }

// A street along x, eight metres wide, with a line on its right side, on open land.
std::shared_ptr<const Scene> Street() {
  static const auto scene = [] {
    std::vector<SurfaceStrip> strips(1);
    strips[0].surface = Surface::kRoad;
    std::vector<MarkLine> marks(1);
    marks[0].kind = MarkKind::kSolid;
    for (double x = -50.0; x <= 400.0; x += 5.0) {
      strips[0].left.push_back({x, 4.0});
      strips[0].right.push_back({x, -4.0});
      marks[0].points.push_back({x, -3.7});
    }
    return Scene::Make(strips, marks, "street in the weather", false);
  }();
  return scene;
}

Look In(const Weather& weather) {
  Look look;
  look.weather = weather;
  return look;
}
Look In(WeatherPreset preset) { return In(WeatherOf(preset)); }

VehicleState Car(double rear_x_m, double y_m, uint8_t color, bool braking = false) {
  VehicleState car;
  car.position_m = {rear_x_m + 0.5 * car.length_m, y_m};
  car.color = color;
  car.braking = braking;
  return car;
}

// From a camera at the origin's x, in the lane at y = -2, looking along x.
std::vector<uint8_t> Gray(const Look& look, std::span<const VehicleState> cars = {},
                          uint32_t tick = 0, const Pose2& pose = {{-2.0, -2.0}, 0.0}) {
  Camera camera(Street(), {});
  camera.SetLook(look);
  std::vector<uint8_t> picture(kTile * kTile);
  camera.RenderGray(pose, cars, picture.data(), {.tick = tick});
  return picture;
}
int At(const std::vector<uint8_t>& picture, int x, int y) {
  return picture[static_cast<size_t>(y) * kTile + static_cast<size_t>(x)];
}
double MeanOfRows(const std::vector<uint8_t>& picture, int begin, int end) {
  double sum = 0.0;
  for (int y = begin; y < end; ++y) {
    for (int x = 0; x < kTile; ++x) sum += At(picture, x, y);
  }
  return sum / ((end - begin) * kTile);
}
// The line 1.7 m right of the camera, d metres ahead: how far it stands out from the road.
int MarkContrast(const std::vector<uint8_t>& picture, double d) {
  const int row = static_cast<int>(42.0 + 84.0 / d),
            column = static_cast<int>(42.0 + 42.0 * 1.7 / d);
  int brightest = 0;
  for (int x = column - 2; x <= column + 2; ++x)
    brightest = std::max(brightest, At(picture, x, row));
  return brightest - (At(picture, 41, row) + At(picture, 42, row) + At(picture, 43, row)) / 3;
}

TEST(Weather, NeverChangesTheClasses) {
  Camera camera(Street(), {});
  const std::vector<VehicleState> cars = {Car(14.0, -2.0, 3, true), Car(40.0, 2.0, 1)};
  std::vector<uint8_t> first(kTile * kTile), classes(kTile * kTile);
  camera.RenderClasses(Pose2{{-2.0, -2.0}, 0.0}, cars, first.data());
  for (size_t i = 0; i < kNumPresets; ++i) {
    camera.SetLook(In(Preset(i)));
    camera.RenderClasses(Pose2{{-2.0, -2.0}, 0.0}, cars, classes.data());
    EXPECT_EQ(classes, first) << NameOf(Preset(i));
  }
}

TEST(Weather, NamedPresetsAllLookDifferent) {
  std::vector<std::vector<uint8_t>> pictures;
  for (size_t i = 0; i < kNumPresets; ++i) pictures.push_back(Gray(In(Preset(i))));
  for (size_t i = 0; i < pictures.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      EXPECT_NE(pictures[i], pictures[j]) << NameOf(Preset(i)) << " and " << NameOf(Preset(j));
    }
  }
}

TEST(Weather, ClearNoonIsCloseToTheStandardLook) {
  const auto standard = Gray({}), noon = Gray(In(WeatherPreset::kClearNoon));
  double sum = 0.0;
  for (size_t i = 0; i < noon.size(); ++i) sum += std::abs(noon[i] - standard[i]);
  EXPECT_LT(sum / (kTile * kTile), 12.0);  // a higher sun is brighter
}

TEST(Weather, StreetAndCarAheadAreSeenInEveryPreset) {
  for (size_t i = 0; i < kNumPresets; ++i) {
    Look look = In(Preset(i));
    look.weather.sun_azimuth_angle = 120;  // whoever drives into a low sun is dazzled
    EXPECT_GE(MarkContrast(Gray(look, {}, 7), 8.0), 12) << NameOf(Preset(i));
    const std::vector<VehicleState> cars = {Car(14.0, -2.0, 3)};
    const auto with = Gray(look, cars), without = Gray(look);
    int different = 0;
    for (size_t k = 0; k < with.size(); ++k) different += std::abs(with[k] - without[k]) >= 12;
    EXPECT_GE(different, 10) << NameOf(Preset(i));
  }
}

// Wet asphalt is darker, by night too: the sky's mirror and the veil of fog have their own light
// and none of the headlights'.
TEST(Weather, AWetRoadIsNoBrighterThanADryOneAtNight) {
  const auto road = [](WeatherPreset preset) {
    const auto picture = Gray(In(preset));
    double sum = 0.0;
    for (int y = 60; y < 80; ++y) {
      for (int x = 38; x < 46; ++x) sum += picture[static_cast<size_t>(y * kTile + x)];
    }
    return sum;
  };
  const double dry = road(WeatherPreset::kClearNight);
  for (const WeatherPreset wet : {WeatherPreset::kWetNight, WeatherPreset::kHardRainNight}) {
    EXPECT_LT(road(wet), 1.1 * dry) << NameOf(wet);
  }
}

// Koschmieder: of a contrast, exp(-k d) is left in d metres of fog; 5 % at 3 / k.
TEST(Fog, TakesContrastByTheExponentOfTheDistance) {
  Weather weather;
  weather.fog_density = 50;
  weather.fog_distance = 0;
  const Appearance look = MakeAppearance(weather, {});
  EXPECT_NEAR(3.0 / look.fog_per_m, 260.0, 5.0);
  const float near = 1.0f - look.HazeAt(40.0f), far = 1.0f - look.HazeAt(80.0f);
  const auto haze = [](float d) { return 900.0f / (900.0f + d); };  // of clear air
  EXPECT_NEAR(near / haze(40.0f), std::exp(-40.0f * look.fog_per_m), 1e-5f);
  EXPECT_NEAR(far / haze(80.0f), std::pow(near / haze(40.0f), 2.0f), 1e-5f);
  weather.fog_distance = 30;
  EXPECT_NEAR(1.0f - MakeAppearance(weather, {}).HazeAt(70.0f),
              haze(70.0f) * std::exp(-40.0f * look.fog_per_m), 1e-5f);
}

TEST(Fog, HidesACarAtSixtyMetresAndShowsOneAtTen) {
  Weather weather;
  weather.fog_density = 100;
  const auto empty = Gray(In(weather));
  int changed[2] = {};
  for (const bool far : {false, true}) {
    const std::vector<VehicleState> cars = {Car(far ? 66.0 : 10.0, -2.0, 1)};
    const auto picture = Gray(In(weather), cars);
    for (size_t i = 0; i < picture.size(); ++i) {
      changed[far] = std::max(changed[far], std::abs(picture[i] - empty[i]));
    }
  }
  EXPECT_GE(changed[0], 60);
  EXPECT_LE(changed[1], 10);
}

TEST(Fog, IsThickerAtTheHorizonThanOverhead) {
  Weather weather;
  weather.fog_density = 30;
  weather.fog_falloff = 1;
  const Appearance look = MakeAppearance(weather, {});
  // Scale height 10 m: the ray at elevation e passes 10 m / sin e of full fog.
  const float share = 1.0f - std::exp(-look.fog_per_m * 10.0f / 0.5f);
  const Color clear = Mix(look.horizon, look.zenith, std::min(1.0f, 1.35f * std::sqrt(0.5f)));
  EXPECT_NEAR(look.SkyAt(0.5f).r, Mix(clear, look.air, share).r, 1e-3f);
}

TEST(Night, IsDarkButForWhatTheLampsLight) {
  const auto night = Gray(In(WeatherPreset::kClearNight)), day = Gray({});
  EXPECT_LT(MeanOfRows(night, 0, 40), 40.0);
  EXPECT_GT(MeanOfRows(day, 0, 40), 120.0);
  // Road 8 m ahead (row 42 + 84 / 8 = 52) lies in the beam; 40 m ahead it does not; nor does what
  // is as near but to the side.
  EXPECT_GE(At(night, 42, 52), 45);
  EXPECT_LE(At(night, 42, 44), 30);
  EXPECT_LE(At(night, 2, 52), 26);
}

TEST(Night, ShowsOthersByTheirLamps) {
  // 30 m ahead, beyond most of the own light: tail lamps in the red plane, and braking is brighter.
  Camera camera(Street(), CameraIntrinsics::ForPeople(640, 360));
  camera.SetLook(LookForPeople(In(WeatherPreset::kClearNight), 640, 360));
  std::vector<uint8_t> rgb(640 * 360 * 3);
  int brightest[2] = {};
  for (const bool braking : {false, true}) {
    const std::vector<VehicleState> cars = {Car(30.0, -2.0, 1, braking)};
    camera.RenderRgb(Pose2{{-2.0, -2.0}, 0.0}, cars, rgb.data());
    for (size_t i = 0; i < rgb.size(); i += 3) {
      if (rgb[i] > 150 && rgb[i] > rgb[i + 2] + 80) brightest[braking] += rgb[i] + rgb[i + 1];
    }
  }
  EXPECT_GT(brightest[0], 0);
  EXPECT_GT(brightest[1], brightest[0]);
  // An oncoming car dazzles: white lamps.
  std::vector<VehicleState> cars = {Car(30.0, 2.0, 1)};
  cars[0].heading_rad = std::numbers::pi;
  camera.RenderRgb(Pose2{{-2.0, -2.0}, 0.0}, cars, rgb.data());
  int white = 0;
  for (size_t i = 0; i < rgb.size(); i += 3) white += rgb[i + 1] > 200;
  EXPECT_GE(white, 20);
}

TEST(Rain, FallsAnewInEveryTickAndTheSameInTheSame) {
  const Look look = In(WeatherPreset::kHardRainNoon);
  const auto first = Gray(look, {}, 1);
  EXPECT_EQ(first, Gray(look, {}, 1));
  const auto second = Gray(look, {}, 2);
  int different = 0;
  for (size_t i = 0; i < first.size(); ++i) different += first[i] != second[i];
  EXPECT_GE(different, 100);
  EXPECT_LE(different, 3000);
  // No drops from a dry sky.
  EXPECT_EQ(Gray(In(WeatherPreset::kClearNoon), {}, 1), Gray(In(WeatherPreset::kClearNoon), {}, 2));
}

TEST(WetRoad, IsDarkerNearbyAndItsMarksArePaler) {
  Weather wet;
  wet.wetness = 100;
  const auto dry = Gray({}), soaked = Gray(In(wet));
  // 3 m ahead one looks down steeply: little is mirrored.
  EXPECT_LT(At(soaked, 42, 70), 0.8 * At(dry, 42, 70));
  EXPECT_LT(MarkContrast(soaked, 6.0), 0.9 * MarkContrast(dry, 6.0));
  EXPECT_GE(MarkContrast(soaked, 6.0), 40);
}

TEST(WetRoad, MirrorsMoreTheFlatterOneLooks) {
  // Schlick: 0.02 at right angles, everything when grazing; by hand 0.02 + 0.98 * 0.5^5 at 30
  // degrees.
  EXPECT_NEAR(Appearance::Fresnel(1.0f), 0.02f, 1e-6f);
  EXPECT_NEAR(Appearance::Fresnel(0.5f), 0.050625f, 1e-6f);
  EXPECT_NEAR(Appearance::Fresnel(0.0f), 1.0f, 1e-6f);
  Weather wet;
  wet.wetness = 100;
  const auto dry = Gray({}), soaked = Gray(In(wet));
  EXPECT_GT(At(soaked, 42, 43), At(dry, 42, 43));  // 56 m ahead the sky lies in it
}

TEST(LowSun, StandsWhereThePinholeFormulaPutsIt) {
  // 20 degrees high, 10 degrees left of the heading: u = 42 - 42 tan 10 = 34.6, v = 42 - 56 tan 20
  // / cos 10 = 21.3.
  Weather weather = WeatherOf(WeatherPreset::kClearSunset);
  weather.sun_azimuth_angle = 10;
  const auto picture = Gray(In(weather));
  const auto brightest = std::max_element(picture.begin(), picture.end()) - picture.begin();
  EXPECT_NEAR(static_cast<double>(brightest % kTile), 34.1, 1.6);
  EXPECT_NEAR(static_cast<double>(brightest / kTile), 20.8, 1.6);
  // Nothing of it when one drives the other way.
  const auto away = Gray(In(weather), {}, 0, {{-2.0, 2.0}, std::numbers::pi});
  EXPECT_LT(*std::max_element(away.begin(), away.begin() + 30 * kTile), 235);
}

TEST(LowSun, LaysAStreakOnWetRoadBelowIt) {
  Weather weather = WeatherOf(WeatherPreset::kClearSunset);
  weather.wetness = 100;
  const auto wet = Gray(In(weather));
  // Where one looks down by 20 degrees: row 42 + 56 tan 20 = 62.
  EXPECT_GE(At(wet, 42, 62) - At(wet, 22, 62), 30);
}

TEST(Clouds, TakeTheShadowsAway) {
  const std::vector<VehicleState> cars = {Car(8.0, -2.0, 0)};
  int depth[2] = {};
  for (const bool cloudy : {false, true}) {
    const Look look = In(cloudy ? WeatherPreset::kCloudyNoon : WeatherPreset::kClearNoon);
    // Beside the car's foot: the shadow is the car's outline 0.25 m away from the sun.
    const auto with = Gray(look, cars), without = Gray(look);
    for (int x = 34; x < 50; ++x) {
      depth[cloudy] = std::max(depth[cloudy], At(without, x, 52) - At(with, x, 52));
    }
  }
  EXPECT_GT(depth[0], 20);
  EXPECT_LT(depth[1], depth[0] / 2);
}

TEST(Looks, AreDrawnWithinTheirRangesFromTheSeed) {
  const Config config = WithSets(Config(), {"randomisation.enabled=true"});
  const RandomisationConfig& r = config.randomisation;
  double worn = 0.0, least_gamma = 9.0, most_gamma = 0.0;
  for (uint64_t seed = 0; seed < 500; ++seed) {
    const Look look = DrawLook({}, r, Scenario::kEmpty, seed);
    EXPECT_EQ(look.paint, DrawLook({}, r, Scenario::kEmpty, seed).paint);
    EXPECT_LE(std::abs(look.mount.x_m - 2.0), 0.1);
    EXPECT_LE(std::abs(look.mount.y_m), 0.1);
    EXPECT_LE(std::abs(look.mount.z_m - 1.5), 0.1);
    EXPECT_LE(std::abs(look.mount.pitch_rad), 3.0 * std::numbers::pi / 180.0);
    EXPECT_LE(std::abs(look.mount.roll_rad), 1.5 * std::numbers::pi / 180.0);
    EXPECT_NEAR(look.intrinsics.fy_px / look.intrinsics.fx_px, 56.0 / 42.0, 1e-12);
    EXPECT_LE(std::abs(look.intrinsics.fx_px / 42.0 - 1.0), 0.05);
    EXPECT_LE(look.image.noise_levels, 8.0f);
    EXPECT_LE(look.image.blur_px, 1.0f);
    worn += look.paint.mark_wear / 500.0;
    least_gamma = std::min<double>(least_gamma, look.image.gamma);
    most_gamma = std::max<double>(most_gamma, look.image.gamma);
  }
  EXPECT_NEAR(worn, 0.3, 4.0 * 0.6 / std::sqrt(12.0 * 500.0));  // uniform in 0..0.6
  EXPECT_NEAR(least_gamma, 0.7, 0.02);
  EXPECT_NEAR(most_gamma, 1.4, 0.02);
}

TEST(Looks, SettingOneGivesTheBytesOfACameraMadeWithIt) {
  Look look;
  look.mount.pitch_rad = 0.04;
  look.mount.roll_rad = -0.02;
  look.mount.z_m = 1.4;
  look.intrinsics.fx_px = 44.0;
  Camera made(Street(), look.intrinsics, look.mount), set(Street(), {});
  set.SetLook(In(WeatherPreset::kHardRainNight));
  set.SetLook(look);
  const std::vector<VehicleState> cars = {Car(14.0, -2.0, 3)};
  std::vector<uint8_t> a(kTile * kTile), b(kTile * kTile);
  made.RenderGray(Pose2{{-2.0, -2.0}, 0.1}, cars, a.data());
  set.RenderGray(Pose2{{-2.0, -2.0}, 0.1}, cars, b.data());
  EXPECT_EQ(a, b);
}

TEST(Paints, WornMarksFadeIntoTheRoad) {
  Look worn;
  worn.paint.mark_wear = 0.6f;
  EXPECT_NEAR(MarkContrast(Gray(worn), 6.0), 0.4 * MarkContrast(Gray({}), 6.0),
              10.0);  // and the texture
}

}  // namespace
}  // namespace volante
