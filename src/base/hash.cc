#include "base/hash.h"

#include <xxhash.h>

#include <cstdio>

namespace volante {
namespace {

std::string ToHex(XXH128_hash_t h) {
  char text[33];
  std::snprintf(text, sizeof text, "%016llx%016llx", static_cast<unsigned long long>(h.high64),
                static_cast<unsigned long long>(h.low64));
  return text;
}

}  // namespace

uint64_t HashBytes(const void* data, size_t size, uint64_t seed) {
  return XXH3_64bits_withSeed(data, size, seed);
}

std::string Hash128Hex(const void* data, size_t size) { return ToHex(XXH3_128bits(data, size)); }

Hasher128::Hasher128() : state_(XXH3_createState()) {
  XXH3_128bits_reset(static_cast<XXH3_state_t*>(state_));
}
Hasher128::~Hasher128() { XXH3_freeState(static_cast<XXH3_state_t*>(state_)); }
void Hasher128::Update(const void* data, size_t size) {
  XXH3_128bits_update(static_cast<XXH3_state_t*>(state_), data, size);
}
std::string Hasher128::Hex() const {
  return ToHex(XXH3_128bits_digest(static_cast<const XXH3_state_t*>(state_)));
}

}  // namespace volante
