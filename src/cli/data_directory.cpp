#include "cli/data_directory.h"

#include <algorithm>

#include "cli/new_store_id.h"
#include "service/backup/backup_directory.h"
#include "service/backup/restore_marker.h"
#include "service/catalog_change.h"
#include "service/jobs/day_close.h"
#include "store/embedded/store_lock.h"
#include "store/sqlite/sqlite_catalog.h"

namespace meterhouse::cli {

namespace {

// What the first moments of a new directory leave in it.
constexpr std::string_view kFirstNames[] = {"LOCK",
                                            "MANIFEST.new",
                                            "journal",
                                            "segments",
                                            "catalog.sqlite-wal",
                                            "catalog.sqlite-shm",
                                            "catalog.sqlite-journal"};

// A directory that holds something else is not written into.
Status check_free_or_ours(FileSystem& files, const std::string& path) {
  const auto there = files.exists(path);
  if (!there) return there.error();
  if (!*there) return {};
  const auto ours = is_data_directory(files, path);
  if (!ours) return ours.error();
  const auto names = files.list(path);
  if (!names) return names.error();
  if (*ours || names->empty()) return {};
  return Error{Errc::invalid_argument,
               fmt::format("{} is not empty and is no data directory of Meterhouse; name another one", path)};
}

// A new directory gets its catalog first.
Status check_catalog_is_there(FileSystem& files, const std::string& path) {
  const auto store = files.exists(path + "/MANIFEST");
  if (!store) return store.error();
  const auto catalog = files.exists(catalog_path(path));
  if (!catalog) return catalog.error();
  if (*catalog || !*store) return {};
  return Error{Errc::corruption,
               fmt::format("{} is missing, but there are readings beside it; put back a copy of it, or register the "
                           "meters anew (meterhouse import --meters FILE --data {})",
                           catalog_path(path), path)};
}

// What there is of the store in its directory of backups; a store that has no id yet has nothing there.
Result<BackupReach> find_reach(FileSystem& files, const std::string& path, const std::string& backup_directory) {
  if (backup_directory.empty()) return BackupReach{};
  const auto store = read_store_id(files, path);
  if (!store) return store.error();
  return *store ? reach_of(files, backup_directory, **store) : BackupReach{};
}

}  // namespace

std::vector<std::string> torn_lines(const DataDirectory& data) {
  std::vector<std::string> lines;
  const auto tell = [&](const auto& torn) {
    if (torn)
      lines.push_back(
          fmt::format("{}: the {} bytes at offset {} are not complete and were dropped: a write torn by a crash (never "
                      "acknowledged) or damage",
                      torn->file, torn->length, torn->offset));
  };
  tell(data.open_report().torn);
  tell(data.open_report().pending_torn);
  tell(data.torn_catalog_log());
  return lines;
}

void tell_opening(std::string_view command, const DataDirectory& data) {
  for (const std::string& line : torn_lines(data)) fmt::print(stderr, "meterhouse {}: {}\n", command, line);
  if (const OpenReport& report = data.open_report(); report.damage)
    fmt::print(stderr, "meterhouse {}: what was replayed could not all be compared with what is stored: {}\n", command,
               report.damage->message);
}

std::string catalog_path(const std::string& data_directory) { return data_directory + "/catalog.sqlite"; }

Result<std::shared_ptr<FileSystem::Lock>> lock_at_rest(FileSystem& files, const std::string& path,
                                                       std::string_view instead) {
  if (const auto whole = refuse_while_restoring(files, path); !whole) return whole.error();
  const auto there = files.exists(path + "/MANIFEST");
  if (!there) return there.error();
  if (!*there) return Error{Errc::not_found, fmt::format("{} is no data directory of Meterhouse", path)};
  auto lock = lock_store(files, path);
  if (!lock && lock.error().code == Errc::unavailable)
    return Error{Errc::unavailable, fmt::format("a server holds {}; {}, or stop it first", path, instead)};
  return lock;
}

Result<bool> is_data_directory(const FileSystem& files, const std::string& path) {
  for (const auto& file : {catalog_path(path), path + "/MANIFEST"}) {
    const auto there = files.exists(file);
    if (!there) return there.error();
    if (*there) return true;
  }
  const auto locked = files.exists(path + "/LOCK");
  if (!locked) return locked.error();
  if (!*locked) return false;
  const auto names = files.list(path);
  if (!names) return names.error();
  return std::ranges::all_of(*names,
                             [](const std::string& name) { return std::ranges::count(kFirstNames, name) == 1; });
}

Result<std::unique_ptr<DataDirectory>> DataDirectory::open(const std::string& path, const Site& site, FileSystem& files,
                                                           const Clock& clock, Options options) {
  auto calendar = SiteCalendar::of(site.timezone);
  if (!calendar) return calendar.error();
  if (const auto whole = refuse_while_restoring(files, path); !whole) return whole.error();
  if (const auto free = check_free_or_ours(files, path); !free) return free.error();
  if (const auto made = files.create_directories(path); !made) return made.error();
  auto lock = lock_store(files, path);
  if (!lock) return lock.error();

  if (options.lost_catalog == Options::LostCatalog::refuse)
    if (const auto there = check_catalog_is_there(files, path); !there) return there.error();

  options.on_step("opening the catalog");
  std::unique_ptr<DataDirectory> opened{new DataDirectory{site, std::move(*calendar)}};
  opened->lock_ = *lock;
  auto catalog = SqliteCatalog::open(catalog_path(path), clock);
  if (!catalog) return catalog.error().during("open the catalog");
  opened->torn_catalog_log_ = (*catalog)->torn_log();
  opened->catalog_ = std::move(*catalog);

  const auto reach = opened->begin_shipping(path, files, clock, options);
  if (!reach) return reach.error().during(fmt::format("ship the journal to {}", options.backup_directory));
  options.on_step("opening the readings and replaying the journal");
  EmbeddedOptions::OnFrame on_frame;
  std::function<void(FrameStream, std::uint64_t)> before_letting_go;
  if (auto* shipper = opened->shipper_.get()) {
    on_frame = [shipper](FrameStream stream, const FrameHeader& header, std::span<const std::byte> frame) {
      shipper->ship(stream, header.sequence, header.arrived, frame);
      return Status{};
    };
    before_letting_go = [shipper](FrameStream stream, std::uint64_t sequence) { shipper->wait_for(stream, sequence); };
  }
  auto readings = EmbeddedReadingStore::open(
      files, clock,
      EmbeddedOptions{.directory = path,
                      .calendar = opened->calendar_,
                      .head_budget_bytes = options.head_budget_bytes,
                      .lock = *lock,
                      .on_change = [&](std::string_view change) { return apply_change(*opened->catalog_, change); },
                      .on_replay = std::move(options.on_replay),
                      .on_fold = [&catalog = *opened->catalog_](
                                     const FoldedDays& days,
                                     std::uint64_t sequence) { return note_folded_days(catalog, days, sequence); },
                      .snap = site.snap,
                      .on_frame = std::move(on_frame),
                      .before_letting_go = std::move(before_letting_go),
                      .on_work = std::move(options.on_work),
                      .on_background_error = options.on_background_error,
                      .on_failure = std::move(options.on_failure)});
  if (!readings) return readings.error().during("open the readings");
  opened->readings_ = std::move(*readings);
  if (const auto goes_on = opened->go_on_behind(*reach, options); !goes_on) return goes_on.error();

  options.on_step("reading the meters");
  opened->registry_ = std::make_unique<Registry>(site, clock, *opened->catalog_, *opened->readings_, opened->meters_);
  if (const auto loaded = opened->registry_->load(); !loaded) return loaded.error().during("read the meters");
  return opened;
}

Result<std::unique_ptr<DataDirectory>> DataDirectory::open_existing(const std::string& path, const Site& site,
                                                                    FileSystem& files, const Clock& clock,
                                                                    Options options) {
  if (const auto whole = refuse_while_restoring(files, path); !whole) return whole.error();
  const auto there = is_data_directory(files, path);
  if (!there) return there.error();
  if (!*there) return Error{Errc::not_found, fmt::format("{} is no data directory of Meterhouse", path)};
  return open(path, site, files, clock, std::move(options));
}

// A backup disk that cannot be written to when the server starts stops the start: whoever set shipping relies on it.
// One that fails later is told, and what waits for it is bounded.
Result<BackupReach> DataDirectory::begin_shipping(const std::string& path, FileSystem& files, const Clock& clock,
                                                  const Options& options) {
  if (options.shipping == ShippingMode::off) {
    auto reach = find_reach(files, path, options.backup_directory);
    if (!reach) options.on_background_error(reach.error().during("look at the backups"));
    return reach ? *reach : BackupReach{};
  }
  const auto store = read_or_make_store_id(files, path, new_store_id);
  if (!store) return store.error();
  BackupDirectory backups{files, clock, options.backup_directory};
  if (auto claimed = backups.claim(*store); !claimed) return claimed.error();
  auto shipper = JournalShipper::open(files, clock,
                                      {.directory = backups.journal_directory(),
                                       .store = *store,
                                       .mode = options.shipping,
                                       .on_error = options.on_background_error});
  if (!shipper) return shipper.error();
  shipper_ = std::move(*shipper);
  auto reach = reach_of(files, options.backup_directory, *store);
  if (!reach) return reach;
  shipper_->note_backup(reach->backed_up[0], reach->backed_up[1]);
  shipper_->begin_catching_up();
  return reach;
}

// With the store open, which has handed over its frames.
Status DataDirectory::go_on_behind(const BackupReach& reach, const Options& options) {
  const auto& frames = readings_->open_report().frames;
  if (auto goes_on = check_goes_on(options.backup_directory, reach, frames); !goes_on) return goes_on;
  if (!shipper_) return {};
  options.on_step("shipping what is not shipped of the journal yet");
  if (const auto caught_up = shipper_->end_catching_up(frames); !caught_up)
    options.on_background_error(caught_up.error().during("ship the journal"));
  return {};
}

Status DataDirectory::close() {
  const auto folded = readings_->close();
  const auto shipped = shipper_ ? shipper_->close() : Status{};
  const auto closed = catalog_->close();
  if (!folded) return folded.error().during("not folded; the next start replays the journal, nothing is lost");
  if (!shipped)
    return shipped.error().during(
        "everything is stored and folded, but the last frames of the journal were not shipped: a restore lacks them "
        "until the next backup");
  return closed;
}

}  // namespace meterhouse::cli
