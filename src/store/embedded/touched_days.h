#pragma once

#include <map>
#include <set>
#include <vector>

#include "base/site_calendar.h"

namespace meterhouse {

// The site's local days that readings change: the day each lies in, and for one at 00:00 also the day it closes.
class TouchedDays {
 public:
  // calendar  outlives it
  explicit TouchedDays(const SiteCalendar& calendar) : calendar_(calendar) {}

  // Next to nothing where it lies in the same day as the one before.
  void add(Instant at) {
    if (!(last_.from < at && at < last_.to)) add_other(at);
  }
  std::vector<date::local_days> days() const;  // ascending

 private:
  struct Day {
    date::local_days date;
    TimeRange range;
  };

  void add_other(Instant at);
  const Day& learn(Instant at);

  const SiteCalendar& calendar_;
  std::set<date::local_days> days_;
  std::map<Instant, Day> ranges_;                 // by their start
  TimeRange last_{kFirstInstant, kFirstInstant};  // of a day that is there
};

}  // namespace meterhouse
