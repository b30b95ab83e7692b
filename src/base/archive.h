// Non-tensor state as bytes: CBOR (RFC 8949) maps with named fields, one visitor per struct.
//
//   struct Npc { double speed_mps; int lane;
//     template <class Archive> void VisitFields(Archive& ar) {
//       ar("speed_mps", speed_mps); ar("lane", lane); } };
//   std::vector<uint8_t> bytes = SaveState(npc);  LoadState(bytes, npc, "npc");
//
// Every field is written once, in VisitFields; saving, loading, hashing and comparing all walk it.
// Loading is strict: a missing, unknown or wrongly typed field, and any length that the bytes do
// not hold, is an Error(kBadInput) that names the field. Doubles keep every bit (NaNs lose their
// payload). A stranger's bytes are safe to load: nesting, item counts and every length are checked
// before the document is built, and memory grows only with what the input holds.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace volante {

class StateWriter;
class StateReader;

namespace archive_internal {

template <class T>
concept HasFields = requires(T& value, StateWriter& writer) { value.VisitFields(writer); };

template <class T>
struct IsSequence : std::false_type {};
template <class T>
struct IsSequence<std::vector<T>> : std::true_type {};
template <class T, size_t N>
struct IsSequence<std::array<T, N>> : std::true_type {};

template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};

// Element types whose vectors travel as one byte string instead of a list of items.
template <class T>
constexpr bool kPacked = std::is_same_v<T, uint8_t> || std::is_same_v<T, float>;

}  // namespace archive_internal

class StateWriter {
 public:
  StateWriter();
  ~StateWriter();

  template <class T>
  void operator()(std::string_view name, T& value) {
    Key(name);
    Value(value);
  }
  template <class T>
  void Value(T& value) {
    using namespace archive_internal;
    if constexpr (std::is_same_v<T, bool>) {
      Bool(value);
    } else if constexpr (std::is_enum_v<T>) {
      Integer(static_cast<int64_t>(value));
    } else if constexpr (std::is_unsigned_v<T>) {
      Unsigned(value);
    } else if constexpr (std::is_integral_v<T>) {
      Integer(value);
    } else if constexpr (std::is_floating_point_v<T>) {
      Real(value);
    } else if constexpr (std::is_same_v<T, std::string>) {
      Text(value);
    } else if constexpr (IsSequence<T>::value) {
      using E = typename T::value_type;
      if constexpr (kPacked<E>) {
        Bytes({reinterpret_cast<const uint8_t*>(value.data()), value.size() * sizeof(E)});
      } else {
        BeginList();
        for (auto& element : value) Value(element);
        End();
      }
    } else if constexpr (IsOptional<T>::value) {
      BeginList();
      if (value) Value(*value);
      End();
    } else {
      static_assert(HasFields<T>, "give the struct a VisitFields member");
      BeginMap();
      value.VisitFields(*this);
      End();
    }
  }
  void BeginMap();
  void BeginList();
  void End();
  // The finished document; the writer is empty afterwards.
  std::vector<uint8_t> Take();

 private:
  void Key(std::string_view name);
  void Bool(bool value);
  void Integer(int64_t value);
  void Unsigned(uint64_t value);
  void Real(double value);
  void Text(std::string_view value);
  void Bytes(std::span<const uint8_t> value);

  struct Impl;
  std::unique_ptr<Impl> impl_;
};

class StateReader {
 public:
  // `where` names the source in error messages.
  StateReader(std::span<const uint8_t> bytes, std::string where);
  ~StateReader();

  template <class T>
  void operator()(std::string_view name, T& value) {
    Enter(name);
    Value(value);
    Leave();
  }
  template <class T>
  void Value(T& value) {
    using namespace archive_internal;
    if constexpr (std::is_same_v<T, bool>) {
      value = Bool();
    } else if constexpr (std::is_enum_v<T>) {
      using U = std::underlying_type_t<T>;
      value = static_cast<T>(
          Integer(std::numeric_limits<U>::min(),
                  static_cast<int64_t>(std::min<uint64_t>(std::numeric_limits<U>::max(),
                                                          std::numeric_limits<int64_t>::max()))));
    } else if constexpr (std::is_unsigned_v<T>) {
      value = static_cast<T>(Unsigned(static_cast<uint64_t>(static_cast<T>(-1))));
    } else if constexpr (std::is_integral_v<T>) {
      value = static_cast<T>(Integer(std::numeric_limits<T>::min(), std::numeric_limits<T>::max()));
    } else if constexpr (std::is_floating_point_v<T>) {
      value = static_cast<T>(Real());
    } else if constexpr (std::is_same_v<T, std::string>) {
      value = Text();
    } else if constexpr (IsSequence<T>::value) {
      using E = typename T::value_type;
      if constexpr (kPacked<E>) {
        const std::span<const uint8_t> bytes = Bytes(sizeof(E));
        Resize(value, bytes.size() / sizeof(E));
        CopyBytes(bytes, reinterpret_cast<uint8_t*>(value.data()));
      } else {
        const size_t n = ListSize();
        StartList(value, n);
        for (size_t i = 0; i < n; ++i) {
          EnterIndex(i);
          Value(ListElement(value, i));
          Leave();
        }
      }
    } else if constexpr (IsOptional<T>::value) {
      value.reset();
      const size_t n = ListSize();
      if (n > 1) WrongSize(n, 1);
      if (n == 1) {
        EnterIndex(0);
        Value(value.emplace());
        Leave();
      }
    } else {
      BeginMap();
      value.VisitFields(*this);
      EndMap();
    }
  }
  void BeginMap();
  void EndMap();  // refuses fields that nothing read

 private:
  template <class E>
  void Resize(std::vector<E>& value, size_t n) {
    value.resize(n);
  }
  template <class E, size_t N>
  void Resize(std::array<E, N>&, size_t n) {
    if (n != N) WrongSize(n, N);
  }
  // A vector grows element by element: a short list can't claim the memory of a long one.
  template <class E>
  void StartList(std::vector<E>& value, size_t) {
    value.clear();
  }
  template <class E, size_t N>
  void StartList(std::array<E, N>&, size_t n) {
    if (n != N) WrongSize(n, N);
  }
  template <class E>
  E& ListElement(std::vector<E>& value, size_t) {
    return value.emplace_back();
  }
  template <class E, size_t N>
  E& ListElement(std::array<E, N>& value, size_t i) {
    return value[i];
  }
  void Enter(std::string_view name);
  void EnterIndex(size_t index);
  void Leave();
  bool Bool();
  int64_t Integer(int64_t low, int64_t high);
  uint64_t Unsigned(uint64_t high);
  double Real();
  std::string Text();
  std::span<const uint8_t> Bytes(size_t multiple_of);
  size_t ListSize();
  void CopyBytes(std::span<const uint8_t> from, uint8_t* to);
  [[noreturn]] void WrongSize(size_t got, size_t wanted);

  struct Impl;
  std::unique_ptr<Impl> impl_;
};

template <class T>
std::vector<uint8_t> SaveState(T& value) {
  StateWriter writer;
  writer.Value(value);
  return writer.Take();
}

template <class T>
void LoadState(std::span<const uint8_t> bytes, T& value, std::string where) {
  StateReader reader(bytes, std::move(where));
  reader.Value(value);
}

}  // namespace volante
