#pragma once

#include <initializer_list>
#include <string_view>
#include <utility>

#include "base/iso8601.h"
#include "base/site_calendar.h"
#include "model/series.h"
#include "usage/consumption.h"

// For the tests of this folder and of those above it.
namespace meterhouse::testing_support {

inline SiteCalendar calendar_of(std::string_view zone) { return SiteCalendar::of(zone).value(); }

// UTC where the text has no offset.
inline Instant instant(std::string_view text) {
  const WrittenTime time = parse_iso8601(text).value();
  return instant_from_epoch((time.local.time_since_epoch() - time.offset.value_or(Seconds{0})).count());
}

inline MilliWattHours kwh(std::string_view text) { return parse_kwh(text).value(); }

inline Series series_of(std::initializer_list<std::pair<std::string_view, std::string_view>> readings) {
  Series series;
  for (const auto& [at, value] : readings) series.push_back(instant(at), kwh(value));
  return series;
}

// What a store answers to a read with neighbours.
inline Series read_with_neighbours(const Series& all, Instant from, Instant to) {
  Series found;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const bool before = all.at[i] < from && (i + 1 == all.size() || all.at[i + 1] >= from);
    const bool after = all.at[i] > to && (i == 0 || all.at[i - 1] <= to);
    const bool inside = from <= all.at[i] && all.at[i] <= to;
    if (before || inside || after) found.push_back(all.at[i], all.registers[i], all.flags_at(i));
  }
  return found;
}

}  // namespace meterhouse::testing_support
