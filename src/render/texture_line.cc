#include "render/texture_line.h"

#include <immintrin.h>

#include <cstring>

namespace volante {

void SampleLineNarrow(const TextureLine& line, int8_t* out, int from, int to) {
  const int shift = 32 - line.bits;
  uint32_t x = line.x + static_cast<uint32_t>(from) * line.dx;
  uint32_t y = line.y + static_cast<uint32_t>(from) * line.dy;
  for (int u = from; u < to; ++u) {
    out[u] = line.texels[((y >> shift) << line.bits) | (x >> shift)];
    x += line.dx;
    y += line.dy;
  }
}

// The same, eight at a time. Reads up to 3 bytes behind a texel: levels end with as many spare
// ones.
__attribute__((target("avx2"))) void SampleLineWide(const TextureLine& line, int8_t* out,
                                                    int count) {
  const __m256i steps = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  __m256i x =
      _mm256_add_epi32(_mm256_set1_epi32(static_cast<int>(line.x)),
                       _mm256_mullo_epi32(_mm256_set1_epi32(static_cast<int>(line.dx)), steps));
  __m256i y =
      _mm256_add_epi32(_mm256_set1_epi32(static_cast<int>(line.y)),
                       _mm256_mullo_epi32(_mm256_set1_epi32(static_cast<int>(line.dy)), steps));
  const __m256i dx = _mm256_set1_epi32(static_cast<int>(8 * line.dx)),
                dy = _mm256_set1_epi32(static_cast<int>(8 * line.dy));
  const __m128i shift = _mm_cvtsi32_si128(32 - line.bits), bits = _mm_cvtsi32_si128(line.bits);
  const __m256i bytes =
      _mm256_setr_epi8(0, 4, 8, 12, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 0, 4, 8, 12, -1,
                       -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1);
  int u = 0;
  for (; u + 8 <= count; u += 8) {
    const __m256i row = _mm256_sll_epi32(_mm256_srl_epi32(y, shift), bits);
    const __m256i at = _mm256_or_si256(row, _mm256_srl_epi32(x, shift));
    const __m256i words = _mm256_i32gather_epi32(reinterpret_cast<const int*>(line.texels), at, 1);
    const __m256i packed = _mm256_shuffle_epi8(words, bytes);
    const auto low = static_cast<uint32_t>(_mm256_extract_epi32(packed, 0));
    const auto high = static_cast<uint32_t>(_mm256_extract_epi32(packed, 4));
    std::memcpy(out + u, &low, 4);
    std::memcpy(out + u + 4, &high, 4);
    x = _mm256_add_epi32(x, dx);
    y = _mm256_add_epi32(y, dy);
  }
  _mm256_zeroupper();
  SampleLineNarrow(line, out, u, count);
}

void SampleLine(const TextureLine& line, int8_t* out, int count) {
  static const bool wide = __builtin_cpu_supports("avx2") != 0;
  wide ? SampleLineWide(line, out, count) : SampleLineNarrow(line, out, 0, count);
}

}  // namespace volante
