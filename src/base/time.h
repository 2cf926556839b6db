#pragma once

#include <chrono>
#include <compare>
#include <cstdint>

namespace meterhouse {

// Always UTC, whole seconds. Local time exists only in SiteCalendar and in what a person sees.
using Instant = std::chrono::sys_seconds;
using Seconds = std::chrono::seconds;

constexpr Instant instant_from_epoch(std::int64_t seconds) { return Instant{Seconds{seconds}}; }
constexpr std::int64_t epoch_seconds(Instant instant) { return instant.time_since_epoch().count(); }

// A reading's instant fits 32 bits unsigned on disk.
constexpr Instant kFirstInstant = instant_from_epoch(0);
constexpr Instant kLastInstant = instant_from_epoch(0xFFFFFFFF);

// Half-open: [from, to).
struct TimeRange {
  Instant from;
  Instant to;

  bool empty() const { return to <= from; }
  bool contains(Instant instant) const { return from <= instant && instant < to; }
  Seconds length() const { return to - from; }
  friend auto operator<=>(const TimeRange&, const TimeRange&) = default;
};

}  // namespace meterhouse
