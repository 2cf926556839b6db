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

// For scans, which put a channel's months together in columns they use again: only the readings from the first one on
// that are wanted are decoded, into rows that are there already, and instants that stand there from the channel before
// (neighbouring meters are read at the same times) are not written again.

// How many readings from the first one on to decode for all those up to `to`: where the codec cannot stop there, more.
std::size_t front_until(const BlockHeader& header, Instant to);
enum class Instants : std::uint8_t { write, stand_there };
// The first `count` readings, as front_until gave it, to the rows from `row` on of out.at and out.registers, which must
// be there (MH_CHECK). out.flags grows to row + count where the block has flags or out.flags is not empty; it must not
// reach past `row`. With Instants::stand_there (regular blocks only, MH_CHECK) out.at is left alone. Both checksums are
// verified; the sums against the header only where all readings are decoded.
//   errors  as decode_block_header; the rows then hold nothing of use
Status decode_front(const BlockHeader& header, std::span<const std::byte> bytes, std::size_t count, Instants instants,
                    Series& out, std::size_t row);

// "block of meter 100000001 import: <what>"
Error damaged_block(SeriesKey key, std::string_view what);

}  // namespace meterhouse
