// Prioritised drawing against numbers worked out by hand, a linear scan and the chi-square test.
#include "replay/priorities.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "crash/faulty_files.h"
#include "replay/naive_replay.h"
#include "replay/replay.h"

namespace volante {
namespace {

constexpr PriorityOptions kPer{.kind = ReplayPriority::kPer, .alpha = 0.6, .epsilon = 1e-6};
constexpr PriorityOptions kLap{.kind = ReplayPriority::kLap, .alpha = 0.4};
// With exponent 1 and no epsilon to speak of a priority is the error itself.
constexpr PriorityOptions kPlain{.kind = ReplayPriority::kPer, .alpha = 1.0, .epsilon = 1e-9};

TEST(SumTree, FindsThePlacesOfAHandCalculatedTree) {
  SumTree tree(4);
  tree.Fill({1.0, 0.0, 2.0, 5.0});
  EXPECT_EQ(tree.total(), 8.0);
  EXPECT_EQ(tree.Find(0.0), 0u);
  EXPECT_EQ(tree.Find(0.999), 0u);
  EXPECT_EQ(tree.Find(1.0), 2u);
  EXPECT_EQ(tree.Find(2.999), 2u);
  EXPECT_EQ(tree.Find(3.0), 3u);
  EXPECT_EQ(tree.Find(7.999), 3u);
  EXPECT_EQ(tree.Find(8.0), 3u);  // what rounding may ask for
  tree.Set(3, 0.0);
  EXPECT_EQ(tree.total(), 3.0);
  EXPECT_EQ(tree.Find(3.0), 2u);
}

// Adding differences on the way up would leave rounding errors behind, other ones after a resume.
TEST(SumTree, AnyHistoryIsBitEqualToARebuild) {
  RandomStream random(3, "sum tree");
  SumTree tree(64);
  std::vector<double> values(64, 0.0);
  for (int i = 0; i < 20000; ++i) {
    const size_t place = random.Below(64);
    values[place] = std::exp(random.Uniform(-20.0, 20.0));
    tree.Set(place, values[place]);
  }
  SumTree rebuilt(64);
  rebuilt.Fill(values);
  EXPECT_TRUE(tree == rebuilt);
  for (const double value : values) ASSERT_GT(value, 0.0);
  for (size_t place = 0; place < 64; ++place) tree.Set(place, 0.0);
  EXPECT_EQ(tree.total(), 0.0);  // nothing is left over
}

TEST(SumTree, FindsWhatALinearScanFinds) {
  RandomStream random(4, "sum tree");
  SumTree tree(128);
  for (size_t place = 0; place < 100; place += 1 + place % 3) {
    tree.Set(place, static_cast<double>(random.Below(50)));  // whole numbers: sums are exact
  }
  for (int i = 0; i < 5000; ++i) {
    const double mass = random.Uniform(0.0, tree.total());
    size_t scanned = 0;
    double sum = tree.At(0);
    while (sum <= mass) sum += tree.At(++scanned);
    ASSERT_EQ(tree.Find(mass), scanned);
  }
}

TEST(Priorities, FollowThePublishedFormulas) {
  // PER: (|delta| + 1e-6)^0.6; 0.5^0.6 = 0.659754, 4^0.6 = 2.297397, (1e-6)^0.6 = 2.511886e-4.
  EXPECT_NEAR(PriorityOf(kPer, 0.5), 0.659754, 1e-6);
  EXPECT_NEAR(PriorityOf(kPer, -4.0), 2.297397, 2e-6);
  EXPECT_NEAR(PriorityOf(kPer, 0.0), 2.511886e-4, 1e-9);
  // LAP: max(|delta|, 1)^0.4; 4^0.4 = 1.741101.
  EXPECT_EQ(PriorityOf(kLap, 0.5), 1.0f);
  EXPECT_EQ(PriorityOf(kLap, 0.0), 1.0f);
  EXPECT_NEAR(PriorityOf(kLap, -4.0), 1.741101, 1e-6);
}

TEST(Priorities, ComeFromTheConfigurationWithThePublishedExponents) {
  ReplayConfig config;
  config.priority = ReplayPriority::kPer;
  EXPECT_EQ(PriorityOptionsOf(config).alpha, 0.6);
  config.priority = ReplayPriority::kLap;
  EXPECT_EQ(PriorityOptionsOf(config).alpha, 0.4);
  config.priority_alpha = 0.9;
  config.per_epsilon = 0.25;
  EXPECT_EQ(PriorityOptionsOf(config).alpha, 0.9);
  EXPECT_EQ(PriorityOptionsOf(config).epsilon, 0.25);
  EXPECT_EQ(PriorityOptionsOf(config).kind, ReplayPriority::kLap);
}

TEST(Priorities, BetaRisesLinearlyToOne) {
  ReplayConfig config;
  config.per_beta_start = 0.4;
  config.per_beta_updates = 100;
  EXPECT_EQ(PerBeta(config, 1), 0.4);
  EXPECT_NEAR(PerBeta(config, 51), 0.7, 1e-12);
  EXPECT_EQ(PerBeta(config, 101), 1.0);
  EXPECT_EQ(PerBeta(config, 1000000), 1.0);
}

TEST(Priorities, NewTransitionsGetTheLargestEverSeen) {
  Priorities priorities(kPlain, 8);
  for (int i = 0; i < 3; ++i) priorities.Append();
  EXPECT_EQ(priorities.At(2), 1.0);
  priorities.Update(0, 7.0);
  priorities.Append();
  EXPECT_FLOAT_EQ(static_cast<float>(priorities.At(3)), 7.0f);
  priorities.Update(0, 2.0);
  priorities.DropFirst();
  priorities.Append();  // the one of 7 is gone, its size is remembered
  EXPECT_FLOAT_EQ(static_cast<float>(priorities.At(4)), 7.0f);
  EXPECT_FLOAT_EQ(static_cast<float>(priorities.largest()), 7.0f);
}

TEST(Priorities, WeightsOfAHandCalculatedBatch) {
  // Priorities 1, 4, 16 of N = 3, sum 21: P = 1/21, 4/21, 16/21. With beta 0.5
  // (3/21)^-0.5 = 2.6458, (12/21)^-0.5 = 1.3229, (48/21)^-0.5 = 0.6614; by the largest: 1, 1/2,
  // 1/4.
  Priorities priorities(kPlain, 4);
  for (uint64_t i = 0; i < 3; ++i) {
    priorities.Append();
    priorities.Update(i, std::pow(4.0, static_cast<double>(i)));
  }
  const std::vector<uint64_t> all = {0, 1, 2, 1}, large = {2, 1};
  EXPECT_EQ(priorities.Weights(all, 0.5), (std::vector<float>{1.0f, 0.5f, 0.25f, 0.5f}));
  EXPECT_EQ(priorities.Weights(all, 0.0), (std::vector<float>(4, 1.0f)));
  // The largest of the batch, not of the replay.
  EXPECT_EQ(priorities.Weights(large, 1.0), (std::vector<float>{0.25f, 1.0f}));
  EXPECT_NEAR(priorities.EffectiveShare(), 21.0 * 21.0 / (3.0 * 273.0), 1e-12);
}

TEST(Priorities, LapHasNoWeights) {
  Priorities priorities(kLap, 4);
  priorities.Append();
  priorities.Append();
  priorities.Update(0, 100.0);
  const std::vector<uint64_t> both = {0, 1};
  EXPECT_EQ(priorities.Weights(both, 0.7), (std::vector<float>{1.0f, 1.0f}));
}

// Counts of 200,000 draws against P(i). Stratified draws spread less than independent ones, so the
// 0.1 % point of chi-square is a bound for them too. The ring has gone round: number 5 to 20.
TEST(Priorities, DrawsFollowTheProbabilities) {
  constexpr uint64_t kFirst = 5, kEnd = 21;
  for (const size_t rows : {size_t{1}, size_t{256}}) {
    Priorities priorities(kPlain, 16);
    double sum = 0.0;
    for (uint64_t i = 0; i < kEnd; ++i) {
      if (i >= 16) priorities.DropFirst();
      priorities.Append();
      priorities.Update(i, 0.2 + static_cast<double>((i * 7) % 11));
    }
    for (uint64_t i = kFirst; i < kEnd; ++i) sum += 0.2 + static_cast<double>((i * 7) % 11);
    std::vector<int> count(kEnd, 0);
    RandomStream random(17, "sample");
    const size_t batches = 200000 / rows;
    for (size_t b = 0; b < batches; ++b) {
      for (const uint64_t number : priorities.Draw(random, rows)) ++count.at(number);
    }
    double chi2 = 0.0;
    for (uint64_t i = 0; i < kEnd; ++i) {
      if (i < kFirst) {
        EXPECT_EQ(count[i], 0);
        continue;
      }
      const double expected =
          static_cast<double>(batches * rows) * (0.2 + static_cast<double>((i * 7) % 11)) / sum;
      chi2 += (count[i] - expected) * (count[i] - expected) / expected;
    }
    EXPECT_LT(chi2, 37.7) << rows << " rows";  // 15 degrees of freedom, 0.1 %
  }
}

// Each transition's count in one batch is its expected count, rounded down or up: what strata are
// for. 8 draws of priorities 1 and 3 are 2 and 6 in every batch.
TEST(Priorities, DrawsAreStratified) {
  Priorities priorities(kPlain, 2);
  priorities.Append();
  priorities.Append();
  priorities.Update(1, 3.0);
  RandomStream random(1, "sample");
  for (int i = 0; i < 100; ++i) {
    const std::vector<uint64_t> drawn = priorities.Draw(random, 8);
    EXPECT_EQ(std::count(drawn.begin(), drawn.end(), 1u), 6);
  }
}

// ---- in the replay -----------------------------------------------------------------------------

ReplayOptions Prioritised(PriorityOptions priority, int n_step, int64_t capacity) {
  return {.num_worlds = 3,
          .n_step = n_step,
          .discount = 0.9,
          .capacity = capacity,
          .max_bytes = 8'000'000,
          .priority = priority};
}

// Priorities of a naive replay: one number per transition, found by adding up. `first` is the
// number of the oldest one; places are numbers modulo `places`, as in the real one, since the
// order of addition decides which transition a random number means.
struct NaivePriorities {
  std::deque<double> values;
  uint64_t first = 0;
  double largest = 1.0;
  size_t places = 0;

