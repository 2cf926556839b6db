#pragma once

#include <functional>
#include <string>

#include "base/clock.h"
#include "base/file_system.h"
#include "service/backup/backup_directory.h"
#include "service/backup/drill_record.h"
#include "service/backup/restore.h"
#include "service/digests.h"

namespace meterhouse {

// The live store behind one frame of its journal.
struct StoreMoment {
  std::uint64_t sequence = 0;
  Digest meters;
  std::function<Result<Digest>()> readings = nullptr;  // reads them; the store may go on meanwhile
  // When whole months of readings were let go of the last time: a backup from before still has them.
  std::optional<Instant> months_dropped = {};
};

// What a drill works with. All references outlive it.
struct DrillParts {
  FileSystem& files;
  const Clock& clock;
  BackupDirectory& backups;
  StoreId store;       // whose backups they must be
  std::string inside;  // the directory to restore in, where a directory of the drill's own is made; empty: the backups'
  std::function<Result<StoreMoment>()> live = nullptr;
  // Sees to it that every frame up to now is shipped; null: the journal is not shipped.
  std::function<Status()> ship = nullptr;
  OpenFrameReplay replay = nullptr;
  std::function<Status(const RestorePlan&)> settle = nullptr;  // as restore() calls it
  std::function<Result<Digests>(const std::string& directory)> digests_of_directory = nullptr;
  std::function<Result<std::uint64_t>(const std::string& directory)> free_bytes = nullptr;
  std::function<bool()> stopping = nullptr;  // asked between two parts: the program ends
};

// A restore that nobody needs: the newest backup, and behind it the shipped journal, into a directory that is removed
// again, whatever happens (what a killed drill leaves, the next one removes). What was restored is compared with the
// live store by their digests, of one and the same frame; where the frames since the backup were not shipped, with the
// digests that were taken when the backup was made. What came of it is written into the directory of backups, and
// returned.
//   errors  not_found: no such directory of backups; unavailable: another process makes or removes backups there, or
//           drills, or it was to stop. Everything else is an outcome
Result<DrillRecord> drill(const DrillParts& parts, const ByteProgress& progress);

}  // namespace meterhouse
