// Reading and writing of safetensors files: 8-byte little-endian header length, JSON header, raw
// tensor bytes (https://github.com/huggingface/safetensors, "Format"). Own code, so that every
// length is checked before anything is allocated: header at most 100 MB, tensors in order without
// holes or overlaps, byte counts that equal shape times width. Never runs code from a file.
// Errors are Error(kBadInput) naming file, offset and reason. Any thread; no state.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/files.h"
#include "store/named_tensor.h"

namespace volante {

// A file's content: tensors in file order and the free text of "__metadata__".
struct SafetensorsFile {
  std::vector<NamedTensor> tensors;
  std::map<std::string, std::string> metadata;
};

// The bytes of a file that holds `tensors`; names must be unique and sizes must fit the shapes.
std::vector<uint8_t> EncodeSafetensors(std::span<const NamedTensor> tensors,
                                       const std::map<std::string, std::string>& metadata = {});

// `where` names the source in errors. The result never takes more memory than a small multiple of
// the input.
SafetensorsFile DecodeSafetensors(std::span<const uint8_t> bytes, const std::string& where);

// Writes a new file atomically; reads a whole file of at most `max_bytes`.
void WriteSafetensors(Files& files, const std::string& path, std::span<const NamedTensor> tensors,
                      const std::map<std::string, std::string>& metadata = {});
SafetensorsFile ReadSafetensors(Files& files, const std::string& path,
                                uint64_t max_bytes = 16ull << 30);

}  // namespace volante
