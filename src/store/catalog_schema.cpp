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

constexpr Migration kMigrations[] = {
    {1, "meters", kMeters},
};

}  // namespace

std::span<const Migration> catalog_migrations() { return kMigrations; }

int catalog_schema_version() { return kMigrations[std::size(kMigrations) - 1].version; }

}  // namespace meterhouse
