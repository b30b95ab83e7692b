// What Volante reads of an OpenDRIVE document, as plain data in the file's own frame and order,
// and the geometry of its lane edges.
// Private to src/road/. Knows nothing of XML (opendrive_xml.h does) and nothing of lanes in
// driving direction (network_builder.cc makes those).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/geometry.h"
#include "road/cubic.h"
#include "road/reference_line.h"
#include "road/relief.h"
#include "road/road_network.h"

namespace volante::opendrive {

enum class MarkPattern {
  kNone,
  kSolid,
  kBroken,
  kSolidSolid,
  kSolidBroken,
  kBrokenSolid,
  kBrokenBroken
};

struct RoadMark {
  double s_offset_m = 0.0;
  MarkPattern pattern = MarkPattern::kNone;
  MarkColor color = MarkColor::kWhite;
  double width_m = 0.15;
  double dash_m = 3.0, gap_m = 9.0;
  LaneMark painted;  // for lookups, in the file's direction (road/lane_edges.h)
};

// Of a lane's surface above the road's, at its inner and outer edge (kerbs).
struct LaneHeight {
  double s_m = 0.0;  // relative to the lane section
  double inner_m = 0.0, outer_m = 0.0;
};

struct LaneRecord {
  int id = 0;
  std::string type;
  bool drivable = false;
  std::optional<Surface> surface;  // empty: nothing to draw
  std::vector<Cubic> widths;       // s relative to the lane section
  std::vector<Cubic> borders;      // only when there are no widths
  std::vector<LaneHeight> heights;
  std::optional<int> predecessor, successor;
  std::vector<RoadMark> marks;   // on the outer edge
  double speed_limit_mps = 0.0;  // 0: not given
};

struct Section {
  int index = 0;  // among the file's sections of the road, by s
  double begin_s_m = 0.0, end_s_m = 0.0;
  std::vector<LaneRecord> left, right;  // from the inside out
  std::vector<RoadMark> center_marks;

  const LaneRecord* Find(int id) const;
};

// The lane's own height at ds metres from the section's beginning.
LaneHeight HeightAt(const LaneRecord& lane, double ds_m);

// A road cut across at one s: what the edges of its lanes need.
struct CrossSection {
  double s_m = 0.0;
  LineFrame frame;
  Lateral roll;  // rad
  // Of the whole section within the rolled plane, from the leftmost lane's outer edge to the
  // rightmost's; edge left.size() is the centre line.
  std::vector<Lateral> edges;

  // The point at lateral position t (within the rolled plane), seen from above.
  Vec2 PointAt(double t_m) const;
  // The horizontal distance of that point from the reference line.
  double AcrossAt(double t_m) const { return SeenFromAbove({t_m, 0.0, 0.0}, roll).value_m; }
};

enum class RoadEnd { kStart, kEnd };

struct RoadLink {
  enum class Kind { kNone, kRoad, kJunction } kind = Kind::kNone;
  std::string id;
  std::optional<RoadEnd> contact;
};

// A traffic light on a road, or a reference to one that stands at another.
struct SignalRecord {
  std::string id;
  bool is_light = false;  // not the reference
  double s_m = 0.0;
  bool along = true, against = true;  // for traffic along the reference line, and against it
  std::vector<std::pair<int, int>> validity;  // lane ids from, to; empty: every lane

  bool HoldsFor(int lane_id) const;
};

struct Road {
  std::string id;
  std::string junction;  // empty outside junctions
  bool left_hand_traffic = false;
  double stated_length_m = 0.0;  // the file's attribute; the geometry decides
  double length_m = 0.0;
  RoadLink predecessor, successor;
  std::vector<Geometry> geometries;
  std::vector<Cubic> lane_offsets;
  std::vector<Section> sections;
  double speed_limit_mps = 0.0;       // of the road's type; 0: not given
  std::vector<SignalRecord> signals;  // lights alone

  Relief relief;

  // The reference line at s (clamped to the road).
  LineFrame FrameAt(double s_m) const;
  // The whole section's lane edges at s, as in CrossSection::edges.
  void EdgesAt(const Section& section, double s_m, std::vector<Lateral>& edges) const;
  void CutAt(const Section& section, double s_m, CrossSection& cut) const;
  double HeightAt(const CrossSection& cut, double t_m) const {
    return relief.At(cut.s_m, cut.AcrossAt(t_m)).height_m;
  }
  // Arc lengths from begin to end that hold every change of geometry, lane offset, width or height,
  // no further apart than max_step_m and with a chord error of at most chord_error_m.
  std::vector<double> SampleStations(const Section& section, double begin_s_m, double end_s_m,
                                     double max_step_m, double chord_error_m) const;

 private:
  const Geometry& GeometryAt(double s_m) const;
};

struct Connection {
  std::string incoming_road, connecting_road;
  std::optional<RoadEnd> contact;
  std::vector<std::pair<int, int>> lane_links;
};

struct JunctionRecord {
  std::string id;
  std::vector<Connection> connections;
  std::vector<std::string> controllers;  // in their order
};

// Signals that switch together.
struct ControllerRecord {
  std::string id, name;
  std::vector<std::string> signals;
};

struct Document {
  std::vector<Road> roads;
  std::vector<JunctionRecord> junctions;
  std::vector<ControllerRecord> controllers;
  std::unordered_map<std::string, size_t> road_index;  // looked up, never iterated
  std::vector<std::string> defects;                    // one line each, as in RoadNetwork
};

// "road <id> at s <s> m: <what>": a line of RoadNetwork::defects().
std::string DefectAt(const std::string& road_id, double s_m, const std::string& what);

// Error(kBadInput) naming road and s. `name` stands for the document in messages.
Document Read(std::string_view text, const std::string& name, const RoadLimits& limits);

// "<name>: road <id> at s <s>: <reason>" as Error(kBadInput).
[[noreturn]] void Refuse(const std::string& name, const std::string& road_id, double s_m,
                         const std::string& reason);

}  // namespace volante::opendrive
