// Weather and paints as the colours and shares that painting needs: worked out once per episode.
// The initial values are the standard look, to the bit that models were trained with. Private to
// src/render/.
#pragma once

#include <array>
#include <cmath>

#include "render/look.h"
#include "render/palette.h"
#include "render/scene_impl.h"
#include "render/view.h"

namespace volante {

// What the ground is made of: brightness varies with the texture by `grain` of 127.
struct GroundPaint {
  Color color;
  float grain = 0.0f;
};
inline constexpr int kGrass = kGroundLayers;  // the material below all layers

struct Appearance {
  // Towards the sun, world frame; its light on a surface that faces it, and the sky's light.
  Vec3f sun{kSunElevationCos * kSunAzimuthCos, kSunElevationCos* kSunAzimuthSin, kSunElevationSin};
  float sun_light = kSun, ambient = kAmbient;
  Color tint{1.0f, 1.0f, 1.0f};  // colour and strength of all light, as a factor
  float shadow = 0.5f;           // opacity

  Color zenith = palette::kZenith, horizon = palette::kHorizon;
  float hills_haze = 0.35f;
  // The colour that distance fades to; half of it is gone at haze_half_m. Fog begins at
  // fog_free_m, takes 1 - exp(-fog_per_m d) and thins with height by fog_falloff_per_m.
  Color air = palette::kHorizon;
  float haze_half_m = kHazeHalf_m;
  float fog_per_m = 0.0f, fog_free_m = 0.0f, fog_falloff_per_m = 0.01f;

  std::array<GroundPaint, kGroundLayers + 1> ground = {{{palette::kVerge, 24.0f},
                                                        {palette::kSidewalk, 9.0f},
                                                        {palette::kKerb, 5.0f},
                                                        {palette::kShoulder, 13.0f},
                                                        {palette::kRoad, 13.0f},
                                                        {palette::kWhiteMark, 10.0f},
                                                        {palette::kYellowMark, 10.0f},
                                                        {palette::kGrass, 24.0f}}};
  Color buildings{1.0f, 1.0f, 1.0f}, vehicles{1.0f, 1.0f, 1.0f}, crowns{1.0f, 1.0f, 1.0f};

  float wet = 0.0f;      // share of the paved ground, which mirrors the sky at grazing angles
  float puddles = 0.0f;  // share of it under water
  // Light of the low sun: on wet ground below it, around it in the sky, over the whole picture.
  float glare = 0.0f;
  Color sun_color{255.0f, 244.0f, 214.0f};

  bool night = false;  // lamps are on
  float vignette = 0.0f;
  float rain = 0.0f;   // 0..1
  float slant = 0.0f;  // of the rain: sideways per down

  // Share of the air's colour over a thing at this distance.
  float HazeAt(float distance_m) const {
    const float haze = distance_m / (distance_m + haze_half_m);
    if (fog_per_m <= 0.0f) return haze;
    const float foggy = distance_m > fog_free_m ? distance_m - fog_free_m : 0.0f;
    return 1.0f - (1.0f - haze) * std::exp(-fog_per_m * foggy);
  }
  // The sky at this sine of elevation, or near it; through the fog.
  Color SkyAt(float elevation_sin) const;
  // Share of the light that wet ground mirrors, seen at this sine of elevation below the horizon:
  // Schlick's approximation of Fresnel's formula for water, 0.02 at right angles.
  static float Fresnel(float down_sin) {
    const float grazing = 1.0f - down_sin, square = grazing * grazing;
    return 0.02f + 0.98f * square * square * grazing;
  }
  // Headlights of the own car on what lies here (level frame): 0 dark, 1 as by day.
  static float HeadlightAt(float forward_m, float left_m);
};

Appearance MakeAppearance(const Weather& weather, const Paint& paint);

}  // namespace volante
