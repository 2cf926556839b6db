#pragma once

#include <optional>
#include <string>

#include "base/time.h"
#include "model/energy.h"
#include "model/ids.h"

namespace meterhouse {

// A metering point as the catalog keeps it. Its device (serial, digits, multiplier) can be exchanged; the meter stays.
struct Meter {
  MeterId id;
  std::string region;
  std::string area;
  std::string dwelling_type;
  Instant registered_at;
  std::string serial;                  // of the device; empty where not known
  std::optional<int> register_digits;  // kWh digits before the point, 4..9: the register wraps at 10^digits kWh

  friend bool operator==(const Meter&, const Meter&) = default;
};

}  // namespace meterhouse
