#include "store/catalog_schema.h"

#include <iterator>

namespace meterhouse {
namespace {

// A list is filtered by one or more of region, area and dwelling type and paged by id: each index ends with the id, so
// that a page is one seek and a short walk.
constexpr const char* kMeters = R"sql(
CREATE TABLE meter (
  meter_id        INTEGER PRIMARY KEY CHECK (meter_id BETWEEN 0 AND 999999999),
  region          TEXT NOT NULL,
  area            TEXT NOT NULL,
  dwelling_type   TEXT NOT NULL,
  registered_at   BIGINT NOT NULL,
  serial          TEXT NOT NULL,
  register_digits INTEGER CHECK (register_digits BETWEEN 4 AND 9)
);
CREATE INDEX meter_by_area ON meter (area, meter_id);
CREATE INDEX meter_by_region ON meter (region, meter_id);
CREATE INDEX meter_by_dwelling_type ON meter (dwelling_type, meter_id);
)sql";

// What daily operations keep.
//
// Ids come from `counter` and not from the greatest that is there: dropped ones are never given again, and whoever has
// the counter's row has the table, so that ids become visible in their order.
//
// Events are listed by id, also those of a span of time: event_hour says between which ids the events of an hour lie
// (closely, unless the clock was set), so that a page costs a seek and a short walk and needs no index by time.
//
// The names of a day's totals are kept once for all days, in total_kind: a day of 564 totals takes 40 kB, not 110.
constexpr const char* kDailyOperations = R"sql(
CREATE TABLE counter (
  name  TEXT PRIMARY KEY NOT NULL,
  value BIGINT NOT NULL CHECK (value >= 0)
);
INSERT INTO counter (name, value) VALUES ('event', 0), ('job_run', 0);

CREATE TABLE state (
  name  TEXT PRIMARY KEY NOT NULL,
  value TEXT NOT NULL
);

CREATE TABLE event (
  event_id BIGINT PRIMARY KEY NOT NULL CHECK (event_id > 0),
  at       BIGINT NOT NULL CHECK (at BETWEEN 0 AND 4294967295),
  type     TEXT NOT NULL,
  meter_id INTEGER CHECK (meter_id BETWEEN 0 AND 999999999),
  message  TEXT NOT NULL,
  fields   TEXT NOT NULL
);
CREATE INDEX event_by_type ON event (type, event_id);
CREATE INDEX event_by_meter ON event (meter_id, event_id) WHERE meter_id IS NOT NULL;
CREATE TABLE event_hour (
  hour           INTEGER PRIMARY KEY NOT NULL,
  first_event_id BIGINT NOT NULL,
  last_event_id  BIGINT NOT NULL CHECK (last_event_id >= first_event_id)
);

CREATE TABLE job_run (
  run_id     BIGINT PRIMARY KEY NOT NULL CHECK (run_id > 0),
  job        TEXT NOT NULL,
  day        INTEGER,
  begun_by   TEXT NOT NULL,
  state      TEXT NOT NULL CHECK (state IN ('running', 'done', 'failed', 'interrupted')),
  started_at BIGINT NOT NULL CHECK (started_at BETWEEN 0 AND 4294967295),
  ended_at   BIGINT CHECK (ended_at BETWEEN 0 AND 4294967295)
);
CREATE INDEX job_run_by_job ON job_run (job, run_id);
CREATE INDEX job_run_by_day ON job_run (day, run_id);
CREATE INDEX job_run_by_state ON job_run (state, run_id);
CREATE TABLE job_step (
  run_id      BIGINT NOT NULL REFERENCES job_run (run_id),
  step        INTEGER NOT NULL CHECK (step >= 0),
  name        TEXT NOT NULL,
  state       TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'failed', 'skipped')),
  started_at  BIGINT CHECK (started_at BETWEEN 0 AND 4294967295),
  ended_at    BIGINT CHECK (ended_at BETWEEN 0 AND 4294967295),
  duration_ms BIGINT NOT NULL CHECK (duration_ms >= 0),
  progress    DOUBLE PRECISION CHECK (progress BETWEEN 0 AND 1),
  outcome     TEXT NOT NULL,
  PRIMARY KEY (run_id, step)
);

CREATE TABLE touched_day (
  day      INTEGER PRIMARY KEY NOT NULL CHECK (day BETWEEN -1 AND 49711),
  sequence BIGINT NOT NULL CHECK (sequence >= 0)
);
CREATE TABLE closed_day (
  day       INTEGER PRIMARY KEY NOT NULL CHECK (day BETWEEN -1 AND 49711),
  closed_at BIGINT NOT NULL CHECK (closed_at BETWEEN 0 AND 4294967295),
  sequence  BIGINT NOT NULL CHECK (sequence >= 0),
  readings  BIGINT NOT NULL CHECK (readings >= 0),
  missing   BIGINT NOT NULL CHECK (missing >= 0)
);
CREATE TABLE total_kind (
  kind_id       INTEGER PRIMARY KEY NOT NULL,
  region        TEXT NOT NULL,
  area          TEXT NOT NULL,
  dwelling_type TEXT NOT NULL,
  channel       INTEGER NOT NULL CHECK (channel BETWEEN 0 AND 1),
  UNIQUE (region, area, dwelling_type, channel)
);
CREATE TABLE day_total (
  day              INTEGER NOT NULL REFERENCES closed_day (day),
  kind_id          INTEGER NOT NULL REFERENCES total_kind (kind_id),
  energy           BIGINT NOT NULL,
  meters           BIGINT NOT NULL CHECK (meters >= 0),
  expected         BIGINT NOT NULL CHECK (expected >= 0),
  found            BIGINT NOT NULL CHECK (found >= 0),
  estimated        BIGINT NOT NULL CHECK (estimated >= 0),
  estimated_energy BIGINT NOT NULL,
  PRIMARY KEY (day, kind_id)
);
)sql";

constexpr Migration kMigrations[] = {
    {1, "meters", kMeters},
    {2, "daily operations", kDailyOperations},
};

}  // namespace

std::span<const Migration> catalog_migrations() { return kMigrations; }

int catalog_schema_version() { return kMigrations[std::size(kMigrations) - 1].version; }

}  // namespace meterhouse
