// Where cars on two lanes of one junction would touch.
#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "road/network_builder.h"

namespace volante {
namespace {

constexpr double kCarWidth = 2.2;  // m; two bands of this width around the centre lines
constexpr double kStep = 0.25;
constexpr double kHalfLength = 2.45;  // m; of a car
constexpr double kTightest = 0.25;    // 1/m; in tighter bends cars swing out no further
constexpr double kMostSwing = 2.0 * 0.5 * kHalfLength * kHalfLength * kTightest;  // of two cars

struct Stretch {
  double begin = 0.0, end = 0.0;
};

// By how much the ends of a car stand out of its band in a bend: l^2 / 2R.
double SwingAt(const Curve& lane, double s_m) {
  const double curvature = std::min(std::abs(lane.At(s_m).curvature_1pm), kTightest);
  return 0.5 * kHalfLength * kHalfLength * curvature;
}

// From the first to the last point of `lane` that lies within a car's width of `other`, on its
// level; with what cars swing out on both, if asked for.
std::optional<Stretch> StretchNear(const Curve& lane, const Curve& other, bool with_swing) {
  std::optional<Stretch> stretch;
  const int steps = std::max(1, static_cast<int>(lane.length_m() / kStep));
  for (int i = 0; i <= steps; ++i) {
    const double s = lane.length_m() * i / steps;
    const Vec2 point = lane.PositionAt(s);
    const double other_s = other.Project(point).s_m;
    const double apart = Distance(point, other.PositionAt(other_s));
    if (apart >= kCarWidth + (with_swing ? kMostSwing : 0.0)) continue;
    if (with_swing && apart >= kCarWidth + SwingAt(lane, s) + SwingAt(other, other_s)) continue;
    if (std::abs(lane.GroundAt(s).height_m - other.GroundAt(other_s).height_m) >
        RoadNetwork::kLevelHeightM) {
      continue;
    }
    if (!stretch) stretch = Stretch{s, s};
    stretch->end = s;
  }
  return stretch;
}

struct Box {
  Vec2 low{1e300, 1e300}, high{-1e300, -1e300};
};

Box BoxOf(const Curve& curve) {
  Box box;
  for (const CurvePoint& p : curve.points()) {
    box.low = {std::min(box.low.x, p.position_m.x), std::min(box.low.y, p.position_m.y)};
    box.high = {std::max(box.high.x, p.position_m.x), std::max(box.high.y, p.position_m.y)};
  }
  return box;
}

bool FarApart(const Box& a, const Box& b) {
  constexpr double kApart = kCarWidth + kMostSwing;
  return a.low.x > b.high.x + kApart || b.low.x > a.high.x + kApart ||
         a.low.y > b.high.y + kApart || b.low.y > a.high.y + kApart;
}

bool ShareLink(const std::vector<LaneIndex>& a, const std::vector<LaneIndex>& b) {
  return std::any_of(a.begin(), a.end(),
                     [&](LaneIndex i) { return std::find(b.begin(), b.end(), i) != b.end(); });
}

}  // namespace

void RoadNetworkBuilder::MakeConflicts() {
  RoadNetwork& net = *network_;
  net.conflicts_.resize(net.lanes_.size());
  for (const Junction& junction : net.junctions_) {
    std::vector<Box> boxes;
    for (const LaneIndex lane : junction.lanes) boxes.push_back(BoxOf(net.lane(lane).center));
    for (size_t i = 0; i < junction.lanes.size(); ++i) {
      Spend(RoadOf(net.lane(junction.lanes[i])), 0.0, static_cast<double>(junction.lanes.size()));
      for (size_t k = i + 1; k < junction.lanes.size(); ++k) {
        if (FarApart(boxes[i], boxes[k])) continue;
        const LaneIndex a = junction.lanes[i], b = junction.lanes[k];
        const Lane &first = net.lane(a), &second = net.lane(b);
        // Each point of one is looked for on the other.
        const auto cost = [](const Curve& lane, const Curve& other) {
          return lane.length_m() / kStep *
                 (24.0 + static_cast<double>(other.points().size()) / 8.0);
        };
        Spend(RoadOf(first), 0.0,
              0.2 * cost(first.center, second.center) + 0.2 * cost(second.center, first.center));
        auto on_a = StretchNear(first.center, second.center, false);
        auto on_b = StretchNear(second.center, first.center, false);
        if (!on_a || !on_b) {
          // Bands that pass each other closely: in bends cars reach out of them.
          on_a = StretchNear(first.center, second.center, true);
          on_b = StretchNear(second.center, first.center, true);
        }
        if (!on_a || !on_b) continue;
        const bool merge = ShareLink(first.successors, second.successors);
        const bool diverge = ShareLink(first.predecessors, second.predecessors);
        net.conflicts_[a].push_back(
            {b, on_a->begin, on_a->end, on_b->begin, on_b->end, merge, diverge});
        net.conflicts_[b].push_back(
            {a, on_b->begin, on_b->end, on_a->begin, on_a->end, merge, diverge});
      }
    }
  }
}

}  // namespace volante
