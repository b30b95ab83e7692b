#include "sim/traffic_map.h"

#include <algorithm>
#include <cmath>

namespace volante {
namespace {

constexpr double kSmallestCell_m = 12.0;
constexpr double kMostCells = 1 << 20;
constexpr double kSlowest_mps = 1.5;          // in the tightest bend
constexpr double kShortestToChange_m = 60.0;  // a lane that one must leave is at least so long

uint8_t TurnRank(Turn turn) {
  if (turn == Turn::kLeft) return 2;
  return turn == Turn::kRight ? 1 : 0;
}

}  // namespace

TrafficMap::TrafficMap(std::shared_ptr<const RoadNetwork> network, double widest_m)
    : network_(std::move(network)), widest_m_(widest_m) {
  lanes_.resize(network_->lanes().size());
  for (size_t i = 0; i < lanes_.size(); ++i) MakeLane(static_cast<LaneIndex>(i));
  for (size_t i = 0; i < lanes_.size(); ++i) MakeNeighbours(static_cast<LaneIndex>(i));
  FindEndless();
  FindWaysOn();
  FindTruckLanes();
  FindLights();
  MakeGrid();
}

void TrafficMap::MakeLane(LaneIndex i) {
  const Lane& source = network_->lane(i);
  TrafficLane& lane = lanes_[static_cast<size_t>(i)];
  lane.length_m = source.center.length_m();
  lane.center = &source.center;
  lane.in_junction = source.junction >= 0;
  lane.turn_rank = TurnRank(source.turn);
  lane.cruise_mps = std::min(source.speed_limit_mps, kNpcCruise_mps);
  MakeSpeeds(lane, source);

  const auto add = [&](const LaneConflict& c) {
    conflicts_.push_back({c.other, c.begin_s_m - kZoneMargin_m, c.end_s_m + kZoneMargin_m,
                          c.other_begin_s_m - kZoneMargin_m, c.other_end_s_m + kZoneMargin_m,
                          c.merge});
  };
  lane.crossing_begin = static_cast<uint32_t>(conflicts_.size());
  for (const LaneConflict& c : network_->conflicts(i)) {
    if (!c.diverge) add(c);
  }
  lane.crossing_count = static_cast<uint32_t>(conflicts_.size()) - lane.crossing_begin;
  lane.fork_begin = static_cast<uint32_t>(conflicts_.size());
  for (const LaneConflict& c : network_->conflicts(i)) {
    if (c.diverge) add(c);
  }
  lane.fork_count = static_cast<uint32_t>(conflicts_.size()) - lane.fork_begin;
}

void TrafficMap::MakeSpeeds(TrafficLane& lane, const Lane& source) {
  lane.speed_begin = static_cast<uint32_t>(speeds2_.size());
  lane.speed_count = static_cast<uint32_t>(lane.length_m) + 1;
  const double limit2 = source.speed_limit_mps * source.speed_limit_mps;
  for (uint32_t k = 0; k < lane.speed_count; ++k) {
    double sharpest = 0.0;
    for (int part = 0; part <= 2; ++part) {
      sharpest = std::max(sharpest, std::abs(source.center.At(k + 0.5 * part).curvature_1pm));
    }
    const double curve2 = kNpcLateralAccel_mps2 / std::max(sharpest, 1e-9);
    speeds2_.push_back(
        static_cast<float>(std::max(kSlowest_mps * kSlowest_mps, std::min(limit2, curve2))));
  }
  for (size_t k = speeds2_.size() - 1; k > lane.speed_begin; --k) {
    speeds2_[k - 1] =
        std::min(speeds2_[k - 1], speeds2_[k] + static_cast<float>(2.0 * kNpcCurveBraking_mps2));
  }
  lane.entry_speed2 = speeds2_[lane.speed_begin];
}

// The longest stretch on which the lane is wide enough to change to or from it.
void TrafficMap::MakeNeighbours(LaneIndex i) {
  TrafficLane& lane = lanes_[static_cast<size_t>(i)];
  const Lane& source = network_->lane(i);
  if (lane.in_junction || (source.left == kNoLane && source.right == kNoLane)) return;
  lane.left = source.left;
  lane.right = source.right;
  double begin = 0.0, end = 0.0, from = -1.0;
  const auto& points = source.center.points();
  for (size_t k = 0; k <= points.size(); ++k) {
    const bool wide =
        k < points.size() && points[k].half_width_m >= 0.5 * kChangeLaneWidth_m - 1e-9;
    const double s = static_cast<double>(k) * source.center.spacing_m();
    if (wide && from < 0.0) from = s;
    if (wide || from < 0.0) continue;
    const double to = s - source.center.spacing_m();
    if (to - from > end - begin) begin = from, end = to;
    from = -1.0;
  }
  lane.usable_begin_m = begin;
  lane.usable_end_m = end;
}

// Takes away, again and again, the lanes that lead only to lanes taken away, if need be by changing
// to a neighbour that leads on.
void TrafficMap::FindEndless() {
  const size_t n = lanes_.size();
  std::vector<int> ways_on(n);  // successors that are left
  const auto neighbour_leads_on = [&](const TrafficLane& lane) {
    if (lane.usable_end_m - lane.usable_begin_m < kShortestToChange_m) return false;
    return (lane.left != kNoLane && ways_on[static_cast<size_t>(lane.left)] > 0) ||
           (lane.right != kNoLane && ways_on[static_cast<size_t>(lane.right)] > 0);
  };
  std::vector<LaneIndex> dead;
  const auto look_again = [&](LaneIndex i) {
    if (i == kNoLane) return;
    TrafficLane& lane = lanes_[static_cast<size_t>(i)];
    if (!lane.endless || ways_on[static_cast<size_t>(i)] > 0 || neighbour_leads_on(lane)) return;
    lane.endless = false;
    dead.push_back(i);
  };
  for (size_t i = 0; i < n; ++i) {
    ways_on[i] = static_cast<int>(network_->lanes()[i].successors.size());
    lanes_[i].endless = true;
  }
  for (size_t i = 0; i < n; ++i) look_again(static_cast<LaneIndex>(i));
  while (!dead.empty()) {
    const LaneIndex i = dead.back();
    dead.pop_back();
    for (const LaneIndex before : network_->lane(i).predecessors) {
      if (--ways_on[static_cast<size_t>(before)] > 0) continue;
      look_again(before);
      look_again(lanes_[static_cast<size_t>(before)].left);
      look_again(lanes_[static_cast<size_t>(before)].right);
    }
  }
}

void TrafficMap::FindWaysOn() {
  const size_t n = lanes_.size();
  for (size_t i = 0; i < n; ++i) {
    TrafficLane& lane = lanes_[i];
    lane.next_begin = static_cast<uint32_t>(next_.size());
    for (const LaneIndex next : network_->lanes()[i].successors) {
      if (!lane.endless || lanes_[static_cast<size_t>(next)].endless) next_.push_back(next);
    }
    lane.next_count = static_cast<uint32_t>(next_.size()) - lane.next_begin;
  }
  for (TrafficLane& lane : lanes_) {
    const auto leads_on = [&](LaneIndex i) { return i != kNoLane && this->lane(i).next_count > 0; };
    lane.ends = lane.next_count == 0 && (leads_on(lane.left) || leads_on(lane.right)) &&
                lane.usable_end_m - lane.usable_begin_m >= kShortestToChange_m;
  }
  const bool any_endless = std::any_of(lanes_.begin(), lanes_.end(), [](const TrafficLane& lane) {
    return lane.endless && !lane.in_junction && !lane.ends;
  });
  for (size_t i = 0; i < n; ++i) {
    const TrafficLane& lane = lanes_[i];
    if (!lane.in_junction && !lane.ends && (lane.endless || !any_endless)) {
      spawn_lanes_.push_back(static_cast<LaneIndex>(i));
    }
  }
  for (size_t i = 0; i < n; ++i) {
    LaneIndex at = static_cast<LaneIndex>(i);
    for (int hops = 0; hops < 8 && lane(at).in_junction && lane(at).next_count > 0; ++hops) {
      at = next(lane(at))[0];
    }
    lanes_[i].exit = lane(at).in_junction ? kNoLane : at;
  }
}

// Like FindEndless among the lanes that a truck fits on.
void TrafficMap::FindTruckLanes() {
  for (TrafficLane& lane : lanes_) {
    const auto& points = lane.center->points();
    lane.fits_trucks = std::all_of(points.begin(), points.end(), [](const CurvePoint& p) {
      return std::abs(p.curvature_1pm) <= 1.0 / kTruckRadius_m &&
             p.half_width_m >= 0.5 * kTruckLaneWidth_m;
    });
  }
  for (bool changed = true; changed;) {
    changed = false;
    for (TrafficLane& lane : lanes_) {
      if (!lane.fits_trucks) continue;
      const auto ways = next(lane);
      const bool leads_on = std::any_of(
          ways.begin(), ways.end(), [&](LaneIndex next) { return this->lane(next).fits_trucks; });
      if (leads_on || (ways.empty() && !lane.endless)) continue;
      lane.fits_trucks = false;
      changed = true;
    }
  }
  has_truck_lanes_ = std::any_of(spawn_lanes_.begin(), spawn_lanes_.end(),
                                 [&](LaneIndex i) { return lane(i).fits_trucks; });
}

void TrafficMap::FindLights() {
  const std::span<const SignalPlan> plans = network_->signal_plans();
  for (size_t p = 0; p < plans.size(); ++p) {
    for (size_t k = 0; k < plans[p].phases.size() && k < SignalPlan::kMostPhases; ++k) {
      for (const LaneIndex i : plans[p].phases[k].lanes) {
        TrafficLane& lane = lanes_[static_cast<size_t>(i)];
        lane.signal_plan = static_cast<int>(p);
        lane.signal_phases |= 1u << k;
      }
    }
    for (const SignalHead& head : plans[p].heads) {
      const double before = lanes_[static_cast<size_t>(head.approach)].length_m - head.stop_s_m;
      for (const LaneIndex next : network_->lane(head.approach).successors) {
        TrafficLane& lane = lanes_[static_cast<size_t>(next)];
        if (lane.signal_plan == static_cast<int>(p)) lane.stop_before_m = before;
      }
    }
  }
}

void TrafficMap::MakeGrid() {
  for (size_t i = 0; i < lanes_.size(); ++i) {
    const TrafficLane& lane = lanes_[i];
    const int count = std::max(1, static_cast<int>(std::ceil(lane.length_m)));
    for (int k = 0; k <= count; ++k) {
      const double s = lane.length_m * k / count;
      const CurvePoint p = lane.center->At(s);
      // A body of half length 2.45 m stands out of its band in a bend by l^2 / 2R.
      const double swing = 0.5 * 2.45 * 2.45 * std::min(std::abs(p.curvature_1pm), 0.25);
      samples_.push_back({p.position_m, UnitFromHeading(p.heading_rad), static_cast<float>(s),
                          static_cast<float>(lane.center->GroundAt(s).height_m),
                          static_cast<float>(0.5 * widest_m_ + 0.15 + swing),
                          static_cast<LaneIndex>(i)});
    }
  }
  Vec2 low{1e300, 1e300}, high{-1e300, -1e300};
  for (const LaneSample& s : samples_) {
    low = {std::min(low.x, s.position_m.x), std::min(low.y, s.position_m.y)};
    high = {std::max(high.x, s.position_m.x), std::max(high.y, s.position_m.y)};
  }
  if (samples_.empty()) low = high = {};
  grid_min_m_ = low;
  const Vec2 size = high - low;
  cell_m_ = std::max({kSmallestCell_m, std::sqrt(size.x * size.y / kMostCells),
                      std::max(size.x, size.y) / kMostCells});
  columns_ = static_cast<int>(size.x / cell_m_) + 1;
  rows_ = static_cast<int>(size.y / cell_m_) + 1;
  const auto cell_of = [&](Vec2 p) {
    const int column = static_cast<int>((p.x - low.x) / cell_m_);
    const int row = static_cast<int>((p.y - low.y) / cell_m_);
    return static_cast<size_t>(row) * static_cast<size_t>(columns_) + static_cast<size_t>(column);
  };
  // Counting sort by cell; within a cell samples keep their order.
  cell_begin_.assign(static_cast<size_t>(columns_) * static_cast<size_t>(rows_) + 1, 0);
  for (const LaneSample& s : samples_) ++cell_begin_[cell_of(s.position_m) + 1];
  for (size_t c = 1; c < cell_begin_.size(); ++c) cell_begin_[c] += cell_begin_[c - 1];
  std::vector<uint32_t> fill(cell_begin_.begin(), cell_begin_.end() - 1);
  cell_samples_.resize(samples_.size());
  for (size_t i = 0; i < samples_.size(); ++i) {
    cell_samples_[fill[cell_of(samples_[i].position_m)]++] = static_cast<int32_t>(i);
  }
}

void TrafficMap::SamplesNear(Vec2 point, double radius_m, std::vector<int32_t>& out) const {
  const double column = std::floor((point.x - grid_min_m_.x) / cell_m_);
  const double row = std::floor((point.y - grid_min_m_.y) / cell_m_);
  if (!(column >= -1.0 && row >= -1.0 && column <= columns_ && row <= rows_)) return;
  const size_t first = out.size();
  for (int r = std::max(0, static_cast<int>(row) - 1);
       r <= std::min(rows_ - 1, static_cast<int>(row) + 1); ++r) {
    for (int c = std::max(0, static_cast<int>(column) - 1);
         c <= std::min(columns_ - 1, static_cast<int>(column) + 1); ++c) {
      const size_t cell =
          static_cast<size_t>(r) * static_cast<size_t>(columns_) + static_cast<size_t>(c);
      for (uint32_t k = cell_begin_[cell]; k < cell_begin_[cell + 1]; ++k) {
        const Vec2 d = sample(cell_samples_[k]).position_m - point;
        if (Dot(d, d) <= radius_m * radius_m) out.push_back(cell_samples_[k]);
      }
    }
  }
  std::sort(out.begin() + static_cast<std::ptrdiff_t>(first), out.end());
}

}  // namespace volante
