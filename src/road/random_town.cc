// Random towns: a distorted grid of streets of which some are missing, so that T-junctions and
// 4-way junctions, straight and curved streets and blocks of all sizes come out.
// Plans that can't be built are thrown away; the next attempt draws on from the same stream.
#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <optional>

#include "base/error.h"
#include "base/random.h"
#include "road/town_plan.h"
#include "road/towns.h"

namespace volante {
namespace {

constexpr double kDegree = std::numbers::pi / 180.0;
constexpr double kSmallestAngle = 62.0 * kDegree;  // between two arms of a junction
// No way turns by an angle between these: left, right and straight are what they look like.
constexpr double kStraightest = 24.0 * kDegree, kLeastTurn = 40.0 * kDegree;
constexpr double kLeastStreets = 1800.0, kMostStreets = 3000.0;  // metres, from centre to centre
constexpr double kClearance = 26.0;                              // between streets that do not meet
constexpr size_t kFewestJunctions = 5;
constexpr int kMostAttempts = 2000;

// The lines of the grid, before some of them are left out.
struct Grid {
  struct Edge {
    int a = 0, b = 0;
  };
  std::vector<Vec2> nodes;
  std::vector<Edge> edges;
  std::vector<std::vector<int>> edges_at;  // per node

  size_t degree(int node) const { return edges_at[static_cast<size_t>(node)].size(); }
  int other_end(int edge, int node) const {
    const Edge& e = edges[static_cast<size_t>(edge)];
    return e.a == node ? e.b : e.a;
  }
};

double RoundTo(double value, double unit) { return xodr::Rounded(value, unit); }

// Columns and rows at uneven distances, warped, shaken and turned.
Grid DrawGrid(RandomStream& random) {
  const auto columns = static_cast<int>(3 + random.Below(3));
  const auto rows = static_cast<int>(3 + random.Below(3));
  const auto draw_lines = [&](int count) {
    std::vector<double> at = {0.0};
    for (int i = 1; i < count; ++i) at.push_back(at.back() + random.Uniform(72.0, 150.0));
    return at;
  };
  const std::vector<double> x = draw_lines(columns), y = draw_lines(rows);
  const double warp = random.Uniform(0.0, 16.0), shake = random.Uniform(0.0, 9.0);
  const double wave = random.Uniform(250.0, 500.0);
  const double phase_x = random.Uniform(0.0, 6.28), phase_y = random.Uniform(0.0, 6.28);
  const Pose2 town_frame{{0, 0}, std::round(random.Uniform(0.0, 90.0)) * kDegree};
  Grid grid;
  for (int row = 0; row < rows; ++row) {
    for (int column = 0; column < columns; ++column) {
      Vec2 p{x[static_cast<size_t>(column)], y[static_cast<size_t>(row)]};
      p = p + Vec2{warp * std::sin(2.0 * std::numbers::pi * p.y / wave + phase_x),
                   warp * std::sin(2.0 * std::numbers::pi * p.x / wave + phase_y)};
      p = p + Vec2{random.Uniform(-shake, shake), random.Uniform(-shake, shake)};
      p = WorldFromLocal(town_frame, p);
      grid.nodes.push_back({RoundTo(p.x, 0.1), RoundTo(p.y, 0.1)});
      const int node = row * columns + column;
      if (column > 0) grid.edges.push_back({node - 1, node});
      if (row > 0) grid.edges.push_back({node - columns, node});
    }
  }
  grid.edges_at.resize(grid.nodes.size());
  for (size_t e = 0; e < grid.edges.size(); ++e) {
    grid.edges_at[static_cast<size_t>(grid.edges[e].a)].push_back(static_cast<int>(e));
    grid.edges_at[static_cast<size_t>(grid.edges[e].b)].push_back(static_cast<int>(e));
  }
  return grid;
}

bool IsConnected(const Grid& grid) {
  std::vector<bool> seen(grid.nodes.size(), false);
  std::vector<int> queue = {0};
  seen[0] = true;
  for (size_t k = 0; k < queue.size(); ++k) {
    for (const int e : grid.edges_at[static_cast<size_t>(queue[k])]) {
      const int next = grid.other_end(e, queue[k]);
      if (seen[static_cast<size_t>(next)]) continue;
      seen[static_cast<size_t>(next)] = true;
      queue.push_back(next);
    }
  }
  return queue.size() == grid.nodes.size();
}

// Leaves out up to `share` of the streets; no dead ends, nothing cut off.
void ThinOut(Grid& grid, double share, RandomStream& random) {
  std::vector<int> order(grid.edges.size());
  std::iota(order.begin(), order.end(), 0);
  for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.Below(i)]);
  auto to_remove = static_cast<int>(share * static_cast<double>(order.size()));
  for (const int e : order) {
    if (to_remove == 0) break;
    const Grid::Edge edge = grid.edges[static_cast<size_t>(e)];
    if (grid.degree(edge.a) < 3 || grid.degree(edge.b) < 3) continue;
    const std::vector<std::vector<int>> before = grid.edges_at;
    std::erase(grid.edges_at[static_cast<size_t>(edge.a)], e);
    std::erase(grid.edges_at[static_cast<size_t>(edge.b)], e);
    if (IsConnected(grid)) {
      --to_remove;
    } else {
      grid.edges_at = before;
    }
  }
}

