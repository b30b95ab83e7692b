// Sequences against whole episodes kept beside the replay: where they begin and end, what they
// hold, and which transitions their steps are.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "crash/faulty_files.h"
#include "replay/naive_replay.h"
#include "replay/replay.h"

namespace volante {
namespace {

constexpr size_t kStackBytes = size_t{kFrameStack} * kImagePixels;

// Every observation of an episode, in order.
struct WholeEpisode {
  std::vector<std::vector<uint8_t>> frames;
  std::vector<std::vector<float>> vectors;
};

struct Place {
  size_t episode = 0, tick = 0;
};

class WholeEpisodes {
 public:
  explicit WholeEpisodes(int num_worlds) : running_(static_cast<size_t>(num_worlds), 0) {}

  void Feed(const StreamStep& step) {
    size_t& running = running_[static_cast<size_t>(step.world)];
    if (step.begin) {
      running = episodes_.size();
      episodes_.emplace_back();
    }
    WholeEpisode& episode = episodes_[running];
    places_[step.vector[0]] = {running, episode.vectors.size()};  // normals: no two are equal
    episode.frames.push_back(step.frame);
    episode.vectors.push_back(step.vector);
  }
  Place Find(const float* vector) const { return places_.at(vector[0]); }
  const WholeEpisode& At(size_t episode) const { return episodes_[episode]; }

