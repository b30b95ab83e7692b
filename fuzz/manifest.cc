// Fuzz target of the checkpoint manifest: any text gives a manifest or one Error, and what was
// accepted is written and read back as the same.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "store/checkpoint.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    const volante::CheckpointManifest manifest = volante::DecodeManifest(
        std::string_view(reinterpret_cast<const char*>(data), size), "fuzz");
    if (volante::DecodeManifest(volante::EncodeManifest(manifest), "again") != manifest) {
      std::abort();
    }
  } catch (const volante::Error&) {
  }
  return 0;
}
