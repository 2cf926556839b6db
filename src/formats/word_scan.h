#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

namespace meterhouse {

// Looking for the end of a piece of text eight characters at a time. Reads up to 7 bytes past it: there must be some.
static_assert(std::endian::native == std::endian::little, "the first of eight characters must be the lowest byte");

constexpr std::uint64_t each_byte(std::uint64_t value) { return value * 0x0101010101010101U; }

// The high bit of each byte that is `value` (below `bound`): exact up to the first such byte, which is all that is
// asked.
constexpr std::uint64_t bytes_equal(std::uint64_t word, std::uint64_t value) {
  const std::uint64_t zero = word ^ each_byte(value);
  return (zero - each_byte(0x01)) & ~zero & each_byte(0x80);
}
constexpr std::uint64_t bytes_below(std::uint64_t word, std::uint64_t bound) {
  return (word - each_byte(bound)) & ~word & each_byte(0x80);
}

// The first character for which `stops` sets the high bit of its byte.
template <class Stops>
const char* scan_words(const char* p, Stops stops) {
  for (;; p += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, p, 8);
    if (const std::uint64_t found = stops(word); found != 0) return p + std::countr_zero(found) / 8;
  }
}

}  // namespace meterhouse
