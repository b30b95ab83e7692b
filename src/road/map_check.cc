#include "road/map_check.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numbers>
#include <set>

namespace volante {
namespace {

class MapCheck {
 public:
  MapCheck(const RoadNetwork& network, const MapCheckLimits& limits)
      : network_(network), limits_(limits) {
    const auto file = network.defects();
    defects_.assign(file.begin(), file.end());
  }

  std::vector<std::string> Run() {
    for (size_t i = 0; i < network_.lanes().size(); ++i) {
      const Lane& lane = network_.lanes()[i];
      CheckKinks(lane);
      CheckEnds(lane);
      CheckRadius(lane);
    }
    CheckCrossings();
    return std::move(defects_);
  }

 private:
  static std::string Number(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.4g", value);
    return text;
  }
  static std::string NameOf(const Lane& lane) {
    return "road " + lane.road_id + " lane " + std::to_string(lane.opendrive_lane);
  }
  void Add(const Lane& lane, double lane_s_m, const std::string& what) {
    const double share = lane_s_m / lane.center.length_m();
    defects_.push_back("road " + lane.road_id + " at s " +
                       Number(lane.begin_s_m + share * (lane.end_s_m - lane.begin_s_m)) +
                       " m: lane " + std::to_string(lane.opendrive_lane) + " " + what);
  }

  void CheckKinks(const Lane& lane) {
    const double end = lane.center.points().back().heading_rad;
    for (const LaneIndex next : lane.successors) {
      const Lane& successor = network_.lane(next);
      const double begin = successor.center.points().front().heading_rad;
      const double kink = std::abs(WrapAngle(begin - end));
      if (kink <= limits_.largest_kink_rad) continue;
      Add(lane, lane.center.length_m(),
          "meets " + NameOf(successor) + " with a kink of " +
              Number(kink * 180.0 / std::numbers::pi) + " degrees");
    }
  }

  void CheckEnds(const Lane& lane) {
    if (lane.junction < 0) return;
    if (lane.predecessors.empty()) Add(lane, 0.0, "lies in a junction and comes from nowhere");
    if (lane.successors.empty()) {
      Add(lane, lane.center.length_m(), "lies in a junction and leads nowhere");
    }
  }

  void CheckRadius(const Lane& lane) {
    const std::vector<CurvePoint>& points = lane.center.points();
    const auto tightest = std::max_element(
        points.begin(), points.end(), [](const CurvePoint& a, const CurvePoint& b) {
          return std::abs(a.curvature_1pm) < std::abs(b.curvature_1pm);
        });
    const double curvature = std::abs(tightest->curvature_1pm);
    if (!(curvature * limits_.smallest_radius_m > 1.0)) return;
    Add(lane, static_cast<double>(tightest - points.begin()) * lane.center.spacing_m(),
        "has a radius of " + Number(1.0 / curvature) + " m, tighter than the ego can drive (" +
            Number(limits_.smallest_radius_m) + " m)");
  }

  // The junctions that a lane lies in or leads to or from.
  std::vector<int> JunctionsAt(const Lane& lane) const {
    std::vector<int> junctions = {lane.junction};
    for (const std::vector<LaneIndex>* links : {&lane.successors, &lane.predecessors}) {
      for (const LaneIndex i : *links) junctions.push_back(network_.lane(i).junction);
    }
    std::sort(junctions.begin(), junctions.end());
    junctions.erase(junctions.begin(),
                    std::upper_bound(junctions.begin(), junctions.end(), -1));  // outside of one
    return junctions;
  }

  static bool Share(const std::vector<int>& a, const std::vector<int>& b) {
    return std::any_of(a.begin(), a.end(),
                       [&](int i) { return std::find(b.begin(), b.end(), i) != b.end(); });
  }

  // Lanes that meet where the file lets them: one follows the other, or both the same.
  bool Linked(LaneIndex a, LaneIndex b) const {
    const Lane &first = network_.lane(a), &second = network_.lane(b);
    return Share(first.successors, {b}) || Share(first.predecessors, {b}) ||
           Share(first.successors, second.successors) ||
           Share(first.predecessors, second.predecessors);
  }

  // Lanes of different roads that cover each other's centre away from common junctions.
  void CheckCrossings() {
    constexpr double kStep = 2.0, kInside = 0.5;
    constexpr int kMostOverlaps = 1'000'000;  // no map of roads has as many; hostile files do
    int overlaps = 0;
    std::set<std::pair<std::string, std::string>> named;
    std::vector<LaneIndex> at;
    for (LaneIndex i = 0; i < static_cast<LaneIndex>(network_.lanes().size()); ++i) {
      const Lane& lane = network_.lane(i);
      const std::vector<int> junctions = JunctionsAt(lane);
      for (double s = 0.0; s < lane.center.length_m(); s += kStep) {
        const Vec2 point = lane.center.PositionAt(s);
        network_.LanesAt(point, at);
        for (const LaneIndex k : at) {
          const Lane& other = network_.lane(k);
          if (k == i || other.road_id == lane.road_id || Linked(i, k)) continue;
          if (++overlaps > kMostOverlaps) {
            Add(lane, s, "covers other roads like a thousand before it: no more are looked at");
            return;
          }
          const CurveProjection there = other.center.Project(point);
          if (std::abs(there.lateral_m) > other.center.At(there.s_m).half_width_m - kInside) {
            continue;
          }
          const double above =
              lane.center.GroundAt(s).height_m - other.center.GroundAt(there.s_m).height_m;
          if (above < 0.0 || above >= limits_.least_clearance_m) continue;
          if (above == 0.0 && i > k) continue;  // named from the other one
          if (Share(junctions, JunctionsAt(other))) continue;
          if (!named.emplace(lane.road_id, other.road_id).second) continue;
          Add(lane, s,
              above > RoadNetwork::kLevelHeightM
                  ? "passes only " + Number(above) + " m above " + NameOf(other)
                  : "crosses " + NameOf(other) + " on its level outside of a junction (" +
                        Number(above) + " m above)");
        }
      }
    }
  }

  const RoadNetwork& network_;
  const MapCheckLimits& limits_;
  std::vector<std::string> defects_;
};

}  // namespace

std::vector<std::string> CheckMap(const RoadNetwork& network, const MapCheckLimits& limits) {
  return MapCheck(network, limits).Run();
}

}  // namespace volante
