// Sequences for a learner with memory: stretches of one episode, zero-padded at its end.
#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "replay/replay_impl.h"

namespace volante {
namespace {

// The transition that starts at `seq` exists: its rewards are complete, and its episode went on.
bool IsStart(const ReplayWorld& world, uint64_t seq) {
  return seq < world.next_start && !world.stream.At(seq).EndsEpisode() &&
         world.stream.At(seq + 1).tick != 0;
}

void ClearStack(size_t row, Batch& batch) {
  constexpr size_t kStackBytes = size_t{kFrameStack} * kImagePixels;
  if (batch.by_reference) {
    std::fill_n(&batch.frames[row * kFrameStack], kFrameStack, FrameRef());
  } else {
    std::memset(&batch.image[row * kStackBytes], 0, kStackBytes);
  }
}

}  // namespace

void Replay::SampleSequences(RandomStream& random, int first, int count, int burn_in,
                             Batch& batch) const {
  SequenceLayout& layout = batch.sequences;
  VOLANTE_CHECK(size() > 0, "sampling from an empty replay");
  VOLANTE_CHECK(first >= 0 && count >= 0 && first + count <= layout.count &&
                    layout.length == layout.steps + impl_->options.n_step &&
                    batch.has_image == impl_->options.has_image &&
                    batch.vector_size == impl_->options.vector_size,
                "the batch has no room for these sequences");
  VOLANTE_CHECK(burn_in >= 0 && burn_in < layout.steps, "burn-in leaves steps to learn from");
  const auto width = static_cast<size_t>(batch.vector_size);
  for (int s = first; s < first + count; ++s) {
    const StartRef start = impl_->log[random.Below(impl_->log.size())];
    const ReplayWorld& world = impl_->worlds[start.world];
    const WorldStream& stream = world.stream;
    const auto row_of = [&](uint64_t t) {
      return t * static_cast<uint64_t>(layout.count) + static_cast<uint64_t>(s);
    };

    // Stacks are whole from first_valid on.
    const uint64_t burnt =
        std::min({static_cast<uint64_t>(burn_in), uint64_t{stream.At(start.seq).tick},
                  start.seq - world.first_valid});
    const uint64_t begin = start.seq - burnt, end = begin + static_cast<uint64_t>(layout.steps);
    uint64_t last = begin;  // observation
    for (uint64_t seq = start.seq; seq < end && IsStart(world, seq); ++seq) {
      const NStepReturn steps = impl_->ReturnFrom(stream, seq);
      last = steps.last;
      const float* action = stream.At(seq + 1).action;  // stands in the record that it led to
      batch.action.insert(batch.action.end(), action, action + kActionSize);
      batch.ordinal.push_back(stream.At(seq + 1).ordinal);
      batch.reward.push_back(steps.reward);
      batch.discount.push_back(steps.discount);
      batch.weight.push_back(1.0f);
      batch.transition.push_back(0);  // sequences are drawn uniformly: nothing goes back
      layout.row.push_back(static_cast<int64_t>(row_of(seq - begin)));
      layout.next_row.push_back(static_cast<int64_t>(row_of(steps.last - begin)));
      ++batch.size;
    }
    for (uint64_t t = 0; t < static_cast<uint64_t>(layout.length); ++t) {
      float* vector = &batch.vector[row_of(t) * width];
      if (begin + t <= last) {
        std::memcpy(vector, RecordLayout::VectorOf(stream.At(begin + t)), width * sizeof(float));
        if (!batch.has_image) continue;
        impl_->PutStack(start.world, begin + t, row_of(t), batch.by_reference, batch.image,
                        batch.frames);
      } else {
        std::fill_n(vector, width, 0.0f);
        if (batch.has_image) ClearStack(row_of(t), batch);
      }
    }
  }
}

}  // namespace volante
