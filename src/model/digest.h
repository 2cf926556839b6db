#pragma once

#include <cstdint>
#include <string>

#include "model/reading.h"
#include "model/series.h"

namespace meterhouse {

// The 128-bit sum of a hash of (meter, channel, instant, register) over a set of readings: equal for the same set in
// every store, whatever the order. Arrival and status stay outside.
class Digest {
 public:
  void add(SeriesKey key, Instant at, MilliWattHours register_value);
  void add(SeriesKey key, const SeriesView& series);
  std::string hex() const;  // 32 digits
  friend bool operator==(const Digest&, const Digest&) = default;

 private:
  std::uint64_t high_ = 0;
  std::uint64_t low_ = 0;
};

}  // namespace meterhouse
