// The road as the rest of the program sees it: directed lanes with centre curves and links,
// junctions with their conflicts, and the surfaces and marks that a camera draws.
// Made once from an OpenDRIVE text, immutable, shared by all worlds.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/geometry.h"
#include "road/curve.h"
#include "road/lane_edges.h"
#include "road/signals.h"

namespace volante {

enum class Turn : uint8_t { kNone, kStraight, kLeft, kRight };  // kNone outside junctions

// One drivable lane of one lane section, in its driving direction. Consecutive sections of a road
// through which every drivable lane simply continues under its id count as one, so that a
// connecting road usually is one lane.
struct Lane {
  std::string road_id;
  int section = 0;                        // index of the (first) lane section within the road
  int opendrive_lane = 0;                 // signed id in the file
  int junction = -1;                      // index into junctions(), -1 outside
  Turn turn = Turn::kNone;                // by the change of heading over the lane: 30 degrees
  double speed_limit_mps = 50.0 / 3.6;    // the file's, else 50 km/h
  double begin_s_m = 0.0, end_s_m = 0.0;  // on its road, in driving direction
  Curve center;                           // in driving direction
  std::vector<LaneIndex> successors;      // in driving direction, sorted
  std::vector<LaneIndex> predecessors;
  LaneIndex left = kNoLane;  // neighbour of the same direction
  LaneIndex right = kNoLane;
};

// Stretches of two lanes of one junction in which cars of 2.2 m width on both would touch.
struct LaneConflict {
  LaneIndex other = kNoLane;
  double begin_s_m = 0.0, end_s_m = 0.0;              // on this lane
  double other_begin_s_m = 0.0, other_end_s_m = 0.0;  // on the other
  bool merge = false;                                 // both end in the same lane
  bool diverge = false;  // both begin in the same lane: car following rules there
};

struct Junction {
  std::string id;
  std::vector<LaneIndex> lanes;  // connecting lanes
  Vec2 center_m;
  double radius_m = 0.0;
};

enum class Surface : uint8_t { kRoad, kShoulder, kSidewalk, kOther };

// A stretch of ground between two polylines of equal point count (quads between neighbours).
struct SurfaceStrip {
  Surface surface = Surface::kRoad;
  bool in_junction = false;
  std::vector<Vec2> left, right;
  std::vector<double> left_height_m, right_height_m;  // like left, right; empty on flat ground
};

enum class MarkKind : uint8_t { kSolid, kBroken };
enum class MarkColor : uint8_t { kWhite, kYellow };

// A painted line: a polyline of the mark's centre. Broken marks are 3 m painted, 9 m free, unless
// the file says otherwise.
struct MarkLine {
  MarkKind kind = MarkKind::kSolid;
  MarkColor color = MarkColor::kWhite;
  double width_m = 0.15;
  double dash_m = 3.0, gap_m = 9.0;
  std::vector<Vec2> points;
  std::vector<double> height_m;  // like points; empty on flat ground
};

struct LanePosition {
  LaneIndex lane = kNoLane;
  CurveProjection on_center;
};

struct RoadLimits {  // of a file from a stranger
  uint64_t max_bytes = 64ull << 20;
  int max_roads = 20000;
  int max_lanes = 100000;
  double max_lane_length_m = 1e6;  // of all roads, and of all drivable lanes, together
  double max_work = 2e8;           // lane edges and raster cells looked at; CARLA's Town04 has 8e6
};

// Roads of the file with the length of their reference lines.
struct RoadTotals {
  int streets = 0, connecting_roads = 0;  // outside and inside junctions
  double streets_m = 0.0, connecting_m = 0.0;
};

class RoadNetwork {
 public:
  // Parses OpenDRIVE 1.4-1.8. Error(kBadInput) naming road and s when the text can't be used: not
  // XML, truncated, not OpenDRIVE, no drivable lane, non-finite numbers. `name` for messages.
  static std::shared_ptr<const RoadNetwork> Parse(std::string_view text, std::string name,
                                                  const RoadLimits& limits = {});
  static std::shared_ptr<const RoadNetwork> LoadFile(const std::string& path);
  // The same roads with these lights instead of the network's own.
  static std::shared_ptr<const RoadNetwork> WithSignals(const RoadNetwork& network,
                                                        std::vector<SignalPlan> plans);

