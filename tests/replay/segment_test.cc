// Saving and restoring the replay: a restored one is the same in everything that follows.
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/hash.h"
#include "crash/faulty_files.h"
#include "replay/naive_replay.h"
#include "replay/replay.h"

namespace volante {
namespace {

class Segments : public testing::Test {
 protected:
  static constexpr char kPath[] = "run/replay";
  FaultyFiles files_;  // in memory; no fault is set
};

std::string SampleHash(const Replay& replay, uint64_t seed) {
  RandomStream random(seed, "sample");
  Batch b;
  replay.Sample(random, 64, b);
  Hasher128 hasher;
  for (const auto* bytes : {&b.image, &b.next_image}) hasher.Update(bytes->data(), bytes->size());
  for (const auto* f : {&b.vector, &b.next_vector, &b.action, &b.reward, &b.discount}) {
    hasher.Update(f->data(), f->size() * sizeof(float));
  }
  return hasher.Hex();
}

std::vector<ReplayOptions> ManyOptions() {
  std::vector<ReplayOptions> all;
  for (const int n : {1, 3}) {
    for (const int64_t capacity : {int64_t{40}, int64_t{150}, int64_t{100000}}) {
      all.push_back({.num_worlds = 3,
                     .frame_stride = n == 1 ? 1 : 2,
                     .n_step = n,
                     .capacity = capacity,
                     .max_bytes = 4'000'000});
    }
  }
  all.push_back({.num_worlds = 2, .has_image = false, .capacity = 60});
  all.push_back(
      {.num_worlds = 2, .has_image = false, .vector_size = kPrivilegedSize, .capacity = 60});
  return all;
}

TEST_F(Segments, RestoredRunContinuesBitForBit) {
  int variant = 0;
  for (const ReplayOptions& options : ManyOptions()) {
    const std::string path = kPath + std::to_string(variant++);
    RandomEpisodes episodes(5, options.num_worlds, options.vector_size);
    Replay straight(options);
    auto resumed = std::make_unique<Replay>(options);
    for (int i = 1; i <= 600; ++i) {
      const StreamStep step = episodes.Next();
      Feed(straight, step);
      Feed(*resumed, step);
      if (i % 89 == 0 || i == 3 || i == 4 || i == 300) {  // killed and resumed here
        const std::vector<FileRef> refs = resumed->Seal(files_, path);
        resumed = std::make_unique<Replay>(options);
        resumed->Restore(files_, path, refs);
        ASSERT_EQ(resumed->LogicalHash(), straight.LogicalHash())
            << "variant " << variant << ", restored at " << i;
      } else if (i % 31 == 0) {  // saved, and the process goes on
        resumed->Seal(files_, path);
      }
      if (i % 13 == 0) {
        ASSERT_EQ(resumed->LogicalHash(), straight.LogicalHash())
            << "variant " << variant << " at " << i;
        ASSERT_EQ(SampleHash(*resumed, 1), SampleHash(straight, 1));
        ASSERT_EQ(resumed->total_added(), straight.total_added());
      }
    }
  }
}

TEST_F(Segments, OpenEpisodesGoOnAfterRestore) {
  Replay replay({.num_worlds = 2, .frame_stride = 3});
  RandomEpisodes episodes(8, 2);
  for (int i = 0; i < 100; ++i) Feed(replay, episodes.Next());
  Replay other({.num_worlds = 2, .frame_stride = 3});
  other.Restore(files_, kPath, replay.Seal(files_, kPath));
  for (int world = 0; world < 2; ++world) {
    ASSERT_EQ(replay.IsOpen(world), other.IsOpen(world));
    if (!replay.IsOpen(world)) continue;
    std::vector<uint8_t> a(kFrameStack * kImagePixels), b(a.size());
    std::array<float, kVectorSize> va{}, vb{};
    replay.Observe(world, a.data(), va.data());
    other.Observe(world, b.data(), vb.data());
    EXPECT_TRUE(a == b);
    EXPECT_EQ(va, vb);
  }
}

TEST_F(Segments, SavingCostsWhatIsNew) {
  Replay replay({.num_worlds = 2});
  RandomEpisodes episodes(8, 2);
  for (int i = 0; i < 100; ++i) Feed(replay, episodes.Next());
  const auto first = replay.Seal(files_, kPath);
  EXPECT_EQ(replay.Seal(files_, kPath), first);
  EXPECT_EQ(files_.List(kPath).size(), 1u);
  for (int i = 0; i < 10; ++i) Feed(replay, episodes.Next());
  const auto second = replay.Seal(files_, kPath);
  ASSERT_EQ(second.size(), 2u);
  EXPECT_EQ(second[0], first[0]);
  EXPECT_LT(second[1].bytes, 10u * 7400);
  EXPECT_EQ(files_.Size(JoinPath(kPath, second[1].name)), second[1].bytes);
}

TEST_F(Segments, SegmentsThatAreWhollyEvictedAreNotNamed) {
  Replay replay({.num_worlds = 1, .has_image = false, .capacity = 50});
  RandomEpisodes episodes(8, 1);
  size_t most = 0;
  for (int i = 0; i < 1000; ++i) {
    Feed(replay, episodes.Next());
    if (i % 20 == 19) most = std::max(most, replay.Seal(files_, kPath).size());
  }
  EXPECT_LE(most, 5u);  // 50 transitions in pieces of about 20, and a partial one at each end
}

TEST_F(Segments, EmptyReplayIsSavedAndRestored) {
  Replay replay({.num_worlds = 2});
  const auto refs = replay.Seal(files_, kPath);
  EXPECT_TRUE(refs.empty());
  Replay other({.num_worlds = 2});
  other.Restore(files_, kPath, refs);
  EXPECT_EQ(other.LogicalHash(), replay.LogicalHash());
}

TEST_F(Segments, EveryFlippedByteAndEveryTruncationIsRefused) {
  const ReplayOptions options{.num_worlds = 2, .has_image = false};
  Replay replay(options);
  RandomEpisodes episodes(8, 2);
  for (int i = 0; i < 6; ++i) Feed(replay, episodes.Next());
  const auto refs = replay.Seal(files_, kPath);
  ASSERT_EQ(refs.size(), 1u);
  const std::string path = JoinPath(kPath, refs[0].name);
  const std::vector<uint8_t> whole = files_.ReadAll(path, 1 << 20);
  Replay other(options);
  const std::string before = other.LogicalHash();
  const auto expect_refused = [&](const std::vector<uint8_t>& bytes) {
    files_.Content(path) = bytes;
    try {
      other.Restore(files_, kPath, refs);
      FAIL() << "a damaged segment was taken";
    } catch (const Error& error) {
      ASSERT_EQ(error.code(), ExitCode::kBadInput);
      ASSERT_NE(std::string(error.what()).find(refs[0].name), std::string::npos);
    }
    ASSERT_EQ(other.LogicalHash(), before);
    // Hash and length put right, as a stranger would: still no crash, and nothing half-taken.
    const std::vector<FileRef> forged = {
        {refs[0].name, bytes.size(), Hash128Hex(bytes.data(), bytes.size())}};
    Replay victim(options);
    try {
      victim.Restore(files_, kPath, forged);
      if (victim.size() > 0) SampleHash(victim, 1);
    } catch (const Error& error) {
      ASSERT_EQ(error.code(), ExitCode::kBadInput);
    }
  };
  for (size_t i = 0; i < whole.size(); ++i) {
    std::vector<uint8_t> bytes = whole;
    bytes[i] ^= static_cast<uint8_t>(1u << (i % 8));
    ASSERT_NO_FATAL_FAILURE(expect_refused(bytes)) << "byte " << i;
    if (i % 16 == 0) {
      bytes.resize(i);
      ASSERT_NO_FATAL_FAILURE(expect_refused(bytes)) << "length " << i;
    }
  }
}

TEST_F(Segments, OtherSettingsAreRefused) {
  Replay replay({.num_worlds = 2, .has_image = false});
  RandomEpisodes episodes(8, 2);
  for (int i = 0; i < 20; ++i) Feed(replay, episodes.Next());
  const auto refs = replay.Seal(files_, kPath);
  const ReplayOptions others[] = {{.num_worlds = 3, .has_image = false},
                                  {.num_worlds = 2, .has_image = false, .vector_size = 101},
                                  {.num_worlds = 2, .has_image = true},
                                  {.num_worlds = 2, .has_image = false, .frame_stride = 2},
                                  {.num_worlds = 2, .has_image = false, .n_step = 2},
                                  {.num_worlds = 2, .has_image = false, .discount = 0.9}};
  for (const ReplayOptions& options : others) {
    Replay other(options);
    EXPECT_THROW(other.Restore(files_, kPath, refs), Error);
  }
}

// The events of docs/checkpoint_format.md, byte by byte, in each width.
TEST_F(Segments, AnEventHasTheDocumentedLayout) {
  for (const int width : {kVectorSize, kPrivilegedSize}) {
    Replay replay({.num_worlds = 2, .vector_size = width});
    std::vector<float> first(static_cast<size_t>(width), 0.25f), second = first;
    second.front() = -3.0f;
    second.back() = 4.0f;
    const std::vector<uint8_t> dark(kImagePixels, 1), bright(kImagePixels, 9);
    replay.Begin(1, dark.data(), first.data());
    replay.Add(1, {0.5f, -0.5f}, 2.5f, true, false, bright.data(), second.data());
    const std::string path = kPath + std::to_string(width);
    const auto refs = replay.Seal(files_, path);
    ASSERT_EQ(refs.size(), 1u);
    const std::vector<uint8_t> bytes = files_.ReadAll(JoinPath(path, refs[0].name), 1 << 20);
    const size_t event = 8 + 28 + 4 * static_cast<size_t>(width) + 7056;
    ASSERT_GT(bytes.size(), 2 * event);
    const uint8_t* last = bytes.data() + bytes.size() - event;
    const auto number = [&]<class T>(size_t offset, T) {
      T value;
      std::memcpy(&value, last + offset, sizeof value);
      return value;
    };
    EXPECT_EQ(number(0, uint64_t{}), 1u);   // world
    EXPECT_EQ(number(8, uint64_t{}), 1u);   // ordinal
    EXPECT_EQ(number(16, uint32_t{}), 1u);  // tick
    EXPECT_EQ(number(20, uint32_t{}), 1u);  // terminated
    EXPECT_EQ(number(24, float{}), 0.5f);
    EXPECT_EQ(number(28, float{}), -0.5f);
    EXPECT_EQ(number(32, float{}), 2.5f);
    EXPECT_EQ(number(36, float{}), -3.0f);
    EXPECT_EQ(number(40, float{}), 0.25f);
    EXPECT_EQ(number(event - 7056 - 4, float{}), 4.0f);
    EXPECT_EQ(last[event - 7056], 9);
    EXPECT_EQ(last[event - 1], 9);
  }
}

TEST_F(Segments, AGapBetweenSegmentsIsRefused) {
  const ReplayOptions options{.num_worlds = 1, .has_image = false};
  Replay replay(options);
  RandomEpisodes episodes(8, 1);
  std::vector<FileRef> refs;
  for (int segment = 0; segment < 3; ++segment) {
    for (int i = 0; i < 50; ++i) Feed(replay, episodes.Next());
    refs = replay.Seal(files_, kPath);
  }
  ASSERT_EQ(refs.size(), 3u);
  refs.erase(refs.begin() + 1);
  Replay other(options);
  try {
    other.Restore(files_, kPath, refs);
    FAIL() << "a replay with a gap was taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.reason(), "records between segments are missing");
  }
}

TEST_F(Segments, AMissingSegmentIsNamed) {
  Replay replay({.num_worlds = 1, .has_image = false});
  RandomEpisodes episodes(8, 1);
  for (int i = 0; i < 20; ++i) Feed(replay, episodes.Next());
  replay.Seal(files_, kPath);
  for (int i = 0; i < 20; ++i) Feed(replay, episodes.Next());
  auto refs = replay.Seal(files_, kPath);
  ASSERT_EQ(refs.size(), 2u);
  Replay other({.num_worlds = 1, .has_image = false});
  const std::vector<FileRef> without_first = {refs[1]};
  EXPECT_THROW(other.Restore(files_, kPath, without_first), Error);
  files_.Remove(JoinPath(kPath, refs[0].name));
  try {
    other.Restore(files_, kPath, refs);
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(error.where().find(refs[0].name), std::string::npos);
  }
}

}  // namespace
}  // namespace volante
