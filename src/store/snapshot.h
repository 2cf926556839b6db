#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace meterhouse {

// Which of a store's two logs a frame belongs to: of what is visible, or of what waits for the end of maintenance. Who
// is handed the frames of a stream (EmbeddedOptions::on_frame) gets every one, those that end a file included:
// sequences without a hole, so that a frame that was lost on the way shows.
enum class FrameStream : std::uint8_t { readings, pending };

// The frames of a stream that a store has as it opens, [first, next): those before are folded, or released.
struct FrameRange {
  std::uint64_t first = 1;
  std::uint64_t next = 1;
};

// A file of a snapshot. It holds what it needs: read() works on after folds, merges and retention removed the file.
//   threads  any thread
struct SnapshotFile {
  std::string path;  // within the data directory: "segments/2025-02-….segment", "MANIFEST", "journal/journal-…"
  std::uint64_t size_bytes;
  bool immutable;  // a later snapshot's file of the same path and size has the same bytes (segments)
  // Reads exactly out.size() bytes from offset on; offset + out.size() <= size_bytes. errors  io, corruption
  std::function<Status(std::uint64_t offset, std::span<std::byte> out)> read;
};

// The files of a store at one moment: laid into an empty directory they open as the store was at that moment.
struct StoreSnapshot {
  std::vector<SnapshotFile> files;
  std::uint64_t sequence = 0;          // of the newest frame of the journal in it; 0: none yet
  std::uint64_t pending_sequence = 0;  // the same of the pending journal
  Instant taken_at;
};

}  // namespace meterhouse
