#include "learn/machine_rate.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/mm.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "base/random.h"

namespace volante {
namespace {

constexpr int64_t kSide = 2048;  // 17 billion operations a product, 16 MB a matrix in fp32

at::Tensor RandomMatrix(uint64_t index, at::ScalarType dtype) {
  at::Tensor matrix = at::empty({kSide, kSide}, at::kFloat);
  RandomStream random(1, "matrix product rate", index);
  float* values = matrix.data_ptr<float>();
  for (int64_t i = 0; i < matrix.numel(); ++i) {
    values[i] = static_cast<float>(random.Uniform(-1.0, 1.0));
  }
  return matrix.to(dtype);
}

}  // namespace

double MatrixProductRate(bool bf16, double seconds) {
  using Clock = std::chrono::steady_clock;
  const c10::NoGradGuard no_grad;
  const at::ScalarType dtype = bf16 ? at::kBFloat16 : at::kFloat;
  const at::Tensor a = RandomMatrix(0, dtype), b = RandomMatrix(1, dtype);
  at::mm(a, b);  // warm-up
  std::vector<double> times_s;
  double total_s = 0.0;
  while (total_s < seconds || times_s.size() < 3) {
    const Clock::time_point start = Clock::now();
    at::mm(a, b);
    times_s.push_back(std::chrono::duration<double>(Clock::now() - start).count());
    total_s += times_s.back();
  }
  std::nth_element(times_s.begin(), times_s.begin() + times_s.size() / 2, times_s.end());
  return 2.0 * kSide * kSide * kSide / times_s[times_s.size() / 2];
}

}  // namespace volante
