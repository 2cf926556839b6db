#pragma once

#include <span>

namespace meterhouse {

// The catalog's tables, in the SQL that SQLite and PostgreSQL share: INTEGER, BIGINT, DOUBLE PRECISION and TEXT
// columns,
// `$1` parameters, ON CONFLICT, RETURNING. What differs between the two (pragmas, locks, how a transaction begins)
// stays in their folders.
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

// Gives $2 ids of the counter $1; the row is the last of them.
inline constexpr const char* kTakeIds = "UPDATE counter SET value = value + $2 WHERE name = $1 RETURNING value";
inline constexpr const char* kEventCounter = "event";
inline constexpr const char* kJobRunCounter = "job_run";

inline constexpr const char* kSelectState = "SELECT value FROM state WHERE name = $1";
inline constexpr const char* kUpsertState =
    "INSERT INTO state (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
inline constexpr const char* kDeleteState = "DELETE FROM state WHERE name = $1";

#define MH_EVENT_COLUMNS "event_id, at, type, meter_id, message, fields"
inline constexpr const char* kInsertEvent = "INSERT INTO event (" MH_EVENT_COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6)";
inline constexpr const char* kSelectEvents = "SELECT " MH_EVENT_COLUMNS " FROM event";
inline constexpr const char* kSelectAllEvents = "SELECT " MH_EVENT_COLUMNS " FROM event ORDER BY event_id";
#undef MH_EVENT_COLUMNS
// $1 the hour, $2 the first and $3 the last id of a batch with events of that hour.
inline constexpr const char* kUpsertEventHour =
    "INSERT INTO event_hour (hour, first_event_id, last_event_id) VALUES ($1, $2, $3)"
    " ON CONFLICT (hour) DO UPDATE SET last_event_id = excluded.last_event_id";
// The newest event that is dropped when $1 are kept.
inline constexpr const char* kSelectNewestDropped =
    "SELECT event_id FROM event ORDER BY event_id DESC LIMIT 1 OFFSET $1";
inline constexpr const char* kDeleteEventsUpTo =
    "DELETE FROM event WHERE event_id IN"
    " (SELECT event_id FROM event WHERE event_id <= $1 ORDER BY event_id LIMIT $2)";
// Before the instant $1; the second before it lies in the hour $2.
inline constexpr const char* kDeleteEventsBefore =
    "DELETE FROM event WHERE event_id IN (SELECT event_id FROM event WHERE at < $1"
    " AND event_id <= (SELECT max(last_event_id) FROM event_hour WHERE hour <= $2) ORDER BY event_id LIMIT $3)";
inline constexpr const char* kDeleteEmptyEventHours =
    "DELETE FROM event_hour WHERE last_event_id < (SELECT coalesce(min(event_id), 9223372036854775807) FROM event)";
// Events that event_hour would not lead to; ids that the counters have not given, and counters that are missing.
inline constexpr const char* kSelectLostEvents =
    "SELECT event_id FROM event LEFT JOIN event_hour ON hour = at / 3600"
    " WHERE hour IS NULL OR event_id NOT BETWEEN first_event_id AND last_event_id ORDER BY event_id LIMIT 100";
inline constexpr const char* kCountUngivenIds =
    "SELECT (SELECT count(*) FROM event WHERE event_id > (SELECT value FROM counter WHERE name = 'event'))"
    " + (SELECT count(*) FROM job_run WHERE run_id > (SELECT value FROM counter WHERE name = 'job_run'))"
    " + 2 - (SELECT count(*) FROM counter)";

#define MH_RUN_COLUMNS "run_id, job, day, begun_by, state, started_at, ended_at"
inline constexpr const char* kInsertRun =
    "INSERT INTO job_run (" MH_RUN_COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7)";
inline constexpr const char* kUpdateRun = "UPDATE job_run SET state = $2, ended_at = $3 WHERE run_id = $1";
inline constexpr const char* kSelectRun = "SELECT " MH_RUN_COLUMNS " FROM job_run WHERE run_id = $1";
inline constexpr const char* kSelectRuns = "SELECT " MH_RUN_COLUMNS " FROM job_run";
inline constexpr const char* kSelectAllRuns = "SELECT " MH_RUN_COLUMNS " FROM job_run ORDER BY run_id";
#undef MH_RUN_COLUMNS
#define MH_STEP_COLUMNS "run_id, step, name, state, started_at, ended_at, duration_ms, progress, outcome"
inline constexpr const char* kInsertStep =
    "INSERT INTO job_step (" MH_STEP_COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
