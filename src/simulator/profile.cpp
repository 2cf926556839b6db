#include "simulator/profile.h"

#include <algorithm>
#include <numeric>

#include "base/check.h"
#include "simulator/holidays.h"
#include "simulator/random.h"

namespace meterhouse::simulator {
namespace {

using Hours = std::array<std::int16_t, 24>;

// Relative use by the hour. `cooling` is added in proportion to the month's warmth.
struct Pattern {
  Hours workday;
  Hours day_off;
  Hours cooling;
};

constexpr Hours kSunlight = {0, 0, 0, 0, 0, 0, 0, 4, 14, 30, 44, 54, 60, 58, 52, 43, 31, 17, 5, 0, 0, 0, 0, 0};

constexpr Pattern kPatterns[kArchetypes] = {
    // workers: out from eight to six
    {{14, 12, 11, 11, 11, 15, 36, 50, 32, 15, 13, 13, 14, 13, 13, 14, 17, 24, 36, 46, 48, 44, 34, 22},
     {17, 14, 12, 12, 11, 12, 15, 22, 30, 33, 32, 33, 35, 33, 31, 30, 30, 32, 36, 42, 44, 43, 36, 25},
     {28, 28, 27, 26, 23, 17, 9, 4, 1, 1, 1, 1, 2, 2, 2, 2, 2, 3, 5, 9, 14, 19, 24, 27}},
    // at_home: somebody is always in
    {{13, 11, 10, 10, 10, 14, 30, 42, 38, 31, 30, 34, 38, 34, 30, 29, 30, 35, 43, 46, 44, 38, 28, 18},
     {14, 12, 10, 10, 10, 11, 17, 25, 31, 33, 33, 37, 41, 37, 33, 31, 32, 36, 42, 44, 42, 38, 30, 20},
     {23, 22, 21, 19, 16, 12, 7, 4, 4, 6, 8, 11, 14, 16, 16, 14, 11, 9, 9, 11, 15, 19, 22, 24}},
    // night_owls
    {{38, 32, 24, 17, 13, 11, 11, 13, 14, 14, 14, 16, 18, 17, 16, 16, 18, 24, 33, 40, 44, 46, 46, 43},
     {41, 37, 30, 22, 15, 12, 11, 12, 14, 18, 24, 29, 32, 31, 29, 29, 31, 34, 38, 42, 45, 47, 48, 46},
     {32, 32, 31, 30, 28, 24, 18, 10, 5, 3, 2, 2, 2, 3, 3, 3, 3, 4, 6, 9, 13, 18, 24, 29}},
    // cooled: air conditioning in every room
    {{14, 12, 11, 11, 11, 15, 33, 46, 34, 22, 20, 21, 23, 21, 20, 20, 22, 27, 36, 43, 45, 41, 31, 21},
     {16, 14, 12, 12, 11, 13, 17, 24, 29, 31, 31, 33, 35, 33, 31, 30, 31, 33, 37, 41, 43, 41, 34, 24},
     {40, 39, 38, 36, 32, 25, 17, 11, 10, 12, 14, 17, 20, 22, 22, 20, 18, 18, 22, 27, 32, 36, 39, 40}},
    // solar_home: what the roof does not cover
    {{18, 16, 14, 14, 14, 18, 36, 42, 24, 10, 6, 4, 4, 4, 5, 8, 14, 25, 39, 47, 49, 45, 36, 26},
     {20, 18, 16, 15, 14, 16, 22, 27, 22, 15, 10, 8, 8, 8, 9, 12, 18, 28, 39, 45, 47, 45, 38, 28},
     {40, 39, 38, 36, 32, 25, 15, 8, 4, 3, 2, 2, 2, 3, 3, 4, 7, 12, 19, 26, 32, 36, 39, 40}},
    // sun
    {kSunlight, kSunlight, kSunlight},
};

// Per cent of the year's mean, January first. Singapore's seasons: warmest in May, wettest in December.
constexpr std::array<std::int16_t, 12> kWarmth = {82, 90, 100, 108, 115, 114, 110, 108, 105, 104, 96, 84};
constexpr std::array<std::int16_t, 12> kSunshine = {100, 112, 112, 105, 100, 98, 98, 100, 103, 100, 90, 86};

constexpr int kHalfHours = 48;
constexpr std::int64_t kDaySeconds = 86'400;

// Relative use in each half-hour of such a day: the hours' values at their starts, linear in between.
std::array<std::int64_t, kHalfHours> half_hours(std::size_t archetype, DayKind kind, unsigned month) {
  const Pattern& pattern = kPatterns[archetype];
  const Hours& base = kind == DayKind::workday ? pattern.workday : pattern.day_off;
  const bool sun = archetype == static_cast<std::size_t>(Archetype::sun);
  const auto at = [&](std::size_t hour) -> std::int64_t {
    if (sun) return base[hour] * kSunshine[month];
    return base[hour] * 100 + pattern.cooling[hour] * kWarmth[month];
  };
  std::array<std::int64_t, kHalfHours> weights{};
  for (std::size_t hour = 0; hour < 24; ++hour) {
    weights[2 * hour] = 2 * at(hour);
    weights[2 * hour + 1] = at(hour) + at((hour + 1) % 24);
  }
  return weights;
}

std::int64_t sum_of(const std::array<std::int64_t, kHalfHours>& weights) {
  return std::accumulate(weights.begin(), weights.end(), std::int64_t{0});
}

unsigned month_index(date::local_days day) { return static_cast<unsigned>(date::year_month_day{day}.month()) - 1; }

// One value for each kind of day in each month.
template <class Value>
class ByDay {
 public:
  Value& at(DayKind kind, unsigned month) { return values_[static_cast<std::size_t>(kind)][month]; }
  Value& of(date::local_days day) { return at(kind_of(day), month_index(day)); }

