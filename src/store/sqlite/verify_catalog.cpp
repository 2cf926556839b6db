#include "store/sqlite/verify_catalog.h"

#include <filesystem>

#include "store/catalog_schema.h"
#include "store/sqlite/connection.h"
#include "store/sqlite/meter_row.h"
#include "store/sqlite/migrate.h"

namespace meterhouse {
namespace {

// visit(row) for each row of a statement.
template <class Visit>
Status for_each_row(SqliteConnection& connection, const std::string& sql, Visit visit) {
  auto select = connection.prepare(sql);
  if (!select) return select.error();
  for (;;) {
    const auto found = select->step();
    if (!found) return found.error();
    if (!*found) return {};
    if (Status visited = visit(*select); !visited) return visited;
  }
}

class CatalogVerifier {
 public:
  CatalogVerifier(const std::string& path, CatalogReport& report) : path_(path), report_(report) {}

  Status run() {
    auto connection = SqliteConnection::open(path_, SqliteConnection::Access::inspect);
    if (!connection) return connection.error();
    const auto schema = schema_version_of(**connection, catalog_schema_version());
    if (!schema) return schema.error();
    report_.schema = *schema;
    for (const auto& step :
         {&CatalogVerifier::check_structure, &CatalogVerifier::count_rows, &CatalogVerifier::read_meters})
      if (Status done = (this->*step)(**connection); !done) return done;
    return {};
  }

 private:
  // SQLite's own checks: every page, every index against its table. On a file opened for reading alone it leaves out
  // the CHECKs of the schema: read_meters has them.
  Status check_structure(SqliteConnection& connection) {
    const auto note = [this](const SqliteStatement& row) -> Status {
      if (row.text(0) != "ok") report_.damages.push_back(fmt::format("{}: {}", path_, row.text(0)));
      return {};
    };
    const auto check = fmt::format("PRAGMA integrity_check({})", CatalogReport::kMaxDamages);
    if (Status done = for_each_row(connection, check, note); !done) return done;
    return for_each_row(connection, "PRAGMA foreign_key_check", note);
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
      return {};
    });
  }

  const std::string& path_;
  CatalogReport& report_;
};

}  // namespace

Result<CatalogReport> verify_catalog(const std::string& path) {
  CatalogReport report;
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return Error{Errc::not_found, fmt::format("there is no catalog {}", path)};
  for (const char* end : {"", "-wal"})
    if (const auto size = std::filesystem::file_size(path + end, error); !error) report.bytes += size;
  if (const Status done = CatalogVerifier{path, report}.run(); !done) {
    if (done.error().code != Errc::corruption) return done.error().during(fmt::format("catalog {}", path));
    report.damages.push_back(fmt::format("{}: {}", path, done.error().message));
  }
  return report;
}

}  // namespace meterhouse
