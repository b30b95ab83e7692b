// Every item once, in the same stretches, whatever the number of threads; errors come back.
#include "base/thread_team.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>
#include <string>

#include "support/count_allocations.h"

namespace volante {
namespace {

TEST(ThreadTeam, CallsEveryItemOnceInStretchesThatNeverChange) {
  for (const int size : {1, 2, 3, 8}) {
    ThreadTeam team(size);
    for (const int count : {0, 1, 2, 7, 8, 64}) {
      std::vector<int> calls(static_cast<size_t>(count), 0), who(calls.size(), -1);
      for (int round = 0; round < 20; ++round) {
        team.ForEach(count, [&](int item, int thread) {
          ++calls[static_cast<size_t>(item)];
          who[static_cast<size_t>(item)] = thread;
        });
        EXPECT_TRUE(std::is_sorted(who.begin(), who.end()));
        if (count == 64) {
          EXPECT_EQ(std::count(who.begin(), who.end(), size - 1), (64 + size - 1) / size);
        }
      }
      for (const int n : calls) EXPECT_EQ(n, 20);
    }
  }
}

TEST(ThreadTeam, ThrowsWhatTheLowestItemThrewAndGoesOn) {
  ThreadTeam team(4);
  for (int round = 0; round < 50; ++round) {
    try {
      team.ForEach(16, [](int item, int) {
        if (item == 5 || item == 15) throw std::runtime_error("item " + std::to_string(item));
      });
      FAIL() << "nothing was thrown";
    } catch (const std::runtime_error& error) {
      EXPECT_STREQ(error.what(), "item 5");
    }
    int sum[4] = {};
    team.ForEach(16, [&](int item, int thread) { sum[thread] += item; });
    EXPECT_EQ(sum[0] + sum[1] + sum[2] + sum[3], 120);
  }
}

TEST(ThreadTeam, DoesNotAllocatePerCall) {
  ThreadTeam team(3);
  double numbers[64] = {};
  const auto work = [&](int item, int thread) { numbers[item] += thread; };
  team.ForEach(64, work);
  const long before = allocations_so_far;
  for (int i = 0; i < 100; ++i) team.ForEach(64, work);
  EXPECT_EQ(allocations_so_far, before);
}

}  // namespace
}  // namespace volante
