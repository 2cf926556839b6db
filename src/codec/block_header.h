#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "codec/block.h"

namespace meterhouse {

// The header of a block, field by field as docs/formats/block.md lists them.

inline constexpr unsigned kMaxScaleExponent = 7;
inline constexpr std::array<std::int64_t, kMaxScaleExponent + 1> kPowersOfTen = {
    1, 10, 100, 1'000, 10'000, 100'000, 1'000'000, 10'000'000};
// The largest register in units of 10^exponent.
inline constexpr auto kMaxUnits = [] {
  auto units = kPowersOfTen;
  for (auto& value : units) value = kMaxRegister.count() / value;
  return units;
}();
constexpr std::int64_t power_of_ten(unsigned exponent) { return kPowersOfTen[exponent]; }

enum class TimeMode : std::uint8_t {
  regular = 0,  // one step between all neighbours; no bytes
  runs = 1,     // a step, and the places where the distance is another
  packed = 2,   // every distance's deviation from a step, in frames
};

struct BlockHeader {
  BlockSummary summary{.key = {MeterId::from_number(0), Channel::import_},
                       .count = 0,
                       .first = {},
                       .last = {},
                       .step = {},
                       .first_register = {},
                       .last_register = {},
                       .before = {},
                       .monotone = true,
                       .size_bytes = 0};
  TimeMode time_mode = TimeMode::regular;
  std::int64_t nominal_step = 0;       // seconds; summary.step, or where that is 0 the commonest distance
  unsigned scale_exponent = 0;         // all registers are multiples of 10^scale_exponent
  bool has_reading_flags = false;      // some reading is not normal
  bool wide = false;                   // some register delta needs more than kMaxNibbleWidth bits
  std::size_t header_size_bytes = 0;   // with its checksum
  std::size_t payload_size_bytes = 0;  // without its checksum

  std::int64_t scale() const { return power_of_ten(scale_exponent); }
  std::int64_t max_units() const { return kMaxUnits[scale_exponent]; }
};

inline constexpr std::size_t kChecksumSize = 4;

// Appends the header and its checksum; the sizes in `header` but payload_size_bytes are not looked at.
void append_block_header(std::vector<std::byte>& out, const BlockHeader& header);

// No header and its checksum is longer.
inline constexpr std::size_t kMaxBlockHeaderSize = 96;

// Reads the header at the front of `bytes` into `header`; the readings behind it need not be there. Written in place,
// not returned: walks go through 100 000 of them, and each copy would cost half as much as the reading.
//   errors  as decode_block_header; `header` then holds nothing of use
Status read_block_header(std::span<const std::byte> bytes, BlockHeader& header);

// The readings of a block whose header has been read from the same bytes, as decode_block and verify_block give them.
Status decode_readings(const BlockHeader& header, std::span<const std::byte> bytes, Series& out);
Status verify_readings(const BlockHeader& header, std::span<const std::byte> bytes);
// The same behind what is in `out`, which must end before the block's first reading (MH_CHECK) and stays as it is on an
// error. A scan puts a channel's months together without copying them once more.
Status append_readings(const BlockHeader& header, std::span<const std::byte> bytes, Series& out);

// "block of meter 100000001 import: <what>"
Error damaged_block(SeriesKey key, std::string_view what);

}  // namespace meterhouse
