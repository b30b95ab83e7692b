#include "base/archive.h"

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/error.h"

namespace volante {

using Json = nlohmann::ordered_json;

namespace {

// The library's CBOR reader recurses and trusts lengths, so a document is walked first, with a
// stack of our own. Only what StateWriter emits passes: definite lengths, text keys, no tags.
constexpr size_t kMaxDepth = 64;
constexpr uint64_t kMaxMapFields = 4096;  // a map is a struct; the library looks keys up linearly
constexpr uint64_t kMaxItems = 4 << 20;   // bounds the document's memory to some 64 MiB

// Empty when the bytes are one well-formed document, else the reason.
std::string Skim(std::span<const uint8_t> bytes) {
  struct Level {
    uint64_t items_left;
    bool is_map, at_key;
  };
  std::vector<Level> open;
  uint64_t items = 0;
  size_t at = 0;
  const auto broken = [&](const std::string& why) {
    return why + " at byte " + std::to_string(at);
  };
  do {
    if (at == bytes.size()) return broken("the document ends early");
    if (++items > kMaxItems) return broken("too many items");
    const size_t start = at;
    const uint8_t major = bytes[at] >> 5, info = bytes[at] & 31;
    ++at;
    uint64_t value = info;
    if (info >= 24) {
      if (info > 27) return broken("an unknown encoding");
      const size_t width = size_t{1} << (info - 24);
      if (bytes.size() - at < width) return broken("the document ends early");
      value = 0;
      for (size_t i = 0; i < width; ++i) value = value << 8 | bytes[at++];
    }
    const uint64_t rest = bytes.size() - at;
    if (!open.empty() && open.back().is_map && open.back().at_key && major != 3) {
      return broken("a map key is not text");
    }
    bool container = false;
    switch (major) {
      case 0:
      case 1:
        break;
      case 2:
      case 3:
        if (value > rest) return broken("a string is longer than the document");
        at += static_cast<size_t>(value);
        break;
      case 4:
      case 5:
        if (value > rest / (major == 5 ? 2 : 1))
          return broken("a list is longer than the document");
        if (major == 5 && value > kMaxMapFields) return broken("a map has too many fields");
        container = true;
        break;
      case 7:
        if (info != 20 && info != 21 && (info < 25 || info > 27)) return broken("an unknown value");
        break;
      default:
        return broken("an unknown type");
    }
    if (container && open.size() == kMaxDepth) {
      at = start;
      return broken("nested deeper than " + std::to_string(kMaxDepth) + " levels");
    }
    if (container) open.push_back({major == 5 ? 2 * value : value, major == 5, true});
    // Close what this item completed.
    while (!open.empty()) {
      Level& level = open.back();
      if (!container) {
        --level.items_left;
        level.at_key = !level.at_key;
      }
      container = false;
      if (level.items_left > 0) break;
      open.pop_back();
    }
  } while (!open.empty());
  return at == bytes.size() ? "" : broken("something follows the document");
}

}  // namespace

struct StateWriter::Impl {
  struct Level {
    Json node;
    std::string key;  // under which the node goes into its parent
  };
  std::vector<Level> open;
  Json root;
  std::string key;

  void Put(Json value) {
    if (open.empty()) {
      root = std::move(value);
    } else if (open.back().node.is_array()) {
      open.back().node.push_back(std::move(value));
    } else {
      VOLANTE_CHECK(!open.back().node.contains(key), "a state field is visited twice: " + key);
      open.back().node[key] = std::move(value);
    }
  }
};

StateWriter::StateWriter() : impl_(std::make_unique<Impl>()) {}
StateWriter::~StateWriter() = default;
void StateWriter::Key(std::string_view name) { impl_->key = name; }
void StateWriter::Bool(bool value) { impl_->Put(value); }
void StateWriter::Integer(int64_t value) { impl_->Put(value); }
void StateWriter::Unsigned(uint64_t value) { impl_->Put(value); }
void StateWriter::Real(double value) { impl_->Put(value); }
void StateWriter::Text(std::string_view value) { impl_->Put(std::string(value)); }
void StateWriter::Bytes(std::span<const uint8_t> value) {
  impl_->Put(Json::binary({value.begin(), value.end()}));
}
void StateWriter::BeginMap() { impl_->open.push_back({Json::object(), impl_->key}); }
void StateWriter::BeginList() { impl_->open.push_back({Json::array(), impl_->key}); }
void StateWriter::End() {
  Impl::Level level = std::move(impl_->open.back());
  impl_->open.pop_back();
  impl_->key = std::move(level.key);
  impl_->Put(std::move(level.node));
}
std::vector<uint8_t> StateWriter::Take() {
  VOLANTE_CHECK(impl_->open.empty(), "unbalanced Begin and End");
  return Json::to_cbor(std::exchange(impl_->root, Json()));
}

struct StateReader::Impl {
  std::string where;
  Json root;
  std::vector<const Json*> path;
  std::vector<std::string> names;
  std::vector<size_t> fields_read;  // one counter per open map

