// Builds a Scene: outlines of the ground's layers from strips and marks, the culling grids and the
// ground's texture. Runs once per town; nothing here is on a frame's path.
#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <string>

#include "base/error.h"
#include "base/hash.h"
#include "base/random.h"
#include "render/scene_impl.h"

namespace volante {

namespace {

constexpr double kPieceLength_m = 48.0;
constexpr double kKerbWidth_m = 0.22;
constexpr double kRoadOverlap_m = 0.02;  // hides hairline gaps between neighbouring lanes

using Line = std::vector<Vec2>;

// Unit normal to the left of a polyline at each point (mean of its neighbours' directions).
std::vector<Vec2> LeftNormals(std::span<const Vec2> line) {
  std::vector<Vec2> normals(line.size());
  for (size_t i = 0; i < line.size(); ++i) {
    const Vec2 a = line[i == 0 ? 0 : i - 1], b = line[std::min(i + 1, line.size() - 1)];
    const double length = Distance(a, b);
    normals[i] = length > 1e-9 ? Vec2{-(b.y - a.y) / length, (b.x - a.x) / length} : Vec2{0, 0};
  }
  return normals;
}

Line Offset(std::span<const Vec2> line, std::span<const Vec2> normals, double distance_m) {
  Line out(line.size());
  for (size_t i = 0; i < line.size(); ++i) out[i] = line[i] + normals[i] * distance_m;
  return out;
}

// Douglas-Peucker: the fewest points whose chords stay within the tolerance.
void SimplifyBetween(std::span<const Vec2> line, size_t first, size_t last, double tolerance_m,
                     std::vector<char>& keep) {
  std::vector<std::pair<size_t, size_t>> stack{{first, last}};
  while (!stack.empty()) {
    const auto [a, b] = stack.back();
    stack.pop_back();
    const Vec2 d = line[b] - line[a];
    const double length = Norm(d);
    double worst = tolerance_m;
    size_t worst_index = 0;
    for (size_t i = a + 1; i < b; ++i) {
      const Vec2 p = line[i] - line[a];
      const double along = length > 1e-9 ? Dot(p, d) / length : 0.0;
      const double off = length > 1e-9 && along >= 0.0 && along <= length
                             ? std::abs(Cross(d, p)) / length
                             : std::min(Norm(p), Distance(line[i], line[b]));
      if (off > worst) {
        worst = off;
        worst_index = i;
      }
    }
    if (worst_index == 0) continue;
    keep[worst_index] = 1;
    stack.emplace_back(a, worst_index);
    stack.emplace_back(worst_index, b);
  }
}

Line Simplify(std::span<const Vec2> line, double tolerance_m) {
  if (line.size() < 3) return Line(line.begin(), line.end());
  std::vector<char> keep(line.size(), 0);
  keep.front() = keep.back() = 1;
  SimplifyBetween(line, 0, line.size() - 1, tolerance_m, keep);
  Line out;
  for (size_t i = 0; i < line.size(); ++i) {
    if (keep[i] && (out.empty() || Distance(out.back(), line[i]) > 1e-6)) out.push_back(line[i]);
  }
  return out;
}

// Index ranges [first, last] of a polyline, each at most kPieceLength_m long.
std::vector<std::pair<size_t, size_t>> Split(std::span<const Vec2> line) {
  std::vector<std::pair<size_t, size_t>> ranges;
  size_t first = 0;
  double length = 0.0;
  for (size_t i = 1; i < line.size(); ++i) {
    const double step = Distance(line[i - 1], line[i]);
    if (i - 1 > first && (length + step > kPieceLength_m || i - first > 200)) {
      ranges.emplace_back(first, i - 1);
      first = i - 1;
      length = 0.0;
    }
    length += step;
  }
  if (line.size() >= 2) ranges.emplace_back(first, line.size() - 1);
  return ranges;
}

// Long straight segments cut, so that every piece stays local.
void Densify(Line& left, Line& right) {
  Line out_left, out_right;
  for (size_t i = 0; i < left.size(); ++i) {
    if (i > 0) {
      const double step =
          std::max(Distance(left[i - 1], left[i]), Distance(right[i - 1], right[i]));
      const int parts = std::clamp(static_cast<int>(std::ceil(step / 24.0)), 1, 100000);
      for (int k = 1; k < parts; ++k) {
        const double t = static_cast<double>(k) / parts;
        out_left.push_back(left[i - 1] + (left[i] - left[i - 1]) * t);
        out_right.push_back(right[i - 1] + (right[i] - right[i - 1]) * t);
      }
    }
    out_left.push_back(left[i]);
    out_right.push_back(right[i]);
  }
  left = std::move(out_left);
  right = std::move(out_right);
}

// What lies between two polylines.
struct Band {
  Line left, right;
};

class GroundBuilder {
 public:
  explicit GroundBuilder(Scene::Impl& scene) : scene_(scene) {}

