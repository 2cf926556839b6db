-- The dump of a catalog of schema 2 (docs/formats/catalog.md).
PRAGMA application_id = 1296581441;
BEGIN;
CREATE TABLE schema_migration (
  version    INTEGER PRIMARY KEY,
  name       TEXT NOT NULL,
  applied_at BIGINT NOT NULL
);
INSERT INTO schema_migration VALUES (1, 'meters', 1740052800);
INSERT INTO schema_migration VALUES (2, 'daily operations', 1771588800);
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
INSERT INTO meter VALUES (100000001, 'Central Region', 'Bishan', '4-room', 1740052801, '序列 42', 6);
CREATE TABLE counter (
  name  TEXT PRIMARY KEY NOT NULL,
  value BIGINT NOT NULL CHECK (value >= 0)
);
INSERT INTO counter (name, value) VALUES ('event', 7), ('job_run', 1);
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
INSERT INTO state VALUES ('maintenance', '{"until":1771590000}');
INSERT INTO event VALUES (5, 1771588800, 'system', NULL, 'started', '{}');
INSERT INTO event VALUES (7, 1771592400, 'registration', 100000001, '已登记', '{"area":"Bishan"}');
INSERT INTO event_hour VALUES (492108, 4, 5);
INSERT INTO event_hour VALUES (492109, 7, 7);
INSERT INTO job_run VALUES (1, 'daily', 20504, 'schedule', 'failed', 1771603800, 1771603812);
INSERT INTO job_step VALUES (1, 0, 'fold', 'done', 1771603800, 1771603802, 1987, 1.0, '3 segments');
INSERT INTO job_step VALUES (1, 1, 'close', 'failed', 1771603802, 1771603812, 9876, 0.25, 'no space');
INSERT INTO job_step VALUES (1, 2, 'backup', 'waiting', NULL, NULL, 0, NULL, '');
INSERT INTO touched_day VALUES (20504, 18446744073);
INSERT INTO closed_day VALUES (20503, 1771517400, 18446744000, 9588, 12);
INSERT INTO total_kind VALUES (1, 'Central Region', 'Bishan', '4-room', 0);
INSERT INTO total_kind VALUES (2, 'Central Region', 'Bishan', '4-room', 1);
INSERT INTO day_total VALUES (20503, 1, 123456789, 200, 9600, 9588, 12, 345678);
INSERT INTO day_total VALUES (20503, 2, 5000000, 3, 144, 144, 0, 0);
COMMIT;
