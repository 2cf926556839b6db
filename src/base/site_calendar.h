#pragma once

#include <date/tz.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/iso8601.h"
#include "base/result.h"
#include "base/time.h"

namespace meterhouse {

// The local days, months and wall-clock times of a site. Days have 23, 24 or 25 hours (23.5 and 24.5 on Lord Howe).
// Immutable after construction: any thread. The zone's offset changes are tabulated at construction, so that a
// conversion costs a search in a small table and not a walk through the time zone library.
class SiteCalendar {
 public:
  // zone_name  an IANA name, for instance "Asia/Singapore"
  // errors     not_found: the system's time zone data do not know it
  static Result<SiteCalendar> of(std::string_view zone_name);

  const std::string& zone_name() const { return zone_name_; }

  Seconds offset_at(Instant instant) const;
  date::local_seconds local(Instant instant) const;
  date::local_days day_of(Instant instant) const;

  // A wall-clock time as an instant: one, two (clocks go back) or none (clocks go forward).
  struct Candidates {
    Instant earlier;
    Instant later;  // equal to `earlier` unless the local time is ambiguous
  };
  std::optional<Candidates> instants_of(date::local_seconds local) const;

  // Whether some local time since 1970 comes twice, so that a time without an offset can be ambiguous.
  bool repeats_local_times() const;

  // A written time with its offset or, without one, by the site's clock; an ambiguous one is the earlier. A date alone
  // is the start of that day, also where its midnight does not exist. For the ends of ranges; readings follow
  // instants_of().
  //   errors  invalid_argument: the local time does not exist
  Result<Instant> resolve(const WrittenTime& time) const;

  // [start of the local day, start of the next). Where midnight does not exist, the first instant after it.
  TimeRange day(date::local_days day) const;
  TimeRange month(date::year_month month) const;
  Instant start_of_day(date::local_days day) const;

  // The local month whose half-open-at-the-start range (start, end] holds the instant: a reading at 00:00 on the first
  // closes the month before.
  TimeRange month_closed_by(Instant instant) const;

  // "2025-02-20T10:30:00+08:00" with the site's offset at that instant.
  std::string format(Instant instant) const;
  void append(std::string& out, Instant instant) const;

 private:
  struct OffsetSpan {
    std::int64_t from;    // UTC seconds, inclusive
    std::int64_t offset;  // local = UTC + offset
  };
  SiteCalendar(std::string zone_name, std::vector<OffsetSpan> spans);
  static void repeat_last_rule(std::vector<OffsetSpan>& spans);
  const OffsetSpan* span_at(std::int64_t utc) const;

  std::string zone_name_;
  std::vector<OffsetSpan> spans_;  // ordered; the first reaches back for ever, the last forward (to 2106)
};

}  // namespace meterhouse
