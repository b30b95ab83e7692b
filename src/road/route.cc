#include "road/route.h"

#include <algorithm>
#include <cmath>
#include <queue>

#include "base/error.h"

namespace volante {
namespace {

constexpr double kShortestRoute = 10.0;
// Consecutive lanes may leave a gap of this size; one of the two points is dropped then.
constexpr double kSamePlace = 0.15;

std::string LaneName(const Lane& lane) {
  return "road " + lane.road_id + " lane " + std::to_string(lane.opendrive_lane);
}

[[noreturn]] void RefuseRoute(const RoadNetwork& network, const std::string& reason) {
  throw Error(ExitCode::kBadInput, "the route can't be driven", network.name(), reason,
              "choose another start or goal; volante map info lists the roads");
}

void CheckEnd(const RoadNetwork& network, const char* which, LaneIndex lane, double s_m) {
  if (lane < 0 || static_cast<size_t>(lane) >= network.lanes().size()) {
    RefuseRoute(network,
                std::string("there is no lane ") + std::to_string(lane) + " for its " + which);
  }
  if (!(s_m >= 0.0 && s_m <= network.lane(lane).center.length_m())) {
    RefuseRoute(network, std::string("its ") + which + " at " + std::to_string(s_m) +
                             " m lies beyond " + LaneName(network.lane(lane)));
  }
}

// The stretch [low, high] of a lane's centre, with exact ends, and the ground below it.
void AppendStretch(const Curve& center, double low, double high, std::vector<CurvePoint>& out,
                   std::vector<CurveGround>& ground) {
  constexpr double kSameStation = 1e-6;
  out.push_back(center.At(low));
  ground.push_back(center.GroundAt(low));
  const auto first = static_cast<size_t>(std::floor(low / center.spacing_m() + 1e-9)) + 1;
  for (size_t i = first; i < center.points().size(); ++i) {
    const double s = static_cast<double>(i) * center.spacing_m();
    if (s >= high - kSameStation) break;
    if (s > low + kSameStation) {
      out.push_back(center.points()[i]);
      ground.push_back(center.GroundAt(s));
    }
  }
  if (high > low + kSameStation) {
    out.push_back(center.At(high));
    ground.push_back(center.GroundAt(high));
  }
}

}  // namespace

Route::Route(std::shared_ptr<const RoadNetwork> network, std::vector<LaneIndex> lanes,
             double start_s_m, double goal_s_m)
    : network_(std::move(network)),
      lanes_(std::move(lanes)),
      start_s_m_(start_s_m),
      goal_s_m_(goal_s_m) {
  VOLANTE_CHECK(!lanes_.empty(), "a route needs a lane");
  std::vector<CurvePoint> dense;
  std::vector<CurveGround> ground;
  std::vector<size_t> first_point;
  for (size_t k = 0; k < lanes_.size(); ++k) {
    const Curve& center = network_->lane(lanes_[k]).center;
    const double low = k == 0 ? start_s_m : 0.0;
    const double high = k + 1 == lanes_.size() ? goal_s_m : center.length_m();
    VOLANTE_CHECK(low <= high, "a route's goal lies before its start");
    if (k > 0) {
      const auto& successors = network_->lane(lanes_[k - 1]).successors;
      VOLANTE_CHECK(std::find(successors.begin(), successors.end(), lanes_[k]) != successors.end(),
                    "a route's lanes must follow each other");
      // Where lanes meet, the next lane's first point stands for both.
      if (dense.size() > first_point.back() + 1 &&
          Distance(dense.back().position_m, center.points().front().position_m) < kSamePlace) {
        dense.pop_back();
        ground.pop_back();
      }
    }
    first_point.push_back(dense.size());
    AppendStretch(center, low, high, dense, ground);
  }
  // Arc lengths of the lanes' first points, measured as the curve measures them.
  std::vector<CurvePoint> piece(2);
  double s = 0.0;
  size_t next = 0;
  for (size_t i = 0; i < dense.size(); ++i) {
    if (i > 0) {
      piece[0] = dense[i - 1];
      piece[1] = dense[i];
      s += DenseLength(piece);
    }
    for (; next < first_point.size() && first_point[next] == i; ++next)
      lane_begin_s_m_.push_back(s);
  }
  lane_begin_s_m_[0] = -start_s_m;
  VOLANTE_CHECK(s > 0.0, "a route has a length");
  path_ = network_->flat() ? Curve(dense, s) : Curve(dense, ground, s);
}

size_t Route::LaneIndexAt(double route_s_m) const {
  const auto after = std::upper_bound(lane_begin_s_m_.begin(), lane_begin_s_m_.end(), route_s_m);
  return after == lane_begin_s_m_.begin()
             ? 0
             : static_cast<size_t>(after - lane_begin_s_m_.begin()) - 1;
}

double Route::SpeedLimitAt(double route_s_m) const {
  return network_->lane(lanes_[LaneIndexAt(route_s_m)]).speed_limit_mps;
}

int Route::junction_turns() const {
  int turns = 0;
  const Lane* previous = nullptr;
  for (const LaneIndex i : lanes_) {
    const Lane& lane = network_->lane(i);
    const bool goes_on =
        previous && previous->junction == lane.junction && previous->road_id == lane.road_id;
    if ((lane.turn == Turn::kLeft || lane.turn == Turn::kRight) && !goes_on) ++turns;
    previous = &lane;
  }
  return turns;
}

Route FindRoute(std::shared_ptr<const RoadNetwork> network, const RouteEnds& ends) {
  CheckEnd(*network, "start", ends.start_lane, ends.start_s_m);
  CheckEnd(*network, "goal", ends.goal_lane, ends.goal_s_m);
  std::vector<LaneIndex> path;
  double length = 0.0;
  if (ends.start_lane == ends.goal_lane && ends.goal_s_m > ends.start_s_m) {
    path = {ends.start_lane};
    length = ends.goal_s_m - ends.start_s_m;
  } else {
    // distance[i]: from the start to the beginning of lane i. The start lane itself is entered
    // again only by driving round to it, so it is not settled at the outset.
    const size_t n = network->lanes().size();
    std::vector<double> distance(n, 1e300);
    std::vector<LaneIndex> came_from(n, kNoLane);
    std::vector<bool> settled(n, false);
    using Entry = std::pair<double, LaneIndex>;
    std::priority_queue<Entry, std::vector<Entry>, std::greater<>> queue;
    const auto expand = [&](LaneIndex from, double end_distance) {
      for (const LaneIndex next : network->lane(from).successors) {
        if (end_distance >= distance[next]) continue;
        distance[next] = end_distance;
        came_from[next] = from;
        queue.emplace(end_distance, next);
      }
    };
    expand(ends.start_lane, network->lane(ends.start_lane).center.length_m() - ends.start_s_m);
    while (!queue.empty() && !settled[ends.goal_lane]) {
      const auto [reached, at] = queue.top();
      queue.pop();
      if (settled[at]) continue;
      settled[at] = true;
      expand(at, reached + network->lane(at).center.length_m());
    }
    if (!settled[ends.goal_lane]) {
      RefuseRoute(*network, LaneName(network->lane(ends.goal_lane)) + " can't be reached from " +
                                LaneName(network->lane(ends.start_lane)));
    }
    path = {ends.goal_lane};
    for (LaneIndex at = came_from[ends.goal_lane]; at != ends.start_lane; at = came_from[at]) {
      path.push_back(at);
    }
    path.push_back(ends.start_lane);
    std::reverse(path.begin(), path.end());
    length = distance[ends.goal_lane] + ends.goal_s_m;
  }
  if (length < kShortestRoute) {
    RefuseRoute(*network, "it is " + std::to_string(length) + " m long, less than 10 m");
  }
  return Route(std::move(network), std::move(path), ends.start_s_m, ends.goal_s_m);
}

}  // namespace volante
