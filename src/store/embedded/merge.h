#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/file_system.h"
#include "base/site_calendar.h"
#include "store/embedded/segment_set.h"

namespace meterhouse {

enum class MonthState : std::uint8_t { open, closed };

// Which segments of a month to join next: [first, last) of the list, or none. They must be neighbours, because the
// lower fold wins where blocks overlap.
//   sizes_bytes  of the month's segments, by fold
// An open month joins its newest segments once they are three and together as large as the one before them, so that
// each byte is rewritten a logarithmic number of times; a closed month becomes one segment, and takes in late data once
// they are a tenth of it or eight segments.
struct MergePick {
  std::size_t first;
  std::size_t last;
  friend bool operator==(const MergePick&, const MergePick&) = default;
};
std::optional<MergePick> pick_merge(std::span<const std::uint64_t> sizes_bytes, MonthState state);

// Joins segments of one month, ordered by fold, into one, durable when it returns. Blocks of channels that stand in one
// of them only are copied as they are.
Result<LiveSegment> merge_segments(FileSystem& files, const std::string& directory,
                                   std::span<const LiveSegment> segments, const SiteCalendar& calendar);

}  // namespace meterhouse
