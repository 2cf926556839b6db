#pragma once

#include <optional>

#include "base/site_calendar.h"
#include "model/series.h"
#include "store/readings.h"

namespace meterhouse {

// A page of a channel's readings, ascending.
struct ReadingPage {
  Series readings;
  std::optional<Instant> next;  // the first reading of the following page; absent: this was the last
};

// The first `limit` readings of the range. Reads month by month, as the segments lie, so that a page of ten years costs
// no more than a page of one month.
Result<ReadingPage> read_page(const ReadingStore& store, SeriesKey key, ReadRange range, std::size_t limit,
                              const SiteCalendar& calendar);

}  // namespace meterhouse
