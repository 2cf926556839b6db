#pragma once

#include "cli/config.h"
#include "cli/data_directory.h"
#include "service/daily_job.h"
#include "service/event_log.h"
#include "service/maintenance.h"
#include "service/online_backup.h"

namespace meterhouse::cli {

// What a server does besides answering, put together: the event log, the daily job by its schedule, and maintenance.
//   threads  start and stop: one thread; what it hands out: as each says
class BackgroundWork {
 public:
  // All outlive it.
  BackgroundWork(DataDirectory& data, const UsageQueries& usage, const Clock& clock, const ServerSettings& settings,
                 OnlineBackup backups);

  // Goes on with what an earlier process left unfinished. Before readings are taken in.
  Status start();
  // What runs is asked to end, and goes on at the next start.
  void stop();

  EventLog& events() { return events_; }
  OnlineBackup& backups() { return backups_; }
  JobRunner& jobs() { return jobs_; }
  Maintenance& maintenance() { return maintenance_; }

 private:
  JobRunner::Options job_options();

  EventLog events_;  // first: the others tell it things to their end
  OnlineBackup backups_;
  DailyJobParts daily_;
  DailySchedule schedule_;
  bool scheduled_;
  JobRunner jobs_;
  Maintenance maintenance_;
};

}  // namespace meterhouse::cli
