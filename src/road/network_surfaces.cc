// What a camera sees of the road: strips of ground and painted lines.
#include <algorithm>
#include <cmath>

#include "road/network_builder.h"

namespace volante {

using opendrive::LaneRecord;
using opendrive::MarkPattern;
using opendrive::Road;
using opendrive::RoadMark;
using opendrive::Section;

namespace {

constexpr double kSurfaceStep = 20.0;  // longest straight piece of a strip
constexpr double kMarkStep = 5.0;
constexpr double kChordError = 0.04;
constexpr double kJunctionChordError = 0.01;  // strips of different roads meet there
constexpr double kThinnest = 1e-3;            // strips thinner than this are not drawn

// One side's strips, from the inside out, over the common stations of the section.
void AddStrips(const Road& road, const Section& section, const std::vector<LaneRecord>& side,
               int sign, const std::vector<double>& stations, std::vector<SurfaceStrip>& strips) {
  std::vector<opendrive::Lateral> edges;
  const size_t center = section.left.size();
  for (size_t k = 0; k < side.size(); ++k) {
    if (!side[k].surface) continue;
    SurfaceStrip strip;
    strip.surface = *side[k].surface;
    strip.in_junction = !road.junction.empty();
    double widest = 0.0;
    for (const double s : stations) {
      road.EdgesAt(section, s, edges);
      const double inner = edges[sign > 0 ? center - k : center + k].value_m;
      const double outer = edges[sign > 0 ? center - k - 1 : center + k + 1].value_m;
      widest = std::max(widest, std::abs(outer - inner));
      strip.left.push_back(road.PointAt(s, std::max(inner, outer)));
      strip.right.push_back(road.PointAt(s, std::min(inner, outer)));
    }
    if (widest > kThinnest) strips.push_back(std::move(strip));
  }
}

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

// One edge's marks; `edge` counts from the leftmost.
void AddMarks(const Road& road, const Section& section, size_t edge, int sign,
              const std::vector<RoadMark>& marks, std::vector<MarkLine>& lines) {
  std::vector<opendrive::Lateral> edges;
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
    for (const PaintedLine& line : painted) {
      MarkLine out{line.kind, marks[i].color, marks[i].width_m, marks[i].dash_m, marks[i].gap_m, {},
                   {}};
      for (const double s : stations) {
        road.EdgesAt(section, s, edges);
        out.points.push_back(road.PointAt(s, edges[edge].value_m + line.t_offset_m));
      }
      lines.push_back(std::move(out));
    }
  }
}

}  // namespace

void RoadNetworkBuilder::MakeSurfaces() {
  RoadNetwork& net = *network_;
  for (const Road& road : document_.roads) {
    for (const Section& section : road.sections) {
      const std::vector<double> stations =
          road.SampleStations(section, section.begin_s_m, section.end_s_m, kSurfaceStep,
                              road.junction.empty() ? kChordError : kJunctionChordError);
      AddStrips(road, section, section.left, 1, stations, net.surfaces_);
      AddStrips(road, section, section.right, -1, stations, net.surfaces_);
    }
  }
  net.min_m_ = {1e300, 1e300};
  net.max_m_ = {-1e300, -1e300};
  for (const SurfaceStrip& strip : net.surfaces_) {
    for (const std::vector<Vec2>* side : {&strip.left, &strip.right}) {
      for (const Vec2 p : *side) {
        net.min_m_ = {std::min(net.min_m_.x, p.x), std::min(net.min_m_.y, p.y)};
        net.max_m_ = {std::max(net.max_m_.x, p.x), std::max(net.max_m_.y, p.y)};
      }
    }
  }
}

