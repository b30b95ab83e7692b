// A layer of M multiply-adds per sample takes M forwards, M for the gradient of its weight and M
// for the gradient of its input: out = W x; dW = dout x^T; dx = W^T dout. (A convolution of kernel
// k x k is the same product at each of its output positions.) So a pass costs, per layer,
//   forward only (targets, frozen layers whose input needs no gradient)         1 M
//   trained, its input is data (image, the 53 numbers, cut-off features)          2 M
//   trained, its input is another layer's output                                  3 M
//   frozen, but its input needs a gradient (Q1 in the actor's loss)               2 M
// and one update (docs/architecture.md, src/learn/td3_update.cc) is
//   target   forward: E_c', and E_a' in wiring separate; pi'; Q1', Q2'
//   critic   trained: E_c, both trunks, Q1, Q2
//   actor    every policy_delay-th: trained E_a (separate), trunk, head; Q1 frozen, its trunk
//            forward only, the features E_c(o) reused from the critic's step.
#include "learn/update_operations.h"

#include <vector>

#include "base/error.h"
#include "learn/networks.h"

namespace volante {
namespace {

struct Layer {
  std::string name;
  double multiply_adds = 0.0;  // of one sample's forward pass
  bool is_convolution = false;
};

// What of the three products of a layer a pass computes.
struct Pass {
  bool weight = false, input = false;
};

bool EndsWith(const std::string& text, const char* end) { return text.ends_with(end); }

// Every weight matrix or kernel among the parameters, in order.
std::vector<Layer> LayersOf(const std::vector<ParameterSpec>& specs, const EncoderShape& encoder) {
  std::vector<Layer> layers;
  int64_t side = kImageSide;
  size_t convolution = 0;
  for (const ParameterSpec& spec : specs) {
    if (spec.shape.size() < 2) continue;  // biases and norms
    Layer layer{spec.name, 1.0, spec.shape.size() == 4};
    for (const int64_t extent : spec.shape) layer.multiply_adds *= static_cast<double>(extent);
    if (layer.is_convolution) {
      const ConvShape& shape = encoder.conv[convolution++];
      side = (side - shape.kernel) / shape.stride + 1;
      layer.multiply_adds *= static_cast<double>(side * side);
      if (encoder.max_pool) side /= 2;
    }
    layers.push_back(std::move(layer));
  }
  return layers;
}

class Counter {
 public:
  // `factor`: samples, times the share of updates that run this pass.
  template <class PassOf>
  void Add(const std::vector<Layer>& layers, double factor, const PassOf& pass_of) {
    for (const Layer& layer : layers) {
      const Pass pass = pass_of(layer.name);
      const double products = 1.0 + pass.weight + pass.input;
      (layer.is_convolution ? operations_.convolutions : operations_.linear) +=
          2.0 * factor * products * layer.multiply_adds;
    }
  }
  UpdateOperations operations() const { return operations_; }

 private:
  UpdateOperations operations_;
};

}  // namespace

UpdateOperations CountUpdateOperations(const Td3Options& options, int batch_size) {
  const LearnerConfig& c = options.config;
  VOLANTE_CHECK(c.wiring != Wiring::kLegacy, "wiring legacy is not counted");
  VOLANTE_CHECK(c.memory == Memory::kNone, "sequences are not counted");
  const bool has_image = HasImage(options.mode);
  const bool has_trunk = has_image && c.fusion == Fusion::kTrunk;
  const bool separate = c.wiring == Wiring::kSeparate;
  const EncoderShape* shape = ShapeOf(c.encoder);
  VOLANTE_CHECK(shape != nullptr, "only encoders of three convolutions are counted");
  const auto encoder = has_image ? LayersOf(EncoderSpecs(c, ""), *shape) : std::vector<Layer>();
  const auto actor = LayersOf(ActorSpecs(c, options.mode, ""), *shape);
  const auto critic = LayersOf(CriticSpecs(c, options.mode, ""), *shape);
  const double all = batch_size, of_actor = static_cast<double>(batch_size) / c.policy_delay;

  const auto forward = [](const std::string&) { return Pass{}; };
  const auto train_encoder = [](const std::string& name) {
    return Pass{.weight = true, .input = name != "encoder/conv1/weight"};
  };
  // Trunk and heads whose image features need a gradient or not.
  const auto train = [&](bool features_need_gradient) {
    return [=](const std::string& name) {
      bool input = true;
      if (name == "trunk/vector/weight") input = false;
      if (name == "trunk/image/weight") input = features_need_gradient;
      if (EndsWith(name, "/0/weight")) input = has_trunk || features_need_gradient;
      return Pass{.weight = true, .input = input};
    };
  };
  const auto through_q1 = [](const std::string& name) {
    return Pass{.weight = false, .input = name.starts_with("q1/")};
  };

  Counter counter;
  counter.Add(encoder, separate ? 2.0 * all : all, forward);  // target
  counter.Add(actor, all, forward);
  counter.Add(critic, all, forward);
  counter.Add(encoder, all, train_encoder);  // critic
  counter.Add(critic, all, train(has_image));
  if (separate) counter.Add(encoder, of_actor, train_encoder);  // actor
  counter.Add(actor, of_actor, train(has_image && separate));
  std::vector<Layer> seen_by_actor = critic;
  std::erase_if(seen_by_actor, [](const Layer& l) { return l.name.starts_with("q2/"); });
  counter.Add(seen_by_actor, of_actor, through_q1);
  return counter.operations();
}

}  // namespace volante
