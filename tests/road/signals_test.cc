// Traffic lights made up for junctions, and those of the built-in town that has them in its file.
#include "road/signals.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "road/road_network.h"
#include "road/route.h"

namespace volante {
namespace {

std::shared_ptr<const RoadNetwork> TownNamed(const char* name) {
  return RoadNetwork::Parse(BuiltInTownText(name), name);
}

// By hand: green 8, amber 3, all red 1, then the second phase.
TEST(Signals, PhasesFollowEachOtherForEver) {
  SignalPlan plan;
  plan.phases.resize(2);
  EXPECT_DOUBLE_EQ(plan.cycle_s(), 24.0);
  EXPECT_EQ(plan.ColorAt(0, 0.0), LightColor::kGreen);
  EXPECT_EQ(plan.ColorAt(1, 0.0), LightColor::kRed);
  EXPECT_EQ(plan.ColorAt(0, 8.5), LightColor::kAmber);
  EXPECT_EQ(plan.ColorAt(0, 11.5), LightColor::kRed);
  EXPECT_EQ(plan.ColorAt(1, 11.9), LightColor::kRed) << "all red";
  EXPECT_EQ(plan.ColorAt(1, 12.0), LightColor::kGreen);
  EXPECT_EQ(plan.ColorAt(0, 24.0 * 1000 + 1.0), LightColor::kGreen);
  EXPECT_EQ(plan.ColorAt(0, -24.0 + 1.0), LightColor::kGreen);
  plan.offset_s = 5.0;
  EXPECT_EQ(plan.ColorAt(0, 4.0), LightColor::kRed);
  EXPECT_EQ(plan.ColorAt(0, 5.0), LightColor::kGreen);
}

// Cars stop at amber where 3 m/s^2 suffices; at v that is not within v^2 / 6 of the line, which
// take v / 6 s: 2.3 s at 50 km/h, 2.8 s at 60. An episode lasts 50 s, a route 17 to 33 of them.
TEST(Signals, AmberLetsThosePassWhoCantStopAndARedIsShorterThanARoutesSpareTime) {
  SignalPlan plan;
  plan.phases.resize(2);
  for (const double speed_mps : {8.33, 9.5, 13.9, 16.7}) {
    EXPECT_LT(speed_mps / 6.0, plan.phases[0].amber_s) << speed_mps;
  }
  double longest_s = 0.0, since_s = 0.0;
  for (double t = 0.0; t < 100.0; t += 0.05) {
    if (plan.ColorAt(0, t) == LightColor::kGreen) since_s = t;
    longest_s = std::max(longest_s, t - since_s);
  }
  EXPECT_NEAR(longest_s, 3.0 + 1.0 + 8.0 + 3.0 + 1.0, 0.1);
  EXPECT_LT(longest_s, 17.0);
}

class MadeUp : public testing::TestWithParam<const char*> {};

TEST_P(MadeUp, NoTwoWaysStraightOnThatCrossAreGreenTogether) {
  const auto town = TownNamed(GetParam());
  const auto bare = RoadNetwork::WithSignals(*town, {});
  const std::vector<SignalPlan> plans = MakeUpSignals(*bare);
  ASSERT_FALSE(plans.empty());
  for (const SignalPlan& plan : plans) {
    ASSERT_GE(plan.phases.size(), 2u);
    std::vector<LaneIndex> held;
    for (const SignalPhase& phase : plan.phases) {
      held.insert(held.end(), phase.lanes.begin(), phase.lanes.end());
      for (const LaneIndex i : phase.lanes) {
        for (const LaneConflict& c : bare->conflicts(i)) {
          if (c.merge || c.diverge || bare->lane(i).turn != Turn::kStraight ||
              bare->lane(c.other).turn != Turn::kStraight) {
            continue;
          }
          EXPECT_EQ(std::count(phase.lanes.begin(), phase.lanes.end(), c.other), 0)
              << "junction " << plan.junction;
        }
      }
    }
    // Every lane has its turn, and a line on each lane that leads to it.
    for (const LaneIndex i : bare->junctions()[static_cast<size_t>(plan.junction)].lanes) {
      for (const LaneIndex before : bare->lane(i).predecessors) {
        if (bare->lane(before).junction >= 0) continue;
        EXPECT_GE(std::count(held.begin(), held.end(), i), 1);
        EXPECT_TRUE(std::any_of(plan.heads.begin(), plan.heads.end(),
                                [&](const SignalHead& h) { return h.approach == before; }));
      }
    }
    for (const SignalHead& head : plan.heads) {
      const Curve& center = bare->lane(head.approach).center;
      EXPECT_NEAR(head.stop_s_m, center.length_m() - 0.6, 1e-9);
      EXPECT_NEAR(Distance(head.stop_left_m, head.stop_right_m),
                  2.0 * center.At(head.stop_s_m).half_width_m, 1e-6);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Towns, MadeUp, testing::Values("volante_town", "multilane"));

TEST(Signals, TheMultilaneTownHasThoseOfItsFileAndTheDefaultTownNone) {
  EXPECT_TRUE(TownNamed("volante_town")->signal_plans().empty());
  const auto town = TownNamed("multilane");
  ASSERT_FALSE(town->signal_plans().empty());
  for (const SignalPlan& plan : town->signal_plans()) {
    EXPECT_FALSE(plan.name.empty());
    EXPECT_GE(plan.phases.size(), 2u);
    // Its file puts the lines 1 m before the junction.
    for (const SignalHead& head : plan.heads) {
      EXPECT_NEAR(head.stop_s_m, town->lane(head.approach).center.length_m() - 1.0, 0.2);
    }
  }
}

}  // namespace
}  // namespace volante
