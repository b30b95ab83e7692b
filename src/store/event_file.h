// TensorBoard event files: the one store of a run's metrics.
// TFRecord framing with masked CRC-32C around Event messages. Each process start opens a new file
// whose first record is the version and whose second is SessionLog START at the first step it will
// write; readers drop older records at or after that step, so a resumed run leaves one clean curve.
// wall_time comes from the clock; nothing else here does. Not thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"

namespace volante {

struct ScalarValue {
  ScalarValue(std::string_view named, double number) : tag(named), value(number) {}
  // The tag's text must outlive the value, which one made on the spot does not.
  ScalarValue(std::string&& named, double number) = delete;
  ScalarValue(const char* named, double number) : tag(named), value(number) {}

  std::string_view tag;
  double value;  // stored as float32, as TensorBoard does
};

class EventWriter {
 public:
  // Opens a new file in `directory` (made when missing). `first_step` is the first step this
  // process will write: 0 for a new run; after a resume from a checkpoint whose metrics up to and
  // including env_step N were written before it, N + 1.
  EventWriter(Files& files, const std::string& directory, int64_t first_step);
  ~EventWriter();  // flushes as far as it can

  void Scalar(std::string_view tag, int64_t step, double value);
  // All values of one step in one record.
  void Scalars(int64_t step, std::span<const ScalarValue> values);
  void Text(std::string_view tag, int64_t step, std::string_view text);
  // Hands buffered records to the operating system; readers see them now. Records are buffered
  // until 16 KiB are full or a second has passed.
  void Flush();
  // Flush and fsync; called at each checkpoint, before its Commit.
  void Sync();

  const std::string& path() const { return path_; }

 private:
  void Write(const std::string& event);

  std::string path_;
  std::unique_ptr<WritableFile> file_;
  std::vector<uint8_t> buffer_;
  double last_flush_s_ = 0.0;
};

struct ScalarPoint {
  int64_t step = 0;
  float value = 0.0f;
  double wall_time_s = 0.0;  // since 1970
};
struct TextPoint {
  int64_t step = 0;
  std::string text;
};

struct EventData {
  std::map<std::string, std::vector<ScalarPoint>> scalars;  // by tag, in the order written
  std::map<std::string, std::vector<TextPoint>> texts;
  // One line per file that ends in a torn record (a killed writer: harmless), and per damaged
  // record (left out; after a damaged length the rest of that file is).
  std::vector<std::string> torn;
  std::vector<std::string> damaged;
};

// Merges all event files of a folder, its own or another program's, oldest first.
EventData ReadScalars(Files& files, const std::string& directory);

// One file's bytes; appends to `into` and applies the START rule to what is already there.
void ReadEvents(std::span<const uint8_t> bytes, const std::string& where, EventData& into);

// CRC-32C (RFC 3720, Castagnoli) and its masked form of the TFRecord format.
uint32_t Crc32c(std::span<const uint8_t> bytes);
uint32_t MaskedCrc32c(std::span<const uint8_t> bytes);

}  // namespace volante
