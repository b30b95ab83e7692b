// <planView>, <elevationProfile> and <lateralProfile>: where a road runs and how high.
#include <algorithm>
#include <cmath>
#include <string>

#include "road/opendrive_xml.h"

namespace volante::opendrive {
namespace {

constexpr double kLargestCoordinate = 1e7;  // m; UTM northings have seven digits
constexpr double kLargestHeight = 1e4;      // m
constexpr double kLargestRoll = 1.2;        // rad; a wall of death has less
constexpr double kSkippedLength = 1e-4;     // m; shorter geometries are bridged by the one before
constexpr double kFlat = 1e-4;              // m, rad: below it a profile says nothing

std::array<double, 4> Coefficients(pugi::xml_node node, const XmlSource& source,
                                   const std::array<const char*, 4>& names) {
  std::array<double, 4> values;
  for (size_t i = 0; i < 4; ++i) values[i] = source.Number(node, names[i], 0.0);
  return values;
}

const char* ReadShape(pugi::xml_node node, const XmlSource& source, Geometry& g) {
  if (const pugi::xml_node arc = node.child("arc")) {
    return MakeArc(g, source.Required(arc, "curvature"));
  }
  if (const pugi::xml_node spiral = node.child("spiral")) {
    return MakeSpiral(g, source.Required(spiral, "curvStart"), source.Required(spiral, "curvEnd"),
                      XmlSource::kMostTurning);
  }
  if (const pugi::xml_node poly = node.child("poly3")) {
    return MakePoly3(g, Coefficients(poly, source, {"a", "b", "c", "d"}));
  }
  if (const pugi::xml_node poly = node.child("paramPoly3")) {
    const auto u = Coefficients(poly, source, {"aU", "bU", "cU", "dU"});
    const auto v = Coefficients(poly, source, {"aV", "bV", "cV", "dV"});
    const std::string_view range = poly.attribute("pRange").value();
    if (range == "arcLength") return MakeParamPoly3(g, u, v, g.length_m);
    const char* reason = MakeParamPoly3(g, u, v, 1.0);
    // Files without the attribute mean either; the length tells which.
    return reason && range.empty() ? MakeParamPoly3(g, u, v, g.length_m) : reason;
  }
  return node.child("line") ? nullptr : "a geometry without a shape";
}

std::optional<Geometry> ReadGeometry(pugi::xml_node node, XmlSource& source) {
  Geometry g;
  g.s_m = source.Required(node, "s");
  source.SetS(g.s_m);
  g.start.position_m = {source.Required(node, "x"), source.Required(node, "y")};
  g.start.heading_rad = source.Required(node, "hdg");
  g.length_m = source.Required(node, "length");
  if (std::abs(g.start.position_m.x) > kLargestCoordinate ||
      std::abs(g.start.position_m.y) > kLargestCoordinate || std::abs(g.start.heading_rad) > 1e6) {
    source.RefuseRoad(g.s_m, "the position lies beyond 10,000 km");
  }
  if (g.s_m < 0.0 || g.length_m < 0.0 || g.length_m > source.limits().max_lane_length_m) {
    source.RefuseRoad(g.s_m, "s or length of <geometry> is out of range");
  }
  if (g.length_m < kSkippedLength) return std::nullopt;
  if (const char* reason = ReadShape(node, source, g)) source.RefuseRoad(g.s_m, reason);
  source.CountKnots(g.knots.size() + g.arc_m.size());
  if (g.shape == Geometry::Shape::kCubic &&
      std::abs(g.arc_m.back() - g.length_m) > 0.01 * g.length_m + 0.01) {
    source.AddDefect(g.s_m, "a curve's length attribute says " + std::to_string(g.length_m) +
                                " m, its shape has " + std::to_string(g.arc_m.back()) + " m");
  }
  return g;
}

// The records, checked; none when they say nothing but 0 along the road.
std::vector<Cubic> ReadProfile(pugi::xml_node parent, const char* child, const XmlSource& source,
                               double length_m, double limit, const char* what) {
  std::vector<Cubic> records = source.ReadCubics(parent, child, "s");
  if (const auto s = OutOfRange(records, length_m, -limit, limit)) {
    source.RefuseRoad(*s, std::string(what) + " is out of range");
  }
  if (!OutOfRange(records, length_m, -kFlat, kFlat)) records.clear();
  return records;
}

void ReadCrossfalls(pugi::xml_node lateral, const XmlSource& source, Road& road) {
  for (const pugi::xml_node node : lateral.children("crossfall")) {
    const std::string_view side = node.attribute("side").value();
    const Cubic record = source.ReadCubic(node, "s");
    if (side != "right") road.relief.left_crossfalls.push_back(record);
    if (side != "left") road.relief.right_crossfalls.push_back(record);
  }
  for (std::vector<Cubic>* side : {&road.relief.left_crossfalls, &road.relief.right_crossfalls}) {
    std::stable_sort(side->begin(), side->end(),
                     [](const Cubic& p, const Cubic& q) { return p.s_m < q.s_m; });
    if (const auto s = OutOfRange(*side, road.length_m, -kLargestRoll, kLargestRoll)) {
      source.RefuseRoad(*s, "the crossfall is out of range");
    }
    if (!OutOfRange(*side, road.length_m, -kFlat, kFlat)) side->clear();
  }
}

void ReadShapes(pugi::xml_node lateral, const XmlSource& source, Road& road) {
  std::vector<std::pair<double, ShapeCubic>> all;
  for (const pugi::xml_node node : lateral.children("shape")) {
    const Cubic cubic = source.ReadCubic(node, "s");
    all.push_back({cubic.s_m, {source.Required(node, "t"), cubic.a, cubic.b, cubic.c, cubic.d}});
    const ShapeCubic& part = all.back().second;
    // Within the widest road that can be: 1 km to either side.
    for (const double dt : {0.0, 10.0}) {
      const double height = part.a + dt * (part.b + dt * (part.c + dt * part.d));
      if (!(std::abs(height) <= kLargestHeight) || !(std::abs(part.t_m) <= 1000.0)) {
        source.RefuseRoad(cubic.s_m, "the lateral shape is out of range");
      }
    }
  }
  std::stable_sort(all.begin(), all.end(), [](const auto& p, const auto& q) {
    return p.first < q.first || (p.first == q.first && p.second.t_m < q.second.t_m);
  });
  bool flat = true;
  for (const auto& [s, part] : all) {
    if (road.relief.shapes.empty() || road.relief.shapes.back().s_m != s) {
      road.relief.shapes.push_back({s, {}});
    }
    road.relief.shapes.back().parts.push_back(part);
    flat = flat && part.a == 0.0 && part.b == 0.0 && part.c == 0.0 && part.d == 0.0;
  }
  if (flat) road.relief.shapes.clear();
}

}  // namespace

bool ReadPlanView(pugi::xml_node road_node, XmlSource& source, Road& road) {
  for (const pugi::xml_node node : road_node.child("planView").children("geometry")) {
    if (const std::optional<Geometry> g = ReadGeometry(node, source)) {
      road.geometries.push_back(*g);
    }
  }
  if (road.geometries.empty()) return false;
  std::stable_sort(road.geometries.begin(), road.geometries.end(),
                   [](const Geometry& p, const Geometry& q) { return p.s_m < q.s_m; });
  road.length_m = road.geometries.back().end_s_m();
  for (size_t i = 0; i < road.geometries.size(); ++i) {
    const double begin = i == 0 ? 0.0 : road.geometries[i].s_m;
    const double end = i + 1 < road.geometries.size() ? road.geometries[i + 1].s_m : road.length_m;
    source.CountLine(begin, end, road.geometries[i]);
  }
  return road.length_m > 1e-3;
}

void ReadRelief(pugi::xml_node road_node, XmlSource& source, Road& road) {
  source.SetS(0.0);
  Relief& relief = road.relief;
  relief.elevations = ReadProfile(road_node.child("elevationProfile"), "elevation", source,
                                  road.length_m, kLargestHeight, "the elevation");
  const pugi::xml_node lateral = road_node.child("lateralProfile");
  relief.superelevations = ReadProfile(lateral, "superelevation", source, road.length_m,
                                       kLargestRoll, "the superelevation");
  ReadCrossfalls(lateral, source, road);
  ReadShapes(lateral, source, road);
}

}  // namespace volante::opendrive
