// The keys of the weather: CARLA's 14 parameters and its named presets (reference values of its
// WeatherParameters), of which each can be set alone. See config/config.h, which everyone includes.
#pragma once

#include <array>
#include <optional>

#include "config/option.h"

namespace volante {

enum class WeatherPreset {
  kDefault,
  kClearNoon,
  kCloudyNoon,
  kWetNoon,
  kWetCloudyNoon,
  kSoftRainNoon,
  kMidRainyNoon,
  kHardRainNoon,
  kClearSunset,
  kCloudySunset,
  kWetSunset,
  kWetCloudySunset,
  kSoftRainSunset,
  kMidRainSunset,
  kHardRainSunset,
  kClearNight,
  kCloudyNight,
  kWetNight,
  kWetCloudyNight,
  kSoftRainNight,
  kMidRainyNight,
  kHardRainNight,
  kDustStorm
};

template <>
struct EnumNames<WeatherPreset> {
  static constexpr std::array kNames = {
      "default",       "ClearNoon",       "CloudyNoon",     "WetNoon",        "WetCloudyNoon",
      "SoftRainNoon",  "MidRainyNoon",    "HardRainNoon",   "ClearSunset",    "CloudySunset",
      "WetSunset",     "WetCloudySunset", "SoftRainSunset", "MidRainSunset",  "HardRainSunset",
      "ClearNight",    "CloudyNight",     "WetNight",       "WetCloudyNight", "SoftRainNight",
      "MidRainyNight", "HardRainNight",   "DustStorm"};
};

// A key without a value takes the preset's (sim/weather.h).
struct WeatherConfig {
  WeatherPreset preset = WeatherPreset::kDefault;
  std::optional<double> cloudiness, precipitation, precipitation_deposits, wind_intensity;
  std::optional<double> sun_azimuth_angle, sun_altitude_angle;
  std::optional<double> fog_density, fog_distance, fog_falloff, wetness;
  std::optional<double> scattering_intensity, mie_scattering_scale, rayleigh_scattering_scale;
  std::optional<double> dust_storm;

  template <class V>
  void VisitFields(V& v) {
    v("preset", preset,
      {.help = "weather and light by CARLA's names, or default, in which all published models "
               "were trained; every key below can be set on top of it"});
    v("cloudiness", cloudiness,
      {.help = "0 a clear sky, 100 covered: weaker sun and shadows", .min = 0, .max = 100});
    v("precipitation", precipitation,
      {.help = "rain, 100 is heavy: streaks, less contrast, less grip", .min = 0, .max = 100});
    v("precipitation_deposits", precipitation_deposits,
      {.help = "puddles, 100 covers most of the road: mirrors of the sky, less grip",
       .min = 0,
       .max = 100});
    v("wind_intensity", wind_intensity, {.help = "slants the rain", .min = 0, .max = 100});
    v("sun_azimuth_angle", sun_azimuth_angle,
      {.help = "direction of the sun, degrees counter-clockwise from the map's x axis",
       .min = 0,
       .max = 360});
    v("sun_altitude_angle", sun_altitude_angle,
      {.help = "height of the sun, degrees: 90 above, 0 on the horizon, below -1 is night",
       .min = -90,
       .max = 90});
    v("fog_density", fog_density,
      {.help = "fog, 100 leaves 65 m of sight (5 % contrast), 50 leaves 260 m",
       .min = 0,
       .max = 100});
    v("fog_distance", fog_distance,
      {.help = "metres before the camera that are free of fog", .min = 0, .max = 1000});
    v("fog_falloff", fog_falloff,
      {.help = "how fast fog thins with height: by e in 10 m over this number",
       .min = 0,
       .max = 10});
    v("wetness", wetness,
      {.help = "wet ground, 100 is soaked: darker asphalt, paler marks, reflections, less grip. "
               "Rain and puddles wet the ground by themselves",
       .min = 0,
       .max = 100});
    v("scattering_intensity", scattering_intensity,
      {.help = "light that fog and dust scatter towards the camera; 0 is dark fog",
       .min = 0,
       .max = 10});
    v("mie_scattering_scale", mie_scattering_scale,
      {.help = "haze of large particles: paler distance, larger glare around the sun",
       .min = 0,
       .max = 5});
    v("rayleigh_scattering_scale", rayleigh_scattering_scale,
      {.help = "scattering by the air itself: bluer sky, redder low sun", .min = 0, .max = 2});
    v("dust_storm", dust_storm, {.help = "dust in the air: brown fog", .min = 0, .max = 100});
  }
};

}  // namespace volante
