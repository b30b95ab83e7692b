// Ticks and labels against hand calculation.
#include "plot/axis.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace volante {
namespace {

using ::testing::Pointwise;

void ExpectTicks(const Axis& axis, const std::vector<double>& ticks) {
  EXPECT_THAT(axis.ticks, Pointwise(::testing::DoubleNear(1e-9), ticks));
  EXPECT_DOUBLE_EQ(axis.low, ticks.front());
  EXPECT_DOUBLE_EQ(axis.high, ticks.back());
}

TEST(Axis, StepsAreOneTwoOrFiveTimesAPowerOfTen) {
  ExpectTicks(MakeAxis(0, 10, 5), {0, 2, 4, 6, 8, 10});           // 10/5 = 2
  ExpectTicks(MakeAxis(0, 1, 5), {0, 0.2, 0.4, 0.6, 0.8, 1.0});   // 0.2
  ExpectTicks(MakeAxis(3, 97, 5), {0, 20, 40, 60, 80, 100});      // 94/5 = 18.8 -> 20
  ExpectTicks(MakeAxis(-7.3, 12.1, 4), {-10, -5, 0, 5, 10, 15});  // 19.4/4 = 4.85 -> 5
  ExpectTicks(MakeAxis(0, 40000, 4), {0, 10000, 20000, 30000, 40000});
  ExpectTicks(MakeAxis(0.0012, 0.0031, 4), {0.001, 0.0015, 0.002, 0.0025, 0.003, 0.0035});
}

TEST(Axis, EmptyAndBrokenRangesStillGiveAnAxis) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  ExpectTicks(MakeAxis(nan, 3, 5), {0, 0.2, 0.4, 0.6, 0.8, 1.0});
  ExpectTicks(MakeAxis(10, 0, 5), {0, 2, 4, 6, 8, 10});
  const Axis flat = MakeAxis(5, 5, 5);
  EXPECT_LT(flat.low, 5);
  EXPECT_GT(flat.high, 5);
  const Axis zero = MakeAxis(0, 0, 4);
  EXPECT_LE(zero.low, -1);
  EXPECT_GE(zero.high, 1);
}

TEST(Axis, LabelsHaveTheDigitsThatTheStepNeeds) {
  EXPECT_EQ(TickLabel(MakeAxis(0, 0.5, 5), 0.30000000000000004), "0.3");  // step 0.1
  EXPECT_EQ(TickLabel(MakeAxis(0.1, 0.3, 4), 0.25), "0.25");              // step 0.05
  EXPECT_EQ(TickLabel(MakeAxis(-1, 1, 4), -0.0), "0");
  EXPECT_EQ(TickLabel(MakeAxis(-5, 5, 10), -3), "-3");
  EXPECT_EQ(TickLabel(MakeAxis(0, 5000, 5), 5000), "5000");
  EXPECT_EQ(TickLabel(MakeAxis(0, 40000, 8), 5000), "5k");          // as 10k beside it
  EXPECT_EQ(TickLabel(MakeAxis(12000, 14000, 4), 12500), "12.5k");  // step 500
  EXPECT_EQ(TickLabel(MakeAxis(0, 2e6, 4), 1.5e6), "1.5M");
  EXPECT_EQ(TickLabel(MakeAxis(0, 4e9, 4), 2e9), "2G");
  EXPECT_EQ(TickLabel(MakeAxis(0, 4e-5, 4), 2e-5), "2e-05");
}

}  // namespace
}  // namespace volante
