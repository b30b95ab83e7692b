// manifest.json of a checkpoint: its text form and its own hash (docs/checkpoint_format.md).

#include <set>

#include "base/error.h"
#include "base/hash.h"
#include "store/checkpoint.h"
#include "store/json.h"

namespace volante {
namespace {

using Json = nlohmann::json;

// The text begins so; the 32 digits after it are the hash of the text with these digits as zeros.
constexpr std::string_view kHashPrefix = "{\n  \"xxh3_128\": \"";
constexpr size_t kHashDigits = 32;

[[noreturn]] void Refuse(const std::string& where, const std::string& reason) {
  throw Error(ExitCode::kBadInput, "checkpoint manifest can't be used", where, reason,
              "use an older checkpoint: volante train --resume RUN --at STEP");
}

bool IsPlainFileName(std::string_view name) {
  if (name.empty() || name.size() > 200 || name.front() == '.') return false;
  for (const char c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '_' || c == '-' || c == '.';
    if (!plain) return false;
  }
  return true;
}

nlohmann::ordered_json RefsToJson(const std::vector<FileRef>& refs) {
  auto list = nlohmann::ordered_json::array();
  for (const FileRef& ref : refs) {
    list.push_back({{"name", ref.name}, {"bytes", ref.bytes}, {"xxh3_128", ref.xxh3_128}});
  }
  return list;
}

// Typed access with the field's name in every refusal.
struct Fields {
  const Json& node;
  std::string where;

  const Json& At(const char* key, Json::value_t type) const {
    const auto found = node.find(key);
    if (found == node.end()) Refuse(where, std::string("the field ") + key + " is missing");
    const bool fits = found->type() == type || (type == Json::value_t::number_integer &&
                                                found->type() == Json::value_t::number_unsigned);
    if (!fits) Refuse(where, std::string("the field ") + key + " has the wrong type");
    return *found;
  }
  std::string Text(const char* key) const {
    return At(key, Json::value_t::string).get<std::string>();
  }
};

std::vector<FileRef> RefsFromJson(const Json& list, const std::string& where) {
  std::vector<FileRef> refs;
  std::set<std::string> names;
  for (const Json& item : list) {
    if (!item.is_object() || item.size() != 3) Refuse(where, "a file entry is not understood");
    const Fields fields{item, where};
    FileRef ref{fields.Text("name"),
                fields.At("bytes", Json::value_t::number_unsigned).get<uint64_t>(),
                fields.Text("xxh3_128")};
    if (!IsPlainFileName(ref.name)) Refuse(where, "a file entry has no plain file name");
    if (!names.insert(ref.name).second) Refuse(where, ref.name + " is listed twice");
    if (ref.xxh3_128.size() != kHashDigits) Refuse(where, ref.name + " has no XXH3-128");
    refs.push_back(std::move(ref));
  }
  return refs;
}

std::string HashWithZeros(std::string text) {
  text.replace(kHashPrefix.size(), kHashDigits, kHashDigits, '0');
  return Hash128Hex(text.data(), text.size());
}

}  // namespace

std::string EncodeManifest(const CheckpointManifest& manifest) {
  nlohmann::ordered_json root;
  root["xxh3_128"] = std::string(kHashDigits, '0');
  root["format_version"] = CheckpointManifest::kFormatVersion;
  root["kind"] = manifest.kind == CheckpointKind::kResumable ? "resumable" : "policy";
  root["build"] = manifest.build;
  root["architecture"] = manifest.architecture;
  root["counters"] = manifest.counters;
  root["fingerprint"] = manifest.fingerprint;
  root["parts"] = RefsToJson(manifest.parts);
  root["replay_segments"] = RefsToJson(manifest.replay_segments);
  std::string text =
      root.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
  VOLANTE_CHECK(text.starts_with(kHashPrefix), "the manifest's hash comes first");
  return text.replace(kHashPrefix.size(), kHashDigits, HashWithZeros(text));
}

CheckpointManifest DecodeManifest(std::string_view text, const std::string& where) {
  if (!text.starts_with(kHashPrefix) || text.size() < kHashPrefix.size() + kHashDigits) {
    Refuse(where, "it does not begin with its own XXH3-128");
  }
  const std::string_view stated = text.substr(kHashPrefix.size(), kHashDigits);
  const std::string hash = HashWithZeros(std::string(text));
  if (hash != stated) Refuse(where, "its XXH3-128 is " + hash + ", it states another");

  Json root;
  try {
    root = ParseStrictJson(text, 3);
  } catch (const std::exception& e) {
    Refuse(where, std::string("it is not valid JSON: ") + e.what());
  }
  const Fields fields{root, where};
  const auto version = fields.At("format_version", Json::value_t::number_integer).get<int64_t>();
  if (version != CheckpointManifest::kFormatVersion) {
    throw Error(ExitCode::kBadInput, "checkpoint manifest can't be used", where,
                "it has format version " + std::to_string(version) + ", this program reads " +
                    std::to_string(CheckpointManifest::kFormatVersion),
                "use the Volante version that wrote it");
  }
  if (root.size() != 9) Refuse(where, "it holds fields that are not known");
  CheckpointManifest manifest;
  const std::string kind = fields.Text("kind");
  if (kind != "resumable" && kind != "policy") Refuse(where, "its kind is not known");
  manifest.kind = kind == "policy" ? CheckpointKind::kPolicy : CheckpointKind::kResumable;
  manifest.build = fields.Text("build");
  manifest.architecture = fields.Text("architecture");
  for (const auto& [key, value] : fields.At("counters", Json::value_t::object).items()) {
    const bool fits = value.is_number_integer() &&
                      (!value.is_number_unsigned() || value.get<uint64_t>() <= INT64_MAX);
    if (!fits) Refuse(where, "the counter " + key + " is not an integer");
    manifest.counters[key] = value.get<int64_t>();
  }
  for (const auto& [key, value] : fields.At("fingerprint", Json::value_t::object).items()) {
    if (!value.is_string()) Refuse(where, "the fingerprint " + key + " is not text");
    manifest.fingerprint[key] = value.get<std::string>();
  }
  manifest.parts = RefsFromJson(fields.At("parts", Json::value_t::array), where);
  manifest.replay_segments =
      RefsFromJson(fields.At("replay_segments", Json::value_t::array), where);
  return manifest;
}

std::string ManifestHash(const CheckpointManifest& manifest) {
  const std::string text = EncodeManifest(manifest);
  return Hash128Hex(text.data(), text.size());
}

}  // namespace volante
