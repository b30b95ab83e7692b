// OpenDRIVE XML (1.4-1.8) -> opendrive::Document: roads, their links, junctions. What a road
// consists of is read by opendrive_plan_reader.cc and opendrive_lane_reader.cc.
#include <string_view>

#include "road/opendrive_xml.h"

namespace volante::opendrive {
namespace {

std::optional<RoadEnd> ReadContact(pugi::xml_node node) {
  const std::string_view text = node.attribute("contactPoint").value();
  if (text == "start") return RoadEnd::kStart;
  if (text == "end") return RoadEnd::kEnd;
  return std::nullopt;
}

RoadLink ReadLink(pugi::xml_node node) {
  RoadLink link;
  if (!node) return link;
  const std::string_view type = node.attribute("elementType").value();
  link.kind = type == "road"       ? RoadLink::Kind::kRoad
              : type == "junction" ? RoadLink::Kind::kJunction
                                   : RoadLink::Kind::kNone;
  link.id = node.attribute("elementId").value();
  link.contact = ReadContact(node);
  return link;
}

class Reader {
 public:
  Reader(const std::string& name, const RoadLimits& limits) : source_(name, limits) {}

  Document Read(std::string_view text) {
    if (text.size() > source_.limits().max_bytes) {
      source_.RefuseAll("it is longer than the limit for maps");
    }
    pugi::xml_document xml;
    const pugi::xml_parse_result result =
        xml.load_buffer(text.data(), text.size(), pugi::parse_default, pugi::encoding_utf8);
    if (!result) {
      source_.RefuseAll("not XML, or truncated: " + std::string(result.description()) +
                        " at byte " + std::to_string(result.offset));
    }
    const pugi::xml_node root = xml.child("OpenDRIVE");
    if (!root) source_.RefuseAll("it is XML but not OpenDRIVE: no <OpenDRIVE> element");

    Document document;
    int num_roads = 0;
    for (const pugi::xml_node node : root.children("road")) {
      if (++num_roads > source_.limits().max_roads) {
        source_.RefuseAll("it has more than " + std::to_string(source_.limits().max_roads) +
                          " roads");
      }
      ReadRoad(node, document);
    }
    for (const pugi::xml_node node : root.children("junction")) {
      document.junctions.push_back(ReadJunction(node));
    }
    ReadControllers(root, document);
    document.defects = source_.TakeDefects();
    return document;
  }

 private:
  // Roads that can't be drawn are left out, and named.
  void ReadRoad(pugi::xml_node node, Document& document) {
    Road road;
    road.id = node.attribute("id").value();
    source_.Enter(road.id);
    if (road.id.empty()) source_.RefuseRoad(0.0, "id of <road> is missing");
    road.junction = node.attribute("junction").value();
    if (road.junction == "-1") road.junction.clear();
    road.left_hand_traffic = std::string_view(node.attribute("rule").value()) == "LHT";
    road.predecessor = ReadLink(node.child("link").child("predecessor"));
    road.successor = ReadLink(node.child("link").child("successor"));
    for (const pugi::xml_node type : node.children("type")) {
      if (road.speed_limit_mps == 0.0) {
        road.speed_limit_mps = source_.ReadSpeed(type.child("speed"));
      }
    }
    if (!ReadPlanView(node, source_, road)) {
      source_.AddDefect(0.0, "the road has no geometry with a length; it is left out");
      return;
    }
    road.stated_length_m = source_.Number(node, "length", road.length_m);
    ReadRelief(node, source_, road);
    ReadSignals(node, source_, road);
    if (!ReadLanes(node, source_, road)) {
      source_.AddDefect(0.0, "the road has no lanes; it is left out");
      return;
    }
    if (!document.road_index.emplace(road.id, document.roads.size()).second) {
      source_.RefuseRoad(0.0, "another road has the same id");
    }
    document.roads.push_back(std::move(road));
  }

  // Direct junctions (1.7) connect roads without a way of their own: the linked road itself.
  JunctionRecord ReadJunction(pugi::xml_node node) {
    JunctionRecord junction;
    junction.id = node.attribute("id").value();
    source_.Enter("(junction " + junction.id.substr(0, 40) + ")");
    for (const pugi::xml_node child : node.children("connection")) {
      Connection connection;
      connection.incoming_road = child.attribute("incomingRoad").value();
      connection.connecting_road = child.attribute("connectingRoad").value();
      if (connection.connecting_road.empty()) {
        connection.connecting_road = child.attribute("linkedRoad").value();
      }
      connection.contact = ReadContact(child);
      for (const pugi::xml_node link : child.children("laneLink")) {
        const std::optional<int> from = source_.LaneId(link, "from");
        const std::optional<int> to = source_.LaneId(link, "to");
        if (from && to) connection.lane_links.emplace_back(*from, *to);
      }
      junction.connections.push_back(std::move(connection));
    }
    std::vector<std::pair<double, std::string>> controllers;
    for (const pugi::xml_node child : node.children("controller")) {
      controllers.emplace_back(source_.Number(child, "sequence", 0.0),
                               child.attribute("id").value());
    }
    std::stable_sort(controllers.begin(), controllers.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    for (auto& [sequence, id] : controllers) junction.controllers.push_back(std::move(id));
    return junction;
  }

  XmlSource source_;
};

}  // namespace

Document Read(std::string_view text, const std::string& name, const RoadLimits& limits) {
  return Reader(name, limits).Read(text);
}

}  // namespace volante::opendrive
