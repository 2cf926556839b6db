#include "cli/data_directory.h"

#include <algorithm>

#include "service/catalog_change.h"
#include "service/restore_marker.h"
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

}  // namespace

std::string catalog_path(const std::string& data_directory) { return data_directory + "/catalog.sqlite"; }

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

  std::unique_ptr<DataDirectory> opened{new DataDirectory{site, std::move(*calendar)}};
  opened->lock_ = *lock;
  auto catalog = SqliteCatalog::open(catalog_path(path), clock);
  if (!catalog) return catalog.error().during("open the catalog");
  opened->catalog_ = std::move(*catalog);

  auto readings = EmbeddedReadingStore::open(
      files, clock,
      EmbeddedOptions{.directory = path,
                      .calendar = opened->calendar_,
                      .head_budget_bytes = options.head_budget_bytes,
                      .lock = *lock,
                      .on_change = [&](std::string_view change) { return apply_change(*opened->catalog_, change); },
                      .on_fold = [&catalog = *opened->catalog_](
                                     std::span<const date::local_days> days,
                                     std::uint64_t sequence) { return catalog.touch_days(days, sequence); },
                      .on_background_error = std::move(options.on_background_error),
                      .on_failure = std::move(options.on_failure)});
  if (!readings) return readings.error().during("open the readings");
  opened->readings_ = std::move(*readings);

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

Status DataDirectory::close() {
  const auto folded = readings_->close();
  const auto closed = catalog_->close();
  return folded ? closed : folded;
}

}  // namespace meterhouse::cli
