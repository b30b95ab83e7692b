#include "base/state_difference.h"

#include <bit>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/archive.h"

namespace volante {
namespace {

using Json = nlohmann::ordered_json;

Json Document(std::span<const uint8_t> bytes, const std::string& where) {
  const StateReader checked(bytes, where);  // refuses what the library could stumble over
  return Json::from_cbor(bytes.begin(), bytes.end());
}

// A value in some characters; containers by their size.
std::string Text(const Json& value) {
  if (value.is_array()) return "a list of " + std::to_string(value.size());
  if (value.is_object()) return "a struct of " + std::to_string(value.size()) + " fields";
  if (value.is_binary()) return std::to_string(value.get_binary().size()) + " bytes";
  if (value.is_number_float()) {
    char text[40];
    std::snprintf(text, sizeof text, "%.17g", value.get<double>());
    return text;
  }
  return value.dump();
}

bool SameBits(const Json& a, const Json& b) {
  if (a.is_number_float() && b.is_number_float()) {
    return std::bit_cast<uint64_t>(a.get<double>()) == std::bit_cast<uint64_t>(b.get<double>());
  }
  // Whole numbers are signed or not by how they were written; the library compares by value.
  return a.is_number_float() == b.is_number_float() && a == b;
}

std::string Differ(const std::string& path, const std::string& a, const std::string& b) {
  return (path.empty() ? "the state" : path) + ": " + a + " against " + b;
}

std::string Compare(const std::string& path, const Json& a, const Json& b) {
  if (a.is_object() && b.is_object()) {
    for (const auto& [name, value] : a.items()) {
      const std::string inner = path.empty() ? name : path + "." + name;
      const auto other = b.find(name);
      if (other == b.end()) return Differ(inner, Text(value), "no such field");
      if (std::string difference = Compare(inner, value, *other); !difference.empty()) {
        return difference;
      }
    }
    for (const auto& [name, value] : b.items()) {
      if (a.contains(name)) continue;
      return Differ(path.empty() ? name : path + "." + name, "no such field", Text(value));
    }
    return "";
  }
  if (a.is_array() && b.is_array()) {
    if (a.size() != b.size()) return Differ(path, Text(a), Text(b));
    for (size_t i = 0; i < a.size(); ++i) {
      std::string difference = Compare(path + "[" + std::to_string(i) + "]", a[i], b[i]);
      if (!difference.empty()) return difference;
    }
    return "";
  }
  if (a.is_binary() && b.is_binary()) {
    const auto &x = a.get_binary(), &y = b.get_binary();
    if (x.size() != y.size()) return Differ(path, Text(a), Text(b));
    for (size_t i = 0; i < x.size(); ++i) {
      if (x[i] == y[i]) continue;
      return Differ(path + " byte " + std::to_string(i), std::to_string(x[i]),
                    std::to_string(y[i]));
    }
    return "";
  }
  return SameBits(a, b) ? "" : Differ(path, Text(a), Text(b));
}

}  // namespace

std::string FirstDifference(std::span<const uint8_t> a, std::span<const uint8_t> b,
                            const std::string& where) {
  return Compare("", Document(a, where), Document(b, where));
}

}  // namespace volante
