#include "cli/data_directory.h"

#include "service/catalog_change.h"
#include "store/sqlite/sqlite_catalog.h"

namespace meterhouse::cli {

std::string catalog_path(const std::string& data_directory) { return data_directory + "/catalog.sqlite"; }

Result<std::unique_ptr<DataDirectory>> DataDirectory::open(const std::string& path, const Site& site, FileSystem& files,
                                                           const Clock& clock, Options options) {
  auto calendar = SiteCalendar::of(site.timezone);
  if (!calendar) return calendar.error();
  if (const auto made = files.create_directories(path); !made) return made.error();

  std::unique_ptr<DataDirectory> opened{new DataDirectory{site, std::move(*calendar)}};
  auto catalog = SqliteCatalog::open(catalog_path(path), clock);
  if (!catalog) return catalog.error().during("open the catalog");
  opened->catalog_ = std::move(*catalog);

  auto readings = EmbeddedReadingStore::open(
      files, clock,
      EmbeddedOptions{.directory = path,
                      .calendar = opened->calendar_,
                      .head_budget_bytes = options.head_budget_bytes,
                      .on_change = [&](std::string_view change) { return apply_change(*opened->catalog_, change); },
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
  const auto there = files.exists(catalog_path(path));
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
