// The learner's contracts: who trains what, flat memory, clipping, masks, saving, acting.
#include "learn/td3.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/zeros_like.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/variable.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "base/archive.h"
#include "base/error.h"
#include "learn/learner_fixture.h"
#include "learn/td3_impl.h"

namespace volante {
namespace {

using testing::HasSubstr;

constexpr auto kVector = ObservationMode::kVector;
constexpr auto kCamera = ObservationMode::kCameraVector;

std::vector<Td3Options> AllKinds() {
  std::vector<Td3Options> kinds = {TestOptions(kVector)};
  for (const Wiring wiring : {Wiring::kSharedCritic, Wiring::kSeparate}) {
    kinds.push_back(TestOptions(kCamera, wiring));
    kinds.push_back(TestOptions(kCamera, wiring, Fusion::kConcat, Encoder::kNature));
  }
  kinds.push_back(TestOptions(kCamera, Wiring::kSharedCritic, Fusion::kTrunk, Encoder::kSmall));
  kinds.push_back(
      TestOptions(kCamera, Wiring::kSeparate, Fusion::kTrunk, Encoder::kMobileNetV3Small));
  kinds.back().config.batchnorm = BatchNorm::kTrain;
  kinds.back().config.head_layernorm = true;
  return kinds;
}

class EveryKind : public testing::TestWithParam<Td3Options> {};
INSTANTIATE_TEST_SUITE_P(All, EveryKind, testing::ValuesIn(AllKinds()),
                         [](const auto& kind) { return CaseName(kind.param); });

// ---- architecture ------------------------------------------------------------------------------

int64_t CountParameters(const std::vector<ParameterSpec>& specs) {
  int64_t n = 0;
  for (const ParameterSpec& spec : specs) {
    int64_t size = 1;
    for (const int64_t extent : spec.shape) size *= extent;
    n += size;
  }
  return n;
}

TEST(Encoders, NatureHasTheSpecifiedNumberOfParameters) {
  LearnerConfig config;
  config.encoder = Encoder::kNature;
  EXPECT_EQ(CountParameters(EncoderSpecs(config, "")), 1684128);
  config.encoder = Encoder::kNatureLayerNorm;  // gain and bias: 2 (32 + 64 + 64 + 512)
  EXPECT_EQ(CountParameters(EncoderSpecs(config, "")), 1684128 + 1344);
}

// Convolutions 4 x 16 x 4x4 + 16, 16 x 32 x 5x5 + 32, 32 x 32 x 3x3 + 32, the FC 512 x 512 + 512,
// gain and bias of 16 + 32 + 32 + 512 norms. Multiply-adds: each weight once per place of its
// output, 21x21, 9x9, 4x4 and 1 for small, 20x20, 9x9, 7x7 and 1 for nature.
TEST(Encoders, SmallHasTheParametersAndAtMostAQuarterOfTheMultiplyAdds) {
  LearnerConfig config;
  config.encoder = Encoder::kSmall;
  EXPECT_EQ(CountParameters(EncoderSpecs(config, "")),
            1040 + 12832 + 9248 + 262656 + 2 * (16 + 32 + 32 + 512));
  const int64_t small = 441 * 1024 + 81 * 12800 + 16 * 9216 + 262144;
  const int64_t nature = 400 * 8192 + 81 * 32768 + 49 * 36864 + 3136 * 512;
  EXPECT_EQ(small, 1897984);
  EXPECT_GE(nature, 4 * small);
  const auto specs = EncoderSpecs(config, "");
  const auto weights = [&](const std::string& name) {
    for (const ParameterSpec& spec : specs) {
      if (spec.name == name) return CountParameters({spec});
    }
    return int64_t{0};
  };
  EXPECT_EQ(441 * weights("encoder/conv1/weight") + 81 * weights("encoder/conv2/weight") +
                16 * weights("encoder/conv3/weight") + weights("encoder/fc/weight"),
            small);
}

TEST(Encoders, ConcatStateHas565Dimensions) {
  LearnerConfig config;
  config.fusion = Fusion::kConcat;
  const auto specs = ActorSpecs(config, kCamera, "actor/");
  EXPECT_EQ(specs.front().name, "actor/head/0/weight");
  EXPECT_EQ(specs.front().shape, (std::vector<int64_t>{256, 565}));
}

// Uniform(-b, b) has variance b^2 / 3; the largest of n draws is near b.
TEST(Initialisation, IsUniformWithinOneOverRootFanIn) {
  Td3Learner learner(TestOptions(kCamera, Wiring::kSeparate));
  const at::Tensor fc = learner.impl().actor_params.Frozen("actor/encoder/fc/weight");
  const double bound = 1.0 / std::sqrt(3136.0);
  EXPECT_NEAR(fc.abs().max().item<double>(), bound, 1e-3 * bound);
  EXPECT_NEAR(fc.square().mean().item<double>(), bound * bound / 3.0, 0.01 * bound * bound / 3.0);
  EXPECT_NEAR(fc.mean().item<double>(), 0.0, 0.01 * bound);
}

TEST(Initialisation, LastActorLayerIsNearZeroWhenAskedFor) {
  Td3Options options = TestOptions(kVector);
  options.config.last_layer_init = 0.003;
  EXPECT_LE(Td3Learner(options)
                .impl()
                .actor_params.Frozen("actor/head/2/weight")
                .abs()
                .max()
                .item<double>(),
            0.003);
  options.config.last_layer_init = 0.0;  // PyTorch's default: up to 1 / sqrt(256)
  EXPECT_GT(Td3Learner(options)
                .impl()
                .actor_params.Frozen("actor/head/2/weight")
                .abs()
                .max()
                .item<double>(),
            0.06);
}

// The picture is faded in: the gain that its trunk starts with is the key's value and nothing else
// of the networks depends on it; at 0 the first actions are those of a blind car.
TEST(Initialisation, ImageGainFadesThePictureIn) {
  Td3Options options = TestOptions(kCamera);
  options.config.last_layer_init = 0.3;
  const Batch batch = RandomBatch(2, options.mode, 0);
  std::vector<float> vectors(2 * kVectorSize, 0.1f);  // two different pictures, the same numbers
  const auto first_actions = [&](double gain) {
    options.config.image_gain_init = gain;
    std::vector<float> actions(2 * kActionSize);
    Td3Learner(options).Act(batch.image.data(), vectors.data(), 2, actions.data());
    return actions;
  };
  const std::vector<float> blind = first_actions(0.0), seeing = first_actions(0.5);
  EXPECT_EQ(blind[0], blind[2]);
  EXPECT_NE(seeing[0], seeing[2]);

  options.config.image_gain_init = 0.5;
  const auto half = Td3Learner(options).SaveTensors(TensorScope::kEverything);
  options.config.image_gain_init = 1.0;
  const auto whole = Td3Learner(options).SaveTensors(TensorScope::kEverything);
  ASSERT_EQ(half.size(), whole.size());
  int different = 0;
  for (size_t i = 0; i < half.size(); ++i) {
    if (half[i].bytes == whole[i].bytes) continue;
    ++different;
    EXPECT_NE(half[i].name.find("trunk/image_norm/weight"), std::string::npos) << half[i].name;
  }
  EXPECT_EQ(different, 4);  // actor, critic and their targets
}

TEST(Initialisation, FollowsFromTheSeedAndTwinsDiffer) {
  Td3Options options = TestOptions(kVector);
  const auto first = Td3Learner(options).SaveTensors(TensorScope::kEverything);
  EXPECT_TRUE(first == Td3Learner(options).SaveTensors(TensorScope::kEverything));
  ++options.seed;
  Td3Learner other(options);
  EXPECT_FALSE(first == other.SaveTensors(TensorScope::kEverything));
  FlatParams& critic = other.impl().critic_params;
  EXPECT_FALSE(at::equal(critic.Frozen("critic/q1/0/weight"), critic.Frozen("critic/q2/0/weight")));
}

// ---- who trains what ---------------------------------------------------------------------------

TEST_P(EveryKind, ActorLossLeavesNoGradientInTheCritic) {
  Td3Learner learner(GetParam());
  Td3Learner::Impl& impl = learner.impl();
  const Batch batch = RandomBatch(8, GetParam().mode, 0);
  const BatchTensors b = impl.Load(batch);
  const CriticLoss critic = impl.ComputeCriticLoss(b, nullptr);
  impl.critic_params.ZeroGrads();
  impl.actor_params.ZeroGrads();
  impl.ComputeActorLoss(b, critic.features, nullptr).loss.backward();
  EXPECT_EQ(at::linalg_vector_norm(impl.critic_params.grads()).item<double>(), 0.0);
  for (const FlatSlice& slice : impl.actor_params.slices()) {
    EXPECT_GT(at::linalg_vector_norm(SliceOf(impl.actor_params.grads(), slice)).item<double>(), 0.0)
        << slice.name << " is not trained";
  }
}

TEST_P(EveryKind, CriticLossTrainsTheWholeCriticAndNothingElse) {
  Td3Learner learner(GetParam());
  Td3Learner::Impl& impl = learner.impl();
  const Batch batch = RandomBatch(8, GetParam().mode, 0);
  const BatchTensors b = impl.Load(batch);
  impl.critic_params.ZeroGrads();
  impl.actor_params.ZeroGrads();
  impl.ComputeCriticLoss(b, nullptr).loss.backward();
  EXPECT_EQ(at::linalg_vector_norm(impl.actor_params.grads()).item<double>(), 0.0);
  for (const FlatSlice& slice : impl.critic_params.slices()) {
    EXPECT_GT(at::linalg_vector_norm(SliceOf(impl.critic_params.grads(), slice)).item<double>(),
              0.0)
        << slice.name << " is not trained";
  }
}

// Deterministic policy gradient (Silver et al., ICML 2014, eq. 9): the actor's gradient is
// dQ/da at a = pi(s), with s held fixed, times dpi/dtheta, and nothing through the state.
TEST_P(EveryKind, ActorGradientGoesThroughTheActionOnly) {
  Td3Options options = GetParam();
  options.config.pre_tanh_penalty = 0.0;
  options.config.last_layer_init = 0.1;
  Td3Learner learner(options);
  Td3Learner::Impl& impl = learner.impl();
  const Batch batch = RandomBatch(8, options.mode, 0);
  const BatchTensors b = impl.Load(batch);
  const CriticLoss critic = impl.ComputeCriticLoss(b, nullptr);
  impl.actor_params.ZeroGrads();
  impl.critic_params.ZeroGrads();
  const ActorLoss actor = impl.ComputeActorLoss(b, critic.features, nullptr);
  actor.loss.backward();
  EXPECT_EQ(impl.critic_params.grads().abs().max().item<double>(), 0.0) << "through the state";
  const at::Tensor whole = impl.actor_params.grads().clone();

  const at::Tensor action = actor.pi.action.detach().requires_grad_(true);
  const at::Tensor state = critic.features.defined() ? critic.features.detach() : at::Tensor();
  const at::Tensor loss = -impl.frozen.critic.Q1(state, b.vector, action).mean();
  loss.backward();
  impl.actor_params.ZeroGrads();
  const at::Tensor actor_features =
      impl.trainable[0].actor_encoder ? impl.trainable[0].actor_encoder->Forward(b.image) : state;
  impl.trainable[0].actor.Forward(actor_features, b.vector).action.backward(action.grad());
  const double error = at::linalg_vector_norm(impl.actor_params.grads() - whole).item<double>();
  EXPECT_GT(at::linalg_vector_norm(whole).item<double>(), 1e-6);
  EXPECT_LE(error, 1e-6 * at::linalg_vector_norm(whole).item<double>());
}

TEST_P(EveryKind, GradientsStayInTheFlatBufferThroughUpdates) {
  Td3Learner learner(GetParam());
  EXPECT_TRUE(learner.impl().actor_params.GradientsAlias());
  for (uint64_t i = 0; i < 2; ++i) learner.Update(RandomBatch(8, GetParam().mode, i));
  EXPECT_TRUE(learner.impl().actor_params.GradientsAlias());
  EXPECT_TRUE(learner.impl().critic_params.GradientsAlias());
  // What backward wrote through the leaves is what the flat buffer holds.
  Td3Learner::Impl& impl = learner.impl();
  for (const FlatSlice& slice : impl.critic_params.slices()) {
    EXPECT_TRUE(at::equal(impl.critic_params.Leaf(slice.name).grad(),
                          SliceOf(impl.critic_params.grads(), slice)));
    EXPECT_EQ(reinterpret_cast<uintptr_t>(impl.critic_params.Leaf(slice.name).data_ptr()) % 64,
              reinterpret_cast<uintptr_t>(impl.critic_params.values().data_ptr()) % 64);
  }
}

TEST_P(EveryKind, AuditListsTwoOptimizersAndEveryTensorOnce) {
  Td3Learner learner(GetParam());
  const std::string& audit = learner.Audit();
  EXPECT_THAT(audit, HasSubstr("optimizer actor: Adam"));
  EXPECT_THAT(audit, HasSubstr("optimizer critic: Adam"));
  EXPECT_THAT(audit, HasSubstr("  critic/q1/0/weight 256x"));
  EXPECT_THAT(audit, HasSubstr("in no optimizer"));
  EXPECT_EQ(audit.find("target_"), std::string::npos);
}

TEST(Audit, NamesAnEncodersOwnLearningRate) {
  Td3Options options = TestOptions(kCamera);
  options.config.critic_encoder_lr = 1e-4;
  const std::string audit = Td3Learner(options).Audit();
  EXPECT_THAT(audit,
              HasSubstr("optimizer critic: Adam, learning rate 0.000300 (encoder 0.000100)"));
  EXPECT_THAT(audit, HasSubstr("optimizer actor: Adam, learning rate 0.000300, "));
}

std::string AuditFailure(std::span<const AuditedOptimizer> optimizers,
                         std::span<const BoundTensor> trainable,
                         std::span<const BoundTensor> targets) {
  try {
    AuditOptimizers(optimizers, trainable, targets);
  } catch (const Error& error) {
    return error.OneLine();
  }
  return "";
}

TEST(Audit, FailsOnEachWayToGetItWrong) {
  Td3Learner learner(TestOptions(kVector));
  Td3Learner::Impl& impl = learner.impl();
  const std::vector<AuditedOptimizer> good = {{"actor", &impl.actor_params, 1e-3},
                                              {"critic", &impl.critic_params, 1e-3}};
  const auto& trainable = impl.bound_trainable;
  const auto& targets = impl.bound_targets;
  EXPECT_EQ(AuditFailure(good, trainable, targets), "");

  EXPECT_THAT(AuditFailure({{good[0]}}, trainable, targets), HasSubstr("not two"));
  const std::vector<AuditedOptimizer> twice = {good[1], good[1]};
  EXPECT_THAT(AuditFailure(twice, trainable, targets), HasSubstr("in two optimizers"));

  auto orphan = trainable;
  orphan.push_back({"stray", at::zeros_like(trainable[0].tensor).requires_grad_(true)});
  EXPECT_THAT(AuditFailure(good, orphan, targets), HasSubstr("in no optimizer"));

  auto unused = trainable;
  unused.pop_back();
  EXPECT_THAT(AuditFailure(good, unused, targets), HasSubstr("no network uses"));

  auto trained_target = targets;
  trained_target.push_back({"target_x", impl.critic_params.Frozen("critic/q1/0/weight")});
  EXPECT_THAT(AuditFailure(good, trainable, trained_target), HasSubstr("a target tensor is in"));

  auto trainable_target = targets;  // in no optimizer, but a gradient would reach it
  trainable_target.push_back({"target_y", at::zeros_like(targets[0].tensor).requires_grad_(true)});
  EXPECT_THAT(AuditFailure(good, trainable, trainable_target), HasSubstr("is trainable"));
}

// ---- clipping ----------------------------------------------------------------------------------

TEST(Clipping, ScalesTheJointNormToTheLimitAndKeepsTheDirection) {
  const std::vector<ParameterSpec> specs = {{"e/weight", {3, 5}, 0, 0}, {"h/weight", {7}, 0, 0}};
  FlatParams params(specs, at::TensorOptions(at::kDouble), 1);
  const at::Tensor e = params.Leaf("e/weight").grad(), h = params.Leaf("h/weight").grad();
  e.fill_(2.0);  // squares: 15 * 4 = 60
  h.fill_(1.0);  // and 7
  const GradientNorms norms =
      ClipGradients(params, params.Range("e/"), {GradClip::kNorm, 2.0}, "test");
  EXPECT_NEAR(norms.before, std::sqrt(67.0), 1e-12);
  EXPECT_NEAR(norms.encoder_before, std::sqrt(60.0), 1e-12);
  EXPECT_NEAR(norms.head_before, std::sqrt(7.0), 1e-12);
  EXPECT_NEAR(norms.after, 2.0, 2e-6);
  EXPECT_LE(norms.after, 2.0 * 1.001);
  EXPECT_NEAR(std::hypot(norms.encoder_after, norms.head_after), norms.after, 1e-12);
  EXPECT_NEAR(e.max().item<double>() / h.max().item<double>(), 2.0, 1e-12);

  const GradientNorms again =
      ClipGradients(params, params.Range("e/"), {GradClip::kNorm, 5.0}, "test");
  EXPECT_EQ(again.before, again.after);  // within the limit: untouched
}

TEST(Clipping, NamesTheNonFiniteGradient) {
  const std::vector<ParameterSpec> specs = {{"a/weight", {4}, 0, 0}, {"b/weight", {4}, 0, 0}};
  FlatParams params(specs, at::TensorOptions(at::kFloat), 1);
  params.Leaf("b/weight").grad().fill_(std::numeric_limits<float>::quiet_NaN());
  try {
    ClipGradients(params, {0, 0}, {GradClip::kNorm, 1.0}, "test");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::kHealthHalt);
    EXPECT_THAT(error.OneLine(), HasSubstr("gradient of b/weight"));
  }
}

// ---- targets -----------------------------------------------------------------------------------

TEST(BellmanTarget, BootstrapsTruncatedTransitionsAndNotTerminatedOnes) {
  Td3Learner learner(TestOptions(kVector));
  Batch batch = RandomBatch(2, kVector, 0);
  // The same transition twice: ended by a crash, ended by the clock.
  std::copy_n(batch.next_vector.begin(), kVectorSize, batch.next_vector.begin() + kVectorSize);
  batch.reward = {0.25f, 0.25f};
  batch.discount = {0.0f, 0.99f};
  const at::Tensor y = learner.impl().ComputeTarget(learner.impl().Load(batch)).y;
  EXPECT_EQ(y[0].item<float>(), 0.25f);
  EXPECT_GT(std::abs(y[1].item<float>() - 0.25f), 1e-5);
}

TEST(BellmanTarget, NoiseIsClippedAndDiffersBetweenUpdates) {
  Td3Options options = TestOptions(kVector);
  options.config.target_policy_noise = 0.2;
  options.config.target_noise_clip = 0.5;
  Td3Learner learner(options);
  const at::Tensor first = learner.impl().TargetNoise(50000).clone();
  EXPECT_LE(first.abs().max().item<double>(), 0.5);
  // Standard deviation of N(0, 0.2^2) clipped at 2.5 sigma: 0.2 x 0.9892 (numerical integral of
  // the clipped density).
  EXPECT_NEAR(first.std().item<double>(), 0.2 * 0.9892, 1.5e-3);
  EXPECT_TRUE(at::equal(first, learner.impl().TargetNoise(50000)));
  learner.Update(RandomBatch(8, kVector, 0));
  EXPECT_FALSE(at::equal(first, learner.impl().TargetNoise(50000)));
}

TEST(Targets, MoveByTauOnDelayedUpdatesOnly) {
  Td3Options options = TestOptions(kVector);
  options.config.policy_delay = 3;
  options.config.tau = 0.25;
  options.dtype = LearnerDtype::kF64;
  Td3Learner learner(options);
  Td3Learner::Impl& impl = learner.impl();
  const at::Tensor start = impl.target_critic_params.values().clone();
  const at::Tensor actor_start = impl.actor_params.values().clone();
  for (uint64_t i = 1; i <= 2; ++i) {
    EXPECT_FALSE(learner.Update(RandomBatch(8, kVector, i)).actor_updated);
    EXPECT_TRUE(at::equal(impl.target_critic_params.values(), start));
    EXPECT_TRUE(at::equal(impl.actor_params.values(), actor_start));
  }
  EXPECT_TRUE(learner.Update(RandomBatch(8, kVector, 3)).actor_updated);
  const at::Tensor expected = start * 0.75 + impl.critic_params.values() * 0.25;
  EXPECT_LE((impl.target_critic_params.values() - expected).abs().max().item<double>(), 1e-15);
  EXPECT_FALSE(at::equal(impl.actor_params.values(), actor_start));
}

TEST(Targets, WithoutATargetEncoderTheTargetSeesTheOnlineOne) {
  Td3Options options = TestOptions(kCamera);
  options.config.target_encoder = false;
  Td3Learner learner(options);
  EXPECT_FALSE(learner.impl().target_critic_params.Has("critic/encoder/conv1/weight"));
  EXPECT_EQ(learner.impl().target.critic_encoder->conv[0].weight.data_ptr(),
            learner.impl().critic_params.Frozen("critic/encoder/conv1/weight").data_ptr());
}

// ---- saving, acting ----------------------------------------------------------------------------

TEST_P(EveryKind, SavedAndLoadedContinuesBitIdentically) {
  const Td3Options options = GetParam();
  Td3Learner first(options);
  for (uint64_t i = 0; i < 3; ++i) first.Update(RandomBatch(8, options.mode, i));
  const auto tensors = first.SaveTensors(TensorScope::kEverything);
  LearnerCounters counters = first.counters();
  const std::vector<uint8_t> bytes = SaveState(counters);

  Td3Options fresh = options;
  fresh.seed = 12345;  // whatever it starts from is overwritten
  Td3Learner second(fresh);
  second.LoadTensors(tensors, TensorScope::kEverything, "test");
  LearnerCounters loaded;
  LoadState(bytes, loaded, "test");
  second.set_counters(loaded);

  for (uint64_t i = 3; i < 6; ++i) {
    const Batch batch = RandomBatch(8, options.mode, i);
    const UpdateMetrics a = first.Update(batch), b = second.Update(batch);
    EXPECT_EQ(a.critic_loss, b.critic_loss);
    EXPECT_TRUE(static_cast<const ActorMetrics&>(a) == static_cast<const ActorMetrics&>(b));
  }
  EXPECT_TRUE(first.SaveTensors(TensorScope::kEverything) ==
              second.SaveTensors(TensorScope::kEverything));
  EXPECT_TRUE(first.counters() == second.counters());
}

TEST_P(EveryKind, PolicyLoadActsTheSameAndStartsTargetsThere) {
  const Td3Options options = GetParam();
  Td3Learner trained(options);
  for (uint64_t i = 0; i < 2; ++i) trained.Update(RandomBatch(8, options.mode, i));
  Td3Options fresh = options;
  fresh.seed = 99;
  Td3Learner other(fresh);
  other.LoadTensors(trained.SaveTensors(TensorScope::kPolicy), TensorScope::kPolicy, "test");
  const Batch batch = RandomBatch(8, options.mode, 7);
  std::vector<float> a(16), b(16), qa(8), qb(8);
  const uint8_t* images = batch.has_image ? batch.image.data() : nullptr;
  trained.Act(images, batch.vector.data(), 8, a.data());
  other.Act(images, batch.vector.data(), 8, b.data());
  EXPECT_EQ(a, b);
  trained.EvaluateQ(images, batch.vector.data(), a.data(), 8, qa.data());
  other.EvaluateQ(images, batch.vector.data(), a.data(), 8, qb.data());
  EXPECT_EQ(qa, qb);
  EXPECT_TRUE(
      at::equal(other.impl().target_actor_params.values(), other.impl().actor_params.values()));
  EXPECT_EQ(other.counters().updates, 0);
  EXPECT_EQ(other.counters().seed, 99u);
}

std::string LoadFailure(Td3Learner& learner, const std::vector<NamedTensor>& tensors) {
  const auto before = learner.SaveTensors(TensorScope::kEverything);
  try {
    learner.LoadTensors(tensors, TensorScope::kEverything, "runs/x/checkpoints/step_1");
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::kBadInput);
    EXPECT_TRUE(learner.SaveTensors(TensorScope::kEverything) == before);
    return error.OneLine();
  }
  return "";
}

