#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "base/result.h"
#include "base/time.h"

namespace meterhouse {

// One live segment, as the manifest names it.
struct SegmentEntry {
  std::string name;  // file name within segments/
  TimeRange month;   // (from, to]: the bounds of the site's local month as instants
  std::uint64_t first_fold;
  std::uint64_t last_fold;
  std::uint64_t size_bytes;
  std::uint64_t readings;  // with the size: another segment put in its place is noticed
  friend bool operator==(const SegmentEntry&, const SegmentEntry&) = default;
};

// What the store consists of: replaced as a whole, atomically. Text, one item a line, the last line a checksum of the
// rest. source  docs/formats/manifest.md
struct Manifest {
  std::uint64_t next_fold = 1;
  std::uint64_t first_journal_file = 1;     // older ones are folded and may be gone
  std::uint64_t next_sequence = 1;          // of the first frame not folded
  std::string timezone;                     // whose months the segments follow
  bool clean = false;                       // closed in good order: no journal is needed
  bool held = false;                        // readings are kept as pending
  std::uint64_t first_pending_file = 1;     // older pending files are released and may be gone
  std::uint64_t next_pending_sequence = 1;  // of the first pending frame not released
  std::uint64_t pending_end = 0;            // where held and clean: of the frame after the last pending one; else 0
  std::vector<SegmentEntry> segments;       // by month, then fold
  friend bool operator==(const Manifest&, const Manifest&) = default;
};

// 1: without what is said of pending readings; still written where there is nothing to say.
constexpr int kManifestVersion = 2;

std::string encode_manifest(const Manifest& manifest);
// errors  corruption (offset and reason), unavailable: written by a newer version
Result<Manifest> decode_manifest(std::string_view text);

Result<Manifest> read_manifest(FileSystem& files, const std::string& path);
Status write_manifest(FileSystem& files, const std::string& path, const Manifest& manifest);

}  // namespace meterhouse
