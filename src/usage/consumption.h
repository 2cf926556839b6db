#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/site_calendar.h"
#include "base/time.h"
#include "model/energy.h"
#include "model/series.h"

namespace meterhouse {

// Quality of an energy, the worst that applies to the number itself:
//   actual     the difference of two registers that were read (readings missing in between do not make it less exact)
//   estimated  an end was interpolated; what is too much here is missing in the neighbour, so the sum stays exact
//   suspect    a register went backwards inside for no known reason: in a dip the energy over it is exact and its parts
//              are interpolated; a fall that did not come back counts as zero
//   missing    no register bounds it: there is no energy
enum class Quality : std::uint8_t { actual, estimated, suspect, missing };
std::string_view to_string(Quality quality);

enum class Step : std::uint8_t { interval, half_hour, hour, day, week, month, year };
std::string_view to_string(Step step);           // "interval", "30min", "hour", "day", "week", "month", "year"
Result<Step> parse_step(std::string_view text);  // errors invalid_argument

// Counts over (from, to]: an interval of the expected grid is counted where it closes, so that the counts of
// neighbouring ranges add up. The grid lies on the site's clock, whoever asks: one of its points is local midnight.
struct Completeness {
  std::int64_t expected = 0;   // intervals that should exist: wholly after `installed`, closed by `now`
  std::int64_t found = 0;      // those whose closing instant has a reading within `snap` that counts
  std::int64_t estimated = 0;  // those whose energy is estimated in part or whole (an end without a reading, or cut)
  MilliWattHours estimated_energy;      // the energy between the readings at either side of such an end
  std::optional<Instant> covered_from;  // the instants the energy truly covers; absent where there is none
  std::optional<Instant> covered_to;
};

// Energy used in [from, to). `energy` is nullopt where no register bounds any of the range: never an invented 0. Where
// the range begins before the first reading or ends after the last one, it is the energy of the part between them,
// exact, and covered_from and covered_to say which part that is; its quality speaks of that part alone, `completeness`
// of the whole.
struct Consumption {
  TimeRange range;
  std::optional<MilliWattHours> energy;
  Quality quality = Quality::missing;
  Completeness completeness;
};

constexpr std::size_t kMaxAnswerValues = 200'000;  // eleven years of half-hours

// How far apart the readings at either side of a dip may lie: two low readings of a meter read once a day are one, and
// a new device seldom counts up to where the old one stood in so short a time.
constexpr Seconds kDipReach = std::chrono::hours{96};

struct ConsumptionQuery {
  TimeRange range;
  Step step;
  Seconds interval{1800};             // the grid readings are expected on
  Seconds snap{120};                  // a reading this near a boundary counts as standing on it, the nearest first
  Instant installed = kFirstInstant;  // nothing is expected before it
  Instant now = kLastInstant;         // nor after it
  std::size_t max_values = kMaxAnswerValues;
  std::optional<MilliWattHours> register_modulus{};  // 10^digits kWh: the register wraps there
  const SiteCalendar* days = nullptr;  // whose days, weeks, months and years are meant; the site's if null
};

struct ConsumptionAnswer {
  Consumption total;  // of the whole range
  // What the dips span that the series shows, at whatever distance from the range: they came to light with their last
  // reading, so answers for any of this time may have been others before. Absent: there is none.
  std::optional<TimeRange> dips;
  std::vector<Consumption> values;  // one a step, ascending, covering the range without gap (step interval: the real
                                    // intervals between successive readings that overlap the range, cut to it)
};

// Consumption is the difference of the register. A reading within `snap` of a boundary stands on it, the nearest first
// (the earlier of two as near); its own instant is kept. A boundary without a reading gets its register by linear
// interpolation between its neighbours, exact in integers and rounded half-even, and the value carries `estimated`.
// Energies of neighbouring values add up to the register difference exactly, and so do the totals of neighbouring
// ranges. A register that goes backwards is never a negative consumption, but one of three things, in this order:
//   a dip       a later reading, at most kDipReach after the one before the fall, is as high as that again: the lower
//               readings between them are left out as if they had not come, and what spans them is `suspect`
//   a rollover  register_modulus is given, it stood in its last tenth, came out in its lower half, and the energy could
//               be drawn in the time: continued over
//   a new base  the fall counts as zero and is `suspect`; later differences count from there
// A dip that begins like a rollover is one only where the way back up could not be drawn. A fall is judged by what has
// come: the newest reading of a dip is a new base until the register is back. Readings with a status other than ok do
// not count.
//   site    its clock is that of the grid, of hours and half-hours; its days are meant where query.days says no other
//   series  the readings with range.from - snap - kDipReach <= at <= range.to + snap + kDipReach and the nearest
//           neighbours on both sides
//   errors  invalid_argument: the range is empty; out_of_range: more than max_values values, or an energy
//           that does not fit 64 bits
//   cost    linear in the readings, about 1 ns each, and about 50 ns a value
Result<ConsumptionAnswer> consumption(const Series& series, const ConsumptionQuery& query, const SiteCalendar& site);

// The bounds of the steps that cover [range.from, range.to): day, week (Monday), month and year are the calendar's
// local ones, hour and half-hour those of its clock (cut where the clock is set); the first and last are cut to the
// range. step != interval (MH_CHECK).
//   errors  out_of_range: more than `limit` of them
Result<std::vector<Instant>> step_bounds(TimeRange range, Step step, const SiteCalendar& calendar, std::size_t limit);

}  // namespace meterhouse
