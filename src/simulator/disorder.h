#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/site_calendar.h"
#include "base/time.h"
#include "model/energy.h"
#include "model/ids.h"
#include "simulator/random.h"

namespace meterhouse::simulator {

enum class FaultKind : std::uint8_t {
  duplicate,     // the same reading sent again
  conflict,      // another register sent later for the same instant
  out_of_order,  // sent up to four intervals after its turn
  late_hours,    // a run of readings sent together, 1 to 23 hours after it ended
  late_days,     // the same, 1 to 7 days after
  gap,           // a run of readings never sent; the register goes on
  dip,           // one reading shows zero, the next is right again
  rollover,      // a five-digit register passes 99 999.99
  exchange,      // the device is replaced: its register starts near zero after the final reading
  spike,         // one reading shows 50 to 500 kWh too much, the next is right again
  stuck,         // the register stands still for a run of readings, then shows the truth
};
constexpr std::size_t kFaultKinds = 11;

std::string_view to_string(FaultKind kind);  // "duplicate", "out-of-order", "late-hours" …

// How often each fault is planted. What one unit of the rate is differs, because the faults differ:
//   of a reading:    duplicate, conflict, out_of_order, dip, spike
//   of a meter and day: late_hours, late_days, gap, stuck (at most one run in four days)
//   of a meter:      rollover, exchange (once in the town's period)
struct Disorder {
  std::array<double, kFaultKinds> rates{};

  double& operator[](FaultKind kind) { return rates[static_cast<std::size_t>(kind)]; }
  double operator[](FaultKind kind) const { return rates[static_cast<std::size_t>(kind)]; }
  bool none() const;
};

// The truth about one planted fault.
struct PlantedFault {
  FaultKind kind;
  SeriesKey series;
  Instant from;  // the first and the last reading instant it touches
  Instant to;
  MilliWattHours actual;  // what an unfaulted register shows at `from` (exchange: the final register)
  MilliWattHours
      shown;  // what was sent there, or would have been (conflict: the second register; exchange: the initial one)
  std::optional<Instant> delivered;  // when a late, repeated or contradicting reading is sent

  friend bool operator==(const PlantedFault&, const PlantedFault&) = default;
};

// One NDJSON line:
// {"fault":"gap","meter_id":"100000001","channel":"import","from":"…","to":"…","actual":1.2,"shown":1.2}.
void append_ndjson(std::string& out, const PlantedFault& fault, const SiteCalendar& calendar);

// Decides where faults lie. A pure function of seed, series and instant: the same in every slice of time.
class FaultPlan {
 public:
  FaultPlan(std::uint64_t seed, const Disorder& disorder, Seconds interval);

  bool any() const { return any_; }

  // Random bits for this reading where it has such a fault.
  std::optional<std::uint64_t> at_reading(FaultKind kind, SeriesKey series, Instant at) const;

  struct Run {
    Instant from;  // [from, to)
    Instant to;
    std::uint64_t random;
  };
  // The run of faulty readings that covers the instant. Runs of a kind never overlap.
  std::optional<Run> run_over(FaultKind kind, SeriesKey series, Instant at) const;

  // Random bits for a meter that has such a fault in the period.
  std::optional<std::uint64_t> of_meter(FaultKind kind, MeterId meter) const;

 private:
  std::uint64_t key_of(FaultKind kind, std::uint32_t object) const;
  std::int64_t run_length(FaultKind kind, std::uint64_t random) const;

  std::uint64_t seed_;
  std::int64_t interval_;
  std::array<Rate, kFaultKinds> rates_;
  bool any_;
};

}  // namespace meterhouse::simulator
