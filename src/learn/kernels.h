// Loops over flat CPU memory that torch would do in several passes: uint8 images to [-1, 1] in the
// layout of convolutions, augmented where asked for, Adam's step, and narrow linear layers.
// Elementwise, or summed in a fixed order, so neither the thread count nor the vector width changes
// a bit of the result. Used by learn/ alone; torch-free
// header.
#pragma once

#include <cstdint>

namespace volante {

// What happens to one stack on its way to [-1, 1], the same for its four frames.
struct StackAugmentation {
  int shift_x_px = 0;  // pixel (x, y) shows what was at (x + shift_x_px, y + shift_y_px),
  int shift_y_px = 0;  // edge pixels repeated
  // Then gray values g become m + contrast (brightness g - m), m the stack's mean times brightness
  // (before the shift), and 2 g / 255 - 1 is clamped to [-1, 1].
  float brightness = 1.0f;
  float contrast = 1.0f;

  friend bool operator==(const StackAugmentation&, const StackAugmentation&) = default;
};

// Gray images [n, 4, 84, 84] (planes of one stack after another) to channels_last values
// 2 g / 255 - 1, i.e. memory order [n, 84, 84, 4]. `augmentations` is one per stack, or null.
void ImagesToUnitRange(const uint8_t* images, int64_t n, float* out,
                       const StackAugmentation* augmentations = nullptr);
void ImagesToUnitRange(const uint8_t* images, int64_t n, double* out,
                       const StackAugmentation* augmentations = nullptr);
// The same rounded to bfloat16 (nearest, ties to even), as its 16 bits.
void ImagesToUnitRangeBf16(const uint8_t* images, int64_t n, uint16_t* out,
                           const StackAugmentation* augmentations = nullptr);

// The gradient behind a linear layer with ReLU: masked[i, j] = y[i, j] <= 0 ? 0 : g[i, j] (g where
// y is null, and masked may be g then), and sums[j] += sum over i of it, where sums is not null.
// All [rows, columns] row-major.
void MaskAndSum(int64_t rows, int64_t columns, const float* g, const float* y, float* masked,
                float* sums);

// A linear layer of few outputs: y [rows, out] = x W^T + bias of x [rows, in], W [out, in].
void NarrowLinear(int64_t rows, int64_t in, int64_t out, const float* x, const float* weight,
                  const float* bias, float* y);
// Its gradients: dx = g W, and dw += g^T x.
void NarrowInputGradient(int64_t rows, int64_t in, int64_t out, const float* g, const float* weight,
                         float* dx);
void NarrowWeightGradient(int64_t rows, int64_t in, int64_t out, const float* g, const float* x,
                          float* dw);

// Polyak averaging, target += tau (online - target), as torch's lerp computes it (whose loop takes
// one number at a time).
void MoveTowards(int64_t size, double tau, const float* online, float* target);
void MoveTowards(int64_t size, double tau, const double* online, double* target);

// Adam (Kingma and Ba, ICLR 2015, algorithm 1) in the form of torch.optim.Adam:
//   g = g + weight_decay value
//   m = b1 m + (1-b1) g;  v = b2 v + (1-b2) g^2
//   value -= lr / (1-b1^t) * m / (sqrt(v) / sqrt(1-b2^t) + eps)
struct AdamStepSizes {
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 0.0;
  double step_size = 0.0;              // lr / (1 - beta1^t)
  double sqrt_bias_correction2 = 1.0;  // sqrt(1 - beta2^t)
};
void AdamStep(const AdamStepSizes& sizes, int64_t size, const float* grads, float* values,
              float* first_moment, float* second_moment);
void AdamStep(const AdamStepSizes& sizes, int64_t size, const double* grads, double* values,
              double* first_moment, double* second_moment);

}  // namespace volante
