#include "service/usage_queries.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/testing/temporary_directory.h"
#include "store/contract/must.h"
#include "store/memory/memory_readings.h"
#include "store/sqlite/sqlite_catalog.h"
#include "usage/testing.h"

namespace meterhouse {
namespace {

using testing_support::instant;
using testing_support::kwh;

const MeterId kMeter = MeterId::from_number(100'000'001);
const MeterId kStranger = MeterId::from_number(999'999'999);

class UsageQueriesTest : public testing::Test {
 protected:
  UsageQueriesTest() { register_meter({}); }

  void register_meter(std::optional<int> digits) {
    const Meter meter{kMeter, "Central", "Bishan", "4-room", instant("2025-02-01T00:00+08:00"), "", digits};
    must(catalog_->register_meters(std::span{&meter, 1}));
  }
  void take(std::string_view at, std::string_view value, Channel channel = Channel::import_) {
    must(store_.append_and_wait({Reading{{kMeter, channel}, instant(at), kwh(value)}}));
  }
  // Half-hours from `first` on, each `each` kWh, the register beginning at 100.
  void take_half_hours(std::string_view first, int count, std::string_view each) {
    std::vector<Reading> batch;
    MilliWattHours value = kwh("100");
    for (int i = 0; i < count; ++i, value += kwh(each))
      batch.emplace_back(SeriesKey{kMeter, Channel::import_}, instant(first) + Seconds{1800 * i}, value);
    must(store_.append_and_wait(std::move(batch)));
  }
  LegacyAnswer legacy(LegacyPeriod period) { return must(usage_.legacy_query(kMeter, period)).value(); }
  std::vector<std::string> entries(const LegacyAnswer& answer) {
    std::vector<std::string> all;
    for (const auto& entry : answer.entries)
      all.push_back(fmt::format("{} {}", calendar_.format(entry.at).substr(0, 16), format_kwh(entry.energy)));
    return all;
  }

