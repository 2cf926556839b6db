#pragma once

#include <date/date.h>

#include <cstdint>
#include <string>

#include "base/time.h"
#include "model/energy.h"
#include "model/ids.h"

namespace meterhouse {

// A local day whose readings were summed up, and as of when.
struct ClosedDay {
  date::local_days day = {};
  Instant closed_at = {};
  std::uint64_t sequence = 0;  // of the store's newest frame that the sums rest on: the watermark
  std::uint64_t readings = 0;  // that stand in the day: behind its first midnight, up to its last
  std::uint64_t missing = 0;   // expected and not there

  friend bool operator==(const ClosedDay&, const ClosedDay&) = default;
};

// What the meters of one kind in one area used in a local day, with its completeness.
struct DayTotal {
  std::string region = {};
  std::string area = {};
  std::string dwelling_type = {};
  Channel channel = Channel::import_;
  MilliWattHours energy = {};   // of the meters whose registers bound it
  std::uint64_t meters = 0;     // that it sums up
  std::uint64_t expected = 0;   // intervals
  std::uint64_t found = 0;      // boundaries with a reading
  std::uint64_t estimated = 0;  // intervals
  MilliWattHours estimated_energy = {};

  friend bool operator==(const DayTotal&, const DayTotal&) = default;
};

// A local day with readings that came in since it was closed, or that was never closed.
struct TouchedDay {
  date::local_days day = {};
  std::uint64_t sequence = 0;  // of the newest frame known to touch it

  friend bool operator==(const TouchedDay&, const TouchedDay&) = default;
};

}  // namespace meterhouse
