#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "store/catalog.h"

namespace meterhouse {

// What the catalogs in SQL have in common beside the schema: pure, no database.

// A list of meters as SQL and the values of its parameters $1, $2, …
struct MeterQuery {
  std::string sql;
  std::vector<std::variant<std::int64_t, std::string>> parameters;
};
MeterQuery meter_query(const MeterFilter& filter, std::optional<MeterId> after, std::size_t limit);

// The meter as the patch leaves it.
Meter apply(const MeterPatch& patch, Meter meter);

}  // namespace meterhouse