TEST(Loading, RefusesAnotherArchitectureAndChangesNothing) {
  Td3Options options = TestOptions(kVector);
  Td3Learner learner(options);
  const auto good = learner.SaveTensors(TensorScope::kEverything);
  options.config.head_widths = {64, 64};
  EXPECT_THAT(LoadFailure(learner, Td3Learner(options).SaveTensors(TensorScope::kEverything)),
              HasSubstr("tensor actor/head/0/weight has shape [64, 53], not [256, 53]"));
  auto bad = good;
  bad.pop_back();
  EXPECT_THAT(LoadFailure(learner, bad), HasSubstr("is missing"));
  bad = good;
  bad.push_back(good[0]);
  bad.back().name = "stranger";
  EXPECT_THAT(LoadFailure(learner, bad),
              HasSubstr("tensor stranger of shape [256, 53] belongs to no layer"));
  bad = good;
  bad[0].bytes.pop_back();
  EXPECT_THAT(LoadFailure(learner, bad), HasSubstr("bytes"));
  bad = good;
  bad[3].dtype = TensorDtype::kF64;
  EXPECT_THAT(LoadFailure(learner, bad), HasSubstr("is F64, not F32"));
}

TEST_P(EveryKind, ActGivesARowTheSameBytesWhateverStandsBesideIt) {
  Td3Options options = GetParam();
  options.acting_batch = 8;
  options.config.last_layer_init = 0.3;
  Td3Learner learner(options);
  const Batch batch = RandomBatch(11, options.mode, 0);
  const uint8_t* images = batch.has_image ? batch.image.data() : nullptr;
  std::vector<float> one(2), eight(16), eleven(22);
  learner.Act(images, batch.vector.data(), 11, eleven.data());
  learner.Act(images, batch.vector.data(), 1, one.data());
  learner.Act(images, batch.vector.data(), 8, eight.data());
  EXPECT_EQ(std::memcmp(one.data(), eight.data(), sizeof(float) * 2), 0);
  EXPECT_EQ(std::memcmp(eight.data(), eleven.data(), sizeof(float) * 16), 0);
  EXPECT_NE(eleven[0], eleven[2]);  // it does look at its input
  for (const float action : eleven) EXPECT_LE(std::abs(action), 1.0f);
}

