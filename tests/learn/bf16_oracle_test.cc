// learner.bf16_encoder and learner.bf16_linear against the float32 oracle: one update from an equal
// state stays within the bounds that docs/determinism.md states and derives ("bfloat16").
#include <ATen/TensorOperators.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/tensor.h>
#include <c10/core/GradMode.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <cstring>
#include <map>
#include <utility>

#include "learn/learner_fixture.h"
#include "learn/oracle_case.h"
#include "learn/td3_impl.h"

namespace volante {
namespace {

constexpr double kUnit = 1.0 / 256.0;  // largest relative error of one rounding to bfloat16
constexpr int kFrameStride = 2;

// Roundings that a number goes through in the encoder, each relative to it at most kUnit: the
// picture once; per convolution its weight and its output; per LayerNorm its gain and its output.
// With bf16_linear each hidden linear layer adds its weight's and its input's: the encoder's, and
// two of a head.
struct Case {
  const char* name;
  ObservationMode mode;
  Encoder encoder;
  bool convolutions, linear;

  int Roundings() const {
    const bool layernorm = encoder == Encoder::kNatureLayerNorm || encoder == Encoder::kSmall;
    return (convolutions ? 1 + 3 * (layernorm ? 4 : 2) : 0) + (linear ? 2 : 0) +
           (linear && !convolutions ? 2 : 0);
  }
};

using Vector = std::vector<double>;

double Norm(const Vector& a) {
  double sum = 0.0;
  for (const double x : a) sum += x * x;
  return std::sqrt(sum);
}

double RelativeError(const Vector& a, const Vector& b) {
  Vector difference(a.size());
  for (size_t i = 0; i < a.size(); ++i) difference[i] = a[i] - b[i];
  return Norm(difference) / Norm(b);
}

double Cosine(const Vector& a, const Vector& b) {
  double sum = 0.0;
  for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum / (Norm(a) * Norm(b));
}

// All numbers of the float32 tensors whose name starts with `prefix`, in the order of the names.
Vector Numbers(const std::vector<NamedTensor>& tensors, const std::string& prefix) {
  std::map<std::string, const NamedTensor*> by_name;
  for (const NamedTensor& t : tensors) {
    if (t.name.starts_with(prefix)) by_name[t.name] = &t;
  }
  Vector numbers;
  for (const auto& [name, t] : by_name) {
    for (size_t at = 0; at < t->bytes.size(); at += sizeof(float)) {
      float value;
      std::memcpy(&value, &t->bytes[at], sizeof value);
      numbers.push_back(value);
    }
  }
  return numbers;
}

// a - scale b
Vector Minus(Vector a, const Vector& b, double scale = 1.0) {
  for (size_t i = 0; i < a.size(); ++i) a[i] -= scale * b[i];
  return a;
}

constexpr auto kCamera = ObservationMode::kCameraVector;
class Bf16Oracle : public testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(
    All, Bf16Oracle,
    testing::Values(Case{"nature", kCamera, Encoder::kNature, true, false},
                    Case{"nature_layernorm", kCamera, Encoder::kNatureLayerNorm, true, false},
                    Case{"small", kCamera, Encoder::kSmall, true, false},
                    Case{"nature_linear", kCamera, Encoder::kNature, true, true},
                    Case{"small_linear", kCamera, Encoder::kSmall, true, true},
                    Case{"numbers_linear", ObservationMode::kVector, Encoder::kSmall, false, true}),
    [](const auto& kind) { return kind.param.name; });

TEST_P(Bf16Oracle, OneUpdateStaysWithinTheStatedBounds) {
  const Case& kind = GetParam();
  const bool camera = kind.mode == kCamera;
  Td3Options options = TestOptions(kind.mode, Wiring::kSharedCritic, Fusion::kConcat, kind.encoder);
  options.config.last_layer_init = 0.1;
  // Some updates in float32 first, so that Adam's moments are of the gradients' size.
  constexpr int kBefore = 19;
  const Experience experience = MakeExperience(kind.mode, 120, 3);
  const auto batches = DrawBatches(experience, kBefore + 1, 32, 4);
  const auto batch = [&](size_t i) {
    return GatherBatch(experience, batches[i], kFrameStride, options.config.discount);
  };
  Td3Learner full(options);
  for (size_t i = 0; i < kBefore; ++i) full.Update(batch(i));
  const auto before = full.SaveTensors(TensorScope::kEverything);

  options.config.bf16_encoder = kind.convolutions;
  options.config.bf16_linear = kind.linear;
  Td3Learner half(options);
  half.LoadTensors(before, TensorScope::kEverything, "bf16 test");
  half.set_counters(full.counters());
  const OracleResult oracle =
      RunOracle(half, options, experience, {batches.back()}, kFrameStride, "bf16");
  ASSERT_EQ(oracle.records.size(), 1u);
  const auto& expected = oracle.records[0];

  // Each key counts for itself: without it the same update is another one.
  for (const bool convolutions : {true, false}) {
    Td3Options other = options;
    bool& key = convolutions ? other.config.bf16_encoder : other.config.bf16_linear;
    if (!std::exchange(key, false)) continue;
    Td3Learner without(other);
    without.LoadTensors(before, TensorScope::kEverything, "bf16 test");
    without.set_counters(full.counters());
    Td3Learner with(options);
    with.LoadTensors(before, TensorScope::kEverything, "bf16 test");
    with.set_counters(full.counters());
    const double a = without.Update(batch(kBefore)).critic_loss;
    const double b = with.Update(batch(kBefore)).critic_loss;
    EXPECT_GT(std::abs(a - b), 1e-5 * std::abs(a)) << (convolutions ? "encoder" : "linear");
  }

  // Features of the batch.
  const double epsilon = std::sqrt(kind.Roundings()) * kUnit;
  double feature_error = 0.0;
  if (camera) {
    const c10::NoGradGuard no_grad;
    const Batch last = batch(kBefore);
    const at::Tensor images = half.impl().Load(last).image;
    ASSERT_EQ(images.scalar_type(), at::kBFloat16);
    const at::Tensor f = half.impl().frozen.CriticFeatures(images).contiguous();
    const Vector features(f.data_ptr<float>(), f.data_ptr<float>() + f.numel());
    feature_error = RelativeError(features, expected["features"].get<Vector>());
    EXPECT_LE(feature_error, epsilon);
    EXPECT_GT(feature_error, 0.0);  // it did compute in bfloat16
  }

  // The critic's loss.
  const UpdateMetrics m = half.Update(batch(kBefore));
  ASSERT_TRUE(m.actor_updated);
  const double loss = expected["critic_loss"].get<double>();
  const double q_rms =
      std::hypot(expected["q_batch_mean"].get<double>(), expected["q_std"].get<double>());
  const double loss_bound =
      2.0 * epsilon * (1.0 + options.config.discount) * q_rms / std::sqrt(loss / 2.0);
  const double loss_error = std::abs(m.critic_loss - loss) / loss;
  EXPECT_LE(loss_error, loss_bound);

  // Gradient (from Adam's first moment: m' = 0.9 m + 0.1 g) and step, of all that is trained.
  const double cosine_bound = 1.0 - 1.6 * epsilon - 2.0 * epsilon * epsilon;
  const auto after = half.SaveTensors(TensorScope::kEverything);
  for (const std::string group : {"critic/encoder/", "critic/q1/", "actor/"}) {
    if (!camera && group == "critic/encoder/") continue;
    const std::string moments = "adam/first_moment/" + group;
    const Vector start = Numbers(before, moments);
    const double gradient = Cosine(Minus(Numbers(after, moments), start, 0.9),
                                   Minus(Numbers(oracle.tensors, moments), start, 0.9));
    const Vector weights = Numbers(before, group);
    const double step = Cosine(Minus(Numbers(after, group), weights),
                               Minus(Numbers(oracle.tensors, group), weights));
    EXPECT_GE(gradient, cosine_bound) << group;
    EXPECT_GE(step, cosine_bound) << group;
    std::printf("  %-16s 1 - cosine of gradient %.1e, of step %.1e (bound %.1e)\n", group.c_str(),
                1.0 - gradient, 1.0 - step, 1.0 - cosine_bound);
  }
  std::printf("  features %.1e (bound %.1e), loss %.1e (bound %.1e)\n", feature_error, epsilon,
              loss_error, loss_bound);
}

}  // namespace
}  // namespace volante
