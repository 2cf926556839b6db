#pragma once

#include <span>

namespace meterhouse {

// The catalog's tables, in the SQL that SQLite and PostgreSQL share: INTEGER, BIGINT and TEXT columns, `$1` parameters,
// ON CONFLICT … DO NOTHING. What differs between the two (pragmas, locks, how a transaction begins) stays in their
// folders.
//   source  docs/formats/catalog.md

// One step of the schema. Steps are never changed once released: a new one is added at the end.
struct Migration {
  int version;  // 1, 2, 3, …
  const char* name;
  const char* sql;  // several statements, run in one transaction together with its row in schema_migration
};

std::span<const Migration> catalog_migrations();
int catalog_schema_version();  // of the newest step

// Which steps a database has gone through; made before the first of them.
inline constexpr const char* kCreateMigrationTable = R"sql(
CREATE TABLE IF NOT EXISTS schema_migration (
  version    INTEGER PRIMARY KEY,
  name       TEXT NOT NULL,
  applied_at BIGINT NOT NULL  -- seconds since 1970 UTC, as every instant in this database
))sql";
inline constexpr const char* kSelectSchemaVersion = "SELECT coalesce(max(version), 0) FROM schema_migration";
inline constexpr const char* kInsertMigration =
    "INSERT INTO schema_migration (version, name, applied_at) VALUES ($1, $2, $3)";

// The columns of a meter, in the order in which both stores bind and read them.
#define MH_METER_COLUMNS "meter_id, region, area, dwelling_type, registered_at, serial, register_digits"
inline constexpr const char* kInsertMeter =
    "INSERT INTO meter (" MH_METER_COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (meter_id) DO NOTHING";
inline constexpr const char* kSelectMeter = "SELECT " MH_METER_COLUMNS " FROM meter WHERE meter_id = $1";
inline constexpr const char* kSelectMeters = "SELECT " MH_METER_COLUMNS " FROM meter";
inline constexpr const char* kSelectAllMeters = "SELECT " MH_METER_COLUMNS " FROM meter ORDER BY meter_id";
inline constexpr const char* kUpdateMeter =
    "UPDATE meter SET region = $2, area = $3, dwelling_type = $4, registered_at = $5, serial = $6, register_digits = $7"
    " WHERE meter_id = $1";
inline constexpr const char* kCountMeters = "SELECT count(*) FROM meter";
#undef MH_METER_COLUMNS

}  // namespace meterhouse