  // The band between two polylines of equal point count.
  void AddBand(GroundLayer layer, Line left, Line right) {
    if (left.size() < 2) return;
    Densify(left, right);
    for (const auto& [first, last] : Split(left)) {
      const size_t count = last - first + 1;
      BeginPiece(layer);
      AddContour({left.data() + first, count}, {right.data() + first, count});
      EndPiece();
    }
  }

  void AddMark(const MarkLine& mark) {
    const GroundLayer layer =
        mark.color == MarkColor::kYellow ? GroundLayer::kYellowMark : GroundLayer::kWhiteMark;
    if (mark.points.size() < 2 || !(mark.width_m > 0.0)) return;
    const auto normals = LeftNormals(mark.points);
    Line left = Offset(mark.points, normals, 0.5 * mark.width_m);
    Line right = Offset(mark.points, normals, -0.5 * mark.width_m);
    if (mark.kind == MarkKind::kSolid || !(mark.dash_m > 0.0) || !(mark.gap_m > 0.0)) {
      return AddBand(layer, std::move(left), std::move(right));
    }
    AddDashes(layer, mark, left, right);
  }

 private:
  // Dashes start at the line's beginning; those within one piece's length share a piece.
  void AddDashes(GroundLayer layer, const MarkLine& mark, const Line& left, const Line& right) {
    std::vector<double> s(mark.points.size(), 0.0);
    for (size_t i = 1; i < s.size(); ++i) {
      s[i] = s[i - 1] + Distance(mark.points[i - 1], mark.points[i]);
    }
    const double period = mark.dash_m + mark.gap_m;
    const auto num_dashes = static_cast<size_t>(std::min(std::ceil(s.back() / period), 1e6));
    double piece_begin = -1e9;
    bool open = false;
    for (size_t k = 0; k < num_dashes; ++k) {
      const double begin = static_cast<double>(k) * period;
      const double end = std::min(begin + mark.dash_m, s.back());
      if (end - begin < 0.05) continue;
      if (open && end - piece_begin > kPieceLength_m) {
        EndPiece();
        open = false;
      }
      if (!open) {
        BeginPiece(layer);
        piece_begin = begin;
        open = true;
      }
      Line dash_left, dash_right;
      const auto add = [&](double at) {
        const size_t hi = std::clamp<size_t>(
            static_cast<size_t>(std::lower_bound(s.begin(), s.end(), at) - s.begin()), 1,
            s.size() - 1);
        const double span = s[hi] - s[hi - 1];
        const double t = span > 0.0 ? (at - s[hi - 1]) / span : 0.0;
        dash_left.push_back(left[hi - 1] + (left[hi] - left[hi - 1]) * t);
        dash_right.push_back(right[hi - 1] + (right[hi] - right[hi - 1]) * t);
      };
      add(begin);
      for (size_t i = 0; i < s.size(); ++i) {
        if (s[i] > begin + 1e-6 && s[i] < end - 1e-6) {
          dash_left.push_back(left[i]);
          dash_right.push_back(right[i]);
        }
      }
      add(end);
      AddContour(dash_left, dash_right);
    }
    if (open) EndPiece();
  }

