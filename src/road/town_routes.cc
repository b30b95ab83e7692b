// The committed lists of a town: which turns training never drives, and the routes that judge.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <optional>
#include <set>
#include <tuple>

#include "base/error.h"
#include "road/route.h"

namespace volante {
namespace {

constexpr double kHeldOutShare = 0.2;
constexpr double kShortest = 120.0, kLongest = 250.0;
constexpr double kEndMargin = 3.0;  // starts and goals keep this far from junctions
constexpr int kAttemptsPerRoute = 5000;

// The first lane of a connecting road: it stands for one (approach lane, turn) pair.
bool IsEntry(const RoadNetwork& network, const Lane& lane) {
  return lane.junction >= 0 && !lane.predecessors.empty() &&
         std::all_of(lane.predecessors.begin(), lane.predecessors.end(),
                     [&](LaneIndex p) { return network.lane(p).junction < 0; });
}

// Every lane outside junctions that `from` reaches without a forbidden lane.
size_t CountReachable(const RoadNetwork& network, const std::vector<bool>& forbidden,
                      LaneIndex from) {
  std::vector<bool> seen(network.lanes().size(), false);
  std::vector<LaneIndex> queue = {from};
  seen[from] = true;
  size_t count = 0;
  for (size_t k = 0; k < queue.size(); ++k) {
    if (network.lane(queue[k]).junction < 0) ++count;
    for (const LaneIndex next : network.lane(queue[k]).successors) {
      if (seen[next] || forbidden[next]) continue;
      seen[next] = true;
      queue.push_back(next);
    }
  }
  return count;
}

// True when every street reaches as many streets as it did with all turns allowed.
bool StaysConnected(const RoadNetwork& network, const std::vector<bool>& forbidden,
                    const std::vector<size_t>& before) {
  for (size_t i = 0; i < network.lanes().size(); ++i) {
    if (network.lanes()[i].junction >= 0) continue;
    if (CountReachable(network, forbidden, static_cast<LaneIndex>(i)) != before[i]) return false;
  }
  return true;
}

template <class T>
void Shuffle(std::vector<T>& items, RandomStream& random) {
  for (size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[random.Below(i)]);
}

// A fifth of the turns of each kind, chosen so that training still reaches every street.
std::vector<LaneIndex> ChooseHeldOut(const RoadNetwork& network, RandomStream& random) {
  std::vector<bool> forbidden(network.lanes().size(), false);
  std::vector<size_t> before(network.lanes().size(), 0);
  for (size_t i = 0; i < network.lanes().size(); ++i) {
    if (network.lanes()[i].junction >= 0) continue;
    before[i] = CountReachable(network, forbidden, static_cast<LaneIndex>(i));
  }
  std::vector<LaneIndex> held_out;
  size_t pairs = 0;
  for (const Turn turn : {Turn::kLeft, Turn::kRight, Turn::kStraight}) {
    std::vector<LaneIndex> candidates;
    for (size_t i = 0; i < network.lanes().size(); ++i) {
      if (network.lanes()[i].turn == turn && IsEntry(network, network.lanes()[i])) {
        candidates.push_back(static_cast<LaneIndex>(i));
      }
    }
    pairs += candidates.size();
    // What one kind can't give, the next one makes up for.
    const auto wanted =
        static_cast<size_t>(std::lround(kHeldOutShare * static_cast<double>(pairs)));
    Shuffle(candidates, random);
    for (size_t k = 0; k + 1 < candidates.size() && held_out.size() < wanted; ++k) {
      forbidden[candidates[k]] = true;
      if (StaysConnected(network, forbidden, before)) {
        held_out.push_back(candidates[k]);
      } else {
        forbidden[candidates[k]] = false;
      }
    }
  }
  std::sort(held_out.begin(), held_out.end());
  return held_out;
}

double RoundedDown(double s_m) { return std::floor(s_m * 100.0) / 100.0; }

// The point `distance_m` behind or ahead of the lane, at random ways; empty when it lies in a
// junction or close to one.
std::optional<std::pair<LaneIndex, double>> Walk(const RoadNetwork& network, LaneIndex lane,
                                                 bool ahead, double distance_m,
                                                 RandomStream& random) {
  for (;;) {
    const auto& ways = ahead ? network.lane(lane).successors : network.lane(lane).predecessors;
    if (ways.empty()) return std::nullopt;
    lane = ways[random.Below(ways.size())];
    const double length = network.lane(lane).center.length_m();
    if (distance_m > length) {
      distance_m -= length;
      continue;
    }
    const double s = RoundedDown(ahead ? distance_m : length - distance_m);
    if (network.lane(lane).junction >= 0 || s < kEndMargin || s > length - kEndMargin) {
      return std::nullopt;
    }
    return std::pair(lane, s);
  }
}

bool Contains(const std::vector<LaneIndex>& sorted, LaneIndex lane) {
  return std::binary_search(sorted.begin(), sorted.end(), lane);
}

bool DrivesHeldOut(const Route& route, const std::vector<LaneIndex>& held_out) {
  return std::any_of(route.lanes().begin(), route.lanes().end(),
                     [&](LaneIndex lane) { return Contains(held_out, lane); });
}

std::string LaneName(const Lane& lane) {
  std::string name;
  for (const char c : lane.road_id) {
    // Road ids are free text: anything that could be taken for the format is written as %XX.
    if (std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.' || c == '-') {
      name += c;
    } else {
      char hex[4];
      std::snprintf(hex, sizeof hex, "%%%02X", static_cast<unsigned char>(c));
      name += hex;
    }
  }
  return name + "/" + std::to_string(lane.section) + "/" + std::to_string(lane.opendrive_lane);
}

}  // namespace

TownRoutes MakeTownRoutes(const std::shared_ptr<const RoadNetwork>& network, uint64_t seed,
                          RouteCounts counts) {
  RandomStream random(seed, "town routes");
  TownRoutes routes;
  routes.held_out = ChooseHeldOut(*network, random);
  if (routes.held_out.empty()) {
    throw Error(ExitCode::kBadInput, "no routes can be listed", network->name(),
                "the map has too few turns to hold any out", "give a map with junctions");
  }
  std::set<std::tuple<LaneIndex, double, LaneIndex, double>> taken;
  const auto add = [&](std::vector<RouteEnds>& list, const RouteEnds& ends, bool held_out) {
    if (!taken.insert({ends.start_lane, ends.start_s_m, ends.goal_lane, ends.goal_s_m}).second) {
      return false;
    }
    try {
      const Route route = FindRoute(network, ends);
      if (route.length_m() < kShortest || route.length_m() > kLongest) return false;
      if (route.junction_turns() == 0 || DrivesHeldOut(route, routes.held_out) != held_out) {
        return false;
      }
    } catch (const Error&) {
      return false;  // not every pair of lanes is connected
    }
    list.push_back(ends);
    return true;
  };
  const auto too_few = [&](const char* which) {
    throw Error(ExitCode::kBadInput, "no routes can be listed", network->name(),
                std::string("too few ") + which + " routes of 120 to 250 m with a turn",
                "give a larger map");
  };

  // Test routes: around each held-out turn in its turn.
  std::vector<LaneIndex> turns = routes.held_out;
  for (size_t n = 0; routes.test.size() < counts.test && !turns.empty(); ++n) {
    const size_t k = n % turns.size();
    const double turn_length = network->lane(turns[k]).center.length_m();
    bool found = false;
    for (int attempt = 0; attempt < kAttemptsPerRoute && !found; ++attempt) {
      const double streets = random.Uniform(kShortest, kLongest) - turn_length;
      const double before = random.Uniform() * streets;
      const auto start = Walk(*network, turns[k], false, before, random);
      const auto goal = Walk(*network, turns[k], true, streets - before, random);
      found = start && goal &&
              add(routes.test, {start->first, start->second, goal->first, goal->second}, true);
    }
    // A straight way can lie too far from the next turn: no route of this length drives both.
    if (!found) turns.erase(turns.begin() + static_cast<std::ptrdiff_t>(k));
  }
  if (turns.empty()) too_few("test");
  const RouteSampler sampler(network, routes.held_out, kShortest + 1.0, kLongest - 1.0);
  for (size_t n = 0; n < counts.validation; ++n) {
    bool found = false;
    for (int attempt = 0; attempt < kAttemptsPerRoute && !found; ++attempt) {
      const Route route = sampler.Draw(random);
      const double start_s = RoundedDown(-route.lane_begin_s_m(0));
      const double goal_s =
          RoundedDown(route.length_m() - route.lane_begin_s_m(route.lanes().size() - 1));
      found = add(routes.validation, {route.lanes().front(), start_s, route.lanes().back(), goal_s},
                  false);
    }
    if (!found) too_few("validation");
  }
  return routes;
}

std::string WriteTownRoutes(const RoadNetwork& network, const TownRoutes& routes) {
  std::string text =
      "# Made by `volante map make`; the format is described in docs/towns.md.\nheld_out:\n";
  for (const LaneIndex lane : routes.held_out) {
    text += "  - " + LaneName(network.lane(lane)) + "\n";
  }
  for (const bool validation : {true, false}) {
    text += validation ? "validation:\n" : "test:\n";
    for (const RouteEnds& ends : validation ? routes.validation : routes.test) {
      char start[32], goal[32];
      std::snprintf(start, sizeof start, " %.2f -> ", ends.start_s_m);
      std::snprintf(goal, sizeof goal, " %.2f\n", ends.goal_s_m);
      text += "  - " + LaneName(network.lane(ends.start_lane)) + start +
              LaneName(network.lane(ends.goal_lane)) + goal;
    }
  }
  return text;
}

namespace {

class RoutesReader {
 public:
  RoutesReader(const RoadNetwork& network, const std::string& where)
      : network_(network), where_(where) {
    for (size_t i = 0; i < network.lanes().size(); ++i) {
      names_.emplace_back(LaneName(network.lanes()[i]), static_cast<LaneIndex>(i));
    }
    std::sort(names_.begin(), names_.end());
  }

