#include "road/curve.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace volante {
namespace {

constexpr double kTargetSpacing = 0.5;

// Vertices searched one by one; longer ranges are first thinned out.
constexpr int kPlainSearch = 24;
constexpr int kCoarseStride = 8;

// Exact for a circular arc, whose chord and change of heading are known.
double PieceLength(const CurvePoint& a, const CurvePoint& b) {
  const double chord = Distance(a.position_m, b.position_m);
  const double half = 0.5 * WrapAngle(b.heading_rad - a.heading_rad);
  if (std::abs(half) < 1e-7 || std::abs(half) > 0.8) return chord;
  return chord * half / std::sin(half);
}

CurvePoint Mix(const CurvePoint& a, const CurvePoint& b, double u) {
  CurvePoint p;
  p.position_m = a.position_m + (b.position_m - a.position_m) * u;
  p.heading_rad = a.heading_rad + (b.heading_rad - a.heading_rad) * u;
  p.curvature_1pm = a.curvature_1pm + (b.curvature_1pm - a.curvature_1pm) * u;
  p.half_width_m = a.half_width_m + (b.half_width_m - a.half_width_m) * u;
  return p;
}

CurveGround Mix(const CurveGround& a, const CurveGround& b, double u) {
  return {a.height_m + (b.height_m - a.height_m) * u, a.grade + (b.grade - a.grade) * u,
          a.bank_rad + (b.bank_rad - a.bank_rad) * u};
}

// Cubic Hermite interpolation over a piece of arc length `length`: the tangents are exact.
Vec2 Hermite(const CurvePoint& a, const CurvePoint& b, double length, double u) {
  const Vec2 ta = UnitFromHeading(a.heading_rad) * length;
  const Vec2 tb = UnitFromHeading(b.heading_rad) * length;
  const double u2 = u * u, u3 = u2 * u;
  return a.position_m * (2 * u3 - 3 * u2 + 1) + ta * (u3 - 2 * u2 + u) +
         b.position_m * (3 * u2 - 2 * u3) + tb * (u3 - u2);
}

}  // namespace

double DenseLength(const std::vector<CurvePoint>& dense) {
  double sum = 0.0;
  for (size_t i = 1; i < dense.size(); ++i) sum += PieceLength(dense[i - 1], dense[i]);
  return sum;
}

Curve::Curve(const std::vector<CurvePoint>& dense, double length_m) : Curve(dense, {}, length_m) {}

Curve::Curve(const std::vector<CurvePoint>& dense, const std::vector<CurveGround>& ground,
             double length_m)
    : length_m_(length_m) {
  VOLANTE_CHECK(dense.size() >= 2 && length_m > 0.0, "a curve needs two points and a length");
  VOLANTE_CHECK(ground.empty() || ground.size() == dense.size(), "one ground to each point");
  const double stretch = length_m / DenseLength(dense);
  const auto steps =
      std::max<size_t>(1, static_cast<size_t>(std::ceil(length_m / kTargetSpacing - 1e-9)));
  spacing_m_ = length_m / static_cast<double>(steps);
  inverse_spacing_1pm_ = 1.0 / spacing_m_;
  points_.reserve(steps + 1);

  // Walks along the pieces; headings are unwrapped as it goes.
  size_t piece = 0;
  double begin_s = 0.0;
  CurvePoint a = dense[0];
  const auto next_of = [&](const CurvePoint& from, size_t i) {
    CurvePoint b = dense[i];
    b.heading_rad = from.heading_rad + WrapAngle(b.heading_rad - from.heading_rad);
    return b;
  };
  CurvePoint b = next_of(a, 1);
  double piece_length = PieceLength(a, b) * stretch;
  for (size_t i = 0; i < steps; ++i) {
    const double s = static_cast<double>(i) * spacing_m_;
    while (s > begin_s + piece_length && piece + 2 < dense.size()) {
      begin_s += piece_length;
      ++piece;
      a = b;
      b = next_of(a, piece + 1);
      piece_length = PieceLength(a, b) * stretch;
    }
    const double u = piece_length > 0.0 ? std::clamp((s - begin_s) / piece_length, 0.0, 1.0) : 0.0;
    CurvePoint p = Mix(a, b, u);
    p.position_m = Hermite(a, b, piece_length, u);
    points_.push_back(p);
    if (!ground.empty()) ground_.push_back(Mix(ground[piece], ground[piece + 1], u));
  }
  while (piece + 2 < dense.size()) {
    ++piece;
    a = b;
    b = next_of(a, piece + 1);
  }
  points_.push_back(b);
  if (!ground.empty()) ground_.push_back(ground.back());
}

