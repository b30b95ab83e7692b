#include "replay/replay.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include "base/error.h"
#include "replay/naive_replay.h"

namespace volante {
namespace {

template <class T>
std::vector<T> Row(const std::vector<T>& all, size_t row, size_t width) {
  const auto begin = all.begin() + static_cast<std::ptrdiff_t>(row * width);
  return {begin, begin + static_cast<std::ptrdiff_t>(width)};
}

// A sampled row against the transition that it should be.
void ExpectRow(const Batch& batch, size_t row, const NaiveTransition& wanted) {
  const auto width = static_cast<size_t>(batch.vector_size);
  ASSERT_EQ(Row(batch.vector, row, width), wanted.from.vector);
  ASSERT_EQ(Row(batch.next_vector, row, width), wanted.to.vector);
  ASSERT_EQ(batch.action[2 * row], wanted.action.steer);
  ASSERT_EQ(batch.action[2 * row + 1], wanted.action.throttle);
  ASSERT_EQ(batch.reward[row], wanted.reward);
  ASSERT_EQ(batch.discount[row], wanted.discount);
  if (batch.has_image) {
    ASSERT_TRUE(Row(batch.image, row, kFrameStack * kImagePixels) == wanted.from.stack);
    ASSERT_TRUE(Row(batch.next_image, row, kFrameStack * kImagePixels) == wanted.to.stack);
  }
}

// Samples once and compares every row with the naive transition of the same index.
void ExpectSameSamples(const Replay& replay, const std::deque<NaiveTransition>& wanted,
                       uint64_t seed) {
  ASSERT_EQ(replay.size(), static_cast<int64_t>(wanted.size()));
  if (wanted.empty()) return;
  RandomStream random(seed, "sample"), same(seed, "sample");
  Batch batch;
  replay.Sample(random, 16, batch);
  for (size_t row = 0; row < 16; ++row) {
    ASSERT_NO_FATAL_FAILURE(ExpectRow(batch, row, wanted[same.Below(wanted.size())]));
  }
}

struct Case {
  int num_worlds, stride, n_step;
  int64_t capacity;
};

class ReplayContent : public testing::TestWithParam<Case> {};

TEST_P(ReplayContent, EqualsNaiveReplayAtEveryMoment) {
  const Case c = GetParam();
  Replay replay({.num_worlds = c.num_worlds,
                 .frame_stride = c.stride,
                 .n_step = c.n_step,
                 .discount = 0.9,
                 .capacity = c.capacity});
  NaiveReplay naive(c.num_worlds, c.stride, c.n_step, 0.9, static_cast<size_t>(c.capacity));
  RandomEpisodes episodes(static_cast<uint64_t>(c.num_worlds * 100 + c.stride * 10 + c.n_step),
                          c.num_worlds);
  for (uint64_t i = 0; i < 700; ++i) {
    const StreamStep step = episodes.Next();
    Feed(replay, step);
    naive.Feed(step);
    ASSERT_EQ(replay.size(), static_cast<int64_t>(naive.transitions.size()));
    if (i % 7 == 0) {
      ASSERT_NO_FATAL_FAILURE(ExpectSameSamples(replay, naive.transitions, i));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(, ReplayContent,
                         testing::Values(Case{1, 1, 1, 10000}, Case{3, 1, 1, 10000},
                                         Case{3, 2, 2, 10000}, Case{4, 3, 3, 10000},
                                         Case{2, 1, 3, 100}, Case{3, 3, 1, 57}, Case{5, 2, 2, 33},
                                         Case{2, 3, 3, 1}),
                         [](const auto& chosen) {
                           return "Worlds" + std::to_string(chosen.param.num_worlds) + "Stride" +
                                  std::to_string(chosen.param.stride) + "Steps" +
                                  std::to_string(chosen.param.n_step) + "Capacity" +
                                  std::to_string(chosen.param.capacity);
                         });

TEST(Replay, ReturnsOfAHandCalculatedEpisode) {
  // Rewards 1, 2, 4 with gamma 0.5, then termination: the 2-step returns are
  // 1 + 0.5*2 = 2, 2 + 0.5*4 = 4 and 4; discounts 0.25, 0, 0.
  Replay replay({.has_image = false, .n_step = 2, .discount = 0.5});
  std::array<float, kVectorSize> v{};
  replay.Begin(0, nullptr, v.data());
  const float rewards[] = {1, 2, 4};
  for (int i = 0; i < 3; ++i) {
    v[0] = static_cast<float>(i + 1);
    replay.Add(0, {}, rewards[i], i == 2, false, nullptr, v.data());
  }
  ASSERT_EQ(replay.size(), 3);
  RandomStream random(1, "sample");
  Batch batch;
  replay.Sample(random, 64, batch);
  for (size_t row = 0; row < 64; ++row) {
    const size_t start = static_cast<size_t>(batch.vector[row * kVectorSize]);
    EXPECT_EQ(batch.reward[row], (std::array{2.0f, 4.0f, 4.0f})[start]);
    EXPECT_EQ(batch.discount[row], (std::array{0.25f, 0.0f, 0.0f})[start]);
    EXPECT_EQ(batch.next_vector[row * kVectorSize], (std::array{2.0f, 3.0f, 3.0f})[start]);
  }
}

TEST(Replay, TruncatedEpisodeBootstrapsFromItsTrueLastObservation) {
  Replay replay({.has_image = false, .n_step = 3, .discount = 0.5});
  std::array<float, kVectorSize> v{};
  replay.Begin(0, nullptr, v.data());
  v[0] = 7;
  replay.Add(0, {}, 1, false, true, nullptr, v.data());
  RandomStream random(1, "sample");
  Batch batch;
  replay.Sample(random, 1, batch);
  EXPECT_EQ(batch.discount[0], 0.5f);  // one reward was summed
  EXPECT_EQ(batch.next_vector[0], 7.0f);
}

TEST(Replay, SamplesUniformly) {
  Replay replay({.has_image = false, .discount = 0.5});
  std::array<float, kVectorSize> v{};
  replay.Begin(0, nullptr, v.data());
  for (int i = 1; i <= 10; ++i) {
    v[0] = static_cast<float>(i);
    replay.Add(0, {}, 0, false, false, nullptr, v.data());
  }
  RandomStream random(3, "sample");
  Batch batch;
  replay.Sample(random, 100000, batch);
  std::array<int, 10> count{};
  for (size_t row = 0; row < 100000; ++row) {
    ++count[static_cast<size_t>(batch.vector[row * kVectorSize])];
  }
  // Chi-square with 9 degrees of freedom: 27.9 is its 0.1 % point.
  double chi2 = 0.0;
  for (const int n : count) chi2 += (n - 10000.0) * (n - 10000.0) / 10000.0;
  EXPECT_LT(chi2, 27.9);
}

TEST(Replay, FewerDifferentFramesFillTheStackWithTheOldest) {
  for (const auto& [frames, wanted] :
       {std::pair{4, std::array{0, 1, 3, 5}}, {2, {3, 3, 3, 5}}, {1, {5, 5, 5, 5}}}) {
    Replay replay({.frame_stride = 2, .frame_stack = frames});
    std::vector<uint8_t> frame(kImagePixels, 0), stack(kFrameStack * kImagePixels);
    std::array<float, kVectorSize> v{};
    replay.Begin(0, frame.data(), v.data());
    for (int i = 1; i <= 5; ++i) {
      std::ranges::fill(frame, static_cast<uint8_t>(i));
      replay.Add(0, {}, 0, false, i == 5, frame.data(), v.data());
    }
    RandomStream random(1, "sample");
    Batch batch;
    replay.Sample(random, 64, batch);
    bool seen = false;
    for (size_t row = 0; row < 64; ++row) {
      const uint8_t* next = &batch.next_image[row * stack.size()];
      if (next[3 * kImagePixels] != 5) continue;
      seen = true;
      for (size_t k = 0; k < 4; ++k) EXPECT_EQ(next[k * kImagePixels], wanted[k]) << frames;
    }
    EXPECT_TRUE(seen);
  }
}

TEST(Replay, ObserveGivesTheStackThatActingNeeds) {
  Replay replay({.frame_stride = 2});
  std::vector<uint8_t> frame(kImagePixels, 0), stack(kFrameStack * kImagePixels);
  std::array<float, kVectorSize> v{}, seen{};
  replay.Begin(0, frame.data(), v.data());
  EXPECT_TRUE(replay.IsOpen(0));
  for (int i = 1; i <= 5; ++i) {
    std::ranges::fill(frame, static_cast<uint8_t>(i));
    v[1] = static_cast<float>(i);
    replay.Add(0, {}, 0, false, false, frame.data(), v.data());
  }
  replay.Observe(0, stack.data(), seen.data());
  EXPECT_EQ(seen, v);
  // Frames 5 - 6 (the first fills in), 5 - 4, 5 - 2 and 5.
  for (size_t k = 0; k < 4; ++k) {
    EXPECT_EQ(stack[k * kImagePixels], (std::array<int, 4>{0, 1, 3, 5})[k]);
  }
}

TEST(Replay, KeepsTheSpecifiedBytesPerTransitionAndEpisode) {
  constexpr int kEpisodes = 200, kSteps = 80;
#if defined(__SANITIZE_ADDRESS__)
  const auto in_use = [] { return size_t{0}; };  // the sanitizer's allocator does not count
#else
  const auto in_use = [] { return mallinfo2().uordblks + mallinfo2().hblkhd; };
#endif
  const size_t before = in_use();
  Replay replay({.num_worlds = 2});
  const std::vector<uint8_t> frame(kImagePixels, 1);
  const std::array<float, kVectorSize> v{};
  for (int episode = 0; episode < kEpisodes; ++episode) {
    replay.Begin(episode % 2, frame.data(), v.data());
    for (int i = 1; i <= kSteps; ++i) {
      replay.Add(episode % 2, {}, 0, false, i == kSteps, frame.data(), v.data());
    }
  }
  const uint64_t allowed = uint64_t{kEpisodes} * kSteps * 7400 + uint64_t{kEpisodes} * 7300;
  EXPECT_LE(replay.bytes(), allowed);
  EXPECT_LE(in_use() - before, allowed);  // what the allocator gave, asked of the allocator
  EXPECT_GE(replay.bytes(), uint64_t{kEpisodes} * kSteps * 7056);
}

TEST(Replay, MemoryLimitHoldsAndKeepsTheNewest) {
  for (const int num_worlds : {1, 4}) {
    const uint64_t limit = 4'000'000;
    Replay replay({.num_worlds = num_worlds, .frame_stride = 2, .n_step = 2, .max_bytes = limit});
    NaiveReplay naive(num_worlds, 2, 2, 0.99, 2000);
    RandomEpisodes episodes(9, num_worlds);
    for (uint64_t i = 0; i < 1500; ++i) {
      const StreamStep step = episodes.Next();
      Feed(replay, step);
      naive.Feed(step);
      ASSERT_LE(replay.bytes(), limit);
      while (naive.transitions.size() > static_cast<size_t>(replay.size())) {
        naive.transitions.pop_front();
      }
      if (i % 50 == 0) {
        ASSERT_NO_FATAL_FAILURE(ExpectSameSamples(replay, naive.transitions, i));
      }
    }
    EXPECT_GT(replay.bytes(), limit / 4);  // and the limit is used
    EXPECT_GT(replay.size(), 150);
  }
}

TEST(Replay, RefusesALimitThatHoldsNothing) {
  try {
    Replay replay({.num_worlds = 8, .max_bytes = 1'000'000});
    FAIL() << "1 MB was accepted for 8 worlds";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::kUsage);
    EXPECT_EQ(error.where(), "replay.max_gb");
  }
}

TEST(Replay, HashTellsContentApart) {
  const auto fill = [](float reward) {
    Replay replay({.has_image = false});
    const std::array<float, kVectorSize> v{};
    replay.Begin(0, nullptr, v.data());
    replay.Add(0, {}, reward, false, false, nullptr, v.data());
    return replay.LogicalHash();
  };
  EXPECT_EQ(fill(1), fill(1));
  EXPECT_NE(fill(1), fill(2));
}

// A batch of two replays: each fills its rows and no other.
TEST(ReplayRows, AreFilledWhereAskedForAndNowhereElse) {
  NaiveReplay naive(1, 1, 2, 0.9, 100);
  Replay replay({.num_worlds = 1, .n_step = 2, .discount = 0.9, .capacity = 100});
  RandomEpisodes episodes(7, 1);
  for (int i = 0; i < 60; ++i) {
    const StreamStep step = episodes.Next();
    Feed(replay, step);
    naive.Feed(step);
  }
  Batch batch;
  batch.Resize(8, true);
  for (float& reward : batch.reward) reward = 1234.0f;
  RandomStream random(1, "sample"), same(1, "sample");
  replay.SampleRows(random, 3, 4, batch);
  const auto& wanted = naive.transitions;
  for (size_t row = 0; row < 8; ++row) {
    if (row < 3 || row == 7) {
      EXPECT_EQ(batch.reward[row], 1234.0f);
      EXPECT_EQ(batch.image[row * kFrameStack * kImagePixels], 0);
    } else {
      ASSERT_NO_FATAL_FAILURE(ExpectRow(batch, row, wanted[same.Below(wanted.size())]));
    }
  }
  replay.SampleRows(random, 8, 0, batch);  // nothing
  EXPECT_EQ(batch.reward[7], 1234.0f);
}

}  // namespace
}  // namespace volante
