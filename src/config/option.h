// What stands beside a configuration field: help, range, and when it applies.
#pragma once

#include <cstddef>
#include <limits>

namespace volante {

// A braced list of these fields is the third argument of every visitor call in config/config.h.
struct Option {
  const char* help = "";
  // Inclusive range of a number (of each element, for lists); ignored for text and choices.
  double min = -std::numeric_limits<double>::infinity();
  double max = std::numeric_limits<double>::infinity();
  // Whether the key has any effect in this configuration. Setting a key that does not apply is an
  // error that quotes `condition`.
  bool applies = true;
  const char* condition = "";
};

// Names of an enum's values, in the enum's order; specialised beside each enum.
template <class E>
struct EnumNames;

template <class E>
constexpr const char* NameOf(E value) {
  return EnumNames<E>::kNames[static_cast<size_t>(value)];
}

}  // namespace volante
