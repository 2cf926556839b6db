#include "store/embedded/touched_days.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/contract/must.h"
#include "store/contract/random.h"

namespace meterhouse {
namespace {

using namespace date::literals;  // NOLINT(google-build-using-namespace): for the dates' own suffixes

date::local_days local(date::year_month_day day) { return date::local_days{day}; }

struct Case {
  const char* name;
  const char* zone;
  std::vector<std::int64_t> readings;  // seconds since 1970 UTC
  std::vector<date::year_month_day> days;
};

TEST(TouchedDays, AreTheDayAReadingLiesInAndTheOneItCloses) {
  const std::vector<Case> cases{
      {"none", "Asia/Singapore", {}, {}},
      {"noon", "Asia/Singapore", {1'740'024'000}, {2025_y / 2 / 20}},
      {"one second before midnight", "Asia/Singapore", {1'740'067'199}, {2025_y / 2 / 20}},
      {"midnight", "Asia/Singapore", {1'740'067'200}, {2025_y / 2 / 20, 2025_y / 2 / 21}},
      {"one second after midnight", "Asia/Singapore", {1'740'067'201}, {2025_y / 2 / 21}},
      {"midnight of a new year, twice", "UTC", {1'735'689'600, 1'735'689'600}, {2024_y / 12 / 31, 2025_y / 1 / 1}},
      {"back and forth", "UTC", {1'740'024'000, 1'640'000'000, 1'740'024'001}, {2021_y / 12 / 20, 2025_y / 2 / 20}},
      {"a day of 23 hours ends an hour early", "Europe/London", {1'743'375'600}, {2025_y / 3 / 30, 2025_y / 3 / 31}},
      {"the first instant", "UTC", {0}, {1969_y / 12 / 31, 1970_y / 1 / 1}},
      {"no midnight that day", "America/Sao_Paulo", {1'508'036'400}, {2017_y / 10 / 14, 2017_y / 10 / 15}},
      {"no midnight that day, a second later", "America/Sao_Paulo", {1'508'036'401}, {2017_y / 10 / 15}},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const SiteCalendar calendar = must(SiteCalendar::of(c.zone));
    TouchedDays touched{calendar};
    for (const std::int64_t at : c.readings) touched.add(instant_from_epoch(at));
    std::vector<date::local_days> expected;
    for (const auto& day : c.days) expected.push_back(local(day));
    EXPECT_EQ(touched.days().touched, expected);
  }
}

// Whatever the order: a day is touched where a reading stands in it or at either end.
TEST(TouchedDays, InAnyOrderTheSame) {
  SCOPED_TRACE(fmt::format("MH_TEST_SEED={}", test_seed()));
  Random random{test_seed()};
  for (const char* zone : {"Asia/Singapore", "Europe/London", "Australia/Lord_Howe", "America/Sao_Paulo"}) {
    SCOPED_TRACE(zone);
    const SiteCalendar calendar = must(SiteCalendar::of(zone));
    std::set<date::local_days> expected;
    TouchedDays touched{calendar};
    for (int i = 0; i < 500; ++i) {
      const Instant at = instant_from_epoch(1'480'000'000 + 1'800 * random.between(0, 48 * 800));
      touched.add(at);
      for (auto day = calendar.day_of(at) - date::days{2}; day <= calendar.day_of(at) + date::days{2};
           day += date::days{1}) {
        const TimeRange range = calendar.day(day);
        if (range.from <= at && at <= range.to) expected.insert(day);
      }
    }
    EXPECT_EQ(touched.days().touched, std::vector<date::local_days>(expected.begin(), expected.end()));
  }
}

TEST(TouchedDays, OneNearMidnightStandsOnIt) {
  const SiteCalendar calendar = must(SiteCalendar::of("Asia/Singapore"));
  const auto days = [&](std::int64_t seconds_from_midnight) {
    TouchedDays touched{calendar, Seconds{120}};
    touched.add(instant_from_epoch(1'740'067'200 + seconds_from_midnight));
    return touched.days().touched.size();
  };
  EXPECT_EQ(days(-121), 1U);
  EXPECT_EQ(days(-120), 2U);
  EXPECT_EQ(days(120), 2U);
  EXPECT_EQ(days(121), 1U);
}

}  // namespace
}  // namespace meterhouse