  const Json& Here() const { return *path.back(); }
  [[noreturn]] void Fail(const std::string& reason) const {
    std::string name;
    for (const std::string& part : names) name += (name.empty() ? "" : ".") + part;
    throw Error(ExitCode::kBadInput, "saved state does not fit",
                where + (name.empty() ? "" : ", field " + name), reason,
                "it is damaged or was written by another version");
  }
};

StateReader::StateReader(std::span<const uint8_t> bytes, std::string where)
    : impl_(std::make_unique<Impl>()) {
  impl_->where = std::move(where);
  if (const std::string reason = Skim(bytes); !reason.empty()) impl_->Fail(reason);
  impl_->root = Json::from_cbor(bytes.begin(), bytes.end(), true, false);
  // Written back it must be the same bytes: no field twice, one way to write each value.
  if (impl_->root.is_discarded() || !std::ranges::equal(Json::to_cbor(impl_->root), bytes)) {
    impl_->Fail("not a document as this program writes it");
  }
  impl_->path.push_back(&impl_->root);
}
StateReader::~StateReader() = default;

void StateReader::BeginMap() {
  if (!impl_->Here().is_object()) impl_->Fail("a map is expected");
  impl_->fields_read.push_back(0);
}
void StateReader::EndMap() {
  const size_t read = impl_->fields_read.back();
  impl_->fields_read.pop_back();
  if (read != impl_->Here().size()) {
    impl_->Fail("it holds " + std::to_string(impl_->Here().size()) + " fields, " +
                std::to_string(read) + " are known");
  }
}
void StateReader::Enter(std::string_view name) {
  impl_->names.emplace_back(name);
  const auto found = impl_->Here().find(std::string(name));
  if (found == impl_->Here().end()) impl_->Fail("the field is missing");
  ++impl_->fields_read.back();
  impl_->path.push_back(&*found);
}
void StateReader::EnterIndex(size_t index) {
  impl_->names.push_back(std::to_string(index));
  impl_->path.push_back(&impl_->Here()[index]);
}
void StateReader::Leave() {
  impl_->path.pop_back();
  impl_->names.pop_back();
}
bool StateReader::Bool() {
  if (!impl_->Here().is_boolean()) impl_->Fail("true or false is expected");
  return impl_->Here().get<bool>();
}
int64_t StateReader::Integer(int64_t low, int64_t high) {
  const Json& node = impl_->Here();
  if (!node.is_number_integer()) impl_->Fail("an integer is expected");
  if (node.is_number_unsigned() && node.get<uint64_t>() > static_cast<uint64_t>(INT64_MAX)) {
    impl_->Fail("the integer is out of range");
  }
  const int64_t value = node.get<int64_t>();
  if (value < low || value > high) impl_->Fail("the integer is out of range");
  return value;
}
uint64_t StateReader::Unsigned(uint64_t high) {
  if (!impl_->Here().is_number_unsigned()) impl_->Fail("a non-negative integer is expected");
  const uint64_t value = impl_->Here().get<uint64_t>();
  if (value > high) impl_->Fail("the integer is out of range");
  return value;
}
double StateReader::Real() {
  if (!impl_->Here().is_number_float()) impl_->Fail("a real number is expected");
  return impl_->Here().get<double>();
}
std::string StateReader::Text() {
  if (!impl_->Here().is_string()) impl_->Fail("text is expected");
  return impl_->Here().get<std::string>();
}
std::span<const uint8_t> StateReader::Bytes(size_t multiple_of) {
  if (!impl_->Here().is_binary()) impl_->Fail("bytes are expected");
  const auto& bytes = impl_->Here().get_binary();
  if (bytes.size() % multiple_of != 0) impl_->Fail("the byte count does not fit the type");
  return {bytes.data(), bytes.size()};
}
size_t StateReader::ListSize() {
  if (!impl_->Here().is_array()) impl_->Fail("a list is expected");
  return impl_->Here().size();
}
void StateReader::CopyBytes(std::span<const uint8_t> from, uint8_t* to) {
  if (!from.empty()) std::memcpy(to, from.data(), from.size());
}
void StateReader::WrongSize(size_t got, size_t wanted) {
  impl_->Fail("it holds " + std::to_string(got) + " elements instead of " + std::to_string(wanted));
}

}  // namespace volante
