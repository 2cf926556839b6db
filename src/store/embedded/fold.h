#pragma once

#include <span>
#include <vector>

#include "base/file_system.h"
#include "base/site_calendar.h"
#include "store/embedded/head.h"
#include "store/embedded/segment_set.h"
#include "store/embedded/touched_days.h"

namespace meterhouse {

// Writes the readings of a frozen head as one segment for each local month they touch, durable when it returns; the
// manifest does not name them yet. On an error what stands aside is removed as far as the disk allows. Segments that
// are finished stay: a manifest whose write failed at the last step may name them, from a try before. The next try of
// the same fold replaces them, or the next open removes them.
//   touched  gets the days that the readings change; null: nobody asks
//   outside  where the other readings of the channels lie, for that
Result<std::vector<LiveSegment>> fold_head(FileSystem& files, const std::string& directory, const Head& head,
                                           const SiteCalendar& calendar, std::uint64_t fold_sequence,
                                           TouchedDays* touched = nullptr, const SegmentSet& outside = {});

// Writes the newest reading of each channel of these segments, as segments of the months those lie in: what is kept of
// months that are let go of. Otherwise as fold_head. Empty: it would be all there is in them.
//   segments  in the order of a SegmentSet
Result<std::vector<LiveSegment>> fold_newest(FileSystem& files, const std::string& directory,
                                             std::span<const LiveSegment> segments, const SiteCalendar& calendar,
                                             std::uint64_t fold_sequence);

// The name of a segment file: month and folds, "2025-02-00000000000000000007-00000000000000000009.segment".
std::string segment_name(TimeRange month, const SiteCalendar& calendar, std::uint64_t first_fold,
                         std::uint64_t last_fold);

// Opens a segment just written, for reading.
Result<LiveSegment> open_written(FileSystem& files, const std::string& directory, std::string name,
                                 const SegmentInfo& info);

}  // namespace meterhouse
