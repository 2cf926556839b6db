#include "base/checksum.h"

#include <isa-l/crc.h>

namespace meterhouse {

std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t seed) {
  // isa-l takes int lengths and leaves the final inversion to the caller.
  std::uint32_t crc = ~seed;
  constexpr std::size_t kPiece = std::size_t{1} << 30;
  while (!bytes.empty()) {
    const auto piece = bytes.first(bytes.size() < kPiece ? bytes.size() : kPiece);
    // The library's C interface takes a pointer to non-const and only reads.
    auto* data = const_cast<unsigned char*>(reinterpret_cast<const unsigned char*>(piece.data()));
    crc = crc32_iscsi(data, static_cast<int>(piece.size()), crc);
    bytes = bytes.subspan(piece.size());
  }
  return ~crc;
}

}  // namespace meterhouse
