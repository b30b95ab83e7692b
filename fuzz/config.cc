// Fuzz target of the configuration reader: any bytes give a configuration or one Error.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "config/options.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    const volante::Config config =
        volante::ParseConfig(std::string_view(reinterpret_cast<const char*>(data), size), "fuzz");
    // What was accepted must be written and read back as the same.
    const std::string yaml = volante::ToYaml(config);
    if (volante::ToYaml(volante::ParseConfig(yaml, "again")) != yaml) std::abort();
  } catch (const volante::Error&) {
  }
  return 0;
}
