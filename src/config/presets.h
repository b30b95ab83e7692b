// The presets of configs/*.yaml, embedded at build time (cmake/VolanteEmbed.cmake writes the .cc).
// Internal to config/; everyone else asks config/options.h.
#pragma once

#include <span>
#include <string_view>

namespace volante {

struct EmbeddedFile {
  std::string_view name;  // file name without folder: "td3.yaml"
  std::string_view text;
};

std::span<const EmbeddedFile> EmbeddedPresets();
// configs/algorithms/*.yaml: the keys by which an algorithm differs from another.
std::span<const EmbeddedFile> EmbeddedAlgorithms();

}  // namespace volante
