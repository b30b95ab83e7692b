#include "road/signals.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "road/road_network.h"

namespace volante {
namespace {

constexpr double kOneApproach_rad = 0.5;  // lanes of one road in one direction
constexpr double kFacing_rad = 0.8;       // approaches whose headings differ by pi within this
constexpr double kBeforeEnd_m = 0.6;      // the line, from the end of the lane
constexpr double kBesideLane_m = 1.2;     // the post, from the lane's edge
constexpr double kBehindJunction_m = 1.0;

struct Approach {
  std::vector<LaneIndex> from;   // lanes that lead into the junction
  std::vector<LaneIndex> lanes;  // connecting lanes
  double heading_rad = 0.0;
};

// In the order of the lanes.
std::vector<Approach> FindApproaches(const RoadNetwork& network,
                                     const std::vector<LaneIndex>& lanes) {
  std::vector<Approach> approaches;
  for (const LaneIndex index : lanes) {
    for (const LaneIndex before : network.lane(index).predecessors) {
      if (network.lane(before).junction >= 0) continue;
      const double heading = network.lane(before).center.points().back().heading_rad;
      auto found = std::find_if(approaches.begin(), approaches.end(), [&](const Approach& a) {
        return network.lane(a.from.front()).road_id == network.lane(before).road_id &&
               std::abs(WrapAngle(a.heading_rad - heading)) < kOneApproach_rad;
      });
      if (found == approaches.end()) {
        approaches.push_back({{}, {}, heading});
        found = approaches.end() - 1;
      }
      if (std::find(found->from.begin(), found->from.end(), before) == found->from.end()) {
        found->from.push_back(before);
      }
      if (std::find(found->lanes.begin(), found->lanes.end(), index) == found->lanes.end()) {
        found->lanes.push_back(index);
      }
    }
  }
  return approaches;
}

// Whether ways straight on of the two cross.
bool StraightWaysCross(const RoadNetwork& network, const Approach& a, const Approach& b) {
  for (const LaneIndex i : a.lanes) {
    if (network.lane(i).turn != Turn::kStraight) continue;
    for (const LaneConflict& c : network.conflicts(i)) {
      if (network.lane(c.other).turn == Turn::kStraight &&
          std::find(b.lanes.begin(), b.lanes.end(), c.other) != b.lanes.end()) {
        return true;
      }
    }
  }
  return false;
}

}  // namespace

void SignalHead::PlaceLine(const Curve& center, double s_m) {
  stop_s_m = std::max(0.0, s_m);
  const CurvePoint at = center.At(stop_s_m);
  const Vec2 along = UnitFromHeading(at.heading_rad);
  const Vec2 left = Vec2{-along.y, along.x} * at.half_width_m;
  stop_left_m = at.position_m + left;
  stop_right_m = at.position_m - left;
  stop_height_m = center.GroundAt(stop_s_m).height_m;
}

std::vector<SignalPhase> MakeUpPhases(const RoadNetwork& network,
                                      const std::vector<LaneIndex>& lanes) {
  const std::vector<Approach> approaches = FindApproaches(network, lanes);
  std::vector<SignalPhase> phases;
  std::vector<bool> done(approaches.size(), false);
  for (size_t i = 0; i < approaches.size(); ++i) {
    if (done[i]) continue;
    SignalPhase phase;
    phase.lanes = approaches[i].lanes;
    for (size_t k = i + 1; k < approaches.size(); ++k) {
      const double turn = WrapAngle(approaches[k].heading_rad - approaches[i].heading_rad);
      if (done[k] || std::numbers::pi - std::abs(turn) > kFacing_rad ||
          StraightWaysCross(network, approaches[i], approaches[k])) {
        continue;
      }
      done[k] = true;
      phase.lanes.insert(phase.lanes.end(), approaches[k].lanes.begin(), approaches[k].lanes.end());
      break;
    }
    std::sort(phase.lanes.begin(), phase.lanes.end());
    phase.lanes.erase(std::unique(phase.lanes.begin(), phase.lanes.end()), phase.lanes.end());
    phases.push_back(std::move(phase));
  }
  if (phases.size() < 2) phases.clear();
  if (phases.size() > SignalPlan::kMostPhases) phases.resize(SignalPlan::kMostPhases);
  return phases;
}

std::vector<SignalHead> MakeUpHeads(const RoadNetwork& network, const SignalPlan& plan) {
  std::vector<SignalHead> heads;
  for (size_t p = 0; p < plan.phases.size(); ++p) {
    for (const Approach& approach : FindApproaches(network, plan.phases[p].lanes)) {
      // One post for all lanes of an approach, beyond the junction where drivers see it.
      const Lane* rightmost = &network.lane(approach.from.front());
      for (const LaneIndex i : approach.from) {
        if (network.lane(i).right == kNoLane) rightmost = &network.lane(i);
      }
      const CurvePoint at = rightmost->center.points().back();
      const Vec2 ahead = UnitFromHeading(at.heading_rad), right{ahead.y, -ahead.x};
      double across_m = 0.0;
      for (const LaneIndex i : approach.lanes) {
        for (const CurvePoint& point : network.lane(i).center.points()) {
          across_m = std::max(across_m, Dot(ahead, point.position_m - at.position_m));
        }
      }
      const double ground_m = rightmost->center.GroundAt(rightmost->center.length_m()).height_m;
      for (const LaneIndex i : approach.from) {
        const Curve& center = network.lane(i).center;
        SignalHead head;
        head.approach = i;
        head.phase = static_cast<int>(p);
        head.PlaceLine(center, center.length_m() - kBeforeEnd_m);
        head.lamp_m = at.position_m + ahead * (across_m + kBehindJunction_m) +
                      right * (at.half_width_m + kBesideLane_m);
        head.lamp_height_m = ground_m + 5.0;
        head.near_lamp_m = at.position_m + right * (at.half_width_m + kBesideLane_m);
        head.facing_rad = WrapAngle(at.heading_rad + std::numbers::pi);
        heads.push_back(head);
      }
    }
  }
  return heads;
}

std::vector<SignalPlan> MakeUpSignals(const RoadNetwork& network) {
  std::vector<SignalPlan> plans;
  for (size_t j = 0; j < network.junctions().size(); ++j) {
    const std::vector<LaneIndex>& lanes = network.junctions()[j].lanes;
    const bool has_one =
        std::any_of(network.signal_plans().begin(), network.signal_plans().end(),
                    [&](const SignalPlan& plan) { return plan.junction == static_cast<int>(j); });
    if (has_one || FindApproaches(network, lanes).size() < 3) continue;
    SignalPlan plan;
    plan.junction = static_cast<int>(j);
    plan.phases = MakeUpPhases(network, lanes);
    if (plan.phases.empty()) continue;
    plan.heads = MakeUpHeads(network, plan);
    plans.push_back(std::move(plan));
  }
  return plans;
}

}  // namespace volante