  size_t Draw(double u, size_t k, size_t rows) const {
    double total = 0.0;
    for (const double v : values) total += v;
    const double mass = (static_cast<double>(k) + u) * total / static_cast<double>(rows);
    double sum = 0.0;
    for (size_t place = 0; place < places; ++place) {
      const size_t index = (place + places - first % places) % places;
      if (index >= values.size()) continue;
      sum += values[index];
      if (sum > mass) return index;
    }
    return values.size() - 1;
  }
};

class PrioritisedReplay : public testing::TestWithParam<std::tuple<PriorityOptions, int, int>> {};

TEST_P(PrioritisedReplay, EqualsANaiveOneAtEveryMoment) {
  const auto [priority, n_step, capacity] = GetParam();
  Replay replay(Prioritised(priority, n_step, capacity));
  NaiveReplay content(3, 1, n_step, 0.9, static_cast<size_t>(capacity));
  NaivePriorities naive;
  naive.places = replay.priorities()->bytes() / 16;
  RandomEpisodes episodes(21, 3);
  RandomStream errors(5, "errors");
  constexpr size_t kRows = 8;
  Batch batch;
  for (uint64_t i = 0; i < 600; ++i) {
    const StreamStep step = episodes.Next();
    Feed(replay, step);
    content.Feed(step);
    const uint64_t end = content.made;
    while (naive.first + naive.values.size() < end) naive.values.push_back(naive.largest);
    while (naive.values.size() > content.transitions.size()) {
      naive.values.pop_front();
      ++naive.first;
    }
    ASSERT_EQ(replay.size(), static_cast<int64_t>(naive.values.size()));
    if (naive.values.empty() || i % 3 != 0) continue;
    RandomStream random(i, "sample"), same(i, "sample");
    replay.Sample(random, kRows, batch, 0.5);
    std::vector<float> td;
    std::vector<size_t> drawn;
    double smallest = 1e300;
    for (size_t row = 0; row < kRows; ++row) {
      drawn.push_back(naive.Draw(same.Uniform(), row, kRows));
      smallest = std::min(smallest, naive.values[drawn[row]]);
    }
    for (size_t row = 0; row < kRows; ++row) {
      ASSERT_EQ(batch.transition[row], naive.first + drawn[row]) << "row " << row << " at " << i;
      const NaiveTransition& wanted = content.transitions[drawn[row]];
      ASSERT_EQ(batch.reward[row], wanted.reward);
      ASSERT_EQ(batch.vector[row * kVectorSize], wanted.from.vector[0]);
      ASSERT_EQ(batch.next_vector[row * kVectorSize], wanted.to.vector[0]);
      const double weight = std::sqrt(smallest / naive.values[drawn[row]]);
      ASSERT_NEAR(batch.weight[row], priority.kind == ReplayPriority::kPer ? weight : 1.0, 1e-6);
      td.push_back(static_cast<float>(std::abs(errors.Normal()) * 3.0));
    }
    replay.UpdatePriorities(batch, 0, td);
    for (size_t row = 0; row < kRows; ++row) {
      const double error = static_cast<double>(td[row]);
      const double p =
          priority.kind == ReplayPriority::kPer ? error + priority.epsilon : std::max(error, 1.0);
      const double value = static_cast<double>(static_cast<float>(std::pow(p, priority.alpha)));
      naive.values[drawn[row]] = value;
      naive.largest = std::max(naive.largest, value);
    }
  }
  EXPECT_EQ(naive.first > 0, capacity < 600);  // some cases evict
}

INSTANTIATE_TEST_SUITE_P(, PrioritisedReplay,
                         testing::Values(std::tuple{kPer, 1, 100000}, std::tuple{kPer, 3, 40},
                                         std::tuple{kLap, 2, 33}, std::tuple{kLap, 1, 1}));

TEST(PrioritisedReplayRows, ThatAreGoneArePassedOver) {
  Replay replay({.has_image = false, .capacity = 4, .priority = kPlain});
  std::array<float, kVectorSize> v{};
  replay.Begin(0, nullptr, v.data());
  const auto add = [&] { replay.Add(0, {}, 0, false, false, nullptr, v.data()); };
  for (int i = 0; i < 4; ++i) add();
  RandomStream random(1, "sample");
  Batch batch;
  replay.Sample(random, 4, batch);
  EXPECT_EQ(batch.transition, (std::vector<uint64_t>{0, 1, 2, 3}));  // equal strata
  add();
  add();
  const std::vector<float> td = {9, 9, 0.5f, 0.25f};
  replay.UpdatePriorities(batch, 0, td);
  const Priorities& p = *replay.priorities();
  EXPECT_EQ(p.first(), 2u);
  EXPECT_EQ(p.largest(), 1.0);  // those of 9 were evicted before
  EXPECT_NEAR(p.At(2), 0.5, 1e-6);
  EXPECT_NEAR(p.At(3), 0.25, 1e-6);
  EXPECT_EQ(p.At(4), 1.0);
}

// Rows of two replays in one batch: errors go to the rows they are of.
TEST(PrioritisedReplayRows, TakeTheErrorsOfTheirPlaceInTheBatch) {
  Replay replay({.has_image = false, .priority = kPlain});
  std::array<float, kVectorSize> v{};
  replay.Begin(0, nullptr, v.data());
  for (int i = 0; i < 2; ++i) replay.Add(0, {}, 0, false, false, nullptr, v.data());
  Batch batch;
  batch.Resize(5, false);
  RandomStream random(1, "sample");
  replay.SampleRows(random, 3, 2, batch);
  ASSERT_EQ(batch.transition[3], 0u);
  ASSERT_EQ(batch.transition[4], 1u);
  const std::vector<float> td = {0.25f, 0.5f};
  replay.UpdatePriorities(batch, 3, td);
  EXPECT_NEAR(replay.priorities()->At(0), 0.25, 1e-6);
  EXPECT_NEAR(replay.priorities()->At(1), 0.5, 1e-6);
}

TEST(PrioritisedReplayMemory, IsCountedAndLimited) {
  const ReplayOptions uniform = {.num_worlds = 2, .max_bytes = 6'000'000};
  ReplayOptions prioritised = uniform;
  prioritised.priority = kPer;
  Replay plain(uniform), replay(prioritised);
  EXPECT_EQ(replay.bytes() - plain.bytes(), replay.priorities()->bytes());
  RandomEpisodes episodes(9, 2);
  for (int i = 0; i < 1500; ++i) {
    Feed(replay, episodes.Next());
    ASSERT_LE(replay.bytes(), prioritised.max_bytes);
  }
  EXPECT_GT(replay.bytes(), prioritised.max_bytes / 2);
  // A camera's transition has 91 bytes left of its 7,400 after the record and its tables.
  EXPECT_LE(static_cast<double>(replay.priorities()->bytes()) / static_cast<double>(replay.size()),
            90.0);
}

TEST(PrioritisedReplayMemory, FreshContentOfUniformReplayHasNoPriorities) {
  Replay replay({.has_image = false});
  EXPECT_EQ(replay.priorities(), nullptr);
}

// ---- kept --------------------------------------------------------------------------------------

void Learn(Replay& replay, uint64_t index) {
  if (replay.size() == 0) return;
  RandomStream random(index, "sample");
  Batch batch;
  replay.Sample(random, 8, batch);
  std::vector<float> td(8);
  for (float& t : td) t = static_cast<float>(random.Normal() * 2.0);
  replay.UpdatePriorities(batch, 0, td);
}

TEST(PrioritisedSegments, RestoredRunContinuesBitForBit) {
  FaultyFiles files;
  int variant = 0;
  for (const PriorityOptions& priority : {kPer, kLap}) {
    for (const int64_t capacity : {int64_t{37}, int64_t{100000}}) {
      const ReplayOptions options = Prioritised(priority, 2, capacity);
      const std::string path = "run/replay" + std::to_string(variant++);
      RandomEpisodes episodes(5, 3);
      Replay straight(options);
      auto resumed = std::make_unique<Replay>(options);
      for (uint64_t i = 1; i <= 500; ++i) {
        const StreamStep step = episodes.Next();
        Feed(straight, step);
        Feed(*resumed, step);
        Learn(straight, i);
        Learn(*resumed, i);
        if (i % 83 != 0) continue;
        const std::vector<FileRef> refs = resumed->Seal(files, path);
        const SavedPriorities saved = resumed->priorities()->Save();
        resumed = std::make_unique<Replay>(options);
        resumed->Restore(files, path, refs);
        EXPECT_NE(resumed->LogicalHash(), straight.LogicalHash());  // priorities are in the hash
        resumed->RestorePriorities(saved, "priorities.cbor");
        ASSERT_EQ(resumed->LogicalHash(), straight.LogicalHash()) << "restored at " << i;
      }
      ASSERT_EQ(resumed->LogicalHash(), straight.LogicalHash());
    }
  }
}

TEST(PrioritisedSegments, PrioritiesOfOtherContentAreRefused) {
  Replay replay({.has_image = false, .priority = kPer});
  std::array<float, kVectorSize> v{};
  replay.Begin(0, nullptr, v.data());
  for (int i = 0; i < 3; ++i) replay.Add(0, {}, 0, false, false, nullptr, v.data());
  const SavedPriorities good{.first = 4, .largest = 2.0, .values = {1.0f, 0.5f, 2.0f}};
  std::vector<SavedPriorities> bad(4, good);
  bad[0].values.pop_back();
  bad[1].values[1] = 0.0f;
  bad[2].values[2] = 2.5f;  // above the largest
  bad[3].largest = std::nan("");
  const std::string before = replay.LogicalHash();
  for (const SavedPriorities& saved : bad) {
    try {
      replay.RestorePriorities(saved, "step_8/priorities.cbor");
      FAIL() << "accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::kBadInput);
      EXPECT_EQ(error.where(), "step_8/priorities.cbor");
    }
    EXPECT_EQ(replay.LogicalHash(), before);
  }
  replay.RestorePriorities(good, "step_8/priorities.cbor");
  EXPECT_EQ(replay.priorities()->first(), 4u);
  EXPECT_EQ(replay.priorities()->At(6), 2.0);
}

}  // namespace
}  // namespace volante