  TownRoutes Read(std::string_view text) {
    TownRoutes routes;
    enum { kNothing, kHeldOut, kValidation, kTest } list = kNothing;
    while (!text.empty()) {
      ++line_;
      const size_t end = text.find('\n');
      std::string_view line = text.substr(0, end);
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
      while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.remove_suffix(1);
      if (line.empty() || line.front() == '#') continue;
      if (line == "held_out:") {
        list = kHeldOut;
      } else if (line == "validation:") {
        list = kValidation;
      } else if (line == "test:") {
        list = kTest;
      } else if (!line.starts_with("  - ") || list == kNothing) {
        Refuse("expected 'held_out:', 'validation:', 'test:' or '  - ' and an item");
      } else if (list == kHeldOut) {
        line.remove_prefix(4);
        routes.held_out.push_back(FindLane(line));
        if (network_.lane(routes.held_out.back()).junction < 0) {
          Refuse("a held-out lane lies in no junction");
        }
      } else {
        line.remove_prefix(4);
        (list == kValidation ? routes.validation : routes.test).push_back(ReadEnds(line));
      }
    }
    if (routes.held_out.empty() && routes.validation.empty() && routes.test.empty()) {
      Refuse("it lists nothing");
    }
    std::sort(routes.held_out.begin(), routes.held_out.end());
    return routes;
  }