CurveGround Curve::GroundAt(double s_m) const {
  if (ground_.empty()) return {};
  const double u = std::clamp(s_m, 0.0, length_m_) * inverse_spacing_1pm_;
  const size_t i = std::min(static_cast<size_t>(u), ground_.size() - 2);
  return Mix(ground_[i], ground_[i + 1], u - static_cast<double>(i));
}

CurvePoint Curve::At(double s_m) const {
  const double u = std::clamp(s_m, 0.0, length_m_) * inverse_spacing_1pm_;
  const size_t i = std::min(static_cast<size_t>(u), points_.size() - 2);
  return Mix(points_[i], points_[i + 1], u - static_cast<double>(i));
}

Vec2 Curve::PositionAt(double s_m) const {
  const double u = std::clamp(s_m, 0.0, length_m_) * inverse_spacing_1pm_;
  const size_t i = std::min(static_cast<size_t>(u), points_.size() - 2);
  const Vec2 a = points_[i].position_m, b = points_[i + 1].position_m;
  return a + (b - a) * (u - static_cast<double>(i));
}

CurveProjection Curve::Project(Vec2 point, double low_s_m, double high_s_m) const {
  const double low = std::clamp(low_s_m, 0.0, length_m_);
  const double high = std::clamp(high_s_m, low, length_m_);
  const int last = static_cast<int>(points_.size()) - 1;
  const int first_vertex = std::min(static_cast<int>(low * inverse_spacing_1pm_), last - 1);
  const int last_vertex =
      std::clamp(static_cast<int>(std::ceil(high * inverse_spacing_1pm_)), first_vertex + 1, last);
  const CurvePoint* points = points_.data();
  const auto distance2 = [&](int i) {
    const Vec2 d = point - points[i].position_m;
    return Dot(d, d);
  };

  int nearest = first_vertex;
  double nearest2 = distance2(first_vertex);
  const auto search = [&](int from, int to) {
    for (int i = from; i <= to; ++i) {
      const double d2 = distance2(i);
      if (d2 < nearest2) {
        nearest2 = d2;
        nearest = i;
      }
    }
  };
  if (last_vertex - first_vertex <= kPlainSearch) {
    search(first_vertex + 1, last_vertex);
  } else {
    // No vertex is nearer than its coarse neighbour's distance less the arc between them.
    constexpr int kReach = kCoarseStride / 2;
    for (int i = first_vertex + kReach; i <= last_vertex; i += kCoarseStride) search(i, i);
    search(last_vertex, last_vertex);
    const double reach = std::sqrt(nearest2) + kReach * spacing_m_;
    for (int i = first_vertex + kReach; i - kReach <= last_vertex; i += kCoarseStride) {
      if (distance2(std::min(i, last_vertex)) > reach * reach) continue;
      search(i - kReach, std::min(i + kReach, last_vertex));
    }
  }

  // The nearest point of the two segments that meet in that vertex.
  double best2 = 1e300, best_s = low;
  Vec2 best_direction, best_offset;
  for (int i = std::max(nearest - 1, first_vertex); i <= std::min(nearest, last_vertex - 1); ++i) {
    const Vec2 a = points[i].position_m, ab = points[i + 1].position_m - a;
    const double ab2 = Dot(ab, ab);
    const double u = ab2 > 0.0 ? Dot(point - a, ab) / ab2 : 0.0;
    const double s = std::clamp((i + std::clamp(u, 0.0, 1.0)) * spacing_m_, low, high);
    const double v = std::clamp(s * inverse_spacing_1pm_ - i, 0.0, 1.0);
    const Vec2 offset = point - (a + ab * v);
    const double d2 = Dot(offset, offset);
    if (d2 < best2) {
      best2 = d2;
      best_s = s;
      best_direction = ab;
      best_offset = offset;
    }
  }
  CurveProjection projection;
  projection.s_m = best_s;
  const double u = best_s * inverse_spacing_1pm_;
  const int i = std::min(static_cast<int>(u), last - 1);
  projection.heading_rad =
      points[i].heading_rad + (points[i + 1].heading_rad - points[i].heading_rad) * (u - i);
  if (best_s <= low || best_s >= high) {
    projection.lateral_m = Cross(UnitFromHeading(projection.heading_rad), best_offset);
  } else {
    projection.lateral_m = std::copysign(std::sqrt(best2), Cross(best_direction, best_offset));
  }
  return projection;
}

}  // namespace volante
