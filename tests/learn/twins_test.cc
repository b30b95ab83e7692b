#include "learn/twins.h"

#include <c10/core/GradMode.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <thread>

#include "learn/learner_fixture.h"
#include "learn/torch_runtime.h"

namespace volante {
namespace {

TEST(TwinWorker, RunsBothOnTwoThreadsManyTimes) {
  TwinWorker worker;
  const std::thread::id here = std::this_thread::get_id();
  int first = 0, second = 0;
  for (int i = 0; i < 2000; ++i) {
    worker.Run([&] { first += std::this_thread::get_id() == here; },
               [&] { second += std::this_thread::get_id() != here; });
    ASSERT_EQ(first, i + 1);
    ASSERT_EQ(second, i + 1);
  }
}

TEST(TwinWorker, HandsOnTheGradientModeAndWhatIsThrown) {
  TwinWorker worker;
  bool enabled = true;
  {
    const c10::NoGradGuard no_grad;
    worker.Run([] {}, [&] { enabled = c10::GradMode::is_enabled(); });
  }
  EXPECT_FALSE(enabled);
  worker.Run([] {}, [&] { enabled = c10::GradMode::is_enabled(); });
  EXPECT_TRUE(enabled);

  int other = 0;
  EXPECT_THROW(worker.Run([] { throw std::runtime_error("here"); }, [&] { ++other; }),
               std::runtime_error);
  EXPECT_THROW(worker.Run([&] { ++other; }, [] { throw std::runtime_error("there"); }),
               std::runtime_error);
  EXPECT_EQ(other, 2) << "the other half was done all the same";
  EXPECT_NO_THROW(worker.Run([] {}, [] {}));
}

// Twins on two threads compute what one thread computes, to the last bit.
TEST(TwinWorker, UpdatesFromTheVectorDoNotDependOnTheThreads) {
  const int before = LearnerThreads();
  std::vector<std::vector<NamedTensor>> results;
  for (const int threads : {1, 2}) {
    SetLearnerThreads(threads);
    Td3Options options = TestOptions(ObservationMode::kVector, Wiring::kSharedCritic,
                                     Fusion::kTrunk, Encoder::kNature);
    Td3Learner learner(options);
    for (uint64_t i = 0; i < 8; ++i) learner.Update(RandomBatch(256, options.mode, i));
    results.push_back(learner.SaveTensors(TensorScope::kEverything));
  }
  SetLearnerThreads(before);
  EXPECT_TRUE(results[0] == results[1]);
}

}  // namespace
}  // namespace volante
