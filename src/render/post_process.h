// From the exact picture to the one that a real camera would deliver: ImageEffects of a look.
// Private to src/render/. Owns its tables, made when the effects are set; no allocation per frame.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "render/look.h"
#include "render/view.h"
#include "render/weather_effects.h"

namespace volante {

class PostProcess {
 public:
  // `width` of the pictures to come. Allocates.
  void Set(const ImageEffects& effects, int width);
  bool on() const { return on_; }
  // Smear of motion, blur, tones, noise and dropout, in this order.
  void Apply(const Picture& picture, const View& view, const FrameMoment& moment);

 private:
  void Smear(const Picture& picture, const View& view, const FrameMoment& moment);
  void Blur(const Picture& picture);
  void AddNoise(const Picture& picture, uint32_t tick) const;
  void DropLines(const Picture& picture, uint32_t tick) const;

  ImageEffects effects_;
  bool on_ = false, tones_change_ = false;
  std::array<uint8_t, 256> tones_{};
  std::vector<int8_t> noise_;        // normal numbers of the wanted deviation
  std::vector<uint8_t> line_, old_;  // rows that a filter still needs
};

}  // namespace volante
