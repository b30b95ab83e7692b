// Any bytes as a safetensors file: refused with an Error, or read and written back unchanged.
#include "store/safetensors.h"

#include <cstdlib>

#include "base/error.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace volante;
  SafetensorsFile file;
  try {
    file = DecodeSafetensors({data, size}, "fuzz");
  } catch (const Error&) {
    return 0;
  }
  const std::vector<uint8_t> bytes = EncodeSafetensors(file.tensors, file.metadata);
  const SafetensorsFile again = DecodeSafetensors(bytes, "again");
  if (again.metadata != file.metadata || again.tensors.size() != file.tensors.size()) std::abort();
  return 0;
}
