// The files of towns/, embedded at build time (cmake/VolanteEmbed.cmake). Private to src/road/.
#pragma once

#include <span>

#include "config/presets.h"  // EmbeddedFile

namespace volante {

// NAME.xodr and NAME.routes.yaml of each built-in town, sorted by file name.
std::span<const EmbeddedFile> EmbeddedTowns();

}  // namespace volante
