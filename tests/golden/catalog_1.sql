-- The dump of a catalog of schema 1 (docs/formats/catalog.md).
PRAGMA application_id = 1296581441;
BEGIN;
CREATE TABLE schema_migration (
  version    INTEGER PRIMARY KEY,
  name       TEXT NOT NULL,
  applied_at BIGINT NOT NULL
);
INSERT INTO schema_migration VALUES (1, 'meters', 1740052800);
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
INSERT INTO meter VALUES (7, 'East Region', 'Bedok', '3-room', 1740052800, '', NULL);
INSERT INTO meter VALUES (100000001, 'Central Region', 'Bishan', '4-room', 1740052801, '序列 42', 6);
COMMIT;
