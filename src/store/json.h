// JSON from a stranger: parsed with bounded depth, duplicate keys refused.
// For .cc files of this folder only (it opens nlohmann/json.hpp).
#pragma once

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace volante {

// Throws std::runtime_error (nlohmann's exceptions derive from std::exception) with the reason.
inline nlohmann::json ParseStrictJson(std::string_view text, int max_depth) {
  using Json = nlohmann::json;
  std::vector<std::set<std::string>> keys(static_cast<size_t>(max_depth) + 1);
  const auto check = [&](int depth, Json::parse_event_t event, Json& value) {
    if (event == Json::parse_event_t::object_start || event == Json::parse_event_t::array_start) {
      if (depth >= max_depth) throw std::runtime_error("it is nested too deeply");
      keys[static_cast<size_t>(depth) + 1].clear();
    } else if (event == Json::parse_event_t::key) {
      const std::string& key = value.get_ref<const std::string&>();
      if (!keys[static_cast<size_t>(depth)].insert(key).second) {
        throw std::runtime_error("the key \"" + key.substr(0, 100) + "\" stands there twice");
      }
    }
    return true;
  };
  return Json::parse(text.begin(), text.end(), check);
}

}  // namespace volante
