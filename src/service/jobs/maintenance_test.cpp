#include "service/jobs/maintenance.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/testing/temporary_directory.h"
#include "store/contract/must.h"
#include "store/embedded/embedded_store.h"
#include "store/sqlite/sqlite_catalog.h"
#include "usage/testing.h"

namespace meterhouse {
namespace {

using Phase = Maintenance::Phase;
using testing_support::instant;
using testing_support::kwh;

const SeriesKey kKey{MeterId::from_number(100'000'001), Channel::import_};

class MaintenanceTest : public testing::Test {
 protected:
  MaintenanceTest() { start(); }

  void start() {
    catalog_ = must(SqliteCatalog::open(directory_.path() + "/catalog.sqlite", clock_));
    store_ = must(EmbeddedReadingStore::open(posix_file_system(), clock_,
                                             {.directory = directory_.path(),
                                              .calendar = testing_support::calendar_of("Asia/Singapore"),
                                              .journal_file_bytes = 1 << 20}));
    JobRunner::Options jobs;
    jobs.plans["job"] = [this](const JobRun&) {
      return std::vector<JobStepWork>{{.name = "step", .run = [this](StepContext& context) { return step(context); }}};
    };
    jobs_ = std::make_unique<JobRunner>(*catalog_, clock_, std::move(jobs));
    must(jobs_->start());
    maintenance_ = std::make_unique<Maintenance>(*catalog_, *store_, *jobs_, clock_, Maintenance::Options{});
    must(maintenance_->start());
  }
  // As a process that ends, in good order or by a crash.
  void stop() {
    jobs_->stop();
    maintenance_->stop();
    maintenance_.reset();
    jobs_.reset();
    store_.reset();
    catalog_.reset();
  }
  Result<std::string> step(StepContext& context) {
    while (job_waits_ && !context.stopping()) std::this_thread::yield();
    if (job_waits_) return Error{Errc::unavailable, "stopped"};
    return std::string{"done"};
  }
  std::function<Result<std::int64_t>()> job() {
    return [this] { return jobs_->submit("job", std::nullopt, "test"); };
  }
  AppendCounts take(std::string_view at, std::string_view value) {
    return must(store_->append_and_wait({Reading{kKey, instant(at), kwh(value)}}));
  }
  std::size_t visible() { return must(store_->read(kKey, {}, Neighbours::without)).size(); }

  TemporaryDirectory directory_;
  ManualClock clock_{instant("2025-02-20T10:00:00+08:00")};
  std::unique_ptr<SqliteCatalog> catalog_;
  std::unique_ptr<EmbeddedReadingStore> store_;
  std::unique_ptr<JobRunner> jobs_;
  std::unique_ptr<Maintenance> maintenance_;
  std::atomic<bool> job_waits_ = false;
};

TEST_F(MaintenanceTest, PendingReadingsBecomeVisibleWhenTheDurationIsOver) {
  EXPECT_EQ(take("2025-02-20T09:00+08:00", "10").accepted, 1U);
  must(maintenance_->enter(Seconds{60}, "new switch"));
  EXPECT_TRUE(maintenance_->active());
  EXPECT_EQ(maintenance_->status().phase, Phase::waiting);
  EXPECT_EQ(maintenance_->status().reason, "new switch");
  EXPECT_EQ(maintenance_->remaining(), Seconds{60});
  EXPECT_EQ(maintenance_->enter(Seconds{1}, "again").error().code, Errc::conflict);
  EXPECT_EQ(take("2025-02-20T09:30+08:00", "11").pending, 1U);
  clock_.advance(Seconds{59});
  EXPECT_EQ(maintenance_->remaining(), Seconds{1});
  EXPECT_EQ(visible(), 1U);
  clock_.advance(Seconds{1});
  maintenance_->wait_until_ended();
  EXPECT_FALSE(maintenance_->active());
  EXPECT_EQ(visible(), 2U);
  EXPECT_EQ(take("2025-02-20T10:00+08:00", "12").accepted, 1U);
  EXPECT_EQ(must(catalog_->state("maintenance")), std::nullopt);
}

TEST_F(MaintenanceTest, RunsTheJobFirst) {
  job_waits_ = true;
  must(maintenance_->enter(Seconds{60}, "nightly", job()));
  EXPECT_EQ(maintenance_->status().phase, Phase::job);
  clock_.advance(Seconds{600});  // the duration begins behind the job
  EXPECT_TRUE(maintenance_->active());
  const auto run = *maintenance_->status().job;
  job_waits_ = false;
  EXPECT_EQ(must(jobs_->wait(run)).state, JobRun::State::done);
  while (maintenance_->status().phase == Phase::job) std::this_thread::yield();
  EXPECT_EQ(maintenance_->remaining(), Seconds{60});
  clock_.advance(Seconds{60});
  maintenance_->wait_until_ended();
}

TEST_F(MaintenanceTest, CanBeEndedEarly) {
  EXPECT_EQ(maintenance_->end().error().code, Errc::conflict);
  must(maintenance_->enter(Seconds{3'600}, "long"));
  take("2025-02-20T09:30+08:00", "11");
  must(maintenance_->end());
  maintenance_->wait_until_ended();
  EXPECT_EQ(visible(), 1U);
  must(maintenance_->enter(Seconds{0}, "at once"));
  maintenance_->wait_until_ended();
}

TEST_F(MaintenanceTest, GoesOnAfterARestart) {
  must(maintenance_->enter(Seconds{60}, "new switch"));
  take("2025-02-20T09:30+08:00", "11");
  stop();
  start();
  EXPECT_TRUE(maintenance_->active());
  EXPECT_EQ(maintenance_->status().reason, "new switch");
  EXPECT_EQ(visible(), 0U);
  EXPECT_EQ(take("2025-02-20T10:00+08:00", "12").pending, 1U);
  clock_.advance(Seconds{60});
  maintenance_->wait_until_ended();
  EXPECT_EQ(visible(), 2U);
}

TEST_F(MaintenanceTest, GoesOnWithItsJobAfterARestart) {
  job_waits_ = true;
  must(maintenance_->enter(Seconds{60}, "nightly", job()));
  const auto run = *maintenance_->status().job;
  stop();
  start();
  EXPECT_EQ(maintenance_->status().phase, Phase::job);
  job_waits_ = false;
  EXPECT_EQ(must(jobs_->wait(run)).state, JobRun::State::done);
  while (maintenance_->status().phase == Phase::job) std::this_thread::yield();
  EXPECT_EQ(maintenance_->remaining(), Seconds{60});
  must(maintenance_->end());
  maintenance_->wait_until_ended();
}

TEST_F(MaintenanceTest, WhatIsPendingIsAppliedThoughTheModeWasNotWrittenDown) {
  must(store_->hold());
  take("2025-02-20T09:30+08:00", "11");
  stop();
  start();
  EXPECT_FALSE(maintenance_->active());
  EXPECT_EQ(visible(), 1U);
}

}  // namespace
}  // namespace meterhouse
