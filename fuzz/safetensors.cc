// Fuzz target of the safetensors reader: any bytes give tensors or one Error; what was read is
// written and read back as the same.

#include "store/safetensors.h"

#include <cstdint>
#include <cstdlib>

#include "base/error.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    const volante::SafetensorsFile file = volante::DecodeSafetensors({data, size}, "fuzz");
    const std::vector<uint8_t> bytes = volante::EncodeSafetensors(file.tensors, file.metadata);
    if (volante::DecodeSafetensors(bytes, "again").tensors.size() != file.tensors.size()) {
      std::abort();
    }
  } catch (const volante::Error&) {
  }
  return 0;
}
