#pragma once

#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "store/catalog.h"
#include "store/readings.h"

namespace meterhouse {

// ReadingStore::drop_before, and where that let go of readings, or may have before it failed, notes when: a backup from
// before still has them.
//   returns  how many readings that were
//   errors   the store's and the catalog's
Result<std::uint64_t> drop_months(ReadingStore& store, Catalog& catalog, const Clock& clock, Instant month_start);

// When readings were let go of the last time; nullopt: never. errors  the catalog's
Result<std::optional<Instant>> months_dropped(const Catalog& catalog);

}  // namespace meterhouse
