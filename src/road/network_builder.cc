#include "road/network_builder.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <unordered_map>

#include "base/error.h"
#include "base/hash.h"

namespace volante {

using opendrive::LaneRecord;
using opendrive::Road;
using opendrive::RoadEnd;
using opendrive::RoadLink;
using opendrive::Section;

namespace {

constexpr double kDenseStep = 0.25;
constexpr double kNarrowestLane = 0.1;  // a lane never wider than this can't be driven
constexpr double kLargestJump = 0.5;    // of a reference line between its geometries
constexpr double kLargestGap = 2.0;     // between a lane and its successor
constexpr double kReportedGap = 0.1;
constexpr double kTurnAngle = 30.0 * std::numbers::pi / 180.0;

bool IsForward(const Road& road, int lane_id) { return (lane_id < 0) != road.left_hand_traffic; }

// The section's lane continues under its own id into the next section.
bool Continues(const Section& from, const Section& to) {
  const auto side = [](const std::vector<LaneRecord>& a, const std::vector<LaneRecord>& b) {
    size_t i = 0, j = 0;
    for (;;) {
      while (i < a.size() && !a[i].drivable) ++i;
      while (j < b.size() && !b[j].drivable) ++j;
      if (i == a.size() || j == b.size()) return i == a.size() && j == b.size();
      if (a[i].id != b[j].id) return false;
      if (a[i].successor.value_or(b[j].predecessor.value_or(0)) != b[j].id) return false;
      if (b[j].predecessor.value_or(a[i].id) != a[i].id) return false;
      ++i, ++j;
    }
  };
  return side(from.left, to.left) && side(from.right, to.right);
}

CurvePoint CenterPoint(const Road::Frame& frame, opendrive::Lateral inner,
                       opendrive::Lateral outer) {
  const opendrive::Lateral t = (inner + outer) * 0.5;
  // Velocity and acceleration of the offset curve in the reference line's Frenet frame, per metre
  // of reference line (its curvature is constant along a line or an arc).
  const double k = frame.curvature_1pm;
  const double along = 1.0 - k * t.value_m, across = t.first;
  const double along_rate = -2.0 * k * t.first, across_rate = k * along + t.second_1pm;
  const double speed = std::hypot(along, across);
  CurvePoint point;
  point.position_m = WorldFromLocal(frame.pose, {0.0, t.value_m});
  point.heading_rad = frame.pose.heading_rad + std::atan2(across, along);
  point.curvature_1pm = (along * across_rate - across * along_rate) / (speed * speed * speed);
  point.half_width_m = 0.5 * std::abs(outer.value_m - inner.value_m);
  return point;
}

}  // namespace

RoadNetworkBuilder::RoadNetworkBuilder(const opendrive::Document& document, std::string name,
                                       const RoadLimits& limits)
    : document_(document), limits_(limits), network_(new RoadNetwork) {
  network_->name_ = std::move(name);
}

std::shared_ptr<const RoadNetwork> RoadNetworkBuilder::Build(std::string_view text) {
  network_->text_hash_ = Hash128Hex(text.data(), text.size());
  CountRoads();
  MakeGroups();
  MakeLanes();
  if (network_->lanes_.empty()) {
    throw Error(ExitCode::kBadInput, "the map can't be used", network_->name_,
                "it has no drivable lane", "give a map with lanes of type driving");
  }
  for (size_t road = 0; road < document_.roads.size(); ++road) {
    LinkWithinRoad(road);
    LinkToRoad(road, RoadEnd::kStart);
    LinkToRoad(road, RoadEnd::kEnd);
  }
  for (const opendrive::JunctionRecord& junction : document_.junctions) LinkJunction(junction);
  LinkUnlinkedConnections();
  for (Lane& lane : network_->lanes_) {
    for (std::vector<LaneIndex>* links : {&lane.successors, &lane.predecessors}) {
      std::sort(links->begin(), links->end());
      links->erase(std::unique(links->begin(), links->end()), links->end());
    }
  }
  MakeJunctions();
  SetTurns();
  MakeGrid();
  MakeSurfaces();
  FillJunctionHoles();
  MakeMarks();
  MakeConflicts();
  return std::move(network_);
}

void RoadNetworkBuilder::CountRoads() {
  RoadTotals& totals = network_->totals_;
  for (const Road& road : document_.roads) {
    (road.junction.empty() ? totals.streets : totals.connecting_roads) += 1;
    (road.junction.empty() ? totals.streets_m : totals.connecting_m) += road.length_m;
  }
}

void RoadNetworkBuilder::MakeGroups() {
  for (const Road& road : document_.roads) {
    std::vector<SectionGroup> groups;
    for (size_t i = 0; i < road.sections.size(); ++i) {
      if (!groups.empty() && Continues(road.sections[i - 1], road.sections[i])) {
        groups.back().last = i;
      } else {
        groups.push_back({i, i, {}});
      }
    }
    groups_.push_back(std::move(groups));
  }
}

void RoadNetworkBuilder::MakeLanes() {
  for (size_t r = 0; r < document_.roads.size(); ++r) {
    const Road& road = document_.roads[r];
    for (size_t i = 1; i < road.geometries.size(); ++i) {
      const double s = road.geometries[i].s_m;
      const Vec2 before = road.FrameAt(std::nextafter(s, 0.0)).pose.position_m;
      const double jump = Distance(before, road.geometries[i].start.position_m);
      if (jump > kLargestJump) {
        opendrive::Refuse(network_->name_, road.id, s,
                          "the reference line jumps by " + std::to_string(jump) + " m");
      }
    }
    if (std::abs(road.stated_length_m - road.length_m) > 0.01) {
      network_->defects_.push_back("road " + road.id + ": its length attribute says " +
                                   std::to_string(road.stated_length_m) + " m, its geometry " +
                                   std::to_string(road.length_m) + " m");
    }
    for (SectionGroup& group : groups_[r]) {
      const Section& section = road.sections[group.first];
      for (const std::vector<LaneRecord>* side : {&section.left, &section.right}) {
        for (const LaneRecord& record : *side) {
          if (!record.drivable) continue;
          Lane lane = MakeLane(road, group, record.id);
          const auto& points = lane.center.points();
          const bool usable = std::any_of(points.begin(), points.end(), [](const CurvePoint& p) {
            return p.half_width_m > 0.5 * kNarrowestLane;
          });
          if (!usable) continue;
          lane.section = static_cast<int>(group.first);
          lane.speed_limit_mps = record.speed_limit_mps > 0.0 ? record.speed_limit_mps
                                 : road.speed_limit_mps > 0.0 ? road.speed_limit_mps
                                                              : lane.speed_limit_mps;
          group.lanes.emplace_back(record.id, static_cast<LaneIndex>(network_->lanes_.size()));
          network_->lanes_.push_back(std::move(lane));
          forward_.push_back(IsForward(road, record.id));
        }
      }
      MakeNeighbours(group);
    }
  }
}

Lane RoadNetworkBuilder::MakeLane(const Road& road, const SectionGroup& group, int id) {
  std::vector<CurvePoint> dense;
  std::vector<opendrive::Lateral> edges;
  for (size_t i = group.first; i <= group.last; ++i) {
    const Section& section = road.sections[i];
    const double length = section.end_s_m - section.begin_s_m;
    total_length_m_ += length;
    if (total_length_m_ > limits_.max_lane_length_m) {
      opendrive::Refuse(network_->name_, road.id, section.begin_s_m,
                        "the lanes up to here are longer than " +
                            std::to_string(limits_.max_lane_length_m / 1000.0) + " km");
    }
    for (const double s :
         road.SampleStations(section, section.begin_s_m, section.end_s_m, kDenseStep, 1.0)) {
      if (!dense.empty() && i > group.first && s == section.begin_s_m) continue;
      road.EdgesAt(section, s, edges);
      const Road::Frame frame = road.FrameAt(s);
      const size_t center = section.left.size();
      // Position of the lane within its side, counted from the inside.
      const std::vector<LaneRecord>& side = id > 0 ? section.left : section.right;
      size_t k = 0;
      while (side[k].id != id) ++k;
      const opendrive::Lateral& inner = edges[id > 0 ? center - k : center + k];
      const opendrive::Lateral& outer = edges[id > 0 ? center - k - 1 : center + k + 1];
      const double along = 1.0 - frame.curvature_1pm * 0.5 * (inner.value_m + outer.value_m);
      if (along < 0.05) {
        opendrive::Refuse(network_->name_, road.id, s,
                          "lane " + std::to_string(id) +
                              " lies inside the centre of the curve: it would fold over");
      }
      dense.push_back(CenterPoint(frame, inner, outer));
    }
  }
  for (size_t i = 1; i < dense.size(); ++i) {
    const double jump = Distance(dense[i - 1].position_m, dense[i].position_m);
    if (jump < 2.0 * kDenseStep) continue;
    network_->defects_.push_back("road " + road.id + " lane " + std::to_string(id) +
                                 ": its centre jumps by " + std::to_string(jump) + " m");
    break;
  }
  Lane lane;
  lane.road_id = road.id;
  lane.opendrive_lane = id;
  if (!IsForward(road, id)) {
    std::reverse(dense.begin(), dense.end());
    for (CurvePoint& point : dense) {
      point.heading_rad += std::numbers::pi;
      point.curvature_1pm = -point.curvature_1pm;
    }
  }
  dense.front().heading_rad = WrapAngle(dense.front().heading_rad);
  const double length = DenseLength(dense);
  if (!(length > 1e-9) || !std::isfinite(length)) {
    opendrive::Refuse(network_->name_, road.id, 0.0,
                      "lane " + std::to_string(id) + " has no length");
  }
  lane.center = Curve(dense, length);
  return lane;
}

void RoadNetworkBuilder::MakeNeighbours(const SectionGroup& group) {
  for (const auto& [id, index] : group.lanes) {
    // Lane ids grow to the left of the reference line; 0 is the centre line.
    for (const int step : {1, -1}) {
      const LaneIndex other = FindIn(group, id + step);
      if (other == kNoLane || forward_[other] != forward_[index]) continue;
      Lane& lane = network_->lanes_[index];
      const bool to_the_left = (step > 0) == forward_[index];
      (to_the_left ? lane.left : lane.right) = other;
    }
  }
}

LaneIndex RoadNetworkBuilder::FindIn(const SectionGroup& group, int id) {
  for (const auto& [lane_id, index] : group.lanes) {
    if (lane_id == id) return index;
  }
  return kNoLane;
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
  if (gap > kReportedGap) {
    network_->defects_.push_back(
        "road " + first.road_id + " lane " + std::to_string(first.opendrive_lane) + " to road " +
        next.road_id + " lane " + std::to_string(next.opendrive_lane) + ": linked over a gap of " +
        std::to_string(gap) + " m" + (gap > kLargestGap ? "; the link is not used" : ""));
  }
  if (gap > kLargestGap) return;
  first.successors.push_back(to);
  next.predecessors.push_back(from);
}

void RoadNetworkBuilder::LinkWithinRoad(size_t road) {
  for (size_t g = 1; g < groups_[road].size(); ++g) {
    const SectionGroup& before = groups_[road][g - 1];
    const SectionGroup& after = groups_[road][g];
    const Section& last = document_.roads[road].sections[before.last];
    const Section& first = document_.roads[road].sections[after.first];
    for (const auto& [id, index] : before.lanes) {
      if (const std::optional<int> next = last.Find(id)->successor) {
        Join(index, RoadEnd::kEnd, FindIn(after, *next), RoadEnd::kStart);
      }
    }
    for (const auto& [id, index] : after.lanes) {
      if (const std::optional<int> previous = first.Find(id)->predecessor) {
        Join(FindIn(before, *previous), RoadEnd::kEnd, index, RoadEnd::kStart);
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
  if (link.kind != RoadLink::Kind::kRoad) return;
  const auto found = document_.road_index.find(link.id);
  if (found == document_.road_index.end()) {
    network_->defects_.push_back("road " + road.id + ": links to road " + link.id +
                                 ", which does not exist");
    return;
  }
  const Road& other = document_.roads[found->second];
  const RoadEnd contact = ContactOf(link, road, end, other);
  const SectionGroup& mine = GroupAt(road_index, end);
  const SectionGroup& theirs = GroupAt(found->second, contact);
  const Section& section = road.sections[end == RoadEnd::kStart ? mine.first : mine.last];
  for (const auto& [id, index] : mine.lanes) {
    const LaneRecord& lane = *section.Find(id);
    const std::optional<int> next = end == RoadEnd::kStart ? lane.predecessor : lane.successor;
    if (next) Join(index, end, FindIn(theirs, *next), contact);
  }
}

void RoadNetworkBuilder::LinkJunction(const opendrive::JunctionRecord& junction) {
  for (const opendrive::Connection& connection : junction.connections) {
    const auto incoming_found = document_.road_index.find(connection.incoming_road);
    const auto connecting_found = document_.road_index.find(connection.connecting_road);
    if (incoming_found == document_.road_index.end() ||
        connecting_found == document_.road_index.end()) {
      network_->defects_.push_back("junction " + junction.id + ": connects road " +
                                   connection.incoming_road + " by road " +
                                   connection.connecting_road + ", one of which does not exist");
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
  }
}

// Lane links inside connecting roads are often missing in real files: a connecting lane without a
// link is joined to the lane of the road it leads to that meets it end to end.
void RoadNetworkBuilder::LinkUnlinkedConnections() {
  constexpr double kMeetingDistance = 0.5, kMeetingAngle = 0.2;
  for (size_t r = 0; r < document_.roads.size(); ++r) {
    const Road& road = document_.roads[r];
    if (road.junction.empty()) continue;
    for (const RoadEnd end : {RoadEnd::kStart, RoadEnd::kEnd}) {
      const RoadLink& link = end == RoadEnd::kStart ? road.predecessor : road.successor;
      const auto found = document_.road_index.find(link.id);
      if (link.kind != RoadLink::Kind::kRoad || found == document_.road_index.end()) continue;
      const RoadEnd contact = ContactOf(link, road, end, document_.roads[found->second]);
      for (const auto& [id, index] : GroupAt(r, end).lanes) {
        const Lane& lane = network_->lanes_[index];
        const bool leaving = (end == RoadEnd::kEnd) == forward_[index];
        if (!(leaving ? lane.successors : lane.predecessors).empty()) continue;
        const CurvePoint mine =
            leaving ? lane.center.points().back() : lane.center.points().front();
        for (const auto& [other_id, other] : GroupAt(found->second, contact).lanes) {
          const Curve& curve = network_->lanes_[other].center;
          const CurvePoint theirs = leaving ? curve.points().front() : curve.points().back();
          if (Distance(mine.position_m, theirs.position_m) > kMeetingDistance) continue;
          if (std::abs(WrapAngle(mine.heading_rad - theirs.heading_rad)) > kMeetingAngle) continue;
          Join(index, end, other, contact);
        }
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