// Connecting lanes can enclose pieces of ground that no lane covers: the middle of a crossing.
// Such holes are found on a raster and paved row by row; the pieces reach at most half a cell over
// the lanes around them. Larger ones are islands (roundabouts) and stay.
void RoadNetworkBuilder::FillJunctionHoles() {
  constexpr double kCell = 0.25;
  constexpr double kLargestHole = 150.0;  // m^2
  constexpr int kLargestRaster = 2000;    // cells a side: junctions up to 500 m
  enum : uint8_t { kOpen, kCovered, kSeen };
  RoadNetwork& net = *network_;
  for (const Junction& junction : net.junctions_) {
    const double half = junction.radius_m + 1.0;
    const int n = static_cast<int>(2.0 * half / kCell) + 1;
    if (n > kLargestRaster) continue;
    const Vec2 low = junction.center_m - Vec2{half, half};
    const auto center_of = [&](int row, int column) {
      return low + Vec2{(column + 0.5) * kCell, (row + 0.5) * kCell};
    };
    std::vector<uint8_t> cells(static_cast<size_t>(n) * n, kOpen);
    // Points closer together than the cells, so that no cell under a lane is left out.
    const auto cover = [&](const Curve& curve, double from_s, double to_s) {
      constexpr double kStep = 0.4 * kCell;
      for (double s = std::max(0.0, from_s); s <= std::min(to_s, curve.length_m()); s += kStep) {
        const CurvePoint p = curve.At(s);
        const Vec2 along = UnitFromHeading(p.heading_rad), across{-along.y, along.x};
        for (double t = -p.half_width_m; t <= p.half_width_m; t += kStep) {
          const Vec2 at = (p.position_m + across * t - low) * (1.0 / kCell);
          if (!(at.x >= 0.0 && at.y >= 0.0 && at.x < n && at.y < n)) continue;
          cells[static_cast<size_t>(at.y) * n + static_cast<size_t>(at.x)] = kCovered;
        }
      }
    };
    for (const LaneIndex i : junction.lanes) {
      const Lane& lane = net.lane(i);
      cover(lane.center, 0.0, lane.center.length_m());
      for (const LaneIndex k : lane.successors) cover(net.lane(k).center, 0.0, half);
      for (const LaneIndex k : lane.predecessors) {
        const double length = net.lane(k).center.length_m();
        cover(net.lane(k).center, length - half, length);
      }
    }
    // Floods from a cell over open ones; true when the raster's border was reached.
    std::vector<int> region;
    const auto flood = [&](int from) {
      bool border = false;
      region.assign(1, from);
      cells[from] = kSeen;
      for (size_t k = 0; k < region.size(); ++k) {
        const int r = region[k] / n, c = region[k] % n;
        border = border || r == 0 || c == 0 || r == n - 1 || c == n - 1;
        const auto spread = [&](bool within, int next) {
          if (!within || cells[next] != kOpen) return;
          cells[next] = kSeen;
          region.push_back(next);
        };
        spread(c > 0, region[k] - 1);
        spread(c < n - 1, region[k] + 1);
        spread(r > 0, region[k] - n);
        spread(r < n - 1, region[k] + n);
      }
      return border;
    };
    for (int i = 0; i < n * n; ++i) {
      if (cells[i] != kOpen) continue;
      if (flood(i) || static_cast<double>(region.size()) * kCell * kCell > kLargestHole) continue;
      std::sort(region.begin(), region.end());
      for (size_t k = 0; k < region.size();) {
        size_t end = k + 1;
        while (end < region.size() && region[end] == region[end - 1] + 1) ++end;
        const Vec2 a = center_of(region[k] / n, region[k] % n) - Vec2{kCell, kCell};
        const Vec2 b = center_of(region[end - 1] / n, region[end - 1] % n) + Vec2{kCell, kCell};
        net.surfaces_.push_back(
            {Surface::kRoad, true, {{a.x, b.y}, {b.x, b.y}}, {{a.x, a.y}, {b.x, a.y}}, {}, {}});
        k = end;
      }
    }
  }
}

// Inside junctions a file's marks often run along every connecting road, across the other ones;
// only the pieces that lie on no other lane's surface are kept.
void RoadNetworkBuilder::MakeMarks() {
  constexpr double kEdgeTolerance = 0.4;
  RoadNetwork& net = *network_;
  std::vector<LaneIndex> at;
  const auto inside_a_lane = [&](Vec2 point) {
    net.LanesAt(point, at);
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
      kept.points.clear();
      const auto flush = [&] {
        if (kept.points.size() > 1) net.marks_.push_back(kept);
        kept.points.clear();
      };
      for (size_t i = 1; i < line.points.size(); ++i) {
        if (inside_a_lane((line.points[i - 1] + line.points[i]) * 0.5)) {
          flush();
          continue;
        }
        if (kept.points.empty()) kept.points.push_back(line.points[i - 1]);
        kept.points.push_back(line.points[i]);
      }
      flush();
    }
  }
}

}  // namespace volante
