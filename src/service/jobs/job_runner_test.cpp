#include "service/jobs/job_runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>

#include "base/testing/temporary_directory.h"
#include "store/contract/must.h"
#include "store/sqlite/sqlite_catalog.h"

namespace meterhouse {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Threads = JobRunner::Options::Threads;

const date::local_days kDay{date::days{20'000}};

class JobRunnerTest : public testing::Test {
 protected:
  // A job of these steps. Each tells its name to `ran_` before it does its work.
  JobRunner::Options options(std::vector<JobStepWork> steps, Threads threads = Threads::none) {
    for (JobStepWork& step : steps)
      step.run = [this, name = step.name, work = step.run](StepContext& context) {
        ran_.push_back(name);
        return work(context);
      };
    JobRunner::Options options;
    options.plans["test"] = [steps](const JobRun&) { return steps; };
    options.threads = threads;
    return options;
  }
  static JobStepWork good(const char* name, const char* outcome = "done") {
    return {.name = name, .run = [outcome](StepContext&) -> Result<std::string> { return std::string{outcome}; }};
  }
  static JobStepWork bad(const char* name) {
    return {.name = name, .run = [](StepContext&) -> Result<std::string> { return Error{Errc::io, "no disk"}; }};
  }
  static std::vector<std::string> states(const JobRun& run) {
    std::vector<std::string> states;
    for (const JobStep& step : run.steps) states.push_back(fmt::format("{} {}", step.name, to_string(step.state)));
    return states;
  }

  TemporaryDirectory directory_;
  ManualClock clock_{instant_from_epoch(1'740'000'000)};
  std::unique_ptr<SqliteCatalog> catalog_ = must(SqliteCatalog::open(directory_.path() + "/catalog.sqlite", clock_));
  std::vector<std::string> ran_;
};

TEST_F(JobRunnerTest, RunsTheStepsInOrderAndWritesDownWhatCameOfThem) {
  JobRunner runner{*catalog_, clock_, options({good("one", "7 things"), good("two")})};
  must(runner.start());
  const auto id = must(runner.submit("test", kDay, "operator"));
  EXPECT_EQ(must(catalog_->job_run(id)).state, JobRun::State::running);  // durable before it runs
  runner.run_waiting();
  const JobRun run = must(catalog_->job_run(id));
  EXPECT_EQ(run.state, JobRun::State::done);
  EXPECT_EQ(run.day, kDay);
  EXPECT_EQ(run.trigger, "operator");
  EXPECT_TRUE(run.ended.has_value());
  EXPECT_THAT(states(run), ElementsAre("one done", "two done"));
  EXPECT_EQ(run.steps[0].outcome, "7 things");
  EXPECT_THAT(ran_, ElementsAre("one", "two"));
}

TEST_F(JobRunnerTest, AStepThatFailsStopsOnlyThoseThatNeedIt) {
  auto needing = good("three");
  needing.needs = "two";
  JobRunner runner{*catalog_, clock_, options({good("one"), bad("two"), needing, good("four")})};
  must(runner.start());
  const auto id = must(runner.submit("test", kDay, "operator"));
  runner.run_waiting();
  const JobRun run = must(catalog_->job_run(id));
  EXPECT_EQ(run.state, JobRun::State::failed);
  EXPECT_THAT(states(run), ElementsAre("one done", "two failed", "three skipped", "four done"));
  EXPECT_THAT(run.steps[1].outcome, HasSubstr("no disk"));
  EXPECT_THAT(run.steps[2].outcome, HasSubstr("two"));
}

TEST_F(JobRunnerTest, AStepThatThrowsHasFailed) {
  const JobStepWork throwing{.name = "one", .run = [](StepContext&) -> Result<std::string> { throw std::bad_alloc{}; }};
  JobRunner runner{*catalog_, clock_, options({throwing, good("two")})};
  must(runner.start());
  const auto id = must(runner.submit("test", kDay, "operator"));
  runner.run_waiting();
  const JobRun run = must(catalog_->job_run(id));
  EXPECT_THAT(states(run), ElementsAre("one failed", "two done"));
  EXPECT_THAT(run.steps[0].outcome, HasSubstr("bad_alloc"));
}

TEST_F(JobRunnerTest, AnInterruptedRunGoesOnAtTheStepItHadReached) {
  std::int64_t id = 0;
  {
    std::promise<void> reached;
    JobStepWork endless{.name = "two", .run = [&](StepContext& context) -> Result<std::string> {
                          reached.set_value();
                          while (!context.stopping()) std::this_thread::yield();
                          return Error{Errc::unavailable, "stopped"};
                        }};
    JobRunner runner{*catalog_, clock_, options({good("one"), endless, good("three")}, Threads::own)};
    must(runner.start());
    id = must(runner.submit("test", kDay, "operator"));
    reached.get_future().wait();
    EXPECT_EQ(must(runner.run(id)).steps[1].state, JobStep::State::running);
    runner.stop();
  }
  EXPECT_THAT(states(must(catalog_->job_run(id))), ElementsAre("one done", "two running", "three waiting"));
  JobRunner runner{*catalog_, clock_, options({good("one"), good("two"), good("three")})};
  must(runner.start());
  EXPECT_EQ(runner.unfinished("test", kDay), id);
  runner.run_waiting();
  EXPECT_EQ(must(catalog_->job_run(id)).state, JobRun::State::done);
  EXPECT_THAT(ran_, ElementsAre("one", "two", "two", "three"));
}

TEST_F(JobRunnerTest, UnfinishedRunsGoOnInTheirOrder) {
  std::vector<date::local_days> days;
  {
    JobRunner runner{*catalog_, clock_, options({good("one")})};
    must(runner.start());
    for (int i = 0; i < 3; ++i) must(runner.submit("test", kDay + date::days{i}, "schedule"));
  }
  auto wanted = options({good("one")});
  wanted.on_change = [&](const JobRun& run, const JobStep* step) {
    if (step == nullptr && run.ended) days.push_back(*run.day);
  };
  JobRunner runner{*catalog_, clock_, std::move(wanted)};
  must(runner.start());
  runner.run_waiting();
  EXPECT_THAT(days, ElementsAre(kDay, kDay + date::days{1}, kDay + date::days{2}));
}

TEST_F(JobRunnerTest, RefusesWhatItCannotTake) {
  JobRunner runner{*catalog_, clock_, options({good("one")})};
  must(runner.start());
  EXPECT_EQ(runner.submit("another", kDay, "x").error().code, Errc::not_found);
  must(runner.submit("test", kDay, "x"));
  EXPECT_EQ(runner.submit("test", kDay, "x").error().code, Errc::conflict);
  for (std::size_t i = 1; i < JobRunner::kMaxWaiting; ++i)
    must(runner.submit("test", kDay + date::days{static_cast<int>(i)}, "x"));
  EXPECT_EQ(runner.submit("test", kDay - date::days{1}, "x").error().code, Errc::unavailable);
  runner.stop();
  EXPECT_EQ(runner.submit("test", kDay - date::days{1}, "x").error().code, Errc::unavailable);
}

// A catalog on a disk that is full for a while.
class FullCatalog final : public JobCatalog {
 public:
  explicit FullCatalog(JobCatalog& catalog) : catalog_(catalog) {}
  Result<std::int64_t> begin_job_run(const JobRun& run) override { return catalog_.begin_job_run(run); }
  Status update_job_run(const JobRun& run) override {
    if (full) return Error{Errc::no_space, "no room"};
    return catalog_.update_job_run(run);
  }
  Result<JobRun> job_run(std::int64_t id) const override { return catalog_.job_run(id); }
  Result<JobRunPage> job_runs(const JobRunFilter& filter, std::optional<std::int64_t> before,
                              std::size_t limit) const override {
    return catalog_.job_runs(filter, before, limit);
  }

  std::atomic<bool> full = true;

 private:
  JobCatalog& catalog_;
};

TEST_F(JobRunnerTest, WhatCameOfARunIsWrittenDownOnceThereIsRoom) {
  FullCatalog full{*catalog_};
  JobRunner runner{full, clock_, options({good("one"), bad("two")}, Threads::own)};
  must(runner.start());
  const auto id = must(runner.submit("test", kDay, "operator"));
  EXPECT_EQ(must(runner.wait(id)).state, JobRun::State::failed) << "who asks is told, whatever the catalog knows";
  EXPECT_EQ(must(catalog_->job_run(id)).state, JobRun::State::running);
  full.full = false;
  while (must(catalog_->job_run(id)).state == JobRun::State::running) std::this_thread::yield();
  EXPECT_THAT(states(must(catalog_->job_run(id))), ElementsAre("one done", "two failed"));
}

TEST_F(JobRunnerTest, WaitsForARunOnItsThread) {
  JobRunner runner{*catalog_, clock_, options({good("one")}, Threads::own)};
  must(runner.start());
  EXPECT_EQ(must(runner.wait(must(runner.submit("test", kDay, "x")))).state, JobRun::State::done);
}

}  // namespace
}  // namespace meterhouse
