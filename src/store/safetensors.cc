#include "store/safetensors.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>
#include <set>

#include "base/error.h"
#include "store/json.h"

namespace volante {
namespace {

using Json = nlohmann::json;

constexpr uint64_t kLengthBytes = 8;
constexpr uint64_t kMaxHeaderBytes = 100'000'000;  // of the format
constexpr std::string_view kMetadataKey = "__metadata__";

[[noreturn]] void Refuse(const std::string& where, uint64_t offset, const std::string& reason) {
  throw Error(ExitCode::kBadInput, "safetensors file can't be used",
              where + ", offset " + std::to_string(offset), reason,
              "use another copy or an older checkpoint");
}

std::optional<TensorDtype> DtypeFromName(std::string_view name) {
  for (const TensorDtype dtype : {TensorDtype::kF32, TensorDtype::kF64, TensorDtype::kU8,
                                  TensorDtype::kI64, TensorDtype::kBf16}) {
    if (DtypeName(dtype) == name) return dtype;
  }
  return std::nullopt;
}

// Bytes of a tensor, or nothing when the product does not fit.
std::optional<uint64_t> ByteCount(std::span<const int64_t> shape, TensorDtype dtype) {
  uint64_t bytes = DtypeSize(dtype);
  for (const int64_t extent : shape) {
    if (extent < 0 || __builtin_mul_overflow(bytes, static_cast<uint64_t>(extent), &bytes)) {
      return std::nullopt;
    }
  }
  return bytes;
}

struct Entry {
  std::string name;
  TensorDtype dtype = TensorDtype::kF32;
  std::vector<int64_t> shape;
  uint64_t begin = 0, end = 0;
};

uint64_t Natural(const Json& node, const std::string& where, const std::string& what) {
  if (!node.is_number_unsigned()) {
    Refuse(where, kLengthBytes, what + " is not a non-negative integer");
  }
  return node.get<uint64_t>();
}

Entry ParseEntry(const std::string& name, const Json& node, const std::string& where) {
  const std::string tensor = "tensor " + name.substr(0, 200);
  if (!node.is_object() || node.size() != 3 || !node.contains("dtype") || !node.contains("shape") ||
      !node.contains("data_offsets")) {
    Refuse(where, kLengthBytes, tensor + " needs exactly dtype, shape and data_offsets");
  }
  Entry entry{.name = name, .shape = {}};
  const Json& dtype = node["dtype"];
  const auto known =
      dtype.is_string() ? DtypeFromName(dtype.get_ref<const std::string&>()) : std::nullopt;
  if (!known) Refuse(where, kLengthBytes, tensor + " has an unknown dtype");
  entry.dtype = *known;
  if (!node["shape"].is_array()) Refuse(where, kLengthBytes, tensor + " has no shape list");
  for (const Json& extent : node["shape"]) {
    const uint64_t n = Natural(extent, where, "an extent of " + tensor);
    if (n > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
      Refuse(where, kLengthBytes, "an extent of " + tensor + " is too large");
    }
    entry.shape.push_back(static_cast<int64_t>(n));
  }
  const Json& offsets = node["data_offsets"];
  if (!offsets.is_array() || offsets.size() != 2) {
    Refuse(where, kLengthBytes, tensor + " does not have two data_offsets");
  }
  entry.begin = Natural(offsets[0], where, "an offset of " + tensor);
  entry.end = Natural(offsets[1], where, "an offset of " + tensor);
  const auto bytes = ByteCount(entry.shape, entry.dtype);
  if (!bytes || entry.end < entry.begin || entry.end - entry.begin != *bytes) {
    Refuse(where, kLengthBytes, tensor + ": its data_offsets do not fit its shape and dtype");
  }
  return entry;
}

Json ParseHeader(std::string_view text, const std::string& where) {
  if (!text.starts_with('{')) Refuse(where, kLengthBytes, "the header does not begin with {");
  try {
    return ParseStrictJson(text, 3);
  } catch (const std::exception& e) {
    // The parser quotes what it read last, which may be the whole header.
    Refuse(where, kLengthBytes,
           std::string("the header is not valid JSON: ") + std::string(e.what()).substr(0, 300));
  }
}

}  // namespace

std::vector<uint8_t> EncodeSafetensors(std::span<const NamedTensor> tensors,
                                       const std::map<std::string, std::string>& metadata) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header[std::string(kMetadataKey)] = metadata;
  uint64_t offset = 0;
  std::set<std::string_view> names;
  for (const NamedTensor& tensor : tensors) {
    VOLANTE_CHECK(names.insert(tensor.name).second && tensor.name != kMetadataKey,
                  "a tensor name is used twice: " + tensor.name);
    VOLANTE_CHECK(ByteCount(tensor.shape, tensor.dtype) == tensor.bytes.size(),
                  "a tensor's bytes do not fit its shape: " + tensor.name);
    header[tensor.name] = {{"dtype", DtypeName(tensor.dtype)},
                           {"shape", tensor.shape},
                           {"data_offsets", {offset, offset + tensor.bytes.size()}}};
    offset += tensor.bytes.size();
  }
  std::string text = header.dump();
  text.append((8 - text.size() % 8) % 8, ' ');  // the data begins aligned, as the format advises
  VOLANTE_CHECK(text.size() <= kMaxHeaderBytes, "too many tensors for one file");