TEST(Bf16, EncoderIsCloseToFloat32AndTrains) {
  Td3Options options = TestOptions(kCamera);
  options.config.last_layer_init = 0.3;
  Td3Learner full(options);
  options.config.bf16_encoder = true;
  Td3Learner half(options);
  const Batch batch = RandomBatch(8, kCamera, 0);
  std::vector<float> a(16), b(16);
  full.Act(batch.image.data(), batch.vector.data(), 8, a.data());
  half.Act(batch.image.data(), batch.vector.data(), 8, b.data());
  for (size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 0.02);
  EXPECT_NE(a, b);
  const UpdateMetrics ours = half.Update(batch), reference = full.Update(batch);
  EXPECT_NEAR(ours.critic_grad.before, reference.critic_grad.before,
              0.05 * reference.critic_grad.before);
  EXPECT_GT(ours.critic_grad.encoder_before, 0.0);
}

TEST(Metrics, FeatureStatisticsOfEveryEncoderLayerWhenAskedFor) {
  Td3Learner learner(TestOptions(kCamera));
  EXPECT_TRUE(learner.Update(RandomBatch(8, kCamera, 0)).features.empty());
  const UpdateMetrics m = learner.Update(RandomBatch(8, kCamera, 1), true);
  ASSERT_EQ(m.features.size(), 4u);
  EXPECT_EQ(m.features[0].layer, "critic/encoder/conv1");
  EXPECT_EQ(m.features[3].layer, "critic/encoder/fc");
  // LayerNorm(512) with gain near 1 and bias near 0: mean 0, deviation 1, norm sqrt(512).
  EXPECT_NEAR(m.features[3].mean, 0.0, 0.01);
  EXPECT_NEAR(m.features[3].std, 1.0, 0.01);
  EXPECT_NEAR(m.features[3].norm, std::sqrt(512.0), 0.3);
  // The actor's own encoder, on updates that train it.
  Td3Learner separate(TestOptions(kCamera, Wiring::kSeparate));
  EXPECT_EQ(separate.Update(RandomBatch(8, kCamera, 0), true).features.size(), 4u);
  EXPECT_EQ(separate.Update(RandomBatch(8, kCamera, 1), true).features.size(), 8u);
  EXPECT_GT(m.vector_gradient_share, 0.0);
  EXPECT_LT(m.vector_gradient_share, 1.0);
}

