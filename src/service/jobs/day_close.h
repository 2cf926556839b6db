#pragma once

#include <functional>

#include "base/clock.h"
#include "base/site_calendar.h"
#include "model/day_total.h"
#include "service/usage_queries.h"
#include "store/catalog.h"
#include "store/folded_days.h"
#include "store/readings.h"

namespace meterhouse {

// What a day's closing stands on. All outlive the calls.
struct DayCloseParts {
  const SiteCalendar& calendar;
  const Clock& clock;
  Catalog& catalog;
  const ReadingStore& store;
  const UsageQueries& usage;
};

// Sums up a local day, by region, area, dwelling type and channel, from the readings as they stand, and writes that
// down with the watermark it rests on. May be done again at any time: the sums are replaced. Where they are others than
// before and the day shows a dip that reaches beyond it, the closed days in its reach are touched: when they were
// summed up, the register was not back yet. A meter whose energy does not fit a sum of 64 bits is not in it, nor in the
// count of its meters.
//   progress  gets the part of the meters done, from 0 to 1; false: stop, nothing is written down
//   errors    unavailable: progress said so; the store's and the catalog's
Result<ClosedDay> close_day(const DayCloseParts& parts, date::local_days day,
                            const std::function<bool(double)>& progress);

// What a fold tells (EmbeddedOptions::on_fold), noted: the days to be summed up, again where they were already. errors
// the catalog's
Status note_folded_days(DayCatalog& catalog, const FoldedDays& days, std::uint64_t sequence);

}  // namespace meterhouse
