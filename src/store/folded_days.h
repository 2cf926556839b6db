#pragma once

#include <date/date.h>

#include <compare>
#include <vector>

namespace meterhouse {

// The site's local days that a fold changes.
struct FoldedDays {
  struct Range {  // both ends included
    date::local_days first;
    date::local_days last;
    friend auto operator<=>(const Range&, const Range&) = default;
  };
  // That have a reading of it, or are closed or opened by one; ascending.
  std::vector<date::local_days> touched;
  // What lies between such a reading and its neighbours in the channel, where that reaches into another day: how the
  // energy of the gap falls on these days is another one now. Behind a channel's first readings, what lies up to now:
  // readings are expected there from now on. Ascending, apart from each other.
  std::vector<Range> between;

  bool empty() const { return touched.empty() && between.empty(); }
};

}  // namespace meterhouse
