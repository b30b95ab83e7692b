// Fuzz target of the event file reader, which leaves out what is damaged and never throws for it.
// An odd first byte makes the rest the content of one record with right checksums, since no
// mutation would find those.

#include <cstdint>
#include <cstring>
#include <vector>

#include "store/event_file.h"

namespace {

void Append(std::vector<uint8_t>& bytes, const void* data, size_t size) {
  const auto* begin = static_cast<const uint8_t*>(data);
  bytes.insert(bytes.end(), begin, begin + size);
}

// TFRecord: length, its masked CRC, content, its masked CRC; little-endian.
std::vector<uint8_t> Framed(const uint8_t* data, size_t size) {
  std::vector<uint8_t> bytes;
  const uint64_t length = size;
  Append(bytes, &length, sizeof(length));
  const uint32_t length_crc = volante::MaskedCrc32c(bytes);
  Append(bytes, &length_crc, sizeof(length_crc));
  Append(bytes, data, size);
  const uint32_t content_crc = volante::MaskedCrc32c({data, size});
  Append(bytes, &content_crc, sizeof(content_crc));
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  volante::EventData events;
  if (size > 0 && data[0] % 2 == 1) {
    volante::ReadEvents(Framed(data + 1, size - 1), "fuzz", events);
  } else {
    volante::ReadEvents({data, size}, "fuzz", events);
  }
  return 0;
}
