#include "store/embedded/touched_days.h"

namespace meterhouse {

std::vector<date::local_days> TouchedDays::days() const { return {days_.begin(), days_.end()}; }

void TouchedDays::add_other(Instant at) {
  const auto known = ranges_.upper_bound(at);
  const bool found = known != ranges_.begin() && at < std::prev(known)->second.range.to;
  const Day& day = found ? std::prev(known)->second : learn(at);
  days_.insert(day.date);
  if (at == day.range.from) days_.insert(day.date - date::days{1});
  last_ = day.range;
}

const TouchedDays::Day& TouchedDays::learn(Instant at) {
  date::local_days date = calendar_.day_of(at);
  TimeRange range = calendar_.day(date);
  // Where clocks go back over midnight, an hour of the old day comes after the new one began.
  if (at < range.from) range = calendar_.day(date -= date::days{1});
  if (at >= range.to) range = calendar_.day(date += date::days{1});
  return ranges_[range.from] = Day{date, range};
}

}  // namespace meterhouse
