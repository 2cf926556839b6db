#include "service/jobs/day_close.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace meterhouse {
namespace {

using Kind = std::tuple<std::string, std::string, std::string, Channel>;

// Whether it fitted: what clients send may be absurd, and must not end the program.
bool add(MilliWattHours& sum, MilliWattHours energy) {
  std::int64_t result = 0;
  if (__builtin_add_overflow(sum.count(), energy.count(), &result)) return false;
  sum = MilliWattHours{result};
  return true;
}

void add(DayTotal& total, const Consumption& used) {
  if (used.energy && add(total.energy, *used.energy)) ++total.meters;
  total.expected += static_cast<std::uint64_t>(used.completeness.expected);
  total.found += static_cast<std::uint64_t>(used.completeness.found);
  total.estimated += static_cast<std::uint64_t>(used.completeness.estimated);
  add(total.estimated_energy, used.completeness.estimated_energy);
}

// Before the day is written down: whoever dies in between does a little more than needed.
Status touch_in_reach(DayCatalog& catalog, const SiteCalendar& calendar, const ClosedDay& closed, TimeRange dips) {
  const auto touch = [&](date::local_days first, date::local_days last) {
    return first > last ? Status{} : catalog.touch_known_days(first, last, closed.sequence);
  };
  const date::days one{1};
  if (auto done = touch(calendar.day_of(dips.from), closed.day - one); !done) return done;
  return touch(closed.day + one, std::min(calendar.day_of(dips.to - Seconds{1}), DayCatalog::kLastDay));
}

Result<bool> are_others(const DayCatalog& catalog, date::local_days day, std::span<const DayTotal> totals) {
  const auto before = catalog.day_totals(day);
  if (!before) return before.error();
  return !std::ranges::equal(*before, totals);
}

}  // namespace

Result<ClosedDay> close_day(const DayCloseParts& parts, date::local_days day,
                            const std::function<bool(double)>& progress) {
  // Before anything is read: what comes in meanwhile may or may not be in the sums, and touches the day again.
  ClosedDay closed{.day = day, .closed_at = parts.clock.now(), .sequence = parts.store.stats().sequence};
  const auto meters = parts.catalog.meter_count();
  if (!meters) return meters.error();
  const TimeRange range = parts.calendar.day(day);

  std::map<Kind, DayTotal> kinds;
  TimeRange dips = range;
  std::uint64_t visited = 0;
  const auto visit = [&](const UsageQueries::Use& use) -> Status {
    if (use.channel == Channel::import_) ++visited;
    const Meter& meter = use.meter;
    DayTotal& total = kinds[Kind{meter.region, meter.area, meter.dwelling_type, use.channel}];
    total.channel = use.channel;
    add(total, use.used);
    closed.readings += use.readings;
    if (use.dips) dips = {std::min(dips.from, use.dips->from), std::max(dips.to, use.dips->to)};
    return {};
  };
  std::optional<MeterId> after;
  do {
    const auto next = parts.usage.use_of_page(range, after, visit);
    if (!next) return next.error();
    after = *next;
    if (!progress(*meters == 0 ? 1.0 : std::min(1.0, static_cast<double>(visited) / static_cast<double>(*meters))))
      return Error{Errc::unavailable, "stopped before the day was summed up"};
  } while (after);

  std::vector<DayTotal> totals;
  for (auto& [kind, total] : kinds) {
    std::tie(total.region, total.area, total.dwelling_type, std::ignore) = kind;
    closed.missing += total.expected - std::min(total.expected, total.found);
    totals.push_back(std::move(total));
  }
  const auto others = are_others(parts.catalog, day, totals);
  if (!others) return others.error();
  if (*others)
    if (auto done = touch_in_reach(parts.catalog, parts.calendar, closed, dips); !done) return done.error();
  if (auto done = parts.catalog.close_day(closed, totals); !done) return done.error();
  return closed;
}

// Of a gap the days alone that were summed up: the others will be. One that is being summed up for the first time right
// now is behind the newest.
Status note_folded_days(DayCatalog& catalog, const FoldedDays& days, std::uint64_t sequence) {
  constexpr date::days kMostBehind{366};
  if (auto done = catalog.touch_days(days.touched, sequence); !done) return done;
  if (days.between.empty()) return {};
  const auto newest = catalog.newest_closed_day();
  if (!newest) return newest.error();
  std::vector<date::local_days> behind;
  for (FoldedDays::Range range : days.between) {
    range.last = std::min(range.last, DayCatalog::kLastDay);
    if (auto done = catalog.touch_known_days(range.first, range.last, sequence); !done) return done;
    if (!*newest) continue;
    const date::local_days last = std::min(range.last, (*newest)->day + kMostBehind);
    for (auto day = std::max(range.first, (*newest)->day + date::days{1}); day <= last; day += date::days{1})
      behind.push_back(day);
  }
  return catalog.touch_days(behind, sequence);
}

}  // namespace meterhouse
