#include <gmock/gmock.h>

#include "store/contract/catalog_contract.h"

namespace meterhouse {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr Instant kNoon = instant_from_epoch(1'740'052'800);
constexpr date::local_days kDay{date::days{20'139}};

JobRun run_of(std::string job, std::optional<date::local_days> day = kDay,
              JobRun::State state = JobRun::State::running) {
  return {.job = std::move(job), .day = day, .trigger = "schedule", .state = state, .started = kNoon};
}

std::vector<JobStep> steps_in_every_state() {
  return {{"fold", JobStep::State::done, kNoon, kNoon + Seconds{2}, 1'987, 1.0, "3 segments"},
          {"close", JobStep::State::failed, kNoon, kNoon + Seconds{3}, 12, 1.0 / 3, "磁盘 \"full\"; --"},
          {"backup", JobStep::State::running, kNoon + Seconds{3}, std::nullopt, 0, 0.0, ""},
          {"verify", JobStep::State::skipped, std::nullopt, std::nullopt, 0, std::nullopt, "no backup directory"},
          {"retention"}};
}

std::vector<std::int64_t> ids_of(const std::vector<JobRun>& runs) {
  std::vector<std::int64_t> ids;
  for (const JobRun& run : runs) ids.push_back(run.id);
  return ids;
}

// Every page of the list, joined; each but the last is full.
std::vector<JobRun> pages_of(const JobCatalog& catalog, const JobRunFilter& filter, std::size_t limit) {
  std::vector<JobRun> runs;
  std::optional<std::int64_t> before;
  do {
    const JobRunPage page = must(catalog.job_runs(filter, before, limit));
    if (page.next) {
      EXPECT_EQ(page.runs.size(), limit);
    }
    runs.insert(runs.end(), page.runs.begin(), page.runs.end());
    before = page.next;
  } while (before);
  return runs;
}

TEST_P(CatalogContract, AnEmptyCatalogHasNoJobRuns) {
  EXPECT_EQ(code_of(catalog().job_run(1)), Errc::not_found);
  JobRun unknown = run_of("daily");
  unknown.id = 1;
  EXPECT_EQ(code_of(catalog().update_job_run(unknown)), Errc::not_found);
  const JobRunPage page = must(catalog().job_runs({}, std::nullopt, 10));
  EXPECT_THAT(page.runs, IsEmpty());
  EXPECT_FALSE(page.next);
}

TEST_P(CatalogContract, KeepsEveryFieldOfAJobRunAndItsSteps) {
  JobRun full = run_of("daily 每日", DayCatalog::kLastDay, JobRun::State::interrupted);
  full.trigger = "operator O'Neill";
  full.ended = kLastInstant;
  full.steps = steps_in_every_state();
  JobRun bare{.job = "", .trigger = "", .started = kFirstInstant};
  full.id = must(catalog().begin_job_run(full));
  bare.id = must(catalog().begin_job_run(bare));
  EXPECT_EQ(full.id, 1);
  EXPECT_EQ(bare.id, 2);
  for (int opened = 0; opened < 2; ++opened) {
    EXPECT_EQ(must(catalog().job_run(full.id)), full);
    EXPECT_EQ(must(catalog().job_run(bare.id)), bare);
    EXPECT_THAT(must(catalog().job_runs({}, std::nullopt, 10)).runs, ElementsAre(bare, full));
    place().reopen();
  }
  EXPECT_EQ(must(catalog().begin_job_run(bare)), 3);
}

TEST_P(CatalogContract, AnUpdateReplacesStateEndAndSteps) {
  JobRun run = run_of("daily");
  run.steps = {{"fold"}, {"close"}};
  run.id = must(catalog().begin_job_run(run));
  JobRun other = run_of("backup");
  other.steps = {{"copy"}};
  other.id = must(catalog().begin_job_run(other));
  for (const std::vector<JobStep>& steps : {std::vector<JobStep>{{"fold", JobStep::State::running}, {"close"}},
                                            steps_in_every_state(),
                                            std::vector<JobStep>{{"fold"}},
                                            {}}) {
    run.steps = steps;
    must(catalog().update_job_run(run));
    EXPECT_EQ(must(catalog().job_run(run.id)), run);
  }
  run.state = JobRun::State::failed;
  run.ended = kNoon + Seconds{60};
  JobRun update = run;
  update.job = "another";
  update.day.reset();
  update.trigger = "nobody";
  update.started += Seconds{5};
  must(catalog().update_job_run(update));
  for (int opened = 0; opened < 2; ++opened) {
    EXPECT_EQ(must(catalog().job_run(run.id)), run) << "job, day, trigger and start stay";
    EXPECT_EQ(must(catalog().job_run(other.id)), other);
    place().reopen();
  }
}

TEST_P(CatalogContract, WhatTheRulesForbidIsRefusedAndChangesNothing) {
  JobRun run = run_of("daily");
  run.steps = {{"fold"}};
  run.id = must(catalog().begin_job_run(run));
  JobRun wrong = run;
  wrong.state = JobRun::State::done;
  wrong.steps = {{"fold", JobStep::State::done}, {.name = "close", .duration_ms = -1}};
  EXPECT_EQ(code_of(catalog().update_job_run(wrong)), Errc::invalid_argument);
  wrong.steps[1] = {.name = "close", .progress = 1.5};
  EXPECT_EQ(code_of(catalog().update_job_run(wrong)), Errc::invalid_argument);
  EXPECT_EQ(code_of(catalog().begin_job_run(wrong)), Errc::invalid_argument);
  EXPECT_THAT(must(catalog().job_runs({}, std::nullopt, 10)).runs, ElementsAre(run));
}

TEST_P(CatalogContract, JobRunsAreFilteredAndPagedNewestFirst) {
  const date::local_days next = kDay + date::days{1};
  using State = JobRun::State;
  for (const JobRun& run : {run_of("daily", kDay, State::done), run_of("daily", next, State::failed),
                            run_of("backup", std::nullopt, State::done), run_of("daily", next, State::running),
                            run_of("daily", kDay, State::done), run_of("drill", next, State::running)})
    must(catalog().begin_job_run(run));
  struct Case {
    const char* name;
    JobRunFilter filter;
    std::vector<std::int64_t> expected;
  };
  const std::vector<Case> cases{
      {"no filter", {}, {6, 5, 4, 3, 2, 1}},
      {"job", {.job = "daily"}, {5, 4, 2, 1}},
      {"unknown job", {.job = "Daily"}, {}},
      {"day", {.day = next}, {6, 4, 2}},
      {"another day", {.day = next + date::days{1}}, {}},
      {"state", {.state = State::running}, {6, 4}},
      {"job and state", {.job = "daily", .state = State::done}, {5, 1}},
      {"job and day", {.job = "daily", .day = next}, {4, 2}},
      {"all of them", {.job = "daily", .day = next, .state = State::failed}, {2}},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    for (const std::size_t limit : {std::size_t{1}, std::size_t{2}, JobCatalog::kMaxRunsPerPage})
      EXPECT_EQ(ids_of(pages_of(catalog(), c.filter, limit)), c.expected);
  }
  EXPECT_FALSE(must(catalog().job_runs({}, std::nullopt, 6)).next);
  EXPECT_EQ(must(catalog().job_runs({}, std::nullopt, 5)).next, 2);
  EXPECT_THAT(ids_of(must(catalog().job_runs({}, 3, 10)).runs), ElementsAre(2, 1));
  EXPECT_THAT(must(catalog().job_runs({}, 1, 10)).runs, IsEmpty());
}

TEST_P(CatalogContract, AfterCloseEveryCallForJobsIsUnavailable) {
  JobRun run = run_of("daily");
  run.id = must(catalog().begin_job_run(run));
  must(catalog().close());
  EXPECT_EQ(code_of(catalog().begin_job_run(run)), Errc::unavailable);
  EXPECT_EQ(code_of(catalog().update_job_run(run)), Errc::unavailable);
  EXPECT_EQ(code_of(catalog().job_run(run.id)), Errc::unavailable);
  EXPECT_EQ(code_of(catalog().job_runs({}, std::nullopt, 1)), Errc::unavailable);
}

}  // namespace
}  // namespace meterhouse
