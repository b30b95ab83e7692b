// Any bytes as an event file: read without an Error; damage is reported, never fatal. The checksums
// of the first records are put right, so that the message parser is reached.
#include "store/event_file.h"

#include <cstring>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace volante;
  EventData raw;
  ReadEvents({data, size}, "fuzz", raw);

  std::vector<uint8_t> bytes(data, data + size);
  const auto put_crc = [&](size_t from, size_t length, size_t to) {
    const uint32_t crc = MaskedCrc32c({bytes.data() + from, length});
    std::memcpy(bytes.data() + to, &crc, sizeof crc);
  };
  for (size_t at = 0; bytes.size() - at >= 16;) {
    // Lengths of one byte: longer records only make the fuzzer slow.
    std::memset(bytes.data() + at + 1, 0, 7);
    const size_t length = bytes[at];
    put_crc(at, 8, at + 8);
    if (bytes.size() - at - 16 < length) break;
    put_crc(at + 12, length, at + 12 + length);
    at += 16 + length;
  }
  EventData repaired;
  ReadEvents(bytes, "fuzz", repaired);
  return 0;
}