TEST(Metrics, SaturationCountsActionsBeyond099) {
  Td3Options options = TestOptions(kVector);
  options.config.policy_delay = 1;
  Td3Learner learner(options);
  EXPECT_EQ(learner.Update(RandomBatch(64, kVector, 0)).action_saturation, 0.0);
  // Steering pinned at tanh(10), throttle at tanh(0): half of all components.
  learner.impl().actor_params.Frozen("actor/head/2/weight").zero_();
  learner.impl().actor_params.Frozen("actor/head/2/bias")[0].fill_(10.0);
  learner.impl().actor_params.Frozen("actor/head/2/bias")[1].fill_(0.0);
  const UpdateMetrics m = learner.Update(RandomBatch(64, kVector, 1));
  EXPECT_NEAR(m.action_saturation, 0.5, 1e-6);
  EXPECT_NEAR(m.pre_tanh_rms, std::sqrt(50.0), 1e-4);
}

// The regression must be able to reach its target: a batch of terminated transitions whose reward
// is a function of the observation is learnt by the critics.
TEST(Learning, CriticsFitRewardsOfTerminatedTransitions) {
  Td3Options options = TestOptions(kVector);
  options.config.critic_lr = 1e-3;
  Td3Learner learner(options);
  double first = 0.0, last = 0.0;
  for (uint64_t i = 0; i < 300; ++i) {
    Batch batch = RandomBatch(128, kVector, i);
    for (size_t row = 0; row < 128; ++row) {
      batch.discount[row] = 0.0f;
      batch.reward[row] = batch.vector[row * kVectorSize] - batch.action[row * kActionSize];
    }
    last = learner.Update(batch).td_error_mean;
    if (i == 0) first = last;
  }
  EXPECT_GT(first, 0.5);
  EXPECT_LT(last, 0.1);
}

}  // namespace
}  // namespace volante
