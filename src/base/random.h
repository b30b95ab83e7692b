// Named, counter-based random streams: the only source of randomness in the program.
// A stream is (run seed, purpose, index); its whole state is three integers, so it is saved and
// resumed exactly. Philox4x32-10 of Salmon et al., "Parallel random numbers: as easy as 1, 2, 3"
// (SC 2011). No global generator exists and no clock is ever a seed.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace volante {

// One block of the generator: 4 words from a 4-word counter and a 2-word key.
std::array<uint32_t, 4> Philox4x32(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key);

class RandomStream {
 public:
  RandomStream() = default;
  // `purpose` names what the numbers are for ("traffic", "exploration"); `index` tells worlds,
  // episodes or batches apart. Different triples give independent streams.
  RandomStream(uint64_t seed, std::string_view purpose, uint64_t index = 0);

  uint32_t NextUint32();
  uint64_t NextUint64();
  // Uniform in [0, 1), 53 random bits.
  double Uniform();
  double Uniform(double low, double high) { return low + (high - low) * Uniform(); }
  // Uniform in {0, ..., n - 1}; n > 0. Unbiased (Lemire's rejection).
  uint64_t Below(uint64_t n);
  // Standard normal by Box-Muller; two uniforms per call, no hidden cache.
  double Normal();
  // As many calls of Normal at once, without their results.
  void SkipNormals(uint64_t n) { position_ += 4 * n; }

  template <class Archive>
  void VisitFields(Archive& ar) {
    ar("key", key_);
    ar("stream", stream_);
    ar("position", position_);
  }

  friend bool operator==(const RandomStream&, const RandomStream&) = default;

 private:
  std::array<uint32_t, 4> Block() const;  // that holds the next word

  uint64_t key_ = 0;       // Philox key
  uint64_t stream_ = 0;    // upper half of the counter
  uint64_t position_ = 0;  // 32-bit words drawn so far
};

}  // namespace volante
