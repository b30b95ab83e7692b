// One configuration key at run time: its full name, its Option, and typed access to its value.
// Internal to config/: built by walking Config::VisitFields, valid as long as the Config it points
// into. `applies` is that of the moment of the walk, so walk again after changing values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "config/config.h"
#include "config/option.h"

namespace volante {

// A value as it stands in a file or after --set, before its type is known.
struct RawValue {
  bool is_list = false;
  std::vector<std::string> items;  // one entry unless is_list
};

// An enum field behind its list of names.
struct ChoiceSlot {
  std::span<const char* const> names;
  void* value = nullptr;
  size_t (*get)(const void*) = nullptr;
  void (*set)(void*, size_t) = nullptr;
};

struct Field {
  std::string key;  // "learner.batch_size"
  Option option;
  std::variant<bool*, int*, uint64_t*, double*, std::optional<double>*, std::string*,
               std::vector<int>*, std::vector<std::string>*, ChoiceSlot>
      slot;

  // "integer", "number", "number or preset", "true or false", "text", "list of integers", "list of
  // names" or "choice".
  std::string TypeName() const;
  // "1 to 32", ">= 0", "empty, 0, 1, 2, mixed"; empty where everything goes.
  std::string Limits() const;
  // The value as YAML; Parse reads it back unchanged.
  std::string Text() const;
  // Sets the value. Throws Error(kUsage) with `where` when the value does not fit.
  void Parse(const RawValue& raw, const std::string& where) const;
};

// Every key of the configuration, in declaration order.
std::vector<Field> ListFields(Config& config);

// The visitor behind ListFields.
class FieldCollector {
 public:
  template <class T>
  void operator()(const char* name, T& value, Option option) {
    Field field{prefix_ + name, option, {}};
    if constexpr (std::is_enum_v<T>) {
      field.slot = ChoiceSlot{
          .names = EnumNames<T>::kNames,
          .value = &value,
          .get = [](const void* p) { return static_cast<size_t>(*static_cast<const T*>(p)); },
          .set = [](void* p, size_t i) { *static_cast<T*>(p) = static_cast<T>(i); }};
    } else {
      field.slot = &value;
    }
    fields.push_back(std::move(field));
  }
  template <class S>
  void Section(const char* name, S& section) {
    const size_t size = prefix_.size();
    prefix_ += std::string(name) + ".";
    section.VisitFields(*this);
    prefix_.resize(size);
  }

  std::vector<Field> fields;

 private:
  std::string prefix_;
};

}  // namespace volante
