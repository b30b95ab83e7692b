// Commands and lights along a route: on the built-in towns, by the network's own words.
#include "env/route_ahead.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "env/town.h"
#include "env/vector_town.h"

namespace volante {
namespace {

// Half a metre after half a metre: inside a junction its turn, from 25 m before it too, follow
// elsewhere.
TEST(RouteAhead, TheCommandComesTwentyFiveMetresBeforeTheJunction) {
  const RouteSampler sampler(DefaultTown()->network, {}, 120.0, 250.0);
  RandomStream random(1, "commands");
  int seen[kNumCommands] = {};
  for (int n = 0; n < 20; ++n) {
    const Route route = sampler.Draw(random);
    for (double s = 0.0; s < route.length_m(); s += 0.5) {
      RouteCommand wanted = RouteCommand::kFollow;
      for (size_t k = route.lanes().size(); k-- > 0;) {
        const Lane& lane = route.network().lane(route.lanes()[k]);
        const double begin = route.lane_begin_s_m(k);
        const double end = k + 1 < route.lanes().size() ? route.lane_begin_s_m(k + 1) : 1e9;
        if (lane.junction < 0 || s < begin - 25.0 || s >= end) continue;
        wanted = lane.turn == Turn::kLeft    ? RouteCommand::kLeft
                 : lane.turn == Turn::kRight ? RouteCommand::kRight
                                             : RouteCommand::kStraight;
      }
      ASSERT_EQ(CommandAt(route, s), wanted) << "route " << n << " at " << s;
      ++seen[static_cast<int>(wanted)];
    }
  }
  for (const int n : seen) EXPECT_GT(n, 20);
}

// 10 s green, 3 amber, 2 red to all; then 6, 2, 1: a cycle of 24 s that begins at 5 s.
TEST(RouteAhead, LightsFollowTheirCycle) {
  SignalPlan plan;
  plan.offset_s = 5.0;
  plan.phases = {{10.0, 3.0, 2.0, {}}, {6.0, 2.0, 1.0, {}}};
  const auto first = [&](double t) { return ColorAt(plan, 0, t); };
  const auto second = [&](double t) { return ColorAt(plan, 1, t); };
  EXPECT_EQ(first(5.0), LightColor::kGreen);
  EXPECT_EQ(first(14.9), LightColor::kGreen);
  EXPECT_EQ(first(15.1), LightColor::kAmber);
  EXPECT_EQ(first(18.1), LightColor::kRed);
  EXPECT_EQ(second(19.9), LightColor::kRed);
  EXPECT_EQ(second(20.1), LightColor::kGreen);
  EXPECT_EQ(second(26.1), LightColor::kAmber);
  EXPECT_EQ(second(28.1), LightColor::kRed);
  EXPECT_EQ(first(29.1), LightColor::kGreen) << "the next cycle";
  EXPECT_EQ(first(4.9), LightColor::kRed) << "the cycle before";
  EXPECT_EQ(second(0.0), LightColor::kGreen) << "20 - 24 s + 5 s before";
}

TEST(RouteAhead, WithoutLightsThereIsNone) {
  const RouteSampler sampler(DefaultTown()->network, {}, 120.0, 250.0);
  RandomStream random(2, "lights");
  const Route route = sampler.Draw(random);
  DriveFacts facts;
  facts.light = NextLight::kRed;  // of another episode
  facts.route_s_m = 30.0;
  DescribeRouteAhead(route, facts);
  EXPECT_EQ(facts.light, NextLight::kNone);
  EXPECT_EQ(facts.light_distance_m, kFar);
}

// The multi-lane town: the distance falls by what the car drives, ends at the line, and what the
// light shows at different times is each of the three colours.
TEST(RouteAhead, TheNextLightIsToldFromFiftyMetres) {
  EnvConfig config;
  config.town = "multilane";
  const auto town = LoadTown(config, false);
  if (town->network->signal_plans().empty()) GTEST_SKIP() << "the network has no signal plans";
  const RouteSampler sampler(town->network, {}, 120.0, 250.0);
  RandomStream random(3, "lights");
  int colors[4] = {}, lines = 0;
  for (int n = 0; n < 20; ++n) {
    const Route route = sampler.Draw(random);
    DriveFacts facts;
    double last_m = kFar;
    for (double s = 0.0; s < route.length_m(); s += 0.5) {
      facts.route_s_m = s;
      facts.tick = 37 * n + static_cast<int>(4.0 * s);
      DescribeRouteAhead(route, facts);
      ++colors[static_cast<int>(facts.light)];
      EXPECT_EQ(facts.light == NextLight::kNone, facts.light_distance_m == kFar);
      if (facts.light == NextLight::kNone) {
        if (last_m == kFar) continue;
        ++lines;
        EXPECT_LT(last_m, 0.5) << "it is told up to the line";
      } else {
        EXPECT_LE(facts.light_distance_m, 50.0);
        if (last_m < kFar && facts.light_distance_m < last_m) {
          EXPECT_NEAR(last_m - facts.light_distance_m, 0.5, 1e-9);
        }
      }
      last_m = facts.light_distance_m;
    }
  }
  EXPECT_GT(lines, 5);
  for (const int n : colors) EXPECT_GT(n, 20);
}

}  // namespace
}  // namespace volante
