#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "store/catalog.h"

namespace meterhouse {

// What the catalogs in SQL have in common beside the schema: pure, no database.

// A list as SQL and the values of its parameters $1, $2, …
struct CatalogQuery {
  std::string sql;
  std::vector<std::variant<std::int64_t, std::string>> parameters;
};
CatalogQuery meter_query(const MeterFilter& filter, std::optional<MeterId> after, std::size_t limit);
CatalogQuery event_query(const EventFilter& filter, EventOrder order, std::optional<std::int64_t> cursor,
                         std::size_t limit);
CatalogQuery job_run_query(const JobRunFilter& filter, std::optional<std::int64_t> before, std::size_t limit);

// The hour of event_hour in which an instant lies, also one before 1970.
std::int64_t event_hour(Instant at);
// By region, area, dwelling type and channel: cheaper here than in SQL, and the same whatever the collation of a
// database.
void sort_totals(std::vector<DayTotal>& totals);
// A local day as the catalog writes it: days since 1970-01-01.
std::int64_t day_number(date::local_days day);

// The meter as the patch leaves it.
Meter apply(const MeterPatch& patch, Meter meter);

}  // namespace meterhouse
