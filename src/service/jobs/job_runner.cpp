#include "service/jobs/job_runner.h"

#include <algorithm>

#include "base/check.h"

namespace meterhouse {
namespace {

constexpr std::chrono::seconds kIdleTick{1};

// Whatever a step comes to is that of the step: it must not end the program, which would begin it again at each start.
Result<std::string> run_caught(const JobStepWork& work, StepContext& context) {
  try {
    return work.run(context);
  } catch (const std::exception& error) {
    return Error{Errc::unavailable, fmt::format("the step ended early: {}", error.what())};
  }
}

}  // namespace

class JobRunner::Context final : public StepContext {
 public:
  Context(JobRunner& runner, std::size_t step) : runner_(runner), step_(step) {}

  void progress(double part) override {
    const std::scoped_lock lock{runner_.mutex_};
    if (runner_.current_) runner_.current_->steps[step_].progress = std::clamp(part, 0.0, 1.0);
  }
  // Asked for each channel, and by work at leisure: without the lock.
  bool stopping() const override { return runner_.stopping_; }

 private:
  JobRunner& runner_;
  std::size_t step_;
};

JobRunner::JobRunner(JobCatalog& catalog, const Clock& clock, Options options)
    : catalog_(catalog), clock_(clock), options_(std::move(options)) {}

JobRunner::~JobRunner() { stop(); }

Status JobRunner::start() {
  std::deque<JobRun> left;
  std::optional<std::int64_t> before;
  do {
    auto page = catalog_.job_runs({.state = JobRun::State::running}, before, JobCatalog::kMaxRunsPerPage);
    if (!page) return page.error();
    for (JobRun& run : page->runs) {
      if (options_.plans.contains(run.job)) left.push_front(std::move(run));
    }
    before = page->next;
  } while (before);
  const std::scoped_lock lock{mutex_};
  waiting_ = std::move(left);
  if (options_.threads == Options::Threads::own) thread_ = std::thread{[this] { loop(); }};
  return {};
}

Result<std::int64_t> JobRunner::submit(const std::string& job, std::optional<date::local_days> day,
                                       std::string trigger) {
  return enqueue(job, day, std::move(trigger), IfUnfinished::refuse);
}

Result<std::int64_t> JobRunner::submit_or_join(const std::string& job, std::optional<date::local_days> day,
                                               std::string trigger) {
  return enqueue(job, day, std::move(trigger), IfUnfinished::join);
}

Result<std::int64_t> JobRunner::enqueue(const std::string& job, std::optional<date::local_days> day,
                                        std::string trigger, IfUnfinished otherwise) {
  const auto plan = options_.plans.find(job);
  if (plan == options_.plans.end()) return Error{Errc::not_found, fmt::format("there is no job {:.40}", job)};
  JobRun run{.job = job, .day = day, .trigger = std::move(trigger), .started = clock_.now()};
  for (const JobStepWork& step : plan->second(run)) run.steps.push_back({.name = step.name});
  // Across the disk on purpose: two submits of one day must not both find the queue free. Progress waits for it,
  // rarely.
  const std::scoped_lock lock{mutex_};
  if (stopping_) return Error{Errc::unavailable, "the server is stopping"};
  if (const auto unfinished = find_unfinished(run.job, run.day)) {
    if (otherwise == IfUnfinished::join) return *unfinished;
    return Error{Errc::conflict, fmt::format("the {} job runs already", job)};
  }
  if (waiting_.size() >= kMaxWaiting)
    return Error{Errc::unavailable, fmt::format("{} jobs wait already", waiting_.size())};
  const auto id = catalog_.begin_job_run(run);
  if (!id) return id.error();
  run.id = *id;
  waiting_.push_back(std::move(run));
  changed_.notify_all();
  return *id;
}

std::optional<std::int64_t> JobRunner::find_unfinished(std::string_view job,
                                                       std::optional<date::local_days> day) const {
  const auto same = [&](const JobRun& other) { return other.job == job && other.day == day; };
  if (current_ && same(*current_)) return current_->id;
  const auto found = std::ranges::find_if(waiting_, same);
  return found == waiting_.end() ? std::nullopt : std::optional{found->id};
}

std::optional<std::int64_t> JobRunner::unfinished(std::string_view job, std::optional<date::local_days> day) const {
  const std::scoped_lock lock{mutex_};
  return find_unfinished(job, day);
}

Result<JobRun> JobRunner::run(std::int64_t id) const {
  {
    const std::scoped_lock lock{mutex_};
    if (current_ && current_->id == id) return *current_;
    if (const auto ended = unwritten_.find(id); ended != unwritten_.end()) return ended->second;
  }
  return catalog_.job_run(id);
}

std::optional<JobRun> JobRunner::current() const {
  const std::scoped_lock lock{mutex_};
  return current_;
}

bool JobRunner::holds(std::int64_t id) const {
  const auto is = [&](const JobRun& run) { return run.id == id; };
  return (current_ && is(*current_)) || std::ranges::any_of(waiting_, is);
}

Result<JobRun> JobRunner::wait(std::int64_t id) {
  {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [&] { return stopping_ || !holds(id); });
  }
  return run(id);
}