 private:
  std::vector<size_t> running_;
  std::vector<WholeEpisode> episodes_;
  std::map<float, Place> places_;
};

struct Case {
  int num_worlds, stride, n_step;
  int64_t capacity;
  int steps, burn_in;
  bool has_image = true;
};

constexpr int kSequences = 6;

// Sequence s of the batch, whose first step with a loss must be transition `index`; `at` is its
// first entry in the lists of steps, moved on to the next sequence's.
void ExpectSequence(const Batch& batch, int s, const Case& c,
                    const std::deque<NaiveTransition>& transitions, size_t index,
                    const WholeEpisodes& whole, size_t& at) {
  const auto sequence = static_cast<size_t>(s);
  const SequenceLayout& layout = batch.sequences;
  const Place start = whole.Find(transitions[index].from.vector.data());
  // What can be learned from: the transitions of this episode, by tick.
  std::map<size_t, const NaiveTransition*> of_episode;
  for (const NaiveTransition& transition : transitions) {
    const Place place = whole.Find(transition.from.vector.data());
    if (place.episode == start.episode) of_episode[place.tick] = &transition;
  }
  size_t begin = start.tick;
  while (start.tick - begin < static_cast<size_t>(c.burn_in) && begin > 0 &&
         of_episode.count(begin - 1) == 1) {
    --begin;
  }
  size_t last = begin;
  for (size_t tick = start.tick;
       tick < begin + static_cast<size_t>(c.steps) && of_episode.count(tick) == 1; ++tick, ++at) {
    const NaiveTransition& wanted = *of_episode[tick];
    last = whole.Find(wanted.to.vector.data()).tick;
    ASSERT_LT(at, batch.reward.size());
    ASSERT_EQ(batch.reward[at], wanted.reward);
    ASSERT_EQ(batch.discount[at], wanted.discount);
    ASSERT_EQ(batch.action[2 * at], wanted.action.steer);
    ASSERT_EQ(batch.action[2 * at + 1], wanted.action.throttle);
    ASSERT_EQ(layout.row[at], static_cast<int64_t>((tick - begin) * kSequences + sequence));
    ASSERT_EQ(layout.next_row[at], static_cast<int64_t>((last - begin) * kSequences + sequence));
  }
  const WholeEpisode& episode = whole.At(start.episode);
  for (size_t t = 0; t < static_cast<size_t>(layout.length); ++t) {
    const size_t row = t * kSequences + sequence, tick = begin + t;
    const std::vector<float> vector =
        tick <= last ? episode.vectors[tick] : std::vector<float>(kVectorSize);
    ASSERT_TRUE(std::equal(vector.begin(), vector.end(), &batch.vector[row * kVectorSize])) << t;
    if (!c.has_image) continue;
    for (size_t k = 0; k < kFrameStack; ++k) {
      const size_t back = (kFrameStack - 1 - k) * static_cast<size_t>(c.stride);
      const uint8_t* frame = &batch.image[row * kStackBytes + k * kImagePixels];
      if (tick <= last) {
        const auto& wanted = episode.frames[back > tick ? 0 : tick - back];
        ASSERT_TRUE(std::equal(wanted.begin(), wanted.end(), frame)) << t << ", frame " << k;
      } else {
        ASSERT_TRUE(std::all_of(frame, frame + kImagePixels, [](uint8_t b) { return b == 0; }));
      }
    }
  }
}

class Sequences : public testing::TestWithParam<Case> {};

// That the first steps are the transitions which Sample would draw is what makes them uniform.
TEST_P(Sequences, AreStretchesOfWholeEpisodesAroundUniformTransitions) {
  const Case c = GetParam();
  Replay replay({.num_worlds = c.num_worlds,
                 .has_image = c.has_image,
                 .frame_stride = c.stride,
                 .n_step = c.n_step,
                 .discount = 0.9,
                 .capacity = c.capacity});
  NaiveReplay naive(c.num_worlds, c.stride, c.n_step, 0.9, static_cast<size_t>(c.capacity));
  WholeEpisodes whole(c.num_worlds);
  RandomEpisodes episodes(static_cast<uint64_t>(c.num_worlds + c.steps), c.num_worlds);
  Batch batch;
  bool padded = false, full = false, short_burn_in = false, long_burn_in = c.burn_in == 0;
  for (uint64_t i = 0; i < 500; ++i) {
    const StreamStep step = episodes.Next();
    Feed(replay, step);
    naive.Feed(step);
    whole.Feed(step);
    if (i % 7 != 0 || naive.transitions.empty()) continue;
    batch.ResizeSequences(kSequences, c.steps, c.n_step, c.has_image);
    RandomStream random(i, "sample"), same(i, "sample");
    replay.SampleSequences(random, 0, 2, c.burn_in, batch);
    replay.SampleSequences(random, 2, kSequences - 2, c.burn_in, batch);
    size_t at = 0;
    for (int s = 0; s < kSequences; ++s) {
      const size_t first = at;
      ASSERT_NO_FATAL_FAILURE(ExpectSequence(batch, s, c, naive.transitions,
                                             same.Below(naive.transitions.size()), whole, at))
          << "sequence " << s << " at " << i;
      const int64_t burnt = batch.sequences.row[first] / kSequences;
      (burnt < c.burn_in ? short_burn_in : long_burn_in) = true;
      (static_cast<int64_t>(at - first) < c.steps - burnt ? padded : full) = true;
    }
    EXPECT_EQ(at, static_cast<size_t>(batch.size));
    EXPECT_EQ(batch.reward.size(), at);
  }
  // Otherwise not every kind of sequence was seen.
  EXPECT_TRUE(padded && long_burn_in && (short_burn_in || c.burn_in == 0));
  EXPECT_TRUE(full || c.capacity < c.steps);
}

INSTANTIATE_TEST_SUITE_P(, Sequences,
                         testing::Values(Case{1, 1, 1, 10000, 6, 2}, Case{3, 2, 3, 10000, 8, 3},
                                         Case{2, 3, 2, 60, 5, 4}, Case{3, 1, 3, 5, 7, 3},
                                         Case{2, 1, 2, 10000, 4, 0},
                                         Case{2, 1, 1, 10000, 16, 4, false}),
                         [](const auto& chosen) {
                           return "Steps" + std::to_string(chosen.param.steps) + "BurnIn" +
                                  std::to_string(chosen.param.burn_in) + "Returns" +
                                  std::to_string(chosen.param.n_step) + "Capacity" +
                                  std::to_string(chosen.param.capacity);
                         });

TEST(SequencesKept, AreTheSameAfterRestore) {
  FaultyFiles files;  // in memory; no fault is set
  const ReplayOptions options{.num_worlds = 3, .frame_stride = 2, .n_step = 3, .capacity = 90};
  Replay straight(options), resumed(options);
  RandomEpisodes episodes(4, 3);
  for (int i = 0; i < 300; ++i) {
    const StreamStep step = episodes.Next();
    Feed(straight, step);
    if (i < 200) Feed(resumed, step);
    if (i == 199) {
      const std::vector<FileRef> refs = resumed.Seal(files, "run/replay");
      resumed = Replay(options);
      resumed.Restore(files, "run/replay", refs);
    }
    if (i >= 200) Feed(resumed, step);
  }
  RandomStream a(1, "sample"), b(1, "sample");
  Batch one, two;
  for (const auto& [replay, random, batch] :
       {std::tuple{&straight, &a, &one}, std::tuple{&resumed, &b, &two}}) {
    batch->ResizeSequences(8, 10, 3, true);
    replay->SampleSequences(*random, 0, 8, 4, *batch);
  }
  EXPECT_EQ(one.sequences, two.sequences);
  EXPECT_EQ(one.image, two.image);
  EXPECT_EQ(one.vector, two.vector);
  EXPECT_EQ(one.action, two.action);
  EXPECT_EQ(one.reward, two.reward);
  EXPECT_EQ(one.discount, two.discount);
}

}  // namespace
}  // namespace volante
