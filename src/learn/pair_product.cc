#include "learn/pair_product.h"

#include <immintrin.h>

#include <algorithm>
#include <cstddef>

#include "base/error.h"

namespace volante {
namespace {

#define VOLANTE_PAIRS \
  __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,prefer-vector-width=512")))

// Sums of a tile stay in registers: at most 14 rows of two vectors, with two of the right operand
// and one of the left 31 of the 32.
constexpr int kTileRows = 14;

VOLANTE_PAIRS inline __mmask16 First(int64_t count) {
  return static_cast<__mmask16>(count >= 16 ? 0xFFFF : (1u << std::max<int64_t>(count, 0)) - 1u);
}

// Rows [0, kRows) of one panel.
template <int kRows>
VOLANTE_PAIRS void Tile(const PairProduct& p, const uint32_t* left, int64_t row_step,
                        int64_t pair_step, const uint32_t* right, float* c, const float* bias,
                        int64_t columns) {
  __m512 sum[kRows][2];
#pragma GCC unroll 14
  for (int r = 0; r < kRows; ++r) sum[r][0] = sum[r][1] = _mm512_setzero_ps();
  for (int64_t k = 0; k < p.pairs; ++k) {
    const auto right0 = (__m512bh)_mm512_loadu_si512(right + k * kPairPanel);
    const auto right1 = (__m512bh)_mm512_loadu_si512(right + k * kPairPanel + 16);
#pragma GCC unroll 14
    for (int r = 0; r < kRows; ++r) {
      const auto pair =
          (__m512bh)_mm512_set1_epi32(static_cast<int>(left[r * row_step + k * pair_step]));
      sum[r][0] = _mm512_dpbf16_ps(sum[r][0], pair, right0);
      sum[r][1] = _mm512_dpbf16_ps(sum[r][1], pair, right1);
    }
  }
#pragma GCC unroll 2
  for (int half = 0; half < 2; ++half) {
    const __mmask16 mask = First(columns - 16 * half);
    const __m512 shift =
        bias == nullptr ? _mm512_setzero_ps() : _mm512_maskz_loadu_ps(mask, bias + 16 * half);
#pragma GCC unroll 14
    for (int r = 0; r < kRows; ++r) {
      float* out = c + r * p.stride + 16 * half;
      __m512 value = _mm512_add_ps(sum[r][half], shift);
      if (p.add) value = _mm512_add_ps(value, _mm512_maskz_loadu_ps(mask, out));
      if (p.relu) value = _mm512_max_ps(_mm512_setzero_ps(), value);  // NaN stays NaN
      _mm512_mask_storeu_ps(out, mask, value);
    }
  }
}

using TileFunction = void (*)(const PairProduct&, const uint32_t*, int64_t, int64_t,
                              const uint32_t*, float*, const float*, int64_t);
constexpr TileFunction kTiles[kTileRows + 1] = {nullptr,  Tile<1>,  Tile<2>,  Tile<3>,  Tile<4>,
                                                Tile<5>,  Tile<6>,  Tile<7>,  Tile<8>,  Tile<9>,
                                                Tile<10>, Tile<11>, Tile<12>, Tile<13>, Tile<14>};

// 16 float32 as 16 bfloat16 in the lower halves of 32 bits.
VOLANTE_PAIRS inline __m512i Rounded(__mmask16 mask, const float* x) {
  return _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(_mm512_maskz_loadu_ps(mask, x)));
}

// 32 float32 as 16 pairs; those from `count` on are 0.
VOLANTE_PAIRS inline __m512i Pairs(const float* x, int64_t count) {
  const __m512 low = _mm512_maskz_loadu_ps(First(count), x);
  const __m512 high = _mm512_maskz_loadu_ps(First(count - 16), x + 16);
  return (__m512i)_mm512_cvtne2ps_pbh(high, low);
}

VOLANTE_PAIRS void PackAlongRowsAvx(const float* x, int64_t rows, int64_t columns, int64_t stride,
                                    uint32_t* out) {
  const int64_t pairs = PairsOf(columns);
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t k = 0; k < pairs; k += 16) {
      _mm512_mask_storeu_epi32(out + row * pairs + k, First(pairs - k),
                               Pairs(x + row * stride + 2 * k, columns - 2 * k));
    }
  }
}

VOLANTE_PAIRS void PackAlongColumnsAvx(const float* x, int64_t rows, int64_t columns,
                                       int64_t stride, uint32_t* out) {
  const int64_t pairs = PairsOf(rows);
  for (int64_t first = 0; first < columns; first += 16) {
    const __mmask16 mask = First(columns - first);
    uint32_t* to = out + first / kPairPanel * pairs * kPairPanel + first % kPairPanel;
    for (int64_t k = 0; k < pairs; ++k) {
      const float* from = x + 2 * k * stride + first;
      __m512i pair = Rounded(mask, from);
      if (2 * k + 1 < rows) {
        pair = _mm512_or_si512(pair, _mm512_slli_epi32(Rounded(mask, from + stride), 16));
      }
      _mm512_storeu_si512(to + k * kPairPanel, pair);
    }
  }
  // The second half of the last panel, where the columns end before it.
  if (const int64_t end = (columns + 15) / 16 * 16; end % kPairPanel != 0) {
    uint32_t* to = out + end / kPairPanel * pairs * kPairPanel + end % kPairPanel;
    for (int64_t k = 0; k < pairs; ++k) {
      _mm512_storeu_si512(to + k * kPairPanel, _mm512_setzero_si512());
    }
  }
}

