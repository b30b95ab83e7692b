#include "learn/kernels.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>

#include "env_api/env.h"

namespace volante {
namespace {

constexpr int64_t kPlane = kImagePixels;
constexpr int64_t kStack = int64_t{kFrameStack} * kImagePixels;
static_assert(kFrameStack == 4, "the loop below interleaves four planes");

inline void Store(float value, float* out) { *out = value; }
inline void Store(double value, double* out) { *out = value; }
inline void Store(float value, uint16_t* out) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  *out = static_cast<uint16_t>((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
}

// Gray value to network input: clamp(scale g + offset, -1, 1).
template <class Real>
struct GrayMap {
  Real scale = Real(2) / Real(255);
  Real offset = Real(-1);
};

template <class Real, class Out>
inline __attribute__((always_inline)) void InterleaveStack(const uint8_t* __restrict in,
                                                           GrayMap<Real> map, Out* __restrict out) {
  for (int64_t pixel = 0; pixel < kPlane; ++pixel) {
    for (int64_t frame = 0; frame < kFrameStack; ++frame) {
      // Through int32: the unsigned 8-bit to float conversion vectorises in that form only.
      const Real gray = static_cast<Real>(static_cast<int32_t>(in[frame * kPlane + pixel]));
      const Real value = gray * map.scale + map.offset;
      Store(std::min(std::max(value, Real(-1)), Real(1)), out + pixel * kFrameStack + frame);
    }
  }
}

#define VOLANTE_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))

VOLANTE_CLONES void InterleaveF32(const uint8_t* in, GrayMap<float> map, float* out) {
  InterleaveStack<float>(in, map, out);
}
VOLANTE_CLONES void InterleaveF64(const uint8_t* in, GrayMap<double> map, double* out) {
  InterleaveStack<double>(in, map, out);
}
VOLANTE_CLONES void InterleaveBf16(const uint8_t* in, GrayMap<float> map, uint16_t* out) {
  InterleaveStack<float>(in, map, out);
}

VOLANTE_CLONES uint32_t SumOf(const uint8_t* __restrict values, int64_t n) {
  uint32_t sum = 0;  // of 28,224 bytes at most
  for (int64_t i = 0; i < n; ++i) sum += values[i];
  return sum;
}

// m + c (b g - m) with m = b mean is (c b) g + b mean (1 - c).
template <class Real>
GrayMap<Real> MapFor(const StackAugmentation& a, const uint8_t* stack) {
  GrayMap<Real> map;
  if (a.brightness == 1.0f && a.contrast == 1.0f) return map;
  const Real brightness = a.brightness, contrast = a.contrast;
  const Real mean = static_cast<Real>(SumOf(stack, kStack)) / Real(kStack);
  map.offset += map.scale * brightness * mean * (Real(1) - contrast);
  map.scale *= contrast * brightness;
  return map;
}

void ShiftStack(const uint8_t* in, const StackAugmentation& a, uint8_t* out) {
  constexpr int kSide = kImageSide;
  const int left = std::clamp(-a.shift_x_px, 0, kSide);  // columns that repeat the first one
  const int right = std::clamp(a.shift_x_px, 0, kSide);
  for (int row = 0; row < kFrameStack * kSide; ++row) {
    const int y = std::clamp(row % kSide + a.shift_y_px, 0, kSide - 1);
    const uint8_t* from = in + (row / kSide) * kPlane + y * kSide;
    uint8_t* to = out + static_cast<int64_t>(row) * kSide;
    std::memset(to, from[0], static_cast<size_t>(left));
    std::memcpy(to + left, from + right, static_cast<size_t>(kSide - left - right));
    std::memset(to + kSide - right, from[kSide - 1], static_cast<size_t>(right));
  }
}

template <class Real, class Out, class Interleave>
void ForEachStack(const uint8_t* images, int64_t n, Out* out,
                  const StackAugmentation* augmentations, Interleave interleave) {
  at::parallel_for(0, n, 1, [&](int64_t begin, int64_t end) {
    std::array<uint8_t, kStack> shifted;
    for (int64_t i = begin; i < end; ++i) {
      const uint8_t* stack = images + i * kStack;
      GrayMap<Real> map;
      if (augmentations != nullptr) {
        const StackAugmentation& a = augmentations[i];
        map = MapFor<Real>(a, stack);
        if (a.shift_x_px != 0 || a.shift_y_px != 0) {
          ShiftStack(stack, a, shifted.data());
          stack = shifted.data();
        }
      }
      interleave(stack, map, out + i * kStack);
    }
  });
}

template <class T>
struct AdamConstants {
  T beta1, one_minus_beta1, beta2, one_minus_beta2, epsilon, weight_decay, step_size,
      sqrt_bias_correction2;
};

template <class T>
AdamConstants<T> Constants(const AdamStepSizes& s) {
  return {static_cast<T>(s.beta1),     static_cast<T>(1.0 - s.beta1),
          static_cast<T>(s.beta2),     static_cast<T>(1.0 - s.beta2),
          static_cast<T>(s.epsilon),   static_cast<T>(s.weight_decay),
          static_cast<T>(s.step_size), static_cast<T>(s.sqrt_bias_correction2)};
}

template <class T>
inline __attribute__((always_inline)) void AdamRange(const AdamConstants<T>& k, int64_t size,
                                                     const T* __restrict grad, T* __restrict value,
                                                     T* __restrict first, T* __restrict second) {
  for (int64_t i = 0; i < size; ++i) {
    const T g = grad[i] + k.weight_decay * value[i];
    const T m = first[i] * k.beta1 + g * k.one_minus_beta1;
    const T v = second[i] * k.beta2 + g * g * k.one_minus_beta2;
    first[i] = m;
    second[i] = v;
    value[i] -= k.step_size * m / (std::sqrt(v) / k.sqrt_bias_correction2 + k.epsilon);
  }
}

VOLANTE_CLONES void AdamRangeF32(const AdamConstants<float>& k, int64_t size, const float* grad,
                                 float* value, float* first, float* second) {
  AdamRange(k, size, grad, value, first, second);
}
VOLANTE_CLONES void AdamRangeF64(const AdamConstants<double>& k, int64_t size, const double* grad,
                                 double* value, double* first, double* second) {
  AdamRange(k, size, grad, value, first, second);
}

VOLANTE_CLONES void MaskRow(int64_t columns, const float* __restrict g, const float* __restrict y,
                            float* __restrict masked) {
  for (int64_t j = 0; j < columns; ++j) masked[j] = y[j] <= 0.0f ? 0.0f : g[j];
}
VOLANTE_CLONES void AddRow(int64_t columns, const float* __restrict row, float* __restrict sums) {
  for (int64_t j = 0; j < columns; ++j) sums[j] += row[j];
}

// Sixteen sums side by side, then one after the other: an order that vectors can keep.
VOLANTE_CLONES float Dot(int64_t size, const float* __restrict a, const float* __restrict b) {
  constexpr int64_t kLanes = 16;
  float sums[kLanes] = {};
  int64_t i = 0;
  for (; i + kLanes <= size; i += kLanes) {
    for (int64_t lane = 0; lane < kLanes; ++lane) sums[lane] += a[i + lane] * b[i + lane];
  }
  float sum = 0.0f;
  for (; i < size; ++i) sum += a[i] * b[i];
  for (const float lane : sums) sum += lane;
  return sum;
}
VOLANTE_CLONES void AddScaled(int64_t size, float scale, const float* __restrict a,
                              float* __restrict to) {
  for (int64_t i = 0; i < size; ++i) to[i] += scale * a[i];
}

// The form that torch takes above one half is exact at tau 1.
template <class T>
inline __attribute__((always_inline)) void MoveRange(int64_t size, T tau,
                                                     const T* __restrict online,
                                                     T* __restrict target) {
  if (tau < T(0.5)) {
    for (int64_t i = 0; i < size; ++i) target[i] += tau * (online[i] - target[i]);
  } else {
    const T rest = T(1) - tau;
    for (int64_t i = 0; i < size; ++i) target[i] = online[i] - (online[i] - target[i]) * rest;
  }
}
VOLANTE_CLONES void MoveRangeF32(int64_t size, float tau, const float* online, float* target) {
  MoveRange(size, tau, online, target);
}
VOLANTE_CLONES void MoveRangeF64(int64_t size, double tau, const double* online, double* target) {
  MoveRange(size, tau, online, target);
}

constexpr int64_t kAdamGrain = 1 << 15;  // elements per task: below that a thread costs more

}  // namespace

void ImagesToUnitRange(const uint8_t* images, int64_t n, float* out,
                       const StackAugmentation* augmentations) {
  ForEachStack<float>(images, n, out, augmentations, InterleaveF32);
}
void ImagesToUnitRange(const uint8_t* images, int64_t n, double* out,
                       const StackAugmentation* augmentations) {
  ForEachStack<double>(images, n, out, augmentations, InterleaveF64);
}
void ImagesToUnitRangeBf16(const uint8_t* images, int64_t n, uint16_t* out,
                           const StackAugmentation* augmentations) {
  ForEachStack<float>(images, n, out, augmentations, InterleaveBf16);
}

void NarrowLinear(int64_t rows, int64_t in, int64_t out, const float* x, const float* weight,
                  const float* bias, float* y) {
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < out; ++j)
      y[i * out + j] = Dot(in, x + i * in, weight + j * in) + bias[j];
  }
}
void NarrowInputGradient(int64_t rows, int64_t in, int64_t out, const float* g, const float* weight,
                         float* dx) {
  std::fill_n(dx, rows * in, 0.0f);
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < out; ++j) AddScaled(in, g[i * out + j], weight + j * in, dx + i * in);
  }
}
void NarrowWeightGradient(int64_t rows, int64_t in, int64_t out, const float* g, const float* x,
                          float* dw) {
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < out; ++j) AddScaled(in, g[i * out + j], x + i * in, dw + j * in);
  }
}

