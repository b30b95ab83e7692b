#include "config/yaml_reader.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/error.h"

namespace volante {
namespace {

[[noreturn]] void Refuse(const std::string& where, const std::string& reason,
                         const std::string& hint) {
  throw Error(ExitCode::kUsage, "the configuration can't be read", where, reason, hint);
}

std::string Place(const std::string& where, const YAML::Mark& mark) {
  return mark.line < 0 ? where : where + ":" + std::to_string(mark.line + 1);
}

// yaml-cpp parses by recursion. Our files nest two levels and hold short lists, so a text is
// refused by a count that can only be too high, before it is parsed: brackets that open anywhere
// (in comments and quotes too), "- - - x" and "? ? ? x" within a line, and levels of indentation.
void RefuseDeepText(std::string_view text, const std::string& where) {
  int brackets = 0;
  std::vector<size_t> indents;
  size_t line = 0;
  size_t begin = 0;
  while (begin <= text.size()) {
    ++line;
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view row = text.substr(begin, end - begin);
    int depth = 0;
    for (size_t i = 0; i < row.size(); ++i) {
      const bool next_blank = i + 1 == row.size() || row[i + 1] == ' ' || row[i + 1] == '\t';
      if (row[i] == '[' || row[i] == '{') ++brackets;
      if ((row[i] == '-' || row[i] == '?' || row[i] == ':') && next_blank) ++depth;
    }
    const size_t indent = row.find_first_not_of(" \t\r");
    if (indent != std::string_view::npos) {
      while (!indents.empty() && indents.back() >= indent) indents.pop_back();
      indents.push_back(indent);
    }
    if (std::max(depth, static_cast<int>(indents.size())) > kMaxConfigDepth ||
        brackets > 16 * kMaxConfigDepth) {
      Refuse(where + ":" + std::to_string(line), "it nests too deeply",
             "write sections of keys, two levels: volante config show prints an example");
    }
    begin = end + 1;
  }
}

RawValue Scalars(const YAML::Node& node, const std::string& key, const std::string& where) {
  RawValue value;
  value.is_list = node.IsSequence();
  if (node.IsScalar()) {
    value.items.push_back(node.Scalar());
  } else if (node.IsSequence()) {
    for (const YAML::Node& item : node) {
      if (!item.IsScalar()) {
        Refuse(Place(where, item.Mark()), "the list " + key + " holds something else than values",
               "write it as [a, b]");
      }
      value.items.push_back(item.Scalar());
    }
  } else {
    Refuse(Place(where, node.Mark()), key + " has no value",
           "write one, \"\" for an empty text, or delete the line");
  }
  return value;
}

class Flattener {
 public:
  explicit Flattener(const std::string& where) : where_(where) {}

  void Map(const YAML::Node& node, const std::string& prefix, int depth) {
    for (const auto& pair : node) {
      if (!pair.first.IsScalar()) {
        Refuse(Place(where_, pair.first.Mark()), "a key is not a word", "write key: value");
      }
      const std::string key = prefix + pair.first.Scalar();
      const std::string place = Place(where_, pair.first.Mark());
      if (key.size() > 200) Refuse(place, "a key is longer than 200 characters", "shorten it");
      if (!seen_.insert(key).second) {
        Refuse(place, key + " stands here a second time", "keep one of the lines");
      }
      if (pair.second.IsMap()) {
        if (depth == 3) Refuse(place, "it nests too deeply", "write section: {key: value}");
        Map(pair.second, key + ".", depth + 1);
      } else {
        assignments.push_back({key, Scalars(pair.second, key, where_), place});
      }
    }
  }

  std::vector<Assignment> assignments;

 private:
  const std::string& where_;
  std::set<std::string> seen_;
};

}  // namespace

std::vector<Assignment> ReadYaml(std::string_view text, const std::string& where) {
  if (text.size() > kMaxConfigBytes) {
    Refuse(where, "it is larger than 1 MiB", "is this a configuration file?");
  }
  if (text.find('\0') != std::string_view::npos) {
    Refuse(where, "it holds binary data", "is this a configuration file?");
  }
  RefuseDeepText(text, where);
  Flattener flattener(where);
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(std::string(text));
    if (documents.size() > 1) Refuse(where, "it holds several documents", "keep one");
    if (documents.empty() || documents[0].IsNull()) return {};
    if (!documents[0].IsMap()) Refuse(where, "it is not a map", "write section: {key: value}");
    flattener.Map(documents[0], "", 1);
  } catch (const YAML::Exception& e) {
    Refuse(Place(where, e.mark), "it is not valid YAML: " + e.msg, "correct the line");
  }
  return std::move(flattener.assignments);
}

}  // namespace volante
