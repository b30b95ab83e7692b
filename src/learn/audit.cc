#include "learn/audit.h"

#include <torch/csrc/autograd/variable.h>

#include <set>

#include "base/error.h"

namespace volante {
namespace {

[[noreturn]] void Fail(const std::string& tensor, const std::string& reason) {
  throw Error(ExitCode::kInternal, "the optimizer audit failed", tensor, reason,
              "this is a defect of the program; please report it with the configuration");
}

bool Holds(const at::Tensor& flat, const at::Tensor& tensor) {
  const auto* begin = static_cast<const char*>(flat.data_ptr());
  const auto* at = static_cast<const char*>(tensor.data_ptr());
  return at >= begin && at < begin + flat.nbytes();
}

std::string ShapeText(const at::Tensor& tensor) {
  std::string text;
  for (const int64_t extent : tensor.sizes())
    text += (text.empty() ? "" : "x") + std::to_string(extent);
  return text;
}

void RequireOutside(std::span<const AuditedOptimizer> optimizers,
                    std::span<const BoundTensor> tensors, const std::string& what) {
  for (const BoundTensor& bound : tensors) {
    if (bound.tensor.requires_grad()) Fail(bound.name, what + " is trainable");
    for (const AuditedOptimizer& optimizer : optimizers) {
      if (Holds(optimizer.params->values(), bound.tensor)) {
        Fail(bound.name, what + " is in optimizer " + optimizer.name);
      }
    }
  }
}

}  // namespace

std::string AuditOptimizers(std::span<const AuditedOptimizer> optimizers,
                            std::span<const BoundTensor> trainable,
                            std::span<const BoundTensor> targets,
                            std::span<const BoundTensor> statistics) {
  if (optimizers.size() != 2) {
    Fail("optimizers", "there are " + std::to_string(optimizers.size()) + ", not two");
  }
  RequireOutside(optimizers, targets, "a target tensor");
  RequireOutside(optimizers, statistics, "a running statistic");
  std::string report;
  std::set<std::string> names;
  size_t listed = 0;
  for (const AuditedOptimizer& optimizer : optimizers) {
    report += "optimizer " + optimizer.name + ": Adam, learning rate " +
              std::to_string(optimizer.learning_rate) +
              (optimizer.encoder_learning_rate > 0.0 &&
                       optimizer.encoder_learning_rate != optimizer.learning_rate
                   ? " (encoder " + std::to_string(optimizer.encoder_learning_rate) + "), "
                   : ", ") +
              std::to_string(optimizer.params->NumParameters()) + " parameters\n";
    size_t used = 0;
    for (const BoundTensor& bound : trainable) {
      if (!Holds(optimizer.params->values(), bound.tensor)) continue;
      if (!bound.tensor.requires_grad()) Fail(bound.name, "it is in an optimizer, not trainable");
      if (!bound.tensor.grad().defined() ||
          !Holds(optimizer.params->grads(), bound.tensor.grad())) {
        Fail(bound.name,
             "its gradient is not in the buffer that optimizer " + optimizer.name + " reads");
      }
      if (!names.insert(bound.name).second) Fail(bound.name, "it is in two optimizers");
      report += "  " + bound.name + " " + ShapeText(bound.tensor) + "\n";
      ++used;
    }
    if (used != optimizer.params->slices().size()) {
      Fail("optimizer " + optimizer.name, "it holds a tensor that no network uses");
    }
    listed += used;
  }
  for (const BoundTensor& bound : trainable) {
    if (!names.contains(bound.name)) Fail(bound.name, "it is in no optimizer");
  }
  if (listed != trainable.size()) Fail("networks", "a tensor is bound twice");
  report += "targets: " + std::to_string(targets.size()) + " tensors, in no optimizer\n";
  std::set<std::string> of_norms;  // each is bound by several roles
  for (const BoundTensor& bound : statistics) of_norms.insert(bound.name);
  if (!of_norms.empty()) {
    report +=
        "running statistics: " + std::to_string(of_norms.size()) + " tensors, in no optimizer\n";
  }
  return report;
}

}  // namespace volante
