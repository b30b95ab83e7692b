#include "base/random.h"

#include <cmath>
#include <numbers>

#include "base/error.h"
#include "base/hash.h"

namespace volante {
namespace {

// 53 of its bits, in [0, 1).
double ToUniform(uint64_t bits) { return static_cast<double>(bits >> 11) * 0x1p-53; }

}  // namespace

std::array<uint32_t, 4> Philox4x32(std::array<uint32_t, 4> c, std::array<uint32_t, 2> k) {
  for (int round = 0; round < 10; ++round) {
    const uint64_t p0 = uint64_t{0xD2511F53} * c[0];
    const uint64_t p1 = uint64_t{0xCD9E8D57} * c[2];
    c = {static_cast<uint32_t>(p1 >> 32) ^ c[1] ^ k[0], static_cast<uint32_t>(p1),
         static_cast<uint32_t>(p0 >> 32) ^ c[3] ^ k[1], static_cast<uint32_t>(p0)};
    k[0] += 0x9E3779B9;
    k[1] += 0xBB67AE85;
  }
  return c;
}

RandomStream::RandomStream(uint64_t seed, std::string_view purpose, uint64_t index)
    : key_(HashBytes(purpose.data(), purpose.size(), seed)), stream_(index) {}

std::array<uint32_t, 4> RandomStream::Block() const {
  const uint64_t block = position_ >> 2;
  return Philox4x32({static_cast<uint32_t>(block), static_cast<uint32_t>(block >> 32),
                     static_cast<uint32_t>(stream_), static_cast<uint32_t>(stream_ >> 32)},
                    {static_cast<uint32_t>(key_), static_cast<uint32_t>(key_ >> 32)});
}

uint32_t RandomStream::NextUint32() {
  const auto words = Block();
  return words[position_++ & 3];
}

uint64_t RandomStream::NextUint64() {
  const uint64_t first = position_ & 3;
  if (first == 3) {  // of two blocks
    const uint64_t low = NextUint32();
    return low | (uint64_t{NextUint32()} << 32);
  }
  const auto words = Block();
  position_ += 2;
  return words[first] | (uint64_t{words[first + 1]} << 32);
}

double RandomStream::Uniform() { return ToUniform(NextUint64()); }

uint64_t RandomStream::Below(uint64_t n) {
  VOLANTE_CHECK(n > 0, "RandomStream::Below needs n > 0");
  const uint64_t threshold = (0 - n) % n;
  while (true) {
    const unsigned __int128 product = static_cast<unsigned __int128>(NextUint64()) * n;
    if (static_cast<uint64_t>(product) >= threshold) return static_cast<uint64_t>(product >> 64);
  }
}

double RandomStream::Normal() {
  uint64_t first, second;
  if ((position_ & 3) == 0) {  // mostly: one block has both
    const auto words = Block();
    position_ += 4;
    first = words[0] | (uint64_t{words[1]} << 32);
    second = words[2] | (uint64_t{words[3]} << 32);
  } else {
    first = NextUint64();
    second = NextUint64();
  }
  const double u = 1.0 - ToUniform(first);  // (0, 1]
  const double v = ToUniform(second);
  return std::sqrt(-2.0 * std::log(u)) * std::cos(2.0 * std::numbers::pi * v);
}

}  // namespace volante
