// <lanes>: lane offsets, lane sections, widths, borders, heights, links and marks.
#include <algorithm>
#include <cmath>
#include <string>

#include "road/lane_edges.h"
#include "road/opendrive_xml.h"

namespace volante::opendrive {
namespace {

constexpr double kLargestWidth = 100.0;    // of a lane
constexpr double kLargestHeight = 20.0;    // of a lane above the road
constexpr double kWidthTolerance = 0.01;   // below zero by less is rounding
constexpr double kShortestSection = 5e-3;  // m; shorter ones are bridged by the one before

bool IsDrivable(std::string_view type) {
  for (const std::string_view drivable :
       {"driving", "entry", "exit", "onRamp", "offRamp", "connectingRamp", "mwyEntry", "mwyExit"}) {
    if (type == drivable) return true;
  }
  return false;
}

std::optional<Surface> SurfaceOf(std::string_view type) {
  if (type == "none" || type.empty()) return std::nullopt;
  if (type == "sidewalk" || type == "walking") return Surface::kSidewalk;
  if (type == "shoulder" || type == "border" || type == "curb") return Surface::kShoulder;
  for (const std::string_view paved :
       {"bidirectional", "parking", "stop", "biking", "bus", "taxi", "HOV", "slipLane", "shared"}) {
    if (type == paved) return Surface::kRoad;
  }
  return IsDrivable(type) ? Surface::kRoad : Surface::kOther;
}

class LaneReader {
 public:
  LaneReader(XmlSource& source, Road& road) : source_(source), road_(road) {}

  bool Read(pugi::xml_node lanes) {
    source_.SetS(0.0);
    road_.lane_offsets = source_.ReadCubics(lanes, "laneOffset", "s");
    // Before the first record there is no offset.
    if (!road_.lane_offsets.empty() && road_.lane_offsets.front().s_m > kShortestSection) {
      road_.lane_offsets.insert(road_.lane_offsets.begin(), Cubic{});
    }
    if (const auto s = OutOfRange(road_.lane_offsets, road_.length_m, -1000.0, 1000.0)) {
      source_.RefuseRoad(*s, "the lane offset is out of range");
    }
    for (const pugi::xml_node node : lanes.children("laneSection")) ReadSection(node);
    if (road_.sections.empty()) return false;
    SetEnds();
    OpenBidirectionalLanes();
    for (Section& section : road_.sections) {
      for (std::vector<LaneRecord>* side : {&section.left, &section.right}) {
        for (LaneRecord& lane : *side) CheckWidths(section, lane);
      }
    }
    return true;
  }

 private:
  std::vector<RoadMark> ReadMarks(pugi::xml_node lane) const {
    std::vector<RoadMark> marks;
    for (const pugi::xml_node node : lane.children("roadMark")) {
      RoadMark mark;
      mark.s_offset_m = std::max(0.0, source_.Number(node, "sOffset", 0.0));
      const std::string_view type = node.attribute("type").value();
      mark.pattern = type == "solid"           ? MarkPattern::kSolid
                     : type == "broken"        ? MarkPattern::kBroken
                     : type == "solid solid"   ? MarkPattern::kSolidSolid
                     : type == "solid broken"  ? MarkPattern::kSolidBroken
                     : type == "broken solid"  ? MarkPattern::kBrokenSolid
                     : type == "broken broken" ? MarkPattern::kBrokenBroken
                                               : MarkPattern::kNone;
      if (std::string_view(node.attribute("color").value()) == "yellow") {
        mark.color = MarkColor::kYellow;
      }
      mark.painted =
          LaneMarkOf(type, node.attribute("color").value(), node.attribute("laneChange").value());
      mark.width_m = source_.Number(node, "width", 0.15);
      if (!(mark.width_m > 0.01 && mark.width_m < 1.0)) mark.width_m = 0.15;
      // The pattern of the first explicit line that has one.
      for (const pugi::xml_node line : node.child("type").children("line")) {
        const double dash = source_.Number(line, "length", 0.0);
        const double gap = source_.Number(line, "space", 0.0);
        if (dash > 0.05 && gap > 0.05 && dash < 1000.0 && gap < 1000.0) {
          mark.dash_m = dash;
          mark.gap_m = gap;
          break;
        }
      }
      marks.push_back(mark);
    }
    std::stable_sort(marks.begin(), marks.end(), [](const RoadMark& p, const RoadMark& q) {
      return p.s_offset_m < q.s_offset_m;
    });
    return marks;
  }

