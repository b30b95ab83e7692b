// The ground's texture is the same on every CPU: eight pixels at a time or one.
#include "render/texture_line.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/random.h"
#include "render/scene_impl.h"

namespace volante {
namespace {

TEST(TextureLine, WideAndNarrowSampleTheSameTexels) {
  if (!__builtin_cpu_supports("avx2")) GTEST_SKIP() << "this CPU has no AVX2";
  const GroundTexture texture = GroundTexture::Make(5);
  RandomStream random(1, "texture lines");
  for (int k = 0; k < 20000; ++k) {
    const int level = static_cast<int>(random.Below(GroundTexture::kLevels));
    const auto turns = [&] { return random.NextUint32(); };
    const TextureLine line{texture.levels[static_cast<size_t>(level)].data(),
                           GroundTexture::kBaseBits - level,
                           turns(),
                           turns(),
                           turns() >> random.Below(31),
                           0u - (turns() >> random.Below(31))};
    const int count = static_cast<int>(random.Below(90));
    std::vector<int8_t> wide(90, 77), narrow(90, 77);
    SampleLineWide(line, wide.data(), count);
    SampleLineNarrow(line, narrow.data(), 0, count);
    ASSERT_EQ(wide, narrow) << "line " << k << ", " << count << " pixels of level " << level;
  }
}

// Texel (x, y) of 4 x 4 has the value 10 y + x: by hand, two texels to the right and one down a
// pixel, around the edges.
TEST(TextureLine, StepsAcrossEdgesAndWrapsAround) {
  std::vector<int8_t> texels(16 + GroundTexture::kSpareBytes, 0);
  for (int y = 0; y < 4; ++y) {
    for (int x = 0; x < 4; ++x)
      texels[static_cast<size_t>(4 * y + x)] = static_cast<int8_t>(10 * y + x);
  }
  const uint32_t texel = 1u << 30;
  int8_t out[5];
  SampleLine({texels.data(), 2, texel, 0, 2 * texel, texel}, out, 5);
  const int expected[5] = {1, 13, 21, 33, 1};
  for (int i = 0; i < 5; ++i) EXPECT_EQ(out[i], expected[i]) << i;
}

}  // namespace
}  // namespace volante
