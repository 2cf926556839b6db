#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file_system.h"
#include "base/result.h"
#include "model/digest.h"
#include "service/backup/backup_files.h"
#include "service/backup/backup_manifest.h"
#include "service/backup/store_id.h"
#include "store/snapshot.h"

namespace meterhouse {

// What a backup is made of.
struct BackupSource {
  const StoreSnapshot& snapshot;
  StoreId store;
  // Makes a complete, synced copy of the catalog as one file. Called once, after the snapshot was taken, so that it
  // knows every meter that has a reading there.
  std::function<Status(const std::string& path)> copy_catalog;
  std::uint64_t meters = 0;                // registered
  std::optional<std::string> digest = {};  // of the snapshot's readings, where it is known
  // The digest of the meters that a restore of the snapshot and this copy of the catalog has; null: it is not known.
  std::function<Result<Digest>(const std::string& copy)> meters_digest = nullptr;
};

// Whether the shared files of earlier backups are taken as they are, or read and, where they are damaged, copied again.
enum class SharedFiles : std::uint8_t { trust, reread };

struct CreatedBackup {
  BackupManifest manifest;
  std::uint64_t copied_files = 0;
  std::uint64_t copied_bytes = 0;
  std::uint64_t shared_files = 0;  // that were there already
};

// A directory backup-…, whole or not. Its files are there in their sizes; verify() reads them.
struct ListedBackup {
  std::string name;
  std::optional<BackupManifest> manifest = {};  // absent: missing or damaged
  std::string damage = {};                      // what is wrong; empty: nothing
};

struct CheckedBackup {
  std::string name;
  std::vector<std::string> damages;             // each names a file; empty: sound
  std::vector<std::string> damaged_files = {};  // of those that a manifest names and that are there: where they lie
};

struct BackupCheck {
  std::vector<CheckedBackup> backups;
  std::vector<std::string> damages;  // of the directory itself and of the shipped journal
  std::vector<std::string> notes;    // of the shipped journal: gaps behind the oldest backup, an end that is not closed
  std::uint64_t pieces = 0;          // of the shipped journal
  std::uint64_t files = 0;           // read, each once
  std::uint64_t bytes = 0;

  bool sound() const;
};

// Of the newest day under KeepRule::days: more than anybody asks for by hand, few enough for a script that asks all the
// time.
inline constexpr std::size_t kKeptOfNewestDay = 24;

// Which backups to keep: what any of these keeps. With none set: all.
struct KeepRule {
  std::optional<std::size_t> newest = {};  // so many
  std::optional<Instant> since = {};       // those begun then or later
  // Of each of the newest so many days (UTC) on which one was begun the newest, and of the newest day the newest
  // kKeptOfNewestDay: however many are made in a day, they cost no earlier day its own.
  std::optional<std::size_t> days = {};
};

struct PruneReport {
  std::vector<std::string> removed;
  std::vector<std::string> kept;
  std::vector<std::string> damaged;  // never removed by a rule: a person looks at them first
  std::uint64_t removed_files = 0;   // that no backup needs any more
  std::uint64_t removed_bytes = 0;   // of those
};

// The backups of one store in a directory. Every file goes through FileSystem.
//   errors   unavailable also, of whatever takes a progress: it said that the run is to stop
//   threads  one; several processes may use it: creating and pruning hold the directory's lock, reading needs none
//   source   docs/formats/backup.md
class BackupDirectory {
 public:
  // files and clock outlive the object
  BackupDirectory(FileSystem& files, const Clock& clock, std::string path)
      : files_(files), clock_(clock), path_(std::move(path)) {}

  const std::string& path() const { return path_; }

  // Makes the directory this store's, where it is nobody's yet. errors  as create()
  Status claim(const StoreId& store);

  // Makes a backup: copies what the directory does not have yet. Makes the directory where there is none. Interrupted
  // at any point, what was whole before is whole still, and the next call removes what was left.
  //   errors  unavailable: another process makes or removes backups there;
  //           conflict: it holds backups of another store, of a later moment of this one, or a segment of the same name
  //           with other bytes; invalid_argument: something else is in it; io; no_space; corruption (of the source)
  Result<CreatedBackup> create(const BackupSource& source, SharedFiles shared, const ByteProgress& progress);

