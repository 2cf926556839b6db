#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/time.h"
#include "codec/block_header.h"
#include "codec/frames.h"

namespace meterhouse {

// The instants of a block. Meters report on a grid: a regular block spends no byte on them. Where readings are missing
// the distances are the grid's step but for a few places, and only those are listed (runs); where a meter's clock
// wanders, each distance's deviation from the step is packed in frames like the registers. Deviations from the
// commonest step, not deltas of deltas: a gap then costs one number instead of two and the sum needs one pass.

// Appends the time section, of whichever form is the smallest, and sets time_mode, nominal_step and summary.step of
// `header`.
void append_times(std::vector<std::byte>& out, std::span<const Instant> at, BlockHeader& header);

// A time section whose size has been checked against the payload it stands at the front of.
struct TimeSection {
  std::span<const std::byte> runs;  // TimeMode::runs: payload from its first run on
  std::uint64_t run_count = 0;
  FrameColumn deviations;  // TimeMode::packed
  std::size_t size_bytes = 0;
};

// nullopt: the payload has no such section.
std::optional<TimeSection> find_times(const BlockHeader& header, std::span<const std::byte> payload,
                                      std::span<const std::byte> readable);

// Writes the first `count` instants: all of them, or fewer of TimeMode::regular (MH_CHECK). false: they do not ascend
// to the header's last instant.
bool unpack_times(const BlockHeader& header, const TimeSection& section, std::size_t count, std::int64_t* out);

}  // namespace meterhouse
