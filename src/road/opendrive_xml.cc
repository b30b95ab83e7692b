#include "road/opendrive_xml.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/error.h"

namespace volante::opendrive {
namespace {

std::string NameOf(pugi::xml_node node, const char* attribute) {
  return std::string(attribute) + " of <" + node.name() + ">";
}

std::string Excerpt(pugi::xml_attribute attribute) {
  return std::string(attribute.value()).substr(0, 40);
}

}  // namespace

void XmlSource::RefuseAll(const std::string& reason) const {
  throw Error(ExitCode::kBadInput, "the map can't be used", name_, reason,
              "give an OpenDRIVE file (.xodr) or the name of a built-in town");
}

void XmlSource::RefuseRoad(double s_m, const std::string& reason) const {
  Refuse(name_, road_id_, s_m, reason);
}

void XmlSource::AddDefect(double s_m, const std::string& what) {
  defects_.push_back(DefectAt(road_id_, s_m, what));
}

double XmlSource::Number(pugi::xml_node node, const char* attribute, double missing) const {
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
    RefuseRoad(s_m_, NameOf(node, attribute) + " is not a number: '" + Excerpt(found) + "'");
  }
  if (!std::isfinite(value)) {
    RefuseRoad(s_m_, NameOf(node, attribute) + " is not finite: '" + Excerpt(found) + "'");
  }
  return value;
}

double XmlSource::Required(pugi::xml_node node, const char* attribute) const {
  if (!node.attribute(attribute)) RefuseRoad(s_m_, NameOf(node, attribute) + " is missing");
  return Number(node, attribute, 0.0);
}

std::optional<int> XmlSource::LaneId(pugi::xml_node node, const char* attribute) const {
  if (!node || !node.attribute(attribute)) return std::nullopt;
  const double value = Number(node, attribute, 0.0);
  if (value != std::floor(value) || std::abs(value) > 1000) {
    RefuseRoad(s_m_, NameOf(node, attribute) + " is not a lane id");
  }
  return static_cast<int>(value);
}

Cubic XmlSource::ReadCubic(pugi::xml_node node, const char* s_attribute) const {
  return {Number(node, s_attribute, 0.0), Required(node, "a"), Number(node, "b", 0.0),
          Number(node, "c", 0.0), Number(node, "d", 0.0)};
}

std::vector<Cubic> XmlSource::ReadCubics(pugi::xml_node parent, const char* child,
                                         const char* s_attribute) const {
  std::vector<Cubic> records;
  for (const pugi::xml_node node : parent.children(child)) {
    records.push_back(ReadCubic(node, s_attribute));
  }
  std::stable_sort(records.begin(), records.end(),
                   [](const Cubic& p, const Cubic& q) { return p.s_m < q.s_m; });
  return records;
}

double XmlSource::ReadSpeed(pugi::xml_node node) const {
  const std::string_view text = node.attribute("max").value();
  if (!node || text.empty() || text == "no limit" || text == "undefined") return 0.0;
  const std::string_view unit = node.attribute("unit").value();
  const double factor = unit == "km/h" ? 1.0 / 3.6 : unit == "mph" ? 0.44704 : 1.0;
  const double speed = Required(node, "max") * factor;
  return speed > 0.5 && speed < 150.0 ? speed : 0.0;
}

void XmlSource::CountLane() {
  if (++num_lanes_ <= limits_.max_lanes) return;
  RefuseAll("it has more than " + std::to_string(limits_.max_lanes) + " lanes");
}

void XmlSource::CountLine(double begin_s_m, double end_s_m, const Geometry& geometry) {
  total_length_m_ += end_s_m - begin_s_m;
  total_turning_rad_ += (end_s_m - begin_s_m) * LargestCurvature(geometry, 0.0, geometry.length_m);
  if (!(total_length_m_ <= limits_.max_lane_length_m)) {
    RefuseRoad(begin_s_m, "the road's length is out of range, or all are too long together");
  }
  if (!(total_turning_rad_ <= kMostTurning)) {
    RefuseRoad(begin_s_m, "the roads up to here turn too often together");
  }
}

void XmlSource::CountKnots(size_t knots) {
  num_knots_ += knots;
  if (num_knots_ > kMostKnots) RefuseRoad(s_m_, "the curves up to here have too many bends");
}

std::optional<double> OutOfRange(const std::vector<Cubic>& records, double length_m, double low,
                                 double high) {
  for (size_t i = 0; i < records.size(); ++i) {
    // What the first record says before its beginning holds from 0 on.
    const double begin =
        i == 0 ? std::min(std::max(records[i].s_m, 0.0), length_m) : std::max(records[i].s_m, 0.0);
    const double end = i + 1 < records.size() ? records[i + 1].s_m : length_m;
    for (int k = 0; k <= 16 && begin <= length_m; ++k) {
      const double s = begin + (std::max(std::min(end, length_m), begin) - begin) * k / 16.0;
      const double value = Evaluate(std::span(&records[i], 1), s).value_m;
      if (!(value >= low && value <= high)) return s;
    }
  }
  return std::nullopt;
}

}  // namespace volante::opendrive
