// Closed days and readings that come late: whatever the order in which readings come, when all are folded and the daily
// job has run, every closed day has the sums that it gets when it is summed up afresh.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/testing/simulated_disk.h"
#include "base/testing/temporary_directory.h"
#include "service/jobs/daily_job.h"
#include "store/contract/must.h"
#include "store/contract/random.h"
#include "store/embedded/embedded_store.h"
#include "store/sqlite/sqlite_catalog.h"
#include "usage/testing.h"

namespace meterhouse {
namespace {

using testing_support::instant;

constexpr std::uint32_t kMeters = 3;
constexpr int kDays = 14;

class LateDays : public testing::Test {
 protected:
  LateDays() {
    for (std::uint32_t i = 0; i < kMeters; ++i) {
      const Meter meter{id(i), "Central", i == 0 ? "Yishun" : "Bishan", "4-room", start_ + date::days{2 + 4 * i},
                        "",    {}};
      must(catalog_->register_meters(std::span{&meter, 1}));
    }
    EmbeddedOptions options{.directory = "data", .calendar = calendar_};
    options.threads = StoreThreads::none;
    options.head_budget_bytes = std::uint64_t{1} << 20;
    options.snap = site_.snap;
    options.on_fold = [this](const FoldedDays& days, std::uint64_t sequence) {
      return note_folded_days(*catalog_, days, sequence);
    };
    store_ = must(EmbeddedReadingStore::open(disk_, clock_, std::move(options)));
  }

  static MeterId id(std::uint32_t meter) { return MeterId::from_number(100'000'001 + meter); }
  date::local_days day(int number) const { return calendar_.day_of(start_) + date::days{number}; }

