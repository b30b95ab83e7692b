// Any text as a checkpoint's manifest, and any bytes as saved state: refused with an Error, or
// taken and the same when written again. The manifest's own hash is put right first.
#include <cstdlib>
#include <string>

#include "base/archive.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/random.h"
#include "store/checkpoint.h"

namespace volante {
namespace {

struct Nested {
  std::vector<Nested> children;
  std::vector<double> numbers;
  std::optional<std::string> text;
  std::vector<float> packed;
  RandomStream random;
  template <class Archive>
  void VisitFields(Archive& ar) {
    ar("children", children);
    ar("numbers", numbers);
    ar("text", text);
    ar("packed", packed);
    ar("random", random);
  }
};

void TryManifest(std::string text) {
  const std::string prefix = "{\n  \"xxh3_128\": \"";
  text = prefix + std::string(32, '0') + text;
  text.replace(prefix.size(), 32, Hash128Hex(text.data(), text.size()));
  CheckpointManifest manifest;
  try {
    manifest = DecodeManifest(text, "fuzz");
  } catch (const Error&) {
    return;
  }
  if (!(DecodeManifest(EncodeManifest(manifest), "again") == manifest)) std::abort();
}

void TryState(std::span<const uint8_t> bytes) {
  Nested state;
  try {
    LoadState(bytes, state, "fuzz");
  } catch (const Error&) {
    return;
  }
  const std::vector<uint8_t> again = SaveState(state);
  if (again.size() != bytes.size()) std::abort();
}

}  // namespace
}  // namespace volante

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  volante::TryManifest(std::string(reinterpret_cast<const char*>(data), size));
  volante::TryState({data, size});
  return 0;
}