  TemporaryDirectory directory_;
  const Site site_;
  const SiteCalendar calendar_ = testing_support::calendar_of("Asia/Singapore");
  ManualClock clock_{instant("2025-02-20T10:45:00+08:00")};
  std::unique_ptr<SqliteCatalog> catalog_ = must(SqliteCatalog::open(directory_.path() + "/catalog.sqlite", clock_));
  MemoryReadingStore store_{clock_};
  const UsageQueries usage_{site_, calendar_, clock_, *catalog_, store_};
};

TEST_F(UsageQueriesTest, AnswersFromTheReadingsAndTheirNeighbours) {
  take("2025-02-20T09:00+08:00", "10");
  take("2025-02-20T11:00+08:00", "14");
  const auto answer =
      must(usage_.consumption({.meter = kMeter,
                               .range = {instant("2025-02-20T09:30+08:00"), instant("2025-02-20T10:30+08:00")},
                               .step = Step::half_hour}));
  EXPECT_EQ(answer.total.energy, kwh("2"));
  EXPECT_EQ(answer.total.quality, Quality::estimated);
  EXPECT_EQ(answer.values.size(), 2U);
}

TEST_F(UsageQueriesTest, ADipIsSeenFromARangeInsideIt) {
  take("2025-02-19T00:00+08:00", "100");
  take("2025-02-20T00:00+08:00", "0");
  take("2025-02-20T12:00+08:00", "1");
  take("2025-02-21T00:00+08:00", "2");
  take("2025-02-22T00:00+08:00", "103");
  const TimeRange day{instant("2025-02-20T00:00+08:00"), instant("2025-02-21T00:00+08:00")};
  const auto answer = must(usage_.consumption({.meter = kMeter, .range = day, .step = Step::day}));
  EXPECT_EQ(answer.total.energy, kwh("1"));  // a third of three days
  EXPECT_EQ(answer.total.quality, Quality::suspect);
}

TEST_F(UsageQueriesTest, ChannelsAreApart) {
  take("2025-02-20T09:00+08:00", "10");
  take("2025-02-20T09:30+08:00", "11");
  take("2025-02-20T09:00+08:00", "5", Channel::export_);
  take("2025-02-20T09:30+08:00", "7.5", Channel::export_);
  const TimeRange range{instant("2025-02-20T09:00+08:00"), instant("2025-02-20T09:30+08:00")};
  EXPECT_EQ(must(usage_.consumption({.meter = kMeter, .range = range, .step = Step::hour})).total.energy, kwh("1"));
  const auto exported =
      usage_.consumption({.meter = kMeter, .channel = Channel::export_, .range = range, .step = Step::hour});
  EXPECT_EQ(exported->total.energy, kwh("2.5"));
}

TEST_F(UsageQueriesTest, ExpectsFromTheRegistrationOrTheFirstReadingUpToNow) {
  const TimeRange february{instant("2025-02-01T00:00+08:00"), instant("2025-03-01T00:00+08:00")};
  const TimeRange january{instant("2025-01-01T00:00+08:00"), instant("2025-02-01T00:00+08:00")};
  const auto expected = [&](TimeRange range) {
    return must(usage_.consumption({.meter = kMeter, .range = range, .step = Step::month})).total.completeness.expected;
  };
  EXPECT_EQ(expected(february), 19 * 48 + 21);  // to 20 February 10:30
  EXPECT_EQ(expected(january), 0);
  take("2025-01-31T00:00+08:00", "10");  // history, imported after the registration
  EXPECT_EQ(expected(january), 48);
  EXPECT_EQ(expected(february), 19 * 48 + 21);
}

TEST_F(UsageQueriesTest, DaysMayBeThoseOfAnotherZone) {
  take_half_hours("2025-02-18T00:00Z", 97, "0.5");
  const SiteCalendar london = testing_support::calendar_of("Europe/London");
  const TimeRange day{instant("2025-02-18T00:00Z"), instant("2025-02-19T00:00Z")};
  EXPECT_EQ(must(usage_.consumption({.meter = kMeter, .range = day, .step = Step::day})).values.size(), 2U);
  const auto answer = must(usage_.consumption({.meter = kMeter, .range = day, .step = Step::day, .calendar = &london}));
  ASSERT_EQ(answer.values.size(), 1U);
  EXPECT_EQ(answer.values[0].energy, kwh("24"));
}

// The days are cut where no reading stands, but what is expected stays the site's half-hours, and all of them are
// there.
TEST_F(UsageQueriesTest, AnotherZonesDaysAreCountedOnTheSitesGrid) {
  clock_.set(instant("2025-03-01T00:00Z"));
  take_half_hours("2025-02-17T00:00+08:00", 48 * 4 + 1, "0.5");
  struct Case {
    const char* zone;
    const char* from;
    const char* to;
  };
  for (const Case& c : {Case{"Asia/Kathmandu", "2025-02-18T00:00+05:45", "2025-02-20T00:00+05:45"},
                        Case{"Pacific/Chatham", "2025-02-18T00:00+13:45", "2025-02-20T00:00+13:45"}}) {
    SCOPED_TRACE(c.zone);
    const SiteCalendar asked = testing_support::calendar_of(c.zone);
    const TimeRange range{instant(c.from), instant(c.to)};
    const auto counts_of = [](const Consumption& value) {
      const Completeness& counts = value.completeness;
      return fmt::format("{} {}/{}/{}", to_string(value.quality), counts.expected, counts.found, counts.estimated);
    };
    const auto answer_of = [&](Step step) {
      return must(usage_.consumption({.meter = kMeter, .range = range, .step = step, .calendar = &asked}));
    };
    const auto days = answer_of(Step::day);
    ASSERT_EQ(days.values.size(), 2U);
    for (const Consumption& day : days.values) EXPECT_EQ(counts_of(day), "estimated 48/48/1");
    EXPECT_EQ(counts_of(days.total), "estimated 96/96/1");
    // Half-hours and hours are those of the site's clock, whoever asks: only the two that the range cuts are shares.
    for (const auto& [step, values] : {std::pair{Step::half_hour, 97U}, std::pair{Step::hour, 49U}}) {
      const auto answer = answer_of(step);
      EXPECT_EQ(counts_of(answer.total), "estimated 96/96/1");
      ASSERT_EQ(answer.values.size(), values);
      EXPECT_EQ(std::ranges::count(answer.values, Quality::actual, &Consumption::quality), values - 2);
    }
  }
}

TEST_F(UsageQueriesTest, TheRegistersDigitsTellWhereItWraps) {
  must(catalog_->patch_meter(
      kMeter,
      MeterPatch{.region = {}, .area = {}, .dwelling_type = {}, .serial = {}, .register_digits = std::optional{5}}));
  take("2025-02-20T09:00+08:00", "99999.5");
  take("2025-02-20T09:30+08:00", "0.5");
  EXPECT_EQ(legacy(LegacyPeriod::latest_interval).total, kwh("1"));
  EXPECT_EQ(legacy(LegacyPeriod::one_day).total, kwh("1"));
}

TEST_F(UsageQueriesTest, RefusesWhatItCannotAnswer) {
  const TimeRange day{instant("2025-02-18T00:00Z"), instant("2025-02-19T00:00Z")};
  EXPECT_EQ(code_of(usage_.consumption({.meter = kStranger, .range = day, .step = Step::day})), Errc::not_found);
  EXPECT_EQ(code_of(usage_.consumption({.meter = kMeter, .range = {day.to, day.from}, .step = Step::day})),
            Errc::invalid_argument);
  EXPECT_EQ(code_of(usage_.consumption({.meter = kMeter, .range = day, .step = Step::hour, .max_values = 23})),
            Errc::out_of_range);
  EXPECT_TRUE(usage_.consumption({.meter = kMeter, .range = day, .step = Step::hour, .max_values = 24}).has_value());
  for (const LegacyPeriod period : {LegacyPeriod::latest_interval, LegacyPeriod::one_week})
    EXPECT_EQ(code_of(usage_.legacy_query(kStranger, period)), Errc::not_found);
  must(store_.close());
  EXPECT_EQ(code_of(usage_.consumption({.meter = kMeter, .range = day, .step = Step::day})), Errc::unavailable);
}

TEST_F(UsageQueriesTest, LegacyPeriodsHaveTheirOldNames) {
  EXPECT_EQ(*parse_legacy_period("30m"), LegacyPeriod::latest_interval);
  EXPECT_EQ(*parse_legacy_period("1d"), LegacyPeriod::one_day);
  EXPECT_EQ(*parse_legacy_period("1w"), LegacyPeriod::one_week);
  EXPECT_EQ(*parse_legacy_period("1m"), LegacyPeriod::one_month);
  EXPECT_EQ(*parse_legacy_period("1y"), LegacyPeriod::one_year);
  for (const char* text : {"", "1D", "2w", "30 m"})
    EXPECT_EQ(code_of(parse_legacy_period(text)), Errc::invalid_argument);
}

TEST_F(UsageQueriesTest, LegacyWithoutDataIsNothing) {
  for (const LegacyPeriod period : {LegacyPeriod::latest_interval, LegacyPeriod::one_day, LegacyPeriod::one_week,
                                    LegacyPeriod::one_month, LegacyPeriod::one_year})
    EXPECT_FALSE(must(usage_.legacy_query(kMeter, period)).has_value());
}

TEST_F(UsageQueriesTest, LegacyLatestIntervalIsBetweenTheTwoLatestReadings) {
  take("2025-02-10T09:00+08:00", "7");
  LegacyAnswer one = legacy(LegacyPeriod::latest_interval);
  EXPECT_EQ(one.total, MilliWattHours{0});
  EXPECT_THAT(entries(one), testing::ElementsAre("2025-02-10T09:00 0"));
  take("2025-02-20T10:30+08:00", "9.123456");  // ten days later
  const LegacyAnswer two = legacy(LegacyPeriod::latest_interval);
  EXPECT_EQ(two.total, kwh("2.123456"));
  EXPECT_THAT(entries(two), testing::ElementsAre("2025-02-20T10:30 2.123456"));
  take("2025-02-20T10:00+08:00", "9");  // late, in between
  EXPECT_EQ(legacy(LegacyPeriod::latest_interval).total, kwh("0.123456"));
  take("2025-02-20T10:40+08:00", "0");  // backwards
  EXPECT_EQ(legacy(LegacyPeriod::latest_interval).total, MilliWattHours{0});
  take("2025-02-20T10:50+08:00", "9.2");  // and back: half of what was used since 10:30
  EXPECT_EQ(legacy(LegacyPeriod::latest_interval).total, kwh("0.038272"));
}

TEST_F(UsageQueriesTest, LegacyDayIsTheLast24Hours) {
  clock_.set(instant("2025-02-20T10:30+08:00"));
  take_half_hours("2025-02-18T10:30+08:00", 96 + 1, "0.333");
  const LegacyAnswer answer = legacy(LegacyPeriod::one_day);
  EXPECT_EQ(answer.total, kwh("15.98"));  // 48 * 0.333 = 15.984
  EXPECT_EQ(answer.covered, (TimeRange{instant("2025-02-19T10:30+08:00"), instant("2025-02-20T10:30+08:00")}));
  ASSERT_EQ(answer.entries.size(), 48U);
  EXPECT_EQ(entries(answer).front(), "2025-02-19T11:00 0.333");
  EXPECT_EQ(entries(answer).back(), "2025-02-20T10:30 0.333");
}

TEST_F(UsageQueriesTest, LegacyWeekAndMonthAreByLocalDate) {
  clock_.set(instant("2025-02-20T12:00+08:00"));
  take_half_hours("2025-02-18T00:00+08:00", 48 + 48 + 21, "0.333");  // to 20 February 10:00
  for (const LegacyPeriod period : {LegacyPeriod::one_week, LegacyPeriod::one_month}) {
    const LegacyAnswer answer = legacy(period);
    EXPECT_EQ(answer.total, kwh("38.63"));  // 116 * 0.333 = 38.628
    EXPECT_THAT(entries(answer),
                testing::ElementsAre("2025-02-18T00:00 15.98", "2025-02-19T00:00 15.98", "2025-02-20T00:00 6.66"));
    EXPECT_EQ(answer.covered, (TimeRange{instant("2025-02-18T00:00+08:00"), instant("2025-02-20T10:00+08:00")}));
  }
}

TEST_F(UsageQueriesTest, LegacyYearIsByLocalMonth) {
  clock_.set(instant("2025-02-20T12:00+08:00"));
  take("2023-12-31T00:00+08:00", "0");
  take("2024-12-31T00:00+08:00", "365");
  take("2025-01-01T00:00+08:00", "366");
  take("2025-02-01T00:00+08:00", "400");
  take("2025-02-20T11:59+08:00", "410");  // stands on now
  const LegacyAnswer answer = legacy(LegacyPeriod::one_year);
  ASSERT_EQ(answer.entries.size(), 13U);  // the first cut at 21 February 2024 12:00
  EXPECT_EQ(entries(answer).front().substr(0, 10), "2024-02-21");
  EXPECT_EQ(entries(answer)[11], "2025-01-01T00:00 34");
  EXPECT_EQ(entries(answer)[12], "2025-02-01T00:00 10");
  EXPECT_EQ(answer.covered.to, clock_.now());
}

// Each meter's day out of the pages is what consumption() says of it alone.
TEST_F(UsageQueriesTest, TheUseOfAllMetersIsThatOfEach) {
  std::vector<Meter> meters;
  for (std::uint32_t i = 0; i < 1'100; ++i)
    meters.push_back({MeterId::from_number(200'000'000 + i),
                      "Central",
                      "Bishan",
                      "4-room",
                      instant(i % 2 == 0 ? "2025-01-01T00:00+08:00" : "2025-02-10T08:00+08:00"),
                      "",
                      {}});
  must(catalog_->register_meters(meters));
  const auto add = [&](std::uint32_t i, std::string_view at, std::string_view value, Channel channel) {
    must(store_.append_and_wait({Reading{{meters[i].id, channel}, instant(at), kwh(value)}}));
  };
  for (std::uint32_t i = 0; i < 1'100; i += 11) {  // the others have no reading
    const bool exact = i % 2 == 0;
    add(i, exact ? "2025-02-10T00:00+08:00" : "2025-02-09T21:00+08:00", "10", Channel::import_);
    add(i, "2025-02-10T12:00+08:00", "11.25", Channel::import_);
    add(i, exact ? "2025-02-11T00:00+08:00" : "2025-02-11T03:00+08:00", "13", Channel::import_);
    if (i % 3 == 0) add(i, "2025-01-20T00:00+08:00", "1", Channel::export_);  // a gap of weeks over the day
    if (i % 3 == 0) add(i, "2025-02-19T00:00+08:00", "40", Channel::export_);
  }
  const MeterId stranger = MeterId::from_number(200'000'005 + 5'000);
  must(store_.append_and_wait({Reading{{stranger, Channel::import_}, instant("2025-02-10T12:00+08:00"), kwh("1")}}));

  const TimeRange day = calendar_.day(calendar_.day_of(instant("2025-02-10T12:00+08:00")));
  std::size_t visited = 0;
  std::optional<MeterId> after;
  std::optional<SeriesKey> last;
  do {
    after = must(usage_.use_of_page(day, after, [&](const UsageQueries::Use& use) -> Status {
      const SeriesKey key{use.meter.id, use.channel};
      EXPECT_TRUE(!last || *last < key);
      last = key;
      ++visited;
      const auto alone =
          must(usage_.consumption({.meter = use.meter.id, .channel = use.channel, .range = day, .step = Step::day}))
              .total;
      EXPECT_EQ(use.used.energy, alone.energy) << key.text();
      EXPECT_EQ(use.used.quality, alone.quality) << key.text();
      EXPECT_EQ(use.used.completeness.expected, alone.completeness.expected) << key.text();
      EXPECT_EQ(use.used.completeness.found, alone.completeness.found) << key.text();
      EXPECT_EQ(use.used.completeness.estimated, alone.completeness.estimated) << key.text();
      return {};
    }));
  } while (after);
  EXPECT_EQ(visited, 1'101U + 34U);  // each import channel, and the export channels that have readings
}

}  // namespace
}  // namespace meterhouse
