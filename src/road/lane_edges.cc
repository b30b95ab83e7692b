#include "road/lane_edges.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "road/network_builder.h"

namespace volante {

using opendrive::LaneRecord;
using opendrive::Road;
using opendrive::RoadMark;
using opendrive::Section;

namespace {

// A mark between two arc lengths of the road.
struct Painted {
  double begin_s_m = 0.0, end_s_m = 0.0;
  LaneMark mark;
};

void AddPainted(const Section& section, const std::vector<RoadMark>& marks,
                std::vector<Painted>& painted) {
  const double first = marks.empty() ? section.end_s_m : section.begin_s_m + marks[0].s_offset_m;
  if (first > section.begin_s_m) painted.push_back({section.begin_s_m, first, {}});
  for (size_t i = 0; i < marks.size(); ++i) {
    const double begin = section.begin_s_m + marks[i].s_offset_m;
    const double end = i + 1 < marks.size()
                           ? std::min(section.end_s_m, section.begin_s_m + marks[i + 1].s_offset_m)
                           : section.end_s_m;
    if (end > begin) painted.push_back({begin, end, marks[i].painted});
  }
}

// Arc length on the lane's centre line beside the road's s.
double OnCenter(const Road& road, const Section& section, int id, const Curve& center, double s) {
  opendrive::CrossSection cut;
  road.CutAt(section, s, cut);
  const std::vector<LaneRecord>& side = id > 0 ? section.left : section.right;
  size_t k = 0;
  while (side[k].id != id) ++k;
  const size_t middle = section.left.size();
  const double inner = cut.edges[id > 0 ? middle - k : middle + k].value_m;
  const double outer = cut.edges[id > 0 ? middle - k - 1 : middle + k + 1].value_m;
  return center.Project(cut.PointAt(0.5 * (inner + outer))).s_m;
}

}  // namespace

LaneMark LaneMarkOf(std::string_view type, std::string_view color, std::string_view lane_change) {
  constexpr std::pair<std::string_view, LaneMarkType> kTypes[] = {
      {"", LaneMarkType::kNone},
      {"none", LaneMarkType::kNone},
      {"broken", LaneMarkType::kBroken},
      {"solid", LaneMarkType::kSolid},
      {"solid solid", LaneMarkType::kSolidSolid},
      {"solid broken", LaneMarkType::kSolidBroken},
      {"broken solid", LaneMarkType::kBrokenSolid},
      {"broken broken", LaneMarkType::kBrokenBroken},
      {"botts dots", LaneMarkType::kBottsDots},
      {"grass", LaneMarkType::kGrass},
      {"curb", LaneMarkType::kCurb}};
  LaneMark mark;
  mark.type = LaneMarkType::kOther;
  for (const auto& [name, value] : kTypes) {
    if (name == type) mark.type = value;
  }
  mark.color = color.empty() || color == "standard" || color == "white" ? LaneMarkColor::kWhite
               : color == "yellow"                                      ? LaneMarkColor::kYellow
                                                                        : LaneMarkColor::kOther;
  mark.change = lane_change == "increase"   ? PermittedChange::kLeft
                : lane_change == "decrease" ? PermittedChange::kRight
                : lane_change == "none"     ? PermittedChange::kNone
                                            : PermittedChange::kBoth;
  return mark;
}

LaneMark SeenFromOpposite(LaneMark mark) {
  if (mark.change == PermittedChange::kLeft) {
    mark.change = PermittedChange::kRight;
  } else if (mark.change == PermittedChange::kRight) {
    mark.change = PermittedChange::kLeft;
  }
  return mark;
}

// A lane's outer edge carries its own marks, its inner one those of its neighbour towards the
// centre, or of the centre line.
void RoadNetworkBuilder::MakeLaneEdges() {
  network_->edges_.resize(network_->lanes_.size());
  for (size_t r = 0; r < document_.roads.size(); ++r) {
    const Road& road = document_.roads[r];
    for (const SectionGroup& group : groups_[r]) {
      for (const auto& [id, index] : group.lanes) {
        const Curve& center = network_->lanes_[static_cast<size_t>(index)].center;
        const bool forward = forward_[static_cast<size_t>(index)];
        for (const bool outer : {true, false}) {
          std::vector<LaneEdges::Stretch> stretches;
          for (size_t i = group.first; i <= group.last; ++i) {
            const Section& section = road.sections[i];
            const std::vector<LaneRecord>& side = id > 0 ? section.left : section.right;
            size_t k = 0;
            while (side[k].id != id) ++k;
            std::vector<Painted> painted;
            AddPainted(section,
                       outer   ? side[k].marks
                       : k > 0 ? side[k - 1].marks
                               : section.center_marks,
                       painted);
            // In driving direction each stretch begins where it is met first.
            for (const Painted& p : painted) {
              // Each is looked for along the whole lane.
              Spend(road, p.begin_s_m,
                    static_cast<double>(section.left.size() + section.right.size()) +
                        0.2 * static_cast<double>(center.points().size()));
              const double s = forward ? p.begin_s_m : p.end_s_m;
              const bool at_entry = forward ? i == group.first && s <= section.begin_s_m
                                            : i == group.last && s >= section.end_s_m;
              stretches.push_back({at_entry ? 0.0 : OnCenter(road, section, id, center, s),
                                   forward ? p.mark : SeenFromOpposite(p.mark)});
            }
          }
          std::stable_sort(stretches.begin(), stretches.end(),
                           [](const LaneEdges::Stretch& a, const LaneEdges::Stretch& b) {
                             return a.begin_s_m < b.begin_s_m;
                           });
          LaneEdges& edges = network_->edges_[static_cast<size_t>(index)];
          // The reference line's left side has the positive ids.
          const bool on_left = ((id > 0) == outer) == forward;
          (on_left ? edges.left : edges.right) = std::move(stretches);
        }
      }
    }
  }
}

}  // namespace volante
