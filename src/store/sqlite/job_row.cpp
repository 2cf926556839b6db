#include "store/sqlite/job_row.h"

#include <limits>

#include "store/catalog_days.h"
#include "store/sqlite/rows.h"

namespace meterhouse {

Result<JobRun> run_of(const SqliteStatement& row) {
  CheckedRow checked{row, "job run"};
  JobRun run{.id = checked.integer(0, 1, std::numeric_limits<std::int64_t>::max()),
             .job = checked.text(1),
             .trigger = checked.text(3),
             .state = checked.parsed<JobRun::State>(4, parse_run_state),
             .started = checked.instant(5),
             .ended = checked.instant_or_null(6)};
  const auto day = checked.integer_or_null(2, day_number(DayCatalog::kFirstDay), day_number(DayCatalog::kLastDay));
  if (day) run.day = date::local_days{date::days{*day}};
  return checked.checked(std::move(run));
}

Result<JobStep> step_of(const SqliteStatement& row) {
  CheckedRow checked{row, "step of job run"};
  (void)checked.integer(0, 1, std::numeric_limits<std::int64_t>::max());
  (void)checked.count(1);
  return checked.checked(JobStep{.name = checked.text(2),
                                 .state = checked.parsed<JobStep::State>(3, parse_step_state),
                                 .started = checked.instant_or_null(4),
                                 .ended = checked.instant_or_null(5),
                                 .duration_ms = checked.count(6),
                                 .progress = checked.share_or_null(7),
                                 .outcome = checked.text(8)});
}

}  // namespace meterhouse