  // Every half-hour of [from, to], registers that only rise.
  std::vector<Reading> readings(std::uint32_t meter, Seconds from, Seconds to,
                                Channel channel = Channel::import_) const {
    std::vector<Reading> batch;
    for (Seconds at = from; at <= to; at += Seconds{1'800})
      batch.emplace_back(
          SeriesKey{id(meter), channel}, start_ + at,
          MilliWattHours{1'000'000'000 + at.count() * (meter + 1) * 1'000 + (at.count() / 1'800 % 48) * 1'000});
    return batch;
  }
  // A device that counts from 0 for a while.
  static std::vector<Reading> fallen(std::vector<Reading> batch) {
    for (Reading& reading : batch)
      reading = {reading.key(), reading.at(), MilliWattHours{reading.register_value().count() / 1'000}};
    return batch;
  }
  void take(std::vector<Reading> batch) { must(store_->append_and_wait(std::move(batch))); }

  DayCloseParts close_parts(Catalog& catalog, const UsageQueries& usage) {
    return {calendar_, clock_, catalog, *store_, usage};
  }
  void run_daily_job(int number) {
    const UsageQueries usage{site_, calendar_, clock_, *catalog_, *store_};
    const DailyJobParts parts{.days = close_parts(*catalog_, usage), .store = *store_};
    JobRunner::Options options;
    options.plans[kDailyJob] = [&](const JobRun& run) { return daily_job_steps(parts, *run.day); };
    options.threads = JobRunner::Options::Threads::none;
    JobRunner runner{*catalog_, clock_, std::move(options)};
    must(runner.start());
    const auto id = must(runner.submit(kDailyJob, day(number), "test"));
    runner.run_waiting();
    ASSERT_EQ(must(runner.run(id)).state, JobRun::State::done);
  }

  // Sums up every closed day once more and compares.
  void expect_sums_as_fresh() {
    const UsageQueries usage{site_, calendar_, clock_, *catalog_, *store_};
    for (const ClosedDay& closed : must(catalog_->closed_days(day(-1), day(kDays), 1'000))) {
      SCOPED_TRACE(date::format("%F", closed.day));
      const auto before = must(catalog_->day_totals(closed.day));
      const ClosedDay fresh = must(close_day(close_parts(*catalog_, usage), closed.day, [](double) { return true; }));
      EXPECT_EQ(closed.readings, fresh.readings);
      EXPECT_EQ(closed.missing, fresh.missing);
      EXPECT_EQ(before, must(catalog_->day_totals(closed.day)));
    }
  }

  const Instant start_ = instant("2025-02-01T00:00:00+08:00");
  TemporaryDirectory directory_;
  SimulatedDisk disk_;
  const Site site_;
  const SiteCalendar calendar_ = testing_support::calendar_of("Asia/Singapore");
  ManualClock clock_{start_ + date::days{kDays} + std::chrono::minutes{10}};
  std::unique_ptr<SqliteCatalog> catalog_ = must(SqliteCatalog::open(directory_.path() + "/catalog.sqlite", clock_));
  std::unique_ptr<EmbeddedReadingStore> store_;
};

TEST_F(LateDays, AGapOfThreeDaysThatIsDividedLater) {
  const auto hours = [](int count) { return std::chrono::hours{count}; };
  for (std::uint32_t meter = 0; meter < kMeters; ++meter) {
    take(readings(meter, hours(0), hours(2 * 24 + 12)));
    take(readings(meter, hours(6 * 24 + 12), hours(8 * 24)));
  }
  for (int number = 0; number < 8; ++number) run_daily_job(number);
  const auto spread = must(catalog_->day_totals(day(3)));
  take(readings(1, hours(4 * 24 + 6), hours(4 * 24 + 9)));  // of the middle day
  run_daily_job(8);
  EXPECT_NE(must(catalog_->day_totals(day(3))), spread);
  expect_sums_as_fresh();
}

TEST_F(LateDays, AGapThatEndsAfterItsDaysWereClosed) {
  take(readings(0, Seconds{0}, std::chrono::hours{36}));
  for (int number = 0; number < 5; ++number) run_daily_job(number);
  take(readings(0, std::chrono::hours{5 * 24 + 3}, std::chrono::hours{6 * 24}));
  run_daily_job(5);
  expect_sums_as_fresh();
}

// From the first reading of a channel on all the others are expected, also of the days that were closed without one.
TEST_F(LateDays, AChannelThatBeginsBeforeItsMeterWasRegistered) {
  for (int number = 0; number < 8; ++number) run_daily_job(number);
  EXPECT_EQ(must(catalog_->closed_day(day(5)))->missing, 48u);  // of the first meter; the others come later
  take(readings(2, std::chrono::hours{3 * 24}, std::chrono::hours{3 * 24 + 5}));
  run_daily_job(8);
  EXPECT_EQ(must(catalog_->closed_day(day(5)))->missing, 2 * 48u);
  expect_sums_as_fresh();
}

// Solar panels that come later: nothing was exported before, so nothing is missing.
TEST_F(LateDays, AnExportThatBeginsAfterItsMeterWasRegistered) {
  for (int number = 0; number < 8; ++number) run_daily_job(number);
  take(readings(0, std::chrono::hours{7 * 24}, std::chrono::hours{8 * 24}, Channel::export_));
  run_daily_job(8);
  EXPECT_EQ(must(catalog_->closed_day(day(6)))->missing, 2 * 48u);
  EXPECT_EQ(must(catalog_->closed_day(day(7)))->missing, 2 * 48u);
  expect_sums_as_fresh();
}

// While the register was low it counted as a new one; when it is back, the days between are others.
TEST_F(LateDays, ADipThatShowsWhenItsDaysAreClosed) {
  const auto hours = [](int count) { return std::chrono::hours{count}; };
  take(readings(0, hours(0), hours(36)));
  take(fallen(readings(0, hours(36) + Seconds{1'800}, hours(3 * 24 + 6))));
  for (int number = 0; number < 3; ++number) run_daily_job(number);
  const auto before = must(catalog_->day_totals(day(1)));
  take(readings(0, hours(3 * 24 + 7), hours(4 * 24)));
  run_daily_job(3);
  EXPECT_NE(must(catalog_->day_totals(day(1))), before);
  expect_sums_as_fresh();
}

TEST_F(LateDays, InAnyOrder) {
  Random random{test_seed()};
  for (int round = 0; round < 60; ++round) {
    SCOPED_TRACE(fmt::format("MH_TEST_SEED={}, round {}", test_seed(), round));
    const Seconds from = Seconds{60} * random.between(-24 * 60, kDays * 24 * 60 - 60);
    const Seconds long_for = Seconds{1'800} * random.between(0, random.one_in(3) ? 96 : 8);
    auto batch = readings(static_cast<std::uint32_t>(random.below(kMeters)), from,
                          std::min(from + long_for, Seconds{std::chrono::hours{kDays * 24}}),
                          random.one_in(4) ? Channel::export_ : Channel::import_);
    take(random.one_in(5) ? fallen(std::move(batch)) : std::move(batch));
    if (random.one_in(3)) must(store_->fold());
    if (random.one_in(4)) run_daily_job(static_cast<int>(random.below(kDays)));
    if (random.one_in(6)) {
      run_daily_job(kDays - 1);
      expect_sums_as_fresh();
    }
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace meterhouse
