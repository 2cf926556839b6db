#include "model/reading.h"

#include "base/check.h"

namespace meterhouse {

Reading::Reading(SeriesKey key, Instant at, MilliWattHours energy)
    : key_(key), seconds_(static_cast<std::uint32_t>(epoch_seconds(at))), register_(energy) {
  MH_CHECK(at >= kFirstInstant && at <= kLastInstant);
  MH_CHECK(energy >= MilliWattHours{0} && energy <= kMaxRegister);
}

std::string_view to_string(Arrival arrival) {
  switch (arrival) {
    case Arrival::within_1h:
      return "1h";
    case Arrival::within_24h:
      return "24h";
    case Arrival::within_72h:
      return "72h";
    case Arrival::later:
      return "later";
  }
  return "?";
}

std::string_view to_string(ReadingStatus status) {
  switch (status) {
    case ReadingStatus::ok:
      return "ok";
    case ReadingStatus::held:
      return "held";
    case ReadingStatus::discarded:
      return "discarded";
    case ReadingStatus::replaced:
      return "replaced";
  }
  return "?";
}

}  // namespace meterhouse
