#include "learn/kernels.h"

#include <ATen/Parallel.h>

#include <bit>
#include <cmath>

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

template <class Real, class Out>
inline __attribute__((always_inline)) void InterleaveStack(const uint8_t* __restrict in,
                                                           Out* __restrict out) {
  constexpr Real kScale = Real(2) / Real(255);
  for (int64_t pixel = 0; pixel < kPlane; ++pixel) {
    for (int64_t frame = 0; frame < kFrameStack; ++frame) {
      // Through int32: the unsigned 8-bit to float conversion vectorises in that form only.
      const Real gray = static_cast<Real>(static_cast<int32_t>(in[frame * kPlane + pixel]));
      Store(gray * kScale - Real(1), out + pixel * kFrameStack + frame);
    }
  }
}

#define VOLANTE_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))

VOLANTE_CLONES void InterleaveF32(const uint8_t* in, float* out) {
  InterleaveStack<float>(in, out);
}
VOLANTE_CLONES void InterleaveF64(const uint8_t* in, double* out) {
  InterleaveStack<double>(in, out);
}
VOLANTE_CLONES void InterleaveBf16(const uint8_t* in, uint16_t* out) {
  InterleaveStack<float>(in, out);
}

template <class Out, class Interleave>
void ForEachStack(const uint8_t* images, int64_t n, Out* out, Interleave interleave) {
  at::parallel_for(0, n, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) interleave(images + i * kStack, out + i * kStack);
  });
}

template <class T>
struct AdamConstants {
  T beta1, one_minus_beta1, beta2, one_minus_beta2, epsilon, step_size, sqrt_bias_correction2;
};

template <class T>
AdamConstants<T> Constants(const AdamStepSizes& s) {
  return {static_cast<T>(s.beta1),
          static_cast<T>(1.0 - s.beta1),
          static_cast<T>(s.beta2),
          static_cast<T>(1.0 - s.beta2),
          static_cast<T>(s.epsilon),
          static_cast<T>(s.step_size),
          static_cast<T>(s.sqrt_bias_correction2)};
}

template <class T>
inline __attribute__((always_inline)) void AdamRange(const AdamConstants<T>& k, int64_t size,
                                                     const T* __restrict grad, T* __restrict value,
                                                     T* __restrict first, T* __restrict second) {
  for (int64_t i = 0; i < size; ++i) {
    const T g = grad[i];
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

constexpr int64_t kAdamGrain = 1 << 15;  // elements per task: below that a thread costs more

}  // namespace

void ImagesToUnitRange(const uint8_t* images, int64_t n, float* out) {
  ForEachStack(images, n, out, InterleaveF32);
}
void ImagesToUnitRange(const uint8_t* images, int64_t n, double* out) {
  ForEachStack(images, n, out, InterleaveF64);
}
void ImagesToUnitRangeBf16(const uint8_t* images, int64_t n, uint16_t* out) {
  ForEachStack(images, n, out, InterleaveBf16);
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
