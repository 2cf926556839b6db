#include "service/jobs/daily_job.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/testing/temporary_directory.h"
#include "service/jobs/retention.h"
#include "store/contract/must.h"
#include "store/memory/memory_readings.h"
#include "store/sqlite/sqlite_catalog.h"
#include "usage/testing.h"

namespace meterhouse {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing_support::instant;
using testing_support::kwh;

date::local_days day(int year, unsigned month, unsigned of_month) {
  return date::local_days{date::year{year} / date::month{month} / date::day{of_month}};
}

TEST(DailyRunsDue, AreTheDaysUpToYesterdayOnceTheHourIsPast) {
  constexpr Seconds kAt = std::chrono::minutes{10};
  struct Case {
    const char* name;
    const char* zone;
    const char* now;
    date::local_days newest;
    std::vector<date::local_days> due;
  };
  for (const Case& c : {
           Case{"before the hour", "Asia/Singapore", "2025-02-21T00:09:59+08:00", day(2025, 2, 19), {}},
           Case{"at the hour", "Asia/Singapore", "2025-02-21T00:10:00+08:00", day(2025, 2, 19), {day(2025, 2, 20)}},
           Case{"done already", "Asia/Singapore", "2025-02-21T12:00:00+08:00", day(2025, 2, 20), {}},
           Case{"three days off",
                "Asia/Singapore",
                "2025-02-21T12:00:00+08:00",
                day(2025, 2, 17),
                {day(2025, 2, 18), day(2025, 2, 19), day(2025, 2, 20)}},
           Case{"the clocks go back in the night",
                "Europe/London",
                "2024-10-27T12:00:00Z",
                day(2024, 10, 25),
                {day(2024, 10, 26)}},
           Case{"the day of 25 hours", "Europe/London", "2024-10-28T00:10:00Z", day(2024, 10, 26), {day(2024, 10, 27)}},
           Case{"no midnight", "America/Santiago", "2024-09-08T04:10:00Z", day(2024, 9, 6), {day(2024, 9, 7)}},
           Case{"before the first hour of a day without midnight",
                "America/Santiago",
                "2024-09-08T04:09:00Z",
                day(2024, 9, 6),
                {}},
           Case{"the clock was set back", "Asia/Singapore", "2025-02-21T12:00:00+08:00", day(2025, 3, 1), {}},
       }) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(daily_runs_due(testing_support::calendar_of(c.zone), instant(c.now), kAt, c.newest), c.due);
  }
}

class DailyJobTest : public testing::Test {
 protected:
  DailyJobTest() {
    for (std::uint32_t i = 0; i < 3; ++i) register_meter(100'000'001 + i, i == 2 ? "Yishun" : "Bishan");
  }
  void register_meter(std::uint32_t number, const char* area) {
    const Meter meter{MeterId::from_number(number),      "Central", area, "4-room",
                      instant("2025-02-01T00:00+08:00"), "",        {}};
    must(catalog_->register_meters(std::span{&meter, 1}));
  }
  // Half-hours of a whole local day, each `each` kWh, with the readings at both ends.
  void fill_day(std::uint32_t number, std::string_view midnight, std::string_view each) {
    std::vector<Reading> batch;
    MilliWattHours value = kwh("100");
    for (int i = 0; i <= 48; ++i, value += kwh(each))
      batch.emplace_back(SeriesKey{MeterId::from_number(number), Channel::import_},
                         instant(midnight) + Seconds{1800 * i}, value);
    must(store_.append_and_wait(std::move(batch)));
  }
  DailyJobParts parts() { return {.days = {calendar_, clock_, *catalog_, store_, usage_}, .store = store_}; }
  // Of daily jobs, run by run_waiting(). parts  outlives it
  std::unique_ptr<JobRunner> runner_of(const DailyJobParts& parts) {
    JobRunner::Options options;
    options.plans[kDailyJob] = [&parts](const JobRun& run) { return daily_job_steps(parts, *run.day); };
    options.threads = JobRunner::Options::Threads::none;
    options.on_change = [this](const JobRun& run, const JobStep* step) {
      if (step == nullptr && run.ended) ended_.push_back(*run.day);
    };
    auto runner = std::make_unique<JobRunner>(*catalog_, clock_, std::move(options));
    must(runner->start());
    return runner;
  }
  JobRun run(const DailyJobParts& parts, date::local_days of) {
    const auto runner = runner_of(parts);
    const auto id = must(runner->submit(kDailyJob, of, "test"));
    runner->run_waiting();
    return must(runner->run(id));
  }
  std::vector<std::string> totals(date::local_days of) {
    std::vector<std::string> lines;
    for (const DayTotal& total : must(catalog_->day_totals(of)))
      lines.push_back(fmt::format("{} {} {}: {} of {} meters, {} of {} found, {} estimated", total.area,
                                  total.dwelling_type, to_string(total.channel), format_kwh(total.energy), total.meters,
                                  total.found, total.expected, total.estimated));
    return lines;
  }

