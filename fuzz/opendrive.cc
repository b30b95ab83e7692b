// Fuzz target of the OpenDRIVE reader: any text gives a road network or one Error.

#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "road/road_network.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    volante::RoadNetwork::Parse(std::string_view(reinterpret_cast<const char*>(data), size),
                                "fuzz");
  } catch (const volante::Error&) {
  }
  return 0;
}
