#include "store/embedded/touched_days.h"

#include <algorithm>

namespace meterhouse {

FoldedDays TouchedDays::days() const {
  FoldedDays days{.touched = {days_.begin(), days_.end()}, .between = {}};
  for (const FoldedDays::Range& range : between_) {
    if (!days.between.empty() && range.first <= days.between.back().last + date::days{1})
      days.between.back().last = std::max(days.between.back().last, range.last);
    else
      days.between.push_back(range);
  }
  return days;
}

void TouchedDays::add_day(Instant at) {
  const Day& day = day_of(at);
  days_.insert(day.date);
  if (at - snap_ <= day.range.from) days_.insert(day.date - date::days{1});
  if (at + snap_ >= day.range.to) days_.insert(day.date + date::days{1});
  last_ = day.range;
}

// The days that [from, to) has a part of.
void TouchedDays::add_between(Instant from, Instant to) {
  from = std::clamp(from, kFirstInstant, kLastInstant);
  to = std::clamp(to, kFirstInstant, kLastInstant);
  if (from >= to) return;
  const FoldedDays::Range range{day_of(from).date, day_of(to - Seconds{1}).date};
  if (range.first != range.last || !days_.contains(range.first)) between_.insert(range);
}

const TouchedDays::Day& TouchedDays::day_of(Instant at) {
  const auto known = ranges_.upper_bound(at);
  const bool found = known != ranges_.begin() && at < std::prev(known)->second.range.to;
  return found ? std::prev(known)->second : learn(at);
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
