// Makes a RoadNetwork from an opendrive::Document, step by step; used by RoadNetwork::Parse alone.
// Private to src/road/. network_builder.cc makes lanes and links, network_surfaces.cc what a camera
// draws, network_conflicts.cc the conflicts, road_network.cc the grid.
#pragma once

#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "road/opendrive.h"
#include "road/road_network.h"

namespace volante {

class RoadNetworkBuilder {
 public:
  RoadNetworkBuilder(const opendrive::Document& document, std::string name,
                     const RoadLimits& limits);
  std::shared_ptr<const RoadNetwork> Build(std::string_view text);

 private:
  // Consecutive lane sections through which every drivable lane continues under its id.
  struct SectionGroup {
    size_t first = 0, last = 0;
    std::vector<std::pair<int, LaneIndex>> lanes;  // OpenDRIVE id -> lane
  };

  void CountRoads();
  void MakeGroups();
  void MakeLanes();
  Lane MakeLane(const opendrive::Road& road, const SectionGroup& group, int id);
  void MakeNeighbours(const SectionGroup& group);
  void LinkWithinRoad(size_t road);
  void LinkToRoad(size_t road, opendrive::RoadEnd end);
  void LinkJunction(const opendrive::JunctionRecord& junction);
  void Join(LaneIndex a, opendrive::RoadEnd a_end, LaneIndex b, opendrive::RoadEnd b_end);
  void LinkUnlinkedConnections();
  void SetTurns();
  void MakeJunctions();

  // The end of `other` at which it meets the end of `road`.
  opendrive::RoadEnd ContactOf(const opendrive::RoadLink& link, const opendrive::Road& road,
                               opendrive::RoadEnd end, const opendrive::Road& other) const;
  const SectionGroup& GroupAt(size_t road, opendrive::RoadEnd end) const;
  static LaneIndex FindIn(const SectionGroup& group, int id);

  void MakeSurfaces();
  void FillJunctionHoles();
  void MakeMarks();
  void MakeConflicts();
  void MakeGrid();

  const opendrive::Document& document_;
  const RoadLimits limits_;
  std::shared_ptr<RoadNetwork> network_;
  std::vector<std::vector<SectionGroup>> groups_;  // per road
  std::vector<bool> forward_;                      // per lane: along the reference line
  std::unordered_set<uint64_t> joined_;            // (from, to) of the links made; never iterated
  double total_length_m_ = 0.0;
};

}  // namespace volante