  TemporaryDirectory directory_;
  const Site site_;
  const SiteCalendar calendar_ = testing_support::calendar_of("Asia/Singapore");
  ManualClock clock_{instant("2025-02-21T00:10:00+08:00")};
  std::unique_ptr<SqliteCatalog> catalog_ = must(SqliteCatalog::open(directory_.path() + "/catalog.sqlite", clock_));
  MemoryReadingStore store_{clock_};
  const UsageQueries usage_{site_, calendar_, clock_, *catalog_, store_};
  std::vector<date::local_days> ended_;  // the days of the runs that ended
};

TEST_F(DailyJobTest, ClosesTheDay) {
  fill_day(100'000'001, "2025-02-20T00:00+08:00", "0.25");
  fill_day(100'000'002, "2025-02-20T00:00+08:00", "0.5");
  must(store_.append_and_wait(
      {Reading{{MeterId::from_number(100'000'003), Channel::export_}, instant("2025-02-20T12:00+08:00"), kwh("7")}}));
  const JobRun done = run(parts(), day(2025, 2, 20));
  EXPECT_EQ(done.state, JobRun::State::done);
  EXPECT_EQ(done.steps[1].name, "close_day");
  EXPECT_EQ(done.steps[1].outcome, "2025-02-20: 97 readings, 72 missing");
  const auto closed = must(catalog_->closed_day(day(2025, 2, 20)));
  ASSERT_TRUE(closed.has_value());
  EXPECT_EQ(closed->readings, 97U);
  EXPECT_EQ(closed->missing, 72U);
  EXPECT_THAT(totals(day(2025, 2, 20)), ElementsAre("Bishan 4-room import: 36 of 2 meters, 96 of 96 found, 0 estimated",
                                                    "Yishun 4-room import: 0 of 0 meters, 0 of 48 found, 0 estimated",
                                                    "Yishun 4-room export: 0 of 0 meters, 0 of 24 found, 0 estimated"));
}

TEST_F(DailyJobTest, SumsUpAgainTheDaysWithLateReadings) {
  fill_day(100'000'001, "2025-02-18T00:00+08:00", "0.25");
  run(parts(), day(2025, 2, 18));
  fill_day(100'000'002, "2025-02-18T00:00+08:00", "0.5");
  const std::vector<date::local_days> touched{day(2025, 2, 18), day(2025, 2, 20), day(2025, 2, 21)};
  must(catalog_->touch_days(touched, store_.stats().sequence));
  const JobRun done = run(parts(), day(2025, 2, 20));
  EXPECT_THAT(done.steps[2].outcome, HasSubstr("1 day with late readings"));
  EXPECT_THAT(totals(day(2025, 2, 18)), ElementsAre("Bishan 4-room import: 36 of 2 meters, 96 of 96 found, 0 estimated",
                                                    "Yishun 4-room import: 0 of 0 meters, 0 of 48 found, 0 estimated"));
  const auto left = must(catalog_->touched_days(DayCatalog::kFirstDay, day(2030, 1, 1), 10));
  ASSERT_EQ(left.size(), 1U);  // today is not over
  EXPECT_EQ(left.front().day, day(2025, 2, 21));
}

