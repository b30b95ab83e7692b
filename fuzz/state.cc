// Fuzz target of the CBOR state reader: any bytes give a state or one Error, and what was read is
// written back to the same bytes' meaning.

#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "base/archive.h"
#include "base/error.h"

namespace {

struct Inner {
  double real = 0.0;
  std::vector<float> packed;

  template <class Archive>
  void VisitFields(Archive& ar) {
    ar("real", real);
    ar("packed", packed);
  }
};

struct State {
  bool flag = false;
  int32_t number = 0;
  uint64_t large = 0;
  std::string text;
  std::vector<uint8_t> bytes;
  std::vector<Inner> list;
  std::optional<Inner> maybe;
  std::array<int, 2> pair{};

  template <class Archive>
  void VisitFields(Archive& ar) {
    ar("flag", flag);
    ar("number", number);
    ar("large", large);
    ar("text", text);
    ar("bytes", bytes);
    ar("list", list);
    ar("maybe", maybe);
    ar("pair", pair);
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    State state;
    volante::LoadState({data, size}, state, "fuzz");
    const std::vector<uint8_t> saved = volante::SaveState(state);
    State again;
    volante::LoadState(saved, again, "again");
    if (volante::SaveState(again) != saved) std::abort();
  } catch (const volante::Error&) {
  }
  return 0;
}
