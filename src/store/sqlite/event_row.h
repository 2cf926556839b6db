#pragma once

#include "base/result.h"
#include "model/event.h"
#include "store/sqlite/connection.h"

namespace meterhouse {

// The event in a row of the columns MH_EVENT_COLUMNS.
//   errors  corruption: what is read is checked as what is written is
Result<Event> event_of(const SqliteStatement& row);

}  // namespace meterhouse
