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
