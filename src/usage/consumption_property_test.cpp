#include <gtest/gtest.h>

#include <set>

#include "base/property_test.h"
#include "usage/testing.h"

namespace meterhouse {
namespace {

using testing_support::calendar_of;
using testing_support::read_with_neighbours;

constexpr std::int64_t kStart = 1'711'670'400;  // 2024-03-29T00:00Z, two days before London's clocks go forward
constexpr std::int64_t kLength = 6 * 86400;

const SiteCalendar& london() {
  static const SiteCalendar calendar = calendar_of("Europe/London");
  return calendar;
}

// Readings on the grid, near it and anywhere; registers that mostly rise, sometimes stand, fall or roll over.
Series any_series() {
  const auto on_grid = rc::gen::map(rc::gen::inRange<std::int64_t>(0, kLength / 1800), [](auto n) { return n * 1800; });
  const auto near_grid = rc::gen::map(rc::gen::pair(on_grid, rc::gen::inRange<std::int64_t>(-130, 131)),
                                      [](const auto& p) { return p.first + p.second; });
  const auto anywhere = rc::gen::inRange<std::int64_t>(0, kLength);
  const auto instants = *rc::gen::container<std::set<std::int64_t>>(
      rc::gen::weightedOneOf<std::int64_t>({{4, on_grid}, {2, near_grid}, {1, anywhere}}));
  Series series;
  std::int64_t value = *rc::gen::inRange<std::int64_t>(0, 100'000'000'000);
  for (const std::int64_t instant : instants) {
    const auto step = *rc::gen::weightedOneOf<std::int64_t>({{8, rc::gen::inRange<std::int64_t>(0, 5'000'000)},
                                                             {1, rc::gen::just<std::int64_t>(0)},
                                                             {1, rc::gen::inRange<std::int64_t>(-100'000'000'000, 0)}});
    value = std::max<std::int64_t>(value + step, 0);
    if (value >= 100'000'000'000) value -= 100'000'000'000;
    series.push_back(instant_from_epoch(kStart + instant), MilliWattHours{value});
  }
  return series;
}

Step any_step() {
  return *rc::gen::element(Step::interval, Step::half_hour, Step::hour, Step::day, Step::week, Step::month, Step::year);
}

// An instant of the days before, during and after the readings; often a full hour.
std::int64_t any_instant() {
  const auto seconds = *rc::gen::inRange<std::int64_t>(-86400, kLength + 86400);
  return kStart + (*rc::gen::arbitrary<bool>() ? seconds / 3600 * 3600 : seconds);
}

TimeRange any_range() {
  const std::int64_t a = any_instant();
  const std::int64_t b = any_instant();
  return {instant_from_epoch(std::min(a, b)), instant_from_epoch(std::max(a, b) + 1)};
}

ConsumptionQuery query_of(TimeRange range, Step step) {
  return {.range = range,
          .step = step,
          .installed = instant_from_epoch(kStart - 3600),
          .now = instant_from_epoch(kStart + kLength),
          .register_modulus = MilliWattHours{100'000'000'000}};
}

ConsumptionAnswer answer_of(const Series& all, const ConsumptionQuery& query) {
  const Seconds reach = query.snap + kDipReach;
  const Series read = read_with_neighbours(all, query.range.from - reach, query.range.to + reach);
  return consumption(read, query, london()).value();
}

std::int64_t energy_or_zero(const Consumption& value) { return value.energy ? value.energy->count() : 0; }

RC_GTEST_PROP(ConsumptionProperty, ValuesAddUpToTheTotal, ()) {
  const Series series = any_series();
  const auto answer = answer_of(series, query_of(any_range(), any_step()));
  std::int64_t sum = 0;
  bool any = false;
  for (const Consumption& value : answer.values) {
    RC_ASSERT(energy_or_zero(value) >= 0);
    RC_ASSERT(value.energy.has_value() == (value.quality != Quality::missing));
    RC_ASSERT(value.completeness.estimated_energy.count() <= energy_or_zero(value));
    RC_ASSERT(value.completeness.found <= value.completeness.expected);
    RC_ASSERT(value.completeness.estimated <= value.completeness.expected);
    sum += energy_or_zero(value);
    any = any || value.energy.has_value();
  }
  RC_ASSERT(sum == energy_or_zero(answer.total));
  RC_ASSERT(any == answer.total.energy.has_value());
}

RC_GTEST_PROP(ConsumptionProperty, ValuesCoverTheRangeAndTheirCountsAddUp, ()) {
  const Series series = any_series();
  const TimeRange range = any_range();
  const auto step = *rc::gen::element(Step::half_hour, Step::hour, Step::day, Step::month);
  const auto answer = answer_of(series, query_of(range, step));
  Completeness sum;
  Instant end = range.from;
  for (const Consumption& value : answer.values) {
    RC_ASSERT(value.range.from == end);
    end = value.range.to;
    sum.expected += value.completeness.expected;
    sum.found += value.completeness.found;
  }
  RC_ASSERT(end == range.to);
  RC_ASSERT(sum.expected == answer.total.completeness.expected);
  RC_ASSERT(sum.found == answer.total.completeness.found);
}

// Up to `snap`: a reading that stands on a boundary keeps its own instant where the range ends elsewhere.
bool meet(std::optional<Instant> a, std::optional<Instant> b) {
  return a.has_value() == b.has_value() && (!a || std::abs((*a - *b).count()) <= ConsumptionQuery{}.snap.count());
}

// A value covers a part of its range exactly where it has an energy, and all values together cover what the total does.
RC_GTEST_PROP(ConsumptionProperty, ValuesCoverWhatTheTotalCovers, ()) {
  const Series series = any_series();
  const auto answer = answer_of(series, query_of(any_range(), any_step()));
  std::optional<Instant> first;
  std::optional<Instant> last;
  for (const Consumption& value : answer.values) {
    const auto& [from, to] = std::pair{value.completeness.covered_from, value.completeness.covered_to};
    RC_ASSERT(from.has_value() == value.energy.has_value());
    RC_ASSERT(to.has_value() == value.energy.has_value());
    if (!from) continue;
    RC_ASSERT(value.range.from <= *from);
    RC_ASSERT(*from < *to);
    RC_ASSERT(*to <= value.range.to);
    if (last) RC_ASSERT(meet(last, from));
    if (!first) first = from;
    last = to;
  }
  RC_ASSERT(meet(first, answer.total.completeness.covered_from));
  RC_ASSERT(meet(last, answer.total.completeness.covered_to));
}

RC_GTEST_PROP(ConsumptionProperty, AnySplitOfARangeSumsToTheWhole, ()) {
  const Series series = any_series();
  const TimeRange range = any_range();
  const auto total = [&](Instant from, Instant to) {
    return from < to ? energy_or_zero(answer_of(series, query_of({from, to}, Step::year)).total) : 0;
  };
  std::set<std::int64_t> cuts{epoch_seconds(range.from), epoch_seconds(range.to)};
  for (int i = 0; i < 5; ++i)
    cuts.insert(std::clamp(any_instant(), epoch_seconds(range.from), epoch_seconds(range.to)));
  std::int64_t sum = 0;
  for (auto cut = cuts.begin(); std::next(cut) != cuts.end(); ++cut)
    sum += total(instant_from_epoch(*cut), instant_from_epoch(*std::next(cut)));
  RC_ASSERT(sum == total(range.from, range.to));
}

// By the definition, for every pair of readings around it. No way back over a rollover could be drawn here.
bool in_a_dip(const Series& series, std::size_t reading) {
  for (std::size_t before = 0; before < reading; ++before) {
    std::size_t after = before + 1;
    while (after < series.size() && series.registers[after] < series.registers[before]) ++after;
    if (reading < after && after < series.size() && series.at[after] - series.at[before] <= kDipReach) return true;
  }
  return false;
}

Series without_dips(const Series& series) {
  Series kept;
  for (std::size_t i = 0; i < series.size(); ++i)
    if (!in_a_dip(series, i)) kept.push_back(series.at[i], series.registers[i]);
  return kept;
}

// Energies and counts are those of the readings that are in no dip; only what spans a dip is told as suspect.
RC_GTEST_PROP(ConsumptionProperty, DipsAreAsIfTheyHadNotCome, ()) {
  const Series series = any_series();
  const Series kept = without_dips(series);
  const auto query = query_of(any_range(), any_step());
  const auto answer = answer_of(series, query);
  const auto expected = answer_of(kept, query);
  RC_ASSERT(answer.total.energy == expected.total.energy);
  RC_ASSERT(answer.values.size() == expected.values.size());
  for (std::size_t i = 0; i < answer.values.size(); ++i) {
    const Consumption& value = answer.values[i];
    RC_ASSERT(value.range == expected.values[i].range);
    RC_ASSERT(value.energy == expected.values[i].energy);
    RC_ASSERT(value.completeness.found == expected.values[i].completeness.found);
    RC_ASSERT(value.quality == expected.values[i].quality || value.quality == Quality::suspect);
    // A value's ends may be readings up to `snap` away from its bounds: what lies that near may be beyond them.
    const auto spanned = [&](std::size_t reading) {
      return value.completeness.covered_from && *value.completeness.covered_from + query.snap < series.at[reading] &&
             series.at[reading] < *value.completeness.covered_to - query.snap && in_a_dip(series, reading);
    };
    for (std::size_t reading = 0; reading < series.size(); ++reading)
      RC_ASSERT(!spanned(reading) || value.quality == Quality::suspect);
  }
}

// Reading by reading, without any of the short cuts: which grid points have one near them.
RC_GTEST_PROP(ConsumptionProperty, FoundIsWhatASlowCountFinds, ()) {
  const Series all = any_series();
  const Series series = without_dips(all);
  const auto query = query_of(any_range(), Step::year);
  const auto counts = answer_of(all, query).total.completeness;
  std::int64_t expected = 0;
  std::int64_t found = 0;
  for (std::int64_t point = kStart - 86400 * 2; point <= kStart + kLength + 86400 * 2; point += 1800) {
    const Instant at = instant_from_epoch(point);
    if (at <= query.range.from || at > query.range.to || at < query.installed + query.interval || at > query.now)
      continue;
    ++expected;
    found += std::ranges::any_of(series.at, [&](Instant reading) { return std::abs((reading - at).count()) <= 120; })
                 ? 1
                 : 0;
  }
  RC_ASSERT(counts.expected == expected);
  RC_ASSERT(counts.found == found);
}

// Where nothing was ever estimated or suspect, the total is the plain difference of two registers.
RC_GTEST_PROP(ConsumptionProperty, BetweenTwoReadingsItIsTheirDifference, ()) {
  Series series = any_series();
  RC_PRE(series.size() >= 2U);
  std::ranges::sort(series.registers);
  const auto first = *rc::gen::inRange<std::size_t>(0, series.size() - 1);
  const auto last = *rc::gen::inRange<std::size_t>(first + 1, series.size());
  auto query = query_of({series.at[first], series.at[last]}, any_step());
  query.snap = Seconds{0};
  const auto answer = answer_of(series, query);
  RC_ASSERT(answer.total.energy == series.registers[last] - series.registers[first]);
  RC_ASSERT(answer.total.quality == Quality::actual);
  RC_ASSERT(answer.total.completeness.covered_from == series.at[first]);
  RC_ASSERT(answer.total.completeness.covered_to == series.at[last]);
}

}  // namespace
}  // namespace meterhouse
