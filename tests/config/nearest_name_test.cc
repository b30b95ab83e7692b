// Edit distances by hand, and what counts as near.

#include "config/nearest_name.h"

#include <gtest/gtest.h>

namespace volante {
namespace {

TEST(EditDistance, AgreesWithDistancesCountedByHand) {
  EXPECT_EQ(EditDistance("", ""), 0u);
  EXPECT_EQ(EditDistance("", "abc"), 3u);
  EXPECT_EQ(EditDistance("abc", ""), 3u);
  EXPECT_EQ(EditDistance("kitten", "sitting"), 3u);  // the textbook pair
  EXPECT_EQ(EditDistance("flaw", "lawn"), 2u);
  EXPECT_EQ(EditDistance("abc", "acb"), 2u);  // a swap is two substitutions
}

TEST(NearestName, FindsTyposAndMissingSections) {
  const std::vector<std::string> keys = {"learner.batch_size", "learner.tau", "train.seed"};
  EXPECT_EQ(NearestName("learner.batchsize", keys), "learner.batch_size");
  EXPECT_EQ(NearestName("tau", keys), "learner.tau");
  EXPECT_EQ(NearestName("sed", keys), "train.seed");
  EXPECT_EQ(NearestName("trian", {"train", "evaluate"}), "train");
  EXPECT_EQ(NearestName("zebra", keys), "");
  EXPECT_EQ(NearestName("a", keys), "");
  EXPECT_EQ(NearestName("", keys), "");
  EXPECT_EQ(NearestName(std::string(100000, 'a'), keys), "");
}

}  // namespace
}  // namespace volante
