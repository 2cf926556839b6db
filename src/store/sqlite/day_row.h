#pragma once

#include "base/result.h"
#include "model/day_total.h"
#include "store/sqlite/connection.h"

namespace meterhouse {

// What is in a row of touched_day, of the columns MH_DAY_COLUMNS, and of MH_SELECT_TOTALS.
//   errors  corruption: what is read is checked as what is written is
Result<TouchedDay> touched_of(const SqliteStatement& row);
Result<ClosedDay> closed_day_of(const SqliteStatement& row);
Result<DayTotal> day_total_of(const SqliteStatement& row);

}  // namespace meterhouse