  std::vector<LaneHeight> ReadHeights(pugi::xml_node lane) const {
    std::vector<LaneHeight> heights;
    bool flat = true;
    for (const pugi::xml_node node : lane.children("height")) {
      const LaneHeight height{source_.Number(node, "sOffset", 0.0),
                              source_.Number(node, "inner", 0.0),
                              source_.Number(node, "outer", 0.0)};
      if (std::abs(height.inner_m) > kLargestHeight || std::abs(height.outer_m) > kLargestHeight) {
        source_.RefuseRoad(s_m_, "a lane's height is out of range");
      }
      flat = flat && height.inner_m == 0.0 && height.outer_m == 0.0;
      heights.push_back(height);
    }
    if (flat) return {};
    std::stable_sort(heights.begin(), heights.end(),
                     [](const LaneHeight& p, const LaneHeight& q) { return p.s_m < q.s_m; });
    return heights;
  }

  LaneRecord ReadLane(pugi::xml_node node) {
    LaneRecord lane;
    const std::optional<int> id = source_.LaneId(node, "id");
    if (!id) source_.RefuseRoad(s_m_, "id of <lane> is missing");
    lane.id = *id;
    lane.type = node.attribute("type").value();
    lane.drivable = IsDrivable(lane.type);
    lane.surface = SurfaceOf(lane.type);
    lane.widths = source_.ReadCubics(node, "width", "sOffset");
    if (lane.widths.empty()) lane.borders = source_.ReadCubics(node, "border", "sOffset");
    lane.heights = ReadHeights(node);
    lane.predecessor = source_.LaneId(node.child("link").child("predecessor"), "id");
    lane.successor = source_.LaneId(node.child("link").child("successor"), "id");
    lane.marks = ReadMarks(node);
    lane.speed_limit_mps = source_.ReadSpeed(node.child("speed"));
    return lane;
  }

  std::vector<LaneRecord> ReadSide(pugi::xml_node side, int sign) {
    std::vector<LaneRecord> lanes;
    for (const pugi::xml_node node : side.children("lane")) {
      source_.CountLane();
      LaneRecord lane = ReadLane(node);
      if (lane.id * sign <= 0) {
        source_.RefuseRoad(s_m_, "lane " + std::to_string(lane.id) + " stands on the wrong side");
      }
      lanes.push_back(std::move(lane));
    }
    std::stable_sort(lanes.begin(), lanes.end(), [](const LaneRecord& p, const LaneRecord& q) {
      return std::abs(p.id) < std::abs(q.id);
    });
    for (size_t i = 1; i < lanes.size(); ++i) {
      if (lanes[i].id == lanes[i - 1].id) {
        source_.RefuseRoad(s_m_, "lane " + std::to_string(lanes[i].id) + " occurs twice");
      }
    }
    return lanes;
  }

  void ReadSection(pugi::xml_node node) {
    Section section;
    section.begin_s_m = s_m_ = source_.Required(node, "s");
    source_.SetS(s_m_);
    section.left = ReadSide(node.child("left"), 1);
    section.right = ReadSide(node.child("right"), -1);
    section.center_marks = ReadMarks(node.child("center").child("lane"));
    road_.sections.push_back(std::move(section));
  }

  // Links of the lanes before and after lead past the section that is taken out.
  static void BridgeLinks(Section* before, const Section& gone, Section* after) {
    if (before) {
      for (std::vector<LaneRecord>* side : {&before->left, &before->right}) {
        for (LaneRecord& lane : *side) {
          const LaneRecord* next = lane.successor ? gone.Find(*lane.successor) : nullptr;
          lane.successor = next ? next->successor : std::nullopt;
        }
      }
    }
    if (after) {
      for (std::vector<LaneRecord>* side : {&after->left, &after->right}) {
        for (LaneRecord& lane : *side) {
          const LaneRecord* previous = lane.predecessor ? gone.Find(*lane.predecessor) : nullptr;
          lane.predecessor = previous ? previous->predecessor : std::nullopt;
        }
      }
    }
  }

