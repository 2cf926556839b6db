#pragma once

#include <span>
#include <string>
#include <vector>

#include "store/embedded/journal_reader.h"
#include "store/embedded/manifest.h"

namespace meterhouse {

// The readings kept back while a store is held: a log of their own, in the format of the journal, that the manifest
// names. Release reads it and writes it into the journal.

// The readings of a pending frame, where they stand. errors  corruption
Result<std::span<const Reading>> pending_readings_in(const FrameHeader& header, std::span<const std::byte> payload);

// Reads the pending log of a held store whole, changing nothing: scan_journal, and where the manifest says that the
// store was closed in good order, the log must end where that was, with nothing torn.
Result<JournalScan> scan_pending(FileSystem& files, const std::string& directory, const Manifest& manifest,
                                 const VisitFrame& visit);

// Where the manifest says that nothing is held, no pending file may hold a frame but those already released. Otherwise
// it is an older manifest put back, and going on from it would lose what was acknowledged since.
//   errors  corruption: names the file
Status check_no_pending(FileSystem& files, const std::string& directory, const Manifest& manifest);

// What is released as one frame: pending frames that arrived within the same second, as far as one frame holds. One
// frame each would take as many syncs as they took when they came.
struct ReleasedBatch {
  std::vector<Reading> readings;
  Instant arrived{};
};

// The next ones before `end` into `batch`, at most `most_readings` or one frame; false: there are none.
Result<bool> next_batch(JournalReader& reader, const JournalEnd& end, std::size_t most_readings, ReleasedBatch& batch);

}  // namespace meterhouse
