#include "render/post_process.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/random.h"

namespace volante {

namespace {

constexpr uint32_t kNoiseBits = 13;  // 8,192 numbers, read from a new place in every row

// p + (q - p) share / 256 of two bytes.
int Between(int p, int q, int share) { return p + (((q - p) * share + 128) >> 8); }

}  // namespace

void PostProcess::Set(const ImageEffects& effects, int width) {
  effects_ = effects;
  on_ = effects != ImageEffects();
  if (!on_) return;
  tones_change_ = false;
  for (int i = 0; i < 256; ++i) {
    const float bent = std::pow(static_cast<float>(i) / 255.0f, effects.gamma);
    const float lit = bent * effects.brightness;
    const int tone = ToByte(255.0f * (0.5f + (lit - 0.5f) * effects.contrast));
    tones_[static_cast<size_t>(i)] = static_cast<uint8_t>(tone);
    tones_change_ = tones_change_ || tone != i;
  }
  noise_.resize((size_t{1} << kNoiseBits) + static_cast<size_t>(PaddedWidth(width)));
  RandomStream random(effects.seed, "image_noise");
  for (size_t i = 0; i < noise_.size(); ++i) {
    const float drawn = i < (size_t{1} << kNoiseBits)
                            ? effects.noise_levels * static_cast<float>(random.Normal())
                            : static_cast<float>(noise_[i - (size_t{1} << kNoiseBits)]);
    noise_[i] = static_cast<int8_t>(std::clamp(std::round(drawn), -127.0f, 127.0f));
  }
  line_.resize(static_cast<size_t>(width));
  old_.resize(static_cast<size_t>(width));
}

void PostProcess::Apply(const Picture& picture, const View& view, const FrameMoment& moment) {
  if (effects_.exposure_s > 0.0f) Smear(picture, view, moment);
  if (effects_.blur_px > 0.0f) Blur(picture);
  if (tones_change_) {
    for (int plane = 0; plane < picture.num_planes(); ++plane) {
      for (int y = 0; y < picture.height; ++y) {
        uint8_t* p = picture.Row(plane, y);
        for (int x = 0; x < picture.width; ++x) p[x] = tones_[p[x]];
      }
    }
  }
  if (effects_.noise_levels > 0.0f) AddNoise(picture, moment.tick);
  if (effects_.dropout > 0.0f) DropLines(picture, moment.tick);
}

// The ground at row v moves down by (v - cy)^2 speed / (fy h) pixels a second, the whole picture
// sideways by fx yaw_rate: each pixel becomes the mean of the way that it moved.
void PostProcess::Smear(const Picture& picture, const View& view, const FrameMoment& moment) {
  const float per_square = moment.speed_mps * effects_.exposure_s / (view.fy * view.height_m);
  const int horizon = std::max(0, static_cast<int>(view.cy));
  for (int plane = 0; plane < picture.num_planes(); ++plane) {
    for (int y = picture.height - 1; y > horizon; --y) {
      const float below = static_cast<float>(y) + 0.5f - view.cy;
      const float way = std::min(per_square * below * below, static_cast<float>(y - horizon));
      if (way < 0.05f) break;                          // less and less above
      const int whole = static_cast<int>(0.5f * way);  // rows up to the middle of the way
      const int share = static_cast<int>(256.0f * (0.5f * way - static_cast<float>(whole)));
      uint8_t* p = picture.Row(plane, y);
      const uint8_t* near = picture.Row(plane, std::max(0, y - whole));
      const uint8_t* far = picture.Row(plane, std::max(0, y - whole - 1));
      for (int x = 0; x < picture.width; ++x) {
        p[x] = static_cast<uint8_t>((p[x] + Between(near[x], far[x], share) + 1) >> 1);
      }
    }
    const float turn = view.fx * moment.yaw_rate_radps * effects_.exposure_s;
    const int share = static_cast<int>(128.0f * std::min(std::abs(turn), 1.0f));
    if (share == 0) continue;
    for (int y = 0; y < picture.height; ++y) {
      uint8_t* p = picture.Row(plane, y);
      if (turn > 0.0f) {
        for (int x = picture.width - 1; x > 0; --x)
          p[x] = static_cast<uint8_t>(Between(p[x], p[x - 1], share));
      } else {
        for (int x = 0; x + 1 < picture.width; ++x)
          p[x] = static_cast<uint8_t>(Between(p[x], p[x + 1], share));
      }
    }
  }
}

// Passes of weights (a, 1 - 2 a, a) along rows and columns: each adds a variance of 2 a.
void PostProcess::Blur(const Picture& picture) {
  const float variance = effects_.blur_px * effects_.blur_px;
  const int passes = std::max(1, static_cast<int>(std::ceil(variance / 0.6f)));
  const int a = static_cast<int>(128.0f * variance / static_cast<float>(passes) + 0.5f);  // of 256
  const int width = picture.width;
  const auto bytes = static_cast<size_t>(width);
  for (int pass = 0; pass < passes; ++pass) {
    for (int plane = 0; plane < picture.num_planes(); ++plane) {
      for (int y = 0; y < picture.height; ++y) {
        uint8_t* p = picture.Row(plane, y);
        std::memcpy(line_.data(), p, bytes);
        const uint8_t* q = line_.data();
        for (int x = 1; x + 1 < width; ++x) {
          p[x] =
              static_cast<uint8_t>(((256 - 2 * a) * q[x] + a * (q[x - 1] + q[x + 1]) + 128) >> 8);
        }
      }
      std::memcpy(old_.data(), picture.Row(plane, 0), bytes);
      for (int y = 1; y + 1 < picture.height; ++y) {
        uint8_t* p = picture.Row(plane, y);
        const uint8_t* below = picture.Row(plane, y + 1);
        std::memcpy(line_.data(), p, bytes);
        for (int x = 0; x < width; ++x) {
          p[x] = static_cast<uint8_t>(((256 - 2 * a) * line_[static_cast<size_t>(x)] +
                                       a * (old_[static_cast<size_t>(x)] + below[x]) + 128) >>
                                      8);
        }
        old_.swap(line_);
      }
    }
  }
}

void PostProcess::AddNoise(const Picture& picture, uint32_t tick) const {
  const uint32_t frame = MixedBits(effects_.seed + tick * 0x9e3779b9u);
  for (int plane = 0; plane < picture.num_planes(); ++plane) {
    for (int y = 0; y < picture.height; ++y) {
      const uint32_t at = MixedBits(frame + static_cast<uint32_t>(3 * y + plane));
      const int8_t* noise = noise_.data() + (at >> (32 - kNoiseBits));
      uint8_t* p = picture.Row(plane, y);
      for (int x = 0; x < picture.width; x += kBlock) {
        const __m128i n =
            _mm_cvtepi8_epi16(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(noise + x)));
        StorePixels(p + x, _mm_add_epi16(LoadPixels(p + x), n));
      }
    }
  }
}

void PostProcess::DropLines(const Picture& picture, uint32_t tick) const {
  const uint32_t frame = MixedBits(effects_.seed + 77u + tick * 0x9e3779b9u);
  const auto below = static_cast<uint32_t>(effects_.dropout * 65536.0f);
  const auto is_lost = [&](int line, uint32_t kind) {
    return (MixedBits(frame + static_cast<uint32_t>(line) * 2u + kind) & 0xffffu) < below;
  };
  for (int y = 1; y < picture.height; ++y) {
    if (!is_lost(y, 0)) continue;
    for (int plane = 0; plane < picture.num_planes(); ++plane) {
      std::memcpy(picture.Row(plane, y), picture.Row(plane, y - 1),
                  static_cast<size_t>(picture.width));
    }
  }
  for (int x = 1; x < picture.width; ++x) {
    if (!is_lost(x, 1)) continue;
    for (int plane = 0; plane < picture.num_planes(); ++plane) {
      for (int y = 0; y < picture.height; ++y)
        picture.Row(plane, y)[x] = picture.Row(plane, y)[x - 1];
    }
  }
}

}  // namespace volante
