// Ground in the middle of junctions, between the lanes.
#include <algorithm>
#include <cmath>

#include "road/network_builder.h"

namespace volante {
namespace {

constexpr double kCell = 0.25, kStepOfCell = 0.34;
constexpr double kLargestHole = 150.0;  // m^2
constexpr int kLargestRaster = 2000;    // cells a side: junctions up to 500 m
constexpr size_t kLeastGap = 3;         // cells; the edge of a lane may miss one
constexpr int kFurthestTip = 24;        // cells beyond the hole that a tip of it may reach
constexpr float kNoHeight = 1e30f;

// Which cells of a junction's square lie below a lane, quarter by quarter, and how high that is.
struct Raster {
  enum : uint8_t { kOpen = 0, kCovered = 15, kSeen = 16 };  // a bit for each quarter

  Vec2 low_m;
  int n = 0;  // cells a side
  std::vector<uint8_t> cells;
  std::vector<float> height_m;  // of the covered cells; empty on flat ground

  Vec2 CenterOf(int row, int column) const {
    return low_m + Vec2{(column + 0.5) * kCell, (row + 0.5) * kCell};
  }

  // Points closer together than quarters of cells, so that none under a lane is left out.
  void Cover(const Curve& curve, double from_s, double to_s) {
    constexpr double kStep = kStepOfCell * kCell;
    for (double s = std::max(0.0, from_s); s <= std::min(to_s, curve.length_m()); s += kStep) {
      const CurvePoint p = curve.At(s);
      const Vec2 along = UnitFromHeading(p.heading_rad), across{-along.y, along.x};
      const CurveGround ground = curve.GroundAt(s);
      for (double t = -p.half_width_m; t <= p.half_width_m; t += kStep) {
        const Vec2 at = (p.position_m + across * t - low_m) * (1.0 / kCell);
        if (!(at.x >= 0.0 && at.y >= 0.0 && at.x < n && at.y < n)) continue;
        const size_t cell = static_cast<size_t>(at.y) * n + static_cast<size_t>(at.x);
        const bool right = at.x - std::floor(at.x) >= 0.5, upper = at.y - std::floor(at.y) >= 0.5;
        cells[cell] |= static_cast<uint8_t>(1u << ((right ? 1u : 0u) + (upper ? 2u : 0u)));
        if (height_m.empty()) continue;
        height_m[cell] = static_cast<float>(ground.height_m + t * std::tan(ground.bank_rad));
      }
    }
  }

  bool AtBorder(int cell) const {
    const int r = cell / n, c = cell % n;
    return r == 0 || c == 0 || r == n - 1 || c == n - 1;
  }
  template <class Visit>
  void ForNeighbours(int cell, Visit visit) const {
    const int r = cell / n, c = cell % n;
    if (c > 0) visit(cell - 1);
    if (c < n - 1) visit(cell + 1);
    if (r > 0) visit(cell - n);
    if (r < n - 1) visit(cell + n);
  }
  bool PartlyCovered(int cell) const { return cells[cell] != kOpen && cells[cell] < kCovered; }
  void See(int cell, std::vector<int>& region) {
    cells[cell] |= kSeen;
    region.push_back(cell);
  }

  // Floods from a cell over open ones; true when the raster's border was reached.
  bool Flood(int from, std::vector<int>& region) {
    bool border = false;
    region.clear();
    See(from, region);
    for (size_t k = 0; k < region.size(); ++k) {
      border = border || AtBorder(region[k]);
      ForNeighbours(region[k], [&](int next) {
        if (cells[next] == kOpen) See(next, region);
      });
    }
    return border;
  }

  // The tips of a hole are narrower than a cell: adds what it reaches through cells that lanes
  // cover in part.
  void AddTips(std::vector<int>& region) {
    size_t begin = 0;
    for (int step = 0; step < kFurthestTip && begin < region.size(); ++step) {
      const size_t end = region.size();
      for (; begin < end; ++begin) {
        ForNeighbours(region[begin], [&](int next) {
          if (PartlyCovered(next) && !AtBorder(next)) See(next, region);
        });
      }
    }
  }

