#pragma once

#include <optional>
#include <vector>

#include "base/site_calendar.h"
#include "base/time.h"
#include "model/energy.h"
#include "model/series.h"

namespace meterhouse {

// Quality of an interval or of a sum of intervals: the worst of its parts.
enum class Quality : std::uint8_t { actual, estimated, suspect, missing };
std::string_view to_string(Quality quality);

enum class Step : std::uint8_t { interval, half_hour, hour, day, week, month, year };
std::string_view to_string(Step step);           // "interval", "30min", "hour", "day", "week", "month", "year"
Result<Step> parse_step(std::string_view text);  // errors invalid_argument

struct Completeness {
  std::int64_t expected = 0;   // intervals that should exist: since installation, up to now
  std::int64_t found = 0;      // expected boundaries that have a reading
  std::int64_t estimated = 0;  // expected intervals whose energy is estimated in part or whole
  MilliWattHours estimated_energy;
  std::optional<Instant> covered_from;  // the instants the total truly covers; absent: none
  std::optional<Instant> covered_to;
};

// Energy used in [from, to). `energy` is nullopt where no register bounds the range: never an invented 0.
struct Consumption {
  TimeRange range;
  std::optional<MilliWattHours> energy;
  Quality quality = Quality::missing;
  Completeness completeness;
};

struct ConsumptionQuery {
  TimeRange range;
  Step step;
  Seconds interval{1800};             // the grid readings are expected on
  Seconds snap{120};                  // a reading this near a boundary counts as standing on it, the nearest first
  Instant installed = kFirstInstant;  // nothing is expected before it
  Instant now = kLastInstant;         // nor after it
  std::optional<MilliWattHours> register_modulus;  // 10^digits kWh: the register wraps there
};

struct ConsumptionAnswer {
  Consumption total;                // of the whole range
  std::vector<Consumption> values;  // one a step, ascending, covering the range without gap (step interval: the real
                                    // intervals between successive readings that overlap the range, cut to it)
};

// Consumption is the difference of the register. A boundary without a reading gets its register by linear interpolation
// between its neighbours, and the value carries `estimated`; energies of neighbouring values always add up to the
// register difference exactly. A register that goes backwards is a plausible rollover (register_modulus given) or makes
// the interval `suspect`: its energy counts as zero, never as negative.
//   series  the readings with range.from - snap <= at <= range.to + snap and the nearest neighbours on both sides
Result<ConsumptionAnswer> consumption(const Series& series, const ConsumptionQuery& query,
                                      const SiteCalendar& calendar);

// The bounds of the steps that cover [range.from, range.to): day, week (Monday), month and year are the site's local
// ones; the first and last are cut to the range. step != interval (MH_CHECK).
//   errors  out_of_range: more than `limit` of them
Result<std::vector<Instant>> step_bounds(TimeRange range, Step step, const SiteCalendar& calendar, std::size_t limit);

}  // namespace meterhouse
