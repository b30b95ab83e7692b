// What a camera sees of the road: painted lines.
#include <algorithm>
#include <cmath>

#include "road/network_builder.h"

namespace volante {

using opendrive::MarkPattern;
using opendrive::Road;
using opendrive::RoadMark;
using opendrive::Section;

namespace {

constexpr double kMarkStep = 5.0;
constexpr double kChordError = 0.04;

struct PaintedLine {
  MarkKind kind;
  double t_offset_m;
};

// The lines of a mark, from the inside out; of two lines, each is as wide as the gap between them.
std::vector<PaintedLine> LinesOf(const RoadMark& mark, int sign) {
  const double t = sign * mark.width_m;
  switch (mark.pattern) {
    case MarkPattern::kNone:
      return {};
    case MarkPattern::kSolid:
      return {{MarkKind::kSolid, 0.0}};
    case MarkPattern::kBroken:
      return {{MarkKind::kBroken, 0.0}};
    case MarkPattern::kSolidSolid:
      return {{MarkKind::kSolid, -t}, {MarkKind::kSolid, t}};
    case MarkPattern::kSolidBroken:
      return {{MarkKind::kSolid, -t}, {MarkKind::kBroken, t}};
    case MarkPattern::kBrokenSolid:
      return {{MarkKind::kBroken, -t}, {MarkKind::kSolid, t}};
    case MarkPattern::kBrokenBroken:
      return {{MarkKind::kBroken, -t}, {MarkKind::kBroken, t}};
  }
  return {};
}

}  // namespace

// One edge's marks; `edge` counts from the leftmost.
void RoadNetworkBuilder::AddMarks(const Road& road, const Section& section, size_t edge, int sign,
                                  const std::vector<RoadMark>& marks,
                                  std::vector<MarkLine>& lines) {
  opendrive::CrossSection cut;
  const double num_edges = static_cast<double>(section.left.size() + section.right.size() + 1);
  for (size_t i = 0; i < marks.size(); ++i) {
    const double begin = section.begin_s_m + marks[i].s_offset_m;
    const double end = i + 1 < marks.size()
                           ? std::min(section.end_s_m, section.begin_s_m + marks[i + 1].s_offset_m)
                           : section.end_s_m;
    if (end - begin < 0.01) continue;
    const std::vector<PaintedLine> painted = LinesOf(marks[i], sign);
    if (painted.empty()) continue;
    const std::vector<double> stations =
        road.SampleStations(section, begin, end, kMarkStep, kChordError);
    Spend(road, begin, num_edges * static_cast<double>(stations.size() * painted.size()));
    for (const PaintedLine& line : painted) {
      MarkLine out{line.kind, marks[i].color, marks[i].width_m, marks[i].dash_m, marks[i].gap_m, {},
                   {}};
      for (const double s : stations) {
        road.CutAt(section, s, cut);
        const double t = cut.edges[edge].value_m + line.t_offset_m;
        out.points.push_back(cut.PointAt(t));
        if (!road.relief.flat()) out.height_m.push_back(road.HeightAt(cut, t));
      }
      lines.push_back(std::move(out));
    }
  }
}

// Inside junctions a file's marks often run along every connecting road, across the other ones;
// only the pieces that lie on no other lane's surface are kept.
void RoadNetworkBuilder::MakeMarks() {
  constexpr double kEdgeTolerance = 0.4;
  RoadNetwork& net = *network_;
  std::vector<LaneIndex> at;
  const auto inside_a_lane = [&](const Road& road, Vec2 point, double height) {
    net.LanesAt(point, at, net.flat_ ? std::nullopt : std::optional<double>(height));
    for (const LaneIndex i : at) {
      Spend(road, 0.0, 50.0 + 0.2 * static_cast<double>(net.lane(i).center.points().size()));
    }
    return std::any_of(at.begin(), at.end(), [&](LaneIndex i) {
      const CurveProjection p = net.lane(i).center.Project(point);
      return std::abs(p.lateral_m) < net.lane(i).center.At(p.s_m).half_width_m - kEdgeTolerance;
    });
  };
  for (const Road& road : document_.roads) {
    std::vector<MarkLine> lines;
    for (const Section& section : road.sections) {
      const size_t center = section.left.size();
      AddMarks(road, section, center, 1, section.center_marks, lines);
      for (size_t k = 0; k < section.left.size(); ++k) {
        AddMarks(road, section, center - k - 1, 1, section.left[k].marks, lines);
      }
      for (size_t k = 0; k < section.right.size(); ++k) {
        AddMarks(road, section, center + k + 1, -1, section.right[k].marks, lines);
      }
    }
    for (MarkLine& line : lines) {
      if (road.junction.empty()) {
        net.marks_.push_back(std::move(line));
        continue;
      }
      MarkLine kept = line;
      const bool flat = line.height_m.empty();
      const auto clear = [&] {
        kept.points.clear();
        kept.height_m.clear();
      };
      const auto keep = [&](size_t i) {
        kept.points.push_back(line.points[i]);
        if (!flat) kept.height_m.push_back(line.height_m[i]);
      };
      const auto flush = [&] {
        if (kept.points.size() > 1) net.marks_.push_back(kept);
        clear();
      };
      clear();
      for (size_t i = 1; i < line.points.size(); ++i) {
        const double height = flat ? 0.0 : 0.5 * (line.height_m[i - 1] + line.height_m[i]);
        if (inside_a_lane(road, (line.points[i - 1] + line.points[i]) * 0.5, height)) {
          flush();
          continue;
        }
        if (kept.points.empty()) keep(i - 1);
        keep(i);
      }
      flush();
    }
  }
}

}  // namespace volante
