#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/ids.h"
#include "model/meter.h"
#include "store/sqlite/log_check.h"

namespace meterhouse {

// What verify_catalog read, and what it found wrong.
struct CatalogReport {
  int schema = 0;                    // 0: empty, as a crash right after the file was made leaves it
  std::uint64_t tables = 0;          // with the one of the schema's steps
  std::uint64_t rows = 0;            // of all tables
  std::uint64_t bytes = 0;           // of the database and of the log beside it
  std::vector<MeterId> meters;       // ascending
  std::optional<TornLog> torn;       // at the end of the log: a crash, or damage
  std::vector<std::string> damages;  // the first kMaxDamages, each naming the file

  static constexpr int kMaxDamages = 100;
  bool sound() const { return damages.empty(); }
};

// Reads a whole catalog, checks the checksum of every page, its structure, its indexes, its constraints and every row,
// and changes nothing: what a crash left in the write-ahead log is read with the database and stays there, an older
// schema stays as it is. Damage is no error here: it is listed.
//   path      of the database, which nobody has open: the caller holds the lock of the data directory
//   on_meter  is shown every meter, ascending; null: nobody asks
//   errors    not_found: no such file; unavailable: a newer program wrote it, or somebody has it open; io
Result<CatalogReport> verify_catalog(const std::string& path,
                                     const std::function<void(const Meter&)>& on_meter = nullptr);

}  // namespace meterhouse
