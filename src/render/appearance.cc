#include "render/appearance.h"

#include <algorithm>
#include <numbers>

namespace volante {

namespace {

float Smooth(float low, float high, float x) {
  const float t = std::clamp((x - low) / (high - low), 0.0f, 1.0f);
  return t * t * (3.0f - 2.0f * t);
}

// Colours of the sky when it is covered, by a low sun, at night; colours of fog and dust by day.
constexpr Color kCloudZenith{150, 158, 168}, kCloudHorizon{196, 201, 206};
constexpr Color kSunsetZenith{108, 124, 168}, kSunsetHorizon{244, 192, 134};
constexpr Color kNightZenith{8, 10, 18}, kNightHorizon{30, 32, 44};
constexpr Color kFog{204, 208, 211}, kDust{196, 158, 110};
constexpr float kMie = 0.03f, kRayleigh = 0.0331f;  // CARLA's defaults, at which the sky is ours

// The light of the night: city glow, a tenth of the day's, bluish.
constexpr Color kNightLight{0.085f, 0.095f, 0.13f};

struct Sky {
  float altitude_deg, clouds, day, low;
};

void LightAndSky(const Weather& w, const Sky& sky, Appearance& a) {
  const float clouds = sky.clouds, storm = static_cast<float>(w.precipitation) / 100.0f;
  // 0.2 is what the standard look has.
  a.sun_light = kSun * std::max(0.0f, 1.0f - 1.2f * std::max(0.0f, clouds - 0.2f)) *
                Smooth(-2.0f, 24.0f, sky.altitude_deg);
  a.ambient = kAmbient * (1.0f + 0.12f * std::max(0.0f, clouds - 0.2f) - 0.12f * storm);
  a.shadow = 0.5f * std::min(1.0f, a.sun_light / kSun);
  const Color warm{1.10f, 0.97f, 0.80f}, cool{0.97f, 0.99f, 1.03f};
  Color light = Mix({1, 1, 1}, cool, std::max(0.0f, clouds - 0.2f));
  light = Mix(light, warm, sky.low * (1.0f - clouds));
  const float dim = 1.0f - 0.22f * sky.low;
  a.tint = Mix(kNightLight, {light.r * dim, light.g * dim, light.b * dim}, sky.day);

  const auto rayleigh = static_cast<float>(w.rayleigh_scattering_scale) / kRayleigh;
  const Color pale = Mix(palette::kZenith, palette::kHorizon, 0.6f);
  const Color blue = Mix(pale, palette::kZenith, std::min(rayleigh, 2.0f));
  const float red = sky.low * std::min(1.0f, 0.7f + 0.3f * rayleigh);
  const float cover = std::max(0.0f, clouds - 0.2f) / 0.8f;
  const float dark = 1.0f - 0.30f * storm;
  a.zenith = Mix(Mix(blue, kSunsetZenith, red), kCloudZenith, cover);
  a.horizon = Mix(Mix(palette::kHorizon, kSunsetHorizon, red), kCloudHorizon, cover);
  a.zenith = Mix(kNightZenith, Scaled(a.zenith, dark), sky.day);
  a.horizon = Mix(kNightHorizon, Scaled(a.horizon, dark), sky.day);
}

void Air(const Weather& w, const Sky& sky, Appearance& a) {
  const auto density = static_cast<float>(w.fog_density) / 100.0f;
  const auto dust = static_cast<float>(w.dust_storm) / 100.0f;
  const auto rain = static_cast<float>(w.precipitation) / 100.0f;
  // Koschmieder: 5 % of the contrast is left at 3 / fog_per_m.
  const float fog = 0.046f * density * density, sand = 0.035f * dust * dust;
  a.fog_per_m = fog + sand + 0.006f * rain;
  a.fog_free_m = static_cast<float>(w.fog_distance) * (fog > sand ? 1.0f : 0.0f);
  a.fog_falloff_per_m = 0.1f * static_cast<float>(w.fog_falloff);
  const float thick = std::clamp(a.fog_per_m / 0.004f, 0.0f, 1.0f);
  Color color = Mix(kFog, kDust, sand / std::max(fog + sand, 1e-6f));
  color = Mix(color, a.horizon, 0.35f);
  const auto scattered = static_cast<float>(w.scattering_intensity);
  const float bright = (0.7f + 0.3f * std::min(scattered, 1.8f)) * (1.0f - 0.22f * rain);
  color = Mix({27, 28, 31}, Scaled(color, bright), sky.day);
  a.air = Mix(a.horizon, color, thick);
  a.haze_half_m =
      kHazeHalf_m *
      std::clamp(kMie / std::max(0.001f, static_cast<float>(w.mie_scattering_scale)), 0.1f, 10.0f);
  a.hills_haze = 1.0f - (1.0f - 0.35f) * std::exp(-700.0f * a.fog_per_m);
}

void WetGround(const Weather& w, Appearance& a) {
  a.wet = static_cast<float>(WetShare(w));
  a.puddles = static_cast<float>(WaterShare(w));
  const auto layer = [&](GroundLayer l) -> GroundPaint& {
    return a.ground[static_cast<size_t>(l)];
  };
  const auto darken = [&](GroundPaint& p, float share) {
    p.color = Scaled(p.color, 1.0f - share * a.wet);
  };
  darken(layer(GroundLayer::kRoad), 0.42f);
  darken(layer(GroundLayer::kShoulder), 0.42f);
  darken(layer(GroundLayer::kSidewalk), 0.28f);
  darken(layer(GroundLayer::kKerb), 0.22f);
  darken(a.ground[kGrass], 0.15f);
  for (const GroundLayer mark : {GroundLayer::kWhiteMark, GroundLayer::kYellowMark}) {
    GroundPaint& p = layer(mark);
    p.color = Mix(p.color, layer(GroundLayer::kRoad).color, 0.28f * a.wet);
  }
}

void Coats(const Paint& paint, Appearance& a) {
  const auto times = [](Color c, Color f) {
    return Color{std::min(c.r * f.r, 255.0f), std::min(c.g * f.g, 255.0f),
                 std::min(c.b * f.b, 255.0f)};
  };
  const auto layer = [&](GroundLayer l) -> GroundPaint& {
    return a.ground[static_cast<size_t>(l)];
  };
  for (const GroundLayer l : {GroundLayer::kRoad, GroundLayer::kShoulder}) {
    layer(l).color = Scaled(layer(l).color, paint.asphalt);
  }
  for (const GroundLayer mark : {GroundLayer::kWhiteMark, GroundLayer::kYellowMark}) {
    GroundPaint& p = layer(mark);
    p.color = Mix(times(p.color, paint.marks), layer(GroundLayer::kRoad).color, paint.mark_wear);
    p.grain *= 1.0f + 2.0f * paint.mark_wear;  // worn unevenly
  }
  a.ground[kGrass].color = times(a.ground[kGrass].color, paint.grass);
  a.crowns = paint.grass;
  a.buildings = paint.buildings;
  a.vehicles = paint.vehicles;
}

}  // namespace

Color Appearance::SkyAt(float elevation_sin) const {
  const float elevation = std::clamp(elevation_sin, 0.0f, 1.0f);
  const Color clear = Mix(horizon, zenith, std::min(1.0f, 1.35f * std::sqrt(elevation)));
  if (fog_per_m <= 0.0f) return clear;
  // The fog's density falls by exp(-k h): its depth along the ray is 1 / (k sin e), at most 1 km.
  const float depth_m = 1.0f / std::max(fog_falloff_per_m * elevation, 0.001f);
  return Mix(clear, air, 1.0f - std::exp(-fog_per_m * depth_m));
}

float Appearance::HeadlightAt(float forward_m, float left_m) {
  if (forward_m < 0.5f) return 0.0f;
  const float distance = std::sqrt(forward_m * forward_m + left_m * left_m);
  const float off = left_m / forward_m / 0.62f;  // of a cone of about 30 degrees to either side
  const float beam = 1.0f / (1.0f + off * off * off * off);
  const float near = Smooth(1.0f, 5.0f, distance);  // the bonnet hides the road before it
  const float reach = distance / 26.0f;
  return 0.95f * beam * near / (1.0f + reach * reach * reach * reach);
}

Appearance MakeAppearance(const Weather& w, const Paint& paint) {
  Appearance a;
  if (w != Weather()) {
    constexpr float kDegree = std::numbers::pi_v<float> / 180.0f;
    const auto altitude_deg = static_cast<float>(w.sun_altitude_angle);
    const float altitude = altitude_deg * kDegree;
    const float azimuth = static_cast<float>(w.sun_azimuth_angle) * kDegree;
    a.sun = {std::cos(altitude) * std::cos(azimuth), std::cos(altitude) * std::sin(azimuth),
             std::sin(altitude)};
    Sky sky{altitude_deg, static_cast<float>(w.cloudiness) / 100.0f, 0.0f, 0.0f};
    sky.day = Smooth(-8.0f, 6.0f, altitude_deg);
    sky.low = (1.0f - Smooth(8.0f, 32.0f, altitude_deg)) * sky.day;
    a.night = sky.day < 0.5f;
    LightAndSky(w, sky, a);
    Air(w, sky, a);
    WetGround(w, a);
    const float clear = std::max(0.0f, 1.0f - std::max(0.0f, sky.clouds - 0.2f) / 0.7f);
    const float fog_left = std::exp(-60.0f * a.fog_per_m);
    const auto mie = static_cast<float>(w.mie_scattering_scale) / kMie;
    a.glare = clear * fog_left * (1.0f - Smooth(22.0f, 45.0f, altitude_deg)) *
              Smooth(-3.0f, 1.0f, altitude_deg) * std::min(1.5f, 0.8f + 0.2f * mie);
    a.sun_color = Mix({255, 250, 235}, {255, 214, 150}, sky.low);
    a.rain = static_cast<float>(w.precipitation) / 100.0f;
    a.slant = 0.35f * static_cast<float>(w.wind_intensity) / 100.0f;
    a.vignette = a.night ? 0.35f : 0.0f;
  }
  if (paint != Paint()) Coats(paint, a);
  return a;
}

}  // namespace volante
