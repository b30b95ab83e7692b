// The count of an update's operations against what torch is seen to execute: every matrix product
// and convolution of real updates, forward and backward, by the shapes that it was called with.
#include "learn/update_operations.h"

#include <ATen/record_function.h>
#include <gtest/gtest.h>

#include <atomic>

#include "learn/learner_fixture.h"
#include "learn/machine_rate.h"

namespace volante {
namespace {

std::atomic<int64_t> linear_operations{0}, convolution_operations{0};

int64_t Product(at::IntArrayRef sizes, size_t from = 0) {
  int64_t product = 1;
  for (size_t i = from; i < sizes.size(); ++i) product *= sizes[i];
  return product;
}

// Called before each operator, on any thread.
std::unique_ptr<at::ObserverContext> Observe(const at::RecordFunction& function) {
  const std::string name = function.name();
  const auto inputs = function.inputs();
  const auto sizes = [&](size_t i) { return inputs[i].toTensor().sizes(); };
  if (name == "aten::mm") linear_operations += 2 * Product(sizes(0)) * sizes(1)[1];
  if (name == "aten::addmm") linear_operations += 2 * Product(sizes(1)) * sizes(2)[1];
  if (name == "aten::convolution") {  // input, weight, bias, stride
    const auto image = sizes(0), weight = sizes(1);
    const int64_t stride = inputs[3].toIntVector()[0];
    const int64_t side = (image[2] - weight[2]) / stride + 1;
    convolution_operations += 2 * image[0] * side * side * Product(weight);
  }
  if (name == "aten::convolution_backward") {  // grad of output, input, weight, ..., which grads
    const auto output = sizes(0), weight = sizes(2);
    const auto wanted = inputs[10].toBoolList();
    convolution_operations +=
        2 * (wanted[0] + wanted[1]) * output[0] * output[2] * output[3] * Product(weight);
  }
  return nullptr;
}

class EveryUpdate : public testing::TestWithParam<Td3Options> {};
INSTANTIATE_TEST_SUITE_P(
    Counted, EveryUpdate,
    testing::Values(TestOptions(ObservationMode::kVector),
                    TestOptions(ObservationMode::kCameraVector, Wiring::kSeparate, Fusion::kConcat,
                                Encoder::kNature),
                    TestOptions(ObservationMode::kCameraVector, Wiring::kSeparate, Fusion::kTrunk,
                                Encoder::kNatureLayerNorm),
                    TestOptions(ObservationMode::kCameraVector, Wiring::kSharedCritic,
                                Fusion::kConcat, Encoder::kNature),
                    TestOptions(ObservationMode::kCameraVector, Wiring::kSharedCritic,
                                Fusion::kTrunk, Encoder::kNatureMaxPool),
                    TestOptions(ObservationMode::kCameraVector, Wiring::kSharedCritic,
                                Fusion::kTrunk, Encoder::kSmall)),
    [](const auto& kind) { return CaseName(kind.param); });

TEST_P(EveryUpdate, TakesTheOperationsThatTorchExecutes) {
  Td3Options options = GetParam();
  options.config.policy_delay = 3;
  options.dtype = LearnerDtype::kF64;  // in float32 narrow layers are loops that nobody sees
  Td3Learner learner(options);
  linear_operations = convolution_operations = 0;
  const auto handle = at::addGlobalCallback(
      at::RecordFunctionCallback(Observe).needsInputs(true).scopes({at::RecordScope::FUNCTION}));
  for (uint64_t i = 0; i < 3; ++i) learner.Update(RandomBatch(8, options.mode, i));
  at::removeCallback(handle);
  const UpdateOperations counted = CountUpdateOperations(options, 8);
  EXPECT_DOUBLE_EQ(3.0 * counted.convolutions, static_cast<double>(convolution_operations));
  EXPECT_DOUBLE_EQ(3.0 * counted.linear, static_cast<double>(linear_operations));
  EXPECT_GT(counted.linear, 0.0);
}

// By hand: the encoder of nature takes 9,342,976 multiply-adds a picture:
//   20^2 x 32 x 4 x 8^2 + 9^2 x 64 x 32 x 4^2 + 7^2 x 64 x 64 x 3^2 + 3136 x 512.
TEST(UpdateOperations, OfNatureByHand) {
  Td3Options options = TestOptions(ObservationMode::kCameraVector, Wiring::kSeparate,
                                   Fusion::kConcat, Encoder::kNature);
  const double conv1 = 20 * 20 * 32 * 4 * 64, others = 81 * 64 * 32 * 16 + 49 * 64 * 64 * 9;
  EXPECT_EQ(conv1 + others + 3136 * 512, 9'342'976);
  // Two targets forward, the critic's trained, half an actor's trained; conv1 without input.
  const double expected = 2.0 * (2 * (conv1 + others) + 1.5 * (2 * conv1 + 3 * others));
  EXPECT_DOUBLE_EQ(CountUpdateOperations(options, 1).convolutions, expected);
  EXPECT_DOUBLE_EQ(CountUpdateOperations(options, 256).convolutions, 256 * expected);
}

TEST(MachineRate, IsPositiveAndFinite) {
  const double rate = MatrixProductRate(/*bf16=*/false, 0.0);
  EXPECT_GT(rate, 1e8);
  EXPECT_LT(rate, 1e15);
}

}  // namespace
}  // namespace volante
