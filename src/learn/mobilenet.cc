#include "learn/mobilenet.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/hardsigmoid.h>
#include <ATen/ops/hardswish.h>
#include <ATen/ops/relu.h>

#include <algorithm>
#include <cmath>

namespace volante {
namespace {

using Activation = ConvNorm::Activation;
constexpr Activation kNone = Activation::kNone;
constexpr Activation kRE = Activation::kRelu;
constexpr Activation kHS = Activation::kHardswish;

// torchvision's: the share of the new batch in the running statistics, and the norms' epsilon.
constexpr double kMomentum = 0.01;
constexpr double kEpsilon = 0.001;

// Table 2 of the paper. An 84 x 84 picture becomes 42, then 21, 11, 6 and 3 at the strides of 2.
struct TableRow {
  int64_t kernel, expanded, out;
  bool squeeze;
  Activation activation;
  int64_t stride;
};
constexpr int64_t kFirstChannels = 16;
constexpr TableRow kTable[] = {
    {3, 16, 16, true, kRE, 2},   //
    {3, 72, 24, false, kRE, 2},  //
    {3, 88, 24, false, kRE, 1},  //
    {5, 96, 40, true, kHS, 2},   //
    {5, 240, 40, true, kHS, 1},  //
    {5, 240, 40, true, kHS, 1},  //
    {5, 120, 48, true, kHS, 1},  //
    {5, 144, 48, true, kHS, 1},  //
    {5, 288, 96, true, kHS, 2},  //
    {5, 576, 96, true, kHS, 1},  //
    {5, 576, 96, true, kHS, 1},
};

// ---- the layers with their names, in order -----------------------------------------------------

struct ConvPlan {
  std::string name;
  int64_t in, out, kernel, stride, groups;
  Activation activation;
  double scale;  // of the initial weights: their standard deviation is scale / sqrt(fan_in)
};

struct BlockPlan {
  std::vector<ConvPlan> before;  // expansion, depthwise
  std::string squeeze;           // its name; empty without
  int64_t squeeze_width;
  ConvPlan project;
};

struct Plan {
  ConvPlan first;
  std::vector<BlockPlan> blocks;
  ConvPlan last;
};

// A quarter of the channels, to the nearest multiple of 8 unless that is below 9/10 of it: the
// MobileNets' rule for rounded widths.
int64_t SqueezeWidth(int64_t expanded) {
  const int64_t wanted = expanded / 4;
  const int64_t rounded = std::max<int64_t>(8, (wanted + 4) / 8 * 8);
  return 10 * rounded < 9 * wanted ? rounded + 8 : rounded;
}

// Keeps the size of a signal through a network whose norms do nothing yet (running mean 0, variance
// 1): variance 2 / fan_in for ReLU (He et al., ICCV 2015), 3 / fan_in for hardswish, since
// E[hardswish(x)^2] is 1/3 for x from N(0, 1), 1 / fan_in where no activation follows. With batch
// statistics the norms undo any scale. (torchvision's fan_out rule counts on that: under frozen
// norms its signal dies away.)
double ScaleFor(Activation activation) {
  if (activation == kNone) return 1.0;
  return std::sqrt(activation == kRE ? 2.0 : 3.0);
}
// Behind a squeeze-excite, which stands at hardsigmoid(0) = 1/2 at first.
constexpr double kScaleBehindSqueeze = 2.0;

Plan MakePlan(const std::string& prefix, int64_t in_channels) {
  const std::string features = prefix + "features/";
  Plan plan;
  plan.first = {features + "0", in_channels, kFirstChannels, 3, 2, 1, kHS, ScaleFor(kHS)};
  int64_t in = kFirstChannels;
  for (const TableRow& row : kTable) {
    const std::string block = features + std::to_string(plan.blocks.size() + 1) + "/block/";
    const double scale = ScaleFor(row.activation);
    int part = 0;
    const auto next = [&] { return block + std::to_string(part++); };
    BlockPlan b;
    if (row.expanded != in) {
      b.before.push_back({next(), in, row.expanded, 1, 1, 1, row.activation, scale});
    }
    b.before.push_back({next(), row.expanded, row.expanded, row.kernel, row.stride, row.expanded,
                        row.activation, scale});
    if (row.squeeze) b.squeeze = next();
    b.squeeze_width = row.squeeze ? SqueezeWidth(row.expanded) : 0;
    b.project = {next(),  row.expanded,
                 row.out, 1,
                 1,       1,
                 kNone,   row.squeeze ? kScaleBehindSqueeze : ScaleFor(kNone)};
    plan.blocks.push_back(std::move(b));
    in = row.out;
  }
  const std::string last = features + std::to_string(plan.blocks.size() + 1);
  plan.last = {last, in, kMobileNetChannels, 1, 1, 1, kHS, ScaleFor(kHS)};
  return plan;
}

template <class Function>
void ForEachConv(const Plan& plan, const Function& function) {
  function(plan.first);
  for (const BlockPlan& block : plan.blocks) {
    for (const ConvPlan& conv : block.before) function(conv);
    function(block.project);
  }
  function(plan.last);
}

// U(-b, b) has variance b^2 / 3.
double UniformBound(double scale, int64_t fan_in) {
  return scale * std::sqrt(3.0 / static_cast<double>(fan_in));
}

void AddConv(std::vector<ParameterSpec>& specs, const ConvPlan& c) {
  const int64_t depth = c.in / c.groups;
  const double bound = UniformBound(c.scale, depth * c.kernel * c.kernel);
  specs.push_back({c.name + "/0/weight", {c.out, depth, c.kernel, c.kernel}, bound, 0.0});
  specs.push_back({c.name + "/1/weight", {c.out}, 0.0, 1.0});
  specs.push_back({c.name + "/1/bias", {c.out}, 0.0, 0.0});
}

void AddSqueezeLayer(std::vector<ParameterSpec>& specs, const std::string& name, int64_t in,
                     int64_t out, double scale) {
  specs.push_back({name + "/weight", {out, in, 1, 1}, UniformBound(scale, in), 0.0});
  specs.push_back({name + "/bias", {out}, 0.0, 0.0});
}

// ---- forward -----------------------------------------------------------------------------------

ConvNorm BindConv(const ConvPlan& plan, const ParameterLookup& lookup) {
  return {.weight = lookup(plan.name + "/0/weight"),
          .norm = Bind(lookup, plan.name + "/1"),
          .running_mean = lookup(plan.name + "/1/running_mean"),
          .running_var = lookup(plan.name + "/1/running_var"),
          .stride = plan.stride,
          .groups = plan.groups,
          .activation = plan.activation};
}

at::Tensor Apply(const ConvNorm& layer, const at::Tensor& input, bool batch_statistics) {
  const int64_t padding = (layer.weight.size(2) - 1) / 2;
  at::Tensor x = at::conv2d(input, layer.weight.to(input.scalar_type()), /*bias=*/{}, layer.stride,
                            padding, /*dilation=*/1, layer.groups);
  x = at::batch_norm(x, layer.norm.weight, layer.norm.bias, layer.running_mean, layer.running_var,
                     batch_statistics, kMomentum, kEpsilon, /*cudnn_enabled=*/true);
  if (layer.activation == kRE) return at::relu_(x);
  return layer.activation == kHS ? at::hardswish(x) : x;
}

// Each channel times a number in [0, 1] on which the means of all channels decide.
at::Tensor SqueezeExcite(const InvertedResidual& block, const at::Tensor& x) {
  const auto conv = [&](const at::Tensor& input, const Affine& layer) {
    return at::conv2d(input, layer.weight.to(x.scalar_type()), layer.bias.to(x.scalar_type()));
  };
  const at::Tensor mean = x.mean(at::IntArrayRef{2, 3}, /*keepdim=*/true);
  const at::Tensor hidden = at::relu(conv(mean, block.squeeze_fc1));
  return x * at::hardsigmoid(conv(hidden, block.squeeze_fc2));
}

}  // namespace

std::vector<ParameterSpec> MobileNetSpecs(const std::string& prefix, int64_t in_channels) {
  const Plan plan = MakePlan(prefix, in_channels);
  std::vector<ParameterSpec> specs;
  AddConv(specs, plan.first);
  for (const BlockPlan& block : plan.blocks) {
    for (const ConvPlan& conv : block.before) AddConv(specs, conv);
    if (!block.squeeze.empty()) {
      const int64_t channels = block.project.in, width = block.squeeze_width;
      AddSqueezeLayer(specs, block.squeeze + "/fc1", channels, width, ScaleFor(kRE));
      AddSqueezeLayer(specs, block.squeeze + "/fc2", width, channels, ScaleFor(kNone));
    }
    AddConv(specs, block.project);
  }
  AddConv(specs, plan.last);
  return specs;
}

std::vector<ParameterSpec> MobileNetStatistics(const std::string& prefix) {
  std::vector<ParameterSpec> specs;
  ForEachConv(MakePlan(prefix, /*in_channels=*/1), [&](const ConvPlan& conv) {
    specs.push_back({conv.name + "/1/running_mean", {conv.out}, 0.0, 0.0});
    specs.push_back({conv.name + "/1/running_var", {conv.out}, 0.0, 1.0});
  });
  return specs;
}

MobileNet::MobileNet(const std::string& prefix, const ParameterLookup& lookup, bool of_the_batch)
    : batch_statistics(of_the_batch) {
  const Plan plan = MakePlan(prefix, /*in_channels=*/1);
  first = BindConv(plan.first, lookup);
  for (const BlockPlan& block_plan : plan.blocks) {
    InvertedResidual block;
    for (const ConvPlan& conv : block_plan.before) block.before.push_back(BindConv(conv, lookup));
    block.squeeze = !block_plan.squeeze.empty();
    if (block.squeeze) {
      block.squeeze_fc1 = Bind(lookup, block_plan.squeeze + "/fc1");
      block.squeeze_fc2 = Bind(lookup, block_plan.squeeze + "/fc2");
    }
    block.project = BindConv(block_plan.project, lookup);
    block.residual = block_plan.before.front().in == block_plan.project.out &&
                     block_plan.before.back().stride == 1;
    blocks.push_back(std::move(block));
  }
  last = BindConv(plan.last, lookup);
}

at::Tensor MobileNet::Forward(const at::Tensor& images, const std::string& name,
                              std::vector<FeatureStats>* stats) const {
  int part = 0;
  const auto note = [&](const at::Tensor& x) {
    if (stats != nullptr) stats->push_back(StatsOf(x, name + "/features/" + std::to_string(part)));
    ++part;
  };
  at::Tensor x = Apply(first, images, batch_statistics);
  note(x);
  for (const InvertedResidual& block : blocks) {
    at::Tensor y = x;
    for (const ConvNorm& layer : block.before) y = Apply(layer, y, batch_statistics);
    if (block.squeeze) y = SqueezeExcite(block, y);
    y = Apply(block.project, y, batch_statistics);
    x = block.residual ? x + y : y;
    note(x);
  }
  x = Apply(last, x, batch_statistics);
  note(x);
  return x.mean(at::IntArrayRef{2, 3});
}

}  // namespace volante
