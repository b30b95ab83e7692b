// Training routes: random walks over the lanes.
#include <algorithm>

#include "base/error.h"
#include "road/route.h"

namespace volante {
namespace {

constexpr int kAttempts = 2000;
constexpr double kGoalMargin = 3.0;  // a route ends at least this far from its last lane's ends

}  // namespace

RouteSampler::RouteSampler(std::shared_ptr<const RoadNetwork> network,
                           std::vector<LaneIndex> held_out, double min_m, double max_m)
    : network_(std::move(network)),
      forbidden_(network_->lanes().size(), false),
      min_m_(min_m),
      max_m_(max_m) {
  VOLANTE_CHECK(min_m_ >= 10.0 && max_m_ >= min_m_, "a route's length must be at least 10 m");
  for (const LaneIndex lane : held_out) forbidden_[static_cast<size_t>(lane)] = true;
  for (size_t i = 0; i < network_->lanes().size(); ++i) {
    const Lane& lane = network_->lanes()[i];
    if (lane.junction < 0) {
      start_lanes_.push_back(static_cast<LaneIndex>(i));
      total_start_m_ += lane.center.length_m();
    } else if (!forbidden_[i] && (lane.turn == Turn::kLeft || lane.turn == Turn::kRight)) {
      needs_turn_ = true;
    }
  }
  if (start_lanes_.empty()) {
    throw Error(ExitCode::kBadInput, "no route can be drawn", network_->name(),
                "every lane lies in a junction", "give a map with roads between its junctions");
  }
}

Route RouteSampler::Draw(RandomStream& random) const {
  std::vector<LaneIndex> walk;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    // A point on the streets, uniform by length.
    double at = random.Uniform() * total_start_m_;
    size_t k = 0;
    while (k + 1 < start_lanes_.size() && at >= network_->lane(start_lanes_[k]).center.length_m()) {
      at -= network_->lane(start_lanes_[k]).center.length_m();
      ++k;
    }
    const double start_s = std::min(at, network_->lane(start_lanes_[k]).center.length_m());
    double remaining = random.Uniform(min_m_, max_m_);
    walk.assign(1, start_lanes_[k]);
    bool turned = false;
    double available = network_->lane(walk[0]).center.length_m() - start_s;
    while (remaining > available) {
      // Uniform over the ways on that training may drive and this route has not driven.
      LaneIndex next = kNoLane;
      uint64_t ways = 0;
      for (const LaneIndex way : network_->lane(walk.back()).successors) {
        if (forbidden_[static_cast<size_t>(way)] ||
            std::find(walk.begin(), walk.end(), way) != walk.end()) {
          continue;
        }
        if (random.Below(++ways) == 0) next = way;
      }
      if (next == kNoLane) break;  // what remains is longer than the lane: refused below
      remaining -= available;
      const Lane& lane = network_->lane(next);
      turned = turned || lane.turn == Turn::kLeft || lane.turn == Turn::kRight;
      walk.push_back(next);
      available = lane.center.length_m();
    }
    const Lane& last = network_->lane(walk.back());
    const double low = walk.size() == 1 ? start_s : 0.0;
    const double goal_s = low + remaining;
    if (goal_s > last.center.length_m() - kGoalMargin || last.junction >= 0) continue;
    if (walk.size() > 1 && goal_s < kGoalMargin) continue;
    if (needs_turn_ && !turned) continue;
    return Route(network_, std::move(walk), start_s, goal_s);
  }
  throw Error(ExitCode::kBadInput, "no route can be drawn", network_->name(),
              "the streets hold no training route of " + std::to_string(min_m_) + " to " +
                  std::to_string(max_m_) + " m with a turn",
              "give a larger map, or shorter routes");
}

}  // namespace volante
