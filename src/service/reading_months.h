#pragma once

#include <functional>

#include "base/site_calendar.h"
#include "store/readings.h"

namespace meterhouse {

// Calls visit for the readings of a channel in the range, those of a local month at a time, ascending, none empty: as
// the segments lie, so that a channel of any length takes the memory of a month, and empty decades cost nothing.
//   visit    whether to go on
//   returns  the store's errors and those of visit, which end it
using VisitMonth = std::function<Result<bool>(const Series& month)>;
Status for_each_month(const ReadingStore& store, SeriesKey key, ReadRange range, const SiteCalendar& calendar,
                      const VisitMonth& visit);

}  // namespace meterhouse