  void BeginPiece(GroundLayer layer) {
    layer_ = layer;
    bands_.clear();
  }

  void AddContour(std::span<const Vec2> left, std::span<const Vec2> right) {
    bands_.push_back({Line(left.begin(), left.end()), Line(right.begin(), right.end())});
  }

  void EndPiece() {
    if (bands_.empty()) return;
    Vec2 low = bands_[0].left[0], high = low;
    for (const Band& band : bands_) {
      for (const Line* line : {&band.left, &band.right}) {
        for (const Vec2 p : *line) {
          low = {std::min(low.x, p.x), std::min(low.y, p.y)};
          high = {std::max(high.x, p.x), std::max(high.y, p.y)};
        }
      }
    }
    GroundPiece piece;
    piece.layer = layer_;
    piece.center_m = (low + high) * 0.5;
    piece.radius_m = static_cast<float>(0.5 * Distance(low, high)) + 0.01f;
    for (size_t level = 0; level < kDetail_m.size(); ++level) {
      piece.contours[level].first = static_cast<uint32_t>(scene_.contours.size());
      for (const Band& band : bands_) {
        AddOutline(band, static_cast<double>(kDetail_m[level]), piece.center_m);
      }
      piece.contours[level].count =
          static_cast<uint32_t>(scene_.contours.size()) - piece.contours[level].first;
    }
    scene_.pieces.push_back(piece);
  }

  void AddOutline(const Band& band, double tolerance_m, Vec2 center) {
    Line outline = Simplify(band.left, tolerance_m);
    const Line right = Simplify(band.right, tolerance_m);
    outline.insert(outline.end(), right.rbegin(), right.rend());
    double doubled_area = 0.0;
    for (size_t i = 0; i < outline.size(); ++i) {
      doubled_area +=
          Cross(outline[i] - outline[0], outline[(i + 1) % outline.size()] - outline[0]);
    }
    if (!std::isfinite(doubled_area) || std::abs(doubled_area) < 1e-6) return;
    if (doubled_area < 0.0) std::reverse(outline.begin(), outline.end());
    VOLANTE_CHECK(outline.size() <= static_cast<size_t>(kMaxOutline), "pieces are short");
    scene_.contours.push_back(
        {static_cast<uint32_t>(scene_.point_x_m.size()), static_cast<uint32_t>(outline.size())});
    const size_t padded = (outline.size() + 3) / 4 * 4;
    for (size_t i = 0; i < padded; ++i) {
      const Vec2 d = outline[std::min(i, outline.size() - 1)] - center;
      scene_.point_x_m.push_back(static_cast<float>(d.x));
      scene_.point_y_m.push_back(static_cast<float>(d.y));
    }
  }

