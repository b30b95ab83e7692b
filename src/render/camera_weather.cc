// Weather and light of a frame: colours of the ground by row, the low sun, lamps at night, rain.
#include <algorithm>
#include <cmath>

#include "render/camera_impl.h"
#include "render/objects.h"
#include "render/weather_effects.h"

namespace volante {

namespace {

// Share of the mirrored sky on fully wet ground of each layer, of what still water would mirror.
constexpr std::array<float, kGroundLayers + 1> kMirror = {0.0f, 0.35f, 0.35f, 0.6f,
                                                          0.6f, 0.4f,  0.4f,  0.0f};

int LevelOf(Color c, int plane) {
  return plane == 0 ? ToByte(c.r) : plane == 1 ? ToByte(c.g) : plane == 2 ? ToByte(c.b) : GrayOf(c);
}

// The light on level ground, of that of the standard look.
float GroundLight(const Appearance& look) {
  const float facing = look.sun.z > 0.0f ? look.sun.z : 0.0f;
  return (look.ambient + look.sun_light * facing) / (kAmbient + kSun * kSunElevationSin);
}

// Sine of the angle below the horizon at which a row looks down, in the picture's middle.
float DownSin(const View& view, int y) {
  const float q = (static_cast<float>(y) + 0.5f - view.cy) / view.fy;
  return std::clamp((view.sin_pitch + q * view.cos_pitch) / std::sqrt(1.0f + q * q), 0.0f, 1.0f);
}

constexpr float kThrownBack = 2.5f;  // of the veil's own light, in the beam of the headlights

// Colours of one frame's ground. At night the ground is painted as the lamps would show it and
// dimmed afterwards: what gives light itself, sky and fog, is painted brighter by as much.
struct GroundColors {
  const Appearance& look;
  float light;
  Color tint;

