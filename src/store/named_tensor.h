// A tensor as plain bytes under a name: the form in which networks and optimizers travel between
// the learner (the only folder that knows torch), checkpoints and exported files.
// Owns its bytes; never sees torch, never converts. Plain value: any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace volante {

enum class TensorDtype : uint8_t { kF32, kF64, kU8, kI64, kBf16 };

constexpr size_t DtypeSize(TensorDtype dtype) {
  switch (dtype) {
    case TensorDtype::kF32:
      return 4;
    case TensorDtype::kF64:
      return 8;
    case TensorDtype::kU8:
      return 1;
    case TensorDtype::kI64:
      return 8;
    case TensorDtype::kBf16:
      return 2;
  }
  return 0;
}

// The names of the safetensors format.
constexpr std::string_view DtypeName(TensorDtype dtype) {
  switch (dtype) {
    case TensorDtype::kF32:
      return "F32";
    case TensorDtype::kF64:
      return "F64";
    case TensorDtype::kU8:
      return "U8";
    case TensorDtype::kI64:
      return "I64";
    case TensorDtype::kBf16:
      return "BF16";
  }
  return "";
}

struct NamedTensor {
  std::string name;  // "actor/head/0/weight"; unique within a file
  TensorDtype dtype = TensorDtype::kF32;
  std::vector<int64_t> shape;  // empty for a scalar
  std::vector<uint8_t> bytes;  // row-major (C order), little-endian; size = elements x width

  int64_t NumElements() const {
    int64_t n = 1;
    for (const int64_t extent : shape) n *= extent;
    return n;
  }
  friend bool operator==(const NamedTensor&, const NamedTensor&) = default;
};

}  // namespace volante
