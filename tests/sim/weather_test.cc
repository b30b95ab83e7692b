// Weather as numbers: CARLA's presets, the configuration over them, draws and grip.
#include "sim/weather.h"

#include <gtest/gtest.h>

#include "config/options.h"

namespace volante {
namespace {

Config With(const std::vector<std::string>& sets) { return WithSets(Config(), sets); }

Weather Of(const Config& config, Scenario scenario, uint64_t seed) {
  return EpisodeWeather(config.weather, config.randomisation, scenario, seed);
}

TEST(WeatherPresets, HaveTheValuesOfCarlasSource) {
  // cloudiness, precipitation, deposits, wind, sun altitude of the presets of CoRL 2017's tests.
  struct Row {
    WeatherPreset preset;
    double cloudiness, precipitation, deposits, wind, altitude;
  };
  for (const Row& row : {Row{WeatherPreset::kClearNoon, 20, 0, 0, 35, 80},
                         Row{WeatherPreset::kWetNoon, 20, 0, 50, 35, 80},
                         Row{WeatherPreset::kWetCloudyNoon, 90, 0, 50, 35, 80},
                         Row{WeatherPreset::kMidRainyNoon, 90, 60, 50, 40, 80},
                         Row{WeatherPreset::kHardRainNoon, 90, 90, 100, 100, 80},
                         Row{WeatherPreset::kClearSunset, 20, 0, 0, 35, 20},
                         Row{WeatherPreset::kSoftRainSunset, 70, 30, 50, 35, 20},
                         Row{WeatherPreset::kClearNight, 5, 0, 0, 10, -90},
                         Row{WeatherPreset::kHardRainNight, 100, 100, 90, 100, -90}}) {
    const Weather w = WeatherOf(row.preset);
    EXPECT_EQ(w.cloudiness, row.cloudiness) << NameOf(row.preset);
    EXPECT_EQ(w.precipitation, row.precipitation) << NameOf(row.preset);
    EXPECT_EQ(w.precipitation_deposits, row.deposits) << NameOf(row.preset);
    EXPECT_EQ(w.wind_intensity, row.wind) << NameOf(row.preset);
    EXPECT_EQ(w.sun_altitude_angle, row.altitude) << NameOf(row.preset);
  }
}

TEST(WeatherPresets, AllDifferAndStayInTheRangesOfTheKeys) {
  constexpr size_t kCount = EnumNames<WeatherPreset>::kNames.size();
  for (size_t i = 0; i < kCount; ++i) {
    const Weather w = WeatherOf(static_cast<WeatherPreset>(i));
    for (size_t j = 0; j < i; ++j) {
      EXPECT_NE(w, WeatherOf(static_cast<WeatherPreset>(j))) << i << " and " << j;
    }
    // By the road of a user: every number can be set by its key, and gives the same weather.
    const Weather back =
        ResolveWeather(With({"weather.fog_density=" + std::to_string(w.fog_density),
                             "weather.wetness=" + std::to_string(w.wetness),
                             "weather.sun_altitude_angle=" + std::to_string(w.sun_altitude_angle),
                             "weather.dust_storm=" + std::to_string(w.dust_storm)})
                           .weather);
    EXPECT_EQ(back.fog_density, w.fog_density);
    EXPECT_EQ(back.sun_altitude_angle, w.sun_altitude_angle);
  }
}

TEST(EpisodeWeather, IsTheConfiguredOneUnlessSomethingSaysOtherwise) {
  EXPECT_EQ(Of(Config(), Scenario::kHeavy, 3), Weather());
  Weather expected = WeatherOf(WeatherPreset::kClearNight);
  expected.cloudiness = 44;
  const Config night = With({"weather.preset=ClearNight", "weather.cloudiness=44"});
  EXPECT_EQ(Of(night, Scenario::kEmpty, 3), expected);
}

TEST(EpisodeWeather, OfScenarioRainIsWetAndCloudyWhateverIsDrawn) {
  const Weather rain = WeatherOf(WeatherPreset::kWetCloudyNoon);
  EXPECT_EQ(Of(Config(), Scenario::kRain, 1), rain);
  EXPECT_EQ(Of(With({"randomisation.enabled=true"}), Scenario::kRain, 1), rain);
  EXPECT_EQ(Of(With({"weather.preset=HardRainSunset"}), Scenario::kRain, 1),
            WeatherOf(WeatherPreset::kHardRainSunset));
}

TEST(EpisodeWeather, IsDrawnWithinItsRangesAndFollowsTheSeed) {
  const Config config = With({"randomisation.enabled=true", "randomisation.rain_share=0.5",
                              "randomisation.precipitation_max=60", "weather.dust_storm=12"});
  int rainy = 0, foggy = 0;
  for (uint64_t seed = 0; seed < 400; ++seed) {
    const Weather w = Of(config, Scenario::kEmpty, seed);
    EXPECT_EQ(w, Of(config, Scenario::kEmpty, seed));
    EXPECT_NE(w, Of(config, Scenario::kEmpty, seed + 1));
    EXPECT_GE(w.sun_altitude_angle, 10);
    EXPECT_LE(w.sun_altitude_angle, 80);
    EXPECT_LE(w.precipitation, 60);
    EXPECT_GE(w.cloudiness, w.precipitation);
    EXPECT_EQ(w.dust_storm, 12);  // set, so not drawn
    rainy += w.precipitation > 0;
    foggy += w.fog_density > 0;
  }
  // Binomial: 400 of 0.5 has a standard deviation of 10, of 0.25 one of 8.7; four of them.
  EXPECT_NEAR(rainy, 200, 40);
  EXPECT_NEAR(foggy, 100, 35);
}

TEST(GripOf, IsOneOnDryRoadsAndSixToSevenTenthsOnWetOnes) {
  EXPECT_EQ(GripOf(Weather()), 1.0);
  EXPECT_EQ(GripOf(WeatherOf(WeatherPreset::kClearNight)), 1.0);
  Weather soaked;
  soaked.wetness = 100;
  EXPECT_DOUBLE_EQ(GripOf(soaked), 0.7);
  EXPECT_DOUBLE_EQ(GripOf(WeatherOf(WeatherPreset::kHardRainNoon)), 0.6);
  double last = 2.0;
  for (const WeatherPreset preset : {WeatherPreset::kCloudyNoon, WeatherPreset::kSoftRainNoon,
                                     WeatherPreset::kMidRainyNoon, WeatherPreset::kHardRainNoon}) {
    EXPECT_LT(GripOf(WeatherOf(preset)), last) << NameOf(preset);
    last = GripOf(WeatherOf(preset));
  }
}

}  // namespace
}  // namespace volante
