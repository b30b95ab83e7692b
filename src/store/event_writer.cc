#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <protozero/pbf_builder.hpp>
#include <utility>

#include "base/error.h"
#include "store/event_file.h"
#include "store/event_proto.h"

namespace volante {
namespace {

using namespace event_proto;

constexpr std::string_view kNamePrefix = "events.out.tfevents.";
constexpr size_t kBufferBytes = 16 << 10;
constexpr double kBufferSeconds = 1.0;

double WallTimeSeconds() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

std::string HostName() {
  char name[256] = {};
  if (::gethostname(name, sizeof name - 1) != 0) return "unknown";
  return name;
}

void AppendLittleEndian(std::vector<uint8_t>& out, uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out.push_back(static_cast<uint8_t>(value >> (8 * i)));
}

// One TFRecord: length, masked CRC of the length, data, masked CRC of the data.
void AppendRecord(std::vector<uint8_t>& out, std::string_view data) {
  const size_t start = out.size();
  AppendLittleEndian(out, data.size(), 8);
  AppendLittleEndian(out, MaskedCrc32c(std::span(out).subspan(start, 8)), 4);
  const std::span bytes(reinterpret_cast<const uint8_t*>(data.data()), data.size());
  out.insert(out.end(), bytes.begin(), bytes.end());
  AppendLittleEndian(out, MaskedCrc32c(bytes), 4);
}

protozero::pbf_builder<Event> StartEvent(std::string& out, int64_t step) {
  protozero::pbf_builder<Event> event(out);
  event.add_double(kEventWallTime, WallTimeSeconds());
  if (step != 0) event.add_int64(kEventStep, step);
  return event;
}

// The newest start second among the event files that are there, so that ours sorts after them even
// when two processes start within a second or the clock went back.
int64_t NewestStart(Files& files, const std::string& directory) {
  int64_t newest = 0;
  for (const std::string& name : files.List(directory)) {
    if (!name.starts_with(kNamePrefix)) continue;
    int64_t seconds = 0;
    const char* digits = name.data() + kNamePrefix.size();
    std::from_chars(digits, name.data() + name.size(), seconds);
    newest = std::max(newest, seconds);
  }
  return newest;
}

}  // namespace

EventWriter::EventWriter(Files& files, const std::string& directory, int64_t first_step) {
  MakeDirectoriesDurably(files, directory);
  const int64_t seconds =
      std::max(static_cast<int64_t>(WallTimeSeconds()), NewestStart(files, directory) + 1);
  const std::string name = std::string(kNamePrefix) + std::to_string(seconds) + "." + HostName() +
                           "." + std::to_string(::getpid()) + ".0";
  path_ = JoinPath(directory, name);
  file_ = files.Create(path_);
  files.SyncDirectory(directory);

  std::string version;
  StartEvent(version, 0).add_string(kEventFileVersion, kFileVersion);
  std::string start;
  {
    protozero::pbf_builder<Event> event = StartEvent(start, first_step);
    protozero::pbf_builder<SessionLog> log(event, kEventSessionLog);
    log.add_enum(kSessionStatus, kSessionStart);
  }
  Write(version);
  Write(start);
  Flush();
}

EventWriter::~EventWriter() {
  try {
    if (file_ != nullptr) Flush();
  } catch (const Error&) {  // Flush and Sync report; a destructor can't
  }
}

void EventWriter::Scalar(std::string_view tag, int64_t step, double value) {
  const ScalarValue one{tag, value};
  Scalars(step, {&one, 1});
}

void EventWriter::Scalars(int64_t step, std::span<const ScalarValue> values) {
  std::string bytes;
  {
    protozero::pbf_builder<Event> event = StartEvent(bytes, step);
    protozero::pbf_builder<Summary> summary(event, kEventSummary);
    for (const ScalarValue& scalar : values) {
      protozero::pbf_builder<Value> value(summary, kSummaryValue);
      value.add_string(kValueTag, scalar.tag.data(), scalar.tag.size());
      value.add_float(kValueSimple, static_cast<float>(scalar.value));
    }
  }
  Write(bytes);
}

void EventWriter::Text(std::string_view tag, int64_t step, std::string_view text) {
  std::string bytes;
  {
    protozero::pbf_builder<Event> event = StartEvent(bytes, step);
    protozero::pbf_builder<Summary> summary(event, kEventSummary);
    protozero::pbf_builder<Value> value(summary, kSummaryValue);
    value.add_string(kValueTag, tag.data(), tag.size());
    {
      protozero::pbf_builder<Tensor> tensor(value, kValueTensor);
      tensor.add_enum(kTensorDtype, kDtString);
      {
        protozero::pbf_builder<Shape> shape(tensor, kTensorShape);
        protozero::pbf_builder<Dim> dim(shape, kShapeDim);
        dim.add_int64(kDimSize, 1);
      }
      tensor.add_bytes(kTensorString, text.data(), text.size());
    }
    protozero::pbf_builder<Metadata> metadata(value, kValueMetadata);
    protozero::pbf_builder<Plugin> plugin(metadata, kMetadataPlugin);
    plugin.add_string(kPluginName, "text");
  }
  Write(bytes);
}

void EventWriter::Write(const std::string& event) {
  if (file_ == nullptr) {
    throw Error(ExitCode::kEnvironment, "metrics can't be written", path_,
                "writing to this file failed before", "see the first error");
  }
  AppendRecord(buffer_, event);
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  if (buffer_.size() >= kBufferBytes ||
      std::chrono::duration<double>(now).count() - last_flush_s_ > kBufferSeconds) {
    Flush();
  }
}

void EventWriter::Flush() {
  if (file_ == nullptr || buffer_.empty()) return;
  try {
    file_->Append(buffer_);
  } catch (const Error&) {
    file_.reset();  // its end may be torn; a record behind that would be lost
    throw;
  }
  buffer_.clear();
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  last_flush_s_ = std::chrono::duration<double>(now).count();
}

void EventWriter::Sync() {
  Flush();
  if (file_ != nullptr) file_->Sync();
}

}  // namespace volante
