#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "model/ids.h"
#include "service/meter_directory.h"
#include "store/readings.h"

namespace meterhouse {

// Meters that have readings but are not registered. There are none unless a catalog was lost, or an older one put back:
// a meter is in the catalog before its first reading is in the store, and never leaves it.
struct UnregisteredMeters {
  static constexpr std::size_t kMaxNamed = 5;

  std::vector<MeterId> meters;  // ascending

  bool none() const { return meters.empty(); }
  std::string text() const;  // "7 meters: 100000001, 100000002, … and 2 more"
};

// Those among `with_readings` that are not among `registered`; both ascending.
UnregisteredMeters unregistered_among(std::span<const MeterId> with_readings, std::span<const MeterId> registered);

// Those of which the store has a reading in the range. Reads the headers of the blocks, no reading.
//   errors  the store's own
Result<UnregisteredMeters> find_unregistered(const ReadingStore& store, const MeterDirectory& directory,
                                             ReadRange range);

}  // namespace meterhouse
