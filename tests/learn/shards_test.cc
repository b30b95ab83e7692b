#include <ATen/ops/isfinite.h>
#include <c10/core/GradMode.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <stdexcept>
#include <thread>

#include "learn/learner_fixture.h"
#include "learn/shard_team.h"
#include "learn/td3_impl.h"
#include "learn/torch_runtime.h"

namespace volante {
namespace {

constexpr auto kVector = ObservationMode::kVector;

TEST(ShardTeam, GivesEachShardItsOwnThreadManyTimes) {
  ShardTeam team(3);
  EXPECT_EQ(team.size(), 3);
  std::vector<int> calls(3);
  std::vector<std::thread::id> ids(3);
  for (int i = 0; i < 2000; ++i) {
    const int shards = 1 + i % 3;
    const std::vector<int> before = calls;
    team.Run(shards, [&](int shard) {
      ++calls[static_cast<size_t>(shard)];
      ids[static_cast<size_t>(shard)] = std::this_thread::get_id();
    });
    for (int s = 0; s < 3; ++s) {
      const auto k = static_cast<size_t>(s);
      ASSERT_EQ(calls[k], before[k] + (s < shards)) << i;
    }
  }
  EXPECT_EQ(ids[0], std::this_thread::get_id());
  EXPECT_NE(ids[1], ids[0]);
  EXPECT_NE(ids[2], ids[0]);
  EXPECT_NE(ids[1], ids[2]);
}

TEST(ShardTeam, HandsOnTheGradientModeAndWhatIsThrown) {
  ShardTeam team(2);
  bool enabled[2] = {true, true};
  const auto look = [&](int shard) { enabled[shard] = c10::GradMode::is_enabled(); };
  {
    const c10::NoGradGuard no_grad;
    team.Run(2, look);
  }
  EXPECT_FALSE(enabled[0] || enabled[1]);
  team.Run(2, look);
  EXPECT_TRUE(enabled[0] && enabled[1]);

  std::atomic<int> done{0};
  for (const int thrower : {0, 1}) {
    try {
      team.Run(2, [&](int shard) {
        if (shard == thrower) throw std::runtime_error("shard " + std::to_string(shard));
        ++done;
      });
      FAIL() << "nothing was thrown";
    } catch (const std::runtime_error& e) {
      EXPECT_EQ(e.what(), "shard " + std::to_string(thrower));
    }
  }
  EXPECT_EQ(done, 2) << "the other shard was done all the same";
  EXPECT_NO_THROW(team.Run(2, [](int) {}));
}

class OnThreads {
 public:
  explicit OnThreads(int threads) : before_(LearnerThreads()) { SetLearnerThreads(threads); }
  ~OnThreads() { SetLearnerThreads(before_); }