// A corner in the middle of a block's side, or two: the street swings out, or from side to side.
void AddSwing(Vec2 from, Vec2 to, RandomStream& random, std::vector<PlannedBend>& bends) {
  const Vec2 along = to - from;
  const double length = Norm(along);
  const Vec2 left{-along.y / length, along.x / length};
  const bool two = length > 105.0 && random.Below(2) == 0;
  const double side = (random.Below(2) == 0 ? 1.0 : -1.0) * random.Uniform(5.0, 11.0);
  const double radius = RoundTo(random.Uniform(35.0, 90.0), 1.0);
  const auto corner = [&](double share, double offset) {
    const Vec2 p = from + along * share + left * offset;
    bends.push_back({{RoundTo(p.x, 0.1), RoundTo(p.y, 0.1)}, radius});
  };
  if (two) {
    corner(0.36, side);
    corner(0.64, -side);
  } else {
    corner(0.5, side);
  }
}

// The streets between junctions, through the grid's nodes where only two lines meet.
std::optional<std::vector<PlannedStreet>> TraceStreets(const Grid& grid,
                                                       const std::vector<int>& junction_at,
                                                       RandomStream& random) {
  constexpr xodr::Limit kLimits[] = {{50, "km/h"}, {40, "km/h"}, {30, "mph"}, {30, "km/h"}};
  const double swing_share = random.Uniform(0.0, 0.5);
  std::vector<PlannedStreet> streets;
  std::vector<bool> used(grid.edges.size(), false);
  for (size_t start = 0; start < grid.nodes.size(); ++start) {
    if (junction_at[start] < 0) continue;
    for (const int first : grid.edges_at[start]) {
      if (used[static_cast<size_t>(first)]) continue;
      PlannedStreet street;
      street.from = junction_at[start];
      street.center = random.Below(2) == 0 ? MarkColor::kYellow : MarkColor::kWhite;
      // Most streets are fast, as in Town01.
      street.limit = kLimits[random.Below(3) == 0 ? random.Below(4) : 0];
      auto node = static_cast<int>(start);
      int edge = first;
      for (;;) {
        used[static_cast<size_t>(edge)] = true;
        const int next = grid.other_end(edge, node);
        const Vec2 from = grid.nodes[static_cast<size_t>(node)];
        const Vec2 to = grid.nodes[static_cast<size_t>(next)];
        if (Distance(from, to) > 78.0 && random.Uniform() < swing_share) {
          AddSwing(from, to, random, street.bends);
        }
        node = next;
        if (junction_at[static_cast<size_t>(node)] >= 0) break;
        street.bends.push_back({to, RoundTo(random.Uniform(13.0, 45.0), 0.5)});
        const auto& ways = grid.edges_at[static_cast<size_t>(node)];
        edge = ways[0] == edge ? ways[1] : ways[0];
      }
      street.to = junction_at[static_cast<size_t>(node)];
      if (street.from == street.to) return std::nullopt;
      streets.push_back(std::move(street));
    }
  }
  return streets;
}

