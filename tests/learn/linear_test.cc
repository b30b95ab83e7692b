// Linear layers with products in bfloat16, and those of few outputs, against torch's own.
#include "learn/linear.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/isnan.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/variable.h>

#include <array>
#include <cmath>

#include "base/random.h"
#include "learn/pair_product.h"

namespace volante {
namespace {

at::Tensor Random(int64_t rows, int64_t columns, uint64_t index) {
  RandomStream random(5, "linear test", index);
  at::Tensor tensor = at::zeros({rows, columns});
  float* values = tensor.data_ptr<float>();
  for (int64_t i = 0; i < tensor.numel(); ++i) values[i] = static_cast<float>(random.Normal());
  return tensor;
}

// What is left of a number after rounding to bfloat16, by torch.
at::Tensor Rounded(const at::Tensor& x) { return x.to(at::kBFloat16).to(at::kDouble); }

double WorstOf(const at::Tensor& a, const at::Tensor& b) {
  return (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
}

struct Sizes {
  int64_t rows, in, out;
};

// Edges of tiles, panels and pairs, and the layers that there are.
class PairLinear : public testing::TestWithParam<Sizes> {
 protected:
  void SetUp() override {
    if (!CpuHasPairProducts()) GTEST_SKIP() << "this CPU has no bf16 products";
  }
};
INSTANTIATE_TEST_SUITE_P(All, PairLinear,
                         testing::Values(Sizes{1, 1, 16}, Sizes{2, 3, 17}, Sizes{14, 32, 31},
                                         Sizes{15, 33, 32}, Sizes{29, 55, 33}, Sizes{128, 53, 256},
                                         Sizes{128, 256, 256}, Sizes{97, 512, 64},
                                         Sizes{31, 130, 300}),
                         [](const auto& sizes) {
                           return std::to_string(sizes.param.rows) + "x" +
                                  std::to_string(sizes.param.in) + "x" +
                                  std::to_string(sizes.param.out);
                         });

// Operands rounded, sums in float32: the same products in float64 differ by float32's roundings.
TEST_P(PairLinear, IsTheProductOfRoundedOperandsForwardAndBack) {
  const auto [rows, in, out] = GetParam();
  for (const bool relu : {false, true}) {
    at::Tensor x = Random(rows, in, 1).requires_grad_(true);
    Affine layer{Random(out, in, 2).requires_grad_(true),
                 Random(1, out, 3)[0].clone().requires_grad_(true)};
    const at::Tensor upstream = Random(rows, out, 4);
    const at::Tensor y = Linear(x, layer, /*bf16=*/true, relu);
    (y * upstream).sum().backward();

    const at::Tensor rx = Rounded(x.detach()), rw = Rounded(layer.weight.detach());
    at::Tensor wanted = rx.mm(rw.t()) + layer.bias.detach().to(at::kDouble);
    if (relu) wanted = at::relu(wanted);
    const double size = 1e-6 * static_cast<double>(in + out + rows);
    EXPECT_LT(WorstOf(y.detach(), wanted), size);
    const at::Tensor g = relu ? upstream * y.detach().gt(0).to(at::kFloat) : upstream;
    const at::Tensor rg = Rounded(g);
    EXPECT_LT(WorstOf(x.grad(), rg.mm(rw)), size);
    EXPECT_LT(WorstOf(layer.weight.grad(), rg.t().mm(rx)), size);
    EXPECT_LT(WorstOf(layer.bias.grad(), g.to(at::kDouble).sum(0)), size);
  }
}

TEST_P(PairLinear, AddsToGradientsThatAreThere) {
  const auto [rows, in, out] = GetParam();
  const at::Tensor x = Random(rows, in, 1);
  const Affine layer{Random(out, in, 2).requires_grad_(true),
                     Random(1, out, 3)[0].clone().requires_grad_(true)};
  at::Tensor kept = at::zeros_like(layer.weight);
  layer.weight.mutable_grad() = kept;
  layer.bias.mutable_grad() = at::zeros_like(layer.bias);
  // Of the sum of all outputs: each row of dW is the sum of the rows of x.
  const at::Tensor once = Rounded(x).sum(0).expand({out, in});
  Linear(x, layer, true).sum().backward();
  EXPECT_EQ(layer.weight.grad().data_ptr(), kept.data_ptr());
  EXPECT_LT(WorstOf(kept, once), 1e-4);
  EXPECT_LT(WorstOf(layer.bias.grad(), at::full({out}, rows)), 1e-6);
  (Linear(x, layer, true) + Linear(x, layer, true)).sum().backward();  // twice in one graph
  EXPECT_LT(WorstOf(kept, 3.0 * once), 3e-4);
  EXPECT_LT(WorstOf(layer.bias.grad(), at::full({out}, 3 * rows)), 1e-6);
}

TEST_P(PairLinear, TakesRowsThatLieApart) {
  const auto [rows, in, out] = GetParam();
  const at::Tensor wide = Random(rows, in + 3, 1);
  const at::Tensor apart = wide.narrow(1, 1, in);
  const Affine layer{Random(out, in, 2), Random(1, out, 3)[0].clone()};
  EXPECT_TRUE(at::equal(Linear(apart, layer, true), Linear(apart.contiguous(), layer, true)));
}

// A number that is not finite is seen behind the ReLU, as torch's lets it through.
TEST_P(PairLinear, ReluKeepsWhatIsNotANumber) {
  const auto [rows, in, out] = GetParam();
  const at::Tensor x = Random(rows, in, 1);
  Affine layer{Random(out, in, 2), Random(1, out, 3)[0].clone()};
  layer.bias[out - 1].fill_(std::nan(""));
  layer.bias.set_requires_grad(true);
  const at::Tensor y = Linear(x, layer, true, /*relu=*/true);
  EXPECT_EQ(at::isnan(y).sum().item<int64_t>(), rows);
  y.sum().backward();
  EXPECT_FLOAT_EQ(layer.bias.grad()[out - 1].item<float>(), static_cast<float>(rows));
}

TEST_P(PairLinear, TrainsNothingThatIsFrozen) {
  const auto [rows, in, out] = GetParam();
  at::Tensor x = Random(rows, in, 1).requires_grad_(true);
  const Affine frozen{Random(out, in, 2), Random(1, out, 3)[0].clone()};
  frozen.weight.mutable_grad() = at::zeros_like(frozen.weight);
  frozen.bias.mutable_grad() = at::zeros_like(frozen.bias);
  Linear(x, frozen, true).sum().backward();
  EXPECT_LT(WorstOf(x.grad(), Rounded(frozen.weight).sum(0).expand({rows, in})), 1e-4);
  EXPECT_EQ(frozen.weight.grad().abs().max().item<double>(), 0.0);
  EXPECT_EQ(frozen.bias.grad().abs().max().item<double>(), 0.0);
}

// Actions and values stay in float32 whatever the others do.
TEST(NarrowLinear, IsTorchsLayerForwardAndBack) {
  for (const auto& [rows, in, out] : {Sizes{128, 256, 1}, Sizes{7, 19, 2}, Sizes{3, 300, 15}}) {
    at::Tensor x = Random(rows, in, 1).requires_grad_(true);
    at::Tensor same = x.detach().to(at::kDouble).requires_grad_(true);
    const Affine layer{Random(out, in, 2).requires_grad_(true),
                       Random(1, out, 3)[0].clone().requires_grad_(true)};
    const Affine exact{layer.weight.detach().to(at::kDouble).requires_grad_(true),
                       layer.bias.detach().to(at::kDouble).requires_grad_(true)};
    const at::Tensor upstream = Random(rows, out, 4);
    layer.weight.mutable_grad() = at::zeros_like(layer.weight);
    const at::Tensor y = Linear(x, layer, /*bf16=*/true);
    (y * upstream).sum().backward();
    const at::Tensor wanted = at::linear(same, exact.weight, exact.bias);
    (wanted * upstream.to(at::kDouble)).sum().backward();
    const double bound = 1e-6 * static_cast<double>(rows + in);
    EXPECT_LT(WorstOf(y.detach(), wanted.detach()), bound);
    EXPECT_LT(WorstOf(x.grad(), same.grad()), bound);
    EXPECT_LT(WorstOf(layer.weight.grad(), exact.weight.grad()), bound);
    EXPECT_LT(WorstOf(layer.bias.grad(), exact.bias.grad()), bound);
  }
}

// torch's own rounding in place of ours would be the same to half a unit of the last place.
TEST(PairProducts, RoundToNearestEven) {
  if (!CpuHasPairProducts()) GTEST_SKIP() << "this CPU has no bf16 products";
  const std::array<float, 6> x = {1.0f, 1.00390625f, 1.01171875f, -1.00390625f, 3.14159265f, 1e-3f};
  std::array<uint32_t, 3> pairs;
  PackAlongRows(x.data(), 1, 6, 6, pairs.data());
  const at::Tensor wanted = at::tensor(at::ArrayRef<float>(x.data(), x.size())).to(at::kBFloat16);
  for (size_t i = 0; i < x.size(); ++i) {
    const auto bits = static_cast<uint16_t>(pairs[i / 2] >> (16 * (i % 2)));
    EXPECT_EQ(bits, wanted[static_cast<int64_t>(i)].item<at::BFloat16>().x) << x[i];
  }
}

}  // namespace
}  // namespace volante