void JobRunner::loop() {
  std::unique_lock lock{mutex_};
  while (!stopping_) {
    if (!changed_.wait_for(lock, kIdleTick, [this] { return stopping_ || !waiting_.empty(); })) {
      lock.unlock();
      write_down_again();
      options_.when_idle();
      lock.lock();
      continue;
    }
    if (stopping_) return;
    lock.unlock();
    run_waiting();
    lock.lock();
  }
}

void JobRunner::run_waiting() {
  for (;;) {
    JobRun run;
    {
      const std::scoped_lock lock{mutex_};
      if (stopping_ || waiting_.empty()) return;
      run = std::move(waiting_.front());
      waiting_.pop_front();
      current_ = run;
    }
    execute(std::move(run));
    const std::scoped_lock lock{mutex_};
    current_.reset();
    changed_.notify_all();
  }
}

void JobRunner::execute(JobRun run) {
  const Steps works = options_.plans.at(run.job)(run);
  options_.on_change(run, nullptr);
  for (std::size_t i = 0; i < run.steps.size(); ++i) {
    JobStep& step = run.steps[i];
    if (has_ended(step.state)) continue;  // before a restart
    const auto work = std::ranges::find(works, step.name, &JobStepWork::name);
    if (work == works.end()) {  // of an earlier release
      step.state = JobStep::State::skipped;
      step.outcome = "this release has no such step";
    } else if (attempt(run, step, *work) == JobStep::State::running) {
      return;  // the program ends: the run stays as it was written down, and goes on at the next start
    }
    write_down(run);
    options_.on_change(run, &step);
  }
  const bool failed =
      std::ranges::any_of(run.steps, [](const JobStep& s) { return s.state == JobStep::State::failed; });
  run.state = failed ? JobRun::State::failed : JobRun::State::done;
  run.ended = clock_.now();
  write_down(run);
  options_.on_change(run, nullptr);
}

JobStep::State JobRunner::attempt(JobRun& run, JobStep& step, const JobStepWork& work) {
  if (!work.skip.empty()) {
    step.state = JobStep::State::skipped;
    step.outcome = work.skip;
    return step.state;
  }
  if (!work.needs.empty()) {
    const auto needed = std::ranges::find(run.steps, work.needs, &JobStep::name);
    MH_CHECK(needed != run.steps.end());
    if (needed->state != JobStep::State::done) {
      step.state = JobStep::State::skipped;
      step.outcome = fmt::format("{} did not succeed", work.needs);
      return step.state;
    }
  }
  step.state = JobStep::State::running;
  if (!step.started) step.started = clock_.now();
  write_down(run);
  options_.on_change(run, &step);
  Context context{*this, static_cast<std::size_t>(&step - run.steps.data())};
  const auto begin = clock_.stopwatch();
  const auto outcome = run_caught(work, context);
  step.duration_ms += std::chrono::duration_cast<std::chrono::milliseconds>(clock_.stopwatch() - begin).count();
  if (!outcome && context.stopping()) return JobStep::State::running;
  step.ended = clock_.now();
  step.progress.reset();
  step.state = outcome ? JobStep::State::done : JobStep::State::failed;
  step.outcome = outcome ? *outcome : outcome.error().message;
  return step.state;
}

// A run that cannot be written down (a full disk) still runs: its steps are idempotent, and at worst are run again.
void JobRunner::write_down(const JobRun& run) {
  {
    const std::scoped_lock lock{mutex_};
    current_ = run;
  }
  const auto written = catalog_.update_job_run(run);
  if (written || run.state == JobRun::State::running) return;
  const std::scoped_lock lock{mutex_};
  unwritten_[run.id] = run;
}

// On the runner's thread, which alone adds to them.
void JobRunner::write_down_again() {
  for (;;) {
    JobRun run;
    {
      const std::scoped_lock lock{mutex_};
      if (unwritten_.empty()) return;
      run = unwritten_.begin()->second;
    }
    if (!catalog_.update_job_run(run)) return;
    const std::scoped_lock lock{mutex_};
    unwritten_.erase(run.id);
  }
}

void JobRunner::stop() {
  {
    const std::scoped_lock lock{mutex_};
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

}  // namespace meterhouse
