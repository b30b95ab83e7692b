#include "replay/replay.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "base/hash.h"
#include "replay/replay_impl.h"

namespace volante {

static_assert(std::endian::native == std::endian::little, "records are stored as in memory");

Replay::Impl::Impl(const ReplayOptions& o) : options(o) {
  VOLANTE_CHECK(o.num_worlds >= 1 && o.num_worlds <= 65535, "num_worlds is out of range");
  VOLANTE_CHECK(o.frame_stack >= 1 && o.frame_stack <= kFrameStack, "a stack holds 4 frames");
  VOLANTE_CHECK(o.n_step >= 1 && o.frame_stride >= 1 && o.capacity >= 1, "a replay option < 1");
  VOLANTE_CHECK(o.vector_size >= 1 && o.vector_size % 2 == 1, "vector_size is not odd");
  const uint64_t n = static_cast<uint64_t>(o.num_worlds);
  for (uint64_t i = 0; i < n; ++i) worlds.emplace_back(layout(), 0);

  // Each world's first and last block may be partly used; some room for tables and segment names.
  const uint64_t record = layout().bytes();
  const bool prioritised = o.priority.kind != ReplayPriority::kUniform;
  const uint64_t slack = n * 2 * WorldStream::kRecordsPerBlock * record + 2 * record +
                         n * sizeof(ReplayWorld) + (64 << 10) +
                         (prioritised ? Priorities::BytesFor(MostStarts()) : 0);
  // What an open episode keeps whatever its age, and two transitions more.
  const uint64_t unevictable = n * (HistoryTicks() + static_cast<uint64_t>(o.n_step) + 3) * record;
  if (o.max_bytes < slack + unevictable) {
    throw Error(ExitCode::kUsage, "the replay memory is too small", "replay.max_gb",
                std::to_string(o.max_bytes) + " bytes do not hold a few transitions of " +
                    std::to_string(n) + " worlds",
                "set at least " + std::to_string(slack + unevictable) + " bytes");
  }
  budget_bytes = o.max_bytes - slack;
  if (prioritised) priorities.emplace(o.priority, MostStarts());
}

// Those that capacity and memory allow, and those that one more record may complete before the
// oldest go.
uint64_t Replay::Impl::MostStarts() const {
  const uint64_t in_memory = options.max_bytes / (layout().bytes() + sizeof(StartRef));
  return std::min(static_cast<uint64_t>(options.capacity), in_memory) +
         static_cast<uint64_t>(options.n_step);
}

uint64_t Replay::Impl::HistoryTicks() const {
  return options.has_image ? static_cast<uint64_t>((kFrameStack - 1) * options.frame_stride) : 0;
}

uint64_t Replay::Impl::LogicalBytes() const {
  const uint64_t per_record =
      layout().bytes() + (WorldStream::kBlockOverhead + WorldStream::kRecordsPerBlock - 1) /
                             WorldStream::kRecordsPerBlock;
  return live_records * per_record + log.size() * sizeof(StartRef);
}

void Replay::Impl::PushStart(size_t world, uint64_t seq) {
  // Only a restored stream has starts below first_valid: they had been evicted when it was saved.
  if (seq < worlds[world].first_valid) return;
  log.push_back({static_cast<uint16_t>(world), seq & ((uint64_t{1} << 48) - 1)});
  if (priorities) priorities->Append();
}

void Replay::Impl::OnAppended(size_t world) {
  ReplayWorld& w = worlds[world];
  const uint64_t last = w.stream.end() - 1;
  const ReplayRecord& record = w.stream.At(last);
  ++live_records;
  if (record.tick == 0) {
    if (w.open) {  // the episode before was cut: its last observation closes it
      while (w.next_start + 1 < last) PushStart(world, w.next_start++);
    }
    w.next_start = last;
    w.open = true;
  } else if (record.EndsEpisode()) {
    while (w.next_start < last) PushStart(world, w.next_start++);
    w.next_start = last + 1;
    w.open = false;
  } else {
    const uint64_t n = static_cast<uint64_t>(options.n_step);
    while (w.next_start + n <= last) PushStart(world, w.next_start++);
  }
}

void Replay::Impl::Trim(ReplayWorld& w) {
  const uint64_t end = w.stream.end();
  const auto is_last_of_episode = [&](uint64_t seq) {
    return w.stream.At(seq).EndsEpisode() || (seq + 1 < end && w.stream.At(seq + 1).tick == 0);
  };
  while (w.first_valid < end && is_last_of_episode(w.first_valid)) ++w.first_valid;
  uint64_t needed = end;
  if (w.first_valid < end) {
    needed = w.first_valid - std::min<uint64_t>(w.stream.At(w.first_valid).tick, HistoryTicks());
  }
  live_records -= needed - w.first_needed;
  w.first_needed = needed;
  w.stream.DropBefore(needed);
}

void Replay::Impl::Evict() {
  while (!log.empty() &&
         (static_cast<int64_t>(log.size()) > options.capacity || LogicalBytes() > budget_bytes)) {
    const StartRef oldest = log.front();
    log.pop_front();
    if (priorities) priorities->DropFirst();
    ReplayWorld& w = worlds[oldest.world];
    w.first_valid = oldest.seq + 1;
    Trim(w);
  }
}

uint64_t Replay::Impl::FrameSeq(const WorldStream& stream, uint64_t seq, int k) const {
  const int tick = static_cast<int>(stream.At(seq).tick);
  const int back = tick - StackedFrame(tick, k, options.frame_stride, options.frame_stack);
  return seq - static_cast<uint64_t>(back);
}

void Replay::Impl::CopyStack(const WorldStream& stream, uint64_t seq, uint8_t* out) const {
  for (int k = 0; k < kFrameStack; ++k) {
    std::memcpy(out + static_cast<size_t>(k) * kImagePixels,
                layout().FrameOf(stream.At(FrameSeq(stream, seq, k))), kImagePixels);
  }
}

void Replay::Impl::PutStack(uint64_t world, uint64_t seq, size_t row, bool by_reference,
                            std::vector<uint8_t>& images, std::vector<FrameRef>& frames) const {
  const WorldStream& stream = worlds[world].stream;
  if (!by_reference) {
    CopyStack(stream, seq, &images[row * kFrameStack * kImagePixels]);
    return;
  }
  for (int k = 0; k < kFrameStack; ++k) {
    frames[row * kFrameStack + static_cast<size_t>(k)] = {
        FrameSeq(stream, seq, k), static_cast<uint16_t>(world), options.source};
  }
}

void Replay::Impl::WriteObservation(uint8_t* record, const uint8_t* frame,
                                    const float* vector) const {
  uint8_t* numbers = record + ReplayRecord::kHeadBytes;
  std::memcpy(numbers, vector, layout().vector_bytes());
  if (options.has_image) std::memcpy(numbers + layout().vector_bytes(), frame, kImagePixels);
}

NStepReturn Replay::Impl::ReturnFrom(const WorldStream& stream, uint64_t start) const {
  const uint64_t end = stream.end();
  uint64_t last = start;
  double reward = 0.0, weight = 1.0;
  bool terminated = false;
  for (int i = 0; i < options.n_step; ++i) {
    if (last + 1 == end || stream.At(last + 1).tick == 0) break;  // the episode ended here
    const ReplayRecord& record = stream.At(++last);
    reward += weight * static_cast<double>(record.reward);
    weight *= options.discount;
    terminated = (record.flags & ReplayRecord::kTerminatedFlag) != 0;
  }
  return {static_cast<float>(reward), terminated ? 0.0f : static_cast<float>(weight), last};
}

Replay::Replay(const ReplayOptions& options) : impl_(std::make_unique<Impl>(options)) {}
Replay::~Replay() = default;
Replay::Replay(Replay&&) noexcept = default;
Replay& Replay::operator=(Replay&&) noexcept = default;

void Replay::Begin(int world, const uint8_t* frame, const float* vector) {
  VOLANTE_CHECK(world >= 0 && world < impl_->options.num_worlds, "no such world");
  VOLANTE_CHECK(frame != nullptr || !impl_->options.has_image, "this replay needs frames");
  ReplayWorld& w = impl_->worlds[static_cast<size_t>(world)];
  uint8_t* place = w.stream.Append();
  new (place) ReplayRecord{.ordinal = impl_->next_ordinal++};
  impl_->WriteObservation(place, frame, vector);
  impl_->OnAppended(static_cast<size_t>(world));
  impl_->Trim(w);
  impl_->Evict();
}

void Replay::Add(int world, Action action, float reward, bool terminated, bool truncated,
                 const uint8_t* next_frame, const float* next_vector) {
  VOLANTE_CHECK(IsOpen(world), "Add without Begin");
  VOLANTE_CHECK(next_frame != nullptr || !impl_->options.has_image, "this replay needs frames");
  ReplayWorld& w = impl_->worlds[static_cast<size_t>(world)];
  const uint32_t tick = w.stream.At(w.stream.end() - 1).tick + 1;
  uint8_t* place = w.stream.Append();
  new (place) ReplayRecord{.ordinal = impl_->next_ordinal++,
                           .tick = tick,
                           .flags = (terminated ? ReplayRecord::kTerminatedFlag : 0u) |
                                    (truncated ? ReplayRecord::kTruncatedFlag : 0u),
                           .action = {action.steer, action.throttle},
                           .reward = reward};
  impl_->WriteObservation(place, next_frame, next_vector);
  ++impl_->total_added;
  impl_->OnAppended(static_cast<size_t>(world));
  impl_->Trim(w);
  impl_->Evict();
}

int64_t Replay::size() const { return static_cast<int64_t>(impl_->log.size()); }
int Replay::num_worlds() const { return impl_->options.num_worlds; }
int64_t Replay::total_added() const { return impl_->total_added; }

uint64_t Replay::bytes() const {
  uint64_t sum = impl_->log.size() * sizeof(StartRef) + impl_->worlds.size() * sizeof(ReplayWorld) +
                 sizeof(Impl) + (impl_->priorities ? impl_->priorities->bytes() : 0);
  for (const ReplayWorld& w : impl_->worlds) sum += w.stream.bytes();
  return sum;
}

bool Replay::IsOpen(int world) const {
  VOLANTE_CHECK(world >= 0 && world < impl_->options.num_worlds, "no such world");
  return impl_->worlds[static_cast<size_t>(world)].open;
}

void Replay::Observe(int world, uint8_t* stack, float* vector) const {
  VOLANTE_CHECK(IsOpen(world), "no episode is open in this world");
  const WorldStream& stream = impl_->worlds[static_cast<size_t>(world)].stream;
  const uint64_t last = stream.end() - 1;
  if (impl_->options.has_image) impl_->CopyStack(stream, last, stack);
  std::memcpy(vector, RecordLayout::VectorOf(stream.At(last)), impl_->layout().vector_bytes());
}

void Replay::Sample(RandomStream& random, int batch_size, Batch& batch, double beta) const {
  batch.Resize(batch_size, impl_->options.has_image, impl_->options.vector_size);
  SampleRows(random, 0, batch_size, batch, beta);
}

void Replay::Impl::DrawRows(RandomStream& random, size_t first, size_t count, double beta,
                            Batch& batch) const {
  if (!priorities) {
    // Uniform: numbers within the log, whose oldest start is 0.
    for (size_t i = 0; i < count; ++i) batch.transition[first + i] = random.Below(log.size());
    std::fill_n(batch.weight.begin() + static_cast<std::ptrdiff_t>(first), count, 1.0f);
    return;
  }
  const std::vector<uint64_t> numbers = priorities->Draw(random, count);
  std::ranges::copy(numbers, batch.transition.begin() + static_cast<std::ptrdiff_t>(first));
  std::ranges::copy(priorities->Weights(numbers, beta),
                    batch.weight.begin() + static_cast<std::ptrdiff_t>(first));
}

void Replay::SampleRows(RandomStream& random, int first, int count, Batch& batch,
                        double beta) const {
  VOLANTE_CHECK(size() > 0, "sampling from an empty replay");
  VOLANTE_CHECK(first >= 0 && count >= 0 && first + count <= batch.size &&
                    batch.has_image == impl_->options.has_image &&
                    batch.vector_size == impl_->options.vector_size,
                "the batch has no such rows");
  const size_t end_row = static_cast<size_t>(first + count);
  const size_t width = static_cast<size_t>(batch.vector_size);
  impl_->DrawRows(random, static_cast<size_t>(first), static_cast<size_t>(count), beta, batch);
  const uint64_t oldest = impl_->priorities ? impl_->priorities->first() : 0;
  const auto start_of = [&](size_t row) { return impl_->log[batch.transition[row] - oldest]; };
  // Rows lie anywhere in gigabytes: the wait for all of them at once is that for one.
  for (size_t row = static_cast<size_t>(first); row < end_row; ++row) {
    const StartRef start = start_of(row);
    impl_->worlds[start.world].stream.Prefetch(start.seq);
  }
  for (size_t row = static_cast<size_t>(first); row < end_row; ++row) {
    const StartRef start = start_of(row);
    const WorldStream& stream = impl_->worlds[start.world].stream;
    const NStepReturn steps = impl_->ReturnFrom(stream, start.seq);
    // The action stands in the record that it led to.
    batch.ordinal[row] = stream.At(start.seq + 1).ordinal;
    std::memcpy(&batch.action[row * kActionSize], stream.At(start.seq + 1).action,
                sizeof(ReplayRecord::action));
    batch.reward[row] = steps.reward;
    batch.discount[row] = steps.discount;
    std::memcpy(&batch.vector[row * width], RecordLayout::VectorOf(stream.At(start.seq)),
                width * sizeof(float));
    std::memcpy(&batch.next_vector[row * width], RecordLayout::VectorOf(stream.At(steps.last)),
                width * sizeof(float));
    if (impl_->options.has_image) {
      impl_->PutStack(start.world, start.seq, row, batch.by_reference, batch.image, batch.frames);
      impl_->PutStack(start.world, steps.last, row, batch.by_reference, batch.next_image,
                      batch.next_frames);
    }
  }
}

void Replay::UpdatePriorities(const Batch& batch, int first, std::span<const float> td_errors) {
  if (!impl_->priorities) return;
  VOLANTE_CHECK(first >= 0 && static_cast<size_t>(first) + td_errors.size() <=
                                  static_cast<size_t>(batch.size),
                "the batch has no such rows");
  for (size_t i = 0; i < td_errors.size(); ++i) {
    impl_->priorities->Update(batch.transition[static_cast<size_t>(first) + i],
                              static_cast<double>(td_errors[i]));
  }
}

const uint8_t* Replay::FrameAt(const FrameRef& ref) const {
  const auto num_worlds = static_cast<uint64_t>(impl_->options.num_worlds);
  VOLANTE_CHECK(impl_->options.has_image && ref.source == impl_->options.source &&
                    ref.world < num_worlds && ref.seq >= impl_->worlds[ref.world].first_needed &&
                    ref.seq < impl_->worlds[ref.world].stream.end(),
                "no such frame is kept");
  return impl_->layout().FrameOf(impl_->worlds[ref.world].stream.At(ref.seq));
}

const Priorities* Replay::priorities() const {
  return impl_->priorities ? &*impl_->priorities : nullptr;
}

void Replay::RestorePriorities(const SavedPriorities& saved, const std::string& where) {
  VOLANTE_CHECK(impl_->priorities.has_value(), "this replay has no priorities");
  if (impl_->priorities->Restore(saved)) return;
  throw Error(ExitCode::kBadInput, "saved priorities can't be used", where,
              "they do not belong to the " + std::to_string(impl_->log.size()) +
                  " transitions of the replay segments",
              "resume from an older checkpoint with --at STEP");
}

std::string Replay::LogicalHash() const {
  Hasher128 hasher;
  const auto add = [&](uint64_t value) { hasher.Update(&value, sizeof value); };
  add(impl_->next_ordinal);
  add(static_cast<uint64_t>(impl_->total_added));
  for (const ReplayWorld& w : impl_->worlds) {
    for (const uint64_t value : {w.first_needed, w.first_valid, w.next_start, w.stream.end(),
                                 static_cast<uint64_t>(w.open)}) {
      add(value);
    }
    for (uint64_t seq = w.first_needed; seq < w.stream.end(); ++seq) {
      hasher.Update(&w.stream.At(seq), impl_->layout().bytes());
    }
  }
  for (const StartRef& start : impl_->log) {
    add(start.world);
    add(start.seq);
  }
  if (impl_->priorities) {
    const SavedPriorities saved = impl_->priorities->Save();
    add(saved.first);
    add(std::bit_cast<uint64_t>(saved.largest));
    hasher.Update(saved.values.data(), saved.values.size() * sizeof(float));
  }
  return hasher.Hex();
}

}  // namespace volante
