#include "usage/consumption.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "usage/testing.h"

namespace meterhouse {
namespace {

using testing_support::calendar_of;
using testing_support::instant;
using testing_support::kwh;
using testing_support::series_of;

ConsumptionQuery query_of(std::string_view from, std::string_view to, Step step) {
  return {.range = {instant(from), instant(to)}, .step = step};
}

ConsumptionAnswer answer_of(const Series& series, const ConsumptionQuery& query,
                            std::string_view zone = "Asia/Singapore") {
  auto answer = consumption(series, query, calendar_of(zone));
  EXPECT_TRUE(answer.has_value());
  return std::move(answer).value();
}

// "1.5 actual 48/48/0", a value in one line: energy, quality, expected/found/estimated.
std::string line(const Consumption& value) {
  return fmt::format("{} {} {}/{}/{}", value.energy ? format_kwh(*value.energy) : "null", to_string(value.quality),
                     value.completeness.expected, value.completeness.found, value.completeness.estimated);
}

std::vector<std::string> lines(const ConsumptionAnswer& answer) {
  std::vector<std::string> all;
  for (const Consumption& value : answer.values) all.push_back(line(value));
  return all;
}

// Every half-hour from `first` on, `count` readings, 0.5 kWh each interval.
Series regular(std::string_view first, int count, std::string_view start = "100") {
  Series series;
  for (int i = 0; i < count; ++i)
    series.push_back(instant(first) + Seconds{1800 * i}, kwh(start) + MilliWattHours{500'000 * i});
  return series;
}

Series without(const Series& series, std::initializer_list<std::string_view> gone) {
  Series kept;
  for (std::size_t i = 0; i < series.size(); ++i)
    if (std::ranges::none_of(gone, [&](std::string_view at) { return instant(at) == series.at[i]; }))
      kept.push_back(series.at[i], series.registers[i]);
  return kept;
}

TEST(Consumption, AReadingAtMidnightClosesTheDayBefore) {
  const Series series = series_of({{"2025-02-20T00:00+08:00", "100"},
                                   {"2025-02-20T23:30+08:00", "107"},
                                   {"2025-02-21T00:00+08:00", "110"},
                                   {"2025-02-21T00:30+08:00", "111"}});
  const auto answer = answer_of(series, query_of("2025-02-20T00:00+08:00", "2025-02-22T00:00+08:00", Step::day));
  ASSERT_EQ(answer.values.size(), 2U);
  EXPECT_EQ(*answer.values[0].energy, kwh("10"));
  EXPECT_EQ(*answer.values[1].energy, kwh("1"));
  EXPECT_EQ(answer.values[1].completeness.covered_to, instant("2025-02-21T00:30+08:00"));
  EXPECT_EQ(*answer.total.energy, kwh("11"));
}

TEST(Consumption, ARegisterOfZeroIsAValue) {
  const Series series =
      series_of({{"2025-02-20T10:00Z", "0"}, {"2025-02-20T10:30Z", "0"}, {"2025-02-20T11:00Z", "0.5"}});
  const auto answer = answer_of(series, query_of("2025-02-20T10:00Z", "2025-02-20T11:00Z", Step::half_hour));
  EXPECT_THAT(lines(answer), testing::ElementsAre("0 actual 1/1/0", "0.5 actual 1/1/0"));
  EXPECT_EQ(line(answer.total), "0.5 actual 2/2/0");
}

TEST(Consumption, DaysHaveTheLengthTheClocksGiveThem) {
  const Series series = regular("2024-03-29T00:00Z", 48 * 5);
  const auto forward =
      answer_of(series, query_of("2024-03-30T00:00Z", "2024-03-31T23:00Z", Step::day), "Europe/London");
  EXPECT_THAT(lines(forward), testing::ElementsAre("24 actual 48/48/0", "23 actual 46/46/0"));
  const Series autumn = regular("2024-10-25T23:00Z", 48 * 4);
  const auto back = answer_of(autumn, query_of("2024-10-25T23:00Z", "2024-10-28T00:00Z", Step::day), "Europe/London");
  EXPECT_THAT(lines(back), testing::ElementsAre("24 actual 48/48/0", "25 actual 50/50/0"));
  const Series island = regular("2024-04-05T13:00Z", 48 * 3);
  const auto half =
      answer_of(island, query_of("2024-04-05T13:00Z", "2024-04-07T13:30Z", Step::day), "Australia/Lord_Howe");
  EXPECT_THAT(lines(half), testing::ElementsAre("24 actual 48/48/0", "24.5 actual 49/49/0"));
}

TEST(Consumption, AGapInsideIsExactAndCounted) {
  const Series series = without(regular("2025-02-20T10:00Z", 9), {"2025-02-20T11:00Z", "2025-02-20T11:30Z"});
  const auto answer = answer_of(series, query_of("2025-02-20T10:00Z", "2025-02-20T14:00Z", Step::interval));
  EXPECT_EQ(line(answer.total), "4 actual 8/6/3");
  EXPECT_EQ(answer.total.completeness.estimated_energy, kwh("1.5"));
  EXPECT_THAT(lines(answer), testing::ElementsAre("0.5 actual 1/1/0", "1.5 actual 3/1/3", "0.5 actual 1/1/0",
                                                  "0.5 actual 1/1/0", "0.5 actual 1/1/0", "0.5 actual 1/1/0"));
  EXPECT_EQ(answer.values[1].range, (TimeRange{instant("2025-02-20T10:30Z"), instant("2025-02-20T12:00Z")}));
}

TEST(Consumption, AGapAtABoundaryIsInterpolatedAndTheSumStaysExact) {
  const Series series = series_of(
      {{"2025-02-20T10:00Z", "1"}, {"2025-02-20T10:30Z", "2"}, {"2025-02-20T12:00Z", "8"}, {"2025-02-20T12:30Z", "9"}});
  const auto answer = answer_of(series, query_of("2025-02-20T10:00Z", "2025-02-20T12:30Z", Step::hour));
  EXPECT_THAT(lines(answer), testing::ElementsAre("3 estimated 2/1/1", "4 estimated 2/1/2", "1 actual 1/1/0"));
  EXPECT_EQ(answer.values[0].completeness.estimated_energy, kwh("2"));
  EXPECT_EQ(answer.values[1].completeness.estimated_energy, kwh("4"));
  EXPECT_EQ(line(answer.total), "8 actual 5/3/3");
  EXPECT_EQ(answer.total.completeness.estimated_energy, kwh("6"));
}

struct OutsideCase {
  const char* name;
  const char* from;
  const char* to;
  const char* total;
  const char* covered_from;  // empty: nothing is
  const char* covered_to;
  std::vector<std::string> values;
};

// Asked of half-hours from 10:00 to 12:00.
const OutsideCase kOutside[] = {
    {"begins before the first",
     "2025-02-20T08:00Z",
     "2025-02-20T11:00Z",
     "1 actual 6/3/0",
     "2025-02-20T10:00Z",
     "2025-02-20T11:00Z",
     {"null missing 2/0/0", "null missing 2/1/0", "1 actual 2/2/0"}},
    {"ends after the last",
     "2025-02-20T11:00Z",
     "2025-02-20T14:00Z",
     "1 actual 6/2/0",
     "2025-02-20T11:00Z",
     "2025-02-20T12:00Z",
     {"1 actual 2/2/0", "null missing 2/0/0", "null missing 2/0/0"}},
    {"over both",
     "2025-02-20T09:00Z",
     "2025-02-20T13:00Z",
     "2 actual 8/5/0",
     "2025-02-20T10:00Z",
     "2025-02-20T12:00Z",
     {"null missing 2/1/0", "1 actual 2/2/0", "1 actual 2/2/0", "null missing 2/0/0"}},
    {"all before", "2025-02-20T08:00Z", "2025-02-20T09:00Z", "null missing 2/0/0", "", "", {"null missing 2/0/0"}},
    {"ends on the first",
     "2025-02-20T09:00Z",
     "2025-02-20T10:00Z",
     "null missing 2/1/0",
     "",
     "",
     {"null missing 2/1/0"}},
    {"begins on the last",
     "2025-02-20T12:00Z",
     "2025-02-20T13:00Z",
     "null missing 2/0/0",
     "",
     "",
     {"null missing 2/0/0"}},
    {"all after", "2025-02-20T13:00Z", "2025-02-20T14:00Z", "null missing 2/0/0", "", "", {"null missing 2/0/0"}},
};

TEST(Consumption, OutsideTheReadingsNothingIsInvented) {
  const Series series = regular("2025-02-20T10:00Z", 5);
  for (const OutsideCase& c : kOutside) {
    SCOPED_TRACE(c.name);
    const auto answer = answer_of(series, query_of(c.from, c.to, Step::hour));
    EXPECT_EQ(line(answer.total), c.total);
    EXPECT_THAT(lines(answer), testing::ElementsAreArray(c.values));
    const bool covered = *c.covered_from != '\0';
    EXPECT_EQ(answer.total.completeness.covered_from.has_value(), covered);
    if (covered) {
      EXPECT_EQ(answer.total.completeness.covered_from, instant(c.covered_from));
      EXPECT_EQ(answer.total.completeness.covered_to, instant(c.covered_to));
    }
  }
}

TEST(Consumption, APartlyCoveredValueSaysWhichPart) {
  const Series series = regular("2025-02-20T10:30+08:00", 200);
  auto query = query_of("2025-02-20T00:00+08:00", "2025-02-22T00:00+08:00", Step::day);
  query.installed = instant("2025-02-20T10:30+08:00");
  const auto answer = answer_of(series, query);
  EXPECT_THAT(lines(answer), testing::ElementsAre("13.5 actual 27/27/0", "24 actual 48/48/0"));
  EXPECT_EQ(answer.values[0].completeness.covered_from, query.installed);
  EXPECT_EQ(answer.values[0].completeness.covered_to, instant("2025-02-21T00:00+08:00"));
}

// "46/46/0 2024-03-31T00:00Z..2024-03-31T23:00Z", how complete a value is: expected/found/estimated, and what it
// covers.
std::string completeness_line(const Consumption& value) {
  const Completeness& about = value.completeness;
  const auto text = [](Instant at) { return format_iso8601(at, Seconds{0}).substr(0, 16) + "Z"; };
  const auto covered =
      about.covered_from ? fmt::format("{}..{}", text(*about.covered_from), text(*about.covered_to)) : "nothing";
  return fmt::format("{}/{}/{} {}", about.expected, about.found, about.estimated, covered);
}

struct CompletenessCase {
  const char* name;
  const char* zone;
  const char* from;
  const char* to;
  Step step;
  Series series;
  std::vector<std::string> values;
};

// Nothing is expected before 2024-03-01 nor after 2024-10-27T12:10Z.
std::vector<CompletenessCase> completeness_cases() {
  const Series spring = regular("2024-03-29T00:00Z", 48 * 4 + 1);  // to 2024-04-02T00:00Z
  const Series autumn = regular("2024-10-25T23:00Z", 75);          // to 2024-10-27T12:00Z
  return {
      {"a day of 23 hours",
       "Europe/London",
       "2024-03-30T00:00Z",
       "2024-04-01T23:00Z",
       Step::day,
       spring,
       {"48/48/0 2024-03-30T00:00Z..2024-03-31T00:00Z", "46/46/0 2024-03-31T00:00Z..2024-03-31T23:00Z",
        "48/48/0 2024-03-31T23:00Z..2024-04-01T23:00Z"}},
      {"a day of 25 hours, and it is the last, of which half has come",
       "Europe/London",
       "2024-10-25T23:00Z",
       "2024-10-28T00:00Z",
       Step::day,
       autumn,
       {"48/48/0 2024-10-25T23:00Z..2024-10-26T23:00Z", "26/26/0 2024-10-26T23:00Z..2024-10-27T12:00Z"}},
      {"days before the first reading, and one it lies in",
       "Europe/London",
       "2024-03-28T00:00Z",
       "2024-03-30T00:00Z",
       Step::day,
       without(spring, {"2024-03-29T00:00Z"}),
       {"48/0/0 nothing", "48/48/0 2024-03-29T00:30Z..2024-03-30T00:00Z"}},
      {"a gap over the start of the day of 23 hours",
       "Europe/London",
       "2024-03-30T00:00Z",
       "2024-03-31T23:00Z",
       Step::day,
       without(spring, {"2024-03-30T23:30Z", "2024-03-31T00:00Z", "2024-03-31T00:30Z"}),
       {"48/46/2 2024-03-30T00:00Z..2024-03-31T00:00Z", "46/45/2 2024-03-31T00:00Z..2024-03-31T23:00Z"}},
      {"a gap at a boundary of hours: the hours inside it are covered, and estimated",
       "Asia/Singapore",
       "2024-03-29T10:00Z",
       "2024-03-29T14:00Z",
       Step::hour,
       without(spring, {"2024-03-29T11:00Z", "2024-03-29T11:30Z", "2024-03-29T12:00Z", "2024-03-29T12:30Z"}),
       {"2/1/1 2024-03-29T10:00Z..2024-03-29T11:00Z", "2/0/2 2024-03-29T11:00Z..2024-03-29T12:00Z",
        "2/1/2 2024-03-29T12:00Z..2024-03-29T13:00Z", "2/2/0 2024-03-29T13:00Z..2024-03-29T14:00Z"}},
      {"the real intervals, a gap one of them",
       "Asia/Singapore",
       "2024-03-29T10:00Z",
       "2024-03-29T12:00Z",
       Step::interval,
       without(spring, {"2024-03-29T11:00Z"}),
       {"1/1/0 2024-03-29T10:00Z..2024-03-29T10:30Z", "2/1/2 2024-03-29T10:30Z..2024-03-29T11:30Z",
        "1/1/0 2024-03-29T11:30Z..2024-03-29T12:00Z"}},
      {"half-hours past the newest reading, the last still to come",
       "Asia/Singapore",
       "2024-10-27T11:30Z",
       "2024-10-27T13:00Z",
       Step::half_hour,
       without(autumn, {"2024-10-27T12:00Z"}),
       {"1/0/0 nothing", "0/0/0 nothing", "0/0/0 nothing"}},
  };
}

TEST(Consumption, EveryValueSaysHowCompleteItIs) {
  for (const CompletenessCase& c : completeness_cases()) {
    SCOPED_TRACE(c.name);
    auto query = query_of(c.from, c.to, c.step);
    query.installed = instant("2024-03-01T00:00Z");
    query.now = instant("2024-10-27T12:10Z");
    const auto answer = answer_of(c.series, query, c.zone);
    std::vector<std::string> values;
    for (const Consumption& value : answer.values) values.push_back(completeness_line(value));
    EXPECT_THAT(values, testing::ElementsAreArray(c.values));
  }
}

TEST(Consumption, NothingIsExpectedBeforeTheMeterNorAfterNow) {
  auto query = query_of("2025-02-20T00:00Z", "2025-02-21T00:00Z", Step::year);
  query.installed = instant("2025-02-20T10:17Z");  // the first whole interval is 10:30 to 11:00
  query.now = instant("2025-02-20T12:10Z");
  const Series series = regular("2025-02-20T10:30Z", 3);
  EXPECT_EQ(line(answer_of(series, query).total), "1 actual 3/2/0");
}

TEST(Consumption, NoReadingsOrOneBoundNothing) {
  const auto query = query_of("2025-02-20T00:00Z", "2025-02-20T01:00Z", Step::half_hour);
  EXPECT_THAT(lines(answer_of({}, query)), testing::ElementsAre("null missing 1/0/0", "null missing 1/0/0"));
  const auto one = answer_of(series_of({{"2025-02-20T00:30Z", "5"}}), query);
  EXPECT_THAT(lines(one), testing::ElementsAre("null missing 1/1/0", "null missing 1/0/0"));
  EXPECT_FALSE(one.total.energy.has_value());
  EXPECT_FALSE(one.total.completeness.covered_from.has_value());
  EXPECT_TRUE(answer_of({}, query_of("2025-02-20T00:00Z", "2025-02-20T01:00Z", Step::interval)).values.empty());
}

TEST(Consumption, IntervalsAreTheRealOnesCutToTheRange) {
  const Series series = series_of({{"2025-02-20T09:50Z", "1"},
                                   {"2025-02-20T10:10Z", "3"},
                                   {"2025-02-20T10:37Z", "4"},
                                   {"2025-02-20T11:10Z", "7.3"}});
  const auto answer = answer_of(series, query_of("2025-02-20T10:00Z", "2025-02-20T11:00Z", Step::interval));
  ASSERT_EQ(answer.values.size(), 3U);
  EXPECT_EQ(answer.values[0].range, (TimeRange{instant("2025-02-20T10:00Z"), instant("2025-02-20T10:10Z")}));
  EXPECT_EQ(answer.values[2].range, (TimeRange{instant("2025-02-20T10:37Z"), instant("2025-02-20T11:00Z")}));
  EXPECT_THAT(lines(answer), testing::ElementsAre("1 estimated 0/0/0", "1 actual 1/0/1", "2.3 estimated 1/0/1"));
  EXPECT_EQ(*answer.total.energy, kwh("4.3"));
  EXPECT_EQ(answer.total.quality, Quality::estimated);
}

TEST(Consumption, AReadingNearTheRangesEndStandsOnIt) {
  const Series series = series_of(
      {{"2025-02-20T10:01Z", "1"}, {"2025-02-20T10:30Z", "2"}, {"2025-02-20T10:59Z", "4"}, {"2025-02-20T11:30Z", "5"}});
  const auto answer = answer_of(series, query_of("2025-02-20T10:00Z", "2025-02-20T11:00Z", Step::interval));
  ASSERT_EQ(answer.values.size(), 2U);
  EXPECT_EQ(answer.values[0].range, (TimeRange{instant("2025-02-20T10:00Z"), instant("2025-02-20T10:30Z")}));
  EXPECT_EQ(answer.values[1].range, (TimeRange{instant("2025-02-20T10:30Z"), instant("2025-02-20T11:00Z")}));
  EXPECT_THAT(lines(answer), testing::ElementsAre("1 actual 1/1/0", "2 actual 1/1/0"));
}

TEST(Consumption, ABackwardRegisterIsSuspectAndNeverNegative) {
  const Series series = series_of({{"2025-02-20T10:00Z", "10"},
                                   {"2025-02-20T10:30Z", "12"},
                                   {"2025-02-20T11:00Z", "3"},
                                   {"2025-02-20T11:30Z", "4"}});
  const auto answer = answer_of(series, query_of("2025-02-20T10:00Z", "2025-02-20T11:30Z", Step::half_hour));
  EXPECT_THAT(lines(answer), testing::ElementsAre("2 actual 1/1/0", "0 suspect 1/1/0", "1 actual 1/1/0"));
  EXPECT_EQ(line(answer.total), "3 suspect 3/3/0");
}

TEST(Consumption, ARolloverIsContinuedOver) {
  const Series series =
      series_of({{"2025-02-20T10:00Z", "99999.5"}, {"2025-02-20T11:00Z", "0.5"}, {"2025-02-20T11:30Z", "1"}});
  auto query = query_of("2025-02-20T10:00Z", "2025-02-20T11:30Z", Step::half_hour);
  query.register_modulus = kwh("100000");
  const auto answer = answer_of(series, query);
  EXPECT_THAT(lines(answer), testing::ElementsAre("0.5 estimated 1/0/1", "0.5 estimated 1/1/1", "0.5 actual 1/1/0"));
  EXPECT_EQ(line(answer.total), "1.5 actual 3/2/2");
}

TEST(Consumption, ReadingsThatDoNotCountAreLeftOut) {
  for (const ReadingStatus status : {ReadingStatus::held, ReadingStatus::discarded, ReadingStatus::replaced}) {
    Series series;
    series.push_back(instant("2025-02-20T10:00Z"), kwh("10"));
    series.push_back(instant("2025-02-20T10:30Z"), kwh("0"), {Arrival::within_1h, status});
    series.push_back(instant("2025-02-20T11:00Z"), kwh("12"), {Arrival::later, ReadingStatus::ok});
    const auto answer = answer_of(series, query_of("2025-02-20T10:00Z", "2025-02-20T11:00Z", Step::half_hour));
    EXPECT_THAT(lines(answer), testing::ElementsAre("1 estimated 1/0/1", "1 estimated 1/1/1"));
  }
}

TEST(Consumption, TheGridLiesOnTheSitesClock) {
  const Series series = regular("2025-02-20T00:00+05:45", 49);
  const auto answer =
      answer_of(series, query_of("2025-02-20T00:00+05:45", "2025-02-21T00:00+05:45", Step::day), "Asia/Kathmandu");
  EXPECT_THAT(lines(answer), testing::ElementsAre("24 actual 48/48/0"));
}

// Its site in Singapore, its days those of the zone: the grid stays where the readings are.
TEST(Consumption, TheGridStaysOnTheSitesClockWhoseverDaysAreAsked) {
  const Series series = regular("2025-02-19T00:00+08:00", 48 * 5);
  for (const auto& [zone, from, to] :
       {std::tuple{"Asia/Kathmandu", "2025-02-20T00:00+05:45", "2025-02-22T00:00+05:45"},
        std::tuple{"Pacific/Chatham", "2025-02-20T00:00+13:45", "2025-02-22T00:00+13:45"}}) {
    SCOPED_TRACE(zone);
    const SiteCalendar days = calendar_of(zone);
    ConsumptionQuery query = query_of(from, to, Step::day);
    query.days = &days;
    const auto answer = answer_of(series, query);
    EXPECT_THAT(lines(answer), testing::ElementsAre("24 estimated 48/48/1", "24 estimated 48/48/1"));
    EXPECT_EQ(line(answer.total), "48 estimated 96/96/1");
    query.step = Step::hour;
    EXPECT_THAT(lines(answer_of(series, query)), testing::Contains("1 actual 2/2/0").Times(47));
    query.step = Step::half_hour;
    EXPECT_THAT(lines(answer_of(series, query)), testing::Contains("0.5 actual 1/1/0").Times(95));
  }
}

TEST(Consumption, RefusesWhatCannotBeAnswered) {
  const SiteCalendar calendar = calendar_of("Asia/Singapore");
  struct Case {
    const char* name;
    ConsumptionQuery query;
    Errc code;
  };
  for (const Case& c : {
           Case{"empty range", query_of("2025-02-20T10:00Z", "2025-02-20T10:00Z", Step::day), Errc::invalid_argument},
           Case{"backward range", query_of("2025-02-21T10:00Z", "2025-02-20T10:00Z", Step::interval),
                Errc::invalid_argument},
           Case{"too many values", query_of("1990-01-01", "2025-01-01", Step::half_hour), Errc::out_of_range},
       }) {
    SCOPED_TRACE(c.name);
    const auto answer = consumption({}, c.query, calendar);
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error().code, c.code);
  }
}

}  // namespace
}  // namespace meterhouse
