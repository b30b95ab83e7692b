// Field numbers of the protocol messages in an event file (tensorflow/core/util/event.proto,
// framework/summary.proto, tensor.proto, tensor_shape.proto, types.proto). For this folder's
// reader and writer only.
#pragma once

#include <cstdint>

namespace volante::event_proto {

enum Event : uint32_t {
  kEventWallTime = 1,     // double
  kEventStep = 2,         // int64
  kEventFileVersion = 3,  // string
  kEventSummary = 5,      // Summary
  kEventSessionLog = 7,   // SessionLog
};
enum SessionLog : uint32_t { kSessionStatus = 1 };
inline constexpr int kSessionStart = 1;

enum Summary : uint32_t { kSummaryValue = 1 };
enum Value : uint32_t {
  kValueTag = 1,
  kValueSimple = 2,  // float
  kValueTensor = 8,
  kValueMetadata = 9,
};
enum Metadata : uint32_t { kMetadataPlugin = 1 };
enum Plugin : uint32_t { kPluginName = 1 };

enum Tensor : uint32_t {
  kTensorDtype = 1,
  kTensorShape = 2,
  kTensorContent = 4,  // raw bytes
  kTensorFloat = 5,    // packed
  kTensorDouble = 6,   // packed
  kTensorString = 8,
};
enum Shape : uint32_t { kShapeDim = 2 };
enum Dim : uint32_t { kDimSize = 1 };
inline constexpr int kDtFloat = 1, kDtDouble = 2, kDtString = 7;

inline constexpr char kFileVersion[] = "brain.Event:2";

}  // namespace volante::event_proto
