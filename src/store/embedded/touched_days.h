#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "base/site_calendar.h"
#include "store/folded_days.h"

namespace meterhouse {

// The site's local days that readings change: the day each lies in, the one it closes and the one it opens; and those
// between it and its neighbours.
class TouchedDays {
 public:
  // calendar  outlives it
  // snap      a reading this near to midnight stands on it
  explicit TouchedDays(const SiteCalendar& calendar, Seconds snap = Seconds{0}, Instant now = kFirstInstant)
      : calendar_(calendar), snap_(snap), now_(now) {}

  // A channel's first readings are followed by days on which readings are expected: up to this instant.
  Instant now() const { return now_; }

  // before, after  its neighbours in the channel; nullopt: there is none
  // Next to nothing where all three lie in the same day as the one before.
  void add(Instant at, std::optional<Instant> before = {}, std::optional<Instant> after = {}) {
    const bool inside = last_.from + snap_ < at && at < last_.to - snap_;
    if (!inside) add_day(at);
    if (before && *before + snap_ < last_.from) add_between(*before + snap_, at);
    if (after && *after - snap_ > last_.to) add_between(at, *after - snap_);
  }
  FoldedDays days() const;

 private:
  struct Day {
    date::local_days date;
    TimeRange range;
  };

  void add_day(Instant at);
  void add_between(Instant from, Instant to);
  const Day& day_of(Instant at);
  const Day& learn(Instant at);

  const SiteCalendar& calendar_;
  const Seconds snap_;
  const Instant now_;
  std::set<date::local_days> days_;
  std::set<FoldedDays::Range> between_;
  std::map<Instant, Day> ranges_;                 // by their start
  TimeRange last_{kFirstInstant, kFirstInstant};  // of a day that is there
};

}  // namespace meterhouse
