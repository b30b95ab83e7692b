#include "render/ground_builder.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace volante {

namespace {

constexpr double kPieceLength_m = 48.0;
constexpr double kHillPieceLength_m = 16.0;
constexpr double kUneven_m = 0.02;
constexpr double kStopLineWidth_m = 0.4;
constexpr double kFlatStep_m = 24.0, kHillStep_m = 8.0;  // longest straight segment

// Unit normal to the left of a line at each point (mean of its neighbours' directions).
std::vector<Vec2> LeftNormals(std::span<const Vec2> line) {
  std::vector<Vec2> normals(line.size());
  for (size_t i = 0; i < line.size(); ++i) {
    const Vec2 a = line[i == 0 ? 0 : i - 1], b = line[std::min(i + 1, line.size() - 1)];
    const double length = Distance(a, b);
    normals[i] = length > 1e-9 ? Vec2{-(b.y - a.y) / length, (b.x - a.x) / length} : Vec2{0, 0};
  }
  return normals;
}

// Douglas-Peucker: the fewest points whose chords stay within the tolerance, in plan and in height.
void SimplifyBetween(const GroundLine& line, size_t first, size_t last, double tolerance_m,
                     std::vector<char>& keep) {
  std::vector<std::pair<size_t, size_t>> stack{{first, last}};
  while (!stack.empty()) {
    const auto [a, b] = stack.back();
    stack.pop_back();
    const Vec2 d = line[b].at_m - line[a].at_m;
    const double length = Norm(d);
    double worst = tolerance_m;
    size_t worst_index = 0;
    for (size_t i = a + 1; i < b; ++i) {
      const Vec2 p = line[i].at_m - line[a].at_m;
      const double along = length > 1e-9 ? Dot(p, d) / length : 0.0;
      double off = length > 1e-9 && along >= 0.0 && along <= length
                       ? std::abs(Cross(d, p)) / length
                       : std::min(Norm(p), Distance(line[i].at_m, line[b].at_m));
      if (length > 1e-9) {
        const double chord =
            line[a].height_m + (line[b].height_m - line[a].height_m) * along / length;
        off = std::max(off, std::abs(line[i].height_m - chord));
      }
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

GroundLine Simplify(const GroundLine& line, double tolerance_m) {
  if (line.size() < 3) return line;
  std::vector<char> keep(line.size(), 0);
  keep.front() = keep.back() = 1;
  SimplifyBetween(line, 0, line.size() - 1, tolerance_m, keep);
  GroundLine out;
  for (size_t i = 0; i < line.size(); ++i) {
    if (keep[i] && (out.empty() || Distance(out.back().at_m, line[i].at_m) > 1e-6)) {
      out.push_back(line[i]);
    }
  }
  return out;
}

// Whether the heights of points first..last rise evenly.
bool IsEven(const GroundLine& line, size_t first, size_t last) {
  double length = 0.0;
  for (size_t i = first + 1; i <= last; ++i) length += Distance(line[i - 1].at_m, line[i].at_m);
  double s = 0.0;
  for (size_t i = first + 1; i < last; ++i) {
    s += Distance(line[i - 1].at_m, line[i].at_m);
    const double even =
        line[first].height_m + (line[last].height_m - line[first].height_m) * s / length;
    if (std::abs(line[i].height_m - even) > kUneven_m) return false;
  }
  return true;
}

// Index ranges [first, last] of a line, each at most kPieceLength_m long, and shorter where its
// height bends or a bridge begins: a piece is drawn or left out as a whole. One flag a point.
std::vector<std::pair<size_t, size_t>> Split(const GroundLine& line,
                                             const std::vector<char>& raised) {
  std::vector<std::pair<size_t, size_t>> ranges;
  size_t first = 0;
  double length = 0.0;
  for (size_t i = 1; i < line.size(); ++i) {
    const double step = Distance(line[i - 1].at_m, line[i].at_m);
    const bool full = length + step > kPieceLength_m || i - first > 200 ||
                      raised[i - 1] != raised[first] ||
                      (length + step > kHillPieceLength_m && !IsEven(line, first, i));
    if (i - 1 > first && full) {
      ranges.emplace_back(first, i - 1);
      first = i - 1;
      length = 0.0;
    }
    length += step;
  }
  if (line.size() >= 2) ranges.emplace_back(first, line.size() - 1);
  return ranges;
}

}  // namespace

GroundPoint Mix(const GroundPoint& a, const GroundPoint& b, double share_of_b) {
  return {a.at_m + (b.at_m - a.at_m) * share_of_b,
          a.height_m + (b.height_m - a.height_m) * share_of_b};
}

GroundLine MakeLine(std::span<const Vec2> points, std::span<const double> heights_m) {
  GroundLine line(points.size());
  for (size_t i = 0; i < points.size(); ++i) {
    line[i] = {points[i], heights_m.size() == points.size() ? heights_m[i] : 0.0};
  }
  return line;
}

GroundLine Offset(const GroundLine& line, std::span<const Vec2> directions, double distance_m) {
  GroundLine out(line.size());
  for (size_t i = 0; i < line.size(); ++i) {
    out[i] = {line[i].at_m + directions[i] * distance_m, line[i].height_m};
  }
  return out;
}

void Densify(GroundLine& left, GroundLine& right, double step_m) {
  GroundLine out_left, out_right;
  for (size_t i = 0; i < left.size(); ++i) {
    if (i > 0) {
      const double step = std::max(Distance(left[i - 1].at_m, left[i].at_m),
                                   Distance(right[i - 1].at_m, right[i].at_m));
      const int parts = std::clamp(static_cast<int>(std::ceil(step / step_m)), 1, 100000);
      for (int k = 1; k < parts; ++k) {
        const double t = static_cast<double>(k) / parts;
        out_left.push_back(Mix(left[i - 1], left[i], t));
        out_right.push_back(Mix(right[i - 1], right[i], t));
      }
    }
    out_left.push_back(left[i]);
    out_right.push_back(right[i]);
  }
  left = std::move(out_left);
  right = std::move(out_right);
}

void GroundBuilder::AddBand(GroundLayer layer, GroundLine left, GroundLine right) {
  if (left.size() < 2) return;
  added_.push_back({layer, std::move(left), std::move(right), nullptr});
}

void GroundBuilder::MakePieces() {
  TidyBands(added_);
  for (GroundBand& band : added_) {
    if (band.dashes != nullptr) {
      AddDashes(band.layer, *band.dashes, band.left, band.right);
    } else {
      CutBand(band.layer, std::move(band.left), std::move(band.right));
    }
  }
  added_.clear();
}

void GroundBuilder::CutBand(GroundLayer layer, GroundLine left, GroundLine right) {
  Densify(left, right, terrain_.flat() ? kFlatStep_m : kHillStep_m);
  std::vector<char> raised(left.size());
  for (size_t i = 0; i < left.size(); ++i) {
    const GroundPoint middle = Mix(left[i], right[i], 0.5);
    raised[i] = terrain_.IsRaised(middle.at_m, middle.height_m);
  }
  for (const auto& [first, last] : Split(left, raised)) {
    const size_t count = last - first + 1;
    BeginPiece(layer);
    AddContour({left.data() + first, count}, {right.data() + first, count});
    EndPiece();
  }
}

void GroundBuilder::AddMark(const MarkLine& mark) {
  const GroundLayer layer =
      mark.color == MarkColor::kYellow ? GroundLayer::kYellowMark : GroundLayer::kWhiteMark;
  if (mark.points.size() < 2 || !(mark.width_m > 0.0)) return;
  const auto normals = LeftNormals(mark.points);
  const GroundLine center = MakeLine(mark.points, mark.height_m);
  GroundLine left = Offset(center, normals, 0.5 * mark.width_m);
  GroundLine right = Offset(center, normals, -0.5 * mark.width_m);
  if (mark.kind == MarkKind::kSolid || !(mark.dash_m > 0.0) || !(mark.gap_m > 0.0)) {
    return AddBand(layer, std::move(left), std::move(right));
  }
  added_.push_back({layer, std::move(left), std::move(right), &mark});
}

// Dashes start at the line's beginning; those within one piece's length share a piece.
void GroundBuilder::AddStopLine(const SignalHead& head) {
  const Vec2 left = head.stop_left_m - head.stop_right_m;
  const double width = Norm(left);
  if (width < 1.0) return;
  const Vec2 across = left * (1.0 / width), ahead{across.y, -across.x};
  const auto edge = [&](double ahead_m) {
    const Vec2 shift = ahead * ahead_m;
    return GroundLine{{head.stop_left_m + shift, head.stop_height_m},
                      {head.stop_right_m + shift, head.stop_height_m}};
  };
  // Across the way: what is ahead lies to the left of a walk from left to right.
  AddBand(GroundLayer::kWhiteMark, edge(kStopLineWidth_m), edge(0.0));
}

void GroundBuilder::AddDashes(GroundLayer layer, const MarkLine& mark, const GroundLine& left,
                              const GroundLine& right) {
  std::vector<double> s(mark.points.size(), 0.0);
  for (size_t i = 1; i < s.size(); ++i) {
    s[i] = s[i - 1] + Distance(mark.points[i - 1], mark.points[i]);
  }
  const double period = mark.dash_m + mark.gap_m;
  const auto num_dashes = static_cast<size_t>(std::min(std::ceil(s.back() / period), 1e6));
  const double piece_length =
      IsEven(left, 0, left.size() - 1) ? kPieceLength_m : kHillPieceLength_m;
  double piece_begin = -1e9;
  bool open = false;
  for (size_t k = 0; k < num_dashes; ++k) {
    const double begin = static_cast<double>(k) * period;
    const double end = std::min(begin + mark.dash_m, s.back());
    if (end - begin < 0.05) continue;
    if (open && end - piece_begin > piece_length) {
      EndPiece();
      open = false;
    }
    if (!open) {
      BeginPiece(layer);
      piece_begin = begin;
      open = true;
    }
    GroundLine dash_left, dash_right;
    const auto add = [&](double at) {
      const size_t hi = std::clamp<size_t>(
          static_cast<size_t>(std::lower_bound(s.begin(), s.end(), at) - s.begin()), 1,
          s.size() - 1);
      const double span = s[hi] - s[hi - 1];
      const double t = span > 0.0 ? (at - s[hi - 1]) / span : 0.0;
      dash_left.push_back(Mix(left[hi - 1], left[hi], t));
      dash_right.push_back(Mix(right[hi - 1], right[hi], t));
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

void GroundBuilder::BeginPiece(GroundLayer layer) {
  layer_ = layer;
  bands_.clear();
}

void GroundBuilder::AddContour(std::span<const GroundPoint> left,
                               std::span<const GroundPoint> right) {
  bands_.push_back({GroundLine(left.begin(), left.end()), GroundLine(right.begin(), right.end())});
}

void GroundBuilder::EndPiece() {
  if (bands_.empty()) return;
  Vec2 low = bands_[0].left[0].at_m, high = low;
  double lowest = bands_[0].left[0].height_m, highest = lowest;
  for (const Band& band : bands_) {
    for (const GroundLine* line : {&band.left, &band.right}) {
      for (const GroundPoint& p : *line) {
        low = {std::min(low.x, p.at_m.x), std::min(low.y, p.at_m.y)};
        high = {std::max(high.x, p.at_m.x), std::max(high.y, p.at_m.y)};
        lowest = std::min(lowest, p.height_m);
        highest = std::max(highest, p.height_m);
      }
    }
  }
  GroundPiece piece;
  piece.layer = layer_;
  piece.center_m = (low + high) * 0.5;
  piece.radius_m = static_cast<float>(0.5 * Distance(low, high)) + 0.01f;
  piece.base_m = static_cast<float>(0.5 * (lowest + highest));
  piece.half_height_m = static_cast<float>(0.5 * (highest - lowest));
  const GroundPoint& middle = bands_[0].left[bands_[0].left.size() / 2];
  const GroundPoint& across = bands_[0].right[bands_[0].right.size() / 2];
  const GroundPoint sample = Mix(middle, across, 0.5);
  const bool carried =
      layer_ != GroundLayer::kVerge && terrain_.IsRaised(sample.at_m, sample.height_m);
  piece.deck = carried ? 0 : -1;  // numbered by AddLand
  for (size_t level = 0; level < kDetail_m.size(); ++level) {
    piece.contours[level].first = static_cast<uint32_t>(scene_.contours.size());
    for (const Band& band : bands_) {
      AddOutline(band, static_cast<double>(kDetail_m[level]), piece);
    }
    piece.contours[level].count =
        static_cast<uint32_t>(scene_.contours.size()) - piece.contours[level].first;
  }
  scene_.pieces.push_back(piece);
}

void GroundBuilder::AddOutline(const Band& band, double tolerance_m, const GroundPiece& piece) {
  GroundLine outline = Simplify(band.left, tolerance_m);
  const GroundLine right = Simplify(band.right, tolerance_m);
  outline.insert(outline.end(), right.rbegin(), right.rend());
  double doubled_area = 0.0;
  for (size_t i = 0; i < outline.size(); ++i) {
    doubled_area += Cross(outline[i].at_m - outline[0].at_m,
                          outline[(i + 1) % outline.size()].at_m - outline[0].at_m);
  }
  if (!std::isfinite(doubled_area) || std::abs(doubled_area) < 1e-6) return;
  if (doubled_area < 0.0) std::reverse(outline.begin(), outline.end());
  VOLANTE_CHECK(outline.size() <= static_cast<size_t>(kMaxOutline), "pieces are short");
  scene_.contours.push_back(
      {static_cast<uint32_t>(scene_.point_x_m.size()), static_cast<uint32_t>(outline.size())});
  const size_t padded = (outline.size() + 3) / 4 * 4;
  for (size_t i = 0; i < padded; ++i) {
    const GroundPoint& p = outline[std::min(i, outline.size() - 1)];
    const Vec2 d = p.at_m - piece.center_m;
    scene_.point_x_m.push_back(static_cast<float>(d.x));
    scene_.point_y_m.push_back(static_cast<float>(d.y));
    if (!terrain_.flat()) {
      scene_.point_z_m.push_back(static_cast<float>(p.height_m - piece.base_m));
    }
  }
}

}  // namespace volante
