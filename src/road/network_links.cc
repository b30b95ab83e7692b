// Which lane follows which, junctions and turns.
#include <algorithm>
#include <cmath>
#include <numbers>
#include <unordered_map>

#include "road/network_builder.h"

namespace volante {

using opendrive::LaneRecord;
using opendrive::Road;
using opendrive::RoadEnd;
using opendrive::RoadLink;
using opendrive::Section;

namespace {

constexpr double kLargestGap = 2.0;  // between a lane and its successor
constexpr double kReportedGap = 0.1;
constexpr double kTurnAngle = 30.0 * std::numbers::pi / 180.0;

}  // namespace

LaneIndex RoadNetworkBuilder::FindIn(const SectionGroup& group, int id) {
  for (const auto& [lane_id, index] : group.lanes) {
    if (lane_id == id) return index;
  }
  return kNoLane;
}

const Section& RoadNetworkBuilder::SectionAt(size_t road, RoadEnd end) const {
  const std::vector<Section>& sections = document_.roads[road].sections;
  return end == RoadEnd::kStart ? sections.front() : sections.back();
}

const RoadNetworkBuilder::SectionGroup& RoadNetworkBuilder::GroupAt(size_t road,
                                                                    RoadEnd end) const {
  return end == RoadEnd::kStart ? groups_[road].front() : groups_[road].back();
}

// Links are undirected pairs of lane ends in the file; the driving directions decide which of the
// two is the successor. Two ends that both lead in, or both out, are no connection.
void RoadNetworkBuilder::Join(LaneIndex a, RoadEnd a_end, LaneIndex b, RoadEnd b_end) {
  if (a == kNoLane || b == kNoLane) return;
  const bool a_exit = (a_end == RoadEnd::kEnd) == forward_[a];
  const bool b_exit = (b_end == RoadEnd::kEnd) == forward_[b];
  if (a_exit == b_exit) return;
  const LaneIndex from = a_exit ? a : b, to = a_exit ? b : a;
  // Most links stand in the file twice, once at either end.
  if (!joined_.insert(static_cast<uint64_t>(from) << 32 | static_cast<uint32_t>(to)).second) return;
  Lane& first = network_->lanes_[from];
  Lane& next = network_->lanes_[to];
  const double gap =
      Distance(first.center.points().back().position_m, next.center.points().front().position_m);
  const double step = std::abs(first.center.GroundAt(first.center.length_m()).height_m -
                               next.center.GroundAt(0.0).height_m);
  const auto report = [&](const std::string& what) {
    const auto name = [](const Lane& lane) {
      return "lane " + std::to_string(lane.opendrive_lane);
    };
    Defect(RoadOf(first), first.end_s_m,
           name(first) + " leads to road " + next.road_id + " " + name(next) + " over " + what);
  };
  if (gap > kReportedGap) {
    report("a gap of " + std::to_string(gap) + " m" +
           (gap > kLargestGap ? "; the link is not used" : ""));
  } else if (step > kReportedGap) {
    report("a step of " + std::to_string(step) + " m in height");
  }
  if (gap > kLargestGap || step > RoadNetwork::kLevelHeightM) return;
  first.successors.push_back(to);
  next.predecessors.push_back(from);
}

void RoadNetworkBuilder::LinkWithinRoad(size_t road) {
  for (size_t g = 1; g < groups_[road].size(); ++g) {
    const SectionGroup& before = groups_[road][g - 1];
    const SectionGroup& after = groups_[road][g];
    const Section& last = document_.roads[road].sections[before.last];
    const Section& first = document_.roads[road].sections[after.first];
    const auto dangles = [&](int id, int other_id) {
      Defect(document_.roads[road], first.begin_s_m,
             "lane " + std::to_string(id) + " links to lane " + std::to_string(other_id) +
                 ", which does not exist there");
    };
    for (const auto& [id, index] : before.lanes) {
      if (const std::optional<int> next = last.Find(id)->successor) {
        Join(index, RoadEnd::kEnd, FindIn(after, *next), RoadEnd::kStart);
        if (!first.Find(*next)) dangles(id, *next);
      }
    }
    for (const auto& [id, index] : after.lanes) {
      if (const std::optional<int> previous = first.Find(id)->predecessor) {
        Join(FindIn(before, *previous), RoadEnd::kEnd, index, RoadEnd::kStart);
        if (!last.Find(*previous)) dangles(id, *previous);
      }
    }
  }
}

RoadEnd RoadNetworkBuilder::ContactOf(const RoadLink& link, const Road& road, RoadEnd end,
                                      const Road& other) const {
  if (link.contact) return *link.contact;
  const Vec2 here = road.FrameAt(end == RoadEnd::kStart ? 0.0 : road.length_m).pose.position_m;
  const double to_start = Distance(here, other.FrameAt(0.0).pose.position_m);
  const double to_end = Distance(here, other.FrameAt(other.length_m).pose.position_m);
  return to_start <= to_end ? RoadEnd::kStart : RoadEnd::kEnd;
}

void RoadNetworkBuilder::LinkToRoad(size_t road_index, RoadEnd end) {
  const Road& road = document_.roads[road_index];
  const RoadLink& link = end == RoadEnd::kStart ? road.predecessor : road.successor;
  if (link.kind == RoadLink::Kind::kJunction && !junction_ids_.contains(link.id)) {
    Defect(road, end == RoadEnd::kStart ? 0.0 : road.length_m,
           "links to junction " + link.id + ", which does not exist");
  }
  if (link.kind != RoadLink::Kind::kRoad) return;
  const auto found = document_.road_index.find(link.id);
  if (found == document_.road_index.end()) {
    Defect(road, end == RoadEnd::kStart ? 0.0 : road.length_m,
           "links to road " + link.id + ", which does not exist");
    return;
  }
  const Road& other = document_.roads[found->second];
  const RoadEnd contact = ContactOf(link, road, end, other);
  const SectionGroup& mine = GroupAt(road_index, end);
  const SectionGroup& theirs = GroupAt(found->second, contact);
  const Section& section = SectionAt(road_index, end);
  for (const auto& [id, index] : mine.lanes) {
    const LaneRecord& lane = *section.Find(id);
    const std::optional<int> next = end == RoadEnd::kStart ? lane.predecessor : lane.successor;
    if (!next) continue;
    Join(index, end, FindIn(theirs, *next), contact);
    if (!SectionAt(found->second, contact).Find(*next)) {
      Defect(road, end == RoadEnd::kStart ? 0.0 : road.length_m,
             "lane " + std::to_string(id) + " links to lane " + std::to_string(*next) +
                 " of road " + other.id + ", which does not exist there");
    }
  }
}

void RoadNetworkBuilder::LinkJunction(const opendrive::JunctionRecord& junction) {
  for (const opendrive::Connection& connection : junction.connections) {
    const auto incoming_found = document_.road_index.find(connection.incoming_road);
    const auto connecting_found = document_.road_index.find(connection.connecting_road);
    if (incoming_found == document_.road_index.end() ||
        connecting_found == document_.road_index.end()) {
      const bool no_way = connecting_found == document_.road_index.end();
      network_->defects_.push_back(
          "junction " + junction.id + ": connects road " + connection.incoming_road + " by road " +
          connection.connecting_road + ", of which road " +
          (no_way ? connection.connecting_road : connection.incoming_road) + " does not exist");
      continue;
    }
    const Road& incoming = document_.roads[incoming_found->second];
    const Road& connecting = document_.roads[connecting_found->second];
    const RoadEnd contact = connection.contact.value_or(RoadEnd::kStart);
    // The connecting road's own link names the incoming road's end; without it, the end that leads
    // to this junction, or else the nearer one.
    const RoadLink& own =
        contact == RoadEnd::kStart ? connecting.predecessor : connecting.successor;
    RoadLink link;
    if (own.kind == RoadLink::Kind::kRoad && own.id == connection.incoming_road) link = own;
    if (!link.contact) {
      const auto leads = [&](const RoadLink& l) {
        return l.kind == RoadLink::Kind::kJunction && l.id == junction.id;
      };
      if (leads(incoming.predecessor) != leads(incoming.successor)) {
        link.contact = leads(incoming.successor) ? RoadEnd::kEnd : RoadEnd::kStart;
      }
    }
    const RoadEnd incoming_end = ContactOf(link, connecting, contact, incoming);
    const SectionGroup& from = GroupAt(incoming_found->second, incoming_end);
    const SectionGroup& to = GroupAt(connecting_found->second, contact);
    for (const auto& [from_id, to_id] : connection.lane_links) {
      Join(FindIn(from, from_id), incoming_end, FindIn(to, to_id), contact);
    }
    if (connection.lane_links.empty()) JoinMeeting(to, contact, from, incoming_end);
  }
}

// Joins the lane ends of one road that have no link yet to those of the other that they meet.
void RoadNetworkBuilder::JoinMeeting(const SectionGroup& mine, RoadEnd end,
                                     const SectionGroup& theirs, RoadEnd contact) {
  constexpr double kMeetingDistance = 0.5, kMeetingAngle = 0.2, kMeetingHeight = 0.5;
  for (const auto& [id, index] : mine.lanes) {
    const Lane& lane = network_->lanes_[index];
    const bool leaving = (end == RoadEnd::kEnd) == forward_[index];
    if (!(leaving ? lane.successors : lane.predecessors).empty()) continue;
    const CurvePoint here = leaving ? lane.center.points().back() : lane.center.points().front();
    const double height = lane.center.GroundAt(leaving ? lane.center.length_m() : 0.0).height_m;
    for (const auto& [other_id, other] : theirs.lanes) {
      const Curve& curve = network_->lanes_[other].center;
      const CurvePoint there = leaving ? curve.points().front() : curve.points().back();
      if (Distance(here.position_m, there.position_m) > kMeetingDistance) continue;
      if (std::abs(WrapAngle(here.heading_rad - there.heading_rad)) > kMeetingAngle) continue;
      const double its_height = curve.GroundAt(leaving ? 0.0 : curve.length_m()).height_m;
      if (std::abs(height - its_height) > kMeetingHeight) continue;
      Join(index, end, other, contact);
    }
  }
}

// Lane links are often missing in real files, most of all inside connecting roads, or name the
// wrong end of a road: a lane end without a link is joined to the lanes that it meets end to end,
// of the next section or of the road that its own road links to.
void RoadNetworkBuilder::LinkUnlinkedEnds() {
  for (size_t r = 0; r < document_.roads.size(); ++r) {
    for (size_t g = 1; g < groups_[r].size(); ++g) {
      JoinMeeting(groups_[r][g - 1], RoadEnd::kEnd, groups_[r][g], RoadEnd::kStart);
      JoinMeeting(groups_[r][g], RoadEnd::kStart, groups_[r][g - 1], RoadEnd::kEnd);
    }
    const Road& road = document_.roads[r];
    for (const RoadEnd end : {RoadEnd::kStart, RoadEnd::kEnd}) {
      const RoadLink& link = end == RoadEnd::kStart ? road.predecessor : road.successor;
      const auto found = document_.road_index.find(link.id);
      if (link.kind != RoadLink::Kind::kRoad || found == document_.road_index.end()) continue;
      for (const RoadEnd contact : {RoadEnd::kStart, RoadEnd::kEnd}) {
        JoinMeeting(GroupAt(r, end), end, GroupAt(found->second, contact), contact);
      }
    }
  }
}

void RoadNetworkBuilder::MakeJunctions() {
  std::unordered_map<std::string, int> index_of;
  for (size_t r = 0; r < document_.roads.size(); ++r) {
    const std::string& id = document_.roads[r].junction;
    if (id.empty()) continue;
    for (const SectionGroup& group : groups_[r]) {
      for (const auto& [lane_id, lane] : group.lanes) {
        const auto [found, is_new] =
            index_of.emplace(id, static_cast<int>(network_->junctions_.size()));
        if (is_new) network_->junctions_.push_back({id, {}, {}, 0.0});
        network_->junctions_[found->second].lanes.push_back(lane);
        network_->lanes_[lane].junction = found->second;
      }
    }
  }
  for (Junction& junction : network_->junctions_) {
    Vec2 low{1e300, 1e300}, high{-1e300, -1e300};
    for (const LaneIndex i : junction.lanes) {
      for (const CurvePoint& p : network_->lanes_[i].center.points()) {
        low = {std::min(low.x, p.position_m.x), std::min(low.y, p.position_m.y)};
        high = {std::max(high.x, p.position_m.x), std::max(high.y, p.position_m.y)};
      }
    }
    junction.center_m = (low + high) * 0.5;
    for (const LaneIndex i : junction.lanes) {
      for (const CurvePoint& p : network_->lanes_[i].center.points()) {
        junction.radius_m = std::max(junction.radius_m, Distance(junction.center_m, p.position_m));
      }
    }
  }
}

// A connecting road of several lanes in a row turns as a whole.
void RoadNetworkBuilder::SetTurns() {
  std::vector<Lane>& lanes = network_->lanes_;
  const auto change = [&](LaneIndex i) {
    const auto& points = lanes[i].center.points();
    return points.back().heading_rad - points.front().heading_rad;
  };
  for (size_t i = 0; i < lanes.size(); ++i) {
    if (lanes[i].junction < 0) continue;
    double total = change(static_cast<LaneIndex>(i));
    for (const bool ahead : {true, false}) {
      LaneIndex at = static_cast<LaneIndex>(i);
      for (size_t n = 0; n < 1000; ++n) {
        const auto& links = ahead ? lanes[at].successors : lanes[at].predecessors;
        const auto same = std::find_if(links.begin(), links.end(), [&](LaneIndex k) {
          return lanes[k].road_id == lanes[i].road_id;
        });
        if (same == links.end() || *same == static_cast<LaneIndex>(i)) break;
        at = *same;
        total += change(at);
      }
    }
    lanes[i].turn = total > kTurnAngle    ? Turn::kLeft
                    : total < -kTurnAngle ? Turn::kRight
                                          : Turn::kStraight;
  }
}

}  // namespace volante
