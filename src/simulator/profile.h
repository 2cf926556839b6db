#pragma once

#include <date/date.h>

#include <array>
#include <cstdint>
#include <vector>

#include "base/time.h"

namespace meterhouse::simulator {

// A way of living, as a household's share of it: two of these mixed make a meter's shape. `sun` is a roof's generation.
enum class Archetype : std::uint8_t { workers, at_home, night_owls, cooled, solar_home, sun };
constexpr std::size_t kArchetypes = 6;

// The share of a day's energy used up to a moment of the day, one number an archetype, in 2^-16: never falling, from 0
// to 2^16.
using DayShare = std::array<std::uint32_t, kArchetypes>;
constexpr int kShareBits = 16;

// Shares at steps 0..n of a day: one more than it has steps.
using DayShape = std::vector<DayShare>;

// Cumulated day factors, in 2^-20 of a mean day.
using DayTotals = std::array<std::int64_t, kArchetypes>;
constexpr int kDayBits = 20;

enum class DayKind : std::uint8_t { workday, day_off };
DayKind kind_of(date::local_days day);

// How use is spread over a day (morning and evening peaks, air-conditioned nights) and over the year (warm months use
// more), for every archetype. All integers. The tables cost a few hundred kilobytes and are made once.
class Profiles {
 public:
  // Everything counts from here; a register is the energy used since.
  static constexpr date::local_days kEpoch = date::local_days{date::year{2010} / 1 / 1};

  // Days from kEpoch up to `last`, included. weather_key seeds the town's warm and cool days.
  Profiles(std::uint64_t weather_key, date::local_days last);

  // Mean days used before the day starts. kEpoch <= day <= last + 1 (MH_CHECK).
  const DayTotals& before(date::local_days day) const;

  // The shape of a day, `length` long, at the moments 0, interval, 2 interval … and its end. A day of 23 or 25 hours is
  // the ordinary one squeezed or stretched.
  DayShape shape(date::local_days day, Seconds length, Seconds interval) const;

 private:
  std::vector<DayTotals> before_;
};

}  // namespace meterhouse::simulator
