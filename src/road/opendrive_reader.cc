// OpenDRIVE XML (1.4-1.8) -> opendrive::Document. The only file that sees pugixml.
// Reads lines, arcs, lane offsets, sections, widths and borders, links, junctions, marks and speed
// limits; refuses other geometry by name. Every number is checked before it is used: the text may
// come from anyone. Heights, signals and objects are not read.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <pugixml.hpp>

#include "base/error.h"
#include "road/opendrive.h"

namespace volante::opendrive {
namespace {

constexpr double kLargestCoordinate = 1e7;  // UTM northings have seven digits
constexpr double kLargestWidth = 100.0;     // of a lane
constexpr double kWidthTolerance = 0.01;    // below zero by less is rounding

class Reader {
 public:
  Reader(const std::string& name, const RoadLimits& limits) : name_(name), limits_(limits) {}

  Document Read(std::string_view text) {
    if (text.size() > limits_.max_bytes) RefuseAll("it is longer than the limit for maps");
    pugi::xml_document xml;
    const pugi::xml_parse_result result =
        xml.load_buffer(text.data(), text.size(), pugi::parse_default, pugi::encoding_utf8);
    if (!result) {
      RefuseAll("not XML, or truncated: " + std::string(result.description()) + " at byte " +
                std::to_string(result.offset));
    }
    const pugi::xml_node root = xml.child("OpenDRIVE");
    if (!root) RefuseAll("it is XML but not OpenDRIVE: no <OpenDRIVE> element");

    Document document;
    for (const pugi::xml_node node : root.children("road")) {
      if (static_cast<int>(document.roads.size()) >= limits_.max_roads) {
        RefuseAll("it has more than " + std::to_string(limits_.max_roads) + " roads");
      }
      Road road = ReadRoad(node);
      if (!document.road_index.emplace(road.id, document.roads.size()).second) {
        RefuseRoad(0.0, "another road has the same id");
      }
      document.roads.push_back(std::move(road));
    }
    for (const pugi::xml_node node : root.children("junction")) {
      document.junctions.push_back(ReadJunction(node));
    }
    return document;
  }

 private:
  [[noreturn]] void RefuseAll(const std::string& reason) const {
    throw Error(ExitCode::kBadInput, "the map can't be used", name_, reason,
                "give an OpenDRIVE file (.xodr) or the name of a built-in town");
  }
  [[noreturn]] void RefuseRoad(double s_m, const std::string& reason) const {
    Refuse(name_, road_id_, s_m, reason);
  }

  // A finite number, the default when the attribute is missing.
  double Number(pugi::xml_node node, const char* attribute, double missing) const {
    const pugi::xml_attribute found = node.attribute(attribute);
    if (!found) return missing;
    std::string_view text = found.value();
    while (!text.empty() && (text.front() == ' ' || text.front() == '+')) text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    double value = 0.0;
    const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (status == std::errc::result_out_of_range) {
      // Too small for a double is zero; too large is caught below.
      value = std::abs(std::strtod(found.value(), nullptr)) < 1.0 ? 0.0 : HUGE_VAL;
    } else if (status != std::errc() || end != text.data() + text.size()) {
      RefuseRoad(s_m_, Attribute(node, attribute) + " is not a number: '" + Excerpt(found) + "'");
    }
    if (!std::isfinite(value)) {
      RefuseRoad(s_m_, Attribute(node, attribute) + " is not finite: '" + Excerpt(found) + "'");
    }
    return value;
  }
  double Required(pugi::xml_node node, const char* attribute) const {
    if (!node.attribute(attribute)) {
      RefuseRoad(s_m_, Attribute(node, attribute) + " is missing");
    }
    return Number(node, attribute, 0.0);
  }
  static std::string Attribute(pugi::xml_node node, const char* attribute) {
    return std::string(attribute) + " of <" + node.name() + ">";
  }
  static std::string Excerpt(pugi::xml_attribute attribute) {
    return std::string(attribute.value()).substr(0, 40);
  }

  std::optional<int> LaneId(pugi::xml_node node, const char* attribute) const {
    if (!node || !node.attribute(attribute)) return std::nullopt;
    const double value = Number(node, attribute, 0.0);
    if (value != std::floor(value) || std::abs(value) > 1000) {
      RefuseRoad(s_m_, Attribute(node, attribute) + " is not a lane id");
    }
    return static_cast<int>(value);
  }

