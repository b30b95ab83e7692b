// A row of the ground's texture as a picture row sees it: nearest texels along a line.
#pragma once

#include <cstdint>

namespace volante {

// In a square texture of 2^bits texels a side, from (x, y) by (dx, dy) a pixel, all in turns of
// 2^32. Three bytes behind the last texel are readable.
struct TextureLine {
  const int8_t* texels;
  int bits;
  uint32_t x, y, dx, dy;
};

// Into out[0..count): eight pixels at a time where the CPU has AVX2, with the same bytes.
void SampleLine(const TextureLine& line, int8_t* out, int count);
// The two ways, for tests. The wide one needs AVX2.
void SampleLineNarrow(const TextureLine& line, int8_t* out, int from, int to);
void SampleLineWide(const TextureLine& line, int8_t* out, int count);

}  // namespace volante
