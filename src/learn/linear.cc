#include "learn/linear.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/custom_function.h>

#include "base/error.h"
#include "learn/kernels.h"
#include "learn/pair_product.h"

namespace volante {
namespace {

constexpr int64_t kLeastOutputs = 16;  // of a layer in bfloat16

// Memory for packed operands.
struct Words {
  explicit Words(int64_t size) : tensor(at::empty({size}, at::kInt)) {}
  uint32_t* data() { return reinterpret_cast<uint32_t*>(tensor.data_ptr<int>()); }
  at::Tensor tensor;
};

const float* In(const at::Tensor& tensor) { return tensor.data_ptr<float>(); }
float* Out(at::Tensor& tensor) { return tensor.data_ptr<float>(); }

// The three products of a layer in bfloat16: y = x W^T + b, dx = g W, dW += g^T x.
struct PairProducts {
  static void Forward(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                      bool relu, at::Tensor& y) {
    const int64_t rows = x.size(0), in = x.size(1), out = weight.size(0), pairs = PairsOf(in);
    Words left(rows * pairs), right(PanelWords(pairs, out));
    PackAlongRows(In(x), rows, in, in, left.data());
    PackTransposed(In(weight), out, in, in, right.data());
    Multiply({.rows = rows,
              .columns = out,
              .pairs = pairs,
              .left = {left.data(), /*panels=*/false},
              .right = right.data(),
              .c = Out(y),
              .stride = out,
              .bias = In(bias),
              .relu = relu});
  }
  static void InputGradient(const at::Tensor& g, const at::Tensor& weight, at::Tensor& dx) {
    const int64_t rows = g.size(0), out = weight.size(0), in = weight.size(1), pairs = PairsOf(out);
    Words left(rows * pairs), right(PanelWords(pairs, in));
    PackAlongRows(In(g), rows, out, out, left.data());
    PackAlongColumns(In(weight), out, in, in, right.data());
    Multiply({.rows = rows,
              .columns = in,
              .pairs = pairs,
              .left = {left.data(), /*panels=*/false},
              .right = right.data(),
              .c = Out(dx),
              .stride = in});
  }
  static void AddWeightGradient(const at::Tensor& g, const at::Tensor& x, at::Tensor& dw) {
    const int64_t rows = g.size(0), out = g.size(1), in = x.size(1), pairs = PairsOf(rows);
    Words left(PanelWords(pairs, out)), right(PanelWords(pairs, in));
    PackAlongColumns(In(g), rows, out, out, left.data());
    PackAlongColumns(In(x), rows, in, in, right.data());
    Multiply({.rows = out,
              .columns = in,
              .pairs = pairs,
              .left = {left.data(), /*panels=*/true},
              .right = right.data(),
              .c = Out(dw),
              .stride = in,
              .add = true});
  }
};

// The same in float32, for a few outputs.
struct NarrowProducts {
  static void Forward(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, bool,
                      at::Tensor& y) {
    NarrowLinear(x.size(0), x.size(1), weight.size(0), In(x), In(weight), In(bias), Out(y));
  }
  static void InputGradient(const at::Tensor& g, const at::Tensor& weight, at::Tensor& dx) {
    NarrowInputGradient(g.size(0), weight.size(1), g.size(1), In(g), In(weight), Out(dx));
  }
  static void AddWeightGradient(const at::Tensor& g, const at::Tensor& x, at::Tensor& dw) {
    NarrowWeightGradient(g.size(0), x.size(1), g.size(1), In(g), In(x), Out(dw));
  }
};

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

template <class Products>
struct FusedLinear : torch::autograd::Function<FusedLinear<Products>> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            const at::Tensor& bias, bool relu) {
    VOLANTE_CHECK(x.dim() == 2 && x.size(1) == weight.size(1) && weight.is_contiguous() &&
                      bias.is_contiguous(),
                  "rows of as many numbers as the layer takes");
    const at::Tensor rows = x.contiguous();
    at::Tensor y = at::empty({rows.size(0), weight.size(0)}, rows.options());
    Products::Forward(rows, weight, bias, relu, y);
    context->save_for_backward({rows, weight, bias, relu ? y : at::Tensor()});
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list of_outputs) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1], &bias = saved[2], &y = saved[3];
    VOLANTE_CHECK(!c10::GradMode::is_enabled(), "second derivatives are not there");
    // In place where a leaf has its gradient already, new memory otherwise.
    const auto in_place = [](const at::Tensor& parameter) {
      return parameter.is_leaf() && parameter.grad().defined() && parameter.grad().is_contiguous();
    };
    const auto gradient_of = [&](const at::Tensor& parameter) {
      return in_place(parameter) ? parameter.grad() : at::zeros_like(parameter);
    };
    const auto returned = [&](const at::Tensor& parameter, const at::Tensor& gradient) {
      return in_place(parameter) ? at::Tensor() : gradient;
    };
    at::Tensor g = of_outputs[0].contiguous(), dx, dw, db;
    if (context->needs_input_grad(2)) db = gradient_of(bias);
    if (y.defined() || db.defined()) {
      at::Tensor masked = y.defined() ? at::empty_like(g) : g;
      MaskAndSum(g.size(0), g.size(1), In(g), y.defined() ? In(y) : nullptr, Out(masked),
                 db.defined() ? Out(db) : nullptr);
      g = masked;
    }
    if (context->needs_input_grad(1)) {
      dw = gradient_of(weight);
      Products::AddWeightGradient(g, x, dw);
    }
    if (context->needs_input_grad(0)) {
      dx = at::empty({g.size(0), weight.size(1)}, g.options());
      Products::InputGradient(g, weight, dx);
    }
    return {dx, dw.defined() ? returned(weight, dw) : dw, db.defined() ? returned(bias, db) : db,
            at::Tensor()};
  }
};

}  // namespace

at::Tensor Linear(const at::Tensor& x, const Affine& layer, bool bf16, bool relu) {
  const bool narrow = layer.weight.size(0) < kLeastOutputs;
  const bool on_cpu = x.device().is_cpu() && x.scalar_type() == at::kFloat;
  if (on_cpu && narrow && !relu) {
    return FusedLinear<NarrowProducts>::apply(x, layer.weight, layer.bias, relu);
  }
  if (!bf16 || narrow || x.scalar_type() != at::kFloat) {
    at::Tensor y = at::linear(x, layer.weight, layer.bias);
    return relu ? at::relu_(y) : y;
  }
  if (on_cpu && CpuHasPairProducts()) {
    return FusedLinear<PairProducts>::apply(x, layer.weight, layer.bias, relu);
  }
  const auto half = [](const at::Tensor& tensor) { return tensor.to(at::kBFloat16); };
  at::Tensor y;
  if (on_cpu) {  // the same forward product, slower; gradients are those of float32
    y = at::linear(half(x).to(at::kFloat), half(layer.weight).to(at::kFloat), layer.bias);
  } else {  // the device's own, which round bias, result and gradients as well
    y = at::linear(half(x), half(layer.weight), half(layer.bias)).to(at::kFloat);
  }
  return relu ? at::relu_(y) : y;
}

}  // namespace volante