inline constexpr const char* kSelectSteps = "SELECT " MH_STEP_COLUMNS " FROM job_step WHERE run_id = $1 ORDER BY step";
inline constexpr const char* kSelectAllSteps = "SELECT " MH_STEP_COLUMNS " FROM job_step ORDER BY run_id, step";
inline constexpr const char* kDeleteSteps = "DELETE FROM job_step WHERE run_id = $1";
#undef MH_STEP_COLUMNS

#define MH_KEEP_NEWER_TOUCH                             \
  " ON CONFLICT (day) DO UPDATE SET sequence ="         \
  " CASE WHEN excluded.sequence > touched_day.sequence" \
  " THEN excluded.sequence ELSE touched_day.sequence END"
inline constexpr const char* kTouchDay = "INSERT INTO touched_day (day, sequence) VALUES ($1, $2)" MH_KEEP_NEWER_TOUCH;
inline constexpr const char* kTouchKnownDays =
    "INSERT INTO touched_day (day, sequence) SELECT day, $1 FROM"
    " (SELECT day FROM closed_day WHERE day BETWEEN $2 AND $3"
    " UNION SELECT day FROM touched_day WHERE day BETWEEN $2 AND $3) AS known WHERE true" MH_KEEP_NEWER_TOUCH;
#undef MH_KEEP_NEWER_TOUCH
inline constexpr const char* kForgetTouches = "DELETE FROM touched_day WHERE day = $1 AND sequence <= $2";
inline constexpr const char* kSelectTouched =
    "SELECT day, sequence FROM touched_day WHERE day >= $1 AND day < $2 ORDER BY day LIMIT $3";
inline constexpr const char* kSelectAllTouched = "SELECT day, sequence FROM touched_day ORDER BY day";

#define MH_DAY_COLUMNS "day, closed_at, sequence, readings, missing"
inline constexpr const char* kUpsertDay =
    "INSERT INTO closed_day (" MH_DAY_COLUMNS
    ") VALUES ($1, $2, $3, $4, $5) ON CONFLICT (day) DO UPDATE SET"
    " closed_at = excluded.closed_at, sequence = excluded.sequence, readings = excluded.readings,"
    " missing = excluded.missing";
inline constexpr const char* kSelectDay = "SELECT " MH_DAY_COLUMNS " FROM closed_day WHERE day = $1";
inline constexpr const char* kSelectDays =
    "SELECT " MH_DAY_COLUMNS " FROM closed_day WHERE day >= $1 AND day < $2 ORDER BY day LIMIT $3";
inline constexpr const char* kSelectNewestDay = "SELECT " MH_DAY_COLUMNS " FROM closed_day ORDER BY day DESC LIMIT 1";
inline constexpr const char* kSelectAllDays = "SELECT " MH_DAY_COLUMNS " FROM closed_day ORDER BY day";
#undef MH_DAY_COLUMNS

// `WHERE true` tells SQLite that the ON behind it belongs to no join.
inline constexpr const char* kInsertTotalKind =
    "INSERT INTO total_kind (kind_id, region, area, dwelling_type, channel)"
    " SELECT coalesce(max(kind_id), 0) + 1, $1, $2, $3, $4 FROM total_kind WHERE true"
    " ON CONFLICT (region, area, dwelling_type, channel) DO NOTHING";
inline constexpr const char* kInsertTotal =
    "INSERT INTO day_total (day, kind_id, energy, meters, expected, found, estimated, estimated_energy)"
    " SELECT $5, kind_id, $6, $7, $8, $9, $10, $11 FROM total_kind"
    " WHERE region = $1 AND area = $2 AND dwelling_type = $3 AND channel = $4";
inline constexpr const char* kDeleteTotals = "DELETE FROM day_total WHERE day = $1";
#define MH_SELECT_TOTALS                                                                          \
  "SELECT day, region, area, dwelling_type, channel, energy, meters, expected, found, estimated," \
  " estimated_energy FROM day_total JOIN total_kind ON total_kind.kind_id = day_total.kind_id"
inline constexpr const char* kSelectTotals = MH_SELECT_TOTALS " WHERE day = $1";  // in any order
inline constexpr const char* kSelectAllTotals = MH_SELECT_TOTALS " ORDER BY day";
#undef MH_SELECT_TOTALS

}  // namespace meterhouse
