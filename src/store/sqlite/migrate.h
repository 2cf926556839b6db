#pragma once

#include <span>

#include "base/clock.h"
#include "store/catalog_schema.h"
#include "store/sqlite/connection.h"

namespace meterhouse {

// Which steps a database has gone through; 0: it is empty, as a crash right after it was made leaves it.
//   errors  corruption: not a catalog of Meterhouse; unavailable: a newer program wrote it
Result<int> schema_version_of(SqliteConnection& connection, int newest_known);

// Makes an empty database a catalog, and takes an older one through the steps that it has not seen, each in a
// transaction of its own: a crash leaves it before or after a step.
//   errors  corruption: not a catalog of Meterhouse; unavailable: its schema is newer than the last of `migrations`
Status migrate(SqliteConnection& connection, std::span<const Migration> migrations, const Clock& clock);

}  // namespace meterhouse
