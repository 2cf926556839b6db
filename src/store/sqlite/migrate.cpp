#include "store/sqlite/migrate.h"

namespace meterhouse {
namespace {

// "MHCA" in the file's header (bytes 68 to 71), so that a catalog can be told from any other SQLite file.
constexpr std::int64_t kApplicationId = 0x4D484341;

Status claim(SqliteConnection& connection) {
  auto transaction = SqliteTransaction::begin(connection);
  if (!transaction) return transaction.error();
  for (const std::string& sql :
       {fmt::format("PRAGMA application_id = {}", kApplicationId), std::string{kCreateMigrationTable}})
    if (const Status executed = connection.execute(sql); !executed) return executed;
  return transaction->commit();
}

Status apply(SqliteConnection& connection, const Migration& migration, const Clock& clock) {
  auto transaction = SqliteTransaction::begin(connection);
  if (!transaction) return transaction.error();
  // Another process may have been quicker while this one waited for the lock.
  const auto version = connection.query_integer(kSelectSchemaVersion);
  if (!version) return version.error();
  if (*version >= migration.version) return {};
  if (const Status executed = connection.execute(migration.sql); !executed) return executed;
  {
    auto insert = connection.prepare(kInsertMigration);
    if (!insert) return insert.error();
    insert->bind(1, std::int64_t{migration.version});
    insert->bind(2, std::string_view{migration.name});
    insert->bind(3, epoch_seconds(clock.now()));
    if (const Status inserted = insert->run(); !inserted) return inserted;
  }
  return transaction->commit();
}

}  // namespace

Result<int> schema_version_of(SqliteConnection& connection, int newest_known) {
  const auto owner = connection.query_integer("PRAGMA application_id");
  if (!owner) return owner.error();
  if (*owner != kApplicationId) {
    const auto tables = connection.query_integer("SELECT count(*) FROM sqlite_master");
    if (!tables) return tables.error();
    if (*owner == 0 && *tables == 0) return 0;
    return Error{Errc::corruption, "an SQLite file, but not a catalog of Meterhouse"};
  }
  const auto version = connection.query_integer(kSelectSchemaVersion);
  if (!version) return version.error();
  if (*version > newest_known)
    return Error{
        Errc::unavailable,
        fmt::format("catalog schema {} is newer than this program's {}; use a newer program", *version, newest_known)};
  return static_cast<int>(*version);
}

Status migrate(SqliteConnection& connection, std::span<const Migration> migrations, const Clock& clock) {
  const auto version = schema_version_of(connection, migrations.back().version);
  if (!version) return version.error();
  if (*version == 0)
    if (const Status claimed = claim(connection); !claimed) return claimed;
  for (const Migration& migration : migrations) {
    if (migration.version <= *version) continue;
    if (const Status applied = apply(connection, migration, clock); !applied)
      return applied.error().during(fmt::format("catalog schema {} ({})", migration.version, migration.name));
  }
  return {};
}

}  // namespace meterhouse
