#include "road/opendrive.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "base/error.h"

namespace volante::opendrive {
namespace {

// No curve that a road can have needs shorter pieces; hostile ones would ask for billions.
constexpr double kShortestStep = 0.02;

// The last record whose s is at or before the given one: half-open intervals, so that a value
// exactly at a border belongs to the record that begins there.
template <class Record>
size_t IndexAt(std::span<const Record> records, double s_m, double Record::* begin) {
  size_t i = records.size();
  while (i > 1 && records[i - 1].*begin > s_m) --i;
  return i - 1;
}

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

}  // namespace

void Refuse(const std::string& name, const std::string& road_id, double s_m,
            const std::string& reason) {
  char where[64];
  std::snprintf(where, sizeof where, " at s %.6g m", s_m);
  throw Error(ExitCode::kBadInput, "the map can't be used", name,
              "road " + road_id + where + ": " + reason,
              "volante map check names every defect of a map");
}

Lateral Evaluate(std::span<const Cubic> records, double s_m) {
  return EvaluateBefore(records, s_m, s_m);
}

Lateral EvaluateBefore(std::span<const Cubic> records, double s_m, double last_s_m) {
  if (records.empty()) return {};
  const Cubic& r = records[IndexAt(records, std::min(s_m, last_s_m), &Cubic::s_m)];
  const double ds = s_m - r.s_m;
  return {r.a + ds * (r.b + ds * (r.c + ds * r.d)), r.b + ds * (2.0 * r.c + ds * 3.0 * r.d),
          2.0 * r.c + 6.0 * r.d * ds};
}

const LaneRecord* Section::Find(int id) const {
  for (const LaneRecord& lane : id > 0 ? left : right) {
    if (lane.id == id) return &lane;
  }
  return nullptr;
}

Road::Frame Road::FrameAt(double s_m) const {
  const double s = std::clamp(s_m, 0.0, length_m);
  const std::span<const Geometry> all(geometries);
  const auto after = std::upper_bound(
      all.begin(), all.end(), s, [](double value, const Geometry& g) { return value < g.s_m; });
  const Geometry& g = after == all.begin() ? all.front() : *(after - 1);
  // Chord form: one formula for lines and arcs, without a division by the curvature.
  const double ds = s - g.s_m;
  const double half = 0.5 * g.curvature_1pm * ds;
  const double chord = std::abs(half) < 1e-9 ? ds : ds * std::sin(half) / half;
  Frame frame;
  frame.pose.position_m = g.start.position_m + UnitFromHeading(g.start.heading_rad + half) * chord;
  frame.pose.heading_rad = g.start.heading_rad + 2.0 * half;
  frame.curvature_1pm = g.curvature_1pm;
  return frame;
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
        if (width.value_m < 0.0) width = {};  // rounding; the reader refuses more
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

Vec2 Road::PointAt(double s_m, double t_m) const {
  const Frame frame = FrameAt(s_m);
  // An edge inside the curve's centre would fold over; it stays on the centre instead.
  if (frame.curvature_1pm * t_m > 1.0) t_m = 1.0 / frame.curvature_1pm;
  return WorldFromLocal(frame.pose, {0.0, t_m});
}

std::vector<double> Road::SampleStations(const Section& section, double begin_s_m, double end_s_m,
                                         double max_step_m, double chord_error_m) const {
  std::vector<double> breaks = {begin_s_m, end_s_m};
  const auto add = [&](double s) {
    if (s > begin_s_m + 1e-6 && s < end_s_m - 1e-6) breaks.push_back(s);
  };
  for (const Geometry& g : geometries) add(g.s_m);
  for (const Cubic& record : lane_offsets) add(record.s_m);
  for (const std::vector<LaneRecord>* side : {&section.left, &section.right}) {
    for (const LaneRecord& lane : *side) {
      for (const Cubic& record : lane.widths) add(section.begin_s_m + record.s_m);
      for (const Cubic& record : lane.borders) add(section.begin_s_m + record.s_m);
    }
  }
  std::sort(breaks.begin(), breaks.end());
  std::vector<double> stations = {begin_s_m};
  std::vector<Lateral> edges;
  for (size_t i = 1; i < breaks.size(); ++i) {
    const double from = breaks[i - 1], to = breaks[i];
    if (to - from < 1e-6 && i + 1 < breaks.size()) continue;
    double step = max_step_m;
    const double middle = 0.5 * (from + to);
    const double curvature = std::abs(FrameAt(middle).curvature_1pm);
    if (curvature > 1e-9) {
      // Sagitta of a chord over arc length h on radius R: h^2 / (8 R); edges outside are longer.
      EdgesAt(section, middle, edges);
      const double stretch = 1.0 + curvature * LargestLateral(edges);
      step = std::min(max_step_m / stretch, std::sqrt(8.0 * chord_error_m / (curvature * stretch)));
    }
    bool varies = Varies(lane_offsets, from, to);
    for (const std::vector<LaneRecord>* side : {&section.left, &section.right}) {
      for (const LaneRecord& lane : *side) {
        const double b = from - section.begin_s_m, e = to - section.begin_s_m;
        varies = varies || Varies(lane.widths, b, e) || Varies(lane.borders, b, e);
      }
    }
    if (varies) step = std::min(step, 2.0);
    step = std::max(step, kShortestStep);
    const int pieces = std::max(1, static_cast<int>(std::ceil((to - from) / step - 1e-9)));
    for (int k = 1; k <= pieces; ++k) {
      stations.push_back(k == pieces ? to : from + (to - from) * k / pieces);
    }
  }
  return stations;
}

}  // namespace volante::opendrive
