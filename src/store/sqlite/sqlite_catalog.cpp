#include "store/sqlite/sqlite_catalog.h"

#include <filesystem>

#include "store/catalog_schema.h"
#include "store/sqlite/migrate.h"
#include "store/sqlite/rows.h"

namespace meterhouse {
namespace {

constexpr std::size_t kMaxIdleReaders = 8;

Error closed_error() { return {Errc::unavailable, "the catalog is closed"}; }

// Runs a statement without rows with texts for its parameters.
Status run(SqliteConnection& connection, const char* sql, std::initializer_list<std::string_view> texts) {
  auto statement = connection.prepare(sql);
  if (!statement) return statement.error();
  int parameter = 0;
  for (const std::string_view text : texts) statement->bind(++parameter, text);
  return statement->run();
}

}  // namespace

Result<std::unique_ptr<SqliteCatalog>> SqliteCatalog::open(const std::string& path, const Clock& clock) {
  const auto during = [&](const Error& error) { return error.during(fmt::format("open catalog {}", path)); };
  const auto log = check_log(path);
  if (!log) return during(log.error());
  auto writer = SqliteConnection::open(path, SqliteConnection::Access::write);
  if (!writer) return during(writer.error());
  if (const Status migrated = migrate(**writer, catalog_migrations(), clock); !migrated)
    return during(migrated.error());
  // One that an earlier program made. On a full disk it waits for the next start.
  const auto checked = (*writer)->has_page_checksums();
  if (!checked) return during(checked.error());
  if (!*checked)
    if (const Status added = (*writer)->add_page_checksums(); !added && added.error().code != Errc::no_space)
      return during(added.error());
  std::unique_ptr<SqliteCatalog> catalog{new SqliteCatalog{path, std::move(*writer)}};
  catalog->torn_log_ = log->torn;
  return catalog;
}

SqliteCatalog::~SqliteCatalog() { (void)close(); }

Result<std::unique_ptr<SqliteConnection>> SqliteCatalog::take_reader() const {
  using Taken = Result<std::unique_ptr<SqliteConnection>>;
  auto idle = readers_.with([](Readers& readers) -> Taken {
    if (readers.closed) return closed_error();
    if (readers.idle.empty()) return nullptr;
    auto reader = std::move(readers.idle.back());
    readers.idle.pop_back();
    return reader;
  });
  if (!idle || *idle != nullptr) return idle;
  return SqliteConnection::open(path_, SqliteConnection::Access::read);
}

void SqliteCatalog::give_back(std::unique_ptr<SqliteConnection> reader) const {
  readers_.with([&](Readers& readers) {
    if (!readers.closed && readers.idle.size() < kMaxIdleReaders) readers.idle.push_back(std::move(reader));
  });
}  // what was not kept is closed here, outside the lock

Result<std::optional<std::string>> SqliteCatalog::state(std::string_view name) const {
  return reading([&](SqliteConnection& connection) -> Result<std::optional<std::string>> {
    auto select = connection.prepare(kSelectState);
    if (!select) return select.error();
    select->bind(1, name);
    return first_of<std::string>(*select,
                                 [](const SqliteStatement& row) -> Result<std::string> { return row.text(0); });
  });
}

Status SqliteCatalog::set_state(std::string_view name, std::string_view value) {
  return writing([&](SqliteConnection& connection) { return run(connection, kUpsertState, {name, value}); });
}

Status SqliteCatalog::clear_state(std::string_view name) {
  return writing([&](SqliteConnection& connection) { return run(connection, kDeleteState, {name}); });
}

Status SqliteCatalog::copy_to(const std::string& path) const {
  const auto during = [&](const Error& error) {
    return error.during(fmt::format("copy catalog {} to {}", path_, path));
  };
  std::error_code no_file;
  if (std::filesystem::exists(path, no_file)) return during({Errc::conflict, "there is a file of that name"});
  Status copied = reading([&](SqliteConnection& connection) -> Status {
    auto copy = SqliteConnection::open(path, SqliteConnection::Access::copy);
    if (!copy) return copy.error();
    return connection.copy_to(**copy);
  });
  if (copied) return {};
  std::filesystem::remove(path, no_file);
  return during(copied.error());
}

Status SqliteCatalog::close() {
  const std::scoped_lock lock{writing_};
  if (writer_ == nullptr) return closed_error();
  auto idle = readers_.with([](Readers& readers) {
    readers.closed = true;
    return std::move(readers.idle);
  });
  idle.clear();
  // The log is moved into the database: a clean catalog is one file. A walk that is still under way is not waited for.
  Status closed = writer_->execute("PRAGMA busy_timeout = 0; PRAGMA wal_checkpoint(TRUNCATE)");
  writer_.reset();
  return closed;
}

}  // namespace meterhouse