 private:
  [[noreturn]] void Refuse(const std::string& reason) const {
    throw Error(ExitCode::kBadInput, "the route list can't be used",
                where_ + ", line " + std::to_string(line_), reason,
                "make it anew by volante map make");
  }
  LaneIndex FindLane(std::string_view name) const {
    const auto found = std::lower_bound(
        names_.begin(), names_.end(), name,
        [](const auto& entry, std::string_view wanted) { return entry.first < wanted; });
    if (found == names_.end() || found->first != name) {
      Refuse("the map has no lane '" + std::string(name.substr(0, 60)) + "'");
    }
    return found->second;
  }
  // "ROAD/SECTION/LANE S"
  std::pair<LaneIndex, double> ReadPoint(std::string_view text) const {
    const size_t space = text.find(' ');
    if (space == std::string_view::npos) Refuse("expected a lane and a distance");
    const LaneIndex lane = FindLane(text.substr(0, space));
    const std::string_view number = text.substr(space + 1);
    double s = 0.0;
    const auto [end, status] = std::from_chars(number.data(), number.data() + number.size(), s);
    if (status != std::errc() || end != number.data() + number.size() ||
        !(s >= 0.0 && s <= network_.lane(lane).center.length_m())) {
      Refuse("'" + std::string(number.substr(0, 30)) + "' is no distance on that lane");
    }
    return {lane, s};
  }
  RouteEnds ReadEnds(std::string_view line) const {
    constexpr std::string_view kArrow = " -> ";
    const size_t arrow = line.find(kArrow);
    if (arrow == std::string_view::npos) Refuse("expected 'START -> GOAL'");
    const auto [start_lane, start_s] = ReadPoint(line.substr(0, arrow));
    const auto [goal_lane, goal_s] = ReadPoint(line.substr(arrow + kArrow.size()));
    return {start_lane, start_s, goal_lane, goal_s};
  }

  const RoadNetwork& network_;
  const std::string& where_;
  std::vector<std::pair<std::string, LaneIndex>> names_;
  int line_ = 0;
};

}  // namespace

TownRoutes ReadTownRoutes(const RoadNetwork& network, std::string_view text, std::string where) {
  return RoutesReader(network, where).Read(text);
}

}  // namespace volante
