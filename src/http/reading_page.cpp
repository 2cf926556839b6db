#include "http/reading_page.h"

namespace meterhouse {

namespace {

// Where readings lie within the range, so that empty decades are not walked month by month.
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

Result<ReadingPage> read_page(const ReadingStore& store, SeriesKey key, ReadRange range, std::size_t limit,
                              const SiteCalendar& calendar) {
  ReadingPage page;
  const auto where = occupied(store, key, range);
  if (!where) return where.error();
  if (!*where) return page;
  range = **where;
  while (range.from <= range.to) {
    const Instant month_end = calendar.month_closed_by(range.from).to;  // that month's readings stand at or before it
    const auto month = store.read(key, {range.from, std::min(range.to, month_end)}, Neighbours::without);
    if (!month) return month.error();
    for (std::size_t i = 0; i < month->size(); ++i) {
      if (page.readings.size() == limit) {
        page.next = month->at[i];
        return page;
      }
      page.readings.push_back(month->at[i], month->registers[i], month->flags_at(i));
    }
    range.from = month_end + Seconds{1};
  }
  return page;
}

}  // namespace meterhouse
