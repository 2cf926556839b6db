#include <date/date.h>
#include <algorithm>

#include "base/check.h"
#include "service/backup/backup_directory.h"
#include "service/backup/drill_record.h"

// Making a backup. Shared files are copied under a name of their own and renamed; the backup's own files are laid down
// in backup-….part, which gets its name when everything in it is durable. So whatever has its final name is whole.

namespace meterhouse {
namespace {

constexpr std::string_view kPart = ".part";
constexpr std::string_view kNew = ".new";  // write_file_atomically() makes it
constexpr const char* kCatalog = "catalog.sqlite";

std::string parent_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

// What a directory may hold that is not ours: what every file system has at its root, and what a first run leaves.
bool may_lie_there(const std::string& name) {
  return name == "LOCK" || name == "lost+found" || name == kStoreIdFile || name == std::string{kStoreIdFile} + ".new";
}

// backup-20250220T103000Z.part, backup-20250220T103000Z-2.part
bool is_part_of_a_backup(std::string_view name) {
  if (!name.starts_with(kBackupPrefix) || !name.ends_with(kPart)) return false;
  name = name.substr(kBackupPrefix.size(), name.size() - kBackupPrefix.size() - kPart.size());
  return name.find_first_not_of("0123456789TZ-") == std::string_view::npos;
}

// Whether a run that was killed may have left it, in the directory itself. Whatever else lies there is somebody's.
bool is_leftover(std::string_view name) {
  if (name.ends_with(kNew)) {
    name.remove_suffix(kNew.size());
    return name == kStoreIdFile || name == kDrillRecordFile;
  }
  return name == kDrillDirectory || is_part_of_a_backup(name);
}

bool is_part_of_a_segment(std::string_view name) {
  return name.ends_with(kPart) && is_segment_name(name.substr(0, name.size() - kPart.size()));
}

}  // namespace

struct BackupDirectory::Laying {
  const BackupSource& source;
  SharedFiles shared;
  ByteCounter& counter;
  std::map<std::string, BackupFile> known;  // shared files of earlier backups, by path
  std::string directory;                    // backup-….part
  CreatedBackup made = {};
  std::set<std::string> directories = {};  // with something new in them
};

Result<std::unique_ptr<FileSystem::Lock>> BackupDirectory::lock() {
  auto lock = files_.lock(path_ + "/LOCK");
  if (!lock && lock.error().code == Errc::unavailable)
    return Error{Errc::unavailable, fmt::format("another process is making or removing backups in {}", path_)};
  return lock;
}

// Whose backups these are: as the directory says, or where that is lost, as any of them says.
Result<std::optional<StoreId>> BackupDirectory::owner() const {
  auto id = read_store_id(files_, path_);
  if (id && *id) return id;
  if (!id && id.error().code != Errc::corruption) return id;
  const auto backups = list();
  if (!backups) return backups.error();
  for (const ListedBackup& backup : *backups)
    if (backup.manifest) return std::optional{backup.manifest->store};
  return std::optional<StoreId>{};
}

// Nothing is written into a directory that is not ours, a lock neither.
Status BackupDirectory::check_is_ours(const StoreId& store) const {
  const auto there = owner();
  if (!there) return there.error();
  if (*there && **there != store)
    return Error{Errc::conflict, fmt::format("{} holds backups of another store (its id is {}, this one's is {}): name "
                                             "another directory",
                                             path_, (*there)->hex(), store.hex())};
  if (*there) return {};
  const auto names = files_.list(path_);
  if (!names) return names.error();
  if (std::ranges::all_of(*names, may_lie_there)) return {};
  return Error{Errc::invalid_argument,
               fmt::format("{} is not empty and holds no backups; name another directory", path_)};
}

// With the lock held. Writes the id where it is missing or damaged.
Status BackupDirectory::take_possession(const StoreId& store) {
  if (const auto ours = check_is_ours(store); !ours) return ours;
  const auto written = read_store_id(files_, path_);
  if (written && *written) return {};
  return write_store_id(files_, path_, store);
}

Status BackupDirectory::claim(const StoreId& store) {
  if (auto done = files_.create_directories(path_); !done) return done;
  if (const auto ours = check_is_ours(store); !ours) return ours;
  const auto there = read_store_id(files_, path_);
  if (there && *there) return {};
  const auto held = lock();
  if (!held) return held.error();
  return take_possession(store);
}

// Of runs that were killed.
Status BackupDirectory::remove_leftovers() {
  const auto remove = [this](const std::string& directory, bool (*is_ours)(std::string_view)) -> Status {
    const auto names = files_.list(directory);
    if (!names) return names.error();
    for (const std::string& name : *names)
      if (is_ours(name))
        if (auto done = remove_tree(files_, directory + "/" + name); !done) return done;
    return {};
  };
  if (auto done = remove(path_, is_leftover); !done) return done;
  return remove(path_ + "/segments", is_part_of_a_segment);
}

Result<std::string> BackupDirectory::free_name(Instant at) const {
  const std::string base = "backup-" + date::format("%Y%m%dT%H%M%SZ", at);
  for (int number = 1;; ++number) {
    const std::string name = number == 1 ? base : fmt::format("{}-{}", base, number);
    const auto taken = files_.exists(path_ + "/" + name);
    if (!taken) return taken.error();
    if (!*taken) return name;
  }
}

Status BackupDirectory::check_goes_on(const std::vector<ListedBackup>& there, const StoreSnapshot& snapshot) const {
  for (const ListedBackup& backup : there)
    if (backup.manifest && backup.manifest->sequence > snapshot.sequence)
      return Error{
          Errc::conflict,
          fmt::format("{}/{} is of a later moment than the store (frame {} against {}): is it an older copy of "
                      "it? Name another directory",
                      path_, backup.name, backup.manifest->sequence, snapshot.sequence)};
  return {};
}

Result<CreatedBackup> BackupDirectory::create(const BackupSource& source, SharedFiles shared,
                                              const ByteProgress& progress) {
  const auto attempt = fmt::format("back up into {}", path_);
  if (auto done = files_.create_directories(path_); !done) return done.error().during(attempt);
  if (const auto ours = check_is_ours(source.store); !ours) return ours.error();
  const auto held = lock();
  if (!held) return held.error();
  if (const auto ours = take_possession(source.store); !ours) return ours.error();
  if (auto done = files_.create_directories(path_ + "/segments"); !done) return done.error().during(attempt);
  if (auto done = remove_leftovers(); !done) return done.error().during(attempt);
  const auto there = list();
  if (!there) return there.error();
  if (const auto later = check_goes_on(*there, source.snapshot); !later) return later.error();

  std::uint64_t total = 0;
  for (const SnapshotFile& file : source.snapshot.files) total += file.size_bytes;
  ByteCounter counter{progress, total};
  Laying laying{.source = source, .shared = shared, .counter = counter, .known = {}, .directory = {}};
  for (const ListedBackup& backup : *there)
    if (backup.manifest)
      for (const BackupFile& file : backup.manifest->files)
        if (is_shared_path(file.path)) laying.known.emplace(file.path, file);
  laying.made.manifest.started = source.snapshot.taken_at;
  auto name = free_name(laying.made.manifest.started);
  if (!name) return name.error();
  laying.made.manifest.name = std::move(*name);
  laying.directory = path_ + "/" + laying.made.manifest.name + std::string{kPart};

  if (const Status laid = lay_down(laying); !laid) {
    static_cast<void>(remove_tree(files_, laying.directory));  // a full disk gets its room back; else the next run does
    return laid.error().during(attempt);
  }
  return std::move(laying.made);
}

Status BackupDirectory::lay_down(Laying& laying) {
  BackupManifest& manifest = laying.made.manifest;
  const StoreSnapshot& snapshot = laying.source.snapshot;
  manifest.store = laying.source.store;
  manifest.sequence = snapshot.sequence;
  manifest.pending_sequence = snapshot.pending_sequence;
  manifest.meters = laying.source.meters;
  manifest.digest = laying.source.digest;
  if (auto done = files_.create_directories(laying.directory); !done) return done;
  laying.directories.insert(laying.directory);
  for (const SnapshotFile& file : snapshot.files)
    if (auto done = take_file(laying, file); !done) return done;
  if (auto done = take_catalog(laying); !done) return done;
  return finish(laying);
}

Status BackupDirectory::take_file(Laying& laying, const SnapshotFile& file) {
  MH_CHECK(is_plain_path(file.path));
  auto hash = [&]() -> Result<ContentHash> {
    if (is_shared_path(file.path)) return take_shared(laying, file);
    const std::string path = laying.directory + "/" + file.path;
    if (auto done = files_.create_directories(parent_of(path)); !done) return done.error();
    laying.directories.insert(parent_of(path));
    ++laying.made.copied_files;
    laying.made.copied_bytes += file.size_bytes;
    return write_bytes(files_, path, file.size_bytes, file.read, laying.counter);
  }();
  if (!hash) return hash.error().during(file.path);
  laying.made.manifest.files.push_back({file.path, file.size_bytes, *hash});
  return {};
}

// A file that an earlier backup has is not read again: it is immutable, and its checksum known. One that lies there
// unnamed (of a run that was killed), or is to be reread, is compared, and copied again where it differs.
Result<ContentHash> BackupDirectory::take_shared(Laying& laying, const SnapshotFile& file) {
  MH_CHECK(file.immutable);
  const std::string path = path_ + "/" + file.path;
  const auto known = laying.known.find(file.path);
  const auto conflict = [&] {
    return Error{Errc::conflict, fmt::format("{} has other bytes in an earlier backup: are these backups of another "
                                             "store? Name another directory",
                                             path)};
  };
  if (known != laying.known.end() && known->second.size_bytes != file.size_bytes) return conflict();
  const auto whole = reader_of(files_, path, file.size_bytes);
  if (!whole && whole.error().code != Errc::not_found && whole.error().code != Errc::corruption) return whole.error();
  if (whole && known != laying.known.end() && laying.shared == SharedFiles::trust) {
    ++laying.made.shared_files;
    if (auto on = laying.counter.add(file.size_bytes); !on) return on.error();
    return known->second.hash;
  }
  const ByteProgress untold;
  ByteCounter uncounted{untold, 0};
  if (whole) {
    const auto wanted = hash_bytes(file.size_bytes, file.read, laying.counter);
    if (!wanted) return wanted.error();
    if (known != laying.known.end() && *wanted != known->second.hash) return conflict();
    const auto found = hash_bytes(file.size_bytes, *whole, uncounted);
    if (found && *found == *wanted) {
      laying.directories.insert(parent_of(path));  // a killed run may not have come to that
      ++laying.made.shared_files;
      return *wanted;
    }
  }
  const std::string part = path + std::string{kPart};
  const auto hash = write_bytes(files_, part, file.size_bytes, file.read, whole ? uncounted : laying.counter);
  if (!hash) return hash.error();
  if (known != laying.known.end() && *hash != known->second.hash) return conflict();
  if (auto done = files_.rename(part, path); !done) return done.error();
  laying.directories.insert(parent_of(path));
  ++laying.made.copied_files;
  laying.made.copied_bytes += file.size_bytes;
  return *hash;
}

Status BackupDirectory::take_catalog(Laying& laying) {
  const std::string path = laying.directory + "/" + kCatalog;
  if (auto done = laying.source.copy_catalog(path); !done) return done.error().during("copy the catalog");
  std::uint64_t size = 0;
  {
    const auto file = files_.open(path, OpenMode::read);
    if (!file) return file.error();
    const auto there = (*file)->size();
    if (!there) return there.error();
    size = *there;
  }
  const ByteProgress untold;
  ByteCounter uncounted{untold, 0};
  const auto hash = hash_file(files_, path, size, uncounted);
  if (!hash) return hash.error();
  laying.made.manifest.files.push_back({kCatalog, size, *hash});
  // Of a damaged catalog whatever there is is backed up, without one.
  if (laying.source.meters_digest)
    if (const auto meters = laying.source.meters_digest(path)) laying.made.manifest.meters_digest = meters->hex();
  ++laying.made.copied_files;
  laying.made.copied_bytes += size;
  return {};
}

// Everything durable, then the manifest, then the name.
Status BackupDirectory::finish(Laying& laying) {
  BackupManifest& manifest = laying.made.manifest;
  for (const std::string& directory : laying.directories)
    if (auto done = files_.sync_directory(directory); !done) return done;
  std::ranges::sort(manifest.files, {}, &BackupFile::path);
  manifest.finished = std::max(clock_.now(), manifest.started);
  const std::string text = encode_backup_manifest(manifest);
  MH_CHECK(decode_backup_manifest(text) == manifest);  // what goes to disk can be read back
  if (auto done = write_file_atomically(files_, laying.directory + "/manifest.json", text); !done) return done;
  if (auto done = files_.rename(laying.directory, path_ + "/" + manifest.name); !done) return done;
  return files_.sync_directory(path_);
}

}  // namespace meterhouse
