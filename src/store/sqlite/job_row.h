#pragma once

#include "base/result.h"
#include "model/job.h"
#include "store/sqlite/connection.h"

namespace meterhouse {

// What is in a row of the columns MH_RUN_COLUMNS (without its steps) and MH_STEP_COLUMNS.
//   errors  corruption: what is read is checked as what is written is
Result<JobRun> run_of(const SqliteStatement& row);
Result<JobStep> step_of(const SqliteStatement& row);

}  // namespace meterhouse
