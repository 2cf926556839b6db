#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "service/jobs/day_close.h"
#include "service/jobs/job_runner.h"

namespace meterhouse {

inline constexpr const char* kDailyJob = "daily";

// What the daily job works on. All outlive it.
//   source  docs/batch-jobs.md
struct DailyJobParts {
  DayCloseParts days;
  ReadingStore& store;
  std::optional<date::days> retention = {};  // how long readings are kept, in whole months; nullopt: for ever
  // The steps that others do; null: left out.
  std::function<Result<std::string>(StepContext&)> backup = nullptr;
  std::function<Result<std::string>(StepContext&)> verify_backup = nullptr;
  std::function<Result<std::string>(StepContext&)> drill = nullptr;
  date::weekday drill_on = date::Sunday;  // the run of that day has the drill, the others skip it
  Seconds at = {};                        // when the run is due, since local midnight of the day after
  std::function<Result<std::string>(StepContext&)> trim_events = nullptr;
};

std::string_view name_of(date::weekday day);  // "sunday"

// The steps of the run for a local day: fold, close_day, late_days, retention, backup, verify_backup, drill,
// trim_events. Each may be run again at any time. Backup, its check and the drill are of now, whatever day the run is
// for: of the runs that are caught up the newest alone has them.
std::vector<JobStepWork> daily_job_steps(const DailyJobParts& parts, date::local_days day);

// The newest local day whose job is due: yesterday, once the local time of day is past, before that the day before.
// Pure.
//   at  since local midnight; where the clocks leave it out or show it twice, so long after the day began
date::local_days newest_run_due(const SiteCalendar& calendar, Instant now, Seconds at);

// The local days whose job is due, in order: those after `newest`, the newest day that had its run.
std::vector<date::local_days> daily_runs_due(const SiteCalendar& calendar, Instant now, Seconds at,
                                             date::local_days newest);

// The run for yesterday, by hand: the one that waits or runs already, else a new one.
Result<std::int64_t> submit_daily_job(JobRunner& jobs, date::local_days today, std::string trigger);

// Submits what is due, and remembers in the catalog which day that was: days on which the program was off are caught up
// in order. A new installation begins with the day it was made.
class DailySchedule {
 public:
  // All outlive it.
  DailySchedule(const SiteCalendar& calendar, const Clock& clock, Catalog& catalog, Seconds at)
      : calendar_(calendar), clock_(clock), catalog_(catalog), at_(at) {}

  // errors  the catalog's and the runner's; what is due still is
  Status submit_due(JobRunner& jobs);

 private:
  Result<date::local_days> newest();
  Status remember(date::local_days day);

  const SiteCalendar& calendar_;
  const Clock& clock_;
  Catalog& catalog_;
  const Seconds at_;
  std::optional<date::local_days> newest_;  // as in the catalog, once it was read: it is asked for every second
};

}  // namespace meterhouse
