// Any bytes as a replay file: refused with an Error, or a record that is written and read back as
// the same and whose configuration is read or refused. Once as they are, and once as the payload
// of a right header, so that the fields are reached.
#include "env/replay_file.h"

#include <cstdlib>

#include "base/error.h"
#include "base/hash.h"

namespace volante {
namespace {

void Try(std::span<const uint8_t> bytes) {
  try {
    const EpisodeRecord record = DecodeReplay(bytes, "fuzz");
    const std::vector<uint8_t> again = EncodeReplay(record);
    if (EncodeReplay(DecodeReplay(again, "again")) != again) std::abort();
    record.action(record.num_actions() - 1);
    ConfigOf(record, "fuzz");
  } catch (const Error& error) {
    if (error.code() != ExitCode::kBadInput) std::abort();
    if (error.OneLine().find('\n') != std::string::npos) std::abort();
  }
}

}  // namespace
}  // namespace volante

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  volante::Try({data, size});
  std::vector<uint8_t> bytes = {'V', 'O', 'L', 'R', 'P', 'L', 'A', 'Y', 2, 0, 0, 0};
  for (int i = 0; i < 4; ++i) bytes.push_back(static_cast<uint8_t>(size >> (8 * i)));
  const std::string hash = volante::Hash128Hex(data, size);
  bytes.insert(bytes.end(), hash.begin(), hash.end());
  bytes.insert(bytes.end(), data, data + size);
  volante::Try(bytes);
  return 0;
}