  const std::string& name() const { return name_; }
  // XXH3-128 of the text it was made from.
  const std::string& text_hash() const { return text_hash_; }
  std::span<const Lane> lanes() const { return lanes_; }
  const Lane& lane(LaneIndex i) const { return lanes_[static_cast<size_t>(i)]; }
  // What is painted on the lane's edges.
  const LaneEdges& edges(LaneIndex i) const { return edges_[static_cast<size_t>(i)]; }
  std::span<const Junction> junctions() const { return junctions_; }
  // Conflicts of a junction lane with the other lanes of its junction; empty elsewhere.
  std::span<const LaneConflict> conflicts(LaneIndex i) const {
    return conflicts_[static_cast<size_t>(i)];
  }
  std::span<const SurfaceStrip> surfaces() const { return surfaces_; }
  std::span<const MarkLine> marks() const { return marks_; }
  const RoadTotals& totals() const { return totals_; }
  // No lane has a height: one plane carries everything, and no two levels lie above each other.
  bool flat() const { return flat_; }
  // The lights of junctions (road/signals.h), at most one plan per junction.
  std::span<const SignalPlan> signal_plans() const { return signal_plans_; }
  Vec2 min_m() const { return min_m_; }  // bounding box of all surfaces
  Vec2 max_m() const { return max_m_; }

  // What is wrong with the file without making it unusable (gaps between linked lanes, dangling
  // links, lengths that disagree), one line each; for `volante map check`.
  std::span<const std::string> defects() const { return defects_; }

  // The drivable lane that holds the point; among several (junctions) the one whose heading is
  // nearest, if a heading is given. Empty off the road. `margin_m` widens every lane. With a
  // height, lanes whose ground is further than kLevelHeightM above or below it are not looked at:
  // roads on bridges and below them are told apart. Without one, every level counts.
  std::optional<LanePosition> FindLane(Vec2 point, std::optional<double> heading_rad,
                                       double margin_m = 0.0,
                                       std::optional<double> height_m = {}) const;
  // The nearest lane centre within radius_m whose heading differs by less than 90 degrees.
  std::optional<LanePosition> NearestLane(const Pose2& pose, double radius_m,
                                          std::optional<double> height_m = {}) const;
  // All drivable lanes that hold the point.
  void LanesAt(Vec2 point, std::vector<LaneIndex>& out, std::optional<double> height_m = {}) const;

  // Half the clearance of the lowest bridge: levels lie further apart than this.
  static constexpr double kLevelHeightM = 2.0;

 private:
  friend class RoadNetworkBuilder;
  RoadNetwork() = default;

  std::string name_, text_hash_;
  std::vector<Lane> lanes_;
  std::vector<LaneEdges> edges_;  // like lanes_
  std::vector<Junction> junctions_;
  std::vector<std::vector<LaneConflict>> conflicts_;
  std::vector<SurfaceStrip> surfaces_;
  std::vector<MarkLine> marks_;
  RoadTotals totals_;
  bool flat_ = true;
  std::vector<SignalPlan> signal_plans_;
  std::vector<std::string> defects_;
  Vec2 min_m_, max_m_;
  // Uniform grid over the lanes: cell -> stretches of lanes that come within their half width and
  // kGridMargin of it. Compressed rows: cell c holds grid_[cell_begin_[c] .. cell_begin_[c + 1]).
  struct GridItem {
    LaneIndex lane = kNoLane;
    double low_s_m = 0.0, high_s_m = 0.0;
  };
  static constexpr double kGridMarginM = 1.0;
  template <class Visit>
  void VisitCells(Vec2 point, double reach_m, Visit visit) const;

  Vec2 grid_min_m_;
  double cell_m_ = 5.0;
  int columns_ = 0, rows_ = 0;
  std::vector<uint32_t> cell_begin_;
  std::vector<GridItem> grid_;
};

}  // namespace volante
