#include "sim/weather.h"

#include <algorithm>
#include <optional>

#include "base/random.h"

namespace volante {

namespace {

constexpr double kNoon_deg = 80, kSunset_deg = 20;

// What the noon and sunset presets of one name share, in the order of WeatherPreset.
struct Day {
  double cloudiness, precipitation, deposits, wind;
};
constexpr Day kDays[] = {{20, 0, 0, 35},   {90, 0, 0, 35},   {20, 0, 50, 35},   {90, 0, 50, 35},
                         {70, 30, 50, 35}, {90, 60, 50, 40}, {90, 90, 100, 100}};
struct Night {
  Day day;
  double wetness, fog_density, fog_distance, fog_falloff;
};
constexpr Night kNights[] = {{{5, 0, 0, 10}, 0, 60, 75, 1},
                             {{60, 0, 0, 10}, 0, 60, 0.75, 0.1},
                             {{5, 0, 50, 10}, 60, 60, 75, 1},
                             {{60, 0, 50, 10}, 60, 60, 0.75, 0.1},
                             {{60, 30, 50, 30}, 60, 60, 0.75, 0.1},
                             {{80, 60, 60, 60}, 80, 60, 0.75, 0.1},
                             {{100, 100, 90, 100}, 100, 100, 0.75, 0.1}};

Weather DayOf(const Day& day, double altitude_deg) {
  Weather w;
  w.cloudiness = day.cloudiness;
  w.precipitation = day.precipitation;
  w.precipitation_deposits = day.deposits;
  w.wind_intensity = day.wind;
  w.sun_azimuth_angle = 0;
  w.sun_altitude_angle = altitude_deg;
  return w;
}

Weather NightOf(const Night& night) {
  Weather w = DayOf(night.day, -90);
  w.wetness = night.wetness;
  w.fog_density = night.fog_density;
  w.fog_distance = night.fog_distance;
  w.fog_falloff = night.fog_falloff;
  return w;
}

Weather Over(Weather w, const WeatherConfig& c) {
  w.cloudiness = c.cloudiness.value_or(w.cloudiness);
  w.precipitation = c.precipitation.value_or(w.precipitation);
  w.precipitation_deposits = c.precipitation_deposits.value_or(w.precipitation_deposits);
  w.wind_intensity = c.wind_intensity.value_or(w.wind_intensity);
  w.sun_azimuth_angle = c.sun_azimuth_angle.value_or(w.sun_azimuth_angle);
  w.sun_altitude_angle = c.sun_altitude_angle.value_or(w.sun_altitude_angle);
  w.fog_density = c.fog_density.value_or(w.fog_density);
  w.fog_distance = c.fog_distance.value_or(w.fog_distance);
  w.fog_falloff = c.fog_falloff.value_or(w.fog_falloff);
  w.wetness = c.wetness.value_or(w.wetness);
  w.scattering_intensity = c.scattering_intensity.value_or(w.scattering_intensity);
  w.mie_scattering_scale = c.mie_scattering_scale.value_or(w.mie_scattering_scale);
  w.rayleigh_scattering_scale = c.rayleigh_scattering_scale.value_or(w.rayleigh_scattering_scale);
  w.dust_storm = c.dust_storm.value_or(w.dust_storm);
  return w;
}

// Every number is drawn whatever the shares are, so that one key does not move another's draws.
Weather Drawn(Weather w, const RandomisationConfig& r, uint64_t seed) {
  RandomStream random(seed, "weather");
  const double azimuth = random.Uniform(0, 360);
  const double altitude = random.Uniform(r.sun_altitude_min_deg, r.sun_altitude_max_deg);
  const double clouds = random.Uniform(0, r.cloudiness_max);
  const bool fog = random.Uniform() < r.fog_share;
  const double fog_density = random.Uniform(0, r.fog_density_max);
  const bool rain = random.Uniform() < r.rain_share;
  const double precipitation = random.Uniform(0, r.precipitation_max);
  const double deposits = random.Uniform(0, r.precipitation_max);
  w.sun_azimuth_angle = azimuth;
  w.sun_altitude_angle = altitude;
  w.cloudiness = clouds;
  if (fog) w.fog_density = fog_density;
  if (rain) {
    w.precipitation = precipitation;
    w.precipitation_deposits = deposits;
    w.cloudiness = std::max(clouds, precipitation);  // no rain without clouds
  }
  return w;
}

}  // namespace

Weather WeatherOf(WeatherPreset preset) {
  const auto from = [&](WeatherPreset first) {
    return static_cast<size_t>(preset) - static_cast<size_t>(first);
  };
  if (preset == WeatherPreset::kDefault) return {};
  if (preset <= WeatherPreset::kHardRainNoon) {
    return DayOf(kDays[from(WeatherPreset::kClearNoon)], kNoon_deg);
  }
  if (preset <= WeatherPreset::kHardRainSunset) {
    return DayOf(kDays[from(WeatherPreset::kClearSunset)], kSunset_deg);
  }
  if (preset <= WeatherPreset::kHardRainNight) {
    return NightOf(kNights[from(WeatherPreset::kClearNight)]);
  }
  Weather storm = DayOf({100, 0, 0, 100}, 45);
  storm.fog_density = 2;
  storm.dust_storm = 100;
  return storm;
}

Weather ResolveWeather(const WeatherConfig& config) {
  return Over(WeatherOf(config.preset), config);
}

Weather EpisodeWeather(const WeatherConfig& config, const RandomisationConfig& randomisation,
                       Scenario scenario, uint64_t seed) {
  const bool named = config.preset != WeatherPreset::kDefault;
  if (scenario == Scenario::kRain) {
    return Over(WeatherOf(named ? config.preset : WeatherPreset::kWetCloudyNoon), config);
  }
  Weather w = WeatherOf(config.preset);
  if (randomisation.enabled) w = Drawn(w, randomisation, seed);
  return Over(w, config);
}

double WetShare(const Weather& w) {
  // CARLA's wet presets of the day have deposits but no wetness: rain that falls or lies wets.
  const double by_rain = std::min(100.0, 2.0 * w.precipitation);
  const double by_puddles = std::min(100.0, 1.6 * w.precipitation_deposits);
  return std::max({w.wetness, by_rain, by_puddles}) / 100.0;
}

double WaterShare(const Weather& w) { return w.precipitation_deposits / 100.0; }

double GripOf(const Weather& w) {
  return 1.0 - 0.3 * WetShare(w) -
         0.1 * std::max(w.precipitation, w.precipitation_deposits) / 100.0;
}

}  // namespace volante