TEST_F(DailyJobTest, DropsWholeMonthsAndKeepsTheirSums) {
  fill_day(100'000'001, "2024-12-20T00:00+08:00", "0.25");
  fill_day(100'000'001, "2025-02-20T00:00+08:00", "1");
  run(parts(), day(2024, 12, 20));
  const auto before = totals(day(2024, 12, 20));
  auto keeping = parts();
  keeping.retention = date::days{30};
  EXPECT_EQ(run(keeping, day(2025, 2, 20)).state, JobRun::State::done);
  EXPECT_EQ(must(store_.latest({MeterId::from_number(100'000'001), Channel::import_}, 100)).size(), 49U + 1U);
  // A reading that comes for the dropped month changes nothing any more.
  const std::vector<date::local_days> late{day(2024, 12, 20)};
  must(catalog_->touch_days(late, store_.stats().sequence));
  run(keeping, day(2025, 2, 20));
  EXPECT_EQ(totals(day(2024, 12, 20)), before);
  EXPECT_TRUE(must(is_dropped(*catalog_, calendar_, day(2024, 12, 31))));
  EXPECT_FALSE(must(is_dropped(*catalog_, calendar_, day(2025, 1, 1))));
  EXPECT_THAT(must(catalog_->touched_days(DayCatalog::kFirstDay, day(2030, 1, 1), 10)), IsEmpty());
}

// More of them than a page of the catalog has.
TEST_F(DailyJobTest, LateDaysBehindManyThatAreNotKeptAreSummedUp) {
  std::vector<date::local_days> touched;
  for (auto old = day(2020, 1, 1); touched.size() < DayCatalog::kMaxDaysPerPage + 200; old += date::days{1})
    touched.push_back(old);
  touched.push_back(day(2025, 2, 18));
  must(catalog_->touch_days(touched, 0));
  auto keeping = parts();
  keeping.retention = date::days{30};
  EXPECT_EQ(run(keeping, day(2025, 2, 20)).steps[2].outcome, "1 day with late readings summed up again");
  EXPECT_THAT(must(catalog_->touched_days(DayCatalog::kFirstDay, day(2030, 1, 1), 10)), IsEmpty());
}

// Ten minutes go by whenever anybody asks.
class HastyClock final : public Clock {
 public:
  explicit HastyClock(Instant now) : now_(now) {}
  Instant now() const override { return now_; }
  std::chrono::nanoseconds stopwatch() const override { return std::chrono::minutes{10} * ++asked_; }

 private:
  Instant now_;
  mutable int asked_ = 0;
};

TEST_F(DailyJobTest, LateDaysThatTakeTooLongWaitForTheNextRun) {
  const std::vector<date::local_days> late{day(2025, 2, 1), day(2025, 2, 2), day(2025, 2, 3), day(2025, 2, 4),
                                           day(2025, 2, 5)};
  must(catalog_->touch_days(late, 0));
  const HastyClock hasty{clock_.now()};
  const DailyJobParts slow{.days = {calendar_, hasty, *catalog_, store_, usage_}, .store = store_};
  EXPECT_EQ(run(slow, day(2025, 2, 20)).steps[2].outcome,
            "3 days with late readings summed up again, 2 are left for the next run");
  EXPECT_EQ(run(slow, day(2025, 2, 20)).steps[2].outcome, "2 days with late readings summed up again");
}

