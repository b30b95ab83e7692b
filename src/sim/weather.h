// The weather of an episode as numbers, and what it does to the road's grip.
// Follows from the configuration, the scenario and the episode's seed alone.
#pragma once

#include <cstdint>

#include "config/config.h"

namespace volante {

// CARLA's parameters with every value resolved: units and ranges stand in WeatherConfig. The
// initial values are those of preset `default`.
struct Weather {
  double cloudiness = 20, precipitation = 0, precipitation_deposits = 0, wind_intensity = 10;
  double sun_azimuth_angle = 53.13, sun_altitude_angle = 40;
  double fog_density = 0, fog_distance = 0.75, fog_falloff = 0.1, wetness = 0;
  double scattering_intensity = 1, mie_scattering_scale = 0.03, rayleigh_scattering_scale = 0.0331;
  double dust_storm = 0;

  friend bool operator==(const Weather&, const Weather&) = default;
};

Weather WeatherOf(WeatherPreset preset);

// The configured preset with the configured keys over it.
Weather ResolveWeather(const WeatherConfig& config);

// The weather of one episode. Scenario `rain` stands on WetCloudyNoon where the configuration names
// no preset. With randomisation sun, clouds, fog and rain are drawn from the seed, unless the
// configuration sets the parameter itself or the scenario is `rain`.
Weather EpisodeWeather(const WeatherConfig& config, const RandomisationConfig& randomisation,
                       Scenario scenario, uint64_t seed);

// Share of the ground's surface that is wet, and that lies under water, in [0, 1].
double WetShare(const Weather& weather);
double WaterShare(const Weather& weather);

// Factor on the road's friction: 1 when dry, 0.7 when fully wet, 0.6 with water standing on it too.
// Measured wet asphalt has 0.6 to 0.7 of the dry friction (Wong, "Theory of Ground Vehicles",
// table 1.3: asphalt 0.8-0.9 dry, 0.5-0.7 wet).
double GripOf(const Weather& weather);

}  // namespace volante
