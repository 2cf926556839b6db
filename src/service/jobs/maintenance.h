#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/result.h"
#include "service/jobs/job_runner.h"
#include "store/catalog.h"
#include "store/readings.h"

namespace meterhouse {

// Maintenance: readings are still taken, as pending, and other requests are turned away, until the daily job that was
// asked for has run, the duration has passed and the pending readings are applied; then all of them become visible
// together. The state is in the catalog, the pending readings are in the store: a restart goes on where it was.
//   threads  any; enter() and end() wait for the disk
class Maintenance {
 public:
  enum class Phase : std::uint8_t { none, job, waiting, applying };

  struct Status {
    Phase phase = Phase::none;
    std::string reason;
    Instant started{};
    std::optional<Instant> until = {};     // phase waiting
    std::optional<std::int64_t> job = {};  // the run of the daily job
    std::optional<double> progress = {};   // of what the phase does, 0 to 1; absent: not known
  };

  struct Options {
    // Told when the mode begins and ends, what became of the pending readings, and what went wrong.
    std::function<void(const std::string& message)> on_change = [](const std::string&) {};
    std::function<void(const AppendCounts&)> on_applied = [](const AppendCounts&) {};
    std::function<void(const Error&)> on_error = [](const Error&) {};
  };

  // All outlive it.
  Maintenance(Catalog& catalog, ReadingStore& store, JobRunner& jobs, const Clock& clock, Options options);
  ~Maintenance();

  // Goes on with the mode that an earlier process was in, if any; also applies what is pending though the mode ended.
  // Once, before readings are taken.
  meterhouse::Status start();

  // Begins the mode.
  //   duration  to be waited after the job, 0 s or more
  //   job       a run that was submitted for it; nullopt: none
  //   errors    conflict: it is in maintenance already; the store's and the catalog's: it is not
  meterhouse::Status enter(Seconds duration, std::string reason,
                           const std::function<Result<std::int64_t>()>& submit_job = nullptr);
  // Waits no longer: what is pending is applied now, behind the job where that still runs.
  //   errors  conflict: it is not in maintenance
  meterhouse::Status end();

  bool active() const { return active_.load(std::memory_order_relaxed); }
  Status status() const;
  // How long the mode will last at least, for Retry-After.
  Seconds remaining() const;
  void wait_until_ended();

  void stop();

 private:
  struct State {
    Status status;
    Seconds duration{0};
  };
  void run();
  bool run_job(std::int64_t job);  // false: the program ends
  bool wait_out();                 // the same
  meterhouse::Status apply();
  void finish();
  void change(const std::function<void(State&)>& edit);
  meterhouse::Status keep(const State& state);
  Result<State> read(const std::string& text) const;
  void begin(State state);

  Catalog& catalog_;
  ReadingStore& store_;
  JobRunner& jobs_;
  const Clock& clock_;
  Options options_;

  std::atomic<bool> active_ = false;
  std::mutex entering_;  // held across the disk: one enters at a time
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  State state_;
  bool end_early_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

std::string_view to_string(Maintenance::Phase phase);  // "none", "job", "waiting", "applying"

}  // namespace meterhouse
