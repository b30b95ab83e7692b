#include "config/field.h"

#include <charconv>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "config/nearest_name.h"

namespace volante {
namespace {

constexpr size_t kMaxListLength = 16;
// How a number is written that another key gives.
constexpr const char* kOfPreset = "preset";

template <class... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};
template <class... Fs>
Overloaded(Fs...) -> Overloaded<Fs...>;

// The shortest decimal that reads back as the same double; plain digits where they are readable.
std::string NumberText(double value) {
  char buffer[64];
  const double magnitude = std::abs(value);
  const bool plain = magnitude == 0.0 || (magnitude >= 1e-4 && magnitude < 1e15);
  const std::to_chars_result result =
      plain ? std::to_chars(buffer, buffer + sizeof(buffer), value, std::chars_format::fixed)
            : std::to_chars(buffer, buffer + sizeof(buffer), value);
  return std::string(buffer, result.ptr);
}

// A YAML scalar: bare where no reader could take it for something else, else double-quoted.
std::string QuotedText(const std::string& text) {
  bool bare = !text.empty() && text[0] >= 'a' && text[0] <= 'z' && text != "true" &&
              text != "false" && text != "null" && text != "yes" && text != "no" && text != "on" &&
              text != "off" && text != "y" && text != "n";
  for (const char c : text) {
    bare = bare && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    c == '_' || c == '.' || c == '/' || c == '-');
  }
  if (bare) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      constexpr char kHex[] = "0123456789abcdef";
      quoted += "\\x";
      quoted += kHex[static_cast<unsigned char>(c) >> 4];
      quoted += kHex[c & 15];
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

std::string_view Trim(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// "256,256" or "[256, 256]" after --set.
std::vector<std::string> SplitList(std::string_view text) {
  text = Trim(text);
  if (text.size() >= 2 && text.front() == '[' && text.back() == ']') {
    text = text.substr(1, text.size() - 2);
  }
  std::vector<std::string> items;
  while (true) {
    const size_t comma = text.find(',');
    items.emplace_back(Trim(text.substr(0, comma)));
    if (comma == std::string_view::npos) return items;
    text.remove_prefix(comma + 1);
  }
}

std::string Shown(const RawValue& raw) {
  std::string text;
  for (const std::string& item : raw.items) text += (text.empty() ? "" : ", ") + item;
  if (text.size() > 60) text = text.substr(0, 57) + "...";
  return raw.is_list ? "[" + text + "]" : text;
}

// Reads text into typed values for one field; every way to fail names the field.
class ValueReader {
 public:
  ValueReader(const Field& field, const RawValue& raw, const std::string& where)
      : field_(field), raw_(raw), where_(where) {}

  [[noreturn]] void Refuse(const std::string& reason, const std::string& hint) const {
    throw Error(ExitCode::kUsage, "configuration key " + field_.key + " can't be " + Shown(raw_),
                where_, reason, hint);
  }

  const std::string& Scalar() const {
    if (raw_.is_list || raw_.items.size() != 1) WrongType();
    return raw_.items[0];
  }

  template <class T>
  T Number(const std::string& text) const {
    T value{};
    const char* const end = text.data() + text.size();
    const std::from_chars_result result = std::from_chars(text.data(), end, value);
    if (result.ec == std::errc::result_out_of_range) OutOfRange();
    if (result.ec != std::errc() || result.ptr != end) WrongType();
    // The comparison in double is exact: no range of ours lies beyond 2^53 but the type's own.
    const double real = static_cast<double>(value);
    if (!std::isfinite(real)) WrongType();
    if (real < field_.option.min || real > field_.option.max) OutOfRange();
    return value;
  }

  std::optional<double> OptionalNumber() const {
    if (Scalar() == kOfPreset) return std::nullopt;
    return Number<double>(Scalar());
  }

  bool Bool() const {
    const std::string& text = Scalar();
    if (text != "true" && text != "false") WrongType();
    return text == "true";
  }

  size_t Choice(const ChoiceSlot& slot) const {
    const std::string& text = Scalar();
    std::vector<std::string> names;
    for (size_t i = 0; i < slot.names.size(); ++i) {
      if (text == slot.names[i]) return i;
      names.emplace_back(slot.names[i]);
    }
    const std::string nearest = NearestName(text, names);
    Refuse("the choices are " + field_.Limits(),
           nearest.empty() ? "choose one" : "did you mean " + nearest + "?");
  }

  std::vector<int> IntList() const {
    const std::vector<std::string> items = raw_.is_list ? raw_.items : SplitList(Scalar());
    if (items.empty() || items.size() > kMaxListLength) {
      Refuse("it holds " + std::to_string(items.size()) + " values",
             "give 1 to " + std::to_string(kMaxListLength));
    }
    std::vector<int> values;
    for (const std::string& item : items) values.push_back(Number<int>(item));
    return values;
  }

  std::vector<std::string> NameList() const {
    std::vector<std::string> items = raw_.is_list ? raw_.items : SplitList(Scalar());
    if (items.size() == 1 && items[0].empty()) items.clear();
    if (items.size() > kMaxListLength) {
      Refuse("it holds " + std::to_string(items.size()) + " names",
             "give at most " + std::to_string(kMaxListLength));
    }
    return items;
  }

 private:
  [[noreturn]] void WrongType() const {
    const std::string type = field_.TypeName();
    const bool list = type.starts_with("list");
    Refuse("its type is " + type,
           list ? "write it as 256,256 or [256, 256]" : "write one " + field_.Limits());
  }
  [[noreturn]] void OutOfRange() const {
    Refuse("it is out of range", "give a value " + field_.Limits());
  }

  const Field& field_;
  const RawValue& raw_;
  const std::string& where_;
};

}  // namespace

std::string Field::TypeName() const {
  return std::visit(
      Overloaded{[](bool*) { return "true or false"; }, [](int*) { return "integer"; },
                 [](uint64_t*) { return "integer"; }, [](double*) { return "number"; },
                 [](std::optional<double>*) { return "number or preset"; },
                 [](std::string*) { return "text"; },
                 [](std::vector<int>*) { return "list of integers"; },
                 [](std::vector<std::string>*) { return "list of names"; },
                 [](const ChoiceSlot&) { return "choice"; }},
      slot);
}

std::string Field::Limits() const {
  if (const ChoiceSlot* choice = std::get_if<ChoiceSlot>(&slot)) {
    std::string names;
    for (const char* name : choice->names) names += (names.empty() ? "" : ", ") + std::string(name);
    return names;
  }
  if (std::holds_alternative<uint64_t*>(slot)) return "from 0 to 2^64 - 1";
  if (std::isinf(option.min) || std::isinf(option.max)) return {};
  const std::string range = "from " + NumberText(option.min) + " to " + NumberText(option.max);
  return std::holds_alternative<std::optional<double>*>(slot) ? range + ", or preset" : range;
}

std::string Field::Text() const {
  return std::visit(
      Overloaded{
          [](bool* v) { return std::string(*v ? "true" : "false"); },
          [](int* v) { return std::to_string(*v); }, [](uint64_t* v) { return std::to_string(*v); },
          [](double* v) { return NumberText(*v); },
          [](std::optional<double>* v) { return *v ? NumberText(**v) : std::string(kOfPreset); },
          [](std::string* v) { return QuotedText(*v); },
          [](std::vector<int>* v) {
            std::string text;
            for (const int i : *v) text += (text.empty() ? "" : ", ") + std::to_string(i);
            return "[" + text + "]";
          },
          [](std::vector<std::string>* v) {
            std::string text;
            for (const std::string& name : *v)
              text += (text.empty() ? "" : ", ") + QuotedText(name);
            return "[" + text + "]";
          },
          [](const ChoiceSlot& c) { return std::string(c.names[c.get(c.value)]); }},
      slot);
}

void Field::Parse(const RawValue& raw, const std::string& where) const {
  const ValueReader reader(*this, raw, where);
  std::visit(Overloaded{[&](bool* v) { *v = reader.Bool(); },
                        [&](int* v) { *v = reader.Number<int>(reader.Scalar()); },
                        [&](uint64_t* v) { *v = reader.Number<uint64_t>(reader.Scalar()); },
                        [&](double* v) { *v = reader.Number<double>(reader.Scalar()); },
                        [&](std::optional<double>* v) { *v = reader.OptionalNumber(); },
                        [&](std::string* v) { *v = reader.Scalar(); },
                        [&](std::vector<int>* v) { *v = reader.IntList(); },
                        [&](std::vector<std::string>* v) { *v = reader.NameList(); },
                        [&](const ChoiceSlot& c) { c.set(c.value, reader.Choice(c)); }},
             slot);
}

std::vector<Field> ListFields(Config& config) {
  FieldCollector collector;
  config.VisitFields(collector);
  return std::move(collector.fields);
}

}  // namespace volante