  Scene::Impl& scene_;
  GroundLayer layer_ = GroundLayer::kRoad;
  std::vector<Band> bands_;
};

// The outer edges of the carriageway: sides of road strips beyond which there is no road.
std::vector<StreetSide> FindStreetSides(std::span<const SurfaceStrip> strips,
                                        const SurfaceMap& map) {
  std::vector<StreetSide> sides;
  for (const SurfaceStrip& strip : strips) {
    if (strip.surface != Surface::kRoad && strip.surface != Surface::kShoulder) continue;
    if (strip.left.size() < 2) continue;
    for (const bool is_left : {true, false}) {
      Line line = is_left ? strip.left : strip.right;
      Line other = is_left ? strip.right : strip.left;
      Densify(line, other);
      std::vector<Vec2> outward(line.size());
      for (size_t i = 0; i < line.size(); ++i) {
        const Vec2 d = line[i] - other[i];
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
        const bool outer = Norm(outward[i]) > 0.5 && !map.IsRoad(line[i] + outward[i] * 0.45);
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

// Strips that share their edges point by point, from right to left: one road's cross-section.
using Street = std::vector<const SurfaceStrip*>;

std::vector<Street> FindStreets(std::span<const SurfaceStrip> strips) {
  const auto key = [](const Line& line) {
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

// Sidewalk below shoulder below road, each layer the whole outline of what it carries: half the
// edges of a strip by strip drawing, and no seams between lanes.
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
        Line right = street[i]->right, left = street[end - 1]->left;
        if (layer > 0) {
          for (size_t k = 0; k < left.size(); ++k) {
            const Vec2 d = left[k] - right[k];
            const double width = Norm(d);
            if (width < 1e-6) continue;
            left[k] = left[k] + d * (kRoadOverlap_m / width);
            right[k] = right[k] - d * (kRoadOverlap_m / width);
          }
        }
        ground.AddBand(kLayers[layer], std::move(left), std::move(right));
      }
      i = end;
    }
  }
}

template <class Item>
void IndexDiscs(const std::vector<Item>& items, float (*radius_of)(const Item&), CellGrid& grid) {
  std::vector<Vec2> centers;
  std::vector<float> radii;
  for (const Item& item : items) {
    centers.push_back(item.center_m);
    radii.push_back(radius_of(item));
  }
  grid.Build(centers, radii);
}

}  // namespace

void CellGrid::Build(std::span<const Vec2> centers, std::span<const float> radii) {
  columns_ = rows_ = 0;
  starts_.clear();
  order_.clear();
  max_radius_m_ = 0.0f;
  if (centers.empty()) return;
  Vec2 low = centers[0], high = centers[0];
  for (const Vec2 p : centers) {
    low = {std::min(low.x, p.x), std::min(low.y, p.y)};
    high = {std::max(high.x, p.x), std::max(high.y, p.y)};
  }
  for (const float r : radii) max_radius_m_ = std::max(max_radius_m_, r);
  origin_m_ = low;
  columns_ = static_cast<int>((high.x - low.x) / kCell_m) + 1;
  rows_ = static_cast<int>((high.y - low.y) / kCell_m) + 1;
  const auto cell_of = [&](Vec2 p) {
    return static_cast<size_t>(ColumnOf(p.y, origin_m_.y, rows_)) * columns_ +
           ColumnOf(p.x, origin_m_.x, columns_);
  };
  starts_.assign(static_cast<size_t>(columns_) * rows_ + 1, 0);
  for (const Vec2 p : centers) ++starts_[cell_of(p) + 1];
  for (size_t i = 1; i < starts_.size(); ++i) starts_[i] += starts_[i - 1];
  order_.resize(centers.size());
  std::vector<uint32_t> next(starts_.begin(), starts_.end() - 1);
  for (size_t i = 0; i < centers.size(); ++i) {
    order_[next[cell_of(centers[i])]++] = static_cast<uint32_t>(i);
  }
}

// Value noise: octaves of random lattices from 64 m / 4 down to 64 m / 256, smoothly interpolated,
// with equal weight in the middle; then each level is the 2x2 mean of the finer one.
GroundTexture GroundTexture::Make(uint64_t seed) {
  constexpr int kSize = 1 << kBaseBits;
  std::vector<float> sum(static_cast<size_t>(kSize) * kSize, 0.0f);
  const float weights[] = {0.7f, 0.8f, 1.0f, 1.0f, 1.0f, 0.8f, 0.6f};
  for (int octave = 0; octave < 7; ++octave) {
    const int lattice = 4 << octave;
    RandomStream random(seed, "ground_texture", static_cast<uint64_t>(octave));
    std::vector<float> values(static_cast<size_t>(lattice) * lattice);
    for (float& value : values) value = static_cast<float>(random.Uniform(-1.0, 1.0));
    const int step = kSize / lattice;
    for (int y = 0; y < kSize; ++y) {
      for (int x = 0; x < kSize; ++x) {
        const int x0 = x / step, y0 = y / step;
        const int x1 = (x0 + 1) % lattice, y1 = (y0 + 1) % lattice;
        float tx = static_cast<float>(x % step) / static_cast<float>(step);
        float ty = static_cast<float>(y % step) / static_cast<float>(step);
        tx = tx * tx * (3.0f - 2.0f * tx);
        ty = ty * ty * (3.0f - 2.0f * ty);
        const auto at = [&](int r, int c) { return values[static_cast<size_t>(r) * lattice + c]; };
        const float top = at(y0, x0) + (at(y0, x1) - at(y0, x0)) * tx;
        const float bottom = at(y1, x0) + (at(y1, x1) - at(y1, x0)) * tx;
        sum[static_cast<size_t>(y) * kSize + x] += weights[octave] * (top + (bottom - top) * ty);
      }
    }
  }
  GroundTexture texture;
  int size = kSize;
  for (int level = 0; level < kLevels; ++level) {
    auto& bytes = texture.levels[static_cast<size_t>(level)];
    bytes.resize(sum.size());
    for (size_t i = 0; i < sum.size(); ++i) {
      bytes[i] = static_cast<int8_t>(std::clamp(sum[i] * 56.0f, -127.0f, 127.0f));
    }
    const int half = size / 2;
    std::vector<float> next(static_cast<size_t>(half) * half);
    for (int y = 0; y < half; ++y) {
      for (int x = 0; x < half; ++x) {
        const size_t a = static_cast<size_t>(2 * y) * size + 2 * x;
        next[static_cast<size_t>(y) * half + x] =
            0.25f * (sum[a] + sum[a + 1] + sum[a + size] + sum[a + size + 1]);
      }
    }
    sum = std::move(next);
    size = half;
  }
  return texture;
}

std::unique_ptr<Scene::Impl> BuildScene(std::span<const SurfaceStrip> strips,
                                        std::span<const MarkLine> marks, uint64_t seed,
                                        bool with_scenery) {
  auto scene = std::make_unique<Scene::Impl>();
  const SurfaceMap map(strips, with_scenery ? 80.0 : 2.0);
  const std::vector<StreetSide> sides = FindStreetSides(strips, map);
  GroundBuilder ground(*scene);
  for (const Street& street : FindStreets(strips)) AddStreet(street, ground);
  for (const StreetSide& side : sides) {
    ground.AddBand(GroundLayer::kKerb, Offset(side.points, side.outward, kKerbWidth_m),
                   side.points);
  }
  for (const MarkLine& mark : marks) ground.AddMark(mark);
  if (with_scenery) PlaceScenery(map, sides, seed, scene->buildings, scene->trees);
  IndexDiscs<GroundPiece>(
      scene->pieces, [](const GroundPiece& p) { return p.radius_m; }, scene->piece_grid);
  IndexDiscs<Building>(
      scene->buildings, [](const Building& b) { return b.radius_m; }, scene->building_grid);
  IndexDiscs<Tree>(scene->trees, [](const Tree& t) { return t.crown_radius_m; }, scene->tree_grid);
  scene->texture = GroundTexture::Make(seed);
  RandomStream random(seed, "skyline");
  for (const int waves : {3, 7, 12, 19, 31, 47}) {
    const double phase = random.Uniform(0.0, 2.0 * std::numbers::pi);
    for (int i = 0; i < Scene::Impl::kHillSamples; ++i) {
      const double turn = 2.0 * std::numbers::pi * i / Scene::Impl::kHillSamples;
      scene->hills[static_cast<size_t>(i)] +=
          static_cast<float>(0.006 * (1.0 + std::sin(waves * turn + phase)));
    }
  }
  return scene;
}

Scene::Scene() = default;
Scene::~Scene() = default;

std::shared_ptr<const Scene> Scene::Make(std::span<const SurfaceStrip> strips,
                                         std::span<const MarkLine> marks,
                                         std::string_view seed_text, bool with_scenery) {
  std::shared_ptr<Scene> scene(new Scene);
  scene->impl_ =
      BuildScene(strips, marks, HashBytes(seed_text.data(), seed_text.size()), with_scenery);
  return scene;
}

std::shared_ptr<const Scene> Scene::Make(const RoadNetwork& network) {
  return Make(network.surfaces(), network.marks(), network.text_hash(), true);
}

}  // namespace volante
