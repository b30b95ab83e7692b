// The cache of frames against the replay that it stands in for, on the CPU: a GPU runs the same
// code (cuda_test.cc).
#include "learn/frame_cache.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/from_blob.h>
#include <gtest/gtest.h>

#include "learn/kernels.h"
#include "learn/learner_fixture.h"
#include "learn/sample_both.h"
#include "learn/td3_impl.h"

namespace volante {
namespace {

constexpr int kWorlds = 4;

// `steps` ticks of episodes of 30 in every world, noise for pictures.
void Drive(Replay& replay, RandomStream& random, int steps) {
  std::vector<uint8_t> frame(kImagePixels);
  const std::vector<float> vector(kVectorSize, 0.5f);
  for (int i = 0; i < steps; ++i) {
    for (int w = 0; w < kWorlds; ++w) {
      for (size_t p = 0; p < frame.size(); p += 8) {
        const uint64_t noise = random.NextUint64();
        std::memcpy(&frame[p], &noise, sizeof noise);
      }
      if (!replay.IsOpen(w)) {
        replay.Begin(w, frame.data(), vector.data());
      } else {
        replay.Add(w, {0.1f, 0.2f}, 1.0f, i % (30 + w) == 29, false, frame.data(), vector.data());
      }
    }
  }
}

Replay Empty(uint8_t source = 0) {
  return Replay({.num_worlds = kWorlds, .frame_stride = 3, .capacity = 400, .source = source});
}

at::Tensor Pixels(const std::vector<uint8_t>& image) {
  return at::from_blob(const_cast<uint8_t*>(image.data()),
                       {static_cast<int64_t>(image.size() / kStackBytes), 4, 84, 84}, at::kByte);
}

// Samples the same batch twice, with pixels and by reference.
void ExpectSame(const Replay& replay, FrameCache& cache, uint64_t index) {
  const auto [held, named] = SampleBoth(replay, 16, index);
  ASSERT_TRUE(at::equal(cache.Stacks(named.frames), Pixels(held.image)));
  ASSERT_TRUE(at::equal(cache.Stacks(named.next_frames), Pixels(held.next_image)));
}

TEST(FrameCache, GivesWhatTheReplayHoldsWhileItFillsAndForgets) {
  for (const uint64_t frames : {200u, 2000u}) {  // less and more than the replay keeps
    Replay replay = Empty();
    RandomStream random(2, "drive");
    Drive(replay, random, 10);
    const CachedReplay source = {&replay, frames * kImagePixels, 64};
    FrameCache cache({&source, 1}, at::kCPU);
    ASSERT_FALSE(cache.empty());
    EXPECT_LE(cache.bytes(), (frames + 1) * kImagePixels);
    for (uint64_t i = 0; i < 60; ++i) {
      Drive(replay, random, 5);
      ASSERT_NO_FATAL_FAILURE(ExpectSame(replay, cache, i));
    }
  }
}

TEST(FrameCache, FetchesNoFrameTwiceWhereThereIsRoom) {
  Replay replay = Empty();
  RandomStream random(2, "drive");
  Drive(replay, random, 100);
  const CachedReplay source = {&replay, 2000 * kImagePixels, 64};
  FrameCache cache({&source, 1}, at::kCPU);
  for (uint64_t i = 0; i < 200; ++i) ASSERT_NO_FATAL_FAILURE(ExpectSame(replay, cache, i));
  EXPECT_GT(cache.fetched(), 300);
  EXPECT_LE(cache.fetched(), 100 * kWorlds);
}

TEST(FrameCache, KeepsTwoReplaysApart) {
  Replay agents = Empty(0), experts = Empty(1);
  RandomStream random(2, "drive");
  Drive(agents, random, 60);
  Drive(experts, random, 60);
  const CachedReplay sources[] = {{&agents, 400 * kImagePixels, 64},
                                  {&experts, 100 * kImagePixels, 64}};
  FrameCache cache(sources, at::kCPU);
  for (uint64_t i = 0; i < 20; ++i) {
    Batch held, named;
    named.by_reference = true;
    for (Batch* batch : {&held, &named}) {
      RandomStream rows(3, "rows", i);
      batch->Resize(16, true);
      agents.SampleRows(rows, 0, 10, *batch);
      experts.SampleRows(rows, 10, 6, *batch);
    }
    ASSERT_TRUE(at::equal(cache.Stacks(named.frames), Pixels(held.image)));
  }
}

TEST(FrameCache, OfNoRoomIsEmptyAndOfLittleRoomTakesHalf) {
  const Replay replay = Empty();
  const CachedReplay endless = {&replay, uint64_t{1} << 60, 64};
  EXPECT_TRUE(FrameCache({&endless, 1}, at::kCPU).empty());
  const CachedReplay small = {&replay, 63 * kImagePixels, 64};
  EXPECT_TRUE(FrameCache({&small, 1}, at::kCPU).empty());
}

TEST(FrameCache, UpdatesFromReferencesAreThoseFromPixels) {
  const Td3Options options = TestOptions(ObservationMode::kCameraVector, Wiring::kSharedCritic,
                                         Fusion::kTrunk, Encoder::kSmall);
  Replay replay = Empty();
  RandomStream random(2, "drive");
  Drive(replay, random, 60);
  Td3Learner pixels(options), references(options);
  const CachedReplay source = {&replay, 300 * kImagePixels, 64};
  ASSERT_GT(references.CacheFrames({&source, 1}), 0u);
  for (uint64_t i = 0; i < 3; ++i) {
    const auto [held, named] = SampleBoth(replay, 8, i);
    pixels.Update(held);
    references.Update(named);
  }
  EXPECT_TRUE(pixels.SaveTensors(TensorScope::kEverything) ==
              references.SaveTensors(TensorScope::kEverything));
}

// What a GPU does with pictures, by the loops that a CPU does it with.
TEST(StacksToUnitRange, IsTheFormulaOfTheLoops) {
  const Batch batch = RandomBatch(6, ObservationMode::kCameraVector, 3);
  const StackAugmentation augmentations[] = {
      {},
      {.shift_x_px = 1},
      {.shift_x_px = -4, .shift_y_px = 3},
      {.brightness = 1.2f},
      {.contrast = 0.8f},
      {.shift_x_px = 2, .shift_y_px = -1, .brightness = 0.9f, .contrast = 1.2f}};
  for (const StackAugmentation* a :
       {static_cast<const StackAugmentation*>(nullptr), augmentations}) {
    at::Tensor wanted =
        at::empty({6, 4, 84, 84},
                  at::TensorOptions(at::kDouble).memory_format(at::MemoryFormat::ChannelsLast));
    ImagesToUnitRange(batch.image.data(), 6, wanted.data_ptr<double>(), a);
    const at::Tensor ours = StacksToUnitRange(Pixels(batch.image), at::kDouble, a);
    // A brightness is a float32, and so are its products in the loops.
    EXPECT_LT((ours - wanted).abs().max().item<double>(), a == nullptr ? 1e-15 : 1e-6);
  }
}

}  // namespace
}  // namespace volante
