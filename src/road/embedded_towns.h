// The table that the build makes from towns/ (embed_towns.cmake). Private to src/road/.
#pragma once

#include <span>
#include <string_view>

namespace volante {

struct EmbeddedTown {
  std::string_view name, map, routes;
};

// Sorted by name.
std::span<const EmbeddedTown> EmbeddedTowns();

}  // namespace volante
