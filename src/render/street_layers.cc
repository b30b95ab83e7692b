// Which strips belong together, and the edges of the carriageway.
#include <algorithm>
#include <cmath>
#include <map>
#include <string>

#include "base/hash.h"
#include "render/ground_builder.h"

namespace volante {

namespace {

constexpr double kRoadOverlap_m = 0.02;  // hides hairline gaps between neighbouring lanes

// Strips that share their edges point by point, from right to left: one road's cross-section.
using Street = std::vector<const SurfaceStrip*>;

std::vector<Street> FindStreets(std::span<const SurfaceStrip> strips) {
  const auto key = [](const std::vector<Vec2>& line) {
    return Hash128Hex(line.data(), line.size() * sizeof(Vec2));
  };
  std::vector<const SurfaceStrip*> usable;
  std::map<std::string, size_t> by_right, by_left;
  std::vector<std::string> left_keys, right_keys;
  for (const SurfaceStrip& strip : strips) {
    if (strip.surface == Surface::kOther || strip.left.size() < 2) continue;
    left_keys.push_back(key(strip.left));
    right_keys.push_back(key(strip.right));
    by_right.emplace(right_keys.back(), usable.size());
    by_left.emplace(left_keys.back(), usable.size());
    usable.push_back(&strip);
  }
  std::vector<Street> streets;
  std::vector<char> used(usable.size(), 0);
  for (const bool from_edge : {true, false}) {
    for (size_t i = 0; i < usable.size(); ++i) {
      // First the chains that begin at a free right edge, then what a ring would leave over.
      if (used[i] || (from_edge && by_left.count(right_keys[i]) > 0)) continue;
      Street street;
      size_t k = i;
      while (!used[k]) {
        used[k] = 1;
        street.push_back(usable[k]);
        const auto next = by_right.find(left_keys[k]);
        if (next == by_right.end()) break;
        k = next->second;
      }
      streets.push_back(std::move(street));
    }
  }
  return streets;
}

void AddStreet(const Street& street, GroundBuilder& ground) {
  const auto rank = [](const SurfaceStrip* s) {
    return s->surface == Surface::kRoad ? 2 : s->surface == Surface::kShoulder ? 1 : 0;
  };
  constexpr GroundLayer kLayers[] = {GroundLayer::kSidewalk, GroundLayer::kShoulder,
                                     GroundLayer::kRoad};
  for (int layer = 0; layer < 3; ++layer) {
    size_t i = 0;
    while (i < street.size()) {
      if (rank(street[i]) < layer) {
        ++i;
        continue;
      }
      size_t end = i;
      bool shows = false;
      for (; end < street.size() && rank(street[end]) >= layer; ++end) {
        shows = shows || rank(street[end]) == layer;
      }
      if (shows) {
        const SurfaceStrip &first = *street[i], &last = *street[end - 1];
        GroundLine right = MakeLine(first.right, first.right_height_m);
        GroundLine left = MakeLine(last.left, last.left_height_m);
        if (layer > 0) {
          for (size_t k = 0; k < left.size(); ++k) {
            const Vec2 d = left[k].at_m - right[k].at_m;
            const double width = Norm(d);
            if (width < 1e-6) continue;
            left[k].at_m = left[k].at_m + d * (kRoadOverlap_m / width);
            right[k].at_m = right[k].at_m - d * (kRoadOverlap_m / width);
          }
        }
        ground.AddBand(kLayers[layer], std::move(left), std::move(right));
      }
      i = end;
    }
  }
}

}  // namespace

std::vector<StreetEdge> AddStreets(std::span<const SurfaceStrip> strips, GroundBuilder& ground) {
  std::vector<StreetEdge> edges;
  for (const Street& street : FindStreets(strips)) {
    AddStreet(street, ground);
    const SurfaceStrip &first = *street.front(), &last = *street.back();
    GroundLine right = MakeLine(first.right, first.right_height_m);
    GroundLine left = MakeLine(last.left, last.left_height_m);
    edges.push_back({right, left});
    edges.push_back({std::move(left), std::move(right)});
  }
  return edges;
}

std::vector<StreetSide> FindStreetSides(std::span<const SurfaceStrip> strips,
                                        const SurfaceMap& map) {
  std::vector<StreetSide> sides;
  for (const SurfaceStrip& strip : strips) {
    if (strip.surface != Surface::kRoad && strip.surface != Surface::kShoulder) continue;
    if (strip.left.size() < 2) continue;
    for (const bool is_left : {true, false}) {
      GroundLine line = MakeLine(strip.left, strip.left_height_m);
      GroundLine other = MakeLine(strip.right, strip.right_height_m);
      if (!is_left) std::swap(line, other);
      Densify(line, other, 24.0);
      std::vector<Vec2> outward(line.size());
      for (size_t i = 0; i < line.size(); ++i) {
        const Vec2 d = line[i].at_m - other[i].at_m;
        const double width = Norm(d);
        outward[i] = width > 1e-6 ? d * (1.0 / width) : Vec2{0.0, 0.0};
      }
      StreetSide open;
      open.in_junction = strip.in_junction;
      const auto close = [&] {
        if (open.points.size() >= 2) sides.push_back(open);
        open.points.clear();
        open.outward.clear();
      };
      for (size_t i = 0; i < line.size(); ++i) {
        const bool outer = Norm(outward[i]) > 0.5 && !map.IsRoad(line[i].at_m + outward[i] * 0.45);
        if (!outer) {
          close();
          continue;
        }
        open.points.push_back(line[i]);
        open.outward.push_back(outward[i]);
      }
      close();
    }
  }
  return sides;
}

}  // namespace volante
