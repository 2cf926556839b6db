#include "base/site_calendar.h"

#include <gtest/gtest.h>

#include "base/property_test.h"

namespace meterhouse {
namespace {

using namespace date::literals;

SiteCalendar calendar_of(std::string_view zone) {
  auto calendar = SiteCalendar::of(zone);
  EXPECT_TRUE(calendar.has_value()) << zone;
  return std::move(calendar).value();
}

Instant utc(std::string_view text) {
  const auto time = parse_iso8601(text);
  return instant_from_epoch(time->local.time_since_epoch().count() - time->offset.value_or(Seconds{0}).count());
}

TEST(SiteCalendar, UnknownZoneIsNotFound) {
  for (const char* zone : {"", "Europe/Atlantis", "../../etc/passwd"}) {
    const auto calendar = SiteCalendar::of(zone);
    ASSERT_FALSE(calendar.has_value()) << zone;
    EXPECT_EQ(calendar.error().code, Errc::not_found);
  }
}

TEST(SiteCalendar, DaysFollowTheClocks) {
  struct Case {
    const char* name;
    const char* zone;
    date::year_month_day day;
    double hours;
    const char* start;  // UTC
  };
  for (const Case& c : {
           Case{"Singapore, ordinary", "Asia/Singapore", 2025_y / 2 / 20, 24, "2025-02-19T16:00:00Z"},
           Case{"Singapore, half an hour lost", "Asia/Singapore", 1981_y / 12 / 31, 23.5, "1981-12-30T16:30:00Z"},
           Case{"London, winter", "Europe/London", 2024_y / 1 / 15, 24, "2024-01-15T00:00:00Z"},
           Case{"London, summer", "Europe/London", 2024_y / 6 / 1, 24, "2024-05-31T23:00:00Z"},
           Case{"London, clocks forward", "Europe/London", 2024_y / 3 / 31, 23, "2024-03-31T00:00:00Z"},
           Case{"London, clocks back", "Europe/London", 2024_y / 10 / 27, 25, "2024-10-26T23:00:00Z"},
           Case{"Lord Howe, forward", "Australia/Lord_Howe", 2024_y / 10 / 6, 23.5, "2024-10-05T13:30:00Z"},
           Case{"Lord Howe, back", "Australia/Lord_Howe", 2024_y / 4 / 7, 24.5, "2024-04-06T13:00:00Z"},
           Case{"London, after the system's tables", "Europe/London", 2050_y / 3 / 27, 23, "2050-03-27T00:00:00Z"},
           Case{"London, the year 2100 without a leap day", "Europe/London", 2100_y / 10 / 31, 25,
                "2100-10-30T23:00:00Z"},
           Case{"no midnight in Sao Paulo", "America/Sao_Paulo", 2018_y / 11 / 4, 23, "2018-11-04T03:00:00Z"},
           Case{"Sao Paulo, the day before", "America/Sao_Paulo", 2018_y / 11 / 3, 24, "2018-11-03T03:00:00Z"},
           Case{"Sao Paulo, back to 23:00", "America/Sao_Paulo", 2018_y / 2 / 17, 25, "2018-02-17T02:00:00Z"},
           Case{"two midnights in Havana", "America/Havana", 2024_y / 11 / 3, 25, "2024-11-03T04:00:00Z"},
           Case{"no 30 December 2011 in Apia", "Pacific/Apia", 2011_y / 12 / 30, 0, "2011-12-30T10:00:00Z"},
       }) {
    SCOPED_TRACE(c.name);
    const SiteCalendar calendar = calendar_of(c.zone);
    const date::local_days day{c.day};
    const TimeRange range = calendar.day(day);
    EXPECT_EQ(range.length(), Seconds{static_cast<int>(c.hours * 3600)});
    EXPECT_EQ(range.from, utc(c.start));
    EXPECT_EQ(calendar.start_of_day(day + date::days{1}), range.to);
    if (!range.empty()) {
      EXPECT_EQ(calendar.day_of(range.from), day);
      EXPECT_EQ(calendar.day_of(range.to - Seconds{1}), day);
      EXPECT_NE(calendar.day_of(range.from - Seconds{1}), day);
    }
  }
}

TEST(SiteCalendar, LocalTimesAreOneTwoOrNoInstants) {
  struct Case {
    const char* name;
    const char* zone;
    const char* local;
    std::vector<const char*> instants;
  };
  for (const Case& c : {
           Case{"ordinary", "Asia/Singapore", "2025-02-20T10:30:00", {"2025-02-20T02:30:00Z"}},
           Case{"before the zone's tables", "Asia/Singapore", "1900-01-01T00:00:00", {"1899-12-31T16:30:00Z"}},
           Case{"London summer", "Europe/London", "2024-07-01T00:00:00", {"2024-06-30T23:00:00Z"}},
           Case{"last second before the gap", "Europe/London", "2024-03-31T00:59:59", {"2024-03-31T00:59:59Z"}},
           Case{"first of the gap", "Europe/London", "2024-03-31T01:00:00", {}},
           Case{"last of the gap", "Europe/London", "2024-03-31T01:59:59", {}},
           Case{"after the gap", "Europe/London", "2024-03-31T02:00:00", {"2024-03-31T01:00:00Z"}},
           Case{"before the overlap", "Europe/London", "2024-10-27T00:59:59", {"2024-10-26T23:59:59Z"}},
           Case{"first of the overlap",
                "Europe/London",
                "2024-10-27T01:00:00",
                {"2024-10-27T00:00:00Z", "2024-10-27T01:00:00Z"}},
           Case{"last of the overlap",
                "Europe/London",
                "2024-10-27T01:59:59",
                {"2024-10-27T00:59:59Z", "2024-10-27T01:59:59Z"}},
           Case{"after the overlap", "Europe/London", "2024-10-27T02:00:00", {"2024-10-27T02:00:00Z"}},
           Case{"half an hour twice",
                "Australia/Lord_Howe",
                "2024-04-07T01:45:00",
                {"2024-04-06T14:45:00Z", "2024-04-06T15:15:00Z"}},
           Case{"no midnight", "America/Sao_Paulo", "2018-11-04T00:00:00", {}},
           Case{"a whole day missing", "Pacific/Apia", "2011-12-30T12:00:00", {}},
       }) {
    SCOPED_TRACE(c.name);
    const SiteCalendar calendar = calendar_of(c.zone);
    const auto written = *parse_iso8601(c.local);
    const auto candidates = calendar.instants_of(written.local);
    const auto resolved = calendar.resolve(written);
    ASSERT_EQ(candidates.has_value(), !c.instants.empty());
    ASSERT_EQ(resolved.has_value(), !c.instants.empty());
    if (c.instants.empty()) {
      EXPECT_EQ(resolved.error().code, Errc::invalid_argument);
      EXPECT_EQ(resolved.error().message,
                fmt::format("the local time {} does not exist in {}", c.local, calendar.zone_name()));
      continue;
    }
    EXPECT_EQ(candidates->earlier, utc(c.instants.front()));
    EXPECT_EQ(candidates->later, utc(c.instants.back()));
    EXPECT_EQ(*resolved, candidates->earlier);
  }
}

TEST(SiteCalendar, KnowsWhetherLocalTimesRepeat) {
  EXPECT_FALSE(calendar_of("Asia/Singapore").repeats_local_times());
  EXPECT_FALSE(calendar_of("UTC").repeats_local_times());
  EXPECT_TRUE(calendar_of("Europe/London").repeats_local_times());
  EXPECT_TRUE(calendar_of("Australia/Lord_Howe").repeats_local_times());
}

TEST(SiteCalendar, AZoneThatStoppedSettingItsClocksStaysSo) {
  EXPECT_EQ(calendar_of("America/Sao_Paulo").offset_at(kLastInstant), std::chrono::hours{-3});
  EXPECT_EQ(calendar_of("Asia/Singapore").offset_at(kLastInstant), std::chrono::hours{8});
}

TEST(SiteCalendar, AWrittenOffsetWins) {
  const SiteCalendar calendar = calendar_of("Asia/Singapore");
  EXPECT_EQ(*calendar.resolve(*parse_iso8601("2025-02-20T10:30:00-05:00")), utc("2025-02-20T15:30:00Z"));
  EXPECT_EQ(*calendar.resolve(*parse_iso8601("2025-02-20T10:30:00Z")), utc("2025-02-20T10:30:00Z"));
}

TEST(SiteCalendar, ADateAloneIsTheStartOfItsDay) {
  struct Case {
    const char* name;
    const char* zone;
    const char* date;
    const char* start;
  };
  for (const Case& c : {Case{"ordinary", "Asia/Singapore", "2025-02-20", "2025-02-19T16:00:00Z"},
                        Case{"midnight does not exist", "America/Santiago", "2024-09-08", "2024-09-08T04:00:00Z"},
                        Case{"the same without dashes", "America/Santiago", "20240908", "2024-09-08T04:00:00Z"},
                        Case{"the same by its week", "America/Santiago", "2024-W36-7", "2024-09-08T04:00:00Z"},
                        Case{"midnight comes twice", "America/Havana", "2024-11-03", "2024-11-03T04:00:00Z"}}) {
    SCOPED_TRACE(c.name);
    const auto start = calendar_of(c.zone).resolve(*parse_iso8601(c.date));
    ASSERT_TRUE(start.has_value()) << start.error().message;
    EXPECT_EQ(*start, utc(c.start));
  }
  EXPECT_FALSE(calendar_of("America/Santiago").resolve(*parse_iso8601("2024-09-08T00:00")).has_value())
      << "a written time that does not exist stays refused";
}

TEST(SiteCalendar, MonthsAreLocal) {
  const SiteCalendar london = calendar_of("Europe/London");
  EXPECT_EQ(london.month(2024_y / 3), (TimeRange{utc("2024-03-01T00:00:00Z"), utc("2024-03-31T23:00:00Z")}));
  EXPECT_EQ(london.month(2024_y / 12), (TimeRange{utc("2024-12-01T00:00:00Z"), utc("2025-01-01T00:00:00Z")}));
}

TEST(SiteCalendar, AReadingAtMidnightClosesTheMonthBefore) {
  const SiteCalendar singapore = calendar_of("Asia/Singapore");
  const TimeRange february = singapore.month(2025_y / 2);
  const TimeRange march = singapore.month(2025_y / 3);
  EXPECT_EQ(singapore.month_closed_by(february.from + Seconds{1}), february);
  EXPECT_EQ(singapore.month_closed_by(march.from - Seconds{1}), february);
  EXPECT_EQ(singapore.month_closed_by(march.from), february);
  EXPECT_EQ(singapore.month_closed_by(march.from + Seconds{1}), march);
}

TEST(SiteCalendar, PrintsTheSitesOffset) {
  EXPECT_EQ(calendar_of("Asia/Singapore").format(utc("2025-02-20T02:30:00Z")), "2025-02-20T10:30:00+08:00");
  EXPECT_EQ(calendar_of("Europe/London").format(utc("2024-07-01T12:00:00Z")), "2024-07-01T13:00:00+01:00");
  EXPECT_EQ(calendar_of("Europe/London").format(utc("2024-01-01T12:00:00Z")), "2024-01-01T12:00:00+00:00");
}

// Over many zones and all of 1970 to 2037: conversions agree with the time zone library and months close without a
// seam.
RC_GTEST_PROP(SiteCalendarProperty, AgreesWithTheTimeZoneLibrary, ()) {
  const auto* const name = *rc::gen::elementOf(
      std::vector<const char*>{"Asia/Singapore", "Europe/London", "Australia/Lord_Howe", "America/Sao_Paulo",
                               "America/St_Johns", "America/Havana", "Pacific/Apia", "Africa/Monrovia"});
  const SiteCalendar calendar = calendar_of(name);
  const date::time_zone& zone = *date::locate_zone(name);
  const auto instant = instant_from_epoch(*rc::gen::inRange<std::int64_t>(0, 2'145'916'800));
  RC_ASSERT(calendar.local(instant) == zone.to_local(instant));
  const auto candidates = calendar.instants_of(calendar.local(instant));
  RC_ASSERT(candidates.has_value());
  RC_ASSERT(candidates->earlier == instant || candidates->later == instant);
  const TimeRange month = calendar.month_closed_by(instant);
  RC_ASSERT(month.from < instant && instant <= month.to);
  RC_ASSERT(calendar.month_closed_by(month.to) == month);
  RC_ASSERT(calendar.month_closed_by(month.from).to == month.from);
}

}  // namespace
}  // namespace meterhouse
