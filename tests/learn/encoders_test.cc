// The encoders beyond three strided convolutions: nature_maxpool and mobilenet_v3_small, with its
// BatchNorm and weights from files. Their arithmetic is compared with torchvision's and torch.nn's
// in oracle_test.cc; here are counts, roles and files.
#include <ATen/TensorOperators.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <c10/core/GradMode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <limits>

#include "base/error.h"
#include "base/files.h"
#include "learn/encoder_weights.h"
#include "learn/learner_fixture.h"
#include "learn/td3_impl.h"
#include "store/safetensors.h"

namespace volante {
namespace {

using testing::HasSubstr;

constexpr auto kCamera = ObservationMode::kCameraVector;

int64_t SizeOf(const ParameterSpec& spec) {
  int64_t size = 1;
  for (const int64_t extent : spec.shape) size *= extent;
  return size;
}

int64_t CountOf(const std::vector<ParameterSpec>& specs) {
  int64_t n = 0;
  for (const ParameterSpec& spec : specs) n += SizeOf(spec);
  return n;
}

Td3Options MobileNetOptions(Wiring wiring = Wiring::kSharedCritic,
                            BatchNorm batchnorm = BatchNorm::kFrozen) {
  Td3Options options = TestOptions(kCamera, wiring, Fusion::kTrunk, Encoder::kMobileNetV3Small);
  options.config.batchnorm = batchnorm;
  return options;
}

// ---- counts ------------------------------------------------------------------------------------

TEST(NatureMaxPool, HasNaturesParametersAndTenTimesItsMultiplyAdds) {
  LearnerConfig nature, pooled;
  nature.encoder = Encoder::kNature;
  pooled.encoder = Encoder::kNatureMaxPool;
  const auto specs = EncoderSpecs(pooled, "");
  EXPECT_EQ(CountOf(specs), 1684128);
  ASSERT_EQ(specs.size(), EncoderSpecs(nature, "").size());
  EXPECT_EQ(specs[6].shape, (std::vector<int64_t>{512, 3136}));  // 64 x 7 x 7, as nature's
  // Each weight once per place of its output: 77, 35, 15 wide here, 20, 9, 7 there.
  const auto operations = [&](int64_t a, int64_t b, int64_t c) {
    return a * a * SizeOf(specs[0]) + b * b * SizeOf(specs[2]) + c * c * SizeOf(specs[4]) +
           SizeOf(specs[6]);
  };
  EXPECT_EQ(operations(77, 35, 15), 98611200);
  EXPECT_NEAR(static_cast<double>(operations(77, 35, 15)) / operations(20, 9, 7), 10.6, 0.05);
}

// torchvision 0.14's mobilenet_v3_small().features: 927,008 parameters, and 6,056 channels with a
// running mean and variance each.
TEST(MobileNet, HasTorchvisionsCounts) {
  EXPECT_EQ(CountOf(MobileNetSpecs("", 3)), 927008);
  EXPECT_EQ(CountOf(MobileNetSpecs("", 4)), 927152);
  EXPECT_EQ(CountOf(MobileNetStatistics("")), 2 * 6056);
  LearnerConfig config;
  config.encoder = Encoder::kMobileNetV3Small;
  EXPECT_EQ(CountOf(EncoderSpecs(config, "critic/")), 927152 + 576 * 512 + 512);
}

// With norms that do nothing yet the signal must not die away on its way through 13 parts.
TEST(MobileNet, KeepsTheSizeOfASignalAtFirst) {
  Td3Learner learner(MobileNetOptions());
  const UpdateMetrics m = learner.Update(RandomBatch(8, kCamera, 0), true);
  ASSERT_EQ(m.features.size(), 14u);
  EXPECT_EQ(m.features[0].layer, "critic/encoder/features/0");
  EXPECT_EQ(m.features[12].layer, "critic/encoder/features/12");
  EXPECT_EQ(m.features[13].layer, "critic/encoder/fc");
  for (const FeatureStats& part : m.features) {
    EXPECT_GT(part.std, 0.02) << part.layer;
    EXPECT_LT(part.std, 10.0) << part.layer;
  }
}

// ---- BatchNorm ---------------------------------------------------------------------------------

TEST(MobileNet, RunningStatisticsAreInNoOptimizer) {
  Td3Learner learner(MobileNetOptions(Wiring::kSeparate));
  EXPECT_THAT(learner.Audit(), HasSubstr("running statistics: 136 tensors, in no optimizer"));
  Td3Learner::Impl& impl = learner.impl();
  EXPECT_FALSE(impl.critic_params.Has("critic/encoder/features/0/1/running_mean"));
  EXPECT_TRUE(impl.statistics.Has("critic/encoder/features/0/1/running_mean"));
  const std::vector<AuditedOptimizer> optimizers = {{"actor", &impl.actor_params, 1e-3},
                                                    {"critic", &impl.critic_params, 1e-3}};
  auto wrong = impl.bound_statistics;
  wrong.push_back({"running_x", impl.critic_params.Frozen("critic/encoder/fc/bias")});
  try {
    AuditOptimizers(optimizers, impl.bound_trainable, impl.bound_targets, wrong);
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.OneLine(), HasSubstr("a running statistic is in optimizer critic"));
  }
}

TEST(MobileNet, FrozenKeepsTheStatisticsAndTrainsGainAndBias) {
  Td3Learner learner(MobileNetOptions());
  Td3Learner::Impl& impl = learner.impl();
  const at::Tensor statistics = impl.statistics.values().clone();
  const at::Tensor gain =
      impl.critic_params.Frozen("critic/encoder/features/4/block/1/1/weight").clone();
  for (uint64_t i = 0; i < 2; ++i) learner.Update(RandomBatch(8, kCamera, i));
  EXPECT_TRUE(at::equal(impl.statistics.values(), statistics));
  EXPECT_TRUE(at::equal(impl.target_statistics.values(), statistics));
  EXPECT_FALSE(
      at::equal(impl.critic_params.Frozen("critic/encoder/features/4/block/1/1/weight"), gain));
}

// New statistic = 0.99 old + 0.01 of the batch (torchvision's momentum), where the first norm sees
// the first convolution; targets take them over on updates that move targets.
TEST(MobileNet, TrainedStatisticsFollowTheBatchAndReachTheTargets) {
  Td3Learner learner(MobileNetOptions(Wiring::kSharedCritic, BatchNorm::kTrain));
  Td3Learner::Impl& impl = learner.impl();
  const Batch batch = RandomBatch(8, kCamera, 0);
  const std::string norm = "critic/encoder/features/0/1/";
  at::Tensor mean, variance;
  {
    const c10::NoGradGuard no_grad;
    const at::Tensor images = impl.Load(batch).image;
    const at::Tensor out = at::conv2d(
        images, impl.critic_params.Frozen("critic/encoder/features/0/0/weight"), {}, 2, 1);
    mean = out.mean(at::IntArrayRef{0, 2, 3});
    variance = out.var(at::IntArrayRef{0, 2, 3}, /*unbiased=*/true);
  }
  learner.Update(batch);
  const auto error = [](const at::Tensor& a, const at::Tensor& b) {
    return at::linalg_vector_norm(a - b).item<double>() / at::linalg_vector_norm(b).item<double>();
  };
  EXPECT_LE(error(impl.statistics.Frozen(norm + "running_mean"), 0.01 * mean), 1e-5);
  EXPECT_LE(error(impl.statistics.Frozen(norm + "running_var"), 0.99 + 0.01 * variance), 1e-5);
  EXPECT_EQ(impl.target_statistics.Frozen(norm + "running_mean").abs().max().item<double>(), 0.0);
  learner.Update(batch);  // this one moves the targets
  EXPECT_TRUE(at::equal(impl.target_statistics.values(), impl.statistics.values()));
}

TEST(MobileNet, AnUpdateThatFailsLeavesTheStatisticsAsTheyWere) {
  Td3Learner learner(MobileNetOptions(Wiring::kSeparate, BatchNorm::kTrain));
  learner.Update(RandomBatch(8, kCamera, 0));
  const auto before = learner.SaveTensors(TensorScope::kEverything);
  Td3Learner::Impl& impl = learner.impl();
  const at::Tensor bias = impl.actor_params.Frozen("actor/head/2/bias");
  const at::Tensor good = bias.clone();
  bias.fill_(std::numeric_limits<float>::quiet_NaN());  // only the second update asks the actor
  EXPECT_THROW(learner.Update(RandomBatch(8, kCamera, 1)), Error);
  bias.copy_(good);
  EXPECT_TRUE(learner.SaveTensors(TensorScope::kEverything) == before);
}

// Imitation trains the actor's encoder: with the statistics that were loaded, or moving them.
TEST(MobileNet, ImitationSeesTheStatisticsAndMovesThemWhereTheyAreTrained) {
  for (const BatchNorm batchnorm : {BatchNorm::kFrozen, BatchNorm::kTrain}) {
    Td3Options options = MobileNetOptions(Wiring::kSeparate, batchnorm);
    options.imitation.method = ImitationMethod::kBc;
    options.config.last_layer_init = 0.3;  // so that the features show in the actions
    Td3Learner learner(options);
    Td3Learner::Impl& impl = learner.impl();
    impl.statistics.values().add_(0.25);  // as from a file
    const at::Tensor before = impl.statistics.values().clone();
    const Batch batch = RandomBatch(8, kCamera, 0);
    std::vector<float> actions(16);
    learner.Act(batch.image.data(), batch.vector.data(), 8, actions.data());
    double expected = 0.0;  // the loss of the policy that acts
    for (size_t i = 0; i < 16; ++i) expected += std::pow(actions[i] - batch.action[i], 2) / 16;
    const UpdateMetrics m = learner.Update(batch);
    if (batchnorm == BatchNorm::kFrozen) {
      EXPECT_NEAR(m.actor_loss, expected, 1e-5);
      EXPECT_TRUE(at::equal(impl.statistics.values(), before));
    } else {
      const std::string mean = "encoder/features/5/block/0/1/running_mean";
      const auto moved = [&](const std::string& role) {
        const at::Tensor now = impl.statistics.Frozen(role + mean);
        return (now - 0.25).abs().max().item<double>();
      };
      EXPECT_GT(moved("actor/"), 1e-4);
      EXPECT_EQ(moved("critic/"), 0.0);  // which nobody trains
    }
  }
}

// ---- weights from a file -----------------------------------------------------------------------

std::vector<NamedTensor> EncoderOf(const Td3Learner& learner) {
  const std::string prefix = "critic/encoder/";
  std::vector<NamedTensor> tensors;
  for (NamedTensor& tensor : learner.SaveTensors(TensorScope::kPolicy)) {
    if (!tensor.name.starts_with(prefix)) continue;
    tensor.name = tensor.name.substr(prefix.size());
    tensors.push_back(std::move(tensor));
  }
  return tensors;
}

TEST(EncoderWeights, ReachEveryEncoderAndTargetAndNothingElse) {
  for (const Encoder encoder : {Encoder::kMobileNetV3Small, Encoder::kSmall}) {
    Td3Options options = MobileNetOptions(Wiring::kSeparate);
    options.config.encoder = encoder;
    Td3Learner learner(options);
    const auto before = learner.SaveTensors(TensorScope::kEverything);
    options.seed = 8;
    Td3Learner other(options);
    if (encoder == Encoder::kMobileNetV3Small) other.impl().statistics.values().add_(0.25);
    std::vector<NamedTensor> weights = EncoderOf(other);
    std::erase_if(weights, [](const NamedTensor& t) { return t.name.starts_with("fc/"); });
    learner.LoadEncoder(weights, "file");
    const auto after = learner.SaveTensors(TensorScope::kEverything);
    ASSERT_EQ(before.size(), after.size());
    int loaded = 0;
    for (size_t i = 0; i < after.size(); ++i) {
      const size_t at = after[i].name.find("encoder/");
      const std::string name = at == std::string::npos || after[i].name.starts_with("adam")
                                   ? ""
                                   : after[i].name.substr(at + 8);
      const auto given = std::find_if(weights.begin(), weights.end(),
                                      [&](const NamedTensor& t) { return t.name == name; });
      const bool is_given = given != weights.end();
      EXPECT_TRUE(after[i].bytes == (is_given ? given->bytes : before[i].bytes)) << after[i].name;
      loaded += is_given;
    }
    EXPECT_EQ(loaded, 4 * static_cast<int>(weights.size()));  // actor, critic and their targets
  }
}

TEST(EncoderWeights, ThatDoNotFitAreNamedByLayerAndShape) {
  Td3Learner learner(MobileNetOptions());
  const auto before = learner.SaveTensors(TensorScope::kEverything);
  const auto refusal = [&](auto&& change) {
    std::vector<NamedTensor> weights = EncoderOf(learner);
    change(weights);
    try {
      learner.LoadEncoder(weights, "some.safetensors");
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::kBadInput);
      return error.OneLine();
    }
    return std::string("none");
  };
  EXPECT_EQ(refusal([](auto&) {}), "none");
  const auto shape = refusal([](auto& w) {
    w[0].shape = {16, 3, 3, 3};
    w[0].bytes.resize(16 * 27 * 4);
  });
  EXPECT_THAT(shape, HasSubstr("some.safetensors"));
  EXPECT_THAT(shape, HasSubstr("features/0/0/weight has shape [16, 3, 3, 3], not [16, 4, 3, 3]"));
  EXPECT_THAT(refusal([](auto& w) { w.erase(w.begin() + 1); }),
              HasSubstr("features/0/1/weight is missing"));
  EXPECT_THAT(refusal([](auto& w) { w.pop_back(); }), HasSubstr("running_var is missing"));
  EXPECT_THAT(refusal([](auto& w) { w[0].dtype = TensorDtype::kF64; }), HasSubstr("F64, not F32"));
  EXPECT_THAT(refusal([](auto& w) {
                w.push_back(w[0]);
                w.back().name = "classifier/0/weight";
              }),
              HasSubstr("classifier/0/weight is none of that encoder's"));
  EXPECT_THAT(refusal([](auto& w) { w.push_back(w[0]); }), HasSubstr("twice"));
  EXPECT_TRUE(learner.SaveTensors(TensorScope::kEverything) == before);
}

