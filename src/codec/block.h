#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "model/energy.h"
#include "model/ids.h"
#include "model/series.h"

namespace meterhouse {

// A compressed run of one channel's readings: a header under its own checksum that answers a total, then the packed
// readings under theirs. Byte table: docs/formats/block.md; why it is made so: docs/formats/why.md.

// A block holds at least one and at most this many readings (a month of one-second readings is 2.7 million).
inline constexpr std::size_t kMaxBlockReadings = std::size_t{1} << 22;

// A reading known to stand before the first one of a block, wherever it is stored. With it a month's total (its first
// interval opens with a reading of the month before) needs this block's header alone.
struct ReadingBefore {
  Instant at;
  MilliWattHours register_value;
  friend bool operator==(const ReadingBefore&, const ReadingBefore&) = default;
};

// What a block's header tells without its readings being decoded.
struct BlockSummary {
  SeriesKey key;
  std::uint32_t count;  // of readings, at least 1
  Instant first;        // instant of the first reading
  Instant last;         // instant of the last one; first where count is 1
  Seconds step;         // between all neighbours; 0: they differ, or count is 1
  MilliWattHours first_register;
  MilliWattHours last_register;
  std::optional<ReadingBefore> before;
  bool monotone;             // no register of the block is below the one before it, `before` included
  std::uint32_t size_bytes;  // of the whole block, header and checksums included

  friend bool operator==(const BlockSummary&, const BlockSummary&) = default;
};

// Appends the block of a series to `out`.
//   series  1..kMaxBlockReadings readings, strictly ascending, instants in [kFirstInstant, kLastInstant], registers in
//           [0, kMaxRegister] (MH_CHECK)
//   before  a reading of the same channel before the first one (MH_CHECK);
//           it costs 1 or 2 bytes where it stands exactly one step before a regular series,
//           else about 4
// The same arguments give the same bytes on every machine.
void append_block(std::vector<std::byte>& out, SeriesKey key, const Series& series,
                  std::optional<ReadingBefore> before = {});
std::vector<std::byte> encode_block(SeriesKey key, const Series& series, std::optional<ReadingBefore> before = {});

// The header of the block at the front of `bytes`, which may go on behind the block. No byte is trusted: the header's
// checksum and rules are verified, the readings behind it are not looked at. size_bytes <= bytes.size() in the answer.
//   errors  corruption: names the meter as far as the bytes tell it
// A block has no version of its own: what holds it (a segment) names the version of all its blocks.
Result<BlockSummary> decode_block_header(std::span<const std::byte> bytes);

// The readings of the block at the front of `bytes` (header and checksums verified again) into `out`, whose old content
// is replaced; a Series that is used again saves the allocation and the clearing. On an error `out` is empty.
//   errors  as decode_block_header
Status decode_block(std::span<const std::byte> bytes, Series& out);

// Both checksums of the block at the front of `bytes`, without decoding. For copying blocks.
//   errors  as decode_block_header
Result<BlockSummary> verify_block(std::span<const std::byte> bytes);

}  // namespace meterhouse
