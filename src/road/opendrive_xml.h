// Reading OpenDRIVE's elements with pugixml: numbers that are checked before they are used, because
// the text may come from anyone, and errors that name road and s. Private to src/road/; only the
// opendrive_*_reader.cc files include it.
#pragma once

#include <optional>
#include <pugixml.hpp>
#include <string>
#include <vector>

#include "road/opendrive.h"

namespace volante::opendrive {

// Where the reader stands in the document, and what it has used of the limits.
class XmlSource {
 public:
  XmlSource(const std::string& name, const RoadLimits& limits) : name_(name), limits_(limits) {}

  const RoadLimits& limits() const { return limits_; }

  // What messages point to.
  void Enter(const std::string& road_id) {
    road_id_ = road_id.substr(0, 40);
    s_m_ = 0.0;
  }
  void SetS(double s_m) { s_m_ = s_m; }

  [[noreturn]] void RefuseAll(const std::string& reason) const;
  [[noreturn]] void RefuseRoad(double s_m, const std::string& reason) const;
  // A line of RoadNetwork::defects() about the road read now.
  void AddDefect(double s_m, const std::string& what);
  std::vector<std::string> TakeDefects() { return std::move(defects_); }

  // A finite number, the default when the attribute is missing.
  double Number(pugi::xml_node node, const char* attribute, double missing) const;
  double Required(pugi::xml_node node, const char* attribute) const;
  std::optional<int> LaneId(pugi::xml_node node, const char* attribute) const;
  Cubic ReadCubic(pugi::xml_node node, const char* s_attribute) const;
  // Sorted by s; of two at one s the later one in the file comes last, and holds.
  std::vector<Cubic> ReadCubics(pugi::xml_node parent, const char* child,
                                const char* s_attribute) const;
  // Metres per second, 0 when not given or meaningless ("no limit", "undefined").
  double ReadSpeed(pugi::xml_node node) const;

  // Counts a lane, and a stretch of reference line and its turning, against the limits.
  void CountLane();
  void CountLine(double begin_s_m, double end_s_m, const Geometry& geometry);

  void CountKnots(size_t knots);

  // How much all reference lines may turn together: hostile ones would turn for ever.
  static constexpr double kMostTurning = 2e5;      // rad
  static constexpr size_t kMostKnots = 4'000'000;  // of spirals and cubics

 private:
  const std::string& name_;
  const RoadLimits& limits_;
  std::string road_id_ = "(none)";
  double s_m_ = 0.0;
  int num_lanes_ = 0;
  size_t num_knots_ = 0;
  double total_length_m_ = 0.0, total_turning_rad_ = 0.0;
  std::vector<std::string> defects_;
};

// Cubics are looked at where they can be at their lowest closely enough: at 16 points per record
// within [0, length]. The first s at which the value is out of range, relative to the records'.
std::optional<double> OutOfRange(const std::vector<Cubic>& records, double length_m, double low,
                                 double high);

// <planView>: the geometries and the length of the road. Without any of a length, false.
bool ReadPlanView(pugi::xml_node road_node, XmlSource& source, Road& road);
// <elevationProfile> and <lateralProfile>.
void ReadRelief(pugi::xml_node road_node, XmlSource& source, Road& road);
// <signals>: the lights, and references that may name one.
void ReadSignals(pugi::xml_node road_node, XmlSource& source, Road& road);
// <controller>s of the document, and keeps of the roads' references those that name a light.
void ReadControllers(pugi::xml_node root, Document& document);
// <lanes>; the road's length is known. Without a lane section, false.
bool ReadLanes(pugi::xml_node road_node, XmlSource& source, Road& road);

}  // namespace volante::opendrive
