// Segment files: the calls of Begin and Add since the last seal, in their order, as records.
// Restoring repeats them, so everything derived (what can be sampled, in which order) comes out the
// same by construction. Layout: docs/checkpoint_format.md.

#include <algorithm>
#include <charconv>
#include <cstring>
#include <queue>
#include <utility>

#include "base/archive.h"
#include "base/error.h"
#include "base/hash.h"
#include "replay/replay_impl.h"

namespace volante {
namespace {

constexpr char kMagic[8] = {'V', 'O', 'L', 'R', 'P', 'L', 'Y', '1'};
constexpr uint64_t kMaxSegmentBytes = 64 << 20;  // bounds what reading one takes
constexpr std::string_view kPrefix = "segment_", kSuffix = ".bin";

struct Preamble {
  char magic[8];
  uint64_t header_bytes;  // CBOR of SegmentHeader follows, then `events` events
};
static_assert(sizeof(Preamble) == 16);

// An event is its world's number and the record.
using EventWorld = uint64_t;

// What a segment holds, and the replay's state when it was sealed; the state in the newest segment
// is the one that counts.
struct SegmentHeader {
  int format_version = 1;
  int num_worlds = 0;
  bool has_image = false;
  int frame_stride = 0;
  int n_step = 0;
  double discount = 0.0;
  uint64_t events = 0;
  uint64_t next_ordinal = 0;
  int64_t total_added = 0;
  std::vector<uint64_t> begin_seq, end_seq;         // this segment's records, per world
  std::vector<uint64_t> first_needed, first_valid;  // per world

  template <class Archive>
  void VisitFields(Archive& ar) {
    ar("format_version", format_version);
    ar("num_worlds", num_worlds);
    ar("has_image", has_image);
    ar("frame_stride", frame_stride);
    ar("n_step", n_step);
    ar("discount", discount);
    ar("events", events);
    ar("next_ordinal", next_ordinal);
    ar("total_added", total_added);
    ar("begin_seq", begin_seq);
    ar("end_seq", end_seq);
    ar("first_needed", first_needed);
    ar("first_valid", first_valid);
  }
};

RecordLayout LayoutOf(const ReplayOptions& options) {
  return {options.has_image, options.vector_size};
}

uint64_t EventBytes(const ReplayOptions& options) {
  return sizeof(EventWorld) + LayoutOf(options).bytes();
}

[[noreturn]] void Refuse(const std::string& path, const std::string& reason) {
  throw Error(ExitCode::kBadInput, "replay segment can't be used", path, reason,
              "resume from an older checkpoint with --at STEP");
}

// "segment_00000012.bin" -> 12; 0 for other names.
uint64_t SegmentNumber(std::string_view name) {
  if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) return 0;
  name.remove_prefix(kPrefix.size());
  name.remove_suffix(kSuffix.size());
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  return error == std::errc() && end == name.data() + name.size() ? number : 0;
}

std::string SegmentName(uint64_t number) {
  std::string digits = std::to_string(number);
  if (digits.size() < 8) digits.insert(0, 8 - digits.size(), '0');
  return std::string(kPrefix) + digits + std::string(kSuffix);
}

FileRef WriteSegment(Files& files, const std::string& directory, const std::string& name,
                     std::span<const std::span<const uint8_t>> pieces) {
  const std::string path = JoinPath(directory, name);
  Hasher128 hasher;
  FileRef ref;
  ref.name = name;
  const auto file = files.Create(path);
  try {
    for (const std::span<const uint8_t> piece : pieces) {
      hasher.Update(piece.data(), piece.size());
      ref.bytes += piece.size();
      file->Append(piece);
    }
    file->Sync();  // a manifest may name it only when its bytes are durable
    file->Close();
  } catch (const Error&) {
    try {
      files.Remove(path);
    } catch (const Error&) {  // unnamed by any manifest: removed later as unused
    }
    throw;
  }
  ref.xxh3_128 = hasher.Hex();
  return ref;
}

}  // namespace

