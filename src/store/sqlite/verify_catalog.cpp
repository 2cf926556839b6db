#include "store/sqlite/verify_catalog.h"

#include <filesystem>

#include "store/catalog_schema.h"
#include "store/sqlite/connection.h"
#include "store/sqlite/day_row.h"
#include "store/sqlite/event_row.h"
#include "store/sqlite/job_row.h"
#include "store/sqlite/meter_row.h"
#include "store/sqlite/migrate.h"
#include "store/sqlite/page_checksums.h"
#include "store/sqlite/rows.h"

namespace meterhouse {
namespace {

class CatalogVerifier {
 public:
  CatalogVerifier(const std::string& path, const std::function<void(const Meter&)>& on_meter, CatalogReport& report)
      : path_(path), on_meter_(on_meter), report_(report) {}

  Status run() {
    const auto log = check_log(path_);
    if (!log) return log.error();
    report_.torn = log->torn;
    const auto damaged_pages = find_damaged_pages(path_, log->pages, CatalogReport::kMaxDamages);
    if (!damaged_pages) return damaged_pages.error();
    for (const std::string& damage : *damaged_pages) damaged("{}", damage);
    auto connection = SqliteConnection::open(path_, SqliteConnection::Access::inspect);
    if (!connection) return connection.error();
    const auto schema = schema_version_of(**connection, catalog_schema_version());
    if (!schema) return schema.error();
    report_.schema = *schema;
    for (const auto& step :
         {&CatalogVerifier::check_structure, &CatalogVerifier::count_rows, &CatalogVerifier::read_meters,
          &CatalogVerifier::read_operations, &CatalogVerifier::check_ids})
      if (Status done = (this->*step)(**connection); !done) return done;
    return {};
  }

 private:
  // SQLite's own checks: every page, every index against its table. On a file opened for reading alone it leaves out
  // the CHECKs of the schema: what reads the rows has them.
  Status check_structure(SqliteConnection& connection) {
    const auto note = [this](const SqliteStatement& row) -> Status {
      if (row.text(0) != "ok") damaged("{}", row.text(0));
      return {};
    };
    const auto check = fmt::format("PRAGMA integrity_check({})", CatalogReport::kMaxDamages);
    if (Status done = for_each_row(connection, check, note); !done) return done;
    return for_each_row(connection, "PRAGMA foreign_key_check", [this](const SqliteStatement& row) -> Status {
      damaged("a row of {} refers to one of {} that is not there", row.text(0), row.text(2));
      return {};
    });
  }

  Status count_rows(SqliteConnection& connection) {
    std::vector<std::string> tables;
    const auto list = [&](const SqliteStatement& row) -> Status {
      tables.push_back(row.text(0));
      return {};
    };
    constexpr const char* kTables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
    if (Status done = for_each_row(connection, kTables, list); !done) return done;
    for (const std::string& table : tables) {
      const auto rows = connection.query_integer(fmt::format("SELECT count(*) FROM \"{}\"", table));
      if (!rows) return rows.error();
      report_.rows += static_cast<std::uint64_t>(*rows);
      ++report_.tables;
    }
    return {};
  }

  Status read_meters(SqliteConnection& connection) {
    if (report_.schema == 0) return {};
    return for_each_row(connection, kSelectAllMeters, [this](const SqliteStatement& row) -> Status {
      const auto meter = meter_of(row);
      if (!meter) return meter.error();
      report_.meters.push_back(meter->id);
      if (on_meter_) on_meter_(*meter);
      return {};
    });
  }

  // Every row of the tables of schema 2, each checked as what is written is.
  Status read_operations(SqliteConnection& connection) {
    if (report_.schema < 2) return {};
    const auto checked = [&](const char* sql, auto value_of) -> Status {
      return for_each_row(connection, sql, [&](const SqliteStatement& row) -> Status {
        const auto value = value_of(row);
        return value ? Status{} : value.error();
      });
    };
    if (Status done = checked(kSelectAllEvents, event_of); !done) return done;
    if (Status done = checked(kSelectAllRuns, run_of); !done) return done;
    if (Status done = checked(kSelectAllSteps, step_of); !done) return done;
    if (Status done = checked(kSelectAllTouched, touched_of); !done) return done;
    if (Status done = checked(kSelectAllDays, closed_day_of); !done) return done;
    return checked(kSelectAllTotals, day_total_of);
  }

  // That every event can be found, and no id will be given twice.
  Status check_ids(SqliteConnection& connection) {
    if (report_.schema < 2) return {};
    const auto ungiven = connection.query_integer(kCountUngivenIds);
    if (!ungiven) return ungiven.error();
    if (*ungiven != 0) damaged("counter: {} ids were never given", *ungiven);
    return for_each_row(connection, kSelectLostEvents, [this](const SqliteStatement& row) -> Status {
      damaged("event_hour does not lead to event {}", row.integer(0));
      return {};
    });
  }

  template <class... Args>
  void damaged(fmt::format_string<Args...> what, Args&&... args) {
    if (report_.damages.size() < CatalogReport::kMaxDamages)
      report_.damages.push_back(fmt::format("{}: {}", path_, fmt::format(what, std::forward<Args>(args)...)));
  }

  const std::string& path_;
  const std::function<void(const Meter&)>& on_meter_;
  CatalogReport& report_;
};

}  // namespace

Result<CatalogReport> verify_catalog(const std::string& path, const std::function<void(const Meter&)>& on_meter) {
  CatalogReport report;
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return Error{Errc::not_found, fmt::format("there is no catalog {}", path)};
  for (const char* end : {"", "-wal"})
    if (const auto size = std::filesystem::file_size(path + end, error); !error) report.bytes += size;
  if (const Status done = CatalogVerifier{path, on_meter, report}.run(); !done) {
    if (done.error().code != Errc::corruption) return done.error().during(fmt::format("catalog {}", path));
    report.damages.push_back(fmt::format("{}: {}", path, done.error().message));
  }
  return report;
}

}  // namespace meterhouse
