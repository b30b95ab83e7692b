#include "learn/clipping.h"

#include <ATen/ops/linalg_vector_norm.h>
#include <c10/core/GradMode.h>

#include <cmath>

#include "base/error.h"

namespace volante {
namespace {

double NormOf(const at::Tensor& flat, int64_t begin, int64_t end) {
  return begin == end ? 0.0 : at::linalg_vector_norm(flat.slice(0, begin, end)).item<double>();
}

// Head and encoder by themselves, and the whole measured apart from them.
struct Norms {
  double whole, encoder, head;
};

Norms Measure(const at::Tensor& grads, std::pair<int64_t, int64_t> encoder) {
  VOLANTE_CHECK(encoder.first == 0, "the encoder opens its group");
  const double whole = NormOf(grads, 0, grads.numel());
  if (encoder.second == 0) return {whole, 0.0, whole};
  return {whole, NormOf(grads, 0, encoder.second), NormOf(grads, encoder.second, grads.numel())};
}

void VerifyParts(const Norms& norms, const std::string& group) {
  const double combined = std::hypot(norms.encoder, norms.head);
  if (std::abs(combined - norms.whole) > 1e-4 * norms.whole + 1e-12) {
    throw Error(ExitCode::kHealthHalt, "gradient norms of the " + group + " do not add up", "",
                "its parts combine to " + std::to_string(combined) + ", the whole is " +
                    std::to_string(norms.whole),
                "this is a defect of the program; please report it with the run folder");
  }
}

// The bound that the clipping promised, measured again on what Adam will read.
void VerifyBound(double measured, const char* what, double limit, const std::string& group) {
  if (measured <= limit * 1.001) return;
  throw Error(ExitCode::kHealthHalt, "gradient clipping failed; the update was not applied",
              "gradients of the " + group,
              std::string("their ") + what + " after clipping is " + std::to_string(measured) +
                  ", the limit " + std::to_string(limit),
              "this is a defect of the program; please report it with the run folder");
}

void RequireFinite(const FlatParams& params, double norm, const std::string& group) {
  if (std::isfinite(norm)) return;
  const std::string name = params.FirstNonFiniteGradient();
  throw Error(ExitCode::kHealthHalt, "non-finite gradient; the update was not applied",
              name.empty() ? "joint norm of the " + group : "gradient of " + name,
              "its value is not a finite number",
              "look at the last records of gradients/ and train/critic_loss; a smaller "
              "learning rate or reward.scale is the usual remedy");
}

}  // namespace

GradientNorms ClipGradients(FlatParams& params, std::pair<int64_t, int64_t> encoder, Clip clip,
                            const std::string& group) {
  const c10::NoGradGuard no_grad;
  at::Tensor& grads = params.grads();
  const Norms before = Measure(grads, encoder);
  RequireFinite(params, before.whole, group);
  VerifyParts(before, group);
  const double scale = clip.limit / (before.whole + 1e-6);
  const bool scaled = clip.kind == GradClip::kNorm && scale < 1.0;
  if (scaled) grads.mul_(scale);
  if (clip.kind == GradClip::kValue) grads.clamp_(-clip.limit, clip.limit);
  const Norms after = scaled || clip.kind == GradClip::kValue ? Measure(grads, encoder) : before;
  VerifyParts(after, group);
  if (clip.kind == GradClip::kNorm) VerifyBound(after.whole, "norm", clip.limit, group);
  if (clip.kind == GradClip::kValue) {
    VerifyBound(grads.abs().max().item<double>(), "largest element", clip.limit, group);
  }
  return {before.whole, after.whole, before.encoder, after.encoder, before.head, after.head};
}

}  // namespace volante
