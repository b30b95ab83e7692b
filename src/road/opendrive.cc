#include "road/opendrive.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "base/error.h"

namespace volante::opendrive {
namespace {

// No curve that a road can have needs shorter pieces; hostile ones would ask for billions.
constexpr double kShortestStep = 0.02;
constexpr double kVaryingStep = 2.0;   // where an edge bends by its own
constexpr double kSpiralPiece = 10.0;  // of which each has its own step where the curvature changes
constexpr double kTwistingStep = 5.0;  // where the superelevation changes

double LargestLateral(const std::vector<Lateral>& edges) {
  double largest = 0.0;
  for (const Lateral& edge : edges) largest = std::max(largest, std::abs(edge.value_m));
  return largest;
}

// True when a record in force within [begin, end] is not constant: the edge bends there.
bool Varies(std::span<const Cubic> records, double begin_s, double end_s) {
  if (records.empty()) return false;
  for (size_t i = IndexAt(records, begin_s, &Cubic::s_m); i < records.size(); ++i) {
    if (records[i].s_m >= end_s) break;
    if (records[i].b != 0.0 || records[i].c != 0.0 || records[i].d != 0.0) return true;
  }
  return false;
}

// Calls add(s) for the records that begin within (begin, end).
template <class Record, class Add>
void BreaksWithin(const std::vector<Record>& records, double begin_s, double end_s, Add add) {
  if (records.empty()) return;
  for (size_t i = IndexAt(std::span(records), begin_s, &Record::s_m); i < records.size(); ++i) {
    if (records[i].s_m >= end_s) break;
    add(records[i].s_m);
  }
}

std::string Place(const std::string& road_id, double s_m) {
  char where[64];
  std::snprintf(where, sizeof where, " at s %.6g m", s_m);
  return "road " + road_id + where + ": ";
}

}  // namespace

std::string DefectAt(const std::string& road_id, double s_m, const std::string& what) {
  return Place(road_id, s_m) + what;
}

void Refuse(const std::string& name, const std::string& road_id, double s_m,
            const std::string& reason) {
  throw Error(ExitCode::kBadInput, "the map can't be used", name, Place(road_id, s_m) + reason,
              "mend the map there");
}

const LaneRecord* Section::Find(int id) const {
  for (const LaneRecord& lane : id > 0 ? left : right) {
    if (lane.id == id) return &lane;
  }
  return nullptr;
}

LaneHeight HeightAt(const LaneRecord& lane, double ds_m) {
  if (lane.heights.empty()) return {};
  const std::span<const LaneHeight> heights(lane.heights);
  return heights[IndexAt(heights, ds_m, &LaneHeight::s_m)];
}

Vec2 CrossSection::PointAt(double t_m) const {
  double t = AcrossAt(t_m);
  // An edge inside the curve's centre would fold over; it stays on the centre instead.
  if (frame.curvature_1pm * t > 1.0) t = 1.0 / frame.curvature_1pm;
  return WorldFromLocal(frame.pose, {0.0, t});
}

const Geometry& Road::GeometryAt(double s_m) const {
  const std::span<const Geometry> all(geometries);
  return all[IndexAt(all, s_m, &Geometry::s_m)];
}

LineFrame Road::FrameAt(double s_m) const {
  const double s = std::clamp(s_m, 0.0, length_m);
  const Geometry& g = GeometryAt(s);
  return FrameOn(g, s - g.s_m);
}

void Road::EdgesAt(const Section& section, double s_m, std::vector<Lateral>& edges) const {
  const size_t n_left = section.left.size();
  edges.assign(n_left + section.right.size() + 1, Lateral{});
  // A lane offset that jumps where the next section begins is no part of this one.
  const Lateral center =
      EvaluateBefore(lane_offsets, s_m, std::nextafter(section.end_s_m, section.begin_s_m));
  edges[n_left] = center;
  const double ds = s_m - section.begin_s_m;
  const auto outward = [&](const std::vector<LaneRecord>& lanes, double sign, auto edge_of) {
    Lateral inner = center;
    for (size_t i = 0; i < lanes.size(); ++i) {
      Lateral outer;
      if (!lanes[i].widths.empty() || lanes[i].borders.empty()) {
        Lateral width = Evaluate(lanes[i].widths, ds);
        if (width.value_m < 0.0) width = {};  // the reader reports more than rounding
        outer = inner + width * sign;
      } else {
        const Lateral border = Evaluate(lanes[i].borders, ds);
        outer = border * (border.value_m * sign < 0.0 ? -1.0 : 1.0);
        if ((outer.value_m - inner.value_m) * sign < 0.0) outer = inner;
      }
      edges[edge_of(i)] = outer;
      inner = outer;
    }
  };
  outward(section.left, 1.0, [&](size_t i) { return n_left - 1 - i; });
  outward(section.right, -1.0, [&](size_t i) { return n_left + 1 + i; });
}

void Road::CutAt(const Section& section, double s_m, CrossSection& cut) const {
  cut.s_m = s_m;
  cut.frame = FrameAt(s_m);
  cut.roll = relief.RollAt(s_m);
  EdgesAt(section, s_m, cut.edges);
}

std::vector<double> Road::SampleStations(const Section& section, double begin_s_m, double end_s_m,
                                         double max_step_m, double chord_error_m) const {
  std::vector<double> breaks = {begin_s_m, end_s_m};
  const auto add = [&](double s) {
    if (s > begin_s_m + 1e-6 && s < end_s_m - 1e-6) breaks.push_back(s);
  };
  BreaksWithin(geometries, begin_s_m, end_s_m, add);
  BreaksWithin(lane_offsets, begin_s_m, end_s_m, add);
  BreaksWithin(relief.elevations, begin_s_m, end_s_m, add);
  BreaksWithin(relief.superelevations, begin_s_m, end_s_m, add);
  BreaksWithin(relief.left_crossfalls, begin_s_m, end_s_m, add);
  BreaksWithin(relief.right_crossfalls, begin_s_m, end_s_m, add);
  BreaksWithin(relief.shapes, begin_s_m, end_s_m, add);
  const double begin_ds = begin_s_m - section.begin_s_m, end_ds = end_s_m - section.begin_s_m;
  const auto add_ds = [&](double ds) { add(section.begin_s_m + ds); };
  for (const std::vector<LaneRecord>* side : {&section.left, &section.right}) {
    for (const LaneRecord& lane : *side) {
      BreaksWithin(lane.widths, begin_ds, end_ds, add_ds);
      BreaksWithin(lane.borders, begin_ds, end_ds, add_ds);
      BreaksWithin(lane.heights, begin_ds, end_ds, add_ds);
    }
  }
  std::sort(breaks.begin(), breaks.end());
  for (size_t i = 1, n = breaks.size(); i < n; ++i) {
    const double from = breaks[i - 1], to = breaks[i];
    if (GeometryAt(0.5 * (from + to)).shape == Geometry::Shape::kArc) continue;
    const int pieces = static_cast<int>(std::ceil((to - from) / kSpiralPiece));
    for (int k = 1; k < pieces; ++k) breaks.push_back(from + (to - from) * k / pieces);
  }
  std::sort(breaks.begin(), breaks.end());

  std::vector<double> stations = {begin_s_m};
  std::vector<Lateral> edges;
  for (size_t i = 1; i < breaks.size(); ++i) {
    const double from = breaks[i - 1], to = breaks[i];
    if (to - from < 1e-6 && i + 1 < breaks.size()) continue;
    double step = max_step_m;
    const double middle = 0.5 * (from + to);
    const Geometry& geometry = GeometryAt(middle);
    const double curvature = LargestCurvature(geometry, from - geometry.s_m, to - geometry.s_m);
    if (curvature > 1e-9) {
      // Sagitta of a chord over arc length h on radius R: h^2 / (8 R); edges outside are longer.
      EdgesAt(section, middle, edges);
      const double stretch = 1.0 + curvature * LargestLateral(edges);
      step = std::min(max_step_m / stretch, std::sqrt(8.0 * chord_error_m / (curvature * stretch)));
    }
    if (!relief.flat()) {
      const double bend = std::max(std::abs(Evaluate(relief.elevations, from).second_1pm),
                                   std::abs(Evaluate(relief.elevations, middle).second_1pm));
      if (bend > 1e-9) step = std::min(step, std::sqrt(8.0 * chord_error_m / bend));
      if (Varies(relief.superelevations, from, to) || !relief.shapes.empty()) {
        step = std::min(step, kTwistingStep);
      }
    }
    bool varies = Varies(lane_offsets, from, to);
    for (const std::vector<LaneRecord>* side : {&section.left, &section.right}) {
      for (const LaneRecord& lane : *side) {
        const double b = from - section.begin_s_m, e = to - section.begin_s_m;
        varies = varies || Varies(lane.widths, b, e) || Varies(lane.borders, b, e);
      }
    }
    if (varies) step = std::min(step, kVaryingStep);
    step = std::max(step, kShortestStep);
    const int pieces = std::max(1, static_cast<int>(std::ceil((to - from) / step - 1e-9)));
    for (int k = 1; k <= pieces; ++k) {
      stations.push_back(k == pieces ? to : from + (to - from) * k / pieces);
    }
  }
  return stations;
}

}  // namespace volante::opendrive