// tools/mobilenet_weights.py against torchvision itself: random weights and statistics, gray
// pictures normalised as ImageNet's are.
TEST(EncoderWeights, OfTheConvertedFileGiveTorchvisionsFeatures) {
  const std::filesystem::path directory =
      std::filesystem::path(testing::TempDir()) / ("volante_mobilenet_" + std::to_string(getpid()));
  std::filesystem::create_directories(directory);
  const std::string command = "/usr/bin/python3 " VOLANTE_SOURCE_DIR
                              "/tools/oracle/mobilenet_reference.py " +
                              directory.string();
  ASSERT_EQ(std::system(command.c_str()), 0) << command << " needs python3-torchvision";
  Td3Learner learner(MobileNetOptions());
  const std::string file = directory / "encoder.safetensors";
  learner.LoadEncoder(ReadSafetensors(RealFiles(), file).tensors, file);
  const auto expected = ReadSafetensors(RealFiles(), directory / "expected.safetensors").tensors;
  std::filesystem::remove_all(directory);

  const auto tensor = [&](size_t i) {
    return at::from_blob(const_cast<uint8_t*>(expected[i].bytes.data()), expected[i].shape,
                         at::kFloat);
  };
  ASSERT_EQ(expected[0].name, "pictures");
  const c10::NoGradGuard no_grad;
  const at::Tensor stacks = (tensor(0) * (2.0 / 255.0) - 1.0).unsqueeze(1).repeat({1, 4, 1, 1});
  const at::Tensor ours = learner.impl().frozen.critic_encoder->mobilenet->Forward(
      stacks.contiguous(at::MemoryFormat::ChannelsLast), "", nullptr);
  const double error = at::linalg_vector_norm(ours - tensor(1)).item<double>() /
                       at::linalg_vector_norm(tensor(1)).item<double>();
  EXPECT_LE(error, 1e-4);
  std::printf("  features differ by %.1e\n", error);
}

}  // namespace
}  // namespace volante