TEST_F(DailyJobTest, AbsurdRegistersDoNotKeepTheDayOfTheOthersOpen) {
  const Instant midnight = instant("2025-02-20T00:00:00+08:00");
  std::vector<Reading> readings;
  const auto take = [&](std::uint32_t number, Instant at, MilliWattHours value) {
    readings.emplace_back(SeriesKey{MeterId::from_number(number), Channel::import_}, at, value);
  };
  constexpr std::uint32_t kTooMany = 1'100;
  static_assert(std::numeric_limits<std::int64_t>::max() / kMaxRegister.count() < kTooMany);
  for (std::uint32_t number = 200'000'000; number < 200'000'000 + kTooMany;
       ++number) {  // each fits, their sum does not
    register_meter(number, "Bedok");
    take(number, midnight, {});
    take(number, midnight + std::chrono::hours{24}, kMaxRegister);
  }
  for (int i = 0; i < 2 * static_cast<int>(kTooMany); ++i)  // does not fit by itself: never as high again, so no dips
    take(100'000'003, midnight + Seconds{30} * i, i % 2 == 0 ? kMaxRegister - MilliWattHours{i} : MilliWattHours{});
  must(store_.append_and_wait(std::move(readings)));
  register_meter(100'000'004, "Yishun");
  fill_day(100'000'004, "2025-02-20T00:00:00+08:00", "0.5");
  EXPECT_EQ(run(parts(), day(2025, 2, 20)).state, JobRun::State::done);
  const auto sums = must(catalog_->day_totals(day(2025, 2, 20)));
  ASSERT_EQ(sums.size(), 3U);
  EXPECT_EQ(sums[0].area, "Bedok");
  EXPECT_EQ(sums[0].meters,
            static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max() / kMaxRegister.count()));
  EXPECT_EQ(sums[2].area, "Yishun");
  EXPECT_EQ(format_kwh(sums[2].energy), "24");
  EXPECT_EQ(sums[2].meters, 1U);
}

TEST_F(DailyJobTest, NotesWhenReadingsWereLetGoOf) {
  fill_day(100'000'001, "2024-12-20T00:00+08:00", "0.25");
  fill_day(100'000'001, "2025-02-20T00:00+08:00", "1");
  auto keeping = parts();
  keeping.retention = date::days{30};
  EXPECT_EQ(run(keeping, day(2025, 2, 20)).steps[3].outcome, "48 readings of months before 2025-01-21 dropped");
  EXPECT_EQ(must(months_dropped(*catalog_)), clock_.now());
  const Instant then = clock_.now();
  clock_.advance(date::days{1});
  run(keeping, day(2025, 2, 21));
  EXPECT_EQ(must(months_dropped(*catalog_)), then);  // nothing more went
}

// 2025-02-20 was a Thursday.
TEST_F(DailyJobTest, DrillsOnceAWeek) {
  auto drilling = parts();
  int drills = 0;
  drilling.drill = [&](StepContext&) -> Result<std::string> { return fmt::format("drill {}", ++drills); };
  drilling.drill_on = date::Thursday;
  const auto step_of = [&](date::local_days of) { return run(drilling, of).steps.back(); };
  EXPECT_EQ(step_of(day(2025, 2, 20)).outcome, "drill 1");
  const JobStep other = step_of(day(2025, 2, 19));
  EXPECT_EQ(other.name, "drill");
  EXPECT_EQ(other.state, JobStep::State::skipped);
  EXPECT_EQ(other.outcome, "once a week, in the run of thursday");
  EXPECT_EQ(drills, 1);
  drilling.backup = [](StepContext&) -> Result<std::string> { return std::string{"made"}; };
  drilling.verify_backup = [](StepContext&) -> Result<std::string> { return Error{Errc::corruption, "damaged"}; };
  EXPECT_EQ(step_of(day(2025, 2, 20)).outcome, "verify_backup did not succeed");
}

