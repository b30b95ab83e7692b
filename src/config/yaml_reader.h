// Reads a configuration file into flat "section.key" assignments. The only door to yaml-cpp.
// Internal to config/. Knows no key; refuses what is not a map of maps of scalars and flat lists.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/field.h"

namespace volante {

inline constexpr size_t kMaxConfigBytes = 1 << 20;
inline constexpr int kMaxConfigDepth = 64;

struct Assignment {
  std::string key;
  RawValue value;
  std::string where;  // "town.yaml:12" or "--set env.town=x"
};

// In file order. Error(kUsage) with the line for text that is no YAML, too large, too deep, not a
// map, or names a key twice.
std::vector<Assignment> ReadYaml(std::string_view text, const std::string& where);

}  // namespace volante
