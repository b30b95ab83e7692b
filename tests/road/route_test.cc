// Routes, the held-out split, the committed lists and training routes.
#include "road/route.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

namespace volante {
namespace {

std::shared_ptr<const RoadNetwork> Town() {
  static const auto town = RoadNetwork::Parse(BuiltInTownText("volante_town"), "volante_town");
  return town;
}

const TownRoutes& Lists() {
  static const TownRoutes lists =
      ReadTownRoutes(*Town(), BuiltInTownRoutesText("volante_town"), "volante_town.routes.yaml");
  return lists;
}

bool DrivesHeldOut(const Route& route) {
  return std::any_of(route.lanes().begin(), route.lanes().end(), [](LaneIndex lane) {
    return std::count(Lists().held_out.begin(), Lists().held_out.end(), lane) > 0;
  });
}

// Floyd-Warshall over the town's lanes: shortest distance from a lane's begin to another's.
TEST(Route, LengthsEqualAllPairsShortestPaths) {
  const auto town = Town();
  const size_t n = town->lanes().size();
  std::vector<std::vector<double>> d(n, std::vector<double>(n, 1e18));
  for (size_t i = 0; i < n; ++i) {
    for (const LaneIndex j : town->lanes()[i].successors) {
      d[i][j] = town->lanes()[i].center.length_m();
    }
  }
  for (size_t k = 0; k < n; ++k) {
    for (size_t i = 0; i < n; ++i) {
      for (size_t j = 0; j < n; ++j) d[i][j] = std::min(d[i][j], d[i][k] + d[k][j]);
    }
  }
  RandomStream random(1, "test");
  for (int t = 0; t < 200; ++t) {
    const auto a = static_cast<LaneIndex>(random.Below(n)),
               b = static_cast<LaneIndex>(random.Below(n));
    const double sa = random.Uniform(0, town->lane(a).center.length_m());
    const double sb = random.Uniform(0, town->lane(b).center.length_m());
    const double expected = a == b && sb > sa ? sb - sa : d[a][b] - sa + sb;
    if (expected < 10.0) continue;
    const Route route = FindRoute(town, {a, sa, b, sb});
    EXPECT_NEAR(route.length_m(), expected, 0.02);
    EXPECT_LT(Distance(route.path().PositionAt(0), town->lane(a).center.PositionAt(sa)), 1e-9);
    EXPECT_LT(Distance(route.path().PositionAt(1e9), town->lane(b).center.PositionAt(sb)), 1e-9);
  }
}

TEST(Route, PathFollowsItsLanesAndKnowsWhichOneItIsOn) {
  const auto town = Town();
  for (const RouteEnds& ends : Lists().validation) {
    const Route route = FindRoute(town, ends);
    EXPECT_NEAR(route.lane_begin_s_m(0), -ends.start_s_m, 1e-9);
    for (double s = 0.0; s < route.length_m(); s += 1.3) {
      const size_t k = route.LaneIndexAt(s);
      const Lane& lane = town->lane(route.lanes()[k]);
      const CurvePoint on_route = route.path().At(s);
      const CurvePoint on_lane = lane.center.At(s - route.lane_begin_s_m(k));
      EXPECT_LT(Distance(on_route.position_m, on_lane.position_m), 0.01);
      EXPECT_LT(std::abs(WrapAngle(on_route.heading_rad - on_lane.heading_rad)), 0.06);
      EXPECT_NEAR(on_route.half_width_m, 1.875, 1e-9);
      EXPECT_EQ(route.SpeedLimitAt(s), lane.speed_limit_mps);
    }
    for (size_t i = 1; i < route.path().points().size(); ++i) {
      const CurvePoint &a = route.path().points()[i - 1], &b = route.path().points()[i];
      EXPECT_LT(std::abs(b.heading_rad - a.heading_rad), 0.06);  // 0.5 m on a radius of 9 m
      EXPECT_NEAR(Distance(a.position_m, b.position_m), route.path().spacing_m(), 0.001);
    }
  }
}

TEST(TownLists, AreTheCommittedOnes) {
  EXPECT_EQ(WriteTownRoutes(*Town(), MakeTownRoutes(Town(), kTownRoutesSeed)),
            BuiltInTownRoutesText("volante_town"));
  EXPECT_EQ(WriteTownRoutes(*Town(), Lists()), BuiltInTownRoutesText("volante_town"));
}

TEST(TownLists, AFifthOfTheTurnsIsHeldOutAndTrainingStillReachesEveryStreet) {
  const auto town = Town();
  const std::set<LaneIndex> held(Lists().held_out.begin(), Lists().held_out.end());
  EXPECT_EQ(held.size(), 14u);  // 20 % of 72
  std::map<Turn, int> held_kinds, kept_kinds;
  for (size_t i = 0; i < town->lanes().size(); ++i) {
    ++(held.count(static_cast<LaneIndex>(i)) ? held_kinds : kept_kinds)[town->lanes()[i].turn];
  }
  EXPECT_EQ(held_kinds[Turn::kNone], 0);
  for (const Turn turn : {Turn::kLeft, Turn::kRight, Turn::kStraight}) {
    EXPECT_GE(held_kinds[turn], 4);
    EXPECT_GE(kept_kinds[turn], 18);
  }
  // Depth-first from every lane outside junctions.
  for (size_t from = 0; from < town->lanes().size(); ++from) {
    if (town->lanes()[from].junction >= 0) continue;
    std::set<LaneIndex> seen;
    std::vector<LaneIndex> stack = {static_cast<LaneIndex>(from)};
    int streets = 0;
    while (!stack.empty()) {
      const LaneIndex at = stack.back();
      stack.pop_back();
      if (held.count(at) || !seen.insert(at).second) continue;
      streets += town->lane(at).junction < 0;
      for (const LaneIndex next : town->lane(at).successors) stack.push_back(next);
    }
    EXPECT_EQ(streets, 36) << "from " << town->lanes()[from].road_id;
  }
}

TEST(TownLists, ValidationDrivesNoHeldOutTurnAndEachTestRouteDoes) {
  const auto town = Town();
  EXPECT_EQ(Lists().validation.size(), 40u);
  EXPECT_EQ(Lists().test.size(), 200u);
  std::map<LaneIndex, int> driven;
  for (const bool test : {false, true}) {
    for (const RouteEnds& ends : test ? Lists().test : Lists().validation) {
      const Route route = FindRoute(town, ends);
      EXPECT_GE(route.length_m(), 120.0);
      EXPECT_LE(route.length_m(), 250.0);
      EXPECT_GE(route.junction_turns(), 1);
      EXPECT_EQ(DrivesHeldOut(route), test);
      for (const LaneIndex lane : route.lanes()) ++driven[lane];
    }
  }
  for (const LaneIndex lane : Lists().held_out) {
    EXPECT_GE(driven[lane], 5) << "held-out turn on road " << town->lane(lane).road_id;
  }
}

TEST(RouteSampler, DrawsTrainingRoutesThatCoverTheTown) {
  const auto town = Town();
  const RouteSampler sampler(town, Lists().held_out, 120, 250);
  RandomStream random(7, "test");
  std::set<LaneIndex> driven;
  std::map<Turn, int> turns;
  double shortest = 1e9, longest = 0.0;
  for (int n = 0; n < 2000; ++n) {
    const Route route = sampler.Draw(random);
    shortest = std::min(shortest, route.length_m());
    longest = std::max(longest, route.length_m());
    ASSERT_GE(route.junction_turns(), 1);
    ASSERT_FALSE(DrivesHeldOut(route));
    EXPECT_LT(town->lane(route.lanes().front()).junction, 0);
    EXPECT_LT(town->lane(route.lanes().back()).junction, 0);
    for (const LaneIndex lane : route.lanes()) {
      driven.insert(lane);
      ++turns[town->lane(lane).turn];
    }
  }
  EXPECT_GE(shortest, 119.9);
  EXPECT_LE(longest, 250.1);
  EXPECT_LT(shortest, 125.0);
  EXPECT_GT(longest, 245.0);
  for (size_t i = 0; i < town->lanes().size(); ++i) {
    const auto lane = static_cast<LaneIndex>(i);
    // Some straight ways lie further than a route's length from every turn that training may drive.
    if (town->lane(lane).turn == Turn::kStraight) continue;
    EXPECT_TRUE(driven.count(lane) ||
                std::count(Lists().held_out.begin(), Lists().held_out.end(), lane))
        << "road " << town->lane(lane).road_id << " turn "
        << static_cast<int>(town->lane(lane).turn);
  }
  EXPECT_GT(turns[Turn::kLeft], turns[Turn::kRight] / 2);
  EXPECT_GT(turns[Turn::kRight], turns[Turn::kLeft] / 2);
}

TEST(RouteSampler, IsDeterministicFromItsStream) {
  const RouteSampler sampler(Town(), Lists().held_out, 120, 250);
  RandomStream a(5, "routes", 2), b(5, "routes", 2);
  for (int n = 0; n < 20; ++n) {
    const Route first = sampler.Draw(a), second = sampler.Draw(b);
    EXPECT_TRUE(std::equal(first.lanes().begin(), first.lanes().end(), second.lanes().begin(),
                           second.lanes().end()));
    EXPECT_EQ(first.length_m(), second.length_m());
  }
}

}  // namespace
}  // namespace volante
