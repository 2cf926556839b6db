#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "codec/block.h"

namespace meterhouse {

// The header of a block, field by field as docs/formats/block.md lists them.

enum class TimeMode : std::uint8_t {
  regular = 0,  // one step between all neighbours; no bytes
  runs = 1,     // a step, and the places where the distance is another
  packed = 2,   // every distance's deviation from a step, in frames
};

struct BlockHeader {
  BlockSummary summary;
  TimeMode time_mode = TimeMode::regular;
  std::int64_t nominal_step = 0;       // seconds; summary.step, or where that is 0 the commonest distance
  unsigned scale_exponent = 0;         // all registers are multiples of 10^scale_exponent
  bool has_reading_flags = false;      // some reading is not normal
  bool wide = false;                   // some register delta needs more than kMaxNibbleWidth bits
  std::size_t header_size_bytes = 0;   // with its checksum
  std::size_t payload_size_bytes = 0;  // without its checksum

  std::int64_t scale() const;
};

inline constexpr unsigned kMaxScaleExponent = 7;
inline constexpr std::size_t kChecksumSize = 4;
std::int64_t power_of_ten(unsigned exponent);  // exponent <= kMaxScaleExponent

// Appends the header and its checksum; the sizes in `header` but payload_size_bytes are not looked at.
void append_block_header(std::vector<std::byte>& out, const BlockHeader& header);

// No header and its checksum is longer.
inline constexpr std::size_t kMaxBlockHeaderSize = 96;

// The header at the front of `bytes`; the readings behind it need not be there.
//   errors  as decode_block_header
Result<BlockHeader> read_block_header(std::span<const std::byte> bytes);

// The readings of a block whose header has been read from the same bytes, as decode_block and verify_block give them.
Status decode_readings(const BlockHeader& header, std::span<const std::byte> bytes, Series& out);
Status verify_readings(const BlockHeader& header, std::span<const std::byte> bytes);

// "block of meter 100000001 import: <what>"
Error damaged_block(SeriesKey key, std::string_view what);

}  // namespace meterhouse