  template <class Visit>
  static void for_each(Visit visit) {
    for (const auto kind : {DayKind::workday, DayKind::day_off})
      for (unsigned month = 0; month < 12; ++month) visit(kind, month);
  }

 private:
  std::array<std::array<Value, 12>, 2> values_{};
};

// How many days of each kind and month the four years 2020 to 2023 have.
ByDay<std::int64_t> days_of_four_years() {
  using date::literals::operator""_y;
  ByDay<std::int64_t> days;
  for (date::local_days day{2020_y / 1 / 1}; day < date::local_days{2024_y / 1 / 1}; day += date::days{1})
    ++days.of(day);
  return days;
}

// A day's energy by kind and month, in 2^-20 of the archetype's mean day over those four years.
ByDay<DayTotals> day_factors() {
  auto days = days_of_four_years();
  ByDay<DayTotals> factors;
  for (std::size_t a = 0; a < kArchetypes; ++a) {
    ByDay<std::int64_t> totals;
    std::int64_t sum = 0, count = 0;
    ByDay<std::int64_t>::for_each([&](DayKind kind, unsigned month) {
      totals.at(kind, month) = sum_of(half_hours(a, kind, month));
      sum += totals.at(kind, month) * days.at(kind, month);
      count += days.at(kind, month);
    });
    ByDay<std::int64_t>::for_each([&](DayKind kind, unsigned month) {
      factors.at(kind, month)[a] = ((totals.at(kind, month) * count) << kDayBits) / sum;
    });
  }
  return factors;
}

// The town's weather as a factor in 1/1024, 0.95 to 1.05: a mean over three days, so that warm days come together.
std::int64_t weather(std::uint64_t key, std::int64_t day) {
  std::uint64_t sum = 0;
  for (std::int64_t back = 0; back < 3; ++back) sum += pick(mix(key, static_cast<std::uint64_t>(day - back)), 35);
  return 1024 - 51 + static_cast<std::int64_t>(sum);
}

}  // namespace

DayKind kind_of(date::local_days day) {
  const date::weekday weekday{day};
  return weekday == date::Saturday || weekday == date::Sunday || is_public_holiday(day) ? DayKind::day_off
                                                                                        : DayKind::workday;
}

Profiles::Profiles(std::uint64_t weather_key, date::local_days last) {
  auto factors = day_factors();
  const auto days = static_cast<std::size_t>(std::max<std::int64_t>((last - kEpoch).count() + 1, 0));
  before_.reserve(days + 1);
  before_.push_back({});
  for (std::size_t i = 0; i < days; ++i) {
    const auto day = kEpoch + date::days{i};
    const DayTotals& factor = factors.of(day);
    const std::int64_t warmth = weather(weather_key, static_cast<std::int64_t>(i));
    DayTotals next = before_.back();
    for (std::size_t a = 0; a < kArchetypes; ++a) next[a] += factor[a] * warmth >> 10;
    before_.push_back(next);
  }
}

const DayTotals& Profiles::before(date::local_days day) const {
  const auto index = (day - kEpoch).count();
  MH_CHECK(index >= 0 && static_cast<std::size_t>(index) < before_.size());
  return before_[static_cast<std::size_t>(index)];
}

DayShape Profiles::shape(date::local_days day, Seconds length, Seconds interval) const {
  MH_CHECK(length.count() > 0 && interval.count() > 0);
  const auto steps = (length.count() + interval.count() - 1) / interval.count();
  DayShape shape(static_cast<std::size_t>(steps) + 1);
  for (std::size_t a = 0; a < kArchetypes; ++a) {
    const auto weights = half_hours(a, kind_of(day), month_index(day));
    std::array<std::int64_t, kHalfHours + 1> cumulated{};
    for (std::size_t i = 0; i < kHalfHours; ++i) cumulated[i + 1] = cumulated[i] + weights[i];
    for (std::int64_t step = 0; step <= steps; ++step) {
      const auto second = std::min(step * interval.count(), length.count()) * kDaySeconds / length.count();
      const auto slot = static_cast<std::size_t>(second / 1800);
      std::int64_t used = cumulated[slot] * 1800;
      if (slot < kHalfHours) used += weights[slot] * (second % 1800);
      shape[static_cast<std::size_t>(step)][a] =
          static_cast<std::uint32_t>((used << kShareBits) / (cumulated[kHalfHours] * 1800));
    }
  }
  return shape;
}

}  // namespace meterhouse::simulator