  std::vector<uint8_t> bytes;
  bytes.reserve(kLengthBytes + text.size() + offset);
  const uint64_t length = text.size();
  for (uint64_t i = 0; i < kLengthBytes; ++i) {
    bytes.push_back(static_cast<uint8_t>(length >> (8 * i)));
  }
  bytes.insert(bytes.end(), text.begin(), text.end());
  for (const NamedTensor& tensor : tensors) {
    bytes.insert(bytes.end(), tensor.bytes.begin(), tensor.bytes.end());
  }
  return bytes;
}

SafetensorsFile DecodeSafetensors(std::span<const uint8_t> bytes, const std::string& where) {
  if (bytes.size() < kLengthBytes) Refuse(where, 0, "it is shorter than its 8-byte length");
  uint64_t length = 0;
  for (uint64_t i = kLengthBytes; i-- > 0;) length = length << 8 | bytes[i];
  const uint64_t rest = bytes.size() - kLengthBytes;
  if (length > kMaxHeaderBytes) Refuse(where, 0, "its header claims more than 100 MB");
  if (length > rest) Refuse(where, 0, "its header is longer than the file");
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()) + kLengthBytes, length);
  const Json header = ParseHeader(text, where);
  const std::span<const uint8_t> data = bytes.subspan(kLengthBytes + length);

  // Everything is checked on the header alone; what the tensors need is allocated after that.
  SafetensorsFile file;
  std::vector<Entry> entries;
  for (const auto& [name, node] : header.items()) {
    if (name != kMetadataKey) {
      entries.push_back(ParseEntry(name, node, where));
      continue;
    }
    if (!node.is_object()) Refuse(where, kLengthBytes, "__metadata__ is not an object");
    for (const auto& [key, value] : node.items()) {
      if (!value.is_string()) Refuse(where, kLengthBytes, "__metadata__ holds more than text");
      file.metadata[key] = value.get<std::string>();
    }
  }
  std::ranges::sort(entries, [](const Entry& a, const Entry& b) {
    return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
  });
  uint64_t at = 0;
  for (const Entry& entry : entries) {
    if (entry.begin != at || entry.end > data.size()) {
      Refuse(where, kLengthBytes + length + at,
             "tensor " + entry.name.substr(0, 200) +
                 (entry.begin < at   ? " overlaps another"
                  : entry.begin > at ? " leaves a hole before it"
                                     : " reaches beyond the file"));
    }
    at = entry.end;
  }
  if (at != data.size()) {
    Refuse(where, kLengthBytes + length + at, "bytes follow that belong to no tensor");
  }
  for (Entry& entry : entries) {
    const auto part = data.subspan(entry.begin, entry.end - entry.begin);
    file.tensors.push_back(
        {std::move(entry.name), entry.dtype, std::move(entry.shape), {part.begin(), part.end()}});
  }
  return file;
}

void WriteSafetensors(Files& files, const std::string& path, std::span<const NamedTensor> tensors,
                      const std::map<std::string, std::string>& metadata) {
  WriteFileAtomically(files, path, EncodeSafetensors(tensors, metadata));
}

SafetensorsFile ReadSafetensors(Files& files, const std::string& path, uint64_t max_bytes) {
  return DecodeSafetensors(files.ReadAll(path, max_bytes), path);
}

}  // namespace volante
