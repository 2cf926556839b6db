#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/file_system.h"
#include "base/result.h"
#include "base/time.h"

namespace meterhouse {

// What came of the newest drill: the file LAST-DRILL of a directory of backups.
//   source  docs/formats/backup.md
inline constexpr const char* kDrillRecordFile = "LAST-DRILL";
// Where a drill restores to, in a directory of backups.
inline constexpr const char* kDrillDirectory = "drill.part";

struct DrillRecord {
  std::string backup = {};  // that was restored; empty: it did not come to that
  Instant started = {};
  std::int64_t duration_ms = 0;
  bool passed = false;
  std::string outcome = {};  // a line: its figures, or what is wrong
  friend bool operator==(const DrillRecord&, const DrillRecord&) = default;
};

std::string encode_drill_record(const DrillRecord& record);
// errors  corruption
Result<DrillRecord> decode_drill_record(std::string_view text);

// nullopt: there was none yet. errors  corruption: names the file; io
Result<std::optional<DrillRecord>> read_drill_record(FileSystem& files, const std::string& backups);
Status write_drill_record(FileSystem& files, const std::string& backups, const DrillRecord& record);

}  // namespace meterhouse
