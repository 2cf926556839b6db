#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "model/job.h"
#include "store/catalog_jobs.h"

namespace meterhouse {

// What a step may tell and ask while it runs.
class StepContext {
 public:
  virtual ~StepContext() = default;
  virtual void progress(double part) = 0;  // 0 to 1
  // The program ends: the step returns Errc::unavailable soon, and is run again from its beginning at the next start.
  virtual bool stopping() const = 0;
};

// One step of a job. Idempotent: a step that was interrupted, or whose end could not be written down, is run again.
struct JobStepWork {
  std::string name;
  // What came of it, in a sentence with its figures.
  std::function<Result<std::string>(StepContext&)> run;
  std::string needs = {};  // the name of an earlier step: where that one failed, this one is skipped
  std::string skip = {};   // why it is not for this run; empty: it is
};

// Runs jobs one after the other on a thread of its own, and writes down how far each has come, so that one that was
// interrupted goes on at the step it had reached. What cannot be written down (a full disk) is, once it can be again. A
// step that fails does not keep the later ones from running, unless they need it.
//   threads  any
class JobRunner {
 public:
  static constexpr std::size_t kMaxWaiting = 64;

  struct Options {
    // The steps of a run of this job; asked again when the run is resumed. One plan a name of a job.
    std::map<std::string, std::function<std::vector<JobStepWork>(const JobRun&)>> plans;
    // Called at the begin and end of runs and steps, on the runner's thread; must not call the runner.
    std::function<void(const JobRun& run, const JobStep* step)> on_change = [](const JobRun&, const JobStep*) {};
    // Called about once a second while no job runs: a schedule may submit.
    std::function<void()> when_idle = [] {};
    enum class Threads : std::uint8_t { own, none } threads = Threads::own;
  };

  // Catalog and clock outlive it.
  JobRunner(JobCatalog& catalog, const Clock& clock, Options options);
  ~JobRunner();

  // Begins with the runs that an earlier process left unfinished, oldest first. Once, before anything is submitted.
  Status start();

  // Puts a run at the end of the queue; its row is durable when this returns.
  //   errors  not_found: no such job; conflict: one of that job and day waits or runs; unavailable: kMaxWaiting wait
  //           already, or stopped; the catalog's
  Result<std::int64_t> submit(const std::string& job, std::optional<date::local_days> day, std::string trigger);
  // The one of that job and day that waits or runs already, else a new one. errors  as submit, but for conflict
  Result<std::int64_t> submit_or_join(const std::string& job, std::optional<date::local_days> day, std::string trigger);

  // The run of that job and day that waits or runs.
  std::optional<std::int64_t> unfinished(std::string_view job, std::optional<date::local_days> day) const;

  // The run as it stands, with the progress of the step that runs now. errors  not_found
  Result<JobRun> run(std::int64_t id) const;
  std::optional<JobRun> current() const;

  // Until the run has ended, or the runner was stopped: the run as it stands then.
  Result<JobRun> wait(std::int64_t id);

  // For Threads::none: runs what waits.
  void run_waiting();

  // The step that runs now is asked to end; the runs left go on at the next start().
  void stop();

 private:
  class Context;
  using Steps = std::vector<JobStepWork>;
  void loop();
  void execute(JobRun run);
  JobStep::State attempt(JobRun& run, JobStep& step, const JobStepWork& work);
  void write_down(const JobRun& run);
  void write_down_again();
  enum class IfUnfinished : std::uint8_t { refuse, join };
  Result<std::int64_t> enqueue(const std::string& job, std::optional<date::local_days> day, std::string trigger,
                               IfUnfinished otherwise);
  bool holds(std::int64_t id) const;  // under mutex_
  std::optional<std::int64_t> find_unfinished(std::string_view job,
                                              std::optional<date::local_days> day) const;  // under mutex_

  JobCatalog& catalog_;
  const Clock& clock_;
  Options options_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<JobRun> waiting_;
  std::optional<JobRun> current_;
  std::map<std::int64_t, JobRun> unwritten_;  // ended, but the catalog does not know yet
  std::atomic<bool> stopping_ = false;        // written with mutex_ held; a step asks without it
  std::thread thread_;                        // last
};

}  // namespace meterhouse
