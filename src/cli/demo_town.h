#pragma once

#include "base/clock.h"
#include "cli/data_directory.h"

namespace meterhouse::cli {

inline constexpr std::uint32_t kDemoMeters = 60;
inline constexpr std::uint32_t kDemoDays = 60;

// Registers a small simulated town and its half-hourly readings of the last days up to now. Does nothing where a meter
// is registered already.
Status fill_with_demo_town(DataDirectory& data, const Clock& clock);

}  // namespace meterhouse::cli
