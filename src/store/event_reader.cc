#include <algorithm>
#include <cstring>
#include <optional>
#include <protozero/pbf_message.hpp>
#include <utility>

#include "base/error.h"
#include "store/event_file.h"
#include "store/event_proto.h"

namespace volante {
namespace {

using namespace event_proto;

constexpr size_t kHeaderBytes = 12;  // length and its checksum
constexpr size_t kFooterBytes = 4;
constexpr uint64_t kMaxFileBytes = 4ull << 30;
constexpr size_t kMaxReports = 5;  // lines per file about damaged records

uint64_t LittleEndian(std::span<const uint8_t> bytes) {
  uint64_t value = 0;
  for (size_t i = bytes.size(); i-- > 0;) value = value << 8 | bytes[i];
  return value;
}

struct ParsedValue {
  std::string tag;
  std::optional<float> scalar;
  std::optional<std::string> text;
};

// A 0-d or 1-element tensor of another program's scalar, or our text.
void ParseTensor(protozero::pbf_message<Tensor> tensor, ParsedValue& out) {
  int dtype = 0;
  std::optional<double> number;
  std::string_view content;
  while (tensor.next()) {
    switch (tensor.tag_and_type()) {
      case protozero::tag_and_type(kTensorDtype, protozero::pbf_wire_type::varint):
        dtype = tensor.get_enum();
        break;
      case protozero::tag_and_type(kTensorContent, protozero::pbf_wire_type::length_delimited): {
        const protozero::data_view view = tensor.get_view();
        content = {view.data(), view.size()};
        break;
      }
      case protozero::tag_and_type(kTensorFloat, protozero::pbf_wire_type::length_delimited):
        for (const float value : tensor.get_packed_float()) number = static_cast<double>(value);
        break;
      case protozero::tag_and_type(kTensorDouble, protozero::pbf_wire_type::length_delimited):
        for (const double value : tensor.get_packed_double()) number = value;
        break;
      case protozero::tag_and_type(kTensorString, protozero::pbf_wire_type::length_delimited):
        out.text = tensor.get_string();
        break;
      default:
        tensor.skip();
    }
  }
  if (dtype == kDtFloat && content.size() == sizeof(float)) {
    float value;
    std::memcpy(&value, content.data(), sizeof value);
    number = static_cast<double>(value);
  } else if (dtype == kDtDouble && content.size() == sizeof(double)) {
    double value;
    std::memcpy(&value, content.data(), sizeof value);
    number = value;
  }
  if (number && (dtype == kDtFloat || dtype == kDtDouble)) {
    out.scalar = static_cast<float>(*number);
  }
  if (dtype != kDtString) out.text.reset();
}

ParsedValue ParseValue(protozero::pbf_message<Value> value) {
  ParsedValue out;
  while (value.next()) {
    switch (value.tag_and_type()) {
      case protozero::tag_and_type(kValueTag, protozero::pbf_wire_type::length_delimited):
        out.tag = value.get_string();
        break;
      case protozero::tag_and_type(kValueSimple, protozero::pbf_wire_type::fixed32):
        out.scalar = value.get_float();
        break;
      case protozero::tag_and_type(kValueTensor, protozero::pbf_wire_type::length_delimited):
        ParseTensor(value.get_message(), out);
        break;
      default:
        value.skip();
    }
  }
  return out;
}

struct ParsedEvent {
  double wall_time_s = 0.0;
  int64_t step = 0;
  bool session_start = false;
  std::vector<ParsedValue> values;
};

// Throws protozero::exception on a malformed message.
ParsedEvent ParseEvent(std::span<const uint8_t> bytes) {
  ParsedEvent out;
  protozero::pbf_message<Event> event(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  while (event.next()) {
    switch (event.tag_and_type()) {
      case protozero::tag_and_type(kEventWallTime, protozero::pbf_wire_type::fixed64):
        out.wall_time_s = event.get_double();
        break;
      case protozero::tag_and_type(kEventStep, protozero::pbf_wire_type::varint):
        out.step = event.get_int64();
        break;
      case protozero::tag_and_type(kEventSummary, protozero::pbf_wire_type::length_delimited): {
        protozero::pbf_message<Summary> summary = event.get_message();
        while (summary.next(kSummaryValue, protozero::pbf_wire_type::length_delimited)) {
          out.values.push_back(ParseValue(summary.get_message()));
        }
        break;
      }
      case protozero::tag_and_type(kEventSessionLog, protozero::pbf_wire_type::length_delimited): {
        protozero::pbf_message<SessionLog> log = event.get_message();
        while (log.next(kSessionStatus, protozero::pbf_wire_type::varint)) {
          out.session_start = log.get_enum() == kSessionStart;
        }
        break;
      }
      default:
        event.skip();
    }
  }
  return out;
}

void Apply(ParsedEvent event, EventData& into) {
  if (event.session_start) {
    // A process starts here again: what an earlier one wrote from this step on never happened.
    const auto dropped = [&](const auto& point) { return point.step >= event.step; };
    for (auto& [tag, points] : into.scalars) std::erase_if(points, dropped);
    for (auto& [tag, points] : into.texts) std::erase_if(points, dropped);
  }
  for (ParsedValue& value : event.values) {
    if (value.scalar) {
      into.scalars[value.tag].push_back({event.step, *value.scalar, event.wall_time_s});
    } else if (value.text) {
      into.texts[value.tag].push_back({event.step, std::move(*value.text)});
    }
  }
}

// "events.out.tfevents.1700000000.host.1.0" -> 1700000000
int64_t StartSecond(std::string_view name) {
  constexpr std::string_view kMark = "tfevents.";
  int64_t seconds = 0;
  for (size_t i = name.find(kMark) + kMark.size(); i < name.size(); ++i) {
    if (name[i] < '0' || name[i] > '9' || seconds > (int64_t{1} << 50)) break;
    seconds = 10 * seconds + (name[i] - '0');
  }
  return seconds;
}

}  // namespace

void ReadEvents(std::span<const uint8_t> bytes, const std::string& where, EventData& into) {
  size_t at = 0;
  size_t reports = 0;
  const auto note = [&](std::vector<std::string>& list, const std::string& reason) {
    list.push_back(where + ", offset " + std::to_string(at) + ": " + reason);
  };
  while (at < bytes.size()) {
    const std::span<const uint8_t> rest = bytes.subspan(at);
    // A killed writer leaves part of a record; a crashed machine may leave zeros behind the last
    // bytes that reached the disk. Both are a torn tail, everything else is damage.
    if (rest.size() < kHeaderBytes ||
        std::ranges::all_of(rest, [](uint8_t byte) { return byte == 0; })) {
      note(into.torn, "the last record is incomplete");
      return;
    }
    if (MaskedCrc32c(rest.first(8)) != LittleEndian(rest.subspan(8, 4))) {
      note(into.damaged, "the length's CRC-32C does not fit; the rest of the file is not read");
      return;
    }
    const uint64_t length = LittleEndian(rest.first(8));
    if (rest.size() - kHeaderBytes < kFooterBytes ||
        length > rest.size() - kHeaderBytes - kFooterBytes) {
      note(into.torn, "the last record is incomplete");
      return;
    }
    const std::span<const uint8_t> data = rest.subspan(kHeaderBytes, length);
    const uint64_t crc = LittleEndian(rest.subspan(kHeaderBytes + length, kFooterBytes));
    std::string reason;
    if (MaskedCrc32c(data) != crc) {
      reason = "the record's CRC-32C does not fit; it is left out";
    } else {
      try {
        Apply(ParseEvent(data), into);
      } catch (const protozero::exception& e) {
        reason = std::string("not an Event message (") + e.what() + "); it is left out";
      }
    }
    if (!reason.empty() && reports++ < kMaxReports) note(into.damaged, reason);
    at += kHeaderBytes + length + kFooterBytes;
  }
}

EventData ReadScalars(Files& files, const std::string& directory) {
  std::vector<std::pair<int64_t, std::string>> names;
  for (const std::string& name : files.List(directory)) {
    if (name.find("tfevents.") != std::string::npos) names.emplace_back(StartSecond(name), name);
  }
  std::ranges::sort(names);
  EventData data;
  for (const auto& [seconds, name] : names) {
    const std::string path = JoinPath(directory, name);
    ReadEvents(files.ReadAll(path, kMaxFileBytes), path, data);
  }
  return data;
}

}  // namespace volante
