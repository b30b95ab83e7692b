// Which strips belong together, and the edges of the carriageway.
#include <algorithm>
#include <cmath>
#include <map>
#include <string>

#include "base/hash.h"
#include "render/ground_builder.h"

namespace volante {

namespace {

constexpr double kRoadOverlap_m = 0.02;      // hides hairline gaps between neighbouring lanes,
constexpr double kJunctionOverlap_m = 0.07;  // and slivers between the ways through a junction

// Strips that share their edges point by point, from right to left: one road's cross-section.
using Street = std::vector<const SurfaceStrip*>;

std::vector<Street> FindStreets(std::span<const SurfaceStrip> strips,
                                const std::vector<char>& covered) {
  const auto key = [](const std::vector<Vec2>& line) {
    return Hash128Hex(line.data(), line.size() * sizeof(Vec2));
  };
  std::vector<const SurfaceStrip*> usable;
  std::map<std::string, size_t> by_right, by_left;
  std::vector<std::string> left_keys, right_keys;
  for (size_t i = 0; i < strips.size(); ++i) {
    const SurfaceStrip& strip = strips[i];
    if (strip.surface == Surface::kOther || strip.left.size() < 2 || covered[i]) continue;
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
          const double overlap_m = first.in_junction ? kJunctionOverlap_m : kRoadOverlap_m;
          for (size_t k = 0; k < left.size(); ++k) {
            const Vec2 d = left[k].at_m - right[k].at_m;
            const double width = Norm(d);
            if (width < 1e-6) continue;
            left[k].at_m = left[k].at_m + d * (overlap_m / width);
            right[k].at_m = right[k].at_m - d * (overlap_m / width);
          }
        }
        ground.AddBand(kLayers[layer], std::move(left), std::move(right));
      }
      i = end;
    }
  }
}

// Connecting lanes of a wide crossing lie over each other many times. Those whose every cell of a
// fine raster lies under others as well need not be drawn; the smallest are tried first. On the
// ground alone: a bridge over a crossing covers nothing of it.
std::vector<char> FindCovered(std::span<const SurfaceStrip> strips, const Terrain& terrain) {
  constexpr double kCell_m = 0.25, kMaxCells = 4e7;
  constexpr size_t kWorthwhile = 200;  // fewer connecting lanes are drawn as they are
  std::vector<char> covered(strips.size(), 0);
  std::vector<size_t> lanes;
  Vec2 low{1e300, 1e300}, high{-1e300, -1e300};
  for (size_t i = 0; i < strips.size(); ++i) {
    const SurfaceStrip& strip = strips[i];
    if (!strip.in_junction || strip.surface != Surface::kRoad || strip.left.size() < 2) continue;
    const auto raised = [&](std::span<const Vec2> at, std::span<const double> heights_m) {
      for (size_t k = 0; k < at.size(); ++k) {
        if (terrain.IsRaised(at[k], heights_m.empty() ? 0.0 : heights_m[k])) return true;
      }
      return false;
    };
    if (raised(strip.left, strip.left_height_m) || raised(strip.right, strip.right_height_m)) {
      continue;
    }
    lanes.push_back(i);
    for (const std::vector<Vec2>* side : {&strip.left, &strip.right}) {
      for (const Vec2 p : *side) {
        low = {std::min(low.x, p.x), std::min(low.y, p.y)};
        high = {std::max(high.x, p.x), std::max(high.y, p.y)};
      }
    }
  }
  if (lanes.size() < kWorthwhile) return covered;
  const double cell_m =
      std::max(kCell_m, std::sqrt((high.x - low.x) * (high.y - low.y) / kMaxCells));
  const auto columns = static_cast<size_t>((high.x - low.x) / cell_m) + 1;
  const auto rows = static_cast<size_t>((high.y - low.y) / cell_m) + 1;
  std::vector<uint8_t> counts(columns * rows, 0);
  // The cells under a strip, each once.
  std::vector<size_t> cells;
  const auto find_cells = [&](const SurfaceStrip& strip) {
    cells.clear();
    for (size_t k = 1; k < strip.left.size(); ++k) {
      const double length = std::max(Distance(strip.left[k - 1], strip.left[k]),
                                     Distance(strip.right[k - 1], strip.right[k]));
      const double width = std::max(Distance(strip.left[k - 1], strip.right[k - 1]),
                                    Distance(strip.left[k], strip.right[k]));
      const int along = 1 + static_cast<int>(2.0 * length / cell_m);
      const int across = 1 + static_cast<int>(2.0 * width / cell_m);
      for (int a = 0; a <= along; ++a) {
        const double u = static_cast<double>(a) / along;
        const Vec2 l = strip.left[k - 1] + (strip.left[k] - strip.left[k - 1]) * u;
        const Vec2 r = strip.right[k - 1] + (strip.right[k] - strip.right[k - 1]) * u;
        for (int b = 0; b <= across; ++b) {
          const Vec2 p = (l + (r - l) * (static_cast<double>(b) / across) - low) * (1.0 / cell_m);
          cells.push_back(static_cast<size_t>(p.y) * columns + static_cast<size_t>(p.x));
        }
      }
    }
    std::sort(cells.begin(), cells.end());
    cells.erase(std::unique(cells.begin(), cells.end()), cells.end());
  };
  std::vector<std::pair<size_t, size_t>> by_size;
  for (const size_t i : lanes) {
    find_cells(strips[i]);
    for (const size_t cell : cells) counts[cell] += counts[cell] < 255;
    by_size.emplace_back(cells.size(), i);
  }
  std::sort(by_size.begin(), by_size.end());
  for (const auto& [size, i] : by_size) {
    find_cells(strips[i]);
    if (!std::all_of(cells.begin(), cells.end(), [&](size_t c) { return counts[c] > 1; })) continue;
    for (const size_t cell : cells) --counts[cell];
    covered[i] = 1;
  }
  return covered;
}

}  // namespace

std::vector<StreetEdge> AddStreets(std::span<const SurfaceStrip> strips, const Terrain& terrain,
                                   GroundBuilder& ground) {
  std::vector<StreetEdge> edges;
  for (const Street& street : FindStreets(strips, FindCovered(strips, terrain))) {
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
