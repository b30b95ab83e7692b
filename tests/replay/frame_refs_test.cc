// Batches that name frames instead of holding them.
#include <gtest/gtest.h>

#include <cstring>

#include "replay/naive_replay.h"
#include "replay/replay.h"

namespace volante {
namespace {

Replay Fed(RandomEpisodes& episodes, int n_step, int records) {
  Replay replay(
      {.num_worlds = 3, .frame_stride = 2, .n_step = n_step, .capacity = 60, .source = 5});
  for (int i = 0; i < records; ++i) Feed(replay, episodes.Next());
  return replay;
}

// The bytes that `frames` name: what the batch would have held.
std::vector<uint8_t> Fetch(const Replay& replay, const std::vector<FrameRef>& frames) {
  std::vector<uint8_t> pixels(frames.size() * kImagePixels, 0);
  for (size_t i = 0; i < frames.size(); ++i) {
    if (!frames[i].exists()) continue;
    std::memcpy(&pixels[i * kImagePixels], replay.FrameAt(frames[i]), kImagePixels);
  }
  return pixels;
}

TEST(FrameRefs, NameTheFramesThatTheBatchWouldHold) {
  RandomEpisodes episodes(3, 3);
  const Replay replay = Fed(episodes, 3, 400);
  Batch held, named;
  named.by_reference = true;
  RandomStream random(1, "test"), same(1, "test");
  replay.Sample(random, 40, held);
  replay.Sample(same, 40, named);
  EXPECT_TRUE(named.image.empty() && named.next_image.empty());
  EXPECT_TRUE(held.frames.empty() && held.next_frames.empty());
  EXPECT_TRUE(Fetch(replay, named.frames) == held.image);
  EXPECT_TRUE(Fetch(replay, named.next_frames) == held.next_image);
  EXPECT_EQ(named.vector, held.vector);
  EXPECT_EQ(named.ordinal, held.ordinal);
  EXPECT_EQ(named.frames[0].source, 5);
}

TEST(FrameRefs, NameTheFramesOfSequencesAndNoneBehindTheirEnds) {
  RandomEpisodes episodes(4, 3);
  const Replay replay = Fed(episodes, 2, 400);
  Batch held, named;
  named.by_reference = true;
  for (Batch* batch : {&held, &named}) {
    batch->ResizeSequences(8, 12, 2, true);
    RandomStream random(1, "test");
    replay.SampleSequences(random, 0, 8, 3, *batch);
  }
  EXPECT_TRUE(named.image.empty());
  EXPECT_TRUE(Fetch(replay, named.frames) == held.image);
  size_t none = 0;
  for (const FrameRef& frame : named.frames) none += !frame.exists();
  EXPECT_GT(none, 0u);
  EXPECT_LT(none, named.frames.size());
}

// A frame keeps its name while others come and go, so what a cache holds by a name stays true.
TEST(FrameRefs, StayTheSameWhileTheFrameIsKept) {
  RandomEpisodes episodes(5, 3);
  Replay replay = Fed(episodes, 1, 300);
  Batch named;
  named.by_reference = true;
  RandomStream random(2, "test");
  replay.Sample(random, 64, named);
  std::vector<FrameRef> newest;
  for (const FrameRef& frame : named.frames) {
    if (newest.empty() || frame.seq > newest.back().seq) newest.push_back(frame);
  }
  const std::vector<FrameRef> last = {newest.back()};
  const std::vector<uint8_t> before = Fetch(replay, last);
  for (int i = 0; i < 20; ++i) Feed(replay, episodes.Next());
  EXPECT_TRUE(Fetch(replay, last) == before);
}

}  // namespace
}  // namespace volante
