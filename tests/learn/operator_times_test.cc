#include "learn/operator_times.h"

#include <ATen/ops/mm.h>
#include <ATen/ops/ones.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <numeric>

#include "learn/learner_fixture.h"

namespace volante {
namespace {

const OperatorTime* Find(const std::vector<OperatorTime>& times, const std::string& name) {
  const auto at = std::find_if(times.begin(), times.end(),
                               [&](const OperatorTime& time) { return time.name == name; });
  return at == times.end() ? nullptr : &*at;
}

TEST(OperatorTimes, CountsTheCallsWithinAndNoneAround) {
  const at::Tensor a = at::ones({8, 8});
  at::mm(a, a);
  const auto times = TimeOperators([&] {
    for (int i = 0; i < 3; ++i) at::mm(a, a);
  });
  at::mm(a, a);
  ASSERT_NE(Find(times, "aten::mm"), nullptr);
  EXPECT_EQ(Find(times, "aten::mm")->calls, 3);
  EXPECT_TRUE(TimeOperators([] {}).empty()) << "each call begins anew";
}

// What an operator calls is not counted twice: all of them together fit into the time that passed.
TEST(OperatorTimes, CountsNoTimeTwice) {
  Td3Options options = TestOptions(ObservationMode::kVector);
  Td3Learner learner(options);
  const Batch batch = RandomBatch(8, options.mode, 1);
  const auto start = std::chrono::steady_clock::now();
  const auto times = TimeOperators([&] { learner.Update(batch); });
  const double wall_s =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const double sum_s =
      std::accumulate(times.begin(), times.end(), 0.0,
                      [](double s, const OperatorTime& t) { return s + t.seconds; });
  ASSERT_NE(Find(times, "aten::addmm"), nullptr);
  EXPECT_GT(sum_s, 0.0);
  EXPECT_LE(sum_s, wall_s);
  EXPECT_TRUE(std::is_sorted(times.begin(), times.end(),
                             [](const auto& a, const auto& b) { return a.seconds > b.seconds; }));
}

}  // namespace
}  // namespace volante