  explicit GroundColors(const Appearance& a)
      : look(a),
        light(a.night ? 1.0f : GroundLight(a)),
        tint(a.night ? Color{1.0f, 1.0f, 1.0f} : a.tint) {}
  Color Lit(Color c) const {
    return {c.r * tint.r * light, c.g * tint.g * light, c.b * tint.b * light};
  }
  // What the light on the ground does not make brighter, in a row of that distance: the gain that
  // NightSink puts on all of it is taken off, up to what drops in the beam throw back.
  Color Glowing(Color c, float forward_m) const {
    if (!look.night) return c;
    const float beam = kNightGround + Appearance::HeadlightAt(forward_m, 0.0f);
    const float glow = std::min(kThrownBack / beam, 1.0f / kNightGround);
    return {c.r * glow, c.g * glow, c.b * glow};
  }
};

}  // namespace

void Camera::Impl::MakeShades() {
  const GroundColors colors(appearance);
  for (int m = 0; m <= kGroundLayers; ++m) {
    const GroundPaint& paint = appearance.ground[static_cast<size_t>(m)];
    const Color lit = colors.Lit(paint.color);
    const float mirror = kMirror[static_cast<size_t>(m)] * appearance.wet;
    for (int plane = 0; plane < 4; ++plane) {
      auto& column = shades[static_cast<size_t>(m)][static_cast<size_t>(plane)];
      column.resize(static_cast<size_t>(height));
      for (int y = 0; y < height; ++y) {
        const GroundRow& row = rows[static_cast<size_t>(y)];
        const float haze = row.haze;
        Color c = lit;
        float grain = paint.grain * (1.0f - haze);
        if (mirror > 0.0f) {
          const float down = DownSin(view, y);
          const float share = mirror * Appearance::Fresnel(down);
          c = Mix(c, colors.Glowing(appearance.SkyAt(down), row.forward_m), share);
          grain *= 1.0f - share;
        }
        const int base =
            LevelOf(Mix(c, colors.Glowing(appearance.air, row.forward_m), haze), plane);
        // Kept within a byte for every texel, so that spans need no clamp.
        const int swing = static_cast<int>(grain + 0.5f);
        column[static_cast<size_t>(y)] = {
            static_cast<int16_t>(std::clamp(base, swing, 255 - swing)),
            static_cast<int16_t>(swing)};
      }
    }
  }
}

void Camera::Impl::MakeWetRows() {
  wet_road = appearance.puddles > 0.0f || (appearance.wet > 0.0f && appearance.glare > 0.0f);
  if (!wet_road && !appearance.night) return;
  streak.assign(static_cast<size_t>(stride), 0);
  no_sheen.assign(static_cast<size_t>(height), 0);
  const GroundColors colors(appearance);
  const Color bed =
      colors.Lit(Scaled(appearance.ground[static_cast<size_t>(GroundLayer::kRoad)].color, 0.6f));
  const float sun_angle = std::asin(std::clamp(appearance.sun.z, -1.0f, 1.0f));
  for (int plane = 0; plane < 4; ++plane) {
    auto& water = puddles[static_cast<size_t>(plane)];
    auto& light = sheen[static_cast<size_t>(plane)];
    water.assign(static_cast<size_t>(height), 0);
    light.assign(static_cast<size_t>(height), 0);
    for (int y = 0; y < height; ++y) {
      const float down = DownSin(view, y), share = Appearance::Fresnel(down);
      const GroundRow& row = rows[static_cast<size_t>(y)];
      const float haze = row.haze;
      const Color mirrored = Mix(bed, colors.Glowing(appearance.SkyAt(down), row.forward_m), share);
      const Color hazy = Mix(mirrored, colors.Glowing(appearance.air, row.forward_m), haze);
      water[static_cast<size_t>(y)] = static_cast<int16_t>(LevelOf(hazy, plane));
      // A mirror would show the sun where the row looks down as steeply as the sun stands; rough
      // asphalt draws it out, towards the horizon most.
      const float off = (std::asin(down) - sun_angle) / (down < appearance.sun.z ? 0.35f : 0.16f);
      const float strength =
          appearance.wet * (0.35f + 0.65f * share) * (1.0f - haze) / (1.0f + off * off);
      light[static_cast<size_t>(y)] =
          static_cast<int16_t>(strength * static_cast<float>(LevelOf(appearance.sun_color, plane)));
    }
  }
}

template <>
GroundSink Camera::Impl::MakeSink(const Canvas& canvas, int material, int plane) const {
  const auto column = static_cast<size_t>(canvas.mode == PictureMode::kRgb ? plane : 3);
  return {canvas.planes[plane], texture.data(),
          shades[static_cast<size_t>(material)][column].data(), stride};
}

template <>
WetSink Camera::Impl::MakeSink(const Canvas& canvas, int material, int plane) const {
  const auto column = static_cast<size_t>(canvas.mode == PictureMode::kRgb ? plane : 3);
  const bool paved = material == static_cast<int>(GroundLayer::kRoad) ||
                     material == static_cast<int>(GroundLayer::kShoulder);
  const bool wet = paved && wet_road;
  const int threshold = static_cast<int>(112.0f - 106.0f * appearance.puddles);
  return {MakeSink<GroundSink>(canvas, material, plane), puddles[column].data(),
          wet ? threshold : 128, wet ? sheen[column].data() : no_sheen.data(), streak.data()};
}

template <>
NightSink Camera::Impl::MakeSink(const Canvas& canvas, int material, int plane) const {
  return {MakeSink<WetSink>(canvas, material, plane), headlights.data()};
}

void Camera::Impl::LayStreak(const Painter& painter) {
  if (!wet_road || appearance.glare <= 0.0f) return;
  std::fill(streak.begin(), streak.end(), int16_t{0});
  if (painter.sun.x <= 0.05f) return;
  const float u = view.cx - view.fx * painter.sun.y / painter.sun.x;
  const float narrow = 1.0f / (0.09f * view.fx);
  for (int x = 0; x < width; ++x) {
    const float off = (static_cast<float>(x) + 0.5f - u) * narrow;
    const float profile = 1.0f / (1.0f + off * off);
    streak[static_cast<size_t>(x)] =
        static_cast<int16_t>(255.0f * std::min(appearance.glare, 1.0f) * profile * profile);
  }
}

void Camera::Impl::PaintSunIn(int end_row, Painter& painter) {
  if (appearance.glare <= 0.0f || painter.sun.x <= 0.0f) return;
  constexpr float kFar_m = 1000.0f;
  const Vec3f at = view.CameraFromLevel(
      {kFar_m * painter.sun.x, kFar_m * painter.sun.y, view.height_m + kFar_m * painter.sun.z});
  if (at.x <= kNearDepth_m) return;
  PaintSun({painter.canvas, width, height}, view.Project(at), view.fx, appearance.glare,
           appearance.sun_color, end_row);
}

void Camera::Impl::FinishPicture(const Painter& painter, const FrameMoment& moment) {
  const Picture picture{painter.canvas, width, height};
  if (appearance.rain > 0.0f) {
    Veil(picture, appearance.air, static_cast<int>(20.0f * appearance.rain));
    PaintRain(picture, appearance, moment.tick);
  }
  if (appearance.glare > 0.0f && painter.sun.x > 0.0f) {
    // Light scattered in the lens when the sun stands ahead.
    const float ahead = painter.sun.x * painter.sun.x;
    Veil(picture, appearance.sun_color, static_cast<int>(30.0f * appearance.glare * ahead * ahead));
  }
  if (appearance.vignette > 0.0f) Dim(picture, vignette, 0, height);
  if (post.on()) post.Apply(picture, view, moment);
}

}  // namespace volante