  // Lane offsets that begin where a section was taken out begin with one of those beside it.
  void MoveOffsets(double begin_s, double end_s, double to_s) {
    constexpr double kRounding = 1e-6;
    for (Cubic& record : road_.lane_offsets) {
      if (record.s_m < begin_s - kRounding || record.s_m > end_s + kRounding) continue;
      if (record.s_m > 0.0 || to_s == 0.0) record.s_m = to_s;
    }
  }

  // Orders the sections and closes them; those without a length are left out.
  void SetEnds() {
    std::vector<Section>& all = road_.sections;
    std::stable_sort(all.begin(), all.end(),
                     [](const Section& p, const Section& q) { return p.begin_s_m < q.begin_s_m; });
    for (size_t i = 0; i < all.size(); ++i) all[i].index = static_cast<int>(i);
    all.front().begin_s_m = 0.0;
    std::vector<Section> kept;
    for (size_t i = 0; i < all.size(); ++i) {
      const bool last = i + 1 == all.size();
      all[i].end_s_m = last ? road_.length_m : std::min(all[i + 1].begin_s_m, road_.length_m);
      const double length = all[i].end_s_m - all[i].begin_s_m;
      const bool only = last && kept.empty();
      if (length >= kShortestSection || (only && length > 0.0)) {
        kept.push_back(std::move(all[i]));
        continue;
      }
      if (all[i].begin_s_m > road_.length_m + 0.01) {
        source_.AddDefect(all[i].begin_s_m, "a lane section begins beyond the road's end");
      }
      BridgeLinks(kept.empty() ? nullptr : &kept.back(), all[i], last ? nullptr : &all[i + 1]);
      const double begin = all[i].begin_s_m, end = all[i].end_s_m;
      if (kept.empty()) {
        MoveOffsets(begin, end, begin);
        all[i + 1].begin_s_m = begin;
      } else if (last) {
        MoveOffsets(begin, road_.length_m, road_.length_m);
        kept.back().end_s_m = road_.length_m;
      } else {
        MoveOffsets(begin, end, end);
        kept.back().end_s_m = all[i + 1].begin_s_m = end;
      }
    }
    all = std::move(kept);
  }

  // A lane for both directions is driven in the direction of its side, where the road has no other
  // lane to drive on; beside others it is a turning lane, which nobody drives along.
  void OpenBidirectionalLanes() {
    for (const Section& section : road_.sections) {
      for (const std::vector<LaneRecord>* side : {&section.left, &section.right}) {
        for (const LaneRecord& lane : *side) {
          if (lane.drivable) return;
        }
      }
    }
    for (Section& section : road_.sections) {
      for (std::vector<LaneRecord>* side : {&section.left, &section.right}) {
        for (LaneRecord& lane : *side) lane.drivable = lane.type == "bidirectional";
      }
    }
  }

  void CheckWidths(const Section& section, const LaneRecord& lane) {
    const double length = section.end_s_m - section.begin_s_m;
    const std::string name = "lane " + std::to_string(lane.id);
    const auto width_at = [&](double s) {
      return " has the width " + std::to_string(Evaluate(lane.widths, s).value_m) + " m";
    };
    if (const auto s = OutOfRange(lane.widths, length, -1e9, kLargestWidth)) {
      source_.RefuseRoad(section.begin_s_m + *s, name + width_at(*s));
    }
    if (const auto s = OutOfRange(lane.widths, length, -kWidthTolerance, kLargestWidth)) {
      source_.AddDefect(section.begin_s_m + *s,
                        name + width_at(*s) + ": negative widths are taken for 0");
    }
    if (const auto s = OutOfRange(lane.borders, length, -kLargestWidth, kLargestWidth)) {
      source_.RefuseRoad(section.begin_s_m + *s, name + " has its border out of range");
    }
  }

  XmlSource& source_;
  Road& road_;
  double s_m_ = 0.0;  // of the section read now
};

}  // namespace

bool ReadLanes(pugi::xml_node road_node, XmlSource& source, Road& road) {
  return LaneReader(source, road).Read(road_node.child("lanes"));
}

}  // namespace volante::opendrive
