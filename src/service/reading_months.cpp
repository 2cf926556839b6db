#include "service/reading_months.h"

#include <algorithm>

namespace meterhouse {

namespace {

// Where readings lie within the range.
Result<std::optional<ReadRange>> occupied(const ReadingStore& store, SeriesKey key, ReadRange range) {
  const auto newest = store.latest(key, 1);
  if (!newest) return newest.error();
  if (newest->empty() || newest->at.front() < range.from) return std::optional<ReadRange>{};
  range.to = std::min(range.to, newest->at.front());
  // The neighbour after an instant is the first reading from there on.
  const auto oldest = store.read(key, {range.from, range.from}, Neighbours::with);
  if (!oldest) return oldest.error();
  for (const Instant at : oldest->at) {
    if (at < range.from) continue;
    range.from = at;
    break;
  }
  return range.from <= range.to ? std::optional{range} : std::optional<ReadRange>{};
}

}  // namespace

Status for_each_month(const ReadingStore& store, SeriesKey key, ReadRange range, const SiteCalendar& calendar,
                      const VisitMonth& visit) {
  const auto where = occupied(store, key, range);
  if (!where) return where.error();
  if (!*where) return {};
  range = **where;
  while (range.from <= range.to) {
    const Instant month_end = calendar.month_closed_by(range.from).to;  // that month's readings stand at or before it
    const auto month = store.read(key, {range.from, std::min(range.to, month_end)}, Neighbours::without);
    if (!month) return month.error();
    if (!month->empty()) {
      const auto go_on = visit(*month);
      if (!go_on) return go_on.error();
      if (!*go_on) return {};
    }
    range.from = month_end + Seconds{1};
  }
  return {};
}

}  // namespace meterhouse
