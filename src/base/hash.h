// Hashes of byte ranges: XXH3 (of the xxHash library) for integrity and for golden values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace volante {

// XXH3, 64 bits.
uint64_t HashBytes(const void* data, size_t size, uint64_t seed = 0);

// XXH3, 128 bits, as 32 lower-case hex digits.
std::string Hash128Hex(const void* data, size_t size);

// XXH3-128 over a stream of pieces; equals Hash128Hex of their concatenation.
class Hasher128 {
 public:
  Hasher128();
  ~Hasher128();
  Hasher128(const Hasher128&) = delete;
  Hasher128& operator=(const Hasher128&) = delete;
  void Update(const void* data, size_t size);
  std::string Hex() const;

 private:
  void* state_;
};

}  // namespace volante
