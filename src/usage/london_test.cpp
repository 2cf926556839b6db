// A real household's 14 months (tests/data/README.md), summed up into register readings: every local day and month of
// Europe/London against the sum of its half-hours, computed here by way of the time zone library alone.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>

#include "usage/testing.h"

namespace meterhouse {
namespace {

using testing_support::calendar_of;
using testing_support::instant;

struct HalfHour {
  Instant closing;
  MilliWattHours energy;
};

std::vector<HalfHour> half_hours() {
  std::ifstream file{METERHOUSE_SOURCE_DIR "/tests/data/london-household-half-hours.csv"};
  std::vector<HalfHour> all;
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    const auto comma = line.find(',');
    all.push_back({instant(line.substr(0, comma)), parse_kwh(line.substr(comma + 1)).value()});
  }
  return all;
}

Series registers_of(const std::vector<HalfHour>& all) {
  Series series;
  MilliWattHours value{1'234'567'000'000};
  series.push_back(all.front().closing - Seconds{1800}, value);
  for (const HalfHour& interval : all) series.push_back(interval.closing, value += interval.energy);
  return series;
}

// A span of missing readings: (after, until) hold none.
struct Gap {
  Instant after;
  Instant until;
  MilliWattHours energy;
};

std::vector<Gap> gaps_of(const std::vector<HalfHour>& all) {
  std::vector<Gap> gaps;
  for (std::size_t i = 1; i < all.size(); ++i)
    if (all[i].closing - all[i - 1].closing != Seconds{1800})
      gaps.push_back({all[i - 1].closing, all[i].closing, all[i].energy});
  return gaps;
}

class London : public testing::Test {
 protected:
  ConsumptionAnswer ask(TimeRange range, Step step) const {
    return consumption(series_, {.range = range, .step = step, .installed = series_.at.front()}, calendar_).value();
  }
  bool in_a_gap(Instant boundary) const {
    return std::ranges::any_of(gaps_, [&](const Gap& gap) { return gap.after < boundary && boundary < gap.until; });
  }
  // The local time at which the interval was used: just before it closed.
  date::local_seconds used_at(const HalfHour& interval) const { return zone_.to_local(interval.closing - Seconds{1}); }

  // Compares each value with the sum of the half-hours used in it; a value with an end in a gap must say so instead.
  void expect_sums(const ConsumptionAnswer& answer, const std::map<std::string, MilliWattHours>& sums,
                   auto name_of) const {
    std::size_t compared = 0;
    for (const Consumption& value : answer.values) {
      const std::string name = name_of(value.range.from);
      SCOPED_TRACE(name);
      ASSERT_TRUE(value.energy.has_value());
      if (in_a_gap(value.range.from) || in_a_gap(value.range.to)) {
        EXPECT_EQ(value.quality, Quality::estimated);
        EXPECT_GT(value.completeness.estimated, 0);
        continue;
      }
      EXPECT_EQ(value.quality, Quality::actual);
      EXPECT_EQ(format_kwh(*value.energy), format_kwh(sums.at(name)));
      ++compared;
    }
    EXPECT_GE(compared + 2 * gaps_.size(), answer.values.size());
    EXPECT_EQ(answer.values.size(), sums.size() + days_without_an_interval_);
  }

  const std::vector<HalfHour> all_ = half_hours();
  const Series series_ = registers_of(all_);
  const std::vector<Gap> gaps_ = gaps_of(all_);
  const SiteCalendar calendar_ = calendar_of("Europe/London");
  const date::time_zone& zone_ = *date::locate_zone("Europe/London");
  const TimeRange all_time_{series_.at.front(), series_.at.back()};
  std::size_t days_without_an_interval_ = 0;
};

TEST_F(London, TheFileIsWhatItsReadmeSays) {
  EXPECT_EQ(all_.size(), 20'000U);
  EXPECT_EQ(gaps_.size(), 3U);
}

TEST_F(London, EveryLocalDayIsTheSumOfItsHalfHours) {
  std::map<std::string, MilliWattHours> sums;
  for (const HalfHour& interval : all_)
    sums[format_date(date::floor<date::days>(used_at(interval)))] += interval.energy;
  const ConsumptionAnswer answer = ask(all_time_, Step::day);
  const auto name_of = [&](Instant start) { return format_date(calendar_.day_of(start)); };
  std::set<std::string> days;
  for (const Consumption& value : answer.values) days.insert(name_of(value.range.from));
  for (const auto& [day, energy] : sums) EXPECT_TRUE(days.contains(day)) << day;
  days_without_an_interval_ = days.size() - sums.size();
  expect_sums(answer, sums, name_of);
}

TEST_F(London, EveryLocalMonthIsTheSumOfItsHalfHours) {
  const auto month_of = [](date::local_days day) { return format_date(day).substr(0, 7); };
  std::map<std::string, MilliWattHours> sums;
  for (const HalfHour& interval : all_) sums[month_of(date::floor<date::days>(used_at(interval)))] += interval.energy;
  expect_sums(ask(all_time_, Step::month), sums, [&](Instant start) { return month_of(calendar_.day_of(start)); });
}

TEST_F(London, TheClocksChange) {
  std::map<std::string, std::int64_t> intervals;
  for (const Consumption& value : ask(all_time_, Step::day).values)
    intervals[format_date(calendar_.day_of(value.range.from))] = value.completeness.expected;
  EXPECT_EQ(intervals.at("2012-03-24"), 48);
  EXPECT_EQ(intervals.at("2012-03-25"), 46);
  EXPECT_EQ(intervals.at("2012-10-28"), 50);
}

TEST_F(London, TheTotalOverAGapStaysExact) {
  for (const Gap& gap : gaps_) {
    SCOPED_TRACE(calendar_.format(gap.after));
    const Consumption across = ask({gap.after, gap.until}, Step::day).total;
    EXPECT_EQ(across.energy, gap.energy);
    EXPECT_EQ(across.quality, Quality::actual);
    EXPECT_EQ(across.completeness.estimated_energy, gap.energy);
    EXPECT_EQ(across.completeness.found, 1);
    EXPECT_EQ(across.completeness.estimated, across.completeness.expected);

    // The days that share the gap: estimated each, exact together.
    const TimeRange days{calendar_.start_of_day(calendar_.day_of(gap.after - Seconds{1})),
                         calendar_.start_of_day(calendar_.day_of(gap.until) + date::days{1})};
    MilliWattHours sum;
    for (const HalfHour& interval : all_)
      if (days.from < interval.closing && interval.closing <= days.to) sum += interval.energy;
    const ConsumptionAnswer answer = ask(days, Step::day);
    EXPECT_EQ(answer.total.energy, sum);
    MilliWattHours added;
    for (const Consumption& value : answer.values) added += *value.energy;
    EXPECT_EQ(added, sum);
  }
}

TEST_F(London, TheWholeIsTheSumOfAll) {
  MilliWattHours sum;
  for (const HalfHour& interval : all_) sum += interval.energy;
  for (const Step step :
       {Step::interval, Step::half_hour, Step::hour, Step::day, Step::week, Step::month, Step::year}) {
    SCOPED_TRACE(to_string(step));
    const ConsumptionAnswer answer = ask(all_time_, step);
    EXPECT_EQ(answer.total.energy, sum);
    EXPECT_EQ(answer.total.completeness.found, 20'000);
    MilliWattHours added;
    for (const Consumption& value : answer.values) added += *value.energy;
    EXPECT_EQ(added, sum);
  }
}

}  // namespace
}  // namespace meterhouse