// ---- can it be built? ----------------------------------------------------------------------

bool AnglesAreClear(const TownPlan& plan) {
  std::vector<std::vector<double>> outward(plan.junctions.size());
  for (const PlannedStreet& s : plan.streets) {
    const Vec2 a = plan.junctions[static_cast<size_t>(s.from)].position_m;
    const Vec2 b = plan.junctions[static_cast<size_t>(s.to)].position_m;
    outward[static_cast<size_t>(s.from)].push_back(
        xodr::HeadingOf(a, s.bends.empty() ? b : s.bends.front().corner_m));
    outward[static_cast<size_t>(s.to)].push_back(
        xodr::HeadingOf(b, s.bends.empty() ? a : s.bends.back().corner_m));
  }
  for (const std::vector<double>& arms : outward) {
    for (size_t i = 0; i < arms.size(); ++i) {
      for (size_t j = 0; j < i; ++j) {
        const double between = std::abs(WrapAngle(arms[i] - arms[j]));
        const double turn = std::numbers::pi - between;
        if (between < kSmallestAngle) return false;
        if (turn > kStraightest && turn < kLeastTurn) return false;
      }
    }
  }
  return true;
}

std::vector<Vec2> PointsOf(const std::vector<xodr::Piece>& pieces) {
  constexpr double kStep = 4.0;
  std::vector<Vec2> points;
  for (const xodr::Piece& p : pieces) {
    for (double s = 0.0; s < p.length_m; s += kStep) {
      xodr::Piece part = p;
      part.length_m = std::max(s, 1e-6);
      points.push_back(xodr::EndOf(part).position_m);
    }
  }
  points.push_back(xodr::EndOf(pieces.back()).position_m);
  return points;
}

// Every street has room for its bends, and no two come near each other but at their junction.
bool StreetsAreClear(const TownPlan& plan) {
  constexpr double kShortestLine = 2.0, kShortestStreet = 25.0, kAtJunction = 45.0;
  const std::vector<double> trims = TrimsOf(plan);
  std::vector<std::vector<Vec2>> points;
  for (const PlannedStreet& street : plan.streets) {
    const std::vector<xodr::Piece> pieces =
        Alignment(plan, street, trims[static_cast<size_t>(street.from)],
                  trims[static_cast<size_t>(street.to)]);
    if (pieces.empty() || xodr::LengthOf(pieces) < kShortestStreet) return false;
    for (const xodr::Piece& p : pieces) {
      if (p.curvature_1pm == 0.0 && p.length_m < kShortestLine) return false;
    }
    points.push_back(PointsOf(pieces));
  }
  for (size_t a = 0; a < points.size(); ++a) {
    for (size_t b = 0; b < a; ++b) {
      std::vector<Vec2> shared;
      for (const int j : {plan.streets[a].from, plan.streets[a].to}) {
        if (j == plan.streets[b].from || j == plan.streets[b].to) {
          shared.push_back(plan.junctions[static_cast<size_t>(j)].position_m);
        }
      }
      for (const Vec2 p : points[a]) {
        const bool at_junction = std::any_of(shared.begin(), shared.end(),
                                             [&](Vec2 j) { return Distance(p, j) < kAtJunction; });
        if (at_junction) continue;
        for (const Vec2 q : points[b]) {
          if (Distance(p, q) < kClearance) return false;
        }
      }
    }
  }
  return true;
}

