#pragma once

#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "base/site_calendar.h"
#include "store/catalog.h"
#include "store/readings.h"

namespace meterhouse {

// ReadingStore::drop_before, and where that let go of readings, or may have before it failed, notes when: a backup from
// before still has them.
//   returns  how many readings that were
//   errors   the store's and the catalog's
Result<std::uint64_t> drop_months(ReadingStore& store, Catalog& catalog, const Clock& clock, Instant month_start);

// Whether the day lies before the months that are kept: what the store still has of it is not all there was. errors the
// catalog's
Result<bool> is_dropped(const Catalog& catalog, const SiteCalendar& calendar, date::local_days day);

// When readings were let go of the last time; nullopt: never. errors  the catalog's
Result<std::optional<Instant>> months_dropped(const Catalog& catalog);

}  // namespace meterhouse
