// What one episode looks like: its weather, its paints, where its camera is and what that camera
// does to a picture. Plain values, drawn once per episode; the defaults are the standard look.
#pragma once

#include <cstdint>

#include "config/config.h"
#include "render/camera.h"
#include "render/palette.h"
#include "sim/weather.h"

namespace volante {

// Factors on the town's colours, and how worn its marks are.
struct Paint {
  float asphalt = 1.0f;
  Color grass{1.0f, 1.0f, 1.0f}, buildings{1.0f, 1.0f, 1.0f}, vehicles{1.0f, 1.0f, 1.0f};
  Color marks{1.0f, 1.0f, 1.0f};
  float mark_wear = 0.0f;  // share that is gone

  friend bool operator==(const Paint&, const Paint&) = default;
};

// From the exact picture to the one that a real camera would deliver.
struct ImageEffects {
  float gamma = 1.0f, brightness = 1.0f, contrast = 1.0f;
  float noise_levels = 0.0f;  // standard deviation, of 255
  float blur_px = 0.0f;       // standard deviation
  float dropout = 0.0f;       // share of rows and of columns that repeat their neighbour
  float exposure_s = 0.0f;    // time in which a moving camera smears
  uint32_t seed = 0;          // of noise and dropout, which differ from tick to tick

  friend bool operator==(const ImageEffects&, const ImageEffects&) = default;
};

struct Look {
  Weather weather;
  Paint paint;
  ImageEffects image;
  CameraIntrinsics intrinsics;
  CameraMount mount;
};

// The agent's look in an episode: weather of EpisodeWeather, and with randomisation the rest drawn
// from the seed.
Look DrawLook(const WeatherConfig& weather, const RandomisationConfig& randomisation,
              Scenario scenario, uint64_t seed);

// What people are shown of it: the same weather and paints through an exact camera.
Look LookForPeople(const Look& look, int width, int height);

}  // namespace volante
