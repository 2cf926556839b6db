#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/file_system.h"
#include "model/site.h"
#include "service/backup/backup_reach.h"
#include "service/backup/journal_shipper.h"
#include "service/meter_directory.h"
#include "service/registry.h"
#include "store/catalog.h"
#include "store/embedded/embedded_store.h"
#include "store/sqlite/log_check.h"

namespace meterhouse::cli {

// A data directory with everything in it, opened: the readings store, the catalog (catalog.sqlite) that the journal's
// changes are applied to, and the registry over both. One process at a time holds one: the lock is taken before
// anything in it is opened, and let go of after everything is closed.
//   threads  open, close and the end: one thread; what it hands out: as each says
class DataDirectory {
 public:
  struct Options {
    std::uint64_t head_budget_bytes = std::uint64_t{256} << 20;
    // Where there are readings but no catalog: it was lost. An empty one is made only for who asks for it.
    enum class LostCatalog : std::uint8_t { refuse, make_empty } lost_catalog = LostCatalog::refuse;
    // Where its backups lie, and its journal is shipped to as it is written; empty: nowhere.
    std::string backup_directory = {};
    ShippingMode shipping = ShippingMode::off;
    // What opening is at, and how far the replay of the journal has come.
    std::function<void(std::string_view step)> on_step = [](std::string_view) {};
    std::function<void(const EmbeddedOptions::Replayed&)> on_replay = [](const EmbeddedOptions::Replayed&) {};
    std::function<void(const StoreWork&)> on_work = [](const StoreWork&) {};
    std::function<void(const Error&)> on_background_error = [](const Error&) {};
    std::function<void(const Error&)> on_failure = [](const Error&) {};
  };

  // Makes it where there is none. site, files and clock outlive it.
  //   errors  unavailable: another process (a server) holds it, a newer program wrote it, or it is being restored;
  //           invalid_argument: something else is in it, and nothing was changed; corruption, also where the catalog is
  //           missing; conflict: it is older than its backups or what was shipped of it; io; no_space
  static Result<std::unique_ptr<DataDirectory>> open(const std::string& path, const Site& site, FileSystem& files,
                                                     const Clock& clock, Options options);
  // The same, but what is not there is not made. errors also: not_found
  static Result<std::unique_ptr<DataDirectory>> open_existing(const std::string& path, const Site& site,
                                                              FileSystem& files, const Clock& clock, Options options);

  const Site& site() const { return site_; }
  const SiteCalendar& calendar() const { return calendar_; }
  Catalog& catalog() { return *catalog_; }
  const std::optional<TornLog>& torn_catalog_log() const { return torn_catalog_log_; }
  EmbeddedReadingStore& readings() { return *readings_; }
  const OpenReport& open_report() const { return readings_->open_report(); }
  MeterDirectory& meters() { return meters_; }
  Registry& registry() { return *registry_; }
  JournalShipper* shipper() { return shipper_.get(); }  // null: the journal is not shipped

  // Folds and marks the store as closed in good order. Without it the next open replays the journal.
  Status close();

 private:
  Result<BackupReach> begin_shipping(const std::string& path, FileSystem& files, const Clock& clock,
                                     const Options& options);
  Status go_on_behind(const BackupReach& reach, const Options& options);
  DataDirectory(const Site& site, SiteCalendar calendar) : site_(site), calendar_(std::move(calendar)) {}

  const Site& site_;
  SiteCalendar calendar_;
  std::shared_ptr<FileSystem::Lock> lock_;
  MeterDirectory meters_;
  std::unique_ptr<Catalog> catalog_;
  std::optional<TornLog> torn_catalog_log_;  // what opening it did without
  std::unique_ptr<JournalShipper> shipper_;  // before the store, which hands it frames to its end
  std::unique_ptr<EmbeddedReadingStore> readings_;
  std::unique_ptr<Registry> registry_;
};

// What a crash left torn at the end of a journal or of the catalog's log, and opening dropped: one line each. Whoever
// opens a directory tells it, since the next one to open it finds nothing any more.
std::vector<std::string> torn_lines(const DataDirectory& data);
// The same for a command, and what was damaged beside it, on standard error.
void tell_opening(std::string_view command, const DataDirectory& data);

std::string catalog_path(const std::string& data_directory);

// The lock of a data directory that no server holds, for who reads it as it lies there.
//   instead  what to do where a server holds it
//   errors   not_found: no data directory; unavailable: a server holds it, or it is being restored
Result<std::shared_ptr<FileSystem::Lock>> lock_at_rest(FileSystem& files, const std::string& path,
                                                       std::string_view instead);

// Whether there is a data directory of Meterhouse: whole, damaged, or one whose making was interrupted.
Result<bool> is_data_directory(const FileSystem& files, const std::string& path);

}  // namespace meterhouse::cli
