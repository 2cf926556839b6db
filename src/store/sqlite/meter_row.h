#pragma once

#include "base/result.h"
#include "model/meter.h"
#include "store/sqlite/connection.h"

namespace meterhouse {

// The meter in a row of the columns MH_METER_COLUMNS. What is read is checked as what is written is: a damaged number
// must not become a meter.
//   errors  corruption
Result<Meter> meter_of(const SqliteStatement& row);

}  // namespace meterhouse