 private:
  int before_;
};

double Relative(double a, double b) {
  return std::abs(a - b) / std::max({std::abs(a), std::abs(b), 1e-12});
}

// An update is the same whether one thread computes it or several share it: all tensors, all
// figures, to the rounding of double. Of the demonstrations some lie in one shard, some in both.
void ExpectSharedAsAlone(const Td3Options& options, int batch_size, int demonstrations,
                         int threads) {
  std::vector<std::vector<NamedTensor>> tensors;
  std::vector<std::vector<UpdateMetrics>> metrics;
  for (const int n : {1, threads}) {
    const OnThreads scope(n);
    Td3Learner learner(options);
    EXPECT_EQ(learner.impl().num_shards, n);
    metrics.emplace_back();
    for (uint64_t i = 0; i < 4; ++i) {
      Batch batch = RandomBatch(batch_size, options.mode, i);
      batch.demonstrations = demonstrations;
      batch.label.assign(batch.action.end() - demonstrations * kActionSize, batch.action.end());
      for (float& label : batch.label) label *= 0.5f;
      if (options.priority == ReplayPriority::kPer) {
        for (size_t row = 0; row < batch.weight.size(); ++row) {
          batch.weight[row] = 1.0f / (1.0f + static_cast<float>(row % 7));
        }
      }
      metrics.back().push_back(learner.Update(batch, /*with_feature_stats=*/true));
    }
    tensors.push_back(learner.SaveTensors(TensorScope::kEverything));
  }
  ASSERT_EQ(tensors[0].size(), tensors[1].size());
  for (size_t t = 0; t < tensors[0].size(); ++t) {
    const NamedTensor &alone = tensors[0][t], &shared = tensors[1][t];
    ASSERT_EQ(alone.bytes.size(), shared.bytes.size());
    std::vector<double> a(alone.bytes.size() / 8), b(a.size());
    std::memcpy(a.data(), alone.bytes.data(), alone.bytes.size());
    std::memcpy(b.data(), shared.bytes.data(), shared.bytes.size());
    double size = 1e-12, difference = 0.0;
    for (size_t i = 0; i < a.size(); ++i) {
      size = std::max(size, std::abs(a[i]));
      difference = std::max(difference, std::abs(a[i] - b[i]));
    }
    EXPECT_LT(difference / size, 1e-9) << alone.name;
  }
  for (size_t i = 0; i < metrics[0].size(); ++i) {
    const UpdateMetrics &a = metrics[0][i], &b = metrics[1][i];
    EXPECT_LT(Relative(a.critic_loss, b.critic_loss), 1e-9);
    EXPECT_LT(Relative(a.q_std, b.q_std), 1e-9);
    EXPECT_LT(Relative(a.twin_gap, b.twin_gap), 1e-9);
    EXPECT_LT(Relative(a.target_mean, b.target_mean), 1e-9);
    EXPECT_LT(Relative(a.actor_loss, b.actor_loss), 1e-9);
    EXPECT_LT(Relative(a.q_actor_mean, b.q_actor_mean), 1e-9);
    EXPECT_LT(Relative(a.critic_grad.before, b.critic_grad.before), 1e-9);
    EXPECT_LT(Relative(a.actor_grad.before, b.actor_grad.before), 1e-9);
    EXPECT_EQ(a.bc_loss.has_value(), b.bc_loss.has_value());
    EXPECT_LT(Relative(a.bc_loss.value_or(0.0), b.bc_loss.value_or(0.0)), 1e-9);
    EXPECT_EQ(a.td_errors.size(), b.td_errors.size());
    for (size_t row = 0; row < a.td_errors.size(); ++row) {
      EXPECT_NEAR(a.td_errors[row], b.td_errors[row], 1e-6f);
    }
    ASSERT_EQ(a.features.size(), b.features.size());
    for (size_t k = 0; k < a.features.size(); ++k) {
      EXPECT_EQ(a.features[k].layer, b.features[k].layer);
      EXPECT_NEAR(a.features[k].mean, b.features[k].mean, 1e-5 * a.features[k].std)
          << a.features[k].layer;
      EXPECT_LT(Relative(a.features[k].std, b.features[k].std), 1e-5);
      EXPECT_LT(Relative(a.features[k].norm, b.features[k].norm), 1e-5);
    }
  }
}

Td3Options InDouble(ObservationMode mode, Wiring wiring, Encoder encoder) {
  Td3Options options = TestOptions(mode, wiring, Fusion::kTrunk, encoder);
  options.dtype = LearnerDtype::kF64;
  return options;
}

TEST(Shards, AreTheUpdateOfOneThreadFromTheVector) {
  Td3Options options = InDouble(kVector, Wiring::kSharedCritic, Encoder::kNature);
  options.demonstrations.share = 0.25;
  options.demonstrations.bc_weight = 2.0;
  ExpectSharedAsAlone(options, 100, 25, 2);  // in the second shard alone
  ExpectSharedAsAlone(options, 100, 70, 3);  // in all
}

TEST(Shards, AreTheUpdateOfOneThreadWithPriorities) {
  Td3Options options = InDouble(kVector, Wiring::kSharedCritic, Encoder::kNature);
  options.priority = ReplayPriority::kPer;
  ExpectSharedAsAlone(options, 97, 0, 2);
}

TEST(Shards, AreTheUpdateOfOneThreadFromTheCamera) {
  Td3Options options = InDouble(ObservationMode::kCameraVector, Wiring::kSeparate, Encoder::kSmall);
  options.augment.enabled = true;
  ExpectSharedAsAlone(options, 64, 0, 2);
}

TEST(Shards, AreTheImitationOfOneThread) {
  Td3Options options = InDouble(kVector, Wiring::kSharedCritic, Encoder::kNature);
  options.imitation.method = ImitationMethod::kDagger;
  ExpectSharedAsAlone(options, 80, 0, 2);
}

// Two learners on two threads each: the same bytes, however the threads were timed.
TEST(Shards, GiveTheSameBytesAgain) {
  const OnThreads scope(2);
  for (const bool bf16 : {false, true}) {
    std::vector<std::vector<NamedTensor>> results;
    for (int run = 0; run < 2; ++run) {
      Td3Options options =
          TestOptions(kVector, Wiring::kSharedCritic, Fusion::kTrunk, Encoder::kNature);
      options.config.bf16_linear = bf16;
      Td3Learner learner(options);
      for (uint64_t i = 0; i < 8; ++i) learner.Update(RandomBatch(256, options.mode, i));
      results.push_back(learner.SaveTensors(TensorScope::kEverything));
    }
    EXPECT_TRUE(results[0] == results[1]);
  }
}

// What is of the whole batch is not cut: a mean over it, its statistics, its sequences.
TEST(Shards, AreOneWhereRowsDependOnEachOther) {
  const OnThreads scope(2);
  const auto shards = [](const auto& change) {
    Td3Options options = TestOptions(ObservationMode::kCameraVector, Wiring::kSeparate,
                                     Fusion::kTrunk, Encoder::kSmall);
    change(options);
    return Td3Learner::Impl::ShardsFor(options);
  };
  EXPECT_EQ(shards([](Td3Options&) {}), 2);
  EXPECT_EQ(shards([](Td3Options& o) { o.config.memory = Memory::kGru; }), 1);
  EXPECT_EQ(shards([](Td3Options& o) { o.config.batchnorm = BatchNorm::kTrain; }), 1);
  EXPECT_EQ(shards([](Td3Options& o) { o.config.target_value = TargetValue::kMomentum; }), 1);
  EXPECT_EQ(shards([](Td3Options& o) { o.device = Device::kCuda; }), 1);
}

}  // namespace
}  // namespace volante
