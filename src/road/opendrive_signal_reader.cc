// Traffic lights of OpenDRIVE: <signals> of roads, references to them, and the controllers that
// switch them together. Other signals are not read.
#include <algorithm>
#include <unordered_set>

#include "road/opendrive_xml.h"

namespace volante::opendrive {
namespace {

// The catalogue's numbers for lights of three lamps, with arrows and without (OpenDRIVE 1.4, German
// catalogue): what stops cars. Lights for pedestrians (1000002) and trams are left out.
bool IsLight(std::string_view type) {
  for (const std::string_view light : {"1000001", "1000008", "1000009", "1000010", "1000011",
                                       "1000012", "1000013", "1000014", "1000015", "1000016"}) {
    if (type == light) return true;
  }
  return false;
}

}  // namespace

bool SignalRecord::HoldsFor(int lane_id) const {
  return validity.empty() ||
         std::any_of(validity.begin(), validity.end(), [&](const std::pair<int, int>& range) {
           return lane_id >= std::min(range.first, range.second) &&
                  lane_id <= std::max(range.first, range.second);
         });
}

void ReadSignals(pugi::xml_node road_node, XmlSource& source, Road& road) {
  for (const pugi::xml_node node : road_node.child("signals").children()) {
    const std::string_view name = node.name();
    const bool is_reference = name == "signalReference";
    if (name != "signal" && !is_reference) continue;
    SignalRecord signal;
    signal.is_light = !is_reference && IsLight(node.attribute("type").value());
    if (!is_reference && !signal.is_light) continue;
    signal.id = node.attribute("id").value();
    signal.s_m = std::clamp(source.Required(node, "s"), 0.0, road.length_m);
    source.SetS(signal.s_m);
    const std::string_view side = node.attribute("orientation").value();
    signal.along = side != "-";
    signal.against = side != "+";
    for (const pugi::xml_node valid : node.children("validity")) {
      const std::optional<int> from = source.LaneId(valid, "fromLane");
      const std::optional<int> to = source.LaneId(valid, "toLane");
      if (from && to) signal.validity.emplace_back(*from, *to);
    }
    road.signals.push_back(std::move(signal));
  }
}

void ReadControllers(pugi::xml_node root, Document& document) {
  for (const pugi::xml_node node : root.children("controller")) {
    ControllerRecord controller;
    controller.id = node.attribute("id").value();
    controller.name = node.attribute("name").value();
    for (const pugi::xml_node control : node.children("control")) {
      controller.signals.emplace_back(control.attribute("signalId").value());
    }
    document.controllers.push_back(std::move(controller));
  }
  std::unordered_set<std::string> lights;
  for (const Road& road : document.roads) {
    for (const SignalRecord& signal : road.signals) {
      if (signal.is_light) lights.insert(signal.id);
    }
  }
  for (Road& road : document.roads) {
    std::erase_if(road.signals,
                  [&](const SignalRecord& signal) { return lights.count(signal.id) == 0; });
  }
}

}  // namespace volante::opendrive
