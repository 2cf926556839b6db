#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"

namespace meterhouse {

// SQLite keeps no checksum of a page. A catalog's pages carry one in the last 8 bytes, which SQLite can be told to
// leave alone: it is computed as a page goes to the file and compared as it comes back, so that a flipped bit is an
// error and never another value. The write-ahead log has checksums of its own (log_check.h).
//   source  docs/formats/catalog.md

// To be left at the end of each page. The header of the database says so (byte 20); one that says 0 was made by an
// earlier program and has no checksums.
constexpr int kPageReserve = 8;

// The name of SQLite's disk with checksums, for sqlite3_open_v2: the default one of the moment, through which every
// page of a database passes. Reading a damaged page fails with SQLITE_IOERR_DATA.
const char* page_checksum_vfs();

// The operation for sqlite3_file_control that puts into one of these which page was found damaged last.
struct DamagedPage {
  std::uint64_t number = 0;  // from 1; 0: none
  std::uint64_t offset = 0;

  std::string text() const { return fmt::format("offset {}: page {}: checksum mismatch", offset, number); }
};
constexpr int kTellDamagedPage = 0x4D484341;
// Puts into a bool whether the database has checksums.
constexpr int kTellChecksums = kTellDamagedPage + 1;

// Reads every page of a database that nobody has open, but for those of `newer` (numbers from 1), which the log holds.
// What is wrong, each line with offset and page; nothing of a database without checksums.
//   errors  io
Result<std::vector<std::string>> find_damaged_pages(const std::string& path, const std::set<std::uint32_t>& newer,
                                                    std::size_t most);

}  // namespace meterhouse
