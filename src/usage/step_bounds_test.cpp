#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/property_test.h"
#include "usage/testing.h"

namespace meterhouse {
namespace {

using testing_support::calendar_of;
using testing_support::instant;

TEST(Step, NamesAreReadAndPrinted) {
  for (const Step step : {Step::interval, Step::half_hour, Step::hour, Step::day, Step::week, Step::month, Step::year})
    EXPECT_EQ(*parse_step(to_string(step)), step);
  for (const char* text : {"", "days", "Day", "30m", "1h"}) {
    const auto step = parse_step(text);
    ASSERT_FALSE(step.has_value()) << text;
    EXPECT_EQ(step.error().code, Errc::invalid_argument);
  }
}

struct BoundsCase {
  const char* name;
  const char* zone;
  Step step;
  const char* from;
  const char* to;
  std::vector<std::string> bounds;  // on the site's clock
};

void expect_bounds(const BoundsCase& c) {
  SCOPED_TRACE(c.name);
  const SiteCalendar calendar = calendar_of(c.zone);
  const auto bounds = step_bounds({instant(c.from), instant(c.to)}, c.step, calendar, 100);
  ASSERT_TRUE(bounds.has_value());
  std::vector<std::string> printed;
  for (const Instant bound : *bounds) printed.push_back(calendar.format(bound));
  EXPECT_THAT(printed, testing::ElementsAreArray(c.bounds));
}

const BoundsCase kCalendarCases[] = {
    {"days, cut at both ends",
     "Asia/Singapore",
     Step::day,
     "2025-02-20T10:15:00+08:00",
     "2025-02-22T00:00:01+08:00",
     {"2025-02-20T10:15:00+08:00", "2025-02-21T00:00:00+08:00", "2025-02-22T00:00:00+08:00",
      "2025-02-22T00:00:01+08:00"}},
    {"one whole day",
     "Asia/Singapore",
     Step::day,
     "2025-02-20T00:00:00+08:00",
     "2025-02-21T00:00:00+08:00",
     {"2025-02-20T00:00:00+08:00", "2025-02-21T00:00:00+08:00"}},
    {"within a day",
     "Asia/Singapore",
     Step::day,
     "2025-02-20T10:00:00+08:00",
     "2025-02-20T11:00:00+08:00",
     {"2025-02-20T10:00:00+08:00", "2025-02-20T11:00:00+08:00"}},
    {"a day of 23 hours",
     "Europe/London",
     Step::day,
     "2024-03-30T00:00:00+00:00",
     "2024-04-01T00:00:00+01:00",
     {"2024-03-30T00:00:00+00:00", "2024-03-31T00:00:00+00:00", "2024-04-01T00:00:00+01:00"}},
    {"no midnight",
     "America/Sao_Paulo",
     Step::day,
     "2018-11-03T00:00:00-03:00",
     "2018-11-05T00:00:00-02:00",
     {"2018-11-03T00:00:00-03:00", "2018-11-04T01:00:00-02:00", "2018-11-05T00:00:00-02:00"}},
    {"a day that is missing",
     "Pacific/Apia",
     Step::day,
     "2011-12-29T00:00:00-10:00",
     "2012-01-01T00:00:00+14:00",
     {"2011-12-29T00:00:00-10:00", "2011-12-31T00:00:00+14:00", "2012-01-01T00:00:00+14:00"}},
    {"weeks begin on Monday",
     "Asia/Singapore",
     Step::week,
     "2025-02-19T00:00:00+08:00",
     "2025-03-03T00:00:00+08:00",
     {"2025-02-19T00:00:00+08:00", "2025-02-24T00:00:00+08:00", "2025-03-03T00:00:00+08:00"}},
    {"months over the clock change",
     "Europe/London",
     Step::month,
     "2024-02-10T00:00:00+00:00",
     "2024-05-01T00:00:00+01:00",
     {"2024-02-10T00:00:00+00:00", "2024-03-01T00:00:00+00:00", "2024-04-01T00:00:00+01:00",
      "2024-05-01T00:00:00+01:00"}},
    {"years",
     "Asia/Singapore",
     Step::year,
     "2023-06-01T00:00:00+08:00",
     "2025-01-01T00:00:00+08:00",
     {"2023-06-01T00:00:00+08:00", "2024-01-01T00:00:00+08:00", "2025-01-01T00:00:00+08:00"}},
};

const BoundsCase kClockCases[] = {
    {"hours of a clock half an hour off",
     "Asia/Kolkata",
     Step::hour,
     "2025-02-20T10:00:00+05:30",
     "2025-02-20T12:00:00+05:30",
     {"2025-02-20T10:00:00+05:30", "2025-02-20T11:00:00+05:30", "2025-02-20T12:00:00+05:30"}},
    {"hours, forward by half of one",
     "Australia/Lord_Howe",
     Step::hour,
     "2024-10-06T01:00:00+10:30",
     "2024-10-06T04:00:00+11:00",
     {"2024-10-06T01:00:00+10:30", "2024-10-06T02:30:00+11:00", "2024-10-06T03:00:00+11:00",
      "2024-10-06T04:00:00+11:00"}},
    {"hours, back by half of one",
     "Australia/Lord_Howe",
     Step::hour,
     "2024-04-07T01:00:00+11:00",
     "2024-04-07T03:00:00+10:30",
     {"2024-04-07T01:00:00+11:00", "2024-04-07T01:30:00+10:30", "2024-04-07T02:00:00+10:30",
      "2024-04-07T03:00:00+10:30"}},
    {"the hour that comes twice",
     "Europe/London",
     Step::hour,
     "2024-10-27T01:00:00+01:00",
     "2024-10-27T02:00:00+00:00",
     {"2024-10-27T01:00:00+01:00", "2024-10-27T01:00:00+00:00", "2024-10-27T02:00:00+00:00"}},
    {"half-hours",
     "Asia/Singapore",
     Step::half_hour,
     "2025-02-20T10:10:00+08:00",
     "2025-02-20T11:00:00+08:00",
     {"2025-02-20T10:10:00+08:00", "2025-02-20T10:30:00+08:00", "2025-02-20T11:00:00+08:00"}},
};

TEST(StepBounds, FollowTheSitesCalendar) {
  for (const BoundsCase& c : kCalendarCases) expect_bounds(c);
}

TEST(StepBounds, FollowTheSitesClock) {
  for (const BoundsCase& c : kClockCases) expect_bounds(c);
}

TEST(StepBounds, AtMostAsManyAsAllowed) {
  const SiteCalendar calendar = calendar_of("Asia/Singapore");
  const TimeRange ten_hours{instant("2025-02-20T00:00Z"), instant("2025-02-20T10:00Z")};
  EXPECT_EQ(step_bounds(ten_hours, Step::hour, calendar, 10)->size(), 11U);
  const auto refused = step_bounds(ten_hours, Step::hour, calendar, 9);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::out_of_range);
}

RC_GTEST_PROP(StepBoundsProperty, AscendFromEndToEndAndSplitAnywhere, ()) {
  static const std::vector<SiteCalendar> calendars{calendar_of("Europe/London"), calendar_of("Australia/Lord_Howe"),
                                                   calendar_of("America/Sao_Paulo"), calendar_of("America/St_Johns")};
  const SiteCalendar& calendar = calendars[*rc::gen::inRange<std::size_t>(0, calendars.size())];
  const auto step = *rc::gen::element(Step::half_hour, Step::hour, Step::day, Step::week, Step::month, Step::year);
  const auto from = *rc::gen::inRange<std::int64_t>(0, 1'800'000'000);
  const auto length = *rc::gen::inRange<std::int64_t>(2, 40 * 86400);
  const TimeRange range{instant_from_epoch(from), instant_from_epoch(from + length)};
  const auto bounds = *step_bounds(range, step, calendar, 100'000);
  RC_ASSERT(bounds.front() == range.from);
  RC_ASSERT(bounds.back() == range.to);
  RC_ASSERT(std::ranges::adjacent_find(bounds, std::greater_equal{}) == bounds.end());
  // Asked from one of its own bounds on, it finds the same ones after it.
  const auto cut = *rc::gen::inRange<std::size_t>(0, bounds.size() - 1);
  const auto rest = *step_bounds({bounds[cut], range.to}, step, calendar, 100'000);
  RC_ASSERT(std::vector<Instant>(bounds.begin() + static_cast<std::ptrdiff_t>(cut), bounds.end()) == rest);
}

}  // namespace
}  // namespace meterhouse
