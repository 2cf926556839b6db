#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "usage/testing.h"

namespace meterhouse {
namespace {

using testing_support::calendar_of;
using testing_support::instant;
using testing_support::kwh;
using testing_support::read_with_neighbours;
using testing_support::series_of;

std::string line(const Consumption& value) {
  return fmt::format("{} {}", value.energy ? format_kwh(*value.energy) : "null", to_string(value.quality));
}

std::vector<std::string> lines(const ConsumptionAnswer& answer) {
  std::vector<std::string> all;
  for (const Consumption& value : answer.values) all.push_back(line(value));
  return all;
}

ConsumptionAnswer answer_of(const Series& series, TimeRange range, Step step) {
  const ConsumptionQuery query{.range = range, .step = step, .register_modulus = kwh("100000")};
  auto answer = consumption(series, query, calendar_of("Asia/Singapore"));
  EXPECT_TRUE(answer.has_value());
  return std::move(answer).value();
}

Series half_hours(const std::vector<const char*>& registers) {
  Series series;
  for (const char* value : registers)
    series.push_back(instant("2025-02-20T10:00Z") + Seconds{1800} * series.size(), kwh(value));
  return series;
}

struct Case {
  const char* name;
  std::vector<const char*> registers;  // a half-hour apart
  std::vector<std::string> values;
  const char* total;
};

const Case kCases[] = {
    {"to zero", {"100", "0", "100.5", "101"}, {"0.25 suspect", "0.25 suspect", "0.5 actual"}, "1 suspect"},
    {"two low readings",
     {"100", "0", "0.2", "100.9", "101"},
     {"0.3 suspect", "0.3 suspect", "0.3 suspect", "0.1 actual"},
     "1 suspect"},
    {"back to where it was", {"100", "99", "100", "101"}, {"0 suspect", "0 suspect", "1 actual"}, "1 suspect"},
    {"two dips",
     {"100", "0", "100.5", "3", "101.5"},
     {"0.25 suspect", "0.25 suspect", "0.5 suspect", "0.5 suspect"},
     "1.5 suspect"},
    {"a dip in a dip",
     {"100", "50", "20", "60", "100.8"},
     {"0.2 suspect", "0.2 suspect", "0.2 suspect", "0.2 suspect"},
     "0.8 suspect"},
    {"the newest reading", {"100", "100.5", "0"}, {"0.5 actual", "0 suspect"}, "0.5 suspect"},
    {"a new base",
     {"100", "100.5", "0", "0.3", "0.7"},
     {"0.5 actual", "0 suspect", "0.3 actual", "0.4 actual"},
     "1.2 suspect"},
    {"a dip, then a new base",
     {"100", "0", "100.5", "1", "1.2"},
     {"0.25 suspect", "0.25 suspect", "0 suspect", "0.2 actual"},
     "0.7 suspect"},
    {"a dip on a new base",
     {"100", "50", "20", "50.4", "51"},
     {"0 suspect", "0.2 suspect", "0.2 suspect", "0.6 actual"},
     "1 suspect"},
    {"begins like a rollover", {"99999", "1", "99999.5"}, {"0.25 suspect", "0.25 suspect"}, "0.5 suspect"},
    {"after a rollover", {"99999.5", "0.5", "0", "1"}, {"1 actual", "0.25 suspect", "0.25 suspect"}, "1.5 suspect"},
};

TEST(Dips, LowReadingsAreLeftOutOnceTheRegisterIsBack) {
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.name);
    const Series series = half_hours(c.registers);
    const TimeRange range{series.at.front(), series.at.back()};
    const auto answer = answer_of(series, range, Step::half_hour);
    EXPECT_THAT(lines(answer), testing::ElementsAreArray(c.values));
    EXPECT_EQ(line(answer.total), c.total);
    EXPECT_EQ(line(answer_of(series, range, Step::interval).total), c.total);
  }
}

TEST(Dips, TheIntervalGoesOverTheDipAndItsReadingIsNotFound) {
  const Series series = half_hours({"100", "0", "100.5", "101"});
  const auto answer = answer_of(series, {series.at.front(), series.at.back()}, Step::interval);
  EXPECT_THAT(lines(answer), testing::ElementsAre("0.5 suspect", "0.5 actual"));
  EXPECT_EQ(answer.values[0].range, (TimeRange{series.at[0], series.at[2]}));
  EXPECT_EQ(answer.total.completeness.expected, 3);
  EXPECT_EQ(answer.total.completeness.found, 2);
  EXPECT_EQ(answer.total.completeness.estimated_energy, kwh("0.5"));
}

TEST(Dips, MayLieOnADaysBoundary) {
  const Series series = series_of({{"2025-02-20T00:00+08:00", "90"},
                                   {"2025-02-20T23:30+08:00", "100"},
                                   {"2025-02-21T00:00+08:00", "0"},
                                   {"2025-02-21T00:30+08:00", "101"},
                                   {"2025-02-22T00:00+08:00", "110"}});
  const auto answer = answer_of(series, {series.at.front(), series.at.back()}, Step::day);
  EXPECT_THAT(lines(answer), testing::ElementsAre("10.5 suspect", "9.5 suspect"));
  EXPECT_EQ(line(answer.total), "20 suspect");
}

TEST(Dips, AreSeenAsFarAsTheyReach) {
  const Instant start = instant("2025-02-20T10:00Z");
  for (const auto& [length, total] : {std::pair{kDipReach, "0.5 suspect"}, {kDipReach + Seconds{1}, "100.5 suspect"}}) {
    SCOPED_TRACE(length.count());
    Series series;
    series.push_back(start, kwh("100"));
    series.push_back(start + length / 2, kwh("0"));
    series.push_back(start + length, kwh("100.5"));
    EXPECT_EQ(line(answer_of(series, {start, start + length}, Step::year).total), total);
  }
}

TEST(Dips, ARangeThatEndsInOneKnowsBothItsSides) {
  Series series = half_hours({"100", "0", "0.2", "100.9", "101"});
  const auto part = [&](std::size_t from, std::size_t to) {
    const TimeRange range{series.at[from], series.at[to]};
    const Seconds reach = ConsumptionQuery{}.snap + kDipReach;
    return line(answer_of(read_with_neighbours(series, range.from - reach, range.to + reach), range, Step::year).total);
  };
  EXPECT_EQ(part(0, 1), "0.3 suspect");
  EXPECT_EQ(part(1, 2), "0.3 suspect");
  EXPECT_EQ(part(2, 4), "0.4 suspect");
}

}  // namespace
}  // namespace meterhouse