// 16 x 16 words, in place: 32 bits within 64, 64 within 128, then lanes of 128.
VOLANTE_PAIRS inline void Transpose(__m512i (&r)[16]) {
  __m512i t[16];
#pragma GCC unroll 8
  for (int i = 0; i < 16; i += 2) {
    t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
    t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 16; i += 4) {
    r[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
    r[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
    r[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
    r[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
  }
  // Lane l of r[4 i + j] is now column 4 l + j of rows 4 i to 4 i + 3.
  constexpr int kEven = 0x88, kOdd = 0xDD;
#pragma GCC unroll 4
  for (int j = 0; j < 4; ++j) {
    const __m512i even0 = _mm512_shuffle_i32x4(r[j], r[4 + j], kEven);
    const __m512i even1 = _mm512_shuffle_i32x4(r[8 + j], r[12 + j], kEven);
    const __m512i odd0 = _mm512_shuffle_i32x4(r[j], r[4 + j], kOdd);
    const __m512i odd1 = _mm512_shuffle_i32x4(r[8 + j], r[12 + j], kOdd);
    t[j] = _mm512_shuffle_i32x4(even0, even1, kEven);
    t[4 + j] = _mm512_shuffle_i32x4(odd0, odd1, kEven);
    t[8 + j] = _mm512_shuffle_i32x4(even0, even1, kOdd);
    t[12 + j] = _mm512_shuffle_i32x4(odd0, odd1, kOdd);
  }
#pragma GCC unroll 16
  for (int i = 0; i < 16; ++i) r[i] = t[i];
}

VOLANTE_PAIRS void PackTransposedAvx(const float* x, int64_t rows, int64_t columns, int64_t stride,
                                     uint32_t* out) {
  const int64_t pairs = PairsOf(columns);
  const int64_t padded = (rows + kPairPanel - 1) / kPairPanel * kPairPanel;
  for (int64_t first = 0; first < padded; first += 16) {
    uint32_t* to = out + first / kPairPanel * pairs * kPairPanel + first % kPairPanel;
    for (int64_t k = 0; k < pairs; k += 16) {
      __m512i block[16];
#pragma GCC unroll 16
      for (int i = 0; i < 16; ++i) {
        block[i] = first + i < rows ? Pairs(x + (first + i) * stride + 2 * k, columns - 2 * k)
                                    : _mm512_setzero_si512();
      }
      Transpose(block);
      const int64_t count = std::min<int64_t>(16, pairs - k);
      for (int64_t i = 0; i < count; ++i) _mm512_storeu_si512(to + (k + i) * kPairPanel, block[i]);
    }
  }
}

// `rows` in tiles as even as they can be.
template <class Work>
void EvenTiles(int64_t rows, const Work& work) {
  const int64_t tiles = (rows + kTileRows - 1) / kTileRows;
  for (int64_t t = 0; t < tiles; ++t) {
    const int64_t first = rows * t / tiles, end = rows * (t + 1) / tiles;
    work(first, static_cast<int>(end - first));
  }
}

}  // namespace

bool CpuHasPairProducts() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512bf16");
}

void PackAlongRows(const float* x, int64_t rows, int64_t columns, int64_t stride, uint32_t* out) {
  PackAlongRowsAvx(x, rows, columns, stride, out);
}
void PackAlongColumns(const float* x, int64_t rows, int64_t columns, int64_t stride,
                      uint32_t* out) {
  PackAlongColumnsAvx(x, rows, columns, stride, out);
}
void PackTransposed(const float* x, int64_t rows, int64_t columns, int64_t stride, uint32_t* out) {
  PackTransposedAvx(x, rows, columns, stride, out);
}

// A panel of the right operand stays in the first cache while the rows go by.
void Multiply(const PairProduct& p) {
  for (int64_t column = 0; column < p.columns; column += kPairPanel) {
    const uint32_t* right = p.right + column * p.pairs;
    const float* bias = p.bias == nullptr ? nullptr : p.bias + column;
    const auto tile = [&](const uint32_t* left, int64_t row_step, int64_t pair_step, int64_t first,
                          int rows) {
      kTiles[rows](p, left, row_step, pair_step, right, p.c + first * p.stride + column, bias,
                   p.columns - column);
    };
    if (!p.left.panels) {
      EvenTiles(p.rows, [&](int64_t first, int rows) {
        tile(p.left.words + first * p.pairs, p.pairs, 1, first, rows);
      });
      continue;
    }
    for (int64_t panel = 0; panel < p.rows; panel += kPairPanel) {
      EvenTiles(std::min(kPairPanel, p.rows - panel), [&](int64_t first, int rows) {
        tile(p.left.words + panel * p.pairs + first, 1, kPairPanel, panel + first, rows);
      });
    }
  }
}

}  // namespace volante
