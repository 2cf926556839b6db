#pragma once

#include <cstdint>
#include <string_view>

#include "base/time.h"
#include "model/energy.h"
#include "model/ids.h"

namespace meterhouse {

// What a register showed at an instant. 16 bytes: the unit of the journal, of the packed format and of a batch.
class Reading {
 public:
  // at in [kFirstInstant, kLastInstant], 0 <= energy <= kMaxRegister (MH_CHECK)
  Reading(SeriesKey key, Instant at, MilliWattHours energy);

  SeriesKey key() const { return key_; }
  Instant at() const { return instant_from_epoch(seconds_); }
  std::uint32_t seconds() const { return seconds_; }
  MilliWattHours register_value() const { return register_; }
  friend bool operator==(const Reading&, const Reading&) = default;

 private:
  SeriesKey key_;
  std::uint32_t seconds_;
  MilliWattHours register_;
};
static_assert(sizeof(Reading) == 16);

// How long after its instant a reading came in. Metadata: outside the digest, and no answer but completeness shows it.
enum class Arrival : std::uint8_t { within_1h = 0, within_24h = 1, within_72h = 2, later = 3 };
constexpr Arrival arrival_class(Instant at, Instant arrived) {
  const Seconds delay = arrived - at;
  if (delay <= std::chrono::hours{1}) return Arrival::within_1h;
  if (delay <= std::chrono::hours{24}) return Arrival::within_24h;
  if (delay <= std::chrono::hours{72}) return Arrival::within_72h;
  return Arrival::later;
}
std::string_view to_string(Arrival arrival);  // "1h", "24h", "72h", "later"

enum class ReadingStatus : std::uint8_t { ok = 0, held = 1, discarded = 2, replaced = 3 };
std::string_view to_string(ReadingStatus status);  // "ok", "held", "discarded", "replaced"

// What is kept beside a reading's value.
struct ReadingFlags {
  Arrival arrival = Arrival::within_1h;
  ReadingStatus status = ReadingStatus::ok;

  constexpr std::uint8_t packed() const {
    return static_cast<std::uint8_t>(static_cast<unsigned>(arrival) | static_cast<unsigned>(status) << 2);
  }
  // packed < 16
  static constexpr ReadingFlags from_packed(std::uint8_t packed) {
    return {static_cast<Arrival>(packed & 3), static_cast<ReadingStatus>((packed >> 2) & 3)};
  }
  constexpr bool normal() const { return packed() == 0; }
  friend constexpr bool operator==(ReadingFlags, ReadingFlags) = default;
};

}  // namespace meterhouse