  // Every directory backup-…, ascending by name. errors  not_found: no such directory
  Result<std::vector<ListedBackup>> list() const;

  // Reads every byte of every file of these backups, or of all. Damage is no error here: it is listed.
  //   errors  not_found: no such directory, or no such backup
  Result<BackupCheck> verify(const ByteProgress& progress) const;
  Result<BackupCheck> verify(const std::string& name, const ByteProgress& progress) const;

  // Puts the damaged files that were found under names of their own, kDamaged behind theirs: whoever lists the backups
  // sees that they are not whole, and the next create() copies a shared one again that the store still has.
  //   errors  unavailable: another process makes or removes backups there; io
  Status set_aside(const BackupCheck& check);

  // Removes the backups that the rule does not keep, and the segments and shipped pieces that none needs any more.
  // Before it removes one it reads the newest, and where that is damaged the one before: a sound one is always left.
  //   sound   the name of one that was just verified: it is not read again; empty: none was
  //   errors  corruption: none is sound, nothing was removed; unavailable, not_found as above
  Result<PruneReport> prune(const KeepRule& rule, const ByteProgress& progress, const std::string& sound = {});

  // Keeps others from making or removing backups here meanwhile. create() and prune() take it themselves.
  //   errors  unavailable: another process makes or removes backups there
  Result<std::unique_ptr<FileSystem::Lock>> lock();

  // Where a file of a backup lies.
  std::string location(const std::string& backup, const BackupFile& file) const;
  // Of the shipped journal.
  std::string journal_directory() const { return path_ + "/journal"; }

 private:
  struct Laying;  // a backup being laid down

  Status check_is_ours(const StoreId& store) const;
  Status take_possession(const StoreId& store);
  Result<std::optional<StoreId>> owner() const;
  Status remove_leftovers();
  Result<std::string> free_name(Instant at) const;
  Status check_goes_on(const std::vector<ListedBackup>& there, const StoreSnapshot& snapshot) const;

  Status lay_down(Laying& laying);
  Status take_file(Laying& laying, const SnapshotFile& file);
  Result<ContentHash> take_shared(Laying& laying, const SnapshotFile& file);
  Status take_catalog(Laying& laying);
  Status finish(Laying& laying);

  ListedBackup inspect(const std::string& name, std::map<std::string, std::string>& seen) const;
  std::string missing_or_cut(const std::string& name, const BackupFile& file) const;
  std::string missing(const std::string& path) const;
  Result<BackupCheck> verify_these(const std::vector<ListedBackup>& backups, const ByteProgress& progress) const;
  Result<std::set<std::string>> chosen(const std::vector<const ListedBackup*>& newest_first, const KeepRule& rule,
                                       const std::string& sound, const ByteProgress& progress) const;
  Status remove_backup(const std::string& name);
  Status verify_pieces(const std::vector<ListedBackup>& backups, const ByteProgress& progress,
                       BackupCheck& check) const;
  Status remove_unneeded(PruneReport& report);
  Status remove_segments_but(const std::set<std::string>& needed, PruneReport& report);
  Status remove_pieces_up_to(FrameStream stream, std::uint64_t sequence, PruneReport& report);
  Status remove_files(const std::string& directory, std::span<const std::string> names, PruneReport& report);

  FileSystem& files_;
  const Clock& clock_;
  std::string path_;
};

// Newest first: by what they hold, then by name.
bool is_newer(const BackupManifest& a, const BackupManifest& b);

// Behind the name of a file that was found damaged and set aside.
inline constexpr std::string_view kDamaged = ".damaged";

// A directory of this name is a backup, but for one that is being laid down.
inline constexpr std::string_view kBackupPrefix = "backup-";

// Whether a file in the directory of segments is one, by its name.
inline bool is_segment_name(std::string_view name) { return name.ends_with(".segment"); }

// Whether a path within the data directory is of a file that all backups share.
bool is_shared_path(std::string_view path);

}  // namespace meterhouse
