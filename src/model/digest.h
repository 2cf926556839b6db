#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "model/reading.h"
#include "model/series.h"

namespace meterhouse {

// The 128-bit sum of a hash of each element of a set: equal for the same set in every store, whatever the order. Of
// readings: of (meter, channel, instant, register); arrival and status stay outside.
class Digest {
 public:
  void add(SeriesKey key, Instant at, MilliWattHours register_value);
  void add(SeriesKey key, const SeriesView& series);
  void add(std::string_view bytes);
  std::string hex() const;  // 32 digits
  friend bool operator==(const Digest&, const Digest&) = default;

 private:
  void add_hash(std::uint64_t high, std::uint64_t low);
  std::uint64_t high_ = 0;
  std::uint64_t low_ = 0;
};

}  // namespace meterhouse
