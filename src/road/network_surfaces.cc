// What a camera sees of the road: strips of ground.
#include <algorithm>
#include <cmath>

#include "road/network_builder.h"

namespace volante {

using opendrive::LaneRecord;
using opendrive::Road;
using opendrive::Section;

namespace {

constexpr double kSurfaceStep = 20.0;  // longest straight piece of a strip
constexpr double kChordError = 0.04;
constexpr double kJunctionChordError = 0.01;  // strips of different roads meet there
constexpr double kThinnest = 1e-3;            // strips thinner than this are not drawn

bool HasHeights(const Road& road, const LaneRecord& lane) {
  return !road.relief.flat() || !lane.heights.empty();
}

// A section's strips, each side from the inside out, over its common cuts.
void AddStrips(const Road& road, const Section& section,
               const std::vector<opendrive::CrossSection>& cuts, bool left,
               std::vector<SurfaceStrip>& strips) {
  const std::vector<LaneRecord>& side = left ? section.left : section.right;
  const size_t center = section.left.size();
  for (size_t k = 0; k < side.size(); ++k) {
    if (!side[k].surface) continue;
    SurfaceStrip strip;
    strip.surface = *side[k].surface;
    strip.in_junction = !road.junction.empty();
    const bool high = HasHeights(road, side[k]);
    double widest = 0.0;
    for (const opendrive::CrossSection& cut : cuts) {
      const double inner = cut.edges[left ? center - k : center + k].value_m;
      const double outer = cut.edges[left ? center - k - 1 : center + k + 1].value_m;
      widest = std::max(widest, std::abs(outer - inner));
      strip.left.push_back(cut.PointAt(std::max(inner, outer)));
      strip.right.push_back(cut.PointAt(std::min(inner, outer)));
      if (!high) continue;
      const opendrive::LaneHeight own = opendrive::HeightAt(side[k], cut.s_m - section.begin_s_m);
      const double inner_height = road.HeightAt(cut, inner) + own.inner_m;
      const double outer_height = road.HeightAt(cut, outer) + own.outer_m;
      strip.left_height_m.push_back(outer > inner ? outer_height : inner_height);
      strip.right_height_m.push_back(outer > inner ? inner_height : outer_height);
    }
    if (widest > kThinnest) strips.push_back(std::move(strip));
  }
}

}  // namespace

void RoadNetworkBuilder::MakeSurfaces() {
  RoadNetwork& net = *network_;
  std::vector<opendrive::CrossSection> cuts;
  for (const Road& road : document_.roads) {
    for (const Section& section : road.sections) {
      const std::vector<double> stations =
          road.SampleStations(section, section.begin_s_m, section.end_s_m, kSurfaceStep,
                              road.junction.empty() ? kChordError : kJunctionChordError);
      const size_t num_edges = section.left.size() + section.right.size() + 1;
      // Points of strips are kept, and cost more than a look.
      Spend(road, section.begin_s_m, 20.0 * static_cast<double>(stations.size() * num_edges));
      cuts.resize(stations.size());
      for (size_t i = 0; i < stations.size(); ++i) road.CutAt(section, stations[i], cuts[i]);
      AddStrips(road, section, cuts, true, net.surfaces_);
      AddStrips(road, section, cuts, false, net.surfaces_);
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

}  // namespace volante
