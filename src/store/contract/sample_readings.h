#pragma once

#include <utility>
#include <vector>

#include "store/contract/readings_contract.h"

// Readings as the cases of the suite write them down: around a noon, of two meters, registers in mWh.
namespace meterhouse::sample {

inline constexpr Instant kNoon = kContractNow;
inline Instant noon_plus(std::int64_t minutes) { return kNoon + std::chrono::minutes{minutes}; }

inline SeriesKey key_of(std::uint32_t meter, Channel channel = Channel::import_) {
  return SeriesKey{MeterId::from_number(meter), channel};
}
inline const SeriesKey kMeter = key_of(100'000'001);
inline const SeriesKey kOther = key_of(100'000'002);

inline Reading reading(SeriesKey key, Instant at, std::int64_t register_value) {
  return Reading{key, at, MilliWattHours{register_value}};
}

inline Series series(const std::vector<std::pair<Instant, std::int64_t>>& readings) {
  Series result;
  for (const auto& [at, value] : readings) result.push_back(at, MilliWattHours{value});
  return result;
}

}  // namespace meterhouse::sample
