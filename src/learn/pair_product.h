// Products of small matrices in bfloat16, with sums in float32: what the linear layers of an update
// are made of, at twice the rate of float32 (the CPU's VDPBF16PS, of AVX512_BF16). Made for
// matrices that stay in the cache and change with every update, which general libraries handle at a
// loss (docs/performance.md). One thread, no state; torch-free header, used by learn/ alone.
//
// The instruction multiplies two neighbours along the summed dimension at once, so operands are
// packed as such pairs of 32 bits, rounded to bfloat16 (nearest, ties to even) on the way.
#pragma once

#include <cstdint>

namespace volante {

// False where the CPU lacks the instruction: then none of the following may be called, and
// learner.bf16_encoder does not pay either.
bool CpuHasPairProducts();

inline constexpr int64_t kPairPanel = 32;  // columns of a panel

inline int64_t PairsOf(int64_t size) { return (size + 1) / 2; }
// 32-bit words of a matrix in panels: [ceil(columns / 32)][pairs][32], zeros behind its edges.
inline int64_t PanelWords(int64_t pairs, int64_t columns) {
  return (columns + kPairPanel - 1) / kPairPanel * pairs * kPairPanel;
}

// float32 x [rows, columns], rows `stride` apart, to out [rows][PairsOf(columns)]: pairs of
// neighbours in a row.
void PackAlongRows(const float* x, int64_t rows, int64_t columns, int64_t stride, uint32_t* out);
// The same to panels of PanelWords(PairsOf(rows), columns): pairs of neighbours in a column.
void PackAlongColumns(const float* x, int64_t rows, int64_t columns, int64_t stride, uint32_t* out);
// The transpose of x to panels of PanelWords(PairsOf(columns), rows): pairs of neighbours in a row
// of x.
void PackTransposed(const float* x, int64_t rows, int64_t columns, int64_t stride, uint32_t* out);

// The left operand: [rows][pairs] as PackAlongRows makes it, or panels of columns that are its rows
// (PackAlongColumns of its transpose).
struct LeftPairs {
  const uint32_t* words;
  bool panels;
};

// c [rows, columns] (rows `stride` apart) = left right, `right` in panels, `pairs` long sums; plus
// what c holds where `add`; plus bias [columns] where it is not null; then max(0, .) where `relu`,
// which keeps NaN.
struct PairProduct {
  int64_t rows, columns, pairs;
  LeftPairs left;
  const uint32_t* right;
  float* c;
  int64_t stride;
  const float* bias = nullptr;
  bool relu = false;
  bool add = false;
};
void Multiply(const PairProduct& product);

}  // namespace volante