std::vector<FileRef> Replay::Seal(Files& files, const std::string& directory) {
  Impl& impl = *impl_;
  const ReplayOptions& options = impl.options;
  if (directory != impl.sealed_directory) {  // nothing there holds our records yet
    impl.sealed.clear();
    impl.sealed_directory = directory;
    for (ReplayWorld& w : impl.worlds) w.sealed_end = 0;
  }
  MakeDirectoriesDurably(files, directory);

  // The oldest unsealed record of each world, merged by the order of the calls.
  using Head = std::pair<uint64_t, size_t>;  // ordinal, world
  std::priority_queue<Head, std::vector<Head>, std::greater<>> heads;
  std::vector<uint64_t> next(impl.worlds.size());
  for (size_t i = 0; i < impl.worlds.size(); ++i) {
    const ReplayWorld& w = impl.worlds[i];
    next[i] = std::max(w.sealed_end, w.first_needed);
    if (next[i] < w.stream.end()) heads.emplace(w.stream.At(next[i]).ordinal, i);
  }

  uint64_t number = 0;
  if (!heads.empty()) {
    for (const std::string& name : files.List(directory)) {
      number = std::max(number, SegmentNumber(name));
    }
  }
  const uint64_t record_bytes = LayoutOf(options).bytes();
  const uint64_t max_events = kMaxSegmentBytes / EventBytes(options);
  while (!heads.empty()) {
    SegmentHeader header;
    header.num_worlds = options.num_worlds;
    header.has_image = options.has_image;
    header.frame_stride = options.frame_stride;
    header.n_step = options.n_step;
    header.discount = options.discount;
    header.next_ordinal = impl.next_ordinal;
    header.total_added = impl.total_added;
    header.begin_seq = next;
    std::vector<EventWorld> event_worlds;
    std::vector<const ReplayRecord*> records;
    while (!heads.empty() && records.size() < max_events) {
      const size_t world = heads.top().second;
      heads.pop();
      const WorldStream& stream = impl.worlds[world].stream;
      event_worlds.push_back(world);
      records.push_back(&stream.At(next[world]));
      if (++next[world] < stream.end()) heads.emplace(stream.At(next[world]).ordinal, world);
    }
    header.events = records.size();
    header.end_seq = next;
    for (const ReplayWorld& w : impl.worlds) {
      header.first_needed.push_back(w.first_needed);
      header.first_valid.push_back(w.first_valid);
    }
    const std::vector<uint8_t> header_bytes = SaveState(header);
    Preamble preamble{.magic = {}, .header_bytes = header_bytes.size()};
    std::memcpy(preamble.magic, kMagic, sizeof kMagic);

    std::vector<std::span<const uint8_t>> pieces;
    pieces.emplace_back(reinterpret_cast<const uint8_t*>(&preamble), sizeof preamble);
    pieces.emplace_back(header_bytes);
    for (size_t i = 0; i < records.size(); ++i) {
      pieces.emplace_back(reinterpret_cast<const uint8_t*>(&event_worlds[i]), sizeof(EventWorld));
      pieces.emplace_back(reinterpret_cast<const uint8_t*>(records[i]), record_bytes);
    }
    const FileRef ref = WriteSegment(files, directory, SegmentName(++number), pieces);
    for (size_t i = 0; i < impl.worlds.size(); ++i) impl.worlds[i].sealed_end = next[i];
    impl.sealed.push_back({ref, header.begin_seq, header.end_seq});
  }
  files.SyncDirectory(directory);

  std::erase_if(impl.sealed, [&](const SealedSegment& segment) {
    for (size_t i = 0; i < impl.worlds.size(); ++i) {
      const bool holds_some = segment.begin_seq[i] < segment.end_seq[i];
      if (holds_some && segment.end_seq[i] > impl.worlds[i].first_needed) return false;
    }
    return true;
  });
  std::vector<FileRef> refs;
  for (const SealedSegment& segment : impl.sealed) refs.push_back(segment.ref);
  return refs;
}

namespace {

// One verified segment in memory.
struct LoadedSegment {
  std::string path;
  SegmentHeader header;
  std::vector<uint8_t> bytes;
  size_t events_offset = 0;
};

LoadedSegment LoadSegment(Files& files, const std::string& directory, const FileRef& ref,
                          const ReplayOptions& options) {
  LoadedSegment segment;
  segment.path = JoinPath(directory, ref.name);
  const uint64_t limit = kMaxSegmentBytes + (16 << 20);
  segment.bytes = files.ReadAll(segment.path, limit);
  if (segment.bytes.size() != ref.bytes) {
    Refuse(segment.path, "it has " + std::to_string(segment.bytes.size()) +
                             " bytes, the manifest says " + std::to_string(ref.bytes));
  }
  const std::string hash = Hash128Hex(segment.bytes.data(), segment.bytes.size());
  if (hash != ref.xxh3_128) {
    Refuse(segment.path, "its XXH3-128 is " + hash + ", the manifest says " + ref.xxh3_128);
  }
  Preamble preamble;
  if (segment.bytes.size() < sizeof preamble) Refuse(segment.path, "it is too short");
  std::memcpy(&preamble, segment.bytes.data(), sizeof preamble);
  if (std::memcmp(preamble.magic, kMagic, sizeof kMagic) != 0) {
    Refuse(segment.path, "it does not begin like a segment");
  }
  const uint64_t rest = segment.bytes.size() - sizeof preamble;
  if (preamble.header_bytes > rest) Refuse(segment.path, "its header is longer than the file");
  SegmentHeader& h = segment.header;
  LoadState(std::span(segment.bytes).subspan(sizeof preamble, preamble.header_bytes), h,
            segment.path);
  segment.events_offset = sizeof preamble + preamble.header_bytes;

  if (h.format_version != 1) {
    Refuse(segment.path, "format version " + std::to_string(h.format_version) + " is unknown");
  }
  if (h.num_worlds != options.num_worlds || h.has_image != options.has_image ||
      h.frame_stride != options.frame_stride || h.n_step != options.n_step ||
      h.discount != options.discount) {
    throw Error(ExitCode::kBadInput, "replay segment can't be used", segment.path,
                "it was written with other settings (num_worlds, observation.mode, frame_stride, "
                "n_step or discount)",
                "resume with the run's own configuration");
  }
  const size_t n = static_cast<size_t>(options.num_worlds);
  if (h.begin_seq.size() != n || h.end_seq.size() != n || h.first_needed.size() != n ||
      h.first_valid.size() != n) {
    Refuse(segment.path, "its lists do not have one entry per world");
  }
  const uint64_t event_bytes = EventBytes(options);
  const uint64_t payload = segment.bytes.size() - segment.events_offset;
  if (payload % event_bytes != 0 || h.events != payload / event_bytes) {
    Refuse(segment.path, "its length does not fit its number of events");
  }
  return segment;
}

}  // namespace