void MoveTowards(int64_t size, double tau, const float* online, float* target) {
  MoveRangeF32(size, static_cast<float>(tau), online, target);
}
void MoveTowards(int64_t size, double tau, const double* online, double* target) {
  MoveRangeF64(size, tau, online, target);
}

void MaskAndSum(int64_t rows, int64_t columns, const float* g, const float* y, float* masked,
                float* sums) {
  for (int64_t i = 0; i < rows; ++i) {
    const int64_t first = i * columns;
    if (y != nullptr) MaskRow(columns, g + first, y + first, masked + first);
    if (sums != nullptr) AddRow(columns, masked + first, sums);
  }
}

void AdamStep(const AdamStepSizes& sizes, int64_t size, const float* grads, float* values,
              float* first_moment, float* second_moment) {
  const auto k = Constants<float>(sizes);
  at::parallel_for(0, size, kAdamGrain, [&](int64_t begin, int64_t end) {
    AdamRangeF32(k, end - begin, grads + begin, values + begin, first_moment + begin,
                 second_moment + begin);
  });
}
void AdamStep(const AdamStepSizes& sizes, int64_t size, const double* grads, double* values,
              double* first_moment, double* second_moment) {
  const auto k = Constants<double>(sizes);
  at::parallel_for(0, size, kAdamGrain, [&](int64_t begin, int64_t end) {
    AdamRangeF64(k, end - begin, grads + begin, values + begin, first_moment + begin,
                 second_moment + begin);
  });
}

}  // namespace volante
