#include "base/random.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <numbers>

#include "base/archive.h"

namespace volante {
namespace {

using Counter = std::array<uint32_t, 4>;
using Key = std::array<uint32_t, 2>;

// Known answers of the Random123 library (tests/kat_vectors, lines "philox4x32 10").
TEST(Philox, HasTheKnownAnswersOfRandom123) {
  EXPECT_EQ(Philox4x32(Counter{0, 0, 0, 0}, Key{0, 0}),
            (Counter{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(Philox4x32(Counter{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
                       Key{0xffffffff, 0xffffffff}),
            (Counter{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(Philox4x32(Counter{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
                       Key{0xa4093822, 0x299f31d0}),
            (Counter{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(RandomStream, TriplesGiveDifferentStreamsAndRepeat) {
  const auto first = [](uint64_t seed, std::string_view purpose, uint64_t index) {
    return RandomStream(seed, purpose, index).NextUint64();
  };
  EXPECT_EQ(first(1, "traffic", 2), first(1, "traffic", 2));
  EXPECT_NE(first(1, "traffic", 2), first(2, "traffic", 2));
  EXPECT_NE(first(1, "traffic", 2), first(1, "trafficc", 2));
  EXPECT_NE(first(1, "traffic", 2), first(1, "traffic", 3));
}

TEST(RandomStream, ContinuesExactlyAfterSaveAndLoad) {
  for (int drawn = 0; drawn < 9; ++drawn) {
    RandomStream random(5, "x", 1);
    for (int i = 0; i < drawn; ++i) random.NextUint32();
    RandomStream copy;
    LoadState(SaveState(random), copy, "stream");
    EXPECT_EQ(copy, random);
    for (int i = 0; i < 10; ++i) EXPECT_EQ(copy.NextUint32(), random.NextUint32());
  }
}

// Larger numbers are made of the next words, wherever in a block of four they begin.
TEST(RandomStream, EveryNumberIsMadeOfTheNextWords) {
  for (int drawn = 0; drawn < 4; ++drawn) {
    RandomStream words(6, "words"), numbers(6, "words");
    for (int i = 0; i < drawn; ++i) words.NextUint32(), numbers.NextUint32();
    const auto next = [&] {
      const uint64_t low = words.NextUint32();
      return low | (uint64_t{words.NextUint32()} << 32);
    };
    for (int i = 0; i < 5; ++i) {
      EXPECT_EQ(numbers.NextUint64(), next());
      const double u = 1.0 - static_cast<double>(next() >> 11) * 0x1p-53;
      const double v = static_cast<double>(next() >> 11) * 0x1p-53;
      EXPECT_EQ(numbers.Normal(),
                std::sqrt(-2.0 * std::log(u)) * std::cos(2.0 * std::numbers::pi * v));
    }
    EXPECT_EQ(numbers, words);
  }
}

TEST(RandomStream, BelowIsUniform) {
  RandomStream random(7, "below");
  std::array<int, 6> count{};
  for (int i = 0; i < 60000; ++i) ++count[random.Below(6)];
  double chi2 = 0.0;  // 5 degrees of freedom; 20.5 is the 0.1 % point
  for (const int n : count) chi2 += (n - 1e4) * (n - 1e4) / 1e4;
  EXPECT_LT(chi2, 20.5);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(random.Below(1), 0u);
}

TEST(RandomStream, UniformAndNormalHaveTheirMoments) {
  RandomStream random(8, "moments");
  constexpr int kDraws = 200000;
  double sum = 0, square = 0, sum_normal = 0, square_normal = 0, fourth_normal = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double u = random.Uniform();
    ASSERT_GE(u, 0.0);
    ASSERT_LT(u, 1.0);
    sum += u;
    square += u * u;
    const double z = random.Normal();
    sum_normal += z;
    square_normal += z * z;
    fourth_normal += z * z * z * z;
  }
  // Four standard errors of each mean: sqrt(variance / draws).
  EXPECT_NEAR(sum / kDraws, 1.0 / 2, 4 * std::sqrt(1.0 / 12 / kDraws));
  EXPECT_NEAR(square / kDraws, 1.0 / 3, 4 * std::sqrt(4.0 / 45 / kDraws));
  EXPECT_NEAR(sum_normal / kDraws, 0.0, 4 * std::sqrt(1.0 / kDraws));
  EXPECT_NEAR(square_normal / kDraws, 1.0, 4 * std::sqrt(2.0 / kDraws));
  EXPECT_NEAR(fourth_normal / kDraws, 3.0, 4 * std::sqrt(96.0 / kDraws));
}

}  // namespace
}  // namespace volante
