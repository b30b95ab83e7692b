#include "road/road_network.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/error.h"
#include "base/files.h"
#include "road/network_builder.h"
#include "road/opendrive.h"

namespace volante {
namespace {

constexpr double kSmallestCell = 5.0;  // m: small cells hold few lanes, and short stretches
constexpr double kLargestCellCount = 1 << 20;
// Lanes that meet end to end may leave a gap of this size.
constexpr double kEndTolerance = 0.05;

}  // namespace

std::shared_ptr<const RoadNetwork> RoadNetwork::Parse(std::string_view text, std::string name,
                                                      const RoadLimits& limits) {
  const opendrive::Document document = opendrive::Read(text, name, limits);
  return RoadNetworkBuilder(document, std::move(name), limits).Build(text);
}

std::shared_ptr<const RoadNetwork> RoadNetwork::LoadFile(const std::string& path) {
  const RoadLimits limits;
  return Parse(ReadText(RealFiles(), path, limits.max_bytes), path, limits);
}

std::shared_ptr<const RoadNetwork> RoadNetwork::WithSignals(const RoadNetwork& network,
                                                            std::vector<SignalPlan> plans) {
  const std::shared_ptr<RoadNetwork> copy(new RoadNetwork(network));
  copy->signal_plans_ = std::move(plans);
  return copy;
}

void RoadNetworkBuilder::MakeGrid() {
  RoadNetwork& net = *network_;
  Vec2 low{1e300, 1e300}, high{-1e300, -1e300};
  double widest = 0.0, num_points = 0.0;
  for (const Lane& lane : net.lanes_) {
    num_points += static_cast<double>(lane.center.points().size());
    for (const CurvePoint& p : lane.center.points()) {
      low = {std::min(low.x, p.position_m.x), std::min(low.y, p.position_m.y)};
      high = {std::max(high.x, p.position_m.x), std::max(high.y, p.position_m.y)};
      widest = std::max(widest, p.half_width_m);
    }
  }
  const double pad = widest + RoadNetwork::kGridMarginM + 1.0;
  low = low - Vec2{pad, pad};
  high = high + Vec2{pad, pad};
  const Vec2 size = high - low;
  net.grid_min_m_ = low;
  // Roads far apart from each other don't pay for the country between them.
  const double most_cells = std::min(kLargestCellCount, 1024.0 + 4.0 * num_points);
  net.cell_m_ = std::max({kSmallestCell, widest, std::sqrt(size.x * size.y / most_cells),
                          std::max(size.x, size.y) / most_cells});
  net.columns_ = static_cast<int>(size.x / net.cell_m_) + 1;
  net.rows_ = static_cast<int>(size.y / net.cell_m_) + 1;

  // The cells that each lane comes near, point by point; stretches of one lane within one cell are
  // joined while they follow each other.
  const size_t num_cells = static_cast<size_t>(net.columns_) * static_cast<size_t>(net.rows_);
  std::vector<std::vector<RoadNetwork::GridItem>> cells(num_cells);
  for (size_t i = 0; i < net.lanes_.size(); ++i) {
    const Curve& curve = net.lanes_[i].center;
    for (size_t k = 0; k < curve.points().size(); ++k) {
      const CurvePoint& p = curve.points()[k];
      const double s = static_cast<double>(k) * curve.spacing_m();
      const double reach = p.half_width_m + RoadNetwork::kGridMarginM + curve.spacing_m();
      const auto cell = [&](double value, double origin, int count) {
        return std::clamp(static_cast<int>((value - origin) / net.cell_m_), 0, count - 1);
      };
      const int c0 = cell(p.position_m.x - reach, low.x, net.columns_);
      const int c1 = cell(p.position_m.x + reach, low.x, net.columns_);
      const int r0 = cell(p.position_m.y - reach, low.y, net.rows_);
      const int r1 = cell(p.position_m.y + reach, low.y, net.rows_);
      for (int r = r0; r <= r1; ++r) {
        for (int c = c0; c <= c1; ++c) {
          const Vec2 corner = low + Vec2{c * net.cell_m_, r * net.cell_m_};
          const Vec2 beside{
              std::max({corner.x - p.position_m.x, p.position_m.x - corner.x - net.cell_m_, 0.0}),
              std::max({corner.y - p.position_m.y, p.position_m.y - corner.y - net.cell_m_, 0.0})};
          if (Dot(beside, beside) > reach * reach) continue;
          std::vector<RoadNetwork::GridItem>& items =
              cells[static_cast<size_t>(r) * net.columns_ + c];
          const double from = std::max(0.0, s - curve.spacing_m());
          const double to = std::min(curve.length_m(), s + curve.spacing_m());
          if (!items.empty() && items.back().lane == static_cast<LaneIndex>(i) &&
              items.back().high_s_m >= from) {
            items.back().high_s_m = to;
          } else {
            items.push_back({static_cast<LaneIndex>(i), from, to});
          }
        }
      }
    }
  }
  net.cell_begin_.assign(1, 0);
  for (const std::vector<RoadNetwork::GridItem>& items : cells) {
    net.grid_.insert(net.grid_.end(), items.begin(), items.end());
    net.cell_begin_.push_back(static_cast<uint32_t>(net.grid_.size()));
  }
}

// Calls visit(item) for every stretch in the cells within reach of the point.
template <class Visit>
void RoadNetwork::VisitCells(Vec2 point, double reach_m, Visit visit) const {
  const Vec2 at = (point - grid_min_m_) * (1.0 / cell_m_);
  const double reach = reach_m / cell_m_;
  if (!(at.x + reach >= 0.0 && at.y + reach >= 0.0 && at.x - reach < columns_ &&
        at.y - reach < rows_)) {
    return;
  }
  const int c0 = static_cast<int>(std::max(0.0, at.x - reach));
  const int r0 = static_cast<int>(std::max(0.0, at.y - reach));
  const int c1 = static_cast<int>(std::min(columns_ - 1.0, at.x + reach));
  const int r1 = static_cast<int>(std::min(rows_ - 1.0, at.y + reach));
  for (int r = r0; r <= r1; ++r) {
    for (int c = c0; c <= c1; ++c) {
      const size_t cell = static_cast<size_t>(r) * static_cast<size_t>(columns_) + c;
      for (uint32_t k = cell_begin_[cell]; k < cell_begin_[cell + 1]; ++k) visit(grid_[k]);
    }
  }
}

namespace {

// Whether the curve's ground at s lies on another level than the height asked for.
bool OtherLevel(const RoadNetwork& network, const Curve& curve, double s_m,
                std::optional<double> height_m) {
  return height_m && !network.flat() &&
         std::abs(curve.GroundAt(s_m).height_m - *height_m) > RoadNetwork::kLevelHeightM;
}

// The projection, when the point lies on the lane widened by margin_m.
std::optional<CurveProjection> OnLane(const Curve& curve, Vec2 point, double low_s, double high_s,
                                      double margin_m) {
  const CurveProjection p = curve.Project(point, low_s, high_s);
  const CurvePoint at = curve.At(p.s_m);
  if (std::abs(p.lateral_m) > at.half_width_m + margin_m) return std::nullopt;
  if (p.s_m <= low_s || p.s_m >= high_s) {
    const double beyond = Dot(UnitFromHeading(p.heading_rad), point - at.position_m);
    if (std::abs(beyond) > kEndTolerance + margin_m) return std::nullopt;
  }
  return p;
}

}  // namespace

std::optional<LanePosition> RoadNetwork::FindLane(Vec2 point, std::optional<double> heading_rad,
                                                  double margin_m,
                                                  std::optional<double> height_m) const {
  std::optional<LanePosition> best;
  double best_angle = 0.0, best_offset = 0.0;
  VisitCells(point, std::max(0.0, margin_m - kGridMarginM), [&](const GridItem& item) {
    const Curve& curve = lane(item.lane).center;
    const auto p = OnLane(curve, point, item.low_s_m, item.high_s_m, margin_m);
    if (!p || OtherLevel(*this, curve, p->s_m, height_m)) return;
    // Lanes that share their beginning have equal headings there: the nearer centre decides.
    const double angle =
        heading_rad ? std::round(100.0 * std::abs(WrapAngle(p->heading_rad - *heading_rad))) : 0.0;
    const double offset = std::abs(p->lateral_m);
    const bool better =
        !best || angle < best_angle ||
        (angle == best_angle &&
         (offset < best_offset || (offset == best_offset && item.lane < best->lane)));
    if (!better) return;
    best = LanePosition{item.lane, *p};
    best_angle = angle;
    best_offset = offset;
  });
  return best;
}

std::optional<LanePosition> RoadNetwork::NearestLane(const Pose2& pose, double radius_m,
                                                     std::optional<double> height_m) const {
  std::optional<LanePosition> best;
  double best_distance = radius_m;
  VisitCells(pose.position_m, std::max(0.0, radius_m - kGridMarginM), [&](const GridItem& item) {
    const Curve& curve = lane(item.lane).center;
    const CurveProjection p = curve.Project(pose.position_m, item.low_s_m, item.high_s_m);
    if (std::abs(WrapAngle(p.heading_rad - pose.heading_rad)) >= 0.5 * std::numbers::pi) return;
    if (OtherLevel(*this, curve, p.s_m, height_m)) return;
    const double distance = Distance(pose.position_m, curve.PositionAt(p.s_m));
    if (distance > best_distance ||
        (best && distance == best_distance && item.lane >= best->lane)) {
      return;
    }
    best = LanePosition{item.lane, p};
    best_distance = distance;
  });
  return best;
}

void RoadNetwork::LanesAt(Vec2 point, std::vector<LaneIndex>& out,
                          std::optional<double> height_m) const {
  out.clear();
  VisitCells(point, 0.0, [&](const GridItem& item) {
    if (!out.empty() && out.back() == item.lane) return;
    const Curve& curve = lane(item.lane).center;
    const auto p = OnLane(curve, point, item.low_s_m, item.high_s_m, 0.0);
    if (p && !OtherLevel(*this, curve, p->s_m, height_m)) out.push_back(item.lane);
  });
}

}  // namespace volante
