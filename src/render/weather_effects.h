// What weather and light add to a painted frame: rain, veils, lamps' light, darkened corners. All
// work on the planes of a picture in place, in integers. Private to src/render/.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "render/appearance.h"
#include "render/canvas.h"

namespace volante {

// A well-mixed word of a counter: murmur3's finaliser.
inline uint32_t MixedBits(uint32_t x) {
  x ^= x >> 16;
  x *= 0x85ebca6bu;
  x ^= x >> 13;
  x *= 0xc2b2ae35u;
  return x ^ (x >> 16);
}

// The planes of a painted picture with its size.
struct Picture {
  const Canvas& canvas;
  int width, height;

  int num_planes() const { return canvas.mode == PictureMode::kRgb ? 3 : 1; }
  uint8_t* Row(int plane, int y) const {
    return canvas.planes[plane] + static_cast<size_t>(y) * canvas.stride;
  }
  // A colour's byte in this plane.
  int Level(Color color, int plane) const {
    if (canvas.mode != PictureMode::kRgb) return GrayOf(color);
    return ToByte(plane == 0 ? color.r : plane == 1 ? color.g : color.b);
  }
};

// p += (color - p) share / 128 over the whole picture; share in 0..128.
void Veil(const Picture& picture, Color color, int share);

// Pixels times gain / 256, rows begin..end; gains is [height, stride] of the picture.
void Dim(const Picture& picture, std::span<const uint16_t> gains, int begin, int end);

// How much light of the night and of the own headlights falls on each pixel's ground, of 256; the
// night's alone above row first_ground_row. For level ground, at the camera's height.
void MakeHeadlights(const View& view, int stride, int first_ground_row,
                    std::vector<uint16_t>& gains);
// Darker towards the corners by `amount` in [0, 1].
void MakeVignette(int width, int height, int stride, float amount, std::vector<uint16_t>& gains);

// The sun and its halo around (u, v), rows above `end`.
void PaintSun(const Picture& picture, PixelPoint at, float focal_px, float strength, Color color,
              int end);

// Drops that fall during one exposure: streaks that differ from tick to tick.
void PaintRain(const Picture& picture, const Appearance& look, uint32_t tick);

// The light that night leaves on unlit ground, of 1.
inline constexpr float kNightGround = 0.09f;

}  // namespace volante
