#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "base/result.h"

namespace meterhouse {

// SQLite takes the first frame of its write-ahead log that fails its checksum for the log's end: what was committed
// behind it would be gone, and nobody told. So the log that a crash left is looked through before SQLite opens it.
//   source  SQLite, "Database File Format", 4: The Write-Ahead Log; docs/formats/catalog.md

// What stands behind the last whole transaction of the log, and belongs to it: one torn by a crash or left by a write
// that failed, and then never acknowledged, or what damage makes unreadable. SQLite's sums run on from frame to frame,
// so in the last transaction the three cannot be told apart.
struct TornLog {
  std::string file;
  std::uint64_t offset;
  std::uint64_t length;
};

struct LogCheck {
  std::set<std::uint32_t> pages;  // that committed transactions in the log wrote, from 1
  std::optional<TornLog> torn;
};

// Reads the log of a database (path-wal) that nobody has open. No log, or an empty one: nothing in it.
//   errors  corruption: its header is damaged, which a crash does not do: it is written at once; or a frame with more
//           than one transaction behind it, each of which was durable before the next one began; io
Result<LogCheck> check_log(const std::string& database);

}  // namespace meterhouse