// From each direction of each street one can drive to all others without turning round.
bool EverythingIsReached(const TownPlan& plan) {
  const size_t n = plan.streets.size();
  for (size_t start = 0; start < 2 * n; ++start) {
    std::vector<bool> seen(2 * n, false);
    std::vector<size_t> queue = {start};
    seen[start] = true;
    for (size_t k = 0; k < queue.size(); ++k) {
      const size_t street = queue[k] / 2;
      const bool forward = queue[k] % 2 == 0;
      const int junction = forward ? plan.streets[street].to : plan.streets[street].from;
      for (size_t next = 0; next < n; ++next) {
        if (next == street) continue;
        for (const size_t direction : {0u, 1u}) {
          const PlannedStreet& s = plan.streets[next];
          if ((direction == 0 ? s.from : s.to) != junction) continue;
          const size_t state = 2 * next + direction;
          if (!seen[state]) queue.push_back(state);
          seen[state] = true;
        }
      }
    }
    if (queue.size() != 2 * n) return false;
  }
  return true;
}

double StreetLength(const Grid& grid) {
  double length = 0.0;
  for (size_t node = 0; node < grid.nodes.size(); ++node) {
    for (const int e : grid.edges_at[node]) {
      length +=
          0.5 *
          Distance(grid.nodes[node],
                   grid.nodes[static_cast<size_t>(grid.other_end(e, static_cast<int>(node)))]);
    }
  }
  return length;
}

std::optional<TownPlan> DrawPlan(RandomStream& random) {
  constexpr xodr::Dash kDashes[] = {{3, 6}, {3, 9}, {2, 4}, {4, 8}};
  Grid grid = DrawGrid(random);
  ThinOut(grid, random.Uniform(0.05, 0.4), random);
  TownPlan plan;
  plan.lane_width_m = RoundTo(random.Uniform(3.3, 4.0), 0.05);
  plan.shoulder_width_m = RoundTo(random.Uniform(0.3, 1.0), 0.1);
  plan.sidewalk_width_m = RoundTo(random.Uniform(2.0, 3.4), 0.1);
  plan.turn_radius_m = RoundTo(random.Uniform(9.25, 12.0), 0.25);
  plan.dash = kDashes[random.Below(std::size(kDashes))];
  std::vector<int> junction_at(grid.nodes.size(), -1);
  for (size_t node = 0; node < grid.nodes.size(); ++node) {
    if (grid.degree(static_cast<int>(node)) < 3) continue;
    junction_at[node] = static_cast<int>(plan.junctions.size());
    plan.junctions.push_back({grid.nodes[node]});
  }
  auto streets = TraceStreets(grid, junction_at, random);
  const double length = StreetLength(grid);
  if (!streets || plan.junctions.size() < kFewestJunctions || length < kLeastStreets ||
      length > kMostStreets) {
    return std::nullopt;
  }
  plan.streets = std::move(*streets);
  if (!AnglesAreClear(plan) || !EverythingIsReached(plan) || !StreetsAreClear(plan)) {
    return std::nullopt;
  }
  const auto by_x = [](Vec2 a, Vec2 b) { return a.x < b.x; };
  const auto by_y = [](Vec2 a, Vec2 b) { return a.y < b.y; };
  const auto [west, east] = std::minmax_element(grid.nodes.begin(), grid.nodes.end(), by_x);
  const auto [south, north] = std::minmax_element(grid.nodes.begin(), grid.nodes.end(), by_y);
  plan.west_m = std::floor(west->x) - 20.0;
  plan.east_m = std::ceil(east->x) + 20.0;
  plan.south_m = std::floor(south->y) - 20.0;
  plan.north_m = std::ceil(north->y) + 20.0;
  return plan;
}

}  // namespace

std::string MakeRandomTown(uint64_t seed) {
  RandomStream random(seed, "random town");
  for (int attempt = 0; attempt < kMostAttempts; ++attempt) {
    std::optional<TownPlan> plan = DrawPlan(random);
    if (!plan) continue;
    plan->name = RandomTownName(seed);
    return WriteTown(*plan);
  }
  VOLANTE_CHECK(false, "no attempt gave a town");
  return "";
}

}  // namespace volante
