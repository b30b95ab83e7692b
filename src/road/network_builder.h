// Makes a RoadNetwork from an opendrive::Document, step by step; used by RoadNetwork::Parse alone.
// Private to src/road/. network_builder.cc makes lanes, network_links.cc links and turns,
// network_surfaces.cc, network_holes.cc and network_marks.cc what a camera draws,
// network_conflicts.cc the conflicts, road_network.cc the grid.
#pragma once

#include <memory>
#include <optional>
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

  // What becomes of one drivable lane of a group, along the reference line.
  struct DenseLane;

  void Defect(const opendrive::Road& road, double s_m, const std::string& what);
  // Counts what hostile files could make endless; refuses the map beyond the limit.
  void Spend(const opendrive::Road& road, double s_m, double work);

  void CountRoads();
  void MakeGroups();
  void CheckLine(const opendrive::Road& road);
  void MakeLanes();
  void MakeLanesOf(const opendrive::Road& road, SectionGroup& group);
  void AddPoint(const opendrive::Road& road, const opendrive::LaneRecord& record,
                const opendrive::CrossSection& cut, double section_s_m, opendrive::Lateral inner,
                opendrive::Lateral outer, DenseLane& lane);
  std::optional<Lane> FinishLane(const opendrive::Road& road, DenseLane& dense);
  void MakeNeighbours(const SectionGroup& group);
  void LinkWithinRoad(size_t road);
  void LinkToRoad(size_t road, opendrive::RoadEnd end);
  void LinkJunction(const opendrive::JunctionRecord& junction);
  void Join(LaneIndex a, opendrive::RoadEnd a_end, LaneIndex b, opendrive::RoadEnd b_end);
  void LinkUnlinkedEnds();
  void JoinMeeting(const SectionGroup& mine, opendrive::RoadEnd end, const SectionGroup& theirs,
                   opendrive::RoadEnd contact);
  void SetTurns();
  void MakeJunctions();

  const opendrive::Road& RoadOf(const Lane& lane) const {
    return document_.roads[document_.road_index.at(lane.road_id)];
  }
  // The end of `other` at which it meets the end of `road`.
  opendrive::RoadEnd ContactOf(const opendrive::RoadLink& link, const opendrive::Road& road,
                               opendrive::RoadEnd end, const opendrive::Road& other) const;
  const opendrive::Section& SectionAt(size_t road, opendrive::RoadEnd end) const;
  const SectionGroup& GroupAt(size_t road, opendrive::RoadEnd end) const;
  static LaneIndex FindIn(const SectionGroup& group, int id);

  void MakeSurfaces();
  void FillJunctionHoles();
  void FillHolesOf(const Junction& junction);
  void AddMarks(const opendrive::Road& road, const opendrive::Section& section, size_t edge,
                int sign, const std::vector<opendrive::RoadMark>& marks,
                std::vector<MarkLine>& lines);
  void MakeMarks();
  void MakeLaneEdges();  // lane_edges.cc
  void MakeConflicts();
  void MakeSignals();
  void MakeGrid();

  const opendrive::Document& document_;
  const RoadLimits limits_;
  std::shared_ptr<RoadNetwork> network_;
  std::vector<std::vector<SectionGroup>> groups_;  // per road
  std::vector<bool> forward_;                      // per lane: along the reference line
  std::unordered_set<uint64_t> joined_;            // (from, to) of the links made; never iterated
  std::unordered_set<std::string> junction_ids_;   // looked up, never iterated
  double total_length_m_ = 0.0, curve_length_m_ = 0.0;  // of lanes: along their roads, and true
  double work_ = 0.0;
};

}  // namespace volante
