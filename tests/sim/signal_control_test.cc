// When lights change, by hand: two phases of 8 s green at most, 3 s amber, 1 s all red.
#include "sim/signal_control.h"

#include <gtest/gtest.h>

#include <string>

#include "sim/npc.h"

namespace volante {
namespace {

SignalPlan PlanOf(size_t phases) {
  SignalPlan plan;
  plan.phases.resize(phases);
  return plan;
}

// What phase 0 shows, a letter per half second, while a car asks for `asked` from `distance_m`
// and, if `flow`, cars keep the green of phase 0.
std::string Watch(SignalMoment light, uint32_t asked, double distance_m, bool flow,
                  double seconds = 20.0, size_t phases = 2) {
  const SignalPlan plan = PlanOf(phases);
  std::string shown;
  for (int tick = 0; tick < seconds / kSimTickSeconds; ++tick) {
    if (tick % 10 == 0) shown += "gar"[static_cast<int>(light.ColorOf(0))];
    if (asked != 0) light.Ask(asked, distance_m);
    if (flow) light.Ask(1u, 5.0);
    light.Advance(plan);
  }
  return shown;
}

TEST(SignalControl, RestsInGreenWhileNobodyElseComes) {
  EXPECT_EQ(Watch({}, 0, 0.0, false), std::string(40, 'g'));
  EXPECT_EQ(Watch({}, 1u, 10.0, false), std::string(40, 'g')) << "its own car";
  EXPECT_EQ(Watch({}, 2u, kAsksFrom_m + 1.0, false), std::string(40, 'g')) << "still far away";
}

TEST(SignalControl, WhoComesGetsGreenAfterTheLeastGreenAmberAndAllRed) {
  // 4 s green, 3 s amber, then red for good: the other phase rests in green.
  EXPECT_EQ(Watch({}, 2u, 30.0, false), "ggggggggaaaaaa" + std::string(26, 'r'));
  SignalMoment rested;
  rested.ticks = 1000;
  EXPECT_EQ(Watch(rested, 2u, 30.0, false, 5.0), "gaaaaaarrr") << "at once where it has rested";
  const SignalPlan plan = PlanOf(2);
  int ticks = 0;
  for (; rested.phase == 0 || rested.color != LightColor::kGreen; ++ticks) {
    rested.Ask(2u, 30.0);
    rested.Advance(plan);
  }
  EXPECT_NEAR(ticks * kSimTickSeconds, 4.0, 0.06) << "amber and all red";
}

TEST(SignalControl, CarsKeepTheirGreenForEightSecondsWhileOthersWait) {
  // Then the other phase, which nobody keeps, has its least green: 4 + 3 + 1 s, and again.
  const std::string cycle = std::string(16, 'g') + "aaaaaa" + std::string(2 + 8 + 6 + 2, 'r');
  const std::string shown = Watch({}, 2u, 30.0, true, 20.0);
  EXPECT_EQ(shown, cycle.substr(0, 40));
}

TEST(SignalControl, AsManyAsAskHaveTheirTurnInOrder) {
  SignalMoment light;
  const SignalPlan plan = PlanOf(4);
  std::string turns;
  for (int tick = 0; tick < 20 * 60; ++tick) {
    const int before = light.phase;
    light.Ask(0b1010u, 10.0);  // whoever goes in phases 1 and 3
    light.Advance(plan);
    if (light.phase != before) turns += std::to_string(light.phase);
  }
  EXPECT_EQ(turns, "1") << "a car that goes in both is served by the first";
  light = {};
  turns.clear();
  for (int tick = 0; tick < 20 * 40; ++tick) {
    const int before = light.phase;
    for (const uint32_t phase : {1u, 2u, 8u}) light.Ask(phase, 10.0);
    light.Advance(plan);
    if (light.phase != before) turns += std::to_string(light.phase);
  }
  EXPECT_EQ(turns, "130") << "12 s each; phase 2 is left out";
}

}  // namespace
}  // namespace volante
