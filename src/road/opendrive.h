// What Volante reads of an OpenDRIVE document, as plain data in the file's own frame and order,
// and the closed-form geometry of its reference lines and lane edges.
// Private to src/road/. Knows nothing of XML (opendrive_reader.cc does) and nothing of lanes in
// driving direction (network_builder.cc makes those).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/geometry.h"
#include "road/road_network.h"

namespace volante::opendrive {

// a + b ds + c ds^2 + d ds^3 from s_m on.
struct Cubic {
  double s_m = 0.0, a = 0.0, b = 0.0, c = 0.0, d = 0.0;
};

// A value with its first and second derivative along the reference line.
struct Lateral {
  double value_m = 0.0, first = 0.0, second_1pm = 0.0;

  friend Lateral operator+(Lateral p, Lateral q) {
    return {p.value_m + q.value_m, p.first + q.first, p.second_1pm + q.second_1pm};
  }
  friend Lateral operator*(Lateral p, double k) {
    return {p.value_m * k, p.first * k, p.second_1pm * k};
  }
};

// The last record that begins at or before s (the first one before that); 0 without records.
Lateral Evaluate(std::span<const Cubic> records, double s_m);
// The same, by no record that begins after last_s.
Lateral EvaluateBefore(std::span<const Cubic> records, double s_m, double last_s_m);

// A line (curvature 0) or a circular arc.
struct Geometry {
  double s_m = 0.0;
  Pose2 start;
  double length_m = 0.0;
  double curvature_1pm = 0.0;
};

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
};

struct LaneRecord {
  int id = 0;
  std::string type;
  bool drivable = false;
  std::optional<Surface> surface;  // empty: nothing to draw
  std::vector<Cubic> widths;       // s relative to the lane section
  std::vector<Cubic> borders;      // only when there are no widths
  std::optional<int> predecessor, successor;
  std::vector<RoadMark> marks;   // on the outer edge
  double speed_limit_mps = 0.0;  // 0: not given
};

struct Section {
  double begin_s_m = 0.0, end_s_m = 0.0;
  std::vector<LaneRecord> left, right;  // from the inside out
  std::vector<RoadMark> center_marks;

  const LaneRecord* Find(int id) const;
};

enum class RoadEnd { kStart, kEnd };

struct RoadLink {
  enum class Kind { kNone, kRoad, kJunction } kind = Kind::kNone;
  std::string id;
  std::optional<RoadEnd> contact;
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
  double speed_limit_mps = 0.0;  // of the road's type; 0: not given

  struct Frame {
    Pose2 pose;
    double curvature_1pm = 0.0;
  };
  // The reference line at s (clamped to the road).
  Frame FrameAt(double s_m) const;
  // The whole section's lane edges at s, from the leftmost lane's outer edge to the rightmost's.
  // Edge left.size() is the centre line.
  void EdgesAt(const Section& section, double s_m, std::vector<Lateral>& edges) const;
  // The point at lateral position t (left positive) beside s.
  Vec2 PointAt(double s_m, double t_m) const;
  // Arc lengths from begin to end that hold every change of geometry, lane offset or width, no
  // further apart than max_step_m and with a chord error of at most chord_error_m.
  std::vector<double> SampleStations(const Section& section, double begin_s_m, double end_s_m,
                                     double max_step_m, double chord_error_m) const;
};

struct Connection {
  std::string incoming_road, connecting_road;
  std::optional<RoadEnd> contact;
  std::vector<std::pair<int, int>> lane_links;
};

struct JunctionRecord {
  std::string id;
  std::vector<Connection> connections;
};

struct Document {
  std::vector<Road> roads;
  std::vector<JunctionRecord> junctions;
  std::unordered_map<std::string, size_t> road_index;  // looked up, never iterated
};

// Error(kBadInput) naming road and s. `name` stands for the document in messages.
Document Read(std::string_view text, const std::string& name, const RoadLimits& limits);

// "<name>: road <id> at s <s>: <reason>" as Error(kBadInput).
[[noreturn]] void Refuse(const std::string& name, const std::string& road_id, double s_m,
                         const std::string& reason);

}  // namespace volante::opendrive
