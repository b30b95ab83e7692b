#include <boost/crc.hpp>

#include "store/event_file.h"

namespace volante {

uint32_t Crc32c(std::span<const uint8_t> bytes) {
  boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true> crc;
  crc.process_bytes(bytes.data(), bytes.size());
  return crc.checksum();
}

// A checksum of data that holds checksums is weak, so TFRecord stores it rotated and shifted
// (tensorflow/core/lib/hash/crc32c.h).
uint32_t MaskedCrc32c(std::span<const uint8_t> bytes) {
  const uint32_t crc = Crc32c(bytes);
  return ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
}

}  // namespace volante
