#include "road/network_builder.h"

#include <algorithm>
#include <cmath>
#include <numbers>

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
constexpr double kLargestJump = 2.0;    // of a reference line between its geometries
constexpr double kReportedJump = 0.01;
constexpr double kReportedKink = 10.0 * std::numbers::pi / 180.0;
constexpr double kReportedStep = 0.05;  // m; of a lane's height
// Of a lane's centre per metre of reference line: inside a bend's centre it would run backwards.
constexpr double kLeastAlong = 0.05;
constexpr double kMostCurve = 4.0;  // lane centres to reference lines

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

// A lane's centre at lateral position t (seen from above).
CurvePoint CenterPoint(const opendrive::LineFrame& frame, opendrive::Lateral t,
                       double half_width_m) {
  // Velocity and acceleration of the offset curve in the reference line's Frenet frame, per metre
  // of reference line: r + t n has (1 - k t, t') and (-2 k t' - k' t, k (1 - k t) + t'').
  const double k = frame.curvature_1pm;
  const double along = 1.0 - k * t.value_m, across = t.first;
  const double along_rate = -2.0 * k * t.first - frame.curvature_rate_1pm2 * t.value_m;
  const double across_rate = k * along + t.second_1pm;
  const double speed = std::hypot(along, across);
  CurvePoint point;
  point.position_m = WorldFromLocal(frame.pose, {0.0, t.value_m});
  point.heading_rad = frame.pose.heading_rad + std::atan2(across, along);
  point.curvature_1pm = (along * across_rate - across * along_rate) / (speed * speed * speed);
  point.half_width_m = half_width_m;
  return point;
}

}  // namespace

RoadNetworkBuilder::RoadNetworkBuilder(const opendrive::Document& document, std::string name,
                                       const RoadLimits& limits)
    : document_(document), limits_(limits), network_(new RoadNetwork) {
  network_->name_ = std::move(name);
  network_->defects_ = document.defects;
  for (const opendrive::JunctionRecord& junction : document.junctions) {
    junction_ids_.insert(junction.id);
  }
}

