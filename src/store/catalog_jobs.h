#pragma once

#include <date/date.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/job.h"

namespace meterhouse {

// All that are given must hold.
struct JobRunFilter {
  std::optional<std::string> job = {};
  std::optional<date::local_days> day = {};
  std::optional<JobRun::State> state = {};
};

// Newest first.
struct JobRunPage {
  std::vector<JobRun> runs;
  std::optional<std::int64_t> next;  // pass as `before` for the following page; absent: this was the last
};

// Which jobs ran, how far they came and what became of them: a part of the Catalog (catalog.h), which says what holds
// of every call.
class JobCatalog {
 public:
  static constexpr std::size_t kMaxRunsPerPage = 200;

  virtual ~JobCatalog() = default;

  // Writes a run down with its steps. The id it was given: from 1, above all given before. run.id is not looked at.
  virtual Result<std::int64_t> begin_job_run(const JobRun& run) = 0;

  // Replaces state, end and steps of the run with run.id; its job, day, trigger and start stay as they were.
  //   errors  not_found
  virtual Status update_job_run(const JobRun& run) = 0;

  // errors  not_found
  virtual Result<JobRun> job_run(std::int64_t id) const = 0;

  // The newest `limit` (1..kMaxRunsPerPage) runs that match, with an id below `before`.
  virtual Result<JobRunPage> job_runs(const JobRunFilter& filter, std::optional<std::int64_t> before,
                                      std::size_t limit) const = 0;
};

}  // namespace meterhouse