  // After the open cells: floods over cells that are covered in part. True when it is a gap between
  // lanes, narrower than a cell, and not the edge of what is open.
  bool FloodGap(int from, std::vector<int>& region) {
    bool edge = false;
    region.clear();
    See(from, region);
    for (size_t k = 0; k < region.size(); ++k) {
      edge = edge || AtBorder(region[k]);
      ForNeighbours(region[k], [&](int next) {
        edge = edge || cells[next] == kSeen;
        if (PartlyCovered(next)) See(next, region);
      });
    }
    return !edge;
  }
};

// Adds the cells to the roads, row by row, where the lanes beside them lie on one level.
void Pave(const Raster& raster, std::vector<int>& region, bool flat,
          std::vector<SurfaceStrip>& surfaces) {
  const int n = raster.n;
  std::sort(region.begin(), region.end());
  for (size_t k = 0; k < region.size();) {
    size_t end = k + 1;
    while (end < region.size() && region[end] == region[end - 1] + 1) ++end;
    const Vec2 a = raster.CenterOf(region[k] / n, region[k] % n) - Vec2{kCell, kCell};
    const Vec2 b = raster.CenterOf(region[end - 1] / n, region[end - 1] % n) + Vec2{kCell, kCell};
    SurfaceStrip strip{Surface::kRoad,           true, {{a.x, b.y}, {b.x, b.y}},
                       {{a.x, a.y}, {b.x, a.y}}, {},   {}};
    // A hole never touches the raster's border: there are lanes to both sides of each row.
    bool one_level = true;
    if (!flat) {
      const auto height = [&](int cell, int beside) {
        return static_cast<double>(raster.height_m[cell] < kNoHeight ? raster.height_m[cell]
                                                                     : raster.height_m[beside]);
      };
      const double left = height(region[k], region[k] - 1);
      const double right = height(region[end - 1], region[end - 1] + 1);
      one_level = std::abs(left - right) <= RoadNetwork::kLevelHeightM;
      strip.left_height_m = strip.right_height_m = {left, right};
    }
    if (one_level) surfaces.push_back(std::move(strip));
    k = end;
  }
}

}  // namespace

// Connecting lanes can enclose pieces of ground that no lane covers: the middle of a crossing.
// Such holes are found on a raster and paved row by row, with their narrow tips; the pieces reach
// at most a cell and a half over the lanes around them. Larger ones are islands (roundabouts) and
// stay.
void RoadNetworkBuilder::FillJunctionHoles() {
  for (const Junction& junction : network_->junctions_) FillHolesOf(junction);
}

void RoadNetworkBuilder::FillHolesOf(const Junction& junction) {
  RoadNetwork& net = *network_;
  const double half = junction.radius_m + 1.0;
  Raster raster;
  raster.n = static_cast<int>(2.0 * half / kCell) + 1;
  const int n = raster.n;
  if (n > kLargestRaster) return;
  raster.low_m = junction.center_m - Vec2{half, half};
  Spend(RoadOf(net.lane(junction.lanes.front())), 0.0, static_cast<double>(n) * n);
  raster.cells.assign(static_cast<size_t>(n) * n, Raster::kOpen);
  if (!net.flat_) raster.height_m.assign(raster.cells.size(), kNoHeight);
  const auto cover = [&](LaneIndex lane, double from_s, double to_s) {
    const Curve& curve = net.lane(lane).center;
    const double length = std::min(to_s, curve.length_m()) - std::max(0.0, from_s);
    const double width = 2.0 * curve.points().front().half_width_m;
    Spend(RoadOf(net.lane(lane)), 0.0,
          length * (10.0 + width / (kStepOfCell * kStepOfCell * kCell * kCell)));
    raster.Cover(curve, from_s, to_s);
  };
  for (const LaneIndex i : junction.lanes) {
    const Lane& lane = net.lane(i);
    cover(i, 0.0, lane.center.length_m());
    for (const LaneIndex k : lane.successors) cover(k, 0.0, half);
    for (const LaneIndex k : lane.predecessors) {
      const double length = net.lane(k).center.length_m();
      cover(k, length - half, length);
    }
  }
  std::vector<int> region;
  for (int i = 0; i < n * n; ++i) {
    if (raster.cells[i] != Raster::kOpen) continue;
    if (raster.Flood(i, region)) continue;
    if (static_cast<double>(region.size()) * kCell * kCell > kLargestHole) continue;
    raster.AddTips(region);
    Pave(raster, region, net.flat_, net.surfaces_);
  }
  for (int i = 0; i < n * n; ++i) {
    if (!raster.PartlyCovered(i) || !raster.FloodGap(i, region)) continue;
    if (region.size() >= kLeastGap) Pave(raster, region, net.flat_, net.surfaces_);
  }
}

}  // namespace volante
