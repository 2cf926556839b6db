#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace meterhouse {

// CRC32C (Castagnoli, RFC 3720 B.4: crc32c("123456789") = 0xE3069283). `seed` continues over several pieces.
std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t seed = 0);

}  // namespace meterhouse
