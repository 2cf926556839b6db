#pragma once

#include <array>

#include "cli/config.h"
#include "cli/data_directory.h"
#include "service/events/event_log.h"
#include "service/jobs/daily_job.h"
#include "service/jobs/maintenance.h"
#include "service/jobs/online_backup.h"

namespace meterhouse::cli {

// What a server does besides answering, put together: events are kept in the catalog, the daily job runs by its
// schedule, and there is maintenance.
//   threads  start and stop: one thread; what it hands out: as each says
class BackgroundWork {
 public:
  // All outlive it.
  BackgroundWork(DataDirectory& data, const UsageQueries& usage, const Clock& clock, const ServerSettings& settings,
                 OnlineBackup& backups, EventLog& events);
  ~BackgroundWork() { (void)events_.close(); }  // before the catalog goes, however it ends
  BackgroundWork(const BackgroundWork&) = delete;
  BackgroundWork& operator=(const BackgroundWork&) = delete;

  // Goes on with what an earlier process left unfinished. Before readings are taken in.
  Status start();
  // What runs is asked to end, and goes on at the next start.
  void stop();

  JobRunner& jobs() { return jobs_; }
  Maintenance& maintenance() { return maintenance_; }

 private:
  JobRunner::Options job_options();
  void back_up_what_is_missing();

  EventCatalog& catalog_;
  EventLog& events_;
  OnlineBackup& backups_;
  DailyJobParts daily_;
  JournalShipper* shipper_;                                  // null: not shipped, or backups are made by hand
  std::array<std::optional<ShippedGap>, 2> asked_for_ = {};  // what a backup was begun for
  DailySchedule schedule_;
  bool scheduled_;
  JobRunner jobs_;
  Maintenance maintenance_;
};

// A fold or merge that the store did, as an event.
void tell_work(EventLog& events, const StoreWork& work);

}  // namespace meterhouse::cli
