#pragma once

#include <cstdint>

namespace meterhouse::simulator {

// SplitMix64's finalizer (Steele, Lea, Flood 2014): every input bit reaches every output bit. Integers only, so the
// same on every machine; the distributions of <random> are not.
constexpr std::uint64_t mix(std::uint64_t x) {
  x += 0x9E3779B97F4A7C15u;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

// A random number that is a function of where it is asked for: no state, so any slice of time can be made alone.
constexpr std::uint64_t mix(std::uint64_t key, std::uint64_t position) {
  return mix(key ^ (position * 0xD1342543DE82EF95u));
}

// 0..below-1, for below < 2^32.
constexpr std::uint64_t pick(std::uint64_t random, std::uint64_t below) { return ((random >> 32) * below) >> 32; }

// A probability as a threshold for 32 random bits.
class Rate {
 public:
  constexpr Rate() = default;
  // probability is cut to [0, 1]. The only use of a double: it happens once, before any random number is drawn.
  explicit constexpr Rate(double probability)
      : threshold_(probability <= 0   ? 0
                   : probability >= 1 ? 0x1'0000'0000u
                                      : static_cast<std::uint64_t>(probability * 4294967296.0)) {}
  constexpr bool none() const { return threshold_ == 0; }
  constexpr bool hit(std::uint64_t random) const { return (random >> 32) < threshold_; }

 private:
  std::uint64_t threshold_ = 0;
};

}  // namespace meterhouse::simulator