  Cubic ReadCubic(pugi::xml_node node, const char* s_attribute) const {
    return {Number(node, s_attribute, 0.0), Required(node, "a"), Number(node, "b", 0.0),
            Number(node, "c", 0.0), Number(node, "d", 0.0)};
  }
  std::vector<Cubic> ReadCubics(pugi::xml_node parent, const char* child, const char* s) const {
    std::vector<Cubic> records;
    for (const pugi::xml_node node : parent.children(child)) records.push_back(ReadCubic(node, s));
    std::stable_sort(records.begin(), records.end(),
                     [](const Cubic& p, const Cubic& q) { return p.s_m < q.s_m; });
    return records;
  }

  static std::optional<RoadEnd> ReadContact(pugi::xml_node node) {
    const std::string_view text = node.attribute("contactPoint").value();
    if (text == "start") return RoadEnd::kStart;
    if (text == "end") return RoadEnd::kEnd;
    return std::nullopt;
  }
  static RoadLink ReadLink(pugi::xml_node node) {
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

  // Metres per second, 0 when not given or meaningless ("no limit", "undefined").
  double ReadSpeed(pugi::xml_node node) const {
    const std::string_view text = node.attribute("max").value();
    if (!node || text.empty() || text == "no limit" || text == "undefined") return 0.0;
    const std::string_view unit = node.attribute("unit").value();
    const double factor = unit == "km/h" ? 1.0 / 3.6 : unit == "mph" ? 0.44704 : 1.0;
    const double speed = Required(node, "max") * factor;
    return speed > 0.5 && speed < 150.0 ? speed : 0.0;
  }

  Geometry ReadGeometry(pugi::xml_node node) {
    Geometry g;
    g.s_m = Required(node, "s");
    s_m_ = g.s_m;
    g.start.position_m = {Required(node, "x"), Required(node, "y")};
    g.start.heading_rad = Required(node, "hdg");
    g.length_m = Required(node, "length");
    if (std::abs(g.start.position_m.x) > kLargestCoordinate ||
        std::abs(g.start.position_m.y) > kLargestCoordinate ||
        std::abs(g.start.heading_rad) > 1e6) {
      RefuseRoad(g.s_m, "the position lies beyond 10,000 km");
    }
    if (g.s_m < 0.0 || g.length_m < 0.0 || g.length_m > limits_.max_lane_length_m) {
      RefuseRoad(g.s_m, "s or length of <geometry> is out of range");
    }
    if (const pugi::xml_node arc = node.child("arc")) {
      g.curvature_1pm = Required(arc, "curvature");
      if (std::abs(g.curvature_1pm) < 1e-12) g.curvature_1pm = 0.0;
      if (std::abs(g.curvature_1pm) > 10.0) RefuseRoad(g.s_m, "an arc's radius is below 0.1 m");
    } else if (!node.child("line")) {
      const char* kind = "geometry without a shape";
      for (const char* other : {"spiral", "poly3", "paramPoly3"}) {
        if (node.child(other)) kind = other;
      }
      RefuseRoad(g.s_m, std::string(kind) + " is not supported: only line and arc are");
    }
    return g;
  }

  std::vector<RoadMark> ReadMarks(pugi::xml_node lane) const {
    std::vector<RoadMark> marks;
    for (const pugi::xml_node node : lane.children("roadMark")) {
      RoadMark mark;
      mark.s_offset_m = std::max(0.0, Number(node, "sOffset", 0.0));
      const std::string_view type = node.attribute("type").value();
      mark.pattern = type == "solid"           ? MarkPattern::kSolid
                     : type == "broken"        ? MarkPattern::kBroken
                     : type == "solid solid"   ? MarkPattern::kSolidSolid
                     : type == "solid broken"  ? MarkPattern::kSolidBroken
                     : type == "broken solid"  ? MarkPattern::kBrokenSolid
                     : type == "broken broken" ? MarkPattern::kBrokenBroken
                                               : MarkPattern::kNone;
      if (std::string_view(node.attribute("color").value()) == "yellow") {
        mark.color = MarkColor::kYellow;
      }
      mark.width_m = Number(node, "width", 0.15);
      if (!(mark.width_m > 0.01 && mark.width_m < 1.0)) mark.width_m = 0.15;
      // The pattern of the first explicit line that has one.
      for (const pugi::xml_node line : node.child("type").children("line")) {
        const double dash = Number(line, "length", 0.0), gap = Number(line, "space", 0.0);
        if (dash > 0.05 && gap > 0.05 && dash < 1000.0 && gap < 1000.0) {
          mark.dash_m = dash;
          mark.gap_m = gap;
          break;
        }
      }
      marks.push_back(mark);
    }
    std::stable_sort(marks.begin(), marks.end(), [](const RoadMark& p, const RoadMark& q) {
      return p.s_offset_m < q.s_offset_m;
    });
    return marks;
  }

  static bool Drivable(std::string_view type) {
    for (const std::string_view drivable : {"driving", "entry", "exit", "onRamp", "offRamp",
                                            "connectingRamp", "mwyEntry", "mwyExit"}) {
      if (type == drivable) return true;
    }
    return false;
  }
  static std::optional<Surface> SurfaceOf(std::string_view type) {
    if (type == "none" || type.empty()) return std::nullopt;
    if (type == "sidewalk" || type == "walking") return Surface::kSidewalk;
    if (type == "shoulder" || type == "border" || type == "curb") return Surface::kShoulder;
    for (const std::string_view paved : {"bidirectional", "parking", "stop", "biking", "bus",
                                         "taxi", "HOV", "slipLane", "shared"}) {
      if (type == paved) return Surface::kRoad;
    }
    return Drivable(type) ? Surface::kRoad : Surface::kOther;
  }

  LaneRecord ReadLane(pugi::xml_node node) {
    LaneRecord lane;
    const std::optional<int> id = LaneId(node, "id");
    if (!id) RefuseRoad(s_m_, "id of <lane> is missing");
    lane.id = *id;
    lane.type = node.attribute("type").value();
    lane.drivable = Drivable(lane.type);
    lane.surface = SurfaceOf(lane.type);
    lane.widths = ReadCubics(node, "width", "sOffset");
    if (lane.widths.empty()) lane.borders = ReadCubics(node, "border", "sOffset");
    lane.predecessor = LaneId(node.child("link").child("predecessor"), "id");
    lane.successor = LaneId(node.child("link").child("successor"), "id");
    lane.marks = ReadMarks(node);
    lane.speed_limit_mps = ReadSpeed(node.child("speed"));
    return lane;
  }

  std::vector<LaneRecord> ReadSide(pugi::xml_node side, int sign) {
    std::vector<LaneRecord> lanes;
    for (const pugi::xml_node node : side.children("lane")) {
      if (++num_lanes_ > limits_.max_lanes) {
        RefuseAll("it has more than " + std::to_string(limits_.max_lanes) + " lanes");
      }
      LaneRecord lane = ReadLane(node);
      if (lane.id * sign <= 0) {
        RefuseRoad(s_m_, "lane " + std::to_string(lane.id) + " stands on the wrong side");
      }
      lanes.push_back(std::move(lane));
    }
    std::stable_sort(lanes.begin(), lanes.end(), [](const LaneRecord& p, const LaneRecord& q) {
      return std::abs(p.id) < std::abs(q.id);
    });
    for (size_t i = 1; i < lanes.size(); ++i) {
      if (lanes[i].id == lanes[i - 1].id) {
        RefuseRoad(s_m_, "lane " + std::to_string(lanes[i].id) + " occurs twice");
      }
    }
    return lanes;
  }

  void ReadSections(pugi::xml_node lanes, Road& road) {
    for (const pugi::xml_node node : lanes.children("laneSection")) {
      Section section;
      section.begin_s_m = s_m_ = Required(node, "s");
      section.left = ReadSide(node.child("left"), 1);
      section.right = ReadSide(node.child("right"), -1);
      section.center_marks = ReadMarks(node.child("center").child("lane"));
      road.sections.push_back(std::move(section));
    }
    std::stable_sort(road.sections.begin(), road.sections.end(),
                     [](const Section& p, const Section& q) { return p.begin_s_m < q.begin_s_m; });
    if (road.sections.empty()) RefuseRoad(0.0, "no <laneSection>");
    road.sections.front().begin_s_m = 0.0;
    for (size_t i = 0; i < road.sections.size(); ++i) {
      Section& section = road.sections[i];
      const bool last = i + 1 == road.sections.size();
      section.end_s_m = last ? road.length_m : road.sections[i + 1].begin_s_m;
      if (!(section.end_s_m - section.begin_s_m > 1e-8)) {
        RefuseRoad(section.begin_s_m, "a lane section has no length");
      }
      for (const std::vector<LaneRecord>* side : {&section.left, &section.right}) {
        for (const LaneRecord& lane : *side) CheckWidths(section, lane);
      }
    }
  }

  // Cubics are checked where they can be at their lowest closely enough: at 16 points per record.
  // Returns the first s at which the value is out of range, relative to the records' origin.
  static std::optional<double> OutOfRange(const std::vector<Cubic>& records, double length_m,
                                          double low, double high) {
    for (size_t i = 0; i < records.size(); ++i) {
      const double begin = std::max(records[i].s_m, 0.0);
      const double end = i + 1 < records.size() ? records[i + 1].s_m : length_m;
      for (int k = 0; k <= 16 && begin <= length_m; ++k) {
        const double s = begin + (std::min(end, length_m) - begin) * k / 16.0;
        const double value = Evaluate(std::span(&records[i], 1), s).value_m;
        if (!(value >= low && value <= high)) return s;
      }
    }
    return std::nullopt;
  }

  void CheckWidths(const Section& section, const LaneRecord& lane) const {
    const double length = section.end_s_m - section.begin_s_m;
    if (const auto s = OutOfRange(lane.widths, length, -kWidthTolerance, kLargestWidth)) {
      RefuseRoad(section.begin_s_m + *s, "lane " + std::to_string(lane.id) + " has the width " +
                                             std::to_string(Evaluate(lane.widths, *s).value_m) +
                                             " m");
    }
    if (const auto s = OutOfRange(lane.borders, length, -kLargestWidth, kLargestWidth)) {
      RefuseRoad(section.begin_s_m + *s,
                 "lane " + std::to_string(lane.id) + " has its border out of range");
    }
  }

  Road ReadRoad(pugi::xml_node node) {
    Road road;
    road.id = node.attribute("id").value();
    road_id_ = road.id.substr(0, 40);
    s_m_ = 0.0;
    if (road.id.empty()) RefuseRoad(0.0, "id of <road> is missing");
    road.junction = node.attribute("junction").value();
    if (road.junction == "-1") road.junction.clear();
    road.left_hand_traffic = std::string_view(node.attribute("rule").value()) == "LHT";
    road.stated_length_m = Required(node, "length");
    road.predecessor = ReadLink(node.child("link").child("predecessor"));
    road.successor = ReadLink(node.child("link").child("successor"));
    for (const pugi::xml_node type : node.children("type")) {
      if (road.speed_limit_mps == 0.0) road.speed_limit_mps = ReadSpeed(type.child("speed"));
    }
    for (const pugi::xml_node geometry : node.child("planView").children("geometry")) {
      const Geometry g = ReadGeometry(geometry);
      if (g.length_m > 1e-9) road.geometries.push_back(g);
    }
    if (road.geometries.empty()) RefuseRoad(0.0, "the road has no geometry with a length");
    std::stable_sort(road.geometries.begin(), road.geometries.end(),
                     [](const Geometry& p, const Geometry& q) { return p.s_m < q.s_m; });
    road.length_m = road.geometries.back().s_m + road.geometries.back().length_m;
    total_length_m_ += road.length_m;
    if (!(road.length_m > 1e-3) || !(total_length_m_ <= limits_.max_lane_length_m)) {
      RefuseRoad(0.0, "the road's length is out of range, or all roads are too long together");
    }
    const pugi::xml_node lanes = node.child("lanes");
    road.lane_offsets = ReadCubics(lanes, "laneOffset", "s");
    if (const auto s = OutOfRange(road.lane_offsets, road.length_m, -1000.0, 1000.0)) {
      RefuseRoad(*s, "the lane offset is out of range");
    }
    ReadSections(lanes, road);
    return road;
  }

  JunctionRecord ReadJunction(pugi::xml_node node) {
    JunctionRecord junction;
    junction.id = node.attribute("id").value();
    road_id_ = "(junction " + junction.id.substr(0, 40) + ")";
    s_m_ = 0.0;
    for (const pugi::xml_node child : node.children("connection")) {
      Connection connection;
      connection.incoming_road = child.attribute("incomingRoad").value();
      connection.connecting_road = child.attribute("connectingRoad").value();
      connection.contact = ReadContact(child);
      for (const pugi::xml_node link : child.children("laneLink")) {
        const std::optional<int> from = LaneId(link, "from"), to = LaneId(link, "to");
        if (from && to) connection.lane_links.emplace_back(*from, *to);
      }
      junction.connections.push_back(std::move(connection));
    }
    return junction;
  }

  const std::string& name_;
  const RoadLimits& limits_;
  std::string road_id_ = "(none)";
  double s_m_ = 0.0;  // where messages point to
  int num_lanes_ = 0;
  double total_length_m_ = 0.0;
};

}  // namespace

Document Read(std::string_view text, const std::string& name, const RoadLimits& limits) {
  return Reader(name, limits).Read(text);
}

}  // namespace volante::opendrive
