// A directed path over the road network from a start lane to a goal lane, and how routes are found,
// split and listed.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "road/road_network.h"
#include "road/towns.h"  // whose routes are listed

namespace volante {

struct RouteEnds {
  LaneIndex start_lane = kNoLane;
  double start_s_m = 0.0;
  LaneIndex goal_lane = kNoLane;
  double goal_s_m = 0.0;
};

class Route {
 public:
  // Consecutive lanes must be successors. `path` runs from start_s on the first lane to goal_s on
  // the last; route arc length 0 is its start.
  Route(std::shared_ptr<const RoadNetwork> network, std::vector<LaneIndex> lanes, double start_s_m,
        double goal_s_m);

  const RoadNetwork& network() const { return *network_; }
  std::span<const LaneIndex> lanes() const { return lanes_; }
  const Curve& path() const { return path_; }
  double length_m() const { return path_.length_m(); }
  // Where it begins on its first lane and ends on its last.
  double start_s_m() const { return start_s_m_; }
  double goal_s_m() const { return goal_s_m_; }
  // Route arc length at which lane k begins (<= 0 for the first) and the index of the lane at s.
  double lane_begin_s_m(size_t k) const { return lane_begin_s_m_[k]; }
  size_t LaneIndexAt(double route_s_m) const;
  double SpeedLimitAt(double route_s_m) const;
  int junction_turns() const;  // left and right turns along the way

 private:
  std::shared_ptr<const RoadNetwork> network_;
  std::vector<LaneIndex> lanes_;
  double start_s_m_ = 0.0, goal_s_m_ = 0.0;
  std::vector<double> lane_begin_s_m_;
  Curve path_;
};

// The shortest route by driven length (Dijkstra over lanes; ties by lane index). Error(kBadInput)
// when the goal can't be reached, or when the route is shorter than 10 m.
Route FindRoute(std::shared_ptr<const RoadNetwork> network, const RouteEnds& ends);

// The committed lists of a town: towns/NAME.routes.yaml (format in docs/towns.md).
struct TownRoutes {
  // Connecting lanes that stand for the 20 % of directed (approach lane, turn) pairs that training
  // never drives; sorted.
  std::vector<LaneIndex> held_out;
  std::vector<RouteEnds> validation;  // 40
  std::vector<RouteEnds> test;        // 200, each drives at least one held-out turn
};

struct RouteCounts {
  size_t validation = 40, test = 200;
};

// Made once per town by `volante map make`, from the seed; checked against the town on loading.
// Error(kBadInput) when the town is too small for so many routes.
inline constexpr uint64_t kTownRoutesSeed = 1;  // of the committed lists
TownRoutes MakeTownRoutes(const std::shared_ptr<const RoadNetwork>& network, uint64_t seed,
                          RouteCounts counts = {});
std::string WriteTownRoutes(const RoadNetwork& network, const TownRoutes& routes);
// `where` names the source in errors. Lanes are named by road, section and lane id in the text, so
// the list stays valid if lane indices change.
TownRoutes ReadTownRoutes(const RoadNetwork& network, std::string_view text, std::string where);

// Draws a training route: length in [min, max] m, at least one left or right junction turn where
// the map has junctions, none of the held-out lanes. Deterministic from `random`. Precomputes
// nothing; a draw costs at most some tens of microseconds.
class RouteSampler {
 public:
  RouteSampler(std::shared_ptr<const RoadNetwork> network, std::vector<LaneIndex> held_out,
               double min_m, double max_m);
  Route Draw(RandomStream& random) const;

 private:
  std::shared_ptr<const RoadNetwork> network_;
  std::vector<bool> forbidden_;  // per lane
  std::vector<LaneIndex> start_lanes_;
  double total_start_m_ = 0.0;
  bool needs_turn_ = false;
  double min_m_, max_m_;
};

}  // namespace volante
