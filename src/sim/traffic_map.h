// What the traffic needs to know about a road network, in flat tables made once: allowed speeds
// metre by metre, which lanes lead on for ever, conflicts within junctions, and lane samples in a
// grid to find the lanes that a box covers. Immutable, shared by all worlds on one network.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/geometry.h"
#include "road/road_network.h"

namespace volante {

// NPCs' limits that the tables are made for.
inline constexpr double kNpcLateralAccel_mps2 = 2.2;  // comfortable in curves
inline constexpr double kNpcCurveBraking_mps2 = 1.5;  // to slow down for them
inline constexpr double kNpcCruise_mps = 9.5;         // in town, or the lane's limit if lower
inline constexpr double kNpcMaxWidth_m = 2.1;         // of cars, vans and two-wheelers
inline constexpr double kTruckWidth_m = 2.55;         // the widest that roads are made for
inline constexpr double kTruckLength_m = 8.468;
// Trucks keep off lanes that bend more: with axles on the centre line their corners stay within
// 1.5 m of it there, in the band that the conflicts of lanes are made for.
inline constexpr double kTruckRadius_m = 25.0;
inline constexpr double kTruckLaneWidth_m = 3.0;  // and off narrower ones
// Lanes are changed where both are at least this wide.
inline constexpr double kChangeLaneWidth_m = 2.5;
// Conflict zones of the network hold for centre lines 2.2 m apart; bodies turn out of the band in
// bends, so zones are taken longer by this much at both ends.
inline constexpr double kZoneMargin_m = 1.5;

struct TrafficConflict {
  LaneIndex other = kNoLane;
  double begin_s_m = 0.0, end_s_m = 0.0;              // on this lane, with the margin
  double other_begin_s_m = 0.0, other_end_s_m = 0.0;  // on the other
  bool merge = false;                                 // both end in the same lane
};

struct TrafficLane {
  double length_m = 0.0;
  const Curve* center = nullptr;
  bool in_junction = false;
  uint8_t turn_rank = 0;  // who goes first at equal arrival: straight 0, right 1, left 2
  double cruise_mps = 0.0;
  double entry_speed2 = 0.0;  // square of the allowed speed at s = 0, m^2/s^2
  uint32_t speed_begin = 0;   // into speeds2_: one entry per metre
  uint32_t speed_count = 0;
  uint32_t next_begin = 0, next_count = 0;          // into next_
  uint32_t crossing_begin = 0, crossing_count = 0;  // into conflicts_: one at a time
  uint32_t fork_begin = 0, fork_count = 0;          // into conflicts_: same lane before
  // Neighbours of the same direction that one may change to; kNoLane inside junctions.
  LaneIndex left = kNoLane, right = kNoLane;
  double usable_begin_m = 0.0, usable_end_m = 0.0;  // where it is wide enough for changes
  bool ends = false;         // whoever wants to drive on changes lanes before its end
  bool fits_trucks = false;  // wide and straight enough, and leads on for ever to such lanes
  LaneIndex exit = kNoLane;  // first lane outside junctions from here on (itself if outside)
  // The lights that hold this connecting lane; -1 none. Green in every phase of the mask.
  int signal_plan = -1;
  uint32_t signal_phases = 0;
  double stop_before_m = 0.0;  // from its beginning back to the line where cars stop
  bool has_neighbours() const { return left != kNoLane || right != kNoLane; }
  bool endless = false;  // one can drive on from here for ever, if need be by changing lanes
};

struct LaneSample {
  Vec2 position_m;
  Vec2 direction;  // unit vector along the lane
  float s_m = 0.0f;
  float height_m = 0.0f;
  float reach_m = 0.0f;  // half the width that an NPC sweeps there, with clearance
  LaneIndex lane = kNoLane;
};

class TrafficMap {
 public:
  // widest_m: of the vehicles that will drive here.
  explicit TrafficMap(std::shared_ptr<const RoadNetwork> network, double widest_m = kNpcMaxWidth_m);

  const RoadNetwork& network() const { return *network_; }
  std::shared_ptr<const RoadNetwork> shared_network() const { return network_; }
  size_t size() const { return lanes_.size(); }
  const TrafficLane& lane(LaneIndex i) const { return lanes_[static_cast<size_t>(i)]; }
  // Square of the speed that the lane allows at s and on what follows of it.
  double AllowedSpeed2(const TrafficLane& lane, double s_m) const {
    const auto cell = static_cast<uint32_t>(s_m > 0.0 ? s_m : 0.0);
    return speeds2_[lane.speed_begin + (cell < lane.speed_count ? cell : lane.speed_count - 1)];
  }
  // Successors that an NPC may choose: those that lead on for ever, if there are any.
  std::span<const LaneIndex> next(const TrafficLane& lane) const {
    return {next_.data() + lane.next_begin, lane.next_count};
  }
  // Lanes that cross or join this one and come from elsewhere.
  std::span<const TrafficConflict> crossings(const TrafficLane& lane) const {
    return {conflicts_.data() + lane.crossing_begin, lane.crossing_count};
  }
  // Lanes that leave the same lane as this one: a car on the shared stretch is a leader.
  std::span<const TrafficConflict> forks(const TrafficLane& lane) const {
    return {conflicts_.data() + lane.fork_begin, lane.fork_count};
  }
  // Outside junctions, and if possible such that one can drive on for ever.
  std::span<const LaneIndex> spawn_lanes() const { return spawn_lanes_; }
  bool has_lights() const { return !network_->signal_plans().empty(); }
  bool has_truck_lanes() const { return has_truck_lanes_; }

  const LaneSample& sample(int32_t i) const { return samples_[static_cast<size_t>(i)]; }
  // Appends, in order, the samples within radius_m (at most 12) of the point.
  void SamplesNear(Vec2 point, double radius_m, std::vector<int32_t>& out) const;

 private:
  void MakeLane(LaneIndex i);
  void MakeSpeeds(TrafficLane& lane, const Lane& source);
  void MakeNeighbours(LaneIndex i);
  void FindEndless();
  void FindTruckLanes();
  void FindWaysOn();
  void FindLights();
  void MakeGrid();

  std::shared_ptr<const RoadNetwork> network_;
  double widest_m_ = kNpcMaxWidth_m;
  bool has_truck_lanes_ = false;
  std::vector<TrafficLane> lanes_;
  std::vector<float> speeds2_;
  std::vector<LaneIndex> next_, spawn_lanes_;
  std::vector<TrafficConflict> conflicts_;
  std::vector<LaneSample> samples_;
  Vec2 grid_min_m_;
  double cell_m_ = 12.0;
  int columns_ = 0, rows_ = 0;
  std::vector<uint32_t> cell_begin_;
  std::vector<int32_t> cell_samples_;
};

}  // namespace volante