TEST_F(DailyJobTest, TheScheduleCatchesUpInOrderAndRemembers) {
  const auto whole = parts();
  const auto runner = runner_of(whole);
  const auto tick = [&] {
    DailySchedule schedule{calendar_, clock_, *catalog_, std::chrono::minutes{10}};  // as after a restart
    must(schedule.submit_due(*runner));
    runner->run_waiting();
  };
  tick();
  EXPECT_THAT(ended_, IsEmpty());  // a new installation: nothing was missed
  clock_.set(instant("2025-02-22T00:09:00+08:00"));
  tick();
  EXPECT_THAT(ended_, IsEmpty());
  clock_.set(instant("2025-02-22T00:10:00+08:00"));
  tick();
  tick();
  EXPECT_THAT(ended_, ElementsAre(day(2025, 2, 21)));
  clock_.set(instant("2025-02-25T18:00:00+08:00"));
  tick();
  EXPECT_THAT(ended_, ElementsAre(day(2025, 2, 21), day(2025, 2, 22), day(2025, 2, 23), day(2025, 2, 24)));
}

// Off for three weeks: one backup, not twenty-one that are all the same.
TEST_F(DailyJobTest, OfTheRunsThatAreCaughtUpTheNewestBacksUp) {
  auto backing_up = parts();
  std::vector<std::string> done;
  const auto step = [&](const char* name) {
    return [&done, name](StepContext&) -> Result<std::string> { return done.emplace_back(name); };
  };
  backing_up.backup = step("backup");
  backing_up.verify_backup = step("verify");
  backing_up.drill = step("drill");
  backing_up.drill_on = date::Thursday;
  backing_up.at = std::chrono::minutes{10};
  const auto runner = runner_of(backing_up);
  DailySchedule schedule{calendar_, clock_, *catalog_, backing_up.at};
  must(schedule.submit_due(*runner));  // a new installation
  clock_.set(instant("2025-03-14T00:09:00+08:00"));
  must(schedule.submit_due(*runner));
  runner->run_waiting();
  EXPECT_EQ(ended_.size(), 20U);
  EXPECT_THAT(done, ElementsAre("backup", "verify"));  // of Wednesday 2025-03-12
  const auto runs = must(catalog_->job_runs({}, std::nullopt, 20)).runs;
  const auto& steps = runs.back().steps;  // of 2025-02-21
  EXPECT_EQ(steps[4].name, "backup");
  EXPECT_EQ(steps[4].state, JobStep::State::skipped);
  EXPECT_EQ(steps[4].outcome, "left to the run of 2025-03-12");
  EXPECT_EQ(steps[5].outcome, "left to the run of 2025-03-12");
  EXPECT_EQ(runs.back().state, JobRun::State::done);
  clock_.set(instant("2025-03-14T00:10:00+08:00"));
  must(schedule.submit_due(*runner));
  runner->run_waiting();
  EXPECT_THAT(done, ElementsAre("backup", "verify", "backup", "verify", "drill"));
}

TEST_F(DailyJobTest, TheScheduleGoesOnAfterTheClockWasAhead) {
  const auto whole = parts();
  const auto runner = runner_of(whole);
  DailySchedule schedule{calendar_, clock_, *catalog_, std::chrono::minutes{10}};
  const auto tick_at = [&](const char* now) {
    ended_.clear();
    clock_.set(instant(now));
    must(schedule.submit_due(*runner));
    runner->run_waiting();
    return ended_;
  };
  EXPECT_THAT(tick_at("2025-02-21T00:10:00+08:00"), IsEmpty());  // a new installation
  EXPECT_THAT(tick_at("2025-02-22T00:10:00+08:00"), ElementsAre(day(2025, 2, 21)));
  EXPECT_THAT(tick_at("2025-02-21T23:59:59+08:00"), IsEmpty());  // a second back, over midnight: not once more
  EXPECT_THAT(tick_at("2025-02-22T00:10:01+08:00"), IsEmpty());
  EXPECT_EQ(tick_at("2025-03-10T12:00:00+08:00").size(), 16U);
  EXPECT_THAT(tick_at("2025-02-22T12:00:00+08:00"), IsEmpty());
  EXPECT_THAT(tick_at("2025-02-23T00:10:00+08:00"), ElementsAre(day(2025, 2, 22)));
}

}  // namespace
}  // namespace meterhouse
