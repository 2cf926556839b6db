#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file_system.h"
#include "base/result.h"
#include "service/backup/backup_files.h"
#include "service/backup/backup_manifest.h"
#include "service/backup/restore_marker.h"
#include "service/backup/shipped_journal.h"
#include "store/catalog_days.h"
#include "store/frame_replay.h"

namespace meterhouse {

struct RestoreRequest {
  std::string from;                // a directory of backups
  std::string to;                  // a data directory that is absent or empty, or a restore of it was interrupted
  std::optional<Instant> at = {};  // up to and with what arrived then; absent: everything
  std::optional<std::string> backup = {};  // its name; absent: the newest that was finished by then
  // Up to and with this frame of the journal, and of what is pending only what the backup has: the readings that can be
  // seen are those that could be seen behind that frame. Absent: by `at` alone.
  std::optional<std::uint64_t> up_to_frame = {};
};

// Of the shipped frames of a stream, what comes behind the backup.
struct StreamPlan {
  std::uint64_t after = 0;          // the backup's newest frame
  std::uint64_t frames = 0;         // that arrived in time
  std::uint64_t later = 0;          // that arrived after, and are left out
  std::uint64_t pieces = 0;         // they lie in
  std::uint64_t bytes = 0;          // of those pieces
  std::uint64_t last_sequence = 0;  // of the last one in time; `after` where there is none
  std::optional<Instant> last_arrival = {};
  std::vector<ShippedGap> gaps = {};       // frames that were not shipped, and may have arrived in time
  std::optional<PieceInfo> unclosed = {};  // the end of what was shipped
};

// What a restore will do. Everything it rests on has been read and found sound.
struct RestorePlan {
  RestoreRequest request;
  BackupManifest backup;
  StreamPlan readings;
  StreamPlan pending;
  std::optional<RestoreMarker> interrupted = {};  // the restore that it goes on with

  bool has_gaps() const { return !readings.gaps.empty() || !pending.gaps.empty(); }
  std::uint64_t bytes() const { return backup.bytes() + readings.bytes + pending.bytes; }
};

struct RestoreReport {
  std::uint64_t files = 0;       // laid down
  std::uint64_t files_kept = 0;  // of an interrupted restore, whole
  FrameReplayReport frames = {};
  StoreId store;  // the new one
};

// Chooses the backup and the frames, and reads every byte of them. Touches nothing.
//   errors  invalid_argument: the target is not empty, or holds an interrupted restore of something else;
//           not_found: no directory of backups, no such backup, none that was finished by then;
//           corruption: a file, a piece, or a backup newer than the newest sound one is damaged, all by name;
//           unavailable: the backup was pruned meanwhile
Result<RestorePlan> plan_restore(FileSystem& files, const RestoreRequest& request, const ByteProgress& progress);

// The restore that was interrupted in the target; nullopt: it is absent or empty. errors  invalid_argument: it is not
Result<std::optional<RestoreMarker>> check_restore_target(FileSystem& files, const std::string& to);

// Why it failed: where a prune beside it (a server's) took the backup away, that (unavailable), with what to do then;
// else the error as it is.
Error unless_pruned(const FileSystem& files, const RestorePlan& plan, Error error, std::string_view then);

// Carries the plan out. Interrupted at any point and begun again (with a new plan of the same request) it ends with the
// same. Until it is done the target holds the file RESTORING, with which nobody opens it.
//   replay   puts shipped frames into the target
//   becomes  the id of the restored store; an interrupted restore keeps its own
//   settle   called at the end, when every file is there, and again where the restore is begun again; null: nothing
//   errors   as the plan's, where something changed since; unavailable: another process holds the target; io; no_space
Result<RestoreReport> restore(FileSystem& files, const RestorePlan& plan, const OpenFrameReplay& replay,
                              const StoreId& becomes, const ByteProgress& progress,
                              const std::function<Status()>& settle = nullptr);

// The catalog was copied a moment after the readings: a day that was closed in between rests on readings which the
// restored store may not have. Notes those days as touched, so that they are closed again.
//   sequence  of the newest frame in the backup
Status touch_days_closed_after(DayCatalog& catalog, std::uint64_t sequence);

}  // namespace meterhouse