std::shared_ptr<const RoadNetwork> RoadNetworkBuilder::Build(std::string_view text) {
  network_->text_hash_ = Hash128Hex(text.data(), text.size());
  CountRoads();
  MakeGroups();
  MakeLanes();
  if (network_->lanes_.empty()) {
    throw Error(ExitCode::kBadInput, "the map can't be used", network_->name_,
                "it has no drivable lane" +
                    (network_->defects_.empty() ? "" : "; " + network_->defects_.front()),
                "give a map with lanes of type driving");
  }
  for (size_t road = 0; road < document_.roads.size(); ++road) {
    LinkWithinRoad(road);
    LinkToRoad(road, RoadEnd::kStart);
    LinkToRoad(road, RoadEnd::kEnd);
  }
  for (const opendrive::JunctionRecord& junction : document_.junctions) LinkJunction(junction);
  LinkUnlinkedEnds();
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
  MakeLaneEdges();
  MakeConflicts();
  MakeSignals();
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

void RoadNetworkBuilder::Defect(const Road& road, double s_m, const std::string& what) {
  network_->defects_.push_back(opendrive::DefectAt(road.id, s_m, what));
}

void RoadNetworkBuilder::Spend(const Road& road, double s_m, double work) {
  work_ += work;
  if (work_ <= limits_.max_work) return;
  opendrive::Refuse(network_->name_, road.id, s_m, "the map is too large up to here to be drawn");
}

void RoadNetworkBuilder::CheckLine(const Road& road) {
  for (size_t i = 1; i < road.geometries.size(); ++i) {
    const double s = road.geometries[i].s_m;
    const Pose2 before = road.FrameAt(std::nextafter(s, 0.0)).pose;
    const Pose2 after = road.FrameAt(s).pose;
    const double jump = Distance(before.position_m, after.position_m);
    const double kink = std::abs(WrapAngle(after.heading_rad - before.heading_rad));
    if (jump > kLargestJump) {
      opendrive::Refuse(network_->name_, road.id, s,
                        "the reference line jumps by " + std::to_string(jump) + " m");
    }
    if (jump > kReportedJump) {
      Defect(road, s, "the reference line jumps by " + std::to_string(jump) + " m");
    }
    if (kink > kReportedKink) {
      Defect(road, s,
             "the reference line has a kink of " + std::to_string(kink * 180.0 / std::numbers::pi) +
                 " degrees");
    }
  }
  if (std::abs(road.stated_length_m - road.length_m) > 0.01) {
    Defect(road, 0.0,
           "its length attribute says " + std::to_string(road.stated_length_m) +
               " m, its geometry " + std::to_string(road.length_m) + " m");
  }
}

struct RoadNetworkBuilder::DenseLane {
  const LaneRecord* record = nullptr;  // in the group's first section
  std::vector<CurvePoint> points;
  std::vector<CurveGround> ground;
  std::vector<double> s_m;  // of the points, on the reference line
  Pose2 begin, end;         // as the file has them, folded or not
  double folded_m = 0.0;    // of it inside the centre of the curve
  double folded_s_m = 0.0;  // where that begins

  // A smooth curve between the ends instead; false when there is none.
  bool Bridge();
};

bool RoadNetworkBuilder::DenseLane::Bridge() {
  opendrive::Geometry bridge;
  bridge.start = begin;
  if (MakeBridge(bridge, end) != nullptr) return false;
  const double first_s = s_m.front(), length_s = s_m.back() - first_s;
  const std::vector<double> old_s = s_m;
  const std::vector<CurvePoint> old_points = points;
  const std::vector<CurveGround> old_ground = ground;
  const int pieces = 1 + static_cast<int>(bridge.length_m / kDenseStep);
  s_m.clear();
  points.clear();
  ground.clear();
  for (int i = 0; i <= pieces; ++i) {
    const double share = static_cast<double>(i) / pieces, s = first_s + share * length_s;
    // Width and ground as beside it in the file.
    const size_t k = std::min<size_t>(
        static_cast<size_t>(std::lower_bound(old_s.begin(), old_s.end(), s) - old_s.begin()),
        old_s.size() - 1);
    const opendrive::LineFrame frame = opendrive::FrameOn(bridge, share * bridge.length_m);
    points.push_back({frame.pose.position_m, frame.pose.heading_rad, frame.curvature_1pm,
                      old_points[k].half_width_m});
    ground.push_back(old_ground[k]);
    s_m.push_back(s);
  }
  return true;
}

void RoadNetworkBuilder::MakeLanes() {
  for (size_t r = 0; r < document_.roads.size(); ++r) {
    CheckLine(document_.roads[r]);
    for (SectionGroup& group : groups_[r]) {
      MakeLanesOf(document_.roads[r], group);
      MakeNeighbours(group);
    }
  }
  for (const Lane& lane : network_->lanes_) {
    network_->flat_ = network_->flat_ && lane.center.flat();
  }
}

void RoadNetworkBuilder::MakeLanesOf(const Road& road, SectionGroup& group) {
  std::vector<DenseLane> lanes;
  const Section& head = road.sections[group.first];
  for (const std::vector<LaneRecord>* side : {&head.left, &head.right}) {
    for (const LaneRecord& record : *side) {
      if (!record.drivable) continue;
      lanes.emplace_back();
      lanes.back().record = &record;
    }
  }
  if (lanes.empty()) return;
  opendrive::CrossSection cut;
  for (size_t i = group.first; i <= group.last; ++i) {
    const Section& section = road.sections[i];
    total_length_m_ += (section.end_s_m - section.begin_s_m) * static_cast<double>(lanes.size());
    if (total_length_m_ > limits_.max_lane_length_m) {
      opendrive::Refuse(network_->name_, road.id, section.begin_s_m,
                        "the lanes up to here are longer than " +
                            std::to_string(limits_.max_lane_length_m / 1000.0) + " km");
    }
    const std::vector<double> stations =
        road.SampleStations(section, section.begin_s_m, section.end_s_m, kDenseStep, 1.0);
    const size_t num_edges = section.left.size() + section.right.size() + 1;
    Spend(road, section.begin_s_m, static_cast<double>(stations.size() * num_edges));
    for (const double s : stations) {
      if (i > group.first && s == section.begin_s_m) continue;
      road.CutAt(section, s, cut);
      size_t next = 0;  // drivable lanes stand in every section of the group in one order
      const auto add = [&](const std::vector<LaneRecord>& side, bool left) {
        for (size_t k = 0; k < side.size(); ++k) {
          if (!side[k].drivable) continue;
          const size_t center = section.left.size();
          AddPoint(road, side[k], cut, section.begin_s_m, cut.edges[left ? center - k : center + k],
                   cut.edges[left ? center - k - 1 : center + k + 1], lanes[next++]);
        }
      };
      add(section.left, true);
      add(section.right, false);
    }
  }
  for (DenseLane& dense : lanes) {
    std::optional<Lane> lane = FinishLane(road, dense);
    if (!lane) continue;
    lane->section = head.index;
    lane->begin_s_m = head.begin_s_m;
    lane->end_s_m = road.sections[group.last].end_s_m;
    if (!IsForward(road, dense.record->id)) std::swap(lane->begin_s_m, lane->end_s_m);
    group.lanes.emplace_back(dense.record->id, static_cast<LaneIndex>(network_->lanes_.size()));
    network_->lanes_.push_back(std::move(*lane));
    forward_.push_back(IsForward(road, dense.record->id));
  }
}

void RoadNetworkBuilder::AddPoint(const Road& road, const LaneRecord& record,
                                  const opendrive::CrossSection& cut, double section_s_m,
                                  opendrive::Lateral inner, opendrive::Lateral outer,
                                  DenseLane& lane) {
  opendrive::Lateral t = opendrive::SeenFromAbove((inner + outer) * 0.5, cut.roll);
  const double k = cut.frame.curvature_1pm;
  lane.end = {WorldFromLocal(cut.frame.pose, {0.0, t.value_m}),
              cut.frame.pose.heading_rad + std::atan(t.first)};
  if (lane.s_m.empty()) lane.begin = lane.end;
  if (1.0 - k * t.value_m < kLeastAlong) {
    if (lane.folded_m == 0.0) lane.folded_s_m = cut.s_m;
    lane.folded_m += lane.s_m.empty() ? 1e-3 : cut.s_m - lane.s_m.back();
    t = {(1.0 - kLeastAlong) / k, 0.0, 0.0};
  }
  const double half_width =
      0.5 * std::abs(outer.value_m - inner.value_m) * std::cos(cut.roll.value_m);
  lane.points.push_back(CenterPoint(cut.frame, t, half_width));
  lane.s_m.push_back(cut.s_m);

  const opendrive::LaneHeight own = opendrive::HeightAt(record, cut.s_m - section_s_m);
  opendrive::Ground ground = road.relief.At(cut.s_m, t.value_m);
  ground.height_m += 0.5 * (own.inner_m + own.outer_m);
  // The slopes turned from the reference line's direction into the lane's.
  const double along = 1.0 - k * t.value_m, speed = std::hypot(along, t.first);
  const double grade = (ground.along + ground.across * t.first) / speed;
  const double bank = (ground.across * along - ground.along / along * t.first) / speed;
  lane.ground.push_back({ground.height_m, grade, std::atan(bank)});
}

std::optional<Lane> RoadNetworkBuilder::FinishLane(const Road& road, DenseLane& dense) {
  const LaneRecord& record = *dense.record;
  const std::string name = "lane " + std::to_string(record.id);
  if (dense.folded_m > 0.0) {
    const bool bridged = dense.Bridge();
    Defect(
        road, dense.folded_s_m,
        name + " lies inside the centre of the curve: it would fold over" +
            (bridged ? "; a smooth curve between its ends is driven instead" : "; it is left out"));
    if (!bridged) return std::nullopt;
  }
  if (std::none_of(dense.points.begin(), dense.points.end(),
                   [](const CurvePoint& p) { return p.half_width_m > 0.5 * kNarrowestLane; })) {
    return std::nullopt;  // nobody can drive there
  }
  std::vector<CurvePoint>& points = dense.points;
  for (size_t i = 1; i < points.size(); ++i) {
    const double jump = Distance(points[i - 1].position_m, points[i].position_m);
    if (jump < 2.0 * kDenseStep) continue;
    Defect(road, dense.s_m[i], name + ": its centre jumps by " + std::to_string(jump) + " m");
    break;
  }
  for (size_t i = 1; i < points.size(); ++i) {
    const double jump = std::abs(dense.ground[i].height_m - dense.ground[i - 1].height_m) -
                        (dense.s_m[i] - dense.s_m[i - 1]);  // steeper than 45 degrees
    if (jump < kReportedStep) continue;
    Defect(road, dense.s_m[i], name + ": its height jumps by " + std::to_string(jump) + " m");
    break;
  }
  Lane lane;
  lane.road_id = road.id;
  lane.opendrive_lane = record.id;
  lane.speed_limit_mps = record.speed_limit_mps > 0.0 ? record.speed_limit_mps
                         : road.speed_limit_mps > 0.0 ? road.speed_limit_mps
                                                      : lane.speed_limit_mps;
  if (!IsForward(road, record.id)) {
    std::reverse(points.begin(), points.end());
    for (CurvePoint& point : points) {
      point.heading_rad += std::numbers::pi;
      point.curvature_1pm = -point.curvature_1pm;
    }
    std::reverse(dense.ground.begin(), dense.ground.end());
    for (CurveGround& ground : dense.ground) {
      ground.grade = -ground.grade;
      ground.bank_rad = -ground.bank_rad;
    }
  }
  points.front().heading_rad = WrapAngle(points.front().heading_rad);
  const double length = DenseLength(points);
  if (!(length > 1e-9) || !std::isfinite(length)) {
    Defect(road, 0.0, name + " has no length; it is left out");
    return std::nullopt;
  }
  // Outside of a bend a lane is longer than its road.
  curve_length_m_ += length;
  if (curve_length_m_ > kMostCurve * limits_.max_lane_length_m) {
    opendrive::Refuse(network_->name_, road.id, 0.0, "the lanes up to here are too long");
  }
  if (std::all_of(dense.ground.begin(), dense.ground.end(),
                  [](const CurveGround& g) { return g.height_m == 0.0; })) {
    dense.ground.clear();
  }
  lane.center = Curve(points, dense.ground, length);
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

}  // namespace volante