void Replay::Restore(Files& files, const std::string& directory, const std::vector<FileRef>& refs) {
  auto fresh = std::make_unique<Impl>(impl_->options);
  const ReplayOptions& options = fresh->options;
  fresh->sealed_directory = directory;
  const uint64_t record_bytes = LayoutOf(options).bytes();

  if (!refs.empty()) {
    // The newest segment says where the kept part of each stream begins.
    const SegmentHeader newest = LoadSegment(files, directory, refs.back(), options).header;
    const std::string newest_path = JoinPath(directory, refs.back().name);
    constexpr uint64_t kMaxSeq = uint64_t{1} << 47;
    fresh->worlds.clear();
    for (size_t i = 0; i < newest.first_needed.size(); ++i) {
      if (newest.first_valid[i] < newest.first_needed[i] || newest.first_valid[i] > kMaxSeq) {
        Refuse(newest_path, "its stream positions contradict each other");
      }
      ReplayWorld& w = fresh->worlds.emplace_back(fresh->layout(), newest.first_needed[i]);
      w.first_valid = newest.first_valid[i];
    }

    uint64_t least_ordinal = 0;
    for (const FileRef& ref : refs) {
      const LoadedSegment segment = LoadSegment(files, directory, ref, options);
      std::vector<uint64_t> next = segment.header.begin_seq;
      const uint8_t* event = segment.bytes.data() + segment.events_offset;
      for (uint64_t i = 0; i < segment.header.events; ++i, event += EventBytes(options)) {
        EventWorld world;
        ReplayRecord head;
        std::memcpy(&world, event, sizeof world);
        std::memcpy(&head, event + sizeof world, sizeof head);
        if (world >= next.size()) Refuse(segment.path, "an event names a world that is not there");
        if (head.ordinal < least_ordinal || head.ordinal >= newest.next_ordinal) {
          Refuse(segment.path, "its events are out of order");
        }
        least_ordinal = head.ordinal + 1;
        ReplayWorld& w = fresh->worlds[world];
        const uint64_t seq = next[world]++;
        if (seq < w.first_needed) continue;
        if (seq != w.stream.end()) Refuse(segment.path, "records between segments are missing");
        const bool first_kept = seq == newest.first_needed[world];
        const bool continues = first_kept || (w.open && head.tick == w.stream.At(seq - 1).tick + 1);
        if (head.flags > 3 || head.tick > INT32_MAX ||
            (head.tick == 0 ? head.flags != 0 : !continues)) {
          Refuse(segment.path, "an event does not continue its episode");
        }
        if (first_kept) w.open = head.tick != 0;  // its episode began before the kept part
        std::memcpy(w.stream.Append(), event + sizeof world, record_bytes);
        fresh->OnAppended(world);
      }
      if (next != segment.header.end_seq) Refuse(segment.path, "its record counts do not add up");
      fresh->sealed.push_back({ref, segment.header.begin_seq, segment.header.end_seq});
    }
    for (size_t i = 0; i < fresh->worlds.size(); ++i) {
      ReplayWorld& w = fresh->worlds[i];
      fresh->Trim(w);
      if (w.stream.end() != newest.end_seq[i] || w.first_needed != newest.first_needed[i] ||
          w.first_valid != newest.first_valid[i]) {
        Refuse(newest_path, "the kept records do not fit the saved positions");
      }
      w.sealed_end = w.stream.end();
    }
    fresh->next_ordinal = newest.next_ordinal;
    fresh->total_added = newest.total_added;
    fresh->Evict();
  }
  impl_ = std::move(fresh);
}

}  // namespace volante
