#include "config/yaml_reader.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <set>
#include <sstream>
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

// Turns the parser's events into assignments; refuses whatever is not section: {key: value}.
class Flattener : public YAML::EventHandler {
 public:
  explicit Flattener(const std::string& where) : where_(where) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) {
      Refuse(Place(where_, mark), "something stands after the first document", "keep one");
    }
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override {
    if (maps_.empty()) return;  // an empty file
    RefuseInList(mark);
    const std::string& key = KeyOf(mark);
    Refuse(Place(where_, mark), key + " has no value",
           "write one, \"\" for an empty text, or delete the line");
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    Refuse(Place(where_, mark), "it uses an alias (*name)", "write the value out");
  }

  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                const std::string& value) override {
    if (maps_.empty()) RefuseRoot(mark);
    if (in_list_) {
      assignments.back().value.items.push_back(value);
    } else if (maps_.back().key.empty()) {
      StartKey(mark, value);
    } else {
      Finish({false, {value}});
    }
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    if (maps_.empty()) RefuseRoot(mark);
    RefuseInList(mark);
    KeyOf(mark);
    Finish({true, {}});
    in_list_ = true;
  }
  void OnSequenceEnd() override { in_list_ = false; }

  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    if (maps_.empty()) {
      maps_.push_back({});
      return;
    }
    RefuseInList(mark);
    const std::string key = KeyOf(mark);
    if (maps_.size() == kMaxLevels) {
      Refuse(Place(where_, mark), "it nests too deeply", "write section: {key: value}");
    }
    maps_.back().key.clear();
    maps_.push_back({key + ".", "", ""});
  }
  void OnMapEnd() override { maps_.pop_back(); }

  std::vector<Assignment> assignments;

 private:
  static constexpr size_t kMaxLevels = 3;
  static constexpr size_t kMaxKeySize = 200;

  struct OpenMap {
    std::string prefix;  // "learner."
    std::string key;     // full key whose value comes next; empty when a key comes next
    std::string place;   // of that key
  };

  [[noreturn]] void RefuseRoot(const YAML::Mark& mark) const {
    Refuse(Place(where_, mark), "it is not a map", "write section: {key: value}");
  }
  void RefuseInList(const YAML::Mark& mark) const {
    if (!in_list_) return;
    Refuse(Place(where_, mark),
           "the list " + assignments.back().key + " holds something else than values",
           "write it as [a, b]");
  }
  // The key that the coming value belongs to.
  const std::string& KeyOf(const YAML::Mark& mark) const {
    if (maps_.back().key.empty()) {
      Refuse(Place(where_, mark), "a key is not a word", "write key: value");
    }
    return maps_.back().key;
  }
  void StartKey(const YAML::Mark& mark, const std::string& name) {
    OpenMap& map = maps_.back();
    map.place = Place(where_, mark);
    if (name.empty()) Refuse(map.place, "a key is empty", "write key: value");
    map.key = map.prefix + name;
    if (map.key.size() > kMaxKeySize) Refuse(map.place, "a key is too long", "shorten it");
    if (!seen_.insert(map.key).second) {
      Refuse(map.place, map.key + " stands here a second time", "keep one of the lines");
    }
  }
  void Finish(RawValue value) {
    OpenMap& map = maps_.back();
    assignments.push_back({std::exchange(map.key, ""), std::move(value), map.place});
  }

  const std::string& where_;
  std::vector<OpenMap> maps_;
  bool in_list_ = false;
  int documents_ = 0;
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
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(flattener)) {
    }
  } catch (const YAML::Exception& e) {
    Refuse(Place(where, e.mark), "it is not valid YAML: " + e.msg, "correct the line");
  }
  return std::move(flattener.assignments);
}

}  // namespace volante
